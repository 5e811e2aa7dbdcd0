#include <algorithm>
#include <cmath>
#include <limits>

#include "cypher/semantic/analyzer_impl.h"

namespace graft::cypher {

std::string describe(TypeMask mask) {
  static constexpr std::pair<TypeMask, const char*> kNames[] = {
      {kBooleanMask, "Boolean"}, {kStringMask, "String"}, {kIntegerMask, "Integer"}, {kFloatMask, "Float"}, {kDateMask, "Date"},
      {kLocalTimeMask, "LocalTime"}, {kTimeMask, "Time"}, {kLocalDateTimeMask, "LocalDateTime"}, {kDateTimeMask, "DateTime"},
      {kDurationMask, "Duration"}, {kPointMask, "Point"}, {kNodeMask, "Node"}, {kRelationshipMask, "Relationship"}, {kMapMask, "Map"},
      {kListMask, "List<T>"}, {kPathMask, "Path"}, {kBytesMask, "ByteArray"}};
  if (mask == kAnyMask) return "Any";
  std::vector<std::string> parts;
  for (const auto& [bit, name] : kNames) {
    if (mask & bit) parts.push_back(name);
  }
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) out += (i == 0 ? "" : i + 1 == parts.size() ? " or " : ", ") + parts[i];
  return out;
}

bool is_aggregation(const Expr* e) {
  return e->kind == ExprKind::kCountStar || (e->kind == ExprKind::kFunction && e->function && e->function->aggregating);
}

bool contains_aggregation(const Expr* e) {
  if (!e) return false;
  if (is_aggregation(e)) return true;
  return std::any_of(e->children.begin(), e->children.end(), contains_aggregation);
}

namespace {

bool same_labels(const LabelExpr* a, const LabelExpr* b) {
  if (!a || !b) return a == b;
  if (a->kind != b->kind || a->name != b->name || a->dynamic || b->dynamic) return false;
  return std::equal(a->children.begin(), a->children.end(), b->children.begin(), b->children.end(), same_labels);
}

std::string lower_case(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

bool non_deterministic(const Expr* e) {
  if (!e) return false;
  if (e->kind == ExprKind::kFunction && e->function && e->function->stability == Stability::kNever) return true;
  return std::any_of(e->children.begin(), e->children.end(), non_deterministic);
}

}  // namespace

bool same_expression(const Expr* a, const Expr* b) {
  if (a == b) return true;
  if (!a || !b || a->kind != b->kind || a->distinct != b->distinct || a->pattern || b->pattern || a->query || b->query) return false;
  const bool name_differs = a->kind == ExprKind::kFunction || a->kind == ExprKind::kCountStar ? lower_case(a->name) != lower_case(b->name) : a->name != b->name;
  if (name_differs || a->name2 != b->name2 || a->names != b->names || a->all_properties != b->all_properties || a->has_default != b->has_default || a->has_subject != b->has_subject) return false;
  if (a->slot != kNoSlot && b->slot != kNoSlot && a->slot != b->slot) return false;
  if (a->kind == ExprKind::kLiteral && !graph::identical(a->literal, b->literal)) return false;
  if (!same_labels(a->labels, b->labels)) return false;
  if ((a->type != nullptr) != (b->type != nullptr) || (a->type && to_text(*a->type) != to_text(*b->type))) return false;
  return std::equal(a->children.begin(), a->children.end(), b->children.begin(), b->children.end(), same_expression);
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& known) {
  const std::string wanted = lower_case(name);
  std::string best;
  size_t best_distance = std::max<size_t>(1, wanted.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::string other = lower_case(candidate);
    if (other.size() > wanted.size() + best_distance || wanted.size() > other.size() + best_distance) continue;
    std::vector<size_t> row(other.size() + 1);
    for (size_t j = 0; j <= other.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= wanted.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j <= other.size(); ++j) {
        const size_t above = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (wanted[i - 1] == other[j - 1] ? 0 : 1)});
        diagonal = above;
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

namespace {

// Where an expression begins: of n.key and n:Label it is the n.
Position start_of(const Expr* e) {
  while (e->kind == ExprKind::kProperty || e->kind == ExprKind::kHasLabels) e = e->children[0];
  return e->position;
}

std::string describe_type(const Type& type) {
  const bool one_element = type.mask == kListMask && type.element != 0 && (type.element & (type.element - 1)) == 0;
  return one_element ? "List<" + describe(type.element) + ">" : describe(type.mask);
}

}  // namespace

void Analyzer::require(const Type& type, TypeMask allowed, const Expr* at, ErrorCode code) {
  TypeMask accepted = allowed;
  if (allowed & kFloatMask) accepted |= kIntegerMask;
  if ((type.mask & accepted) == 0) throw QueryError{code, "Type mismatch: expected " + describe(allowed) + " but was " + describe_type(type), start_of(at)};
}

Type Analyzer::literal(const graph::Value& v) {
  return v.is_null() ? Type{} : type_of(type_mask(v.type()));
}

Type Analyzer::variable(Expr* e, const Scope& scope) {
  auto it = scope.find(e->name);
  if (it != scope.end()) {
    e->slot = it->second.slot;
    return it->second.type;
  }
  const std::string lower = lower_case(e->name);
  if (lower == "nan" || lower == "inf" || lower == "infinity") {
    e->kind = ExprKind::kLiteral;
    e->literal = graph::Value::floating(lower == "nan" ? std::nan("") : std::numeric_limits<double>::infinity());
    return type_of(kFloatMask);
  }
  std::vector<std::string> known;
  for (const auto& [name, info] : scope) known.push_back(name);
  const std::string near = nearest_name(e->name, known);
  fail("Variable `" + e->name + "` not defined" + (near.empty() ? "" : ": did you mean `" + near + "`?"), e->position);
}

void Analyzer::children(Expr* e, const Scope& scope, const Context& context) {
  for (Expr* child : e->children) {
    if (child) expression(child, scope, context.value());
  }
}

Type Analyzer::plain(Expr* e, const Scope& scope, const char* place) {
  Context context;
  context.place = place;
  return expression(e, scope, context);
}

Type Analyzer::predicate(Expr* e, const Scope& scope, const char* place) {
  Context context;
  context.place = place;
  context.wants_boolean = true;
  const Type type = expression(e, scope, context);
  require(type, kBooleanMask, e);
  return type;
}

Type Analyzer::expression(Expr* e, const Scope& scope, const Context& context) {
  switch (e->kind) {
    case ExprKind::kLiteral: return literal(e->literal);
    case ExprKind::kParameter: return {};
    case ExprKind::kVariable: return variable(e, scope);
    case ExprKind::kCountStar: return aggregation(e, scope, context);
    case ExprKind::kProperty: return property(e, scope, context);
    case ExprKind::kIndex: return index(e, scope, context);
    case ExprKind::kSlice: {
      const Type subject = expression(e->children[0], scope, context.value());
      require(subject, kListMask, e->children[0]);
      for (size_t i = 1; i < 3; ++i) {
        if (e->children[i]) require(expression(e->children[i], scope, context.value()), kIntegerMask, e->children[i]);
      }
      return type_of(kListMask, subject.element);
    }
    case ExprKind::kHasLabels:
      require(expression(e->children[0], scope, context.value()), kNodeMask | kRelationshipMask, e->children[0]);
      resolve_labels(e->labels, scope);
      return type_of(kBooleanMask);
    case ExprKind::kList: return list(e, scope, context);
    case ExprKind::kMap:
      children(e, scope, context);
      return type_of(kMapMask);
    case ExprKind::kMapProjection:
      require(expression(e->children[0], scope, context.value()), kNodeMask | kRelationshipMask | kMapMask, e->children[0]);
      children(e, scope, context);
      return type_of(kMapMask);
    case ExprKind::kAnd: case ExprKind::kOr: case ExprKind::kXor: case ExprKind::kNot: return boolean_operator(e, scope, context);
    case ExprKind::kEqual: case ExprKind::kNotEqual: case ExprKind::kLess: case ExprKind::kLessEqual: case ExprKind::kGreater: case ExprKind::kGreaterEqual:
    case ExprKind::kIsNull: case ExprKind::kIsNotNull: case ExprKind::kIsTyped: case ExprKind::kIsNotTyped:
    case ExprKind::kStartsWith: case ExprKind::kEndsWith: case ExprKind::kContains:
    case ExprKind::kIsNormalized: case ExprKind::kIsNotNormalized:
      children(e, scope, context);
      return type_of(kBooleanMask);
    case ExprKind::kRegexMatch:
      for (Expr* child : e->children) require(expression(child, scope, context.value()), kStringMask, child);
      return type_of(kBooleanMask);
    case ExprKind::kIn:
      expression(e->children[0], scope, context.value());
      require(expression(e->children[1], scope, context.value()), kListMask, e->children[1]);
      return type_of(kBooleanMask);
    case ExprKind::kAdd: case ExprKind::kSubtract: case ExprKind::kMultiply: case ExprKind::kDivide: case ExprKind::kModulo: case ExprKind::kPower:
    case ExprKind::kConcat: case ExprKind::kNegate: case ExprKind::kPlus: return arithmetic(e, scope, context);
    case ExprKind::kFunction: return function(e, scope, context);
    case ExprKind::kCase: return case_expression(e, scope, context);
    case ExprKind::kListComprehension: case ExprKind::kAll: case ExprKind::kAny: case ExprKind::kNone: case ExprKind::kSingle:
      return comprehension(e, scope, context);
    case ExprKind::kReduce: return reduce(e, scope, context);
    case ExprKind::kPatternComprehension: return pattern_comprehension(e, scope, context);
    case ExprKind::kPatternExpression: {
      if (!context.wants_boolean) {
        fail("A pattern expression should only be used in order to test the existence of a pattern, in a predicate: write a pattern comprehension [p = " +
             std::string("(a)-->(b) | p] or COUNT { } elsewhere"), e->position);
      }
      Scope inner = scope;
      read_patterns({e->pattern}, &inner, false);
      return type_of(kBooleanMask);
    }
    case ExprKind::kShortestPath: {
      Scope inner = scope;
      read_patterns({e->pattern}, &inner, true);
      e->slot = e->pattern->slot = new_slot("", SlotKind::kPath);
      return e->wants_list ? type_of(kListMask, kPathMask) : type_of(kPathMask);
    }
    case ExprKind::kExists: case ExprKind::kCountSubquery: case ExprKind::kCollectSubquery: return subquery(e, scope);
    case ExprKind::kPath: case ExprKind::kUniqueRelationships: case ExprKind::kHasType: return {};
  }
  return {};
}

Type Analyzer::list(Expr* e, const Scope& scope, const Context& context) {
  Type out = type_of(kListMask, 0);
  for (Expr* child : e->children) out.element |= expression(child, scope, context.value()).mask;
  if (e->children.empty()) out.element = kAnyMask;
  return out;
}

Type Analyzer::property(Expr* e, const Scope& scope, const Context& context) {
  const Type subject = expression(e->children[0], scope, context.value());
  constexpr TypeMask kTemporal = kDateMask | kLocalTimeMask | kTimeMask | kLocalDateTimeMask | kDateTimeMask | kDurationMask;
  require(subject, kNodeMask | kRelationshipMask | kMapMask | kPointMask | kTemporal, e->children[0], subject.mask == kPathMask ? ErrorCode::kSyntax : ErrorCode::kType);
  const bool entity = subject.mask != 0 && (subject.mask & ~(kNodeMask | kRelationshipMask)) == 0;
  return entity ? type_of(kAnyMask & ~(kNodeMask | kRelationshipMask | kMapMask | kPathMask)) : Type{};
}

Type Analyzer::index(Expr* e, const Scope& scope, const Context& context) {
  const Type subject = expression(e->children[0], scope, context.value());
  constexpr TypeMask kFields = kDateMask | kLocalTimeMask | kTimeMask | kLocalDateTimeMask | kDateTimeMask | kDurationMask;
  require(subject, kListMask | kMapMask | kNodeMask | kRelationshipMask | kFields, e->children[0], ErrorCode::kType);
  const Type at = expression(e->children[1], scope, context.value());
  if (subject.mask == kListMask) require(at, kIntegerMask, e->children[1], ErrorCode::kType);
  if (subject.mask != 0 && (subject.mask & ~(kMapMask | kNodeMask | kRelationshipMask)) == 0) require(at, kStringMask, e->children[1], ErrorCode::kType);
  return subject.mask == kListMask && (at.mask & kIntegerMask) ? type_of(subject.element) : Type{};
}

Type Analyzer::add(const Type& a, const Type& b) {
  if (a.mask == kListMask || b.mask == kListMask) {
    const auto elements = [](const Type& t) { return t.mask == kListMask ? t.element : t.mask; };
    return type_of(kListMask, elements(a) | elements(b));
  }
  const auto only = [](const Type& t, TypeMask m) { return (t.mask & ~m) == 0; };
  if (only(a, kIntegerMask) && only(b, kIntegerMask)) return type_of(kIntegerMask);
  if (only(a, kNumberMask) && only(b, kNumberMask)) return type_of(a.mask == kFloatMask || b.mask == kFloatMask ? kFloatMask : kNumberMask);
  if ((only(a, kStringMask) && only(b, kStringMask | kNumberMask)) || (only(b, kStringMask) && only(a, kStringMask | kNumberMask))) return type_of(kStringMask);
  return {};
}

namespace {

// What may stand on the right of an operator that has `left` on its left.
TypeMask partners(ExprKind kind, TypeMask left) {
  constexpr TypeMask kInstant = kDateMask | kLocalTimeMask | kTimeMask | kLocalDateTimeMask | kDateTimeMask;
  TypeMask out = 0;
  if (left & kNumberMask) out |= TypeMask{kNumberMask};
  if ((left & kNumberMask) && kind == ExprKind::kAdd) out |= TypeMask{kStringMask};
  if ((left & kNumberMask) && kind == ExprKind::kMultiply) out |= TypeMask{kDurationMask};
  if (kind == ExprKind::kAdd || kind == ExprKind::kSubtract) {
    if (left & kInstant) out |= kDurationMask;
    if (left & kDurationMask) out |= kDurationMask | (kind == ExprKind::kAdd ? kInstant : TypeMask{0});
    if (kind == ExprKind::kAdd && (left & (kInstant | kDurationMask))) out |= kStringMask;
  } else if (left & kDurationMask) {
    out |= kNumberMask;
  }
  return (left & (kStringMask | kListMask)) != 0 ? TypeMask{kAnyMask} : out;
}

}  // namespace

Type Analyzer::arithmetic(Expr* e, const Scope& scope, const Context& context) {
  constexpr TypeMask kTemporal = kDateMask | kLocalTimeMask | kTimeMask | kLocalDateTimeMask | kDateTimeMask | kDurationMask;
  TypeMask allowed = kNumberMask;
  if (e->kind == ExprKind::kSubtract) allowed |= kTemporal;
  if (e->kind == ExprKind::kMultiply || e->kind == ExprKind::kDivide) allowed |= kDurationMask;
  if (e->kind == ExprKind::kAdd) allowed |= kTemporal | kStringMask | kListMask;
  if (e->kind == ExprKind::kConcat) allowed = kStringMask | kListMask | kBytesMask;
  std::vector<Type> types;
  for (Expr* child : e->children) types.push_back(expression(child, scope, context.value()));
  const bool with_list = e->kind == ExprKind::kAdd && std::any_of(types.begin(), types.end(), [](const Type& t) { return t.mask & kListMask; });
  for (size_t i = 0; i < types.size() && !with_list; ++i) require(types[i], allowed, e->children[i]);
  if (e->kind == ExprKind::kConcat && (types[0].mask == kListMask || types[0].mask == kStringMask)) require(types[1], types[0].mask, e->children[1]);
  if (types.size() == 2 && !with_list && e->kind != ExprKind::kConcat) require(types[1], partners(e->kind, types[0].mask), e->children[1]);
  if (types.size() == 1) return type_of(types[0].mask & (kNumberMask | kDurationMask));
  const bool integers = types[0].mask == kIntegerMask && types[1].mask == kIntegerMask;
  const bool numbers = ((types[0].mask | types[1].mask) & ~kNumberMask) == 0;
  const bool has_float = types[0].mask == kFloatMask || types[1].mask == kFloatMask;
  switch (e->kind) {
    case ExprKind::kAdd: return add(types[0], types[1]);
    case ExprKind::kConcat: return types[0].mask == kListMask ? type_of(kListMask, types[0].element | types[1].element) : type_of(types[0].mask & allowed);
    case ExprKind::kPower: return type_of(kFloatMask);
    default: return integers ? type_of(kIntegerMask) : numbers ? type_of(has_float ? kFloatMask : kNumberMask) : Type{};
  }
}

Type Analyzer::boolean_operator(Expr* e, const Scope& scope, const Context& context) {
  for (Expr* child : e->children) {
    const Type type = expression(child, scope, context.boolean());
    require(type, kBooleanMask, child);
  }
  return type_of(kBooleanMask);
}

Type Analyzer::aggregation(Expr* e, const Scope& scope, const Context& context) {
  if (context.inside_aggregation) fail("Can't use aggregate functions inside of aggregate functions", e->position);
  if (!context.aggregation_allowed) {
    fail("Invalid use of aggregating function " + (e->kind == ExprKind::kCountStar ? std::string("count") : e->name) + "(...) in " + (*context.place ? context.place : "this context"), e->position);
  }
  if (e->kind == ExprKind::kCountStar) return type_of(kIntegerMask);
  Context inner = context.value();
  inner.inside_aggregation = true;
  TypeMask elements = kAnyMask;
  for (size_t i = 0; i < e->children.size(); ++i) {
    const Type type = expression(e->children[i], scope, inner);
    if (non_deterministic(e->children[i])) fail("Can't use non-deterministic (random) functions inside of aggregate functions", e->children[i]->position);
    if (i < e->function->argument_types.size()) require(type, e->function->argument_types[i], e->children[i]);
    if (i == 0) elements = type.mask;
  }
  const std::string name = lower_case(e->name);
  if (name == "collect") return type_of(kListMask, elements);
  if (name == "min" || name == "max") return type_of(elements);
  return type_of(e->function->result_type);
}

// linenumber() and file() are what the LOAD CSV before them says; null without one.
bool Analyzer::import_function(Expr* e, const Scope& scope) {
  const auto is = [&](std::string_view name) {
    return e->name.size() == name.size() && std::equal(name.begin(), name.end(), e->name.begin(), [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
  };
  const bool line = is("linenumber");
  if ((!line && !is("file")) || !e->children.empty()) return false;
  const auto found = scope.find(line ? kLineVariable : kFileVariable);
  e->kind = found == scope.end() ? ExprKind::kLiteral : ExprKind::kVariable;
  if (found == scope.end()) return true;
  e->name = found->first;
  e->slot = found->second.slot;
  return true;
}

Type Analyzer::function(Expr* e, const Scope& scope, const Context& context) {
  if (import_function(e, scope)) return e->kind == ExprKind::kVariable ? scope.find(e->name)->second.type : Type{};
  e->function = find_function(e->name);
  if (!e->function) {
    std::vector<std::string> known;
    for (std::string_view name : function_names()) known.emplace_back(name);
    const std::string near = nearest_name(e->name, known);
    fail("Unknown function '" + e->name + "'" + (near.empty() ? "" : ": did you mean '" + near + "'?"), e->position);
  }
  const FunctionInfo& f = *e->function;
  const int count = static_cast<int>(e->children.size());
  if (count < f.min_args || (f.max_args >= 0 && count > f.max_args)) {
    fail(std::string(count < f.min_args ? "Insufficient" : "Too many") + " parameters for function '" + f.name + "': " + f.signature, e->position);
  }
  if (f.aggregating) return aggregation(e, scope, context);
  if (e->distinct) fail("DISTINCT can only be used with aggregating functions, and '" + f.name + "' is none", e->position);
  Type first;
  for (size_t i = 0; i < e->children.size(); ++i) {
    const Type type = expression(e->children[i], scope, context.value());
    if (i == 0) first = type;
    if (!f.argument_types.empty()) require(type, f.argument_types[std::min(i, f.argument_types.size() - 1)], e->children[i]);
  }
  const std::string name = lower_case(f.name);
  if (name == "nodes") return type_of(kListMask, kNodeMask);
  if (name == "relationships") return type_of(kListMask, kRelationshipMask);
  if (name == "range") return type_of(kListMask, kIntegerMask);
  if (name == "keys" || name == "labels" || name == "split") return type_of(kListMask, kStringMask);
  if (name == "tail") return type_of(kListMask, first.element);
  if (name == "reverse" && first.mask == kListMask) return first;
  if (name == "head" || name == "last") return type_of(first.element);
  return type_of(f.result_type);
}

Type Analyzer::case_expression(Expr* e, const Scope& scope, const Context& context) {
  size_t i = 0;
  if (e->has_subject) expression(e->children[i++], scope, context.value());
  Type out = type_of(0, 0);
  while (i + 1 < e->children.size()) {
    const Type tested = expression(e->children[i], scope, e->has_subject ? context.value() : context.boolean());
    if (!e->has_subject) require(tested, kBooleanMask, e->children[i]);
    out = either(out, expression(e->children[i + 1], scope, context));
    i += 2;
  }
  if (e->has_default) out = either(out, expression(e->children[i], scope, context));
  return out;
}

Type Analyzer::comprehension(Expr* e, const Scope& scope, const Context& context) {
  const Type source = expression(e->children[0], scope, context.value());
  require(source, kListMask, e->children[0]);
  Scope inner = scope;
  e->slot = new_slot(e->name);
  const Type element = type_of(source.mask == kListMask && source.element != 0 ? source.element : kAnyMask);
  inner[e->name] = {e->slot, element};
  if (e->children[1]) require(expression(e->children[1], inner, context.local().boolean()), kBooleanMask, e->children[1]);
  if (e->kind != ExprKind::kListComprehension) return type_of(kBooleanMask);
  if (!e->children[2]) return type_of(kListMask, element.mask);
  return type_of(kListMask, expression(e->children[2], inner, context.local()).mask);
}

Type Analyzer::reduce(Expr* e, const Scope& scope, const Context& context) {
  const Type initial = expression(e->children[0], scope, context.value());
  const Type source = expression(e->children[1], scope, context.value());
  require(source, kListMask, e->children[1]);
  Scope inner = scope;
  e->slot = new_slot(e->name);
  e->slot2 = new_slot(e->name2);
  if (e->name == e->name2) fail("Variable `" + e->name + "` already declared", e->position);
  inner[e->name] = {e->slot, Type{}};
  inner[e->name2] = {e->slot2, type_of(source.mask == kListMask ? source.element : kAnyMask)};
  return either(initial, expression(e->children[2], inner, context.local()));
}

Type Analyzer::pattern_comprehension(Expr* e, const Scope& scope, const Context& context) {
  Scope inner = scope;
  if (!e->name.empty()) {
    e->pattern->variable = e->name;
    inner.erase(e->name);
  }
  read_patterns({e->pattern}, &inner, true);
  if (e->children[0]) require(expression(e->children[0], inner, context.local().boolean()), kBooleanMask, e->children[0]);
  const Type element = expression(e->children[1], inner, context.local());
  e->slot = new_slot("");
  return type_of(kListMask, element.mask);
}

Type Analyzer::subquery(Expr* e, const Scope& scope) {
  query(e->query, scope, scope, e->kind == ExprKind::kCollectSubquery ? QueryRole::kCollect : QueryRole::kExists);
  if (e->kind == ExprKind::kCollectSubquery && e->query->columns.size() != 1) fail("A Collect subquery must end with a RETURN of exactly one column", e->position);
  if (e->kind == ExprKind::kExists) return type_of(kBooleanMask);
  if (e->kind == ExprKind::kCountSubquery) return type_of(kIntegerMask);
  e->slot = e->query->slots[0];
  return type_of(kListMask);
}

}  // namespace graft::cypher
