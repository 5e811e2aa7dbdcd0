// Random operations against a plain model, with savepoints, replay on a second store, and sums.

#include <random>

#include "graph/fulltext.h"
#include "graph/search_options.h"
#include "graph/test_graph.h"
#include "graph/vector_pages.h"

namespace graft::graph {
namespace {

constexpr uint32_t kTokens = 4;

class RandomOperations {
 public:
  RandomOperations(uint64_t seed, GraphTransaction& first) : rng_(seed) {
    for (uint32_t i = 0; i < kTokens; ++i) {
      labels_.push_back(first.label("L" + std::to_string(i)));
      types_.push_back(first.type("T" + std::to_string(i)));
    }
    for (uint32_t i = 0; i < 5; ++i) keys_.push_back(first.property_key("k" + std::to_string(i)));
  }

  uint64_t below(uint64_t n) { return rng_() % n; }

  Value random_value() {
    switch (below(12)) {
      case 0: return Value::boolean(below(2) == 0);
      case 1: return Value::floating(static_cast<double>(below(100)) / 4);
      case 2: return Value::string("text " + std::to_string(below(30)));
      case 3: return Value::string(std::string(below(1500), 'x'));
      case 4: return Value::list({Value::integer(1), Value::integer(static_cast<int64_t>(below(9)))});
      case 5: return Value::date({static_cast<int64_t>(below(20000))});
      case 6: return Value::point({4326, 1.0, static_cast<double>(below(90)), 0});
      default: return Value::integer(static_cast<int64_t>(below(50)));
    }
  }

  void step(GraphTransaction& t) {
    switch (below(16)) {
      case 0: case 1: case 2: create_node(t); break;
      case 3: case 4: case 5: case 6: case 7: create_relationship(t); break;
      case 8: case 9: case 10: set_property(t); break;
      case 11: change_label(t); break;
      case 12: set_relationship_property(t); break;
      case 13: if (below(2) == 0) delete_relationship(t); break;
      case 14: if (below(4) == 0) delete_node(t); break;
      default: failing(t); break;
    }
  }

  GraphModel model;

 private:
  template <class M>
  auto pick(M& map) {
    auto at = map.begin();
    std::advance(at, static_cast<ptrdiff_t>(below(std::min<size_t>(map.size(), 400))));
    return at;
  }
  void create_node(GraphTransaction& t) {
    GraphModel::Node node;
    for (LabelId label : labels_)
      if (below(3) == 0) node.labels.insert(label);
    PropertyList list;
    for (PropertyKeyId key : keys_)
      if (below(3) == 0) list.emplace_back(key, node.properties[key] = random_value());
    auto id = t.create_node(std::vector<LabelId>(node.labels.begin(), node.labels.end()), list);
    ASSERT_TRUE(id.ok()) << id.error().message;
    model.nodes[*id] = std::move(node);
  }
  void create_relationship(GraphTransaction& t) {
    if (model.nodes.empty()) return;
    // A few nodes take most, so that some lists spill.
    NodeId start = below(2) == 0 ? model.nodes.begin()->first : pick(model.nodes)->first, end = pick(model.nodes)->first;
    GraphModel::Relationship r{types_[below(kTokens)], start, end, {}};
    PropertyList list;
    if (below(2) == 0) list.emplace_back(keys_[0], r.properties[keys_[0]] = random_value());
    auto id = t.create_relationship(r.type, start, end, list);
    ASSERT_TRUE(id.ok()) << id.error().message;
    model.relationships[*id] = std::move(r);
  }
  void set_property(GraphTransaction& t) {
    if (model.nodes.empty()) return;
    auto node = pick(model.nodes);
    PropertyKeyId key = keys_[below(keys_.size())];
    Value value = below(4) == 0 ? Value() : random_value();
    ASSERT_TRUE(t.set_node_property(node->first, key, value).ok());
    if (value.is_null()) node->second.properties.erase(key);
    else node->second.properties[key] = value;
  }
  void set_relationship_property(GraphTransaction& t) {
    if (model.relationships.empty()) return;
    auto r = pick(model.relationships);
    Value value = below(4) == 0 ? Value() : random_value();
    ASSERT_TRUE(t.set_relationship_property(r->first, keys_[1], value).ok());
    if (value.is_null()) r->second.properties.erase(keys_[1]);
    else r->second.properties[keys_[1]] = value;
  }
  void change_label(GraphTransaction& t) {
    if (model.nodes.empty()) return;
    auto node = pick(model.nodes);
    LabelId label = labels_[below(kTokens)];
    if (below(2) == 0) {
      ASSERT_TRUE(t.add_label(node->first, label).ok());
      node->second.labels.insert(label);
    } else {
      ASSERT_TRUE(t.remove_label(node->first, label).ok());
      node->second.labels.erase(label);
    }
  }
  void delete_relationship(GraphTransaction& t) {
    if (model.relationships.empty()) return;
    auto r = pick(model.relationships);
    ASSERT_TRUE(t.delete_relationship(r->first).ok());
    model.relationships.erase(r);
  }
  void delete_node(GraphTransaction& t) {
    if (model.nodes.empty()) return;
    NodeId id = pick(model.nodes)->first;
    std::vector<RelationshipId> attached;
    for (const auto& [r, record] : model.relationships)
      if (record.start == id || record.end == id) attached.push_back(r);
    if (below(2) == 0) {
      ASSERT_TRUE(t.detach_delete_node(id).ok());
    } else {  // the node first, its relationships afterwards
      ASSERT_TRUE(t.delete_node(id).ok());
      if (!attached.empty()) {
        ASSERT_EQ(t.check_constraints().error().code, ErrorCode::kConstraintViolation);
      }
      for (RelationshipId r : attached) ASSERT_TRUE(t.delete_relationship(r).ok());
    }
    for (RelationshipId r : attached) model.relationships.erase(r);
    model.nodes.erase(id);
    ASSERT_TRUE(t.check_constraints().ok());
  }
  void failing(GraphTransaction& t) {
    ASSERT_EQ(t.set_node_property(kMaxEntityId - 5, keys_[0], Value::integer(1)).error().code, ErrorCode::kEntityNotFound);
    ASSERT_FALSE(t.create_node({}, {{keys_[0], Value::map({})}}).ok());
    ASSERT_FALSE(t.create_relationship(types_[0], kMaxEntityId - 5, kMaxEntityId - 5, {}).ok());
  }

  std::mt19937_64 rng_;
  std::vector<LabelId> labels_;
  std::vector<TypeId> types_;
  std::vector<PropertyKeyId> keys_;
};

void create_indexes(GraphTransaction& t, bool early) {
  IndexDefinition index;
  index.name = early ? "early" : "late";
  index.labels_or_types = {early ? 0u : 1u};
  index.keys = {early ? 0u : 1u};
  ASSERT_TRUE(t.create_index(index).ok());
  index.name += "_pair";
  index.keys = {2, 3};
  ASSERT_TRUE(t.create_index(index).ok());
  index.name += "_relationship";
  index.entity = EntityKind::kRelationship;
  index.keys = {0};
  ASSERT_TRUE(t.create_index(index).ok());
  index.kind = IndexKind::kFulltext;
  index.name += "_text";
  ASSERT_TRUE(t.create_index(index).ok());
  index.entity = EntityKind::kNode;
  index.name += "_of_nodes";
  index.labels_or_types = early ? std::vector<uint32_t>{0, 2} : std::vector<uint32_t>{1, 3};
  index.keys = {early ? 0u : 1u, 4};
  set_options(complete_options(IndexKind::kFulltext, Value()).value(), &index);
  ASSERT_TRUE(t.create_index(index).ok());
  index.kind = IndexKind::kVector;
  index.name += "_vector";
  index.labels_or_types = {early ? 0u : 1u};
  index.keys = {2};
  Value config = Value::map({{"vector.dimensions", Value::integer(2)}});
  set_options(complete_options(IndexKind::kVector, Value::map({{"indexConfig", config}})).value(), &index);
  ASSERT_TRUE(t.create_index(index).ok());
}

// What the search indexes hold, against their definition.
void expect_search_index(const GraphView& view, const GraphModel& model, const IndexDefinition& index) {
  std::vector<std::vector<uint64_t>> fields(index.keys.size());
  size_t vectors = 0;
  auto add = [&](uint64_t id, const std::map<PropertyKeyId, Value>& properties) {
    for (size_t i = 0; i < index.keys.size(); ++i) {
      auto at = properties.find(index.keys[i]);
      if (at == properties.end()) continue;
      if (is_text(at->second)) fields[i].push_back(id);
      if (vector_of(at->second, vector_options_of(index))) ++vectors;
    }
  };
  auto wanted = [&](uint32_t token) {
    return std::find(index.labels_or_types.begin(), index.labels_or_types.end(), token) != index.labels_or_types.end();
  };
  if (index.entity == EntityKind::kNode) {
    for (const auto& [id, node] : model.nodes)
      if (std::any_of(node.labels.begin(), node.labels.end(), wanted)) add(id, node.properties);
  } else {
    for (const auto& [id, r] : model.relationships)
      if (wanted(r.type)) add(id, r.properties);
  }
  if (index.kind == IndexKind::kVector) {
    ASSERT_EQ(view.index_entries(index.id), vectors);
    return;
  }
  FulltextReader reader(view, index);
  for (size_t i = 0; i < fields.size(); ++i) {
    std::vector<uint64_t> found, with_words;
    reader.documents(static_cast<uint8_t>(i), [&](uint64_t id) { return found.push_back(id), true; });
    ASSERT_EQ(found, fields[i]);
    uint64_t words = 0;
    reader.terms(static_cast<uint8_t>(i), "", [&](std::string_view term) {
      reader.postings(static_cast<uint8_t>(i), term, true, [&](const FulltextPosting& p) {
        EXPECT_EQ(p.positions.size(), p.frequency);
        words += p.frequency;
        return true;
      });
      return true;
    });
    ASSERT_EQ(reader.statistics(static_cast<uint8_t>(i)).words, words);
  }
}

// Each index against a scan.
void expect_indexes(const GraphView& view, const GraphModel& model) {
  for (const IndexDefinition& index : view.catalog().indexes()) {
    if (index.kind != IndexKind::kRange) {
      expect_search_index(view, model, index);
      continue;
    }
    std::map<std::string, std::vector<uint64_t>> expected;  // key -> ids
    std::map<std::string, std::vector<Value>> values;
    auto add = [&](uint64_t id, const std::map<PropertyKeyId, Value>& properties) {
      std::string key;
      std::vector<Value> list;
      for (PropertyKeyId k : index.keys) {
        auto at = properties.find(k);
        if (at == properties.end()) return;
        encode_index_key(at->second, &key);
        list.push_back(at->second);
      }
      expected[key].push_back(id);
      values[key] = list;
    };
    if (index.entity == EntityKind::kNode) {
      for (const auto& [id, node] : model.nodes)
        if (node.labels.contains(index.labels_or_types[0])) add(id, node.properties);
    } else {
      for (const auto& [id, r] : model.relationships)
        if (r.type == index.labels_or_types[0]) add(id, r.properties);
    }
    std::vector<uint64_t> all;
    for (const auto& [key, ids] : expected) {
      all.insert(all.end(), ids.begin(), ids.end());
      ASSERT_EQ(drain(*view.index_seek(index.id, values[key])), ids);
    }
    ASSERT_EQ(view.index_entries(index.id), all.size());
    ASSERT_EQ(drain(*view.index_range(index.id, nullptr, nullptr, false)), all);
    std::reverse(all.begin(), all.end());
    ASSERT_EQ(drain(*view.index_range(index.id, nullptr, nullptr, true)), all);
  }
}

TEST(RandomOperations, GraphReplicaAndModelAgree) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    TestGraph leader, follower;
    auto t = leader.begin();
    RandomOperations random(seed, *t);
    create_indexes(*t, true);
    ASSERT_TRUE(follower.apply(leader.commit(std::move(t))).ok());
    for (int round = 0; round < 12; ++round) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " round " + std::to_string(round));
      t = leader.begin();
      if (round == 5) create_indexes(*t, false);
      for (int statement = 0; statement < 6; ++statement) {
        auto savepoint = t->savepoint();
        GraphModel before = random.model;
        WriteCounters counters = t->counters();
        StateSums sums = state_sums(t->view());
        for (uint64_t i = random.below(40); i-- > 0;) random.step(*t);
        ASSERT_TRUE(t->check_constraints().ok());
        if (random.below(3) != 0) continue;
        t->rollback_to(savepoint);
        random.model = before;
        ASSERT_EQ(state_sums(t->view()).to_string(), sums.to_string());
        ASSERT_TRUE(t->counters() == counters);
      }
      expect_same(t->view(), random.model, kTokens);
      ChangeSetBytes bytes = leader.commit(std::move(t));
      Status applied = bytes.empty() ? Status() : follower.apply(bytes);
      ASSERT_TRUE(applied.ok()) << applied.error().message;
      ASSERT_EQ(state_sums(leader.view()).to_string(), state_sums(follower.view()).to_string());
      if (HasFatalFailure()) return;
    }
    for (TestGraph* graph : {&leader, &follower}) {
      expect_same(graph->view(), random.model, kTokens);
      expect_indexes(graph->view(), random.model);
      ASSERT_EQ(state_sums(graph->view()).to_string(), recompute_state_sums(graph->view()).to_string());
    }
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace graft::graph
