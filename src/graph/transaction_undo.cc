// Logical undo: the inverse of each effect, newest first.

#include "graph/transaction_state.h"

namespace graft::graph {

void GraphTransaction::State::back_to(const Mark& mark) {
  writer.note_terms_in(nullptr);
  while (undo.size() > mark.undo) {
    undo_one(undo.back());
    undo.pop_back();
  }
  writer.note_terms_in(&terms);  // terms of what was undone stay: at worst a needless retry for others
  changes.resize(mark.changes);
  if (pending.size() > mark.pending) pending.erase(pending.begin() + static_cast<ptrdiff_t>(mark.pending), pending.end());
  counters = mark.counters;
}

void GraphTransaction::State::undo_one(const UndoRecord& r) {
  using Kind = UndoRecord::Kind;
  switch (r.kind) {
    case Kind::kLabelToken: writer.edit_catalog().edit_labels().remove(r.token); break;
    case Kind::kTypeToken: writer.edit_catalog().edit_types().remove(r.token); break;
    case Kind::kKeyToken: writer.edit_catalog().edit_keys().remove(r.token); break;
    case Kind::kCreatedNode: writer.erase_node(r.id); break;
    case Kind::kDeletedNode: writer.insert_node(r.id, r.token); break;
    case Kind::kCreatedRelationship: writer.erase_relationship(r.id, r.token, r.start, r.end); break;
    case Kind::kDeletedRelationship: writer.insert_relationship(r.id, r.token, r.start, r.end); break;
    case Kind::kProperty: writer.set_property(r.entity, r.id, r.token, writer.property(r.entity, r.id, r.token), r.value); break;
    case Kind::kLabels: writer.set_labels(r.id, r.token); break;
    case Kind::kCatalog: writer.restore_catalog(std::static_pointer_cast<const CatalogData>(r.object)); break;
    case Kind::kCreatedIndex: writer.forget_index(r.token); break;
    case Kind::kDroppedIndex: writer.remember_index(r.token); break;
    case Kind::kIndexEntry: {
      IndexKey key;
      const IndexDefinition* index = writer.catalog().index(static_cast<IndexId>(r.token));
      if (r.start != kNoToken) {
        auto property = static_cast<PropertyKeyId>(r.start);
        writer.change_search_entry(*index, r.id, property, writer.property(index->entity, r.id, property), false);
        break;
      }
      if (writer.index_key(*index, r.id, &key)) writer.erase_index_entry(*index, key, r.id);
      break;
    }
    case Kind::kIndexProgress: writer.set_index_progress(r.token, r.id); break;
    case Kind::kDropAll: writer.undo_drop_all(*static_cast<const GraphWriter::Dropped*>(r.object.get())); break;
    case Kind::kSystemRecord: writer.set_system_record(r.name, r.text); break;
  }
}

}  // namespace graft::graph
