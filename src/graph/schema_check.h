#pragma once

// Typed schemas (db.createVertexLabel) and property type constraints: does a value fit, and as what is it stored.

#include <string_view>

#include "base/result.h"
#include "graph/catalog.h"
#include "graph/value.h"

namespace graft::graph {

// True for a type name of TuGraph's typed schema (upper case).
bool is_field_type(std::string_view type);

// Makes `value` what a field of this type holds (an integer becomes a float in FLOAT and DOUBLE), or says why it does not
// fit: wrong type, out of range. Null passes: presence is checked elsewhere.
Status fit_field(const SchemaField& field, Value* value);

// Property type constraint (`IS :: INTEGER NOT NULL | STRING`, `LIST<FLOAT NOT NULL>`): true when the value conforms.
bool conforms(std::string_view property_type, const Value& value);

}  // namespace graft::graph
