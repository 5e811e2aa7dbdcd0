#include "graph/catalog_codec.h"

#include "graph/catalog_data.h"
#include "graph/layout.h"

namespace graft::graph {

namespace {

constexpr uint8_t kCatalogFormat = 2;

void encode_numbers(const std::vector<uint32_t>& numbers, ByteWriter* out) {
  out->varint(numbers.size());
  for (uint32_t n : numbers) out->varint(n);
}

std::vector<uint32_t> decode_numbers(ByteReader* in) {
  std::vector<uint32_t> numbers;
  uint64_t n = in->varint();
  if (n > in->remaining()) in->fail();
  for (uint64_t i = 0; i < n && in->ok(); ++i) numbers.push_back(static_cast<uint32_t>(in->varint()));
  return numbers;
}

template <class E>
E decode_enum(ByteReader* in, E last) {
  uint8_t v = in->u8();
  if (v > static_cast<uint8_t>(last)) in->fail();
  return static_cast<E>(v);
}

void encode_tokens(const TokenTable& tokens, ByteWriter* out) {
  out->varint(tokens.by_name().size());
  for (const auto& [name, id] : tokens.by_name()) {
    out->bytes(name);
    out->varint(id);
  }
}

void decode_tokens(ByteReader* in, uint32_t limit, TokenTable* tokens) {
  uint64_t n = in->varint();
  for (uint64_t i = 0; i < n && in->ok(); ++i) {
    std::string_view name = in->bytes();
    uint64_t id = in->varint();
    if (!in->ok() || id >= limit || !tokens->add(static_cast<uint32_t>(id), name)) in->fail();
  }
}

}  // namespace

void encode_index(const IndexDefinition& d, ByteWriter* out) {
  out->varint(d.id);
  out->bytes(d.name);
  out->u8(static_cast<uint8_t>(d.kind));
  out->u8(static_cast<uint8_t>(d.entity));
  encode_numbers(d.labels_or_types, out);
  encode_numbers(d.keys, out);
  out->u8(d.unique ? 1 : 0);
  out->u8(static_cast<uint8_t>(d.state));
  out->bytes(d.failure);
  out->bytes(d.options);
}

IndexDefinition decode_index(ByteReader* in) {
  IndexDefinition d;
  uint64_t id = in->varint();
  if (id >= kMaxIndexes) in->fail();
  d.id = static_cast<IndexId>(id);
  d.name = in->bytes();
  d.kind = decode_enum(in, IndexKind::kVector);
  d.entity = decode_enum(in, EntityKind::kRelationship);
  d.labels_or_types = decode_numbers(in);
  d.keys = decode_numbers(in);
  d.unique = in->u8() != 0;
  d.state = decode_enum(in, IndexState::kFailed);
  d.failure = in->bytes();
  d.options = in->bytes();
  return d;
}

void encode_constraint(const ConstraintDefinition& c, ByteWriter* out) {
  out->bytes(c.name);
  out->u8(static_cast<uint8_t>(c.kind));
  out->u8(static_cast<uint8_t>(c.entity));
  out->varint(c.label_or_type);
  encode_numbers(c.keys, out);
  out->bytes(c.property_type);
  out->varint(c.backing_index);
  out->u8(c.validating ? 1 : 0);
}

ConstraintDefinition decode_constraint(ByteReader* in) {
  ConstraintDefinition c;
  c.name = in->bytes();
  c.kind = decode_enum(in, ConstraintKind::kPropertyType);
  c.entity = decode_enum(in, EntityKind::kRelationship);
  c.label_or_type = static_cast<uint32_t>(in->varint());
  c.keys = decode_numbers(in);
  c.property_type = in->bytes();
  c.backing_index = static_cast<IndexId>(in->varint());
  c.validating = in->u8() != 0;
  return c;
}

void encode_schema(const LabelSchema& s, ByteWriter* out) {
  out->u8(static_cast<uint8_t>(s.entity));
  out->varint(s.label_or_type);
  out->bytes(s.primary);
  out->varint(s.end_labels.size());
  for (const auto& [start, end] : s.end_labels) {
    out->bytes(start);
    out->bytes(end);
  }
  out->varint(s.fields.size());
  for (const SchemaField& f : s.fields) {
    out->bytes(f.name);
    out->bytes(f.type);
    out->u8(f.optional ? 1 : 0);
  }
  out->u8(s.validating ? 1 : 0);
}

LabelSchema decode_schema(ByteReader* in) {
  LabelSchema s;
  s.entity = decode_enum(in, EntityKind::kRelationship);
  s.label_or_type = static_cast<uint32_t>(in->varint());
  s.primary = in->bytes();
  for (uint64_t n = in->varint(); n > 0 && in->ok(); --n) {
    std::string start(in->bytes());
    s.end_labels.emplace_back(std::move(start), in->bytes());
  }
  for (uint64_t n = in->varint(); n > 0 && in->ok(); --n) {
    SchemaField f;
    f.name = in->bytes();
    f.type = in->bytes();
    f.optional = in->u8() != 0;
    s.fields.push_back(std::move(f));
  }
  s.validating = in->u8() != 0;
  return s;
}

std::string CatalogData::encode() const {
  std::string out;
  ByteWriter w(&out);
  w.u8(kCatalogFormat);
  encode_tokens(labels_, &w);
  encode_tokens(types_, &w);
  encode_tokens(keys_, &w);
  w.varint(indexes_.size());
  for (const IndexDefinition& d : indexes_) encode_index(d, &w);
  w.varint(constraints_.size());
  for (const ConstraintDefinition& c : constraints_) encode_constraint(c, &w);
  w.varint(schemas_.size());
  for (const LabelSchema& s : schemas_) encode_schema(s, &w);
  return out;
}

Result<std::shared_ptr<CatalogData>> CatalogData::decode(std::string_view bytes) {
  ByteReader in(bytes);
  auto catalog = std::make_shared<CatalogData>();
  if (in.u8() != kCatalogFormat) return Error{ErrorCode::kCorruption, "catalog: unknown format"};
  decode_tokens(&in, uint32_t{1} << 30, &catalog->labels_);
  decode_tokens(&in, uint32_t{1} << 30, &catalog->types_);
  decode_tokens(&in, kMaxPropertyKeys, &catalog->keys_);
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) catalog->indexes_.push_back(decode_index(&in));
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) catalog->constraints_.push_back(decode_constraint(&in));
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) catalog->schemas_.push_back(decode_schema(&in));
  if (!in.ok() || !in.done()) return Error{ErrorCode::kCorruption, "catalog: malformed"};
  catalog->index_changed();
  return catalog;
}

}  // namespace graft::graph
