#pragma once

// Has this relationship been walked already in the row? Looks into columns that hold relationships or lists of them.

#include <span>

#include "cypher/executor/batch.h"

namespace graft::cypher {

inline bool is_walked(const Batch& batch, uint32_t row, std::span<const Slot> slots, graph::RelationshipId id) {
  for (Slot slot : slots) {
    const Column& column = batch.column(slot);
    if (column.form() == Column::Form::kRelationships) {
      if (column.relationship(row) == id) return true;
      continue;
    }
    graph::Value v = column.get(row);
    if (v.type() == graph::ValueType::kRelationship && v.as_relationship() == id) return true;
    if (v.type() != graph::ValueType::kList) continue;
    for (const graph::Value& item : v.as_list()) {
      if (item.type() == graph::ValueType::kRelationship && item.as_relationship() == id) return true;
    }
  }
  return false;
}

}  // namespace graft::cypher
