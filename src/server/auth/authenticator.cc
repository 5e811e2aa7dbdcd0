#include "server/auth/authenticator.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "base/codec.h"
#include "server/auth/users.h"

namespace graft::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr env::Duration kRemembered = minutes(10);
constexpr env::Duration kForgiven = minutes(10);
constexpr env::Duration kFirstDelay = milliseconds(100);
constexpr env::Duration kLongestDelay = milliseconds(5000);
constexpr size_t kMostVerified = 4096;
constexpr size_t kMostSources = 10000;
constexpr size_t kMostWaiting = 1024;      // while no wrong password was given: reconnects after a failover
constexpr size_t kMostWaitingAfterFailure = 3;
constexpr size_t kLongestPassword = 4096;

env::Duration delay_after(uint32_t failures) {
  env::Duration delay = kFirstDelay;
  for (uint32_t i = 1; i < failures && delay < kLongestDelay; ++i) delay *= 2;
  return std::min(delay, kLongestDelay);
}

Error wrong() { return {ErrorCode::kUnauthorized, "The client is unauthorized due to authentication failure."}; }
Error too_many() {
  return {ErrorCode::kAuthRateLimit, "Too many wrong passwords were given for this user from this address. Wait some seconds and try again."};
}

// So that an unknown user takes as long as a wrong password: a hash that no password has.
constexpr std::string_view kNobody =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

}  // namespace

Authenticator::Authenticator(env::Clock& clock, env::Random& random, env::TaskRunner& io, env::TaskRunner& worker)
    : clock_(clock), io_(io), worker_(worker) {
  ByteWriter writer(&key_);
  for (int i = 0; i < 4; ++i) writer.u64(random.next());
}

std::string Authenticator::keyed_hash(const Attempt& attempt) const {
  std::string text;
  ByteWriter writer(&text);
  writer.bytes(attempt.name);
  writer.bytes(attempt.record);
  writer.bytes(attempt.password);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  std::fill(text.begin(), text.end(), '\0');
  return std::string(reinterpret_cast<char*>(mac), size);
}

bool Authenticator::remembered(const Attempt& attempt) {
  const auto found = verified_.find(keyed_hash(attempt));
  if (found == verified_.end()) return false;
  if (found->second > clock_.monotonic()) return true;
  verified_.erase(found);
  return false;
}

// Forgets sources that have been quiet long enough. False: there are too many all the same.
bool Authenticator::make_room() {
  if (sources_.size() < kMostSources) return true;
  const env::Duration now = clock_.monotonic();
  std::erase_if(sources_, [&](const auto& entry) {
    const Source& source = entry.second;
    return !source.busy && now - source.last_failure > kForgiven;
  });
  return sources_.size() < kMostSources;
}

void Authenticator::check(std::string name, std::string password, std::string record, std::string host, Done done) {
  Attempt attempt{std::move(name), std::move(password), std::move(record), std::move(done)};
  if (attempt.password.size() > kLongestPassword) return attempt.done(wrong());
  if (remembered(attempt)) {
    const std::optional<UserRecord> user = decode_user(attempt.record);
    return attempt.done(User{attempt.name, user && user->admin});
  }
  std::string source_key = attempt.name + '\0' + host;
  if (sources_.find(source_key) == sources_.end() && !make_room()) return attempt.done(too_many());
  Source& source = sources_[source_key];
  if (!source.busy) return start(source_key, std::move(attempt));
  if (source.waiting.size() >= (source.failures == 0 ? kMostWaiting : kMostWaitingAfterFailure)) return attempt.done(too_many());
  source.waiting.push_back(std::move(attempt));
}

void Authenticator::start(const std::string& source_key, Attempt attempt) {
  Source& source = sources_[source_key];
  source.busy = true;
  if (source.failures > 0 && clock_.monotonic() - source.last_failure > kForgiven) source.failures = 0;
  worker_.post([this, source_key, attempt = std::move(attempt)]() mutable {
    const std::optional<UserRecord> user = decode_user(attempt.record);
    const bool right = verify_password(user ? std::string_view(user->password_hash) : kNobody, attempt.password) && user.has_value();
    io_.post([this, source_key = std::move(source_key), attempt = std::move(attempt), right]() mutable {
      finish(source_key, std::move(attempt), right);
    });
  });
}

void Authenticator::finish(const std::string& source_key, Attempt attempt, bool right) {
  Source& source = sources_[source_key];
  if (right) {
    source.failures = 0;
    if (verified_.size() >= kMostVerified) verified_.clear();
    verified_[keyed_hash(attempt)] = clock_.monotonic() + kRemembered;
    attempt.done(User{attempt.name, decode_user(attempt.record)->admin});
    return next(source_key);
  }
  ++source.failures;
  source.last_failure = clock_.monotonic();
  // The answer and all further attempts from this source wait.
  io_.post_after(delay_after(source.failures), [this, source_key, done = std::move(attempt.done)] {
    done(wrong());
    next(source_key);
  });
}

void Authenticator::next(const std::string& source_key) {
  while (true) {
    const auto found = sources_.find(source_key);
    if (found == sources_.end()) return;
    Source& source = found->second;
    if (source.waiting.empty()) {
      source.busy = false;
      if (source.failures == 0) sources_.erase(found);
      return;
    }
    Attempt attempt = std::move(source.waiting.front());
    source.waiting.pop_front();
    if (!remembered(attempt)) return start(source_key, std::move(attempt));
    const std::optional<UserRecord> user = decode_user(attempt.record);
    attempt.done(User{attempt.name, user && user->admin});
  }
}

}  // namespace graft::server
