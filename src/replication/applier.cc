#include "replication/applier.h"

#include <fmt/format.h>

namespace graft::replication {

Applier::Applier(Chain& chain, ApplierHost& host, RoleHandle role) : chain_(chain), host_(host), role_(std::move(role)) {}
Applier::~Applier() = default;

void Applier::enqueue(std::vector<raft::LogEntry> entries) {
  {
    std::lock_guard lock(mutex_);
    for (raft::LogEntry& entry : entries) queue_.push_back(std::move(entry));
  }
  if (scheduled_.exchange(true)) return;
  role_.post([this] {
    scheduled_ = false;
    run();
  });
}

void Applier::clear() {
  std::lock_guard lock(mutex_);
  queue_.clear();
}

void Applier::poke() {
  if (chain_.try_open()) host_.on_applied(chain_.applied(), {});
}

void Applier::run() {
  std::vector<raft::LogEntry> batch;
  {
    std::lock_guard lock(mutex_);
    batch.swap(queue_);
  }
  if (batch.empty()) return;
  raft::LogIndex index = 0;
  raft::Term term = 0;
  for (raft::LogEntry& entry : batch) {
    if (entry.index <= chain_.applied().index) continue;  // a snapshot holds it
    index = entry.index;
    term = entry.term;
    Status applied = apply(entry);
    if (!applied.ok()) {
      host_.on_apply_failed(Error{applied.error().code, fmt::format("log entry {} cannot be applied: {}", entry.index, applied.error().message)});
      return;
    }
  }
  if (index == 0) return;
  // Damaged pages read as absent: what was computed from them must not be seen. The node stops serving on its own.
  if (!chain_.store()->health().ok()) return;
  seal();
  chain_.advance_to(index, term);
  chain_.try_open();
  host_.on_applied(chain_.applied(), std::exchange(changes_, {}));
}

Status Applier::apply(raft::LogEntry& entry) {
  bool is_change = entry.kind == raft::EntryKind::kConfigurationChange;
  const std::string& bytes = is_change ? entry.context : entry.data;
  bool took_effect = false;
  if (!bytes.empty()) GRAFT_TRY(apply_envelope(entry, bytes, &took_effect));
  if (is_change) changes_.push_back(AppliedChange{std::move(entry), !took_effect});
  return {};
}

Status Applier::apply_envelope(const raft::LogEntry& entry, std::string_view bytes, bool* took_effect) {
  GRAFT_TRY_ASSIGN(Envelope envelope, decode_envelope(bytes));
  if (envelope.kind == PayloadKind::kSums) {
    seal();
    return compare_sums(entry, envelope);
  }
  switch (chain_.judge(entry.index, entry.term, envelope)) {
    case Chain::Verdict::kNoOp:
      return {};
    case Chain::Verdict::kAdvanced:
      *took_effect = true;
      return {};
    case Chain::Verdict::kReplay:
      *took_effect = true;
      return replay(entry, envelope);
  }
  return {};
}

Status Applier::replay(const raft::LogEntry& entry, const Envelope& envelope) {
  if (!transaction_) {
    base_ = chain_.applied().version;
    // Made anew for each version: it holds what is known of the version's tokens.
    ids_ = std::make_unique<graph::IdAllocator>(graph::GraphView(base_));
    transaction_ = std::make_unique<graph::GraphTransaction>(chain_.store()->fork(base_), *ids_, nullptr);
  }
  for (const std::string& change_set : envelope.change_sets) {
    GRAFT_TRY(transaction_->replay(change_set, false));
    replay_bytes_ += change_set.size();
  }
  replay_index_ = entry.index;
  replay_term_ = entry.term;
  if (replay_bytes_ >= kMaxBatchBytes) seal();
  return {};
}

Status Applier::compare_sums(const raft::LogEntry& entry, const Envelope& envelope) {
  if (!chain_.sums_apply(entry.term, envelope)) return {};
  std::string own = graph::state_sums(graph::GraphView(chain_.applied().version)).to_string();
  if (own == envelope.sums) return {};
  return Error{ErrorCode::kCorruption,
               fmt::format("this member's state differs from the leader's before log entry {}: here {}, there {}; "
                           "it has to be filled again", entry.index, own, envelope.sums)};
}

void Applier::seal() {
  if (!transaction_) return;
  chain_.seal_replay(transaction_->release_fork(), replay_index_, replay_term_);
  transaction_.reset();
  base_ = {};
  replay_bytes_ = 0;
}

}  // namespace graft::replication
