// subject.key, subject[index], subject[from..to], subject:Label, and the type test of relationships.

#include <algorithm>

#include "cypher/executor/evaluators.h"
#include "cypher/functions/entities.h"
#include "cypher/functions/operators.h"

namespace graft::cypher {

using graph::Value;
using graph::ValueType;

namespace {

class Property final : public Evaluator {
 public:
  Property(EvaluatorPtr subject, std::string key)
      : subject_(std::move(subject)), key_(LateToken::kPropertyKey, std::move(key)) {}

  Value eval(const Frame& frame) override { return read(frame, subject_->eval(frame)); }

  void eval_rows(const Frame& frame, std::span<const uint32_t> rows, Value* out) override {
    Slot slot = subject_->plain_slot();
    if (slot != kNoSlot && !frame.context.has_deleted()) {
      Column::Form form = frame.batch->column(slot).form();
      if (form == Column::Form::kNodes || form == Column::Form::kRelationships) {
        return read_ids(frame, frame.batch->column(slot), rows, out);
      }
    }
    subject_->eval_rows(frame, rows, out);
    for (size_t i = 0; i < rows.size(); ++i) {
      frame.context.tick();
      out[i] = read(frame, out[i]);
    }
  }

 private:
  Value read(const Frame& frame, const Value& subject) {
    if (subject.type() == ValueType::kNode) return node_property(frame.context, subject.as_node(), key_.find(frame.context));
    if (subject.type() == ValueType::kRelationship) {
      return relationship_property(frame.context, subject.as_relationship(), key_.find(frame.context));
    }
    return property_of(frame.context, subject, key_.name());
  }

  // Whole columns at once: the view looks up each page only once.
  void read_ids(const Frame& frame, const Column& column, std::span<const uint32_t> rows, Value* out) {
    graph::PropertyKeyId key = key_.find(frame.context);
    if (key == graph::kNoToken) {
      std::fill(out, out + rows.size(), Value());
      return;
    }
    bool nodes = column.form() == Column::Form::kNodes;
    std::span<const uint64_t> ids;
    if (rows.size() == frame.batch->size && rows.size() == column.ids().size()) {
      ids = column.ids();  // ascending and complete: the column as it is
    } else {
      ids_.resize(rows.size());
      for (size_t i = 0; i < rows.size(); ++i) ids_[i] = nodes ? column.node(rows[i]) : column.relationship(rows[i]);
      ids = ids_;
    }
    std::span<Value> values(out, rows.size());
    if (nodes) {
      frame.context.view().node_property_batch(ids, key, values);
    } else {
      frame.context.view().relationship_property_batch(ids, key, values);
    }
    for (const Value& v : values) frame.context.note_long(v);
  }

  EvaluatorPtr subject_;
  LateToken key_;
  std::vector<uint64_t> ids_;
};

class Index final : public Evaluator {
 public:
  Index(EvaluatorPtr subject, EvaluatorPtr index) : subject_(std::move(subject)), index_(std::move(index)) {}
  Value eval(const Frame& frame) override {
    Value subject = subject_->eval(frame);
    return element_of(frame.context, subject, index_->eval(frame));
  }

 private:
  EvaluatorPtr subject_, index_;
};

class Slice final : public Evaluator {
 public:
  explicit Slice(std::vector<EvaluatorPtr> children) : children_(std::move(children)) {}

  Value eval(const Frame& frame) override {
    Value list = children_[0]->eval(frame);
    Value from = children_[1] == nullptr ? Value::integer(0) : children_[1]->eval(frame);
    bool open = children_.size() < 3 || children_[2] == nullptr;
    Value to = open ? Value::integer(INT64_MAX) : children_[2]->eval(frame);
    if (list.is_null() || from.is_null() || to.is_null()) return {};
    if (list.type() != ValueType::kList) throw_type("List", list);
    if (from.type() != ValueType::kInteger) throw_type("Integer", from);
    if (to.type() != ValueType::kInteger) throw_type("Integer", to);
    const graph::List& items = list.as_list();
    auto size = static_cast<int64_t>(items.size());
    int64_t begin = bound(from.as_integer(), size), end = bound(to.as_integer(), size);
    if (begin >= end) return Value::list({});
    frame.context.room_for(static_cast<size_t>(end - begin) * sizeof(Value));
    return Value::list(graph::List(items.begin() + begin, items.begin() + end));
  }

 private:
  static int64_t bound(int64_t i, int64_t size) { return std::clamp<int64_t>(i < 0 ? i + size : i, 0, size); }
  std::vector<EvaluatorPtr> children_;
};

class HasLabels final : public Evaluator {
 public:
  HasLabels(Compiler& compiler, const Expr& e) : subject_(compiler.compile(*e.children[0])), test_(compiler, *e.labels) {}
  Value eval(const Frame& frame) override { return from_truth(test_.holds(frame, subject_->eval(frame))); }

 private:
  EvaluatorPtr subject_;
  LabelTest test_;
};

}  // namespace

EvaluatorPtr make_access(Compiler& compiler, const Expr& e) {
  switch (e.kind) {
    case ExprKind::kProperty: return std::make_unique<Property>(compiler.compile(*e.children[0]), e.name);
    case ExprKind::kIndex:
      return std::make_unique<Index>(compiler.compile(*e.children[0]), compiler.compile(*e.children[1]));
    case ExprKind::kSlice: return std::make_unique<Slice>(compiler.compile_all(e.children));
    default: return std::make_unique<HasLabels>(compiler, e);
  }
}

}  // namespace graft::cypher
