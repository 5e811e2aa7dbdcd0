#include "replication/startup.h"

#include <utility>

namespace graft::replication {

Startup::Startup(Identity identity, Member self, std::vector<Member> peers, bool copied, DataDirectory& directory,
                 PeerTransport& transport, StartupHost& host, RoleHandle raft_role)
    : bootstrap_(identity, self, std::move(peers), copied), identity_(std::move(identity)), self_(std::move(self)), copied_(copied),
      directory_(directory), transport_(transport), host_(host), role_(std::move(raft_role)) {}

Status Startup::store(const Identity& identity) {
  GRAFT_TRY(directory_.write_identity(identity));
  identity_ = identity;
  return {};
}

void Startup::next_round() {
  role_.post_after(kRoundInterval, [this] { round(); });
}

void Startup::round() {
  if (finished_) return;
  bootstrap_.start_round();
  uint64_t number = ++round_number_;
  std::string request = encode_probe_request(bootstrap_.request());
  std::vector<Member> asked = bootstrap_.whom_to_ask();
  if (asked.empty()) return take_step();
  for (const Member& member : asked) {
    transport_.call(env::Address{member.ip, member.bolt_raft_port}, member.id, CallKind::kProbe, request,
                    [this, number, id = member.id](Result<std::string> bytes) {
                      if (finished_ || number != round_number_) return;
                      Result<ProbeAnswer> answer = bytes.ok() ? decode_probe_answer(*bytes) : Result<ProbeAnswer>(bytes.error());
                      bootstrap_.on_answer(id, answer);
                      if (bootstrap_.round_complete()) take_step();
                    });
  }
}

void Startup::take_step() {
  Bootstrap::Step step = bootstrap_.step();
  ++round_number_;  // late answers of this round do not count
  if (auto* wait = std::get_if<Bootstrap::Wait>(&step)) {
    host_.on_waiting(wait->reason);
    next_round();
  } else if (auto* prepare_step = std::get_if<Bootstrap::Prepare>(&step)) {
    prepare(prepare_step->founders);
  } else if (auto* found = std::get_if<Bootstrap::Found>(&step)) {
    finished_ = true;
    host_.on_found(found->founders);
  } else if (auto* reg = std::get_if<Bootstrap::Register>(&step)) {
    register_with(*reg);
  } else if (auto* join = std::get_if<Bootstrap::Join>(&step)) {
    Identity identity = identity_;
    identity.cluster_id = join->cluster_id;
    identity.registered = true;
    // A copied directory becomes ours when its files have been taken over, not before.
    Status stored = copied_ ? Status() : store(identity);
    finished_ = true;
    if (!stored.ok()) return host_.on_startup_failed(stored.error());
    host_.on_join(join->cluster_id, join->members);
  } else {
    finished_ = true;
    const auto& refuse = std::get<Bootstrap::Refuse>(step);
    if (refuse.removed) return host_.on_removed(refuse.reason);
    host_.on_startup_failed(Error{ErrorCode::kUnavailable, refuse.reason});
  }
}

void Startup::prepare(const Founders& founders) {
  Identity identity = identity_;
  identity.founders = founders;
  Status stored = store(identity);
  if (!stored.ok()) {
    finished_ = true;
    return host_.on_startup_failed(stored.error());
  }
  bootstrap_.prepared(founders);
  round();
}

void Startup::register_with(const Bootstrap::Register& step) {
  if (copied_) {
    Status stored = directory_.write_coming_identity(identity_);
    if (!stored.ok()) {
      finished_ = true;
      return host_.on_startup_failed(stored.error());
    }
  }
  RegisterRequest request{self_};
  transport_.call(env::Address{step.leader.ip, step.leader.bolt_raft_port}, step.leader.id, CallKind::kRegister,
                  encode_register_request(request), [this, step](Result<std::string> bytes) {
                    if (!finished_) on_registered(step, bytes);
                  });
}

void Startup::on_registered(const Bootstrap::Register&, const Result<std::string>& bytes) {
  Result<RegisterAnswer> answer = bytes.ok() ? decode_register_answer(*bytes) : Result<RegisterAnswer>(bytes.error());
  if (answer.ok() && answer->ok) {
    bootstrap_.registered();
    return take_step();
  }
  bootstrap_.register_failed(answer.ok() ? answer->text : answer.error().message);
  host_.on_waiting(answer.ok() ? answer->text : answer.error().message);
  next_round();
}

}  // namespace graft::replication
