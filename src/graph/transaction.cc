#include "graph/transaction.h"

#include <algorithm>

#include "base/check.h"
#include "graph/transaction_state.h"

namespace graft::graph {

bool WriteCounters::contains_updates() const {
  WriteCounters none;
  none.system_updates = system_updates;
  return !(*this == none);
}

GraphTransaction::GraphTransaction(std::unique_ptr<storage::Fork> fork, IdAllocator& ids,
                                   std::shared_ptr<Footprint> footprint)
    : state_(std::make_unique<State>(std::move(fork), ids, std::move(footprint))) {}

GraphTransaction::~GraphTransaction() = default;

const GraphView& GraphTransaction::view() const { return state_->view; }

bool GraphTransaction::State::add_token(ChangeKind kind, uint32_t id, std::string_view name) {
  CatalogData& catalog = writer.edit_catalog();
  Meta& meta = writer.edit_meta();
  bool label = kind == ChangeKind::kLabelToken, type = kind == ChangeKind::kTypeToken;
  TokenTable& tokens = label ? catalog.edit_labels() : type ? catalog.edit_types() : catalog.edit_keys();
  if (id >= (label || type ? kMaxTokens : kMaxPropertyKeys) || !tokens.add(id, name)) return false;
  uint32_t& next = label ? meta.next_label : type ? meta.next_type : meta.next_key;
  next = std::max(next, id + 1);
  record(kind, [&](ByteWriter& w) {
    w.varint(id);
    w.bytes(name);
  });
  using Kind = UndoRecord::Kind;
  remember({.kind = label ? Kind::kLabelToken : type ? Kind::kTypeToken : Kind::kKeyToken, .token = id});
  if (recording) terms.write_catalog();
  return true;
}

uint32_t GraphTransaction::State::token(ChangeKind kind, std::string_view name) {
  if (reads() != nullptr) reads()->read_catalog();
  const CatalogData& catalog = writer.catalog();
  bool label = kind == ChangeKind::kLabelToken, type = kind == ChangeKind::kTypeToken;
  const TokenTable& tokens = label ? catalog.label_tokens() : type ? catalog.type_tokens() : catalog.key_tokens();
  if (auto found = tokens.find(name)) return *found;
  uint32_t id = label ? ids.label(name) : type ? ids.type(name) : ids.property_key(name);
  if (id == kNoToken) return kNoToken;
  GRAFT_CHECK(add_token(kind, id, name));
  return id;
}

LabelId GraphTransaction::label(std::string_view name) { return state_->token(ChangeKind::kLabelToken, name); }
TypeId GraphTransaction::type(std::string_view name) { return state_->token(ChangeKind::kTypeToken, name); }
PropertyKeyId GraphTransaction::property_key(std::string_view name) { return state_->token(ChangeKind::kKeyToken, name); }

Result<NodeId> GraphTransaction::create_node(std::span<const LabelId> labels, const PropertyList& properties) {
  std::vector<LabelId> sorted(labels.begin(), labels.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  NodeId id = state_->ids.allocate_node(sorted);
  GRAFT_TRY(state_->create_node(id, std::move(sorted), properties));
  return id;
}

Result<RelationshipId> GraphTransaction::create_relationship(TypeId type, NodeId start, NodeId end,
                                                             const PropertyList& properties) {
  if (!state_->writer.catalog().type_tokens().has(type))
    return Error{ErrorCode::kInvalidArgument, "unknown relationship type, or too many of them"};
  RelationshipId id = state_->ids.allocate_relationship(type);
  GRAFT_TRY(state_->create_relationship(id, type, start, end, properties));
  return id;
}

Status GraphTransaction::set_node_property(NodeId id, PropertyKeyId key, const Value& value) {
  return state_->set_property(EntityKind::kNode, id, key, value, true);
}

Status GraphTransaction::set_relationship_property(RelationshipId id, PropertyKeyId key, const Value& value) {
  return state_->set_property(EntityKind::kRelationship, id, key, value, true);
}

Status GraphTransaction::add_label(NodeId id, LabelId label) { return state_->change_label(id, label, true); }
Status GraphTransaction::remove_label(NodeId id, LabelId label) { return state_->change_label(id, label, false); }
Status GraphTransaction::delete_node(NodeId id) { return state_->delete_node(id); }
Status GraphTransaction::delete_relationship(RelationshipId id) { return state_->delete_relationship(id); }

Status GraphTransaction::detach_delete_node(NodeId id) {
  if (!state_->writer.node_exists(id)) return state_->missing(EntityKind::kNode, id);
  std::vector<RelationshipId> relationships;
  NeighbourCursor cursor;
  NeighbourRun run;
  state_->view.expand(id, Direction::kBoth, {}, &cursor);
  while (cursor.next(&run))
    for (uint32_t i = 0; i < run.count; ++i)
      if (run.direction == Direction::kOutgoing || run.neighbour(i) != id) relationships.push_back(run.relationship(i));
  for (RelationshipId r : relationships) GRAFT_TRY(state_->delete_relationship(r));
  return state_->delete_node(id);
}

Status GraphTransaction::check_constraints() { return state_->check_pending(); }

GraphTransaction::Savepoint GraphTransaction::savepoint() {
  state_->marks.push_back(state_->here());
  return state_->marks.size() - 1;
}

void GraphTransaction::rollback_to(Savepoint savepoint) {
  GRAFT_CHECK(savepoint < state_->marks.size());
  State::Mark mark = state_->marks[savepoint];
  state_->marks.resize(savepoint + 1);
  state_->back_to(mark);
}

const WriteCounters& GraphTransaction::counters() const { return state_->counters; }
bool GraphTransaction::has_changes() const { return !state_->changes.empty(); }
size_t GraphTransaction::change_bytes() const { return state_->changes.size(); }

ChangeSetBytes GraphTransaction::take_change_set() {
  State& s = *state_;
  s.undo.clear();
  s.marks.clear();
  s.pending.clear();
  s.counters = {};
  if (s.changes.empty()) return {};
  ChangeSetBytes out(1, static_cast<char>(kChangeSetFormat));
  out += s.changes;
  s.changes.clear();
  return out;
}

WriteTerms GraphTransaction::take_write_terms() {
  WriteTerms out = std::move(state_->terms);
  state_->terms = WriteTerms();
  return out;
}

std::unique_ptr<storage::Fork> GraphTransaction::release_fork() { return state_->writer.release_fork(); }

}  // namespace graft::graph
