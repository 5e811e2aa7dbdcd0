#pragma once

// Checks passwords: slowly (argon2, on a worker) the first time, quickly from a keyed hash for some minutes after, so
// that a failover's reconnects cost nothing; and slower with each wrong one.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "env/clock.h"
#include "env/random.h"
#include "env/task_runner.h"

namespace graft::server {

struct User {
  std::string name;
  bool admin = false;
};

// Used on the io role only. Must outlive what it posted: stop the runners first.
class Authenticator {
 public:
  Authenticator(env::Clock& clock, env::Random& random, env::TaskRunner& io, env::TaskRunner& worker);

  using Done = std::function<void(Result<User>)>;
  // record: the user's system record, empty when there is no such user. host: where the client is. `done` runs on the
  // io role. Errors: kUnauthorized, after a delay that doubles with each wrong password of this (user, host) up to
  // 5 s; kAuthRateLimit when too many attempts wait already.
  void check(std::string name, std::string password, std::string record, std::string host, Done done);

 private:
  struct Attempt {
    std::string name, password, record;
    Done done;
  };
  struct Source {             // of attempts: one (user, host)
    uint32_t failures = 0;
    env::Duration last_failure{0};
    bool busy = false;        // one password is being checked, or its failure is being held back
    std::deque<Attempt> waiting;
  };

  void start(const std::string& source_key, Attempt attempt);
  void finish(const std::string& source_key, Attempt attempt, bool right);
  void next(const std::string& source_key);
  bool make_room();
  bool remembered(const Attempt& attempt);
  std::string keyed_hash(const Attempt& attempt) const;

  env::Clock& clock_;
  env::TaskRunner& io_;
  env::TaskRunner& worker_;
  std::string key_;                                        // of the keyed hash; lives and dies with the process
  std::unordered_map<std::string, env::Duration> verified_;  // keyed hash -> until when
  std::map<std::string, Source> sources_;
};

}  // namespace graft::server
