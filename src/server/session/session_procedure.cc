// Procedures that have to wait for the cluster: the session runs them itself.

#include <algorithm>

#include <fmt/format.h>

#include "cypher/procedures/registry.h"
#include "server/auth/users.h"
#include "server/bolt/replies.h"
#include "server/session/session_plan.h"

namespace graft::server {
namespace {

using graph::Value;

// Writes one system record.
class SystemRecordWork final : public replication::LaneWork {
 public:
  SystemRecordWork(std::string key, std::string value) : key_(std::move(key)), value_(std::move(value)) {}
  Result<Outcome> run(graph::GraphTransaction& transaction, bool) override {
    transaction.set_system_record(key_, value_);
    return Outcome::kDone;
  }

 private:
  std::string key_, value_;
};

Error bad_argument(std::string message) { return {ErrorCode::kArgument, std::move(message)}; }

Result<uint64_t> member_id(const Value& value) {
  if (value.as_integer() < 1) return bad_argument(fmt::format("node_id is {}: a member's number is 1 or more.", value.as_integer()));
  return static_cast<uint64_t>(value.as_integer());
}

Result<uint16_t> port(const char* name, const Value& value) {
  if (value.as_integer() < 1 || value.as_integer() > 65535) {
    return bad_argument(fmt::format("{} is {}: a port is a number from 1 to 65535.", name, value.as_integer()));
  }
  return static_cast<uint16_t>(value.as_integer());
}

Result<replication::Member> new_member(const std::vector<Value>& arguments, bool learner) {
  replication::Member member;
  GRAFT_TRY_ASSIGN(member.id, member_id(arguments[0]));
  member.ip = arguments[1].as_string();
  if (member.ip.empty()) return bad_argument("ip is empty: give the member's address, a name, IPv4 or IPv6.");
  GRAFT_TRY_ASSIGN(member.bolt_port, port("bolt_port", arguments[2]));
  GRAFT_TRY_ASSIGN(member.bolt_raft_port, port("bolt_raft_port", arguments[3]));
  member.learner = learner;
  return member;
}

// Longer than anybody waits, and far from what the clock's arithmetic bears.
constexpr int64_t kMostSeconds = 100LL * 365 * 24 * 3600;

bool any_null(const std::vector<Value>& arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const Value& v) { return v.is_null(); });
}

}  // namespace

Result<Session::IndexWait> Session::index_wait(const cypher::ServerCall& call, const graph::Catalog& catalog) {
  try {
    const int64_t seconds = std::clamp<int64_t>(call.arguments.back().as_integer(), 0, kMostSeconds);
    return IndexWait{cypher::awaited_tasks(call, catalog), std::chrono::seconds(seconds)};
  } catch (const cypher::QueryError& error) {
    return to_error(error);
  }
}

void Session::run_server_procedure(std::shared_ptr<Plan> plan) {
  const std::string& name = plan->call->procedure;
  const std::vector<Value>& arguments = plan->call->arguments;
  const bool password = name == "dbms.security.changePassword";
  const bool anybody = password || plan->call->waits_for_indexes() || plan->call->batched != nullptr;
  if (!anybody && !user_.admin) return fail({ErrorCode::kForbidden, fmt::format("Only an administrator may call {}.", name)});
  if (any_null(arguments)) return fail(bad_argument(fmt::format("An argument of {} is null.", name)));
  if (password) return change_password(std::move(plan));

  auto finish = [this, plan](Status status) {
    if (!status.ok()) return fail(status.error());
    open_autocommit(std::make_shared<StatementResult>(plan->setting, plan->prepared, plan->statement.canceller), services_.replica.applied().position);
  };
  if (plan->call->batched != nullptr) {
    if (plan->extra.mode == AccessMode::kRead) return fail(write_in_read_mode());
    return when_leader_known([this, plan] { run_batched(plan, {}); });
  }
  if (plan->call->waits_for_indexes()) {
    const replication::ReadVersion applied = services_.replica.applied();
    Result<IndexWait> wait = index_wait(*plan->call, graph::GraphView(applied.version).catalog());
    if (!wait.ok()) return fail(wait.error());
    wait_for(Wait::kVersion);
    return services_.replica.await_schema(std::move(wait->tasks), wait->timeout, on_io<void>(std::move(finish)));
  }
  if (name == "db.bolt.addRaftNode" || name == "db.bolt.addRaftLearnerNode") {
    Result<replication::Member> member = new_member(arguments, name == "db.bolt.addRaftLearnerNode");
    if (!member.ok()) return fail(member.error());
    wait_for(Wait::kCommit);
    return services_.replica.add_member(std::move(member).value(), on_io<void>(std::move(finish)));
  }
  const Result<uint64_t> id = member_id(arguments[0]);
  if (!id.ok()) return fail(id.error());
  wait_for(Wait::kCommit);
  if (name == "db.bolt.removeRaftNode") return services_.replica.remove_member(id.value(), on_io<void>(std::move(finish)));
  services_.replica.transfer_leadership(id.value(), on_io<void>(std::move(finish)));
}

// Checks the current password and hashes the new one on a worker, then writes the user's record.
void Session::change_password(std::shared_ptr<Plan> plan) {
  auto work = [this, plan, name = user_.name]() -> Result<std::string> {
    const replication::ReadVersion applied = services_.replica.applied();
    if (!applied.version) return unavailable_error();
    const std::string record = graph::GraphView(applied.version).system_record(user_key(name));
    std::optional<UserRecord> user = decode_user(record);
    const std::vector<Value>& arguments = plan->call->arguments;
    if (!user || !verify_password(user->password_hash, arguments[0].as_string())) {
      return Error{ErrorCode::kUnauthorized, "The current password is not right."};
    }
    if (arguments[1].as_string().empty()) return bad_argument("The new password is empty.");
    if (arguments[0].as_string() == arguments[1].as_string()) return bad_argument("The new password is the current one.");
    user->password_hash = hash_password(arguments[1].as_string(), services_.random);
    return encode_user(*user);
  };
  on_worker(std::move(work), [this, plan](Result<std::string> record) {
    if (!record.ok()) return fail(record.error());
    wait_for(Wait::kCommit);
    auto lane_work = std::make_shared<SystemRecordWork>(user_key(user_.name), std::move(record).value());
    services_.replica.autocommit(lane_work, on_io<replication::CommitOutcome>([this, plan](Result<replication::CommitOutcome> outcome) {
      if (!outcome.ok()) return fail(outcome.error());
      auto result = std::make_shared<StatementResult>(plan->setting, plan->prepared, plan->statement.canceller);
      result->adopt(RecordBuffer(), {}, outcome->counters);
      open_autocommit(std::move(result), outcome->position);
    }));
  });
}

}  // namespace graft::server
