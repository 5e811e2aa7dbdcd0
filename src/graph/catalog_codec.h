#pragma once

// Binary form of catalog entries: the catalog page and change sets.

#include "base/codec.h"
#include "graph/catalog.h"

namespace graft::graph {

void encode_index(const IndexDefinition& d, ByteWriter* out);
void encode_constraint(const ConstraintDefinition& c, ByteWriter* out);
void encode_schema(const LabelSchema& s, ByteWriter* out);
// Safe on any bytes: in->ok() is false when malformed.
IndexDefinition decode_index(ByteReader* in);
ConstraintDefinition decode_constraint(ByteReader* in);
LabelSchema decode_schema(ByteReader* in);

}  // namespace graft::graph
