// Functions on lists and paths.
#include <algorithm>

#include "cypher/functions/function_helpers.h"
#include "cypher/functions/unicode.h"

namespace graft::cypher {
namespace {

using graph::List;
using graph::Value;
using graph::ValueType;

Value head(QueryContext&, Arguments args) {
  if (args[0].is_null()) return Value();
  const List& list = list_argument(args[0]);
  return list.empty() ? Value() : list.front();
}

Value last(QueryContext&, Arguments args) {
  if (args[0].is_null()) return Value();
  const List& list = list_argument(args[0]);
  return list.empty() ? Value() : list.back();
}

Value tail(QueryContext& context, Arguments args) {
  if (args[0].is_null()) return Value();
  const List& list = list_argument(args[0]);
  List out;
  if (!list.empty()) append_items(context, &out, list.begin() + 1, list.end());
  return Value::list(std::move(out));
}

Value size(QueryContext&, Arguments args) {
  if (args[0].is_null()) return Value();
  if (args[0].type() == ValueType::kString) return Value::integer(static_cast<int64_t>(code_points(args[0].as_string())));
  if (args[0].type() != ValueType::kList) throw_type("String or List", args[0]);
  return Value::integer(static_cast<int64_t>(args[0].as_list().size()));
}

Value is_empty(QueryContext&, Arguments args) {
  switch (args[0].type()) {
    case ValueType::kNull: return Value();
    case ValueType::kString: return Value::boolean(args[0].as_string().empty());
    case ValueType::kList: return Value::boolean(args[0].as_list().empty());
    case ValueType::kMap: return Value::boolean(args[0].as_map().empty());
    default: throw_type("String, List or Map", args[0]);
  }
}

Value reverse(QueryContext& context, Arguments args) {
  if (args[0].is_null()) return Value();
  if (args[0].type() == ValueType::kString) {
    context.room_for(args[0].heap_bytes());
    const std::string_view original = args[0].as_string();
    if (is_ascii(original)) return Value::string(std::string(original.rbegin(), original.rend()));
    context.room_for(original.size() * 6);  // as code points in between
    std::vector<uint32_t> characters = decode_utf8(args[0].as_string());
    std::string text;
    for (auto c = characters.rbegin(); c != characters.rend(); ++c) append_utf8(*c, &text);
    return Value::string(text);
  }
  if (args[0].type() != ValueType::kList) throw_type("String or List", args[0]);
  List out;
  append_items(context, &out, args[0].as_list().rbegin(), args[0].as_list().rend());
  return Value::list(std::move(out));
}

Value range(QueryContext& context, Arguments args) {
  int64_t start = integer_argument(args[0]), end = integer_argument(args[1]);
  int64_t step = args.size() > 2 ? integer_argument(args[2]) : 1;
  if (step == 0) throw_error(ErrorCode::kArgument, "The step of range() must not be 0");
  __int128 span = static_cast<__int128>(end) - start;
  __int128 count = (span < 0) != (step < 0) && span != 0 ? 0 : span / step + 1;
  if (count > (int64_t{1} << 40)) throw_error(ErrorCode::kOutOfMemory, "range() gives more elements than fit into memory");
  context.room_for(static_cast<size_t>(count) * sizeof(Value));
  List list;
  list.reserve(static_cast<size_t>(count));
  for (__int128 i = 0; i < count; ++i) {
    context.tick();
    list.push_back(Value::integer(static_cast<int64_t>(start + i * step)));
  }
  return Value::list(std::move(list));
}

const graph::Path& path_argument(const Value& v) {
  if (v.type() != ValueType::kPath) throw_type("Path", v);
  return v.as_path();
}

Value nodes(QueryContext& context, Arguments args) {
  if (args[0].is_null()) return Value();
  context.room_for(args[0].heap_bytes());
  List list;
  for (graph::NodeId id : path_argument(args[0]).nodes) list.push_back(Value::node(id));
  return Value::list(std::move(list));
}

Value relationships(QueryContext& context, Arguments args) {
  if (args[0].is_null()) return Value();
  context.room_for(args[0].heap_bytes());
  List list;
  for (graph::RelationshipId id : path_argument(args[0]).relationships) list.push_back(Value::relationship(id));
  return Value::list(std::move(list));
}

}  // namespace

void add_list_functions(FunctionTable& t) {
  t.scalar("head(list :: LIST<ANY>) :: ANY", "Scalar", head, "The first element of a list.");
  t.scalar("last(list :: LIST<ANY>) :: ANY", "Scalar", last, "The last element of a list.");
  t.scalar("tail(input :: LIST<ANY>) :: LIST<ANY>", "List", tail, "A list without its first element.");
  t.scalar("size(input :: STRING | LIST<ANY>) :: INTEGER", "Scalar", size, "Elements of a list, or characters of a string.");
  t.scalar("isEmpty(input :: STRING | LIST<ANY> | MAP) :: BOOLEAN", "Predicate", is_empty, "True for what has no elements.");
  t.scalar("reverse(input :: STRING | LIST<ANY>) :: STRING | LIST<ANY>", "List", reverse, "The elements or characters in reverse order.");
  t.scalar("range(start :: INTEGER, end :: INTEGER, step = 1 :: INTEGER) :: LIST<INTEGER>", "List", range, "All integers from start to end, both included, by step.", Stability::kForever, true);
  t.scalar("nodes(input :: PATH) :: LIST<NODE>", "List", nodes, "The nodes of a path.");
  t.scalar("relationships(input :: PATH) :: LIST<RELATIONSHIP>", "List", relationships, "The relationships of a path.");
}

}  // namespace graft::cypher
