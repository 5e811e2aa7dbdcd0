// [a, b], {a: b}, n {.a, b: c, .*}

#include <absl/container/flat_hash_map.h>

#include "cypher/executor/evaluators.h"
#include "cypher/functions/entities.h"
#include "cypher/functions/operators.h"

namespace graft::cypher {

using graph::Map;
using graph::Value;
using graph::ValueType;

namespace {

// Puts entries together; a key that comes again replaces what it had.
class MapBuilder {
 public:
  // Not more entries than that come.
  explicit MapBuilder(size_t most) { map_.reserve(most); }
  void put(const std::string& key, Value value) {
    if (map_.size() < kSearched) {
      for (auto& entry : map_) {
        if (entry.first == key) return static_cast<void>(entry.second = std::move(value));
      }
      map_.emplace_back(key, std::move(value));
      return;
    }
    if (places_.empty()) {
      for (size_t i = 0; i < map_.size(); ++i) places_.emplace(map_[i].first, i);
    }
    const auto [at, fresh] = places_.try_emplace(key, map_.size());
    if (!fresh) return static_cast<void>(map_[at->second].second = std::move(value));
    map_.emplace_back(key, std::move(value));
  }
  Map take() { return std::move(map_); }

 private:
  static constexpr size_t kSearched = 32;
  Map map_;
  absl::flat_hash_map<std::string, size_t> places_;
};

class ListConstructor final : public Evaluator {
 public:
  explicit ListConstructor(std::vector<EvaluatorPtr> items) : items_(std::move(items)) {}
  Value eval(const Frame& frame) override {
    graph::List list;
    list.reserve(items_.size());
    for (const EvaluatorPtr& item : items_) list.push_back(item->eval(frame));
    return make_list(std::move(list));
  }

 private:
  std::vector<EvaluatorPtr> items_;
};

class MapConstructor final : public Evaluator {
 public:
  MapConstructor(const std::vector<std::string>& names, std::vector<EvaluatorPtr> values)
      : names_(names), values_(std::move(values)) {}
  Value eval(const Frame& frame) override {
    MapBuilder map(names_.size());
    for (size_t i = 0; i < names_.size(); ++i) map.put(names_[i], values_[i]->eval(frame));
    return make_map(map.take());
  }

 private:
  const std::vector<std::string>& names_;
  std::vector<EvaluatorPtr> values_;
};

class MapProjection final : public Evaluator {
 public:
  MapProjection(Compiler& compiler, const Expr& e)
      : names_(e.names), children_(compiler.compile_all(e.children)), all_(e.all_properties) {}

  Value eval(const Frame& frame) override {
    Value subject = children_[0]->eval(frame);
    if (subject.is_null()) return {};
    if (subject.type() != ValueType::kMap && subject.type() != ValueType::kNode && subject.type() != ValueType::kRelationship) {
      throw_type("Map, Node or Relationship", subject);
    }
    const Value all = all_ ? properties_of(frame.context, subject) : Value();
    MapBuilder map(names_.size() + (all_ ? all.as_map().size() : 0));
    if (all_) {
      for (const auto& [key, value] : all.as_map()) map.put(key, value);
    }
    size_t shift = children_.size() - names_.size();  // names may or may not have an entry for the subject
    for (size_t i = 1 - shift; i < names_.size(); ++i) map.put(names_[i], children_[i + shift]->eval(frame));
    return make_map(map.take());
  }

 private:
  const std::vector<std::string>& names_;
  std::vector<EvaluatorPtr> children_;
  bool all_;
};

}  // namespace

EvaluatorPtr make_constructor(Compiler& compiler, const Expr& e) {
  if (e.kind == ExprKind::kList) return std::make_unique<ListConstructor>(compiler.compile_all(e.children));
  if (e.kind == ExprKind::kMap) return std::make_unique<MapConstructor>(e.names, compiler.compile_all(e.children));
  return std::make_unique<MapProjection>(compiler, e);
}

}  // namespace graft::cypher
