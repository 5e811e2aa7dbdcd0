#include "cypher/executor/operators.h"
#include "cypher/executor/relationship_rows.h"
#include "cypher/functions/entities.h"

namespace graft::cypher {

namespace {

class RelationshipScan final : public Operator {
 public:
  RelationshipScan(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        scan_(static_cast<const PlanRelationshipScan&>(plan)),
        out_(make_batch()),
        keep_(slots_but({scan_.relationship, scan_.from, scan_.to})),
        rows_(scan_.relationship, scan_.from, scan_.to, scan_.directed) {
    for (const Token& type : scan_.types) types_.emplace_back(LateToken::kType, type.name, type.id);
  }

 private:
  void start() override {
    growth_.reset();
    position_ = 0;
    cursor_ = nullptr;
  }

  Batch* next() override {
    while (cursor_ != nullptr || open_next_cursor()) {
      items_.resize(growth_.next());
      size_t n = cursor_->next(items_);
      if (n == 0) {
        cursor_ = nullptr;
        continue;
      }
      hit(n);
      rows_.begin(&out_);
      for (size_t i = 0; i < n; ++i) rows_.add(items_[i].id, items_[i].start, items_[i].end);
      out_.append_repeated(*argument().batch, argument().row, rows_.rows(), keep_);
      return &out_;
    }
    return nullptr;
  }

  bool open_next_cursor() {
    if (types_.empty()) {
      if (position_++ > 0) return false;
      cursor_ = context().view().scan_relationships();
      return true;
    }
    while (position_ < types_.size()) {
      graph::TypeId type = types_[position_++].find(context());
      if (type == graph::kNoToken) continue;
      cursor_ = context().view().scan_relationships(type);
      return true;
    }
    return false;
  }

  const PlanRelationshipScan& scan_;
  Batch out_;
  std::vector<Slot> keep_;
  RelationshipRows rows_;
  std::vector<LateToken> types_;
  size_t position_ = 0;
  std::unique_ptr<graph::RelationshipCursor> cursor_;
  std::vector<graph::RelationshipCursor::Item> items_;
  BatchGrowth growth_;
};

}  // namespace

OperatorPtr make_relationship_scan(Executor& executor, const PlanNode& plan) {
  return std::make_unique<RelationshipScan>(executor, plan);
}

}  // namespace graft::cypher
