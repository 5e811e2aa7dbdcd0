#include "server/bolt/messages.h"

#include <fmt/format.h>

#include "server/bolt/packstream.h"
#include "server/bolt/value_codec.h"

namespace graft::server {
namespace {

using graph::Value;
using graph::ValueType;

enum Tag : uint8_t {
  kHello = 0x01, kGoodbye = 0x02, kReset = 0x0F, kRun = 0x10, kBegin = 0x11, kCommit = 0x12, kRollback = 0x13,
  kDiscard = 0x2F, kPull = 0x3F, kTelemetry = 0x54, kRoute = 0x66, kLogon = 0x6A, kLogoff = 0x6B,
};

Error invalid(std::string message) { return Error{ErrorCode::kRequestInvalid, std::move(message)}; }

// Typed looks into one map of a request. The first wrong type is kept in error.
class Fields {
 public:
  Fields(std::string_view message, const Value& map) : message_(message), map_(map) {}

  std::string text(std::string_view key) { return get(key, ValueType::kString) ? std::string(found_->as_string()) : std::string(); }
  int64_t integer(std::string_view key, int64_t otherwise) { return get(key, ValueType::kInteger) ? found_->as_integer() : otherwise; }
  const Value* map(std::string_view key) { return get(key, ValueType::kMap) ? found_ : nullptr; }
  std::vector<std::string> texts(std::string_view key) {
    return get(key, ValueType::kList) ? text_list(*found_, key) : std::vector<std::string>();
  }
  std::vector<std::string> text_list(const Value& list, std::string_view key) {
    std::vector<std::string> result;
    for (const Value& item : list.as_list()) {
      if (item.type() == ValueType::kString) {
        result.emplace_back(item.as_string());
      } else if (!item.is_null()) {
        fail(key, "a list of text");
      }
    }
    return result;
  }
  void fail(std::string_view key, std::string_view wanted) {
    if (!error_) error_ = invalid(fmt::format("In {}, '{}' must be {}.", message_, key, wanted));
  }
  std::optional<Error> error() const { return error_; }

 private:
  bool get(std::string_view key, ValueType type) {
    found_ = map_.find(key);
    if (found_ == nullptr || found_->is_null()) return false;
    if (found_->type() == type) return true;
    fail(key, type == ValueType::kString    ? "text"
              : type == ValueType::kInteger ? "an integer"
              : type == ValueType::kMap     ? "a map"
                                            : "a list");
    return false;
  }
  std::string_view message_;
  const Value& map_;
  const Value* found_ = nullptr;
  std::optional<Error> error_;
};

Result<Request> finish(const Fields& fields, Request request) {
  if (auto error = fields.error()) return *std::move(error);
  return request;
}

AuthToken auth_token(Fields& fields) {
  return {fields.text("scheme"), fields.text("principal"), fields.text("credentials")};
}

Result<Request> hello(const Value& extra, BoltVersion version) {
  Fields fields("HELLO", extra);
  HelloRequest request;
  request.user_agent = fields.text("user_agent");
  if (!version.has_logon()) request.auth = auth_token(fields);
  if (const Value* routing = fields.map("routing")) {
    Fields inner("HELLO's routing", *routing);
    request.routing_address = inner.text("address");
    if (auto error = inner.error()) return *std::move(error);
  }
  for (const std::string& patch : fields.texts("patch_bolt")) request.utc_patch |= patch == "utc";
  return finish(fields, std::move(request));
}

TransactionExtra transaction_extra(Fields& fields) {
  TransactionExtra extra;
  extra.bookmarks = fields.texts("bookmarks");
  const int64_t timeout_ms = fields.integer("tx_timeout", 0);
  constexpr int64_t kLongestMs = int64_t{366} * 24 * 3600 * 1000;
  if (timeout_ms < 0) fields.fail("tx_timeout", "a number of milliseconds, 0 or more");
  extra.timeout = std::chrono::milliseconds(std::min(timeout_ms, kLongestMs));
  const std::string mode = fields.text("mode");
  if (mode != "" && mode != "r" && mode != "w") fields.fail("mode", "'r' or 'w'");
  extra.mode = mode == "r" ? AccessMode::kRead : AccessMode::kWrite;
  extra.database = fields.text("db");
  extra.impersonated_user = fields.text("imp_user");
  if (const Value* metadata = fields.map("tx_metadata")) extra.metadata = metadata->as_map();
  return extra;
}

Result<Request> run(const graph::List& f) {
  if (f[0].type() != ValueType::kString) return invalid("In RUN, the query must be text.");
  if (f[1].type() != ValueType::kMap) return invalid("In RUN, the parameters must be a map.");
  Fields fields("RUN", f[2]);
  RunRequest request;
  request.query = f[0].as_string();
  request.parameters = f[1].as_map();
  request.extra = transaction_extra(fields);
  return finish(fields, std::move(request));
}

Result<Request> fetch(bool discard, const Value& extra) {
  Fields fields(discard ? "DISCARD" : "PULL", extra);
  FetchRequest request;
  request.discard = discard;
  const Value* n = extra.find("n");
  if (n == nullptr) return invalid(fmt::format("In {}, 'n' is missing: a number of rows, or -1 for all.", discard ? "DISCARD" : "PULL"));
  request.n = fields.integer("n", -1);
  request.qid = fields.integer("qid", -1);
  if (request.n != -1 && request.n <= 0) fields.fail("n", "1 or more, or -1 for all");
  return finish(fields, request);
}

// ROUTE {routing} [bookmarks] {db, imp_user}; the last was text or null before 4.4.
Result<Request> route(const graph::List& f) {
  if (f[0].type() != ValueType::kMap || f[1].type() != ValueType::kList || f[2].type() != ValueType::kMap) {
    return invalid("ROUTE takes a map, a list and a map.");
  }
  Fields routing("ROUTE", f[0]), extra("ROUTE", f[2]);
  RouteRequest request;
  request.routing_address = routing.text("address");
  request.bookmarks = extra.text_list(f[1], "bookmarks");
  request.database = extra.text("db");
  if (auto error = routing.error()) return *std::move(error);
  return finish(extra, std::move(request));
}

struct MessageShape {
  uint8_t tag;
  std::string_view name;
  uint8_t fields;
  BoltVersion since;
};
constexpr MessageShape kShapes[] = {
    {kHello, "HELLO", 1, {4, 4}},   {kGoodbye, "GOODBYE", 0, {4, 4}}, {kReset, "RESET", 0, {4, 4}},
    {kRun, "RUN", 3, {4, 4}},       {kBegin, "BEGIN", 1, {4, 4}},     {kCommit, "COMMIT", 0, {4, 4}},
    {kRollback, "ROLLBACK", 0, {4, 4}}, {kDiscard, "DISCARD", 1, {4, 4}}, {kPull, "PULL", 1, {4, 4}},
    {kRoute, "ROUTE", 3, {4, 4}},   {kLogon, "LOGON", 1, {5, 1}},     {kLogoff, "LOGOFF", 0, {5, 1}},
    {kTelemetry, "TELEMETRY", 1, {5, 4}},
};

const MessageShape* shape_of(uint8_t tag, BoltVersion version) {
  for (const MessageShape& shape : kShapes) {
    if (shape.tag == tag && version >= shape.since) return &shape;
  }
  return nullptr;
}

Result<Request> build(uint8_t tag, const graph::List& f, BoltVersion version) {
  switch (tag) {
    case kHello: return hello(f[0], version);
    case kLogon: {
      Fields fields("LOGON", f[0]);
      LogonRequest request{auth_token(fields)};
      return finish(fields, std::move(request));
    }
    case kBegin: {
      Fields fields("BEGIN", f[0]);
      BeginRequest request{transaction_extra(fields)};
      return finish(fields, std::move(request));
    }
    case kRun: return run(f);
    case kPull: return fetch(false, f[0]);
    case kDiscard: return fetch(true, f[0]);
    case kRoute: return route(f);
    case kLogoff: return Request(LogoffRequest{});
    case kGoodbye: return Request(GoodbyeRequest{});
    case kReset: return Request(ResetRequest{});
    case kCommit: return Request(CommitRequest{});
    case kRollback: return Request(RollbackRequest{});
    default: return Request(TelemetryRequest{});
  }
}

// Messages whose only field must be a map.
bool takes_map(uint8_t tag) {
  return tag == kHello || tag == kLogon || tag == kBegin || tag == kPull || tag == kDiscard;
}

}  // namespace

std::string_view request_name(const Request& request) {
  constexpr std::string_view kNames[] = {"HELLO", "LOGON", "LOGOFF", "GOODBYE", "RESET", "RUN",
                                         "PULL",  "BEGIN", "COMMIT", "ROLLBACK", "ROUTE", "TELEMETRY"};
  if (const auto* fetch = std::get_if<FetchRequest>(&request); fetch != nullptr && fetch->discard) return "DISCARD";
  return kNames[request.index()];
}

Result<Request> decode_request(std::string_view message, BoltVersion version) {
  PackReader in(message);
  const PackItem head = in.next();
  if (head.type != PackType::kStructure) return invalid("The message is malformed: it is not a structure.");
  const MessageShape* shape = shape_of(head.tag, version);
  if (shape == nullptr) {
    return invalid(fmt::format("The message 0x{:02X} is not known in Bolt {}.{}.", head.tag, version.major, version.minor));
  }
  if (head.size != shape->fields) {
    return invalid(fmt::format("{} takes {} fields, not {}.", shape->name, shape->fields, head.size));
  }
  DecodeLimits limits;
  graph::List fields;
  for (uint32_t i = 0; i < head.size; ++i) {
    GRAFT_TRY_ASSIGN(Value field, decode_value(&in, &limits));
    fields.push_back(std::move(field));
  }
  if (!in.done()) return invalid(fmt::format("{} is followed by bytes that do not belong to it.", shape->name));
  if (takes_map(head.tag) && fields[0].type() != ValueType::kMap) return invalid(fmt::format("{} takes a map.", shape->name));
  if (head.tag == kRun && fields[2].type() != ValueType::kMap) return invalid("In RUN, the last field must be a map.");
  return build(head.tag, fields, version);
}

bool is_reset(std::string_view message) { return message.size() == 2 && message[0] == '\xB0' && message[1] == '\x0F'; }

}  // namespace graft::server
