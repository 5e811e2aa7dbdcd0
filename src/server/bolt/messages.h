#pragma once

// What clients ask: each request as a struct, decoded and checked in one place.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "env/clock.h"
#include "graph/value.h"
#include "server/bolt/version.h"

namespace graft::server {

struct AuthToken {
  std::string scheme, principal, credentials;
};

struct HelloRequest {
  std::string user_agent;
  std::optional<AuthToken> auth;     // before 5.1
  std::string routing_address;       // routing: {address: "host:port"}: how the client reached us
  bool utc_patch = false;            // 4.4: patch_bolt has "utc"
};
struct LogonRequest { AuthToken auth; };
struct LogoffRequest {};
struct GoodbyeRequest {};
struct ResetRequest {};
struct CommitRequest {};
struct RollbackRequest {};
struct TelemetryRequest {};

enum class AccessMode : uint8_t { kWrite, kRead };

// The `extra` map of RUN (autocommit) and BEGIN.
struct TransactionExtra {
  std::vector<std::string> bookmarks;
  env::Duration timeout{0};          // 0: none
  AccessMode mode = AccessMode::kWrite;
  std::string database;              // as given; empty: the default one
  std::string impersonated_user;
  graph::Map metadata;               // tx_metadata
};
struct RunRequest {
  std::string query;
  std::vector<std::pair<std::string, graph::Value>> parameters;
  TransactionExtra extra;
};
struct BeginRequest { TransactionExtra extra; };

// PULL and DISCARD. n: how many rows, -1 all; qid: which result, -1 the last.
struct FetchRequest {
  bool discard = false;
  int64_t n = -1;
  int64_t qid = -1;
};
struct RouteRequest {
  std::string routing_address;
  std::vector<std::string> bookmarks;
  std::string database;
};

using Request = std::variant<HelloRequest, LogonRequest, LogoffRequest, GoodbyeRequest, ResetRequest, RunRequest, FetchRequest,
                             BeginRequest, CommitRequest, RollbackRequest, RouteRequest, TelemetryRequest>;

// The message's name for errors and traces ("RUN").
std::string_view request_name(const Request& request);

// Errors (kRequestInvalid): malformed bytes, an unknown message, a field of the wrong type.
Result<Request> decode_request(std::string_view message, BoltVersion version);

// True without decoding the rest: a RESET has to be seen before what waits in front of it.
bool is_reset(std::string_view message);

}  // namespace graft::server
