#pragma once

// Writing a graph: the one API that Cypher and the replication layer use.
//
// A GraphTransaction works on a fork: it reads its own writes through view(), and records what it did as a change set
// with explicit ids. Applying that change set to the version it was made on gives the same logical result everywhere.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/checksum.h"
#include "base/result.h"
#include "graph/catalog.h"
#include "graph/footprint.h"
#include "graph/view.h"
#include "storage/store.h"

namespace graft::graph {

// Hands out entity ids (block, slot per label set or type) and token numbers, outside the versions: what a failed
// transaction took stays a hole. One per leader term. Thread-safe.
class IdAllocator {
 public:
  // Starts above everything that `version` contains.
  explicit IdAllocator(const GraphView& view);
  NodeId allocate_node(std::span<const LabelId> sorted_labels);
  RelationshipId allocate_relationship(TypeId type);
  // The same number for the same name, whoever asks; kNoToken when there are too many (2^20; 2^17 property keys).
  uint32_t label(std::string_view name);
  uint32_t type(std::string_view name);
  uint32_t property_key(std::string_view name);
  IndexId index();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

struct WriteCounters {  // what SUCCESS's stats say
  uint64_t nodes_created = 0, nodes_deleted = 0, relationships_created = 0, relationships_deleted = 0;
  uint64_t properties_set = 0, labels_added = 0, labels_removed = 0;
  uint64_t indexes_added = 0, indexes_removed = 0, constraints_added = 0, constraints_removed = 0;
  uint64_t system_updates = 0;
  std::vector<SchemaTask> unfinished;  // what constraints and schemas that were added still have to wait for
  bool contains_updates() const;
  bool operator==(const WriteCounters&) const = default;
  bool contains_system_updates() const { return system_updates != 0; }
};

// Encoded, versioned, checksummed by the log: the bytes that Raft replicates.
using ChangeSetBytes = std::string;

// Not thread-safe; used by one thread at a time.
class GraphTransaction {
 public:
  // fork: what it writes to, owned until release_fork(). footprint: null on the lane, else records what is read.
  GraphTransaction(std::unique_ptr<storage::Fork> fork, IdAllocator& ids, std::shared_ptr<Footprint> footprint);
  ~GraphTransaction();

  const GraphView& view() const;  // sees all that this transaction wrote

  // Tokens: found, or made (and recorded in the change set). kNoToken: too many; writes that use it fail.
  LabelId label(std::string_view name);
  TypeId type(std::string_view name);
  PropertyKeyId property_key(std::string_view name);

  // Uniqueness and typed schemas are checked at once, existence constraints at check_constraints().
  // Errors: kConstraintViolation, kEntityNotFound, kType (not storable); the transaction stays usable.
  Result<NodeId> create_node(std::span<const LabelId> labels, const PropertyList& properties);
  Result<RelationshipId> create_relationship(TypeId type, NodeId start, NodeId end, const PropertyList& properties);
  Status set_node_property(NodeId id, PropertyKeyId key, const Value& value);  // null removes
  Status set_relationship_property(RelationshipId id, PropertyKeyId key, const Value& value);
  Status add_label(NodeId id, LabelId label);
  Status remove_label(NodeId id, LabelId label);
  // The node must have no relationships left when check_constraints() runs (Cypher's DELETE order is free).
  Status delete_node(NodeId id);
  Status detach_delete_node(NodeId id);
  Status delete_relationship(RelationshipId id);

  // Schema. Over at most kBuiltAtOnce entities an index is built, and a rule checked, here at once; a duplicate or a breach
  // is kConstraintCreationFailed. Over more of them (or when the definition says so: kPopulating, validating) that is left
  // to SchemaTasks, in as many transactions as it takes; the rule holds for writes from now on. Names are made up when empty.
  static constexpr uint64_t kBuiltAtOnce = 1000;
  Result<IndexId> create_index(IndexDefinition definition);
  // Looks at the next max_entities entities; the last slice makes the index kOnline. When it cannot be built it becomes
  // kFailed, or goes with its constraint: *failure says why. The same on every replica. False: nothing is left to do.
  Result<bool> index_build_slice(IndexId index, uint64_t max_entities, std::string* failure = nullptr);
  // Holds the next max_entities entities from `from` on against a rule that is validating; writes nothing. The entity to
  // go on with, kNoId at the end. kConstraintCreationFailed: one breaks it.
  Result<uint64_t> check_existing(const SchemaTask& task, uint64_t from, uint64_t max_entities);
  Status finish_check(const SchemaTask& task);   // the rule is not validating any more
  Status drop_checked(const SchemaTask& task);   // the rule goes, with its index
  Status drop_index(std::string_view name);
  Status create_constraint(ConstraintDefinition definition);
  Status drop_constraint(std::string_view name);
  Status create_label_schema(LabelSchema schema);
  Status drop_label_schema(EntityKind entity, uint32_t label_or_type);
  // Replaces a schema (its primary field stays). It holds for writes from now on; what exists is the caller's business.
  Status alter_label_schema(LabelSchema schema);
  void drop_all();  // db.dropDB: all nodes, relationships, tokens and schema; system records stay
  void drop_entities();  // all nodes and relationships only

  void set_system_record(std::string_view key, std::string_view value);  // empty value removes

  // End of a statement / transaction: deferred checks (dangling relationships, existence constraints).
  Status check_constraints();

  // Everything since the savepoint is undone (also in the change set and counters). Savepoints nest.
  using Savepoint = size_t;
  // Valid until take_change_set or until a rollback to an older one.
  Savepoint savepoint();
  void rollback_to(Savepoint savepoint);

  const WriteCounters& counters() const;  // since construction or take_change_set
  bool has_changes() const;
  size_t change_bytes() const;  // about the size of the change set that would be taken now
  // The change set since construction or the last call; empty if nothing changed. Further work goes on in the same fork:
  // that is how the lane batches many commits into one version.
  ChangeSetBytes take_change_set();
  // Terms that the taken change set wrote (old and new values), for validating footprints of others.
  WriteTerms take_write_terms();

  // Replays an encoded change set into this transaction's fork (commit of an explicit transaction on the lane; apply on
  // a follower). check: verify uniqueness and existence again, record it as this transaction's own changes, and undo it on
  // an error (lane); false: trust, record nothing (apply); after an error the fork is to be thrown away. Errors:
  // kCorruption: malformed, or not meant for this version; with check also kConflict and kConstraintViolation.
  Status replay(std::string_view change_set, bool check);

  // The fork with everything written to its pages; the transaction is over.
  std::unique_ptr<storage::Fork> release_fork();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// 128-bit sums that each version carries; independent of page layout.
struct StateSums {
  Sum128 nodes, properties, relationships, out_adjacency, in_adjacency, indexes, catalog, system;
  bool operator==(const StateSums&) const = default;
  std::string to_string() const;
};
StateSums state_sums(const GraphView& view);        // as carried: O(1)
StateSums recompute_state_sums(const GraphView& view);  // the scrub: reads everything

}  // namespace graft::graph
