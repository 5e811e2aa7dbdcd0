#include "replication/read_index.h"

#include <iterator>
#include <utility>

namespace graft::replication {

void ReadIndexer::ask(raft::RaftNode& node) {
  context_ = prefix_ + std::to_string(++round_);
  ticks_ = 0;
  // A refusal is the same as silence: asked again after kRetryTicks.
  if (!node.read_index(context_).ok()) ticks_ = 0;
}

void ReadIndexer::start_round(raft::RaftNode& node) {
  if (!context_.empty() || waiting_.empty()) return;
  asked_ = std::move(waiting_);
  waiting_.clear();
  ask(node);
}

void ReadIndexer::on_read_state(const raft::ReadState& state, raft::Term leader_term) {
  if (state.context != context_) return;  // of a round that was given up
  context_.clear();
  std::vector<Waiter> answered = std::move(asked_);
  asked_.clear();
  for (Waiter& waiter : answered) waiter.done(ReadPoint{state.index, leader_term});
}

void ReadIndexer::tick(raft::RaftNode& node) {
  env::Duration now = clock_.monotonic();
  std::vector<Waiter> late;
  for (std::vector<Waiter>* list : {&asked_, &waiting_}) {
    std::vector<Waiter> kept;
    for (Waiter& waiter : *list) (waiter.deadline <= now ? late : kept).push_back(std::move(waiter));
    *list = std::move(kept);
  }
  if (asked_.empty()) context_.clear();
  if (!context_.empty() && ++ticks_ >= kRetryTicks) {
    // The new round serves those of the old one as well: it starts later.
    asked_.insert(asked_.end(), std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
    waiting_.clear();
    ask(node);
  }
  start_round(node);
  for (Waiter& waiter : late) {
    waiter.done(Error{ErrorCode::kUnavailable, "no leader confirmed the read in time; the cluster has no quorum or is electing"});
  }
}

void ReadIndexer::abandon(const Error& error) {
  std::vector<Waiter> all = std::move(asked_);
  all.insert(all.end(), std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
  asked_.clear();
  waiting_.clear();
  context_.clear();
  for (Waiter& waiter : all) waiter.done(error);
}

}  // namespace graft::replication
