// A relationship (or a list of them) that is bound already: its ends are set or compared.

#include "cypher/executor/executor.h"
#include "cypher/executor/neighbours.h"
#include "cypher/executor/operators.h"

namespace graft::cypher {

using graph::Direction;
using graph::NodeId;
using graph::Value;
using graph::ValueType;

namespace {

class ProjectEndpoints final : public Operator {
 public:
  ProjectEndpoints(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        project_(static_cast<const PlanProjectEndpoints&>(plan)),
        out_(make_batch()),
        types_(project_.types) {
    std::vector<Slot> own;
    if (!project_.from_bound) own.push_back(project_.from);
    if (!project_.to_bound) own.push_back(project_.to);
    keep_ = slots_but(own);
  }

 private:
  void start() override { left().open(argument()); }

  Batch* next() override {
    while (Batch* batch = left().pull()) {
      out_.clear_all();
      sources_.clear();
      has_types_ = types_.resolve(context());
      for (uint32_t row : batch->rows()) {
        context().tick();
        project_.var_length ? add_list(*batch, row) : add_single(*batch, row);
      }
      if (sources_.empty()) continue;
      out_.append(*batch, sources_, keep_);
      return &out_;
    }
    return nullptr;
  }

  bool has_type(graph::TypeId type) const {
    if (!has_types_) return false;
    return types_.ids().empty() || std::find(types_.ids().begin(), types_.ids().end(), type) != types_.ids().end();
  }

  void add_single(const Batch& batch, uint32_t row) {
    graph::RelationshipId id = batch.column(project_.relationship).relationship(row);
    if (id == graph::kNoId) return;
    graph::RelationshipRecord record = context().view().relationship(id);
    if (record.type == graph::kNoToken || !has_type(record.type)) return;
    if (project_.direction != Direction::kIncoming) emit(batch, row, record.start, record.end);
    if (project_.direction == Direction::kIncoming || (project_.direction == Direction::kBoth && record.start != record.end)) {
      emit(batch, row, record.end, record.start);
    }
  }

  void add_list(const Batch& batch, uint32_t row) {
    Value list = batch.column(project_.relationship).get(row);
    if (list.is_null()) return;
    if (list.type() != ValueType::kList) throw_type("List<Relationship>", list);
    const graph::List& items = list.as_list();
    if (items.size() < project_.min || (project_.max.has_value() && items.size() > *project_.max)) return;
    if (items.empty()) {
      if (project_.from_bound) emit(batch, row, batch.column(project_.from).node(row), batch.column(project_.from).node(row));
      else if (project_.to_bound) emit(batch, row, batch.column(project_.to).node(row), batch.column(project_.to).node(row));
      return;
    }
    std::vector<graph::RelationshipRecord> records;
    for (const Value& item : items) {
      if (item.type() != ValueType::kRelationship) throw_type("Relationship", item);
      records.push_back(context().view().relationship(item.as_relationship()));
      if (records.back().type == graph::kNoToken || !has_type(records.back().type)) return;
    }
    NodeId first_end = walk(records, records[0].start), second_end = walk(records, records[0].end);
    if (first_end != graph::kNoId) emit(batch, row, records[0].start, first_end);
    if (second_end != graph::kNoId && records[0].start != records[0].end) emit(batch, row, records[0].end, second_end);
  }

  // Where the relationships lead to from `at` in the pattern's direction; kNoId: nowhere.
  NodeId walk(const std::vector<graph::RelationshipRecord>& records, NodeId at) const {
    for (const graph::RelationshipRecord& r : records) {
      bool forwards = project_.direction != Direction::kIncoming && r.start == at;
      bool backwards = project_.direction != Direction::kOutgoing && r.end == at;
      if (!forwards && !backwards) return graph::kNoId;
      at = forwards ? r.end : r.start;
    }
    return at;
  }

  void emit(const Batch& batch, uint32_t row, NodeId from, NodeId to) {
    if (project_.from_bound && batch.column(project_.from).node(row) != from) return;
    if (project_.to_bound && batch.column(project_.to).node(row) != to) return;
    if (!project_.from_bound && project_.from == project_.to && from != to) return;
    auto at = static_cast<uint32_t>(sources_.size());
    if (!project_.from_bound) out_.column(project_.from).set(at, Value::node(from));
    if (!project_.to_bound) out_.column(project_.to).set(at, Value::node(to));
    sources_.push_back(row);
  }

  const PlanProjectEndpoints& project_;
  Batch out_;
  std::vector<Slot> keep_;
  TypeList types_;
  bool has_types_ = false;
  std::vector<uint32_t> sources_;
};

}  // namespace

OperatorPtr make_project_endpoints(Executor& executor, const PlanNode& plan) {
  return std::make_unique<ProjectEndpoints>(executor, plan);
}

}  // namespace graft::cypher
