#include "cypher/procedures/registry.h"

#include <algorithm>

#include "base/check.h"
#include "cypher/functions/query_context.h"
#include "cypher/functions/registry.h"
#include "cypher/functions/unicode.h"
#include "cypher/procedures/builtin.h"
#include "cypher/search/search_procedures.h"

namespace graft::cypher {
namespace {

using graph::Value;
using graph::ValueType;

class ListedRows final : public ProcedureRows {
 public:
  explicit ListedRows(std::vector<std::vector<Value>> rows) : rows_(std::move(rows)) {}
  bool next(std::vector<Value>* row) override {
    if (at_ == rows_.size()) return false;
    *row = std::move(rows_[at_++]);
    return true;
  }

 private:
  std::vector<std::vector<Value>> rows_;
  size_t at_ = 0;
};

std::string signature_of(const ProcedureInfo& p) {
  auto append = [](std::string* text, std::string_view name, std::string_view type) {
    if (text->back() != '(') *text += ", ";
    text->append(name).append(" :: ").append(type);
  };
  std::string text = p.name + "(";
  for (const ProcedureInput& in : p.inputs) {
    append(&text, in.default_value ? in.name + " = " + graph::to_text(*in.default_value) : in.name, in.type);
  }
  if (p.variadic) text += "...";
  if (p.outputs.empty()) return text + ")";
  text += ") :: (";
  for (const ProcedureOutput& out : p.outputs) append(&text, out.name, out.type);
  return text + ")";
}

// "STRING", "STRING?", "LIST<ANY>" ... ; a type that is not known here takes anything.
TypeMask mask_of(std::string_view type) {
  if (type.ends_with("?")) type.remove_suffix(1);
  if (type.starts_with("LIST")) return kListMask;
  constexpr std::pair<std::string_view, TypeMask> kTypes[] = {
      {"BOOLEAN", kBooleanMask}, {"STRING", kStringMask}, {"INTEGER", kIntegerMask}, {"FLOAT", kNumberMask}, {"NUMBER", kNumberMask},
      {"MAP", kMapMask}, {"NODE", kNodeMask}, {"RELATIONSHIP", kRelationshipMask}, {"PATH", kPathMask}};
  for (auto [name, mask] : kTypes) {
    if (name == type) return mask;
  }
  return kAnyMask;
}

Value check_argument(const ProcedureInfo& p, const ProcedureInput& input, Value v) {
  bool nullable = input.type.ends_with("?") || mask_of(input.type) == kAnyMask;
  if (v.is_null() && nullable) return v;
  if (v.is_null() || (type_mask(v.type()) & mask_of(input.type)) == 0) {
    throw_error(ErrorCode::kType, "The argument '" + input.name + "' of " + p.name + " must be " + input.type + ", but was " + graph::to_text(v) + ". Signature: " + p.signature);
  }
  if (input.type.starts_with("FLOAT") && v.type() == ValueType::kInteger) return Value::floating(v.as_number());
  return v;
}

}  // namespace

std::unique_ptr<ProcedureRows> make_rows(std::vector<std::vector<Value>> rows) { return std::make_unique<ListedRows>(std::move(rows)); }

void ProcedureRegistry::add_reading(std::string name, std::vector<ProcedureInput> inputs, std::vector<ProcedureOutput> outputs,
                                    std::string description, ProcedureFunction call) {
  ProcedureInfo procedure;
  procedure.name = std::move(name);
  procedure.inputs = std::move(inputs);
  procedure.outputs = std::move(outputs);
  procedure.description = std::move(description);
  procedure.call = std::move(call);
  add(std::move(procedure));
}

void ProcedureRegistry::add(ProcedureInfo procedure) {
  if (procedure.signature.empty()) procedure.signature = signature_of(procedure);
  std::lock_guard lock(mutex_);
  owned_.push_back(std::make_unique<ProcedureInfo>(std::move(procedure)));
  const ProcedureInfo* added = owned_.back().get();
  auto less = [](const ProcedureInfo* a, const ProcedureInfo* b) { return a->name < b->name; };
  auto at = std::lower_bound(sorted_.begin(), sorted_.end(), added, less);
  if (at != sorted_.end() && (*at)->name == added->name) {
    *at = added;
  } else {
    sorted_.insert(at, added);
  }
  ++version_;
}

const ProcedureInfo* ProcedureRegistry::find(std::string_view name) const {
  std::lock_guard lock(mutex_);
  const ProcedureInfo* alike = nullptr;
  std::string lower = to_lower(name);
  for (const ProcedureInfo* p : sorted_) {
    if (p->name == name) return p;
    if (alike == nullptr && to_lower(p->name) == lower) alike = p;
  }
  return alike;
}

std::vector<const ProcedureInfo*> ProcedureRegistry::all() const {
  std::lock_guard lock(mutex_);
  return sorted_;
}

std::vector<std::string> ProcedureRegistry::names() const {
  std::vector<std::string> out;
  for (const ProcedureInfo* p : all()) out.push_back(p->name);
  return out;
}

uint64_t ProcedureRegistry::version() const {
  std::lock_guard lock(mutex_);
  return version_;
}

std::vector<Value> check_arguments(const ProcedureInfo& p, std::vector<Value> arguments) {
  auto optional = static_cast<size_t>(std::count_if(p.inputs.begin(), p.inputs.end(), [](const ProcedureInput& i) { return i.default_value.has_value(); }));
  size_t most = p.inputs.size(), least = most - optional - (p.variadic ? 1 : 0);
  if (arguments.size() < least || (arguments.size() > most && !p.variadic)) {
    throw_error(ErrorCode::kSyntax, p.name + " takes " + std::to_string(most) + " arguments, but was given " + std::to_string(arguments.size()) + ". Signature: " + p.signature);
  }
  for (size_t i = arguments.size(); i < most && p.inputs[i].default_value; ++i) arguments.push_back(*p.inputs[i].default_value);
  for (size_t i = 0; i < arguments.size(); ++i) {
    arguments[i] = check_argument(p, p.inputs[std::min(i, most - 1)], std::move(arguments[i]));
  }
  return arguments;
}

std::shared_ptr<ProcedureRegistry> make_procedure_registry() {
  auto registry = std::make_shared<ProcedureRegistry>();
  add_catalog_procedures(*registry);
  add_index_procedures(*registry);
  add_schema_procedures(*registry);
  add_search_procedures(*registry, nullptr);
  add_alteration_procedures(*registry);
  add_upsert_procedures(*registry);
  add_algorithm_procedures(*registry);
  add_overview_procedures(*registry);
  add_system_procedures(registry);
  return registry;
}

}  // namespace graft::cypher
