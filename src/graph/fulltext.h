#pragma once

// Full text indexes: postings in the index's own B+tree, read here, written by GraphWriter.
//
//   01 field id                      -> a document has this field    (then its length in words)
//   02 field term 00 01 id           -> a posting                    (then frequency, length of the field, positions)
//
// field: a byte, the property's place in the definition; id: 8 bytes, big-endian; what follows are varints at the end of
// the key, positions as differences. A zero byte in a term is 00 FF. Positions beyond kMaxPositionBytes are left out: a
// phrase is found among the first ones. Page kStatisticsPage of the index's table has a FulltextStatistics per field.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/btree.h"
#include "graph/catalog.h"
#include "graph/view.h"

namespace graft::graph {

inline constexpr size_t kMaxFulltextFields = 255;
inline constexpr size_t kMaxPositionBytes = 4096;
inline constexpr storage::PageNo kStatisticsPage = storage::PageNo{1} << 40;

struct FulltextStatistics {  // of one field
  uint64_t documents = 0;    // with at least one word
  uint64_t words = 0;        // in all of them
};

struct FulltextPosting {
  uint64_t id = 0;
  uint32_t frequency = 0;
  uint32_t length = 0;  // words of the field
  std::vector<uint32_t> positions;
};

std::string document_key_prefix(uint8_t field);
std::string posting_key_prefix(uint8_t field, std::string_view term);
// All keys of one document's field.
std::vector<std::string> fulltext_keys(uint8_t field, uint64_t id, const IndexDefinition& index, const Value& value,
                                       uint32_t* length);
bool is_text(const Value& value);  // a string, or a list of strings

// What a version, or a transaction's fork, has. Valid as long as the view; in a transaction until its next write.
class FulltextReader {
 public:
  // Leaves in the view's footprint that all of the index was read.
  FulltextReader(const GraphView& view, const IndexDefinition& index);

  size_t fields() const { return fields_; }
  FulltextStatistics statistics(uint8_t field) const;
  // In order of ids, until visit returns false.
  void postings(uint8_t field, std::string_view term, bool positions, const std::function<bool(const FulltextPosting&)>& visit) const;
  void documents(uint8_t field, const std::function<bool(uint64_t id)>& visit) const;
  // Distinct terms >= from, ascending, until visit returns false.
  void terms(uint8_t field, std::string_view from, const std::function<bool(std::string_view term)>& visit) const;

 private:
  TreeCursor cursor() const { return TreeCursor(view_.reader(), table_); }
  const GraphView& view_;
  storage::TableId table_;
  size_t fields_;
};

}  // namespace graft::graph
