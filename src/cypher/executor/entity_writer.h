#pragma once

// Writing entities from expressions: what CREATE, MERGE and SET have in common.

#include <vector>

#include "cypher/executor/evaluator.h"
#include "cypher/functions/entities.h"
#include "cypher/planner/plan.h"

namespace graft::cypher {

// A property list from a map: null values are left out; what cannot be stored is an error (kType).
graph::PropertyList to_properties(QueryContext& context, const graph::Value& map);
// As a property holds it: integers and floats in one list become floats. Throws kType for what cannot be stored.
graph::Value stored_value(const graph::Value& value, std::string_view key);

// Labels named in the query, and those that expressions give (a string or a list of strings).
class LabelNames {
 public:
  LabelNames(Executor& executor, QueryContext& context, const std::vector<std::string>& names, const std::vector<Expr*>& dynamic);
  std::vector<graph::LabelId> make(const Frame& frame);       // found, or made
  std::vector<graph::LabelId> find(const Frame& frame);       // those that exist

 private:
  template <class F> std::vector<graph::LabelId> collect(const Frame& frame, F&& id);
  std::vector<LateToken> names_;
  std::vector<EvaluatorPtr> dynamic_;
};

// The nodes and relationships of a CREATE or of MERGE's creating side. Columns of *batch are set at the row.
class PatternCreator {
 public:
  // merge: a null property is an error.
  PatternCreator(Executor& executor, QueryContext& context, const std::vector<CreateNodeItem>& nodes,
                 const std::vector<CreateRelationshipItem>& relationships, bool merge);
  void create(Batch* batch, uint32_t row);

 private:
  struct NodeItem {
    const CreateNodeItem* item;
    LabelNames labels;
    EvaluatorPtr properties;
  };
  struct RelationshipItem {
    const CreateRelationshipItem* item;
    LateToken type;
    EvaluatorPtr dynamic_type, properties;
  };
  graph::PropertyList properties(const Frame& frame, Evaluator* expression) const;
  void create_relationship(const Frame& frame, RelationshipItem& item, Batch* batch, uint32_t row);
  graph::TypeId type_of(const Frame& frame, RelationshipItem& item) const;
  graph::NodeId end_of(const Batch& batch, uint32_t row, Slot slot) const;

  Executor& executor_;
  QueryContext& context_;
  bool merge_;
  std::vector<NodeItem> nodes_;
  std::vector<RelationshipItem> relationships_;
};

// Items of SET and REMOVE, applied to one row in order.
class SetWriter {
 public:
  // remove: labels are taken away (REMOVE n:Label) instead of added.
  SetWriter(Executor& executor, QueryContext& context, const std::vector<SetItem>& items, bool remove = false);
  void apply(const Batch& batch, uint32_t row);
  bool empty() const { return items_.empty(); }

 private:
  struct Item {
    const SetItem* item;
    EvaluatorPtr target, key, value;
    LabelNames labels;
    LateToken property;
  };
  size_t set_together(const Frame& frame, const graph::Value& entity, size_t first);
  void set_dynamic(const graph::Value& entity, const graph::Value& key, const graph::Value& value);
  void set_property(const graph::Value& entity, LateToken& key, const graph::Value& value);
  void set_properties(const graph::Value& entity, const graph::Value& map, bool replace);
  void set_labels(const Frame& frame, const graph::Value& entity, Item& item);
  void write(const graph::Value& entity, graph::PropertyKeyId key, const graph::Value& value);

  Executor& executor_;
  QueryContext& context_;
  bool remove_;
  std::vector<Item> items_;
};

}  // namespace graft::cypher
