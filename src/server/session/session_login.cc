// HELLO, LOGON, LOGOFF.

#include <fmt/format.h>

#include "replication/member_records.h"
#include "server/auth/users.h"
#include "server/bolt/replies.h"
#include "server/session/session.h"
#include "server/version.h"

namespace graft::server {
namespace {

constexpr size_t kMessageLimit = size_t{256} << 20;
// Drivers read what a server is from here; some want Neo4j's name and a version that they know.
const std::string kServerAgent = "Neo4j/5.26.0-graft." + std::string(kVersion);
// A driver gives a silent connection up after this, so it lives through a machine that vanishes without a word;
// sweep() sends a keep-alive well before.
constexpr int64_t kReceiveTimeoutSeconds = 3;

// "10.0.0.1:51234" and "[::1]:51234" without the port.
std::string host_of(const std::string& peer) {
  const size_t colon = peer.rfind(':');
  return colon == std::string::npos ? peer : peer.substr(0, colon);
}

}  // namespace

void Session::handle_hello(HelloRequest& request) {
  routing_address_ = request.routing_address;
  if (!version_.has_element_ids()) format_.utc_date_times = request.utc_patch;
  if (request.auth) return handle_logon(*request.auth);
  state_ = State::kAuthentication;
  succeed(hello_metadata());
}

graph::Map Session::hello_metadata() const {
  using graph::Value;
  graph::Map hints, metadata;
  hints.emplace_back("connection.recv_timeout_seconds", Value::integer(kReceiveTimeoutSeconds));
  // Drivers use this hint for one thing: a session that names no database takes the last one's home database for its own and
  // does not ask for it first. That saves a round trip; there is one database, so the guess is never wrong.
  if (version_.has_home_database()) hints.emplace_back("ssr.enabled", Value::boolean(true));
  if (version_.has_telemetry()) hints.emplace_back("telemetry.enabled", Value::boolean(false));
  metadata.emplace_back("server", Value::string(kServerAgent));
  metadata.emplace_back("connection_id", Value::string(fmt::format("bolt-{}", number_)));
  metadata.emplace_back("hints", Value::map(std::move(hints)));
  if (version_ == kBolt44 && format_.utc_date_times) metadata.emplace_back("patch_bolt", Value::list({Value::string("utc")}));
  return metadata;
}

void Session::handle_logon(const AuthToken& token) {
  if (services_.disable_auth) return logged_in({token.principal.empty() ? std::string(kDefaultUser) : token.principal, true});
  if (token.scheme != "basic") {
    return fail_and_close({ErrorCode::kUnauthorized, fmt::format("The authentication scheme '{}' is not supported: use 'basic', a user and a password.", token.scheme)});
  }
  const replication::ReadVersion version = services_.replica.applied();
  if (!version.version) return fail_and_close(unavailable_error());
  const graph::GraphView view(version.version);
  std::string record = view.system_record(user_key(token.principal));
  // Before the cluster's first entry is applied there are no users yet: at the foundation, and when a founder that has no
  // checkpoint of later starts again and goes through its log. That is no wrong password.
  if (record.empty() && replication::cluster_record(view).id.empty()) return fail_and_close(unavailable_error());
  const uint64_t operation = wait_for(Wait::kLogin);
  services_.authenticator.check(token.principal, token.credentials, std::move(record), host_of(connection_->peer()),
                                [self = shared_from_this(), operation](Result<User> user) {
                                  if (!self->resume(operation)) return;
                                  if (user.ok()) {
                                    self->logged_in(std::move(user).value());
                                  } else {
                                    self->fail_and_close(user.error());
                                  }
                                  self->process();
                                });
}

void Session::logged_in(User user) {
  user_ = std::move(user);
  const bool by_hello = state_ == State::kConnected;
  state_ = State::kReady;
  reader_.set_limit(kMessageLimit);
  succeed(by_hello ? hello_metadata() : graph::Map{});
}

void Session::handle_logoff() {
  user_ = {};
  nobody_since_ = services_.clock.monotonic();
  state_ = State::kAuthentication;
  succeed();
}

}  // namespace graft::server
