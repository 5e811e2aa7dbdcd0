#include "graph/vector_pages.h"

#include <cmath>
#include <cstring>

#include "graph/layout.h"

namespace graft::graph {

std::optional<std::vector<float>> vector_of(const Value& value, const VectorOptions& options) {
  if (value.type() != ValueType::kList || value.as_list().empty() || value.as_list().size() > kMaxVectorDimensions) return std::nullopt;
  if (options.dimensions != 0 && value.as_list().size() != options.dimensions) return std::nullopt;
  std::vector<float> out;
  out.reserve(value.as_list().size());
  double norm = 0;
  for (const Value& item : value.as_list()) {
    if (!item.is_number()) return std::nullopt;
    float f = static_cast<float>(item.as_number());
    if (!std::isfinite(f)) return std::nullopt;
    norm += double{f} * double{f};
    out.push_back(f == 0 ? 0.0f : f);  // one zero
  }
  float length = static_cast<float>(std::sqrt(norm));
  if (!std::isfinite(length) || (length == 0 && options.similarity == VectorSimilarity::kCosine)) return std::nullopt;
  return out;
}

Sum128 vector_item(IndexId index, uint64_t id, const std::vector<float>& vector) {
  std::string bytes;
  bytes.append(reinterpret_cast<const char*>(&index), sizeof(index));
  bytes.append(reinterpret_cast<const char*>(&id), sizeof(id));
  bytes.append(reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float));
  return hash128(bytes, 11);
}

void for_each_vector_block(const GraphView& view, const IndexDefinition& index,
                           const std::function<void(uint64_t, const VectorBlock&)>& visit) {
  view.record_index_read(index.id);
  view.reader().for_each_page(index_table(view.meta().generation, index.id), 1, [&](storage::PageNo no, storage::PageView page) {
    const auto* blocks = reinterpret_cast<const VectorBlock*>(page.data());
    for (uint32_t i = 0; i < page.size() / sizeof(VectorBlock); ++i)
      if (blocks[i].count != 0) visit((no - 1) * kVectorBlocksPerPage + i, blocks[i]);
    return true;
  });
}

void read_vectors(const GraphView& view, const IndexDefinition& index, uint64_t block,
                  const std::function<void(uint64_t, std::vector<float>)>& visit) {
  VectorOptions options = vector_options_of(index);
  bool nodes = index.entity == EntityKind::kNode;
  std::vector<uint64_t> ids;
  for (uint64_t id = block << kVectorBlockBits; id >> kVectorBlockBits == block; ++id) {
    bool member = nodes ? view.has_label(id, index.labels_or_types[0]) : view.relationship(id).type == index.labels_or_types[0];
    if (member) ids.push_back(id);
  }
  std::vector<Value> values(ids.size());
  if (nodes) view.node_property_batch(ids, index.keys[0], values);
  else view.relationship_property_batch(ids, index.keys[0], values);
  for (size_t i = 0; i < ids.size(); ++i)
    if (auto vector = vector_of(values[i], options)) visit(ids[i], std::move(*vector));
}

}  // namespace graft::graph
