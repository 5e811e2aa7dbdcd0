#ifndef GRAFT_RAFT_CORE_H_
#define GRAFT_RAFT_CORE_H_

// The border to TiKV's `raft` crate (src/raft/core). Only raft_node.cc includes this; everything else uses raft_node.h.
//
// One thread at a time per graft_raft. Slices that come in are copied; slices that go out point into the handle they
// were asked from. Each call that can fail gives a code and fills `error` (when it is not null). A panic inside the
// crate is caught at the border: the call gives GRAFT_RAFT_FAILED, and so does every later one.

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum graft_raft_code {
  GRAFT_RAFT_OK = 0,
  GRAFT_RAFT_NOT_LEADER = 1,
  GRAFT_RAFT_LEADERSHIP_LOST = 2,
  GRAFT_RAFT_OVERLOADED = 3,
  GRAFT_RAFT_INVALID = 4,
  GRAFT_RAFT_UNAVAILABLE = 5,  // not now: a change in flight, a snapshot in preparation
  GRAFT_RAFT_COMPACTED = 6,    // a reader's answer: cut off
  GRAFT_RAFT_FAILED = 7,
};

typedef struct graft_raft graft_raft;                        // a Raft node
typedef struct graft_ready graft_ready;                      // what ready() gave, immutable
typedef struct graft_message graft_message;                  // a parsed message
typedef struct graft_entry_sink graft_entry_sink;            // where a reader puts entries
typedef struct graft_snapshot_sink graft_snapshot_sink;      // where a reader puts a snapshot's descriptor

typedef struct graft_slice {
  const char* data;
  size_t size;
} graft_slice;

typedef struct graft_error {
  char text[512];  // ends with NUL
} graft_error;

typedef struct graft_entry {
  uint64_t index;
  uint64_t term;
  int32_t is_configuration_change;
  graft_slice data;
  graft_slice context;
} graft_entry;

typedef struct graft_snapshot {
  uint64_t index;
  uint64_t term;
  const uint64_t* voters;
  size_t voter_count;
  const uint64_t* learners;
  size_t learner_count;
  graft_slice data;
} graft_snapshot;

// Called from inside calls on the node, on their thread. Each gives a graft_raft_code.
typedef struct graft_reader {
  void* context;
  int32_t (*term)(void* context, uint64_t index, uint64_t* term);
  int32_t (*entries)(void* context, uint64_t low, uint64_t high, uint64_t max_bytes, graft_entry_sink* sink);
  int32_t (*snapshot)(void* context, uint64_t at_least, uint64_t to, graft_snapshot_sink* sink);
  void (*trace)(void* context, int32_t level, graft_slice text);  // 1 error, 2 warning, 3 information
} graft_reader;

typedef struct graft_options {
  uint64_t id;
  uint32_t election_ticks;
  uint32_t heartbeat_ticks;
  uint64_t max_bytes_per_message;
  uint32_t max_inflight_messages;
  uint64_t max_uncommitted_bytes;
  uint64_t tail_bytes;     // entries kept in memory
  uint64_t election_seed;  // of the generator that draws election timeouts
  uint64_t applied;
  uint64_t term;
  uint64_t vote;
  uint64_t commit;
  uint64_t first_index;
  uint64_t last_index;
  uint64_t first_index_predecessor_term;
  const uint64_t* voters;
  size_t voter_count;
  const uint64_t* learners;
  size_t learner_count;
} graft_options;

typedef struct graft_ready_summary {
  uint64_t number;
  int32_t must_sync;
  int32_t has_hard_state;
  uint64_t term, vote, commit;
  int32_t role_changed;
  int32_t role;  // 0 follower, 1 candidate, 2 leader, 3 pre-candidate
  uint64_t leader;
  size_t message_count;
  int32_t messages_wait;  // the messages may be sent only when this ready is durable
  size_t entry_count, committed_entry_count, read_state_count;
  int32_t has_snapshot;
} graft_ready_summary;

typedef struct graft_out_message {
  uint64_t to;
  int32_t is_snapshot;
  graft_slice bytes;
} graft_out_message;

typedef struct graft_status {
  uint64_t id, term, vote, commit, applied, leader;
  int32_t role;
  uint64_t transferee;  // 0: no transfer of leadership under way
  int32_t pending_change;
  uint64_t first_index, last_index;
} graft_status;

typedef struct graft_progress {
  uint64_t id, match, next, pending_snapshot;
  int32_t state;  // 0 probe, 1 replicate, 2 snapshot
  int32_t recent_active, paused;
} graft_progress;

typedef struct graft_message_info {
  uint64_t from, to, term;
  int32_t is_snapshot;
  graft_snapshot snapshot;
} graft_message_info;

// Life.
graft_raft* graft_raft_create(const graft_options* options, const graft_reader* reader, graft_error* error);
void graft_raft_destroy(graft_raft* raft);

// Input.
int32_t graft_raft_tick(graft_raft* raft, graft_error* error);
int32_t graft_raft_step(graft_raft* raft, graft_slice message, graft_error* error);
int32_t graft_raft_propose(graft_raft* raft, uint64_t term, const graft_slice* entries, size_t count, graft_error* error);
// kind: 0 add voter, 1 add learner (a voter becomes one), 2 remove
int32_t graft_raft_propose_change(graft_raft* raft, uint64_t term, int32_t kind, uint64_t member, graft_slice context,
                                  graft_error* error);
int32_t graft_raft_read_index(graft_raft* raft, graft_slice context, graft_error* error);
int32_t graft_raft_transfer_leader(graft_raft* raft, uint64_t to, graft_error* error);
int32_t graft_raft_campaign(graft_raft* raft, graft_error* error);
int32_t graft_raft_report_unreachable(graft_raft* raft, uint64_t member, graft_error* error);
int32_t graft_raft_report_snapshot(graft_raft* raft, uint64_t member, int32_t ok, graft_error* error);
int32_t graft_raft_set_window(graft_raft* raft, uint64_t member, uint32_t max_inflight_messages, graft_error* error);

// Output.
int32_t graft_raft_has_ready(const graft_raft* raft);
graft_ready* graft_raft_ready(graft_raft* raft, graft_error* error);  // null: failed
void graft_ready_summarize(const graft_ready* ready, graft_ready_summary* out);
void graft_ready_message(const graft_ready* ready, size_t i, graft_out_message* out);
void graft_ready_entry(const graft_ready* ready, int32_t committed, size_t i, graft_entry* out);
void graft_ready_read_state(const graft_ready* ready, size_t i, uint64_t* index, graft_slice* context);
void graft_ready_snapshot(const graft_ready* ready, graft_snapshot* out);  // if has_snapshot
void graft_ready_destroy(graft_ready* ready);

// What was done.
int32_t graft_raft_on_persisted(graft_raft* raft, uint64_t ready_number, graft_error* error);
int32_t graft_raft_on_applied(graft_raft* raft, uint64_t index, graft_error* error);
int32_t graft_raft_apply_change(graft_raft* raft, graft_slice data, graft_error* error);  // INVALID: nothing changed
int32_t graft_raft_compact(graft_raft* raft, uint64_t index, uint64_t* first_index, graft_error* error);

// State. The arrays take `capacity` items; the counts that there are come back.
void graft_raft_status(const graft_raft* raft, graft_status* out);
size_t graft_raft_progress(const graft_raft* raft, graft_progress* out, size_t capacity);
size_t graft_raft_members(const graft_raft* raft, int32_t learners, uint64_t* out, size_t capacity);

// Messages without a node.
graft_message* graft_message_parse(graft_slice bytes, graft_error* error);  // null: malformed
void graft_message_inspect(const graft_message* message, graft_message_info* out);
void graft_message_destroy(graft_message* message);

// For readers.
void graft_entry_sink_put(graft_entry_sink* sink, const graft_entry* entry);
void graft_snapshot_sink_put(graft_snapshot_sink* sink, const graft_snapshot* snapshot);

#ifdef __cplusplus
}
#endif

#endif  // GRAFT_RAFT_CORE_H_
