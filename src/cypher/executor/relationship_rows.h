#pragma once

// Writes rows (relationship, from, to) for scans and seeks of relationships: one way, or both ways round.

#include "cypher/executor/batch.h"
#include "graph/view.h"

namespace graft::cypher {

class RelationshipRows {
 public:
  RelationshipRows(Slot relationship, Slot from, Slot to, bool directed)
      : relationship_(relationship), from_(from), to_(to), directed_(directed) {}

  void begin(Batch* out) {
    out->clear_all();
    relationships_ = column(out, relationship_, Column::Form::kRelationships);
    froms_ = column(out, from_, Column::Form::kNodes);
    tos_ = column(out, to_, Column::Form::kNodes);
    rows_ = 0;
  }
  void add(graph::RelationshipId id, graph::NodeId start, graph::NodeId end) {
    put(id, start, end);
    if (!directed_ && start != end) put(id, end, start);
  }
  uint32_t rows() const { return rows_; }

 private:
  static std::vector<uint64_t>* column(Batch* out, Slot slot, Column::Form form) {
    return slot == kNoSlot ? nullptr : &out->column(slot).set_ids(form);
  }
  void put(uint64_t id, uint64_t from, uint64_t to) {
    if (relationships_ != nullptr) relationships_->push_back(id);
    if (froms_ != nullptr) froms_->push_back(from);
    if (tos_ != nullptr) tos_->push_back(to);
    ++rows_;
  }

  Slot relationship_, from_, to_;
  bool directed_;
  std::vector<uint64_t>* relationships_ = nullptr;
  std::vector<uint64_t>* froms_ = nullptr;
  std::vector<uint64_t>* tos_ = nullptr;
  uint32_t rows_ = 0;
};

}  // namespace graft::cypher
