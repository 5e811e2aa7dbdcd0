#pragma once

// The transactions that run now, for SHOW and TERMINATE TRANSACTIONS. Thread-safe: sessions enter and leave on the io role,
// commands look from wherever they run.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "env/clock.h"
#include "graph/value.h"
#include "server/session/canceller.h"

namespace graft::server {

class TransactionRegistry;

// What is known of a transaction when it begins.
struct TransactionOrigin {
  std::string user, client_address, connection, request_address;
  graph::Map metadata;                   // tx_metadata
  env::Duration wall{0}, monotonic{0};   // of its begin
};

// One transaction; in the registry for as long as it lives.
class RunningTransaction {
 public:
  RunningTransaction(std::shared_ptr<TransactionRegistry> registry, uint64_t number, TransactionOrigin origin, std::function<void()> on_terminate);
  ~RunningTransaction();

  const TransactionOrigin& origin() const { return origin_; }
  std::string name() const;

  // The statement that runs in it now; none after query_ended().
  void query_begins(std::string text, env::Duration wall, env::Duration monotonic, std::shared_ptr<Canceller> canceller);
  void query_ended();

  // Stops what runs, and has the session told. False: it was terminated before.
  bool terminate();
  bool terminated() const;

  struct Query {
    uint64_t number = 0;
    std::string text;
    env::Duration wall{0}, monotonic{0};
    bool running = false;
  };
  Query query() const;

 private:
  const std::shared_ptr<TransactionRegistry> registry_;
  const uint64_t number_;
  const TransactionOrigin origin_;
  const std::function<void()> on_terminate_;
  mutable std::mutex mutex_;
  Query query_;
  std::shared_ptr<Canceller> canceller_;
  bool terminated_ = false;
};

class TransactionRegistry : public std::enable_shared_from_this<TransactionRegistry> {
 public:
  // on_terminate: on any thread.
  std::shared_ptr<RunningTransaction> enter(TransactionOrigin origin, std::function<void()> on_terminate);
  std::vector<std::shared_ptr<RunningTransaction>> all() const;  // oldest first
  std::shared_ptr<RunningTransaction> find(uint64_t number) const;

  std::string next_name();         // for a transaction that is not listed: a batch of IN TRANSACTIONS
  uint64_t next_query();
  static std::string name(uint64_t number);
  // The number in "default-transaction-12"; 0: it is not such a name.
  static uint64_t number(std::string_view name);

 private:
  friend class RunningTransaction;
  void leave(uint64_t number);

  mutable std::mutex mutex_;
  uint64_t transactions_ = 0, queries_ = 0;
  std::map<uint64_t, std::weak_ptr<RunningTransaction>> running_;
};

}  // namespace graft::server
