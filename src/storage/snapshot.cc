// Snapshot chunks: what a version consists of, in (table, page) order, independent of any file.
//
//   chunk:  checksum64 of the rest (8 bytes) | page...      page: table (4) | number (8) | length (4) | bytes

#include <algorithm>

#include "base/checksum.h"
#include "base/codec.h"
#include "storage/store_impl.h"

namespace graft::storage {

namespace {

std::string encode_key(TableId table, PageNo no) {
  std::string key;
  ByteWriter w(&key);
  w.u32(table);
  w.u64(no);
  return key;
}

}  // namespace

Result<std::string> StoreImpl::read_snapshot_chunk(const VersionRef& version, std::string* resume_key, size_t max_bytes) {
  TableId from_table = 0;
  PageNo from = 0;
  if (!resume_key->empty()) {
    ByteReader r(*resume_key);
    from_table = r.u32();
    from = r.u64();
    if (!r.ok() || !r.done()) return Error{ErrorCode::kInvalidArgument, "snapshot: malformed resume key"};
  }
  std::string chunk(8, '\0');
  ByteWriter w(&chunk);
  bool full = false;
  PageReader reader = version.reader();
  for (TableId table : reader.tables()) {
    if (table < from_table || full) continue;
    reader.for_each_page(table, table == from_table ? from : 0, [&](PageNo no, PageView page) {
      if (chunk.size() > 8 && chunk.size() + page.size() > max_bytes) {
        *resume_key = encode_key(table, no);
        full = true;
        return false;
      }
      w.u32(table);
      w.u64(no);
      w.u32(static_cast<uint32_t>(page.size()));
      w.raw(page);
      return true;
    });
  }
  GRAFT_TRY(health());  // damaged pages read as absent
  if (!full) *resume_key = encode_key(~TableId{0}, ~PageNo{0});
  if (chunk.size() == 8) return std::string();
  std::string sum;
  ByteWriter(&sum).u64(checksum64(std::string_view(chunk).substr(8)));
  std::copy(sum.begin(), sum.end(), chunk.begin());
  return chunk;
}

Status Store::apply_snapshot_chunk(Fork& fork, std::string_view chunk) {
  ByteReader head(chunk);
  uint64_t sum = head.u64();
  if (!head.ok() || sum != checksum64(chunk.substr(8)))
    return Error{ErrorCode::kCorruption, "snapshot: a chunk's checksum does not match"};
  for (int pass = 0; pass < 2; ++pass) {  // first look, then do
    ByteReader r(chunk.substr(8));
    while (r.ok() && !r.done()) {
      TableId table = r.u32();
      PageNo no = r.u64();
      std::string_view bytes = r.raw(r.u32());
      if (!r.ok() || no > kMaxPageNo) return Error{ErrorCode::kCorruption, "snapshot: a chunk is malformed"};
      if (pass == 1) fork.put(table, no, bytes);
    }
  }
  return {};
}

}  // namespace graft::storage
