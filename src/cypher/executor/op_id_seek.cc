// Nodes and relationships by id() or elementId().

#include "cypher/executor/operators.h"
#include "cypher/executor/relationship_rows.h"
#include "graph/element_id.h"

namespace graft::cypher {

using graph::Value;
using graph::ValueType;

namespace {

class IdSeek final : public Operator {
 public:
  IdSeek(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        seek_(static_cast<const PlanIdSeek&>(plan)),
        nodes_(plan.op == PlanOp::kNodeByIdSeek),
        out_(make_batch()),
        keep_(slots_but({seek_.entity, seek_.from, seek_.to})),
        rows_(seek_.entity, seek_.from, seek_.to, seek_.directed),
        ids_(compile_expression(seek_.ids)) {}

 private:
  void start() override {
    found_.clear();
    position_ = 0;
    Value value = ids_->eval(argument_frame());
    if (seek_.many && value.type() == ValueType::kList) {
      for (const Value& item : value.as_list()) look_up(item);
    } else if (!seek_.many) {
      look_up(value);
    }
  }

  void look_up(const Value& v) {
    std::optional<uint64_t> id;
    if (seek_.element_id) {
      if (v.type() == ValueType::kString) id = graph::parse_element_id(v.as_string(), !nodes_);
    } else if (v.type() == ValueType::kInteger) {
      id = static_cast<uint64_t>(v.as_integer());
    }
    if (!id.has_value() || std::find(found_.begin(), found_.end(), *id) != found_.end()) return;
    const graph::GraphView& view = context().view();
    hit();
    if (nodes_ ? view.node_exists(*id) : view.relationship_exists(*id)) found_.push_back(*id);
  }

  Batch* next() override {
    if (position_ == found_.size()) return nullptr;
    size_t n = std::min<size_t>(kBatchRows, found_.size() - position_);
    if (nodes_) {
      out_.clear_all();
      auto& ids = out_.column(seek_.entity).set_ids(Column::Form::kNodes);
      ids.assign(found_.begin() + static_cast<ptrdiff_t>(position_), found_.begin() + static_cast<ptrdiff_t>(position_ + n));
      out_.append_repeated(*argument().batch, argument().row, static_cast<uint32_t>(n), keep_);
    } else {
      rows_.begin(&out_);
      for (size_t i = 0; i < n; ++i) {
        graph::RelationshipRecord record = context().view().relationship(found_[position_ + i]);
        rows_.add(found_[position_ + i], record.start, record.end);
      }
      out_.append_repeated(*argument().batch, argument().row, rows_.rows(), keep_);
    }
    position_ += n;
    return &out_;
  }

  const PlanIdSeek& seek_;
  bool nodes_;
  Batch out_;
  std::vector<Slot> keep_;
  RelationshipRows rows_;
  EvaluatorPtr ids_;
  std::vector<uint64_t> found_;
  size_t position_ = 0;
};

}  // namespace

OperatorPtr make_id_seek(Executor& executor, const PlanNode& plan) { return std::make_unique<IdSeek>(executor, plan); }

}  // namespace graft::cypher
