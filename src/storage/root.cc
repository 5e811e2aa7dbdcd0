#include "storage/root.h"

namespace graft::storage {

Root::Root(const TableList& tables) {
  uint64_t copied = 0;
  for (const TableRoot& t : tables) for_write(t.id, 0, &copied) = t;
}

TableList Root::list() const {
  TableList all;
  for (const Entry& e : entries_) all.insert(all.end(), e.chunk->tables.begin(), e.chunk->tables.begin() + e.chunk->count);
  return all;
}

// Index of the entry for this id, its chunk owned.
size_t Root::own_chunk(TableId id, VersionNo stamp, uint64_t* bytes_copied) {
  if (entries_.empty()) {
    entries_.push_back({0, std::make_shared<Chunk>()});
    entries_[0].chunk->owner = stamp;
  }
  size_t i = static_cast<size_t>(entry_of(id) - entries_.data());
  if (entries_[i].chunk->owner != stamp) {
    entries_[i].chunk = std::make_shared<Chunk>(*entries_[i].chunk);
    entries_[i].chunk->owner = stamp;
    *bytes_copied += entries_[i].chunk->count * sizeof(TableRoot);
  }
  return i;
}

TableRoot& Root::for_write(TableId id, VersionNo stamp, uint64_t* bytes_copied) {
  size_t i = own_chunk(id, stamp, bytes_copied);
  Chunk* c = entries_[i].chunk.get();
  auto begin = c->tables.begin();
  auto it = begin + c->last_not_above(id);
  if (c->count != 0 && it->id == id) return *it;
  if (c->count != 0 && it->id < id) ++it;
  if (c->count == kChunkTables) {
    auto upper = std::make_shared<Chunk>();
    upper->owner = stamp;
    upper->count = kChunkTables / 2;
    c->count -= upper->count;
    std::copy(begin + c->count, begin + kChunkTables, upper->tables.begin());
    TableId first = upper->tables[0].id;
    entries_.insert(entries_.begin() + static_cast<ptrdiff_t>(i) + 1, {first, std::move(upper)});
    return for_write(id, stamp, bytes_copied);
  }
  std::copy_backward(it, begin + c->count, begin + c->count + 1);
  ++c->count;
  *it = TableRoot{id, 0, 0};
  return *it;
}

void Root::erase(TableId id, VersionNo stamp, uint64_t* bytes_copied) {
  if (find(id) == nullptr) return;
  size_t i = own_chunk(id, stamp, bytes_copied);
  Chunk& c = *entries_[i].chunk;
  auto end = c.tables.begin() + c.count;
  auto it = c.tables.begin() + c.last_not_above(id);
  std::copy(it + 1, end, it);
  --c.count;
  if (c.count == 0 && i != 0) entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(i));
}

}  // namespace graft::storage
