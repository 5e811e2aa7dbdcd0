#include "cypher/executor/batch_runner.h"

#include <algorithm>

#include "cypher/executor/plan_writes.h"

namespace graft::cypher {
namespace {

// What stands beside the batches' own plans.
bool writes_beside_batches(const PlanNode* node) {
  if (node == nullptr) return false;
  if (node->op == PlanOp::kTransactionApply) return writes_beside_batches(node->left);
  return writes_itself(*node) || writes_beside_batches(node->left) || writes_beside_batches(node->right);
}

// Plans and operators remember tokens and indexes by number: none of them may have gone.
bool still_there(const graph::Catalog& then, const graph::Catalog& now) {
  for (const std::string& name : then.labels()) if (then.label(name) != now.label(name)) return false;
  for (const std::string& name : then.types()) if (then.type(name) != now.type(name)) return false;
  for (const std::string& name : then.property_keys()) if (then.property_key(name) != now.property_key(name)) return false;
  return std::all_of(then.indexes().begin(), then.indexes().end(), [&](const graph::IndexDefinition& index) {
    return std::any_of(now.indexes().begin(), now.indexes().end(), [&](const graph::IndexDefinition& i) { return i.id == index.id; });
  });
}

}  // namespace

BatchRunner::BatchRunner(QueryContext& context, const PlanNode& root)
    : context_(context), pinned_(context.ground()), writes_outside_(context.options().batches != nullptr && writes_beside_batches(&root)) {}

BatchRunner::~BatchRunner() = default;

void BatchRunner::check_catalog(const graph::GraphView& view) {
  const uint64_t version = view.catalog().version();
  if (version == checked_catalog_) return;
  const graph::GraphView& before = newest_ != nullptr ? *newest_ : *pinned_.view;
  if (!still_there(before.catalog(), view.catalog())) {
    throw_error(ErrorCode::kTransactionTerminated, "The schema that the statement was planned with was dropped while it ran; what it had committed stays");
  }
  checked_catalog_ = version;
}

std::unique_ptr<BatchTransaction> BatchRunner::begin() {
  const size_t held = context_.heap_held();
  auto batch = unwrap(context_.options().batches->begin());
  batch->heap_before = held;
  check_catalog(batch->graph().view());
  return batch;
}

Status BatchRunner::commit(std::unique_ptr<BatchTransaction> batch) {
  // It goes away with all that it holds.
  const size_t held = context_.heap_held();
  if (held > batch->heap_before) context_.hand_over(held - batch->heap_before);
  pending_ = std::move(batch);
  stop_();
  BatchOutcome outcome = std::move(*outcome_);
  outcome_.reset();
  if (!outcome.ok()) return outcome.error();
  newest_ = std::move(outcome).value();
  ++commits_;
  context_.forget_deleted();
  return {};
}

void BatchRunner::settle() {
  if (outside_ == nullptr) return;
  std::unique_ptr<BatchTransaction> outside = std::move(outside_);
  if (outside->graph().has_changes()) unwrap(commit(std::move(outside)));
  context_.set_ground(newest_ != nullptr ? QueryContext::Ground{newest_.get(), nullptr} : pinned_);
}

void BatchRunner::go_on_outside() {
  if (writes_outside_) {
    if (outside_ == nullptr) outside_ = begin();
    context_.set_ground({&outside_->graph().view(), &outside_->graph()});
  } else {
    context_.set_ground(newest_ != nullptr ? QueryContext::Ground{newest_.get(), nullptr} : pinned_);
  }
}

}  // namespace graft::cypher
