// Members that lost, or can no longer trust, their log or their store, and get well by themselves.

#include <cstring>
#include <fstream>
#include <iterator>

#include "base/checksum.h"
#include "env/posix/file_system.h"
#include "graph/layout.h"
#include "replication/healing.h"
#include "replication/replica_test_util.h"
#include "replication/vote_file.h"

namespace graft::replication {
namespace {

namespace stdfs = std::filesystem;

std::string content_of(const stdfs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void write_content(const stdfs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// Offsets of the contents of all whole extents of a page file but root records, of tables from one on: docs/file-formats.md.
std::vector<size_t> extents_of(const std::string& bytes, storage::TableId first = 0) {
  std::vector<size_t> found;
  for (size_t at = 1 << 20; at + 32 < bytes.size(); at += 256) {
    uint64_t checksum = 0;
    uint32_t length = 0;
    uint32_t table = 0;
    std::memcpy(&checksum, &bytes[at], 8);
    std::memcpy(&length, &bytes[at + 16], 4);
    std::memcpy(&table, &bytes[at + 20], 4);
    if (length == 0 || at + 32 + length > bytes.size() || table == ~uint32_t{0}) continue;
    if (table < first) continue;
    if (checksum64(std::string_view(bytes).substr(at + 8, 24 + length), at + 32) == checksum) found.push_back(at + 32);
  }
  return found;
}

class HealTest : public ReplicaTest {
 protected:
  void start_three() {
    for (raft::MemberId id = 1; id <= 3; ++id) {
      TestNode& n = add(id, members(3));
      n.state_sums_interval = std::chrono::milliseconds(100);
      n.log_segment_bytes = 16 << 10;
      Status started = n.start();
      ASSERT_TRUE(started.ok()) << started.error().message;
    }
    write(100);
    ASSERT_TRUE(all_equal());
  }
  void write(int count) {
    for (int i = 0; i < count;) {
      auto outcome = leader().write(create_node("person", written_));
      if (!outcome.ok()) {
        ASSERT_TRUE(is_retryable(outcome.error().code)) << outcome.error().message;
        continue;
      }
      ++i;
      ++written_;
    }
  }
  bool all_equal() {
    return eventually([&] {
      std::string sums;
      for (auto& n : nodes_) {
        ReadVersion read = n->replica().applied();
        if (n->replica().status().state != ReplicaState::kServing || !read.version || n->nodes() != static_cast<uint64_t>(written_)) return false;
        if (sums.empty()) sums = n->sums();
        if (n->sums() != sums) return false;
        // From the pages themselves: this is also what meets damage.
        if (graph::recompute_state_sums(graph::GraphView(read.version)).to_string() != sums) return false;
      }
      return true;
    });
  }
  // A follower, stopped: it made a checkpoint then, and the others keep the log after it.
  TestNode& stopped_follower() {
    raft::MemberId lead = leader().id();
    for (auto& n : nodes_) {
      if (n->id() == lead) continue;
      n->stop();
      return *n;
    }
    std::abort();
  }
  void heals(TestNode& n) {
    write(50);
    Status started = n.start();
    ASSERT_TRUE(started.ok()) << started.error().message;
    EXPECT_TRUE(all_equal()) << describe_all();
    EXPECT_FALSE(stdfs::exists(path(n, "healing")));
    EXPECT_TRUE(stdfs::exists(path(n, "damaged-1")));
    // It is a member as before, also after the next start.
    n.kill();
    write(5);
    ASSERT_TRUE(n.start().ok());
    write(5);
    EXPECT_TRUE(all_equal()) << describe_all();
    EXPECT_FALSE(stdfs::exists(path(n, "damaged-2")));
  }
  std::string describe_all() {
    std::string text;
    for (auto& n : nodes_) {
      ReplicaStatus s = n->replica().status();
      text += std::to_string(n->id()) + ": state " + std::to_string(static_cast<int>(s.state)) + " " + s.reason + " commit " + std::to_string(s.raft.commit) + "\n";
    }
    return text;
  }
  static stdfs::path path(const TestNode& n, const std::string& name) { return stdfs::path(n.directory()) / name; }
  static stdfs::path page_file(const TestNode& n) { return path(n, "store") / content_of(path(n, "store/CURRENT")) / "pages.graft"; }
  static std::vector<stdfs::path> segments(const TestNode& n) {
    std::vector<stdfs::path> all;
    for (auto& entry : stdfs::directory_iterator(path(n, "log"))) all.push_back(entry.path());
    std::sort(all.begin(), all.end());
    return all;
  }

  int64_t written_ = 0;
};

TEST_F(HealTest, StoreThatCannotBeOpened) {
  start_three();
  TestNode& n = stopped_follower();
  std::string bytes = content_of(page_file(n));
  for (size_t at = 0; at < 8192; ++at) bytes[at] = static_cast<char>(bytes[at] ^ 0x55);  // both superblocks
  write_content(page_file(n), bytes);
  heals(n);
}

TEST_F(HealTest, DamagedPages) {
  start_three();
  TestNode& n = stopped_follower();
  std::string bytes = content_of(page_file(n));
  std::vector<size_t> extents = extents_of(bytes);
  ASSERT_FALSE(extents.empty());
  for (size_t at : extents) bytes[at] = static_cast<char>(bytes[at] ^ 1);
  write_content(page_file(n), bytes);
  heals(n);
}

// Columns are not read at start.
TEST_F(HealTest, DamagedPagesAreMetWhileItServes) {
  start_three();
  TestNode& n = stopped_follower();
  std::string bytes = content_of(page_file(n));
  std::vector<size_t> extents = extents_of(bytes, static_cast<storage::TableId>(graph::LocalTable::kFixedEnd));
  ASSERT_FALSE(extents.empty());
  for (size_t at : extents) bytes[at] = static_cast<char>(bytes[at] ^ 1);
  write_content(page_file(n), bytes);
  ASSERT_TRUE(n.start().ok());
  ASSERT_TRUE(eventually([&] { return n.replica().status().state == ReplicaState::kServing; })) << describe_all();
  ReadVersion held = n.replica().applied();  // a reader of before keeps it, and is told that it means nothing any more
  EXPECT_FALSE(held.version.cancelled());
  graph::recompute_state_sums(graph::GraphView(held.version));
  EXPECT_TRUE(held.version.cancelled());
  ASSERT_TRUE(all_equal()) << describe_all();
  EXPECT_TRUE(stdfs::exists(path(n, "damaged-1")));
  graph::recompute_state_sums(graph::GraphView(held.version));
  held = {};
  write(5);
  EXPECT_TRUE(all_equal()) << describe_all();
}

TEST_F(HealTest, DeletedLog) {
  start_three();
  TestNode& n = stopped_follower();
  stdfs::remove_all(path(n, "log"));
  heals(n);
}

TEST_F(HealTest, DeletedStore) {
  start_three();
  TestNode& n = stopped_follower();
  stdfs::remove_all(path(n, "store"));
  heals(n);
}

TEST_F(HealTest, DeletedLogAndStore) {
  start_three();
  TestNode& n = stopped_follower();
  stdfs::remove_all(path(n, "log"));
  stdfs::remove_all(path(n, "store"));
  heals(n);
}

TEST_F(HealTest, FileThatNamesTheStoreIsDamaged) {
  start_three();
  TestNode& n = stopped_follower();
  write_content(path(n, "store/CURRENT"), "nonsense");
  heals(n);
}

TEST_F(HealTest, DamageInTheMiddleOfTheLog) {
  start_three();
  TestNode& n = stopped_follower();
  std::string bytes = content_of(segments(n).front());
  bytes[100] = static_cast<char>(bytes[100] ^ 1);  // the first record: later ones tell that it had been synced
  write_content(segments(n).front(), bytes);
  heals(n);
}

TEST_F(HealTest, NothingIsKnownOfWhatItPromised) {
  start_three();
  TestNode& n = stopped_follower();
  stdfs::remove_all(path(n, "log"));
  stdfs::remove(path(n, "vote"));
  Status started = n.start();
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, ErrorCode::kCorruption);
  EXPECT_NE(started.error().message.find("removeRaftNode"), std::string::npos) << started.error().message;
}

TEST_F(HealTest, DirectoryOfAnEarlierVersionGetsAVoteFile) {
  start_three();
  TestNode& n = stopped_follower();
  VoteFile::Vote before = *decode_vote(content_of(path(n, "vote")));
  stdfs::remove(path(n, "vote"));
  ASSERT_TRUE(n.start().ok());
  EXPECT_TRUE(all_equal());
  n.kill();
  EXPECT_GE(decode_vote(content_of(path(n, "vote")))->term, before.term);
  ASSERT_TRUE(n.start().ok());
}

TEST_F(HealTest, LoneServerRefusesAndSaysWhatToDo) {
  TestNode& n = add(1, members(1));
  ASSERT_TRUE(n.start().ok());
  write(10);
  n.stop();
  stdfs::remove_all(path(n, "log"));
  Status started = n.start();
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find("restore a backup"), std::string::npos) << started.error().message;
  EXPECT_TRUE(stdfs::exists(page_file(n)));  // nothing was moved
}

TEST_F(HealTest, StateThatDiffers) {
  start_three();
  TestNode& n = stopped_follower();
  {  // a well formed store with something else in it
    std::unique_ptr<env::FileSystem> fs = std::make_unique<env::PosixFileSystem>();
    storage::StoreOptions options;
    options.map_reserve_bytes = uint64_t{1} << 30;
    auto store = storage::Store::open(*fs, page_file(n).parent_path(), options);
    ASSERT_TRUE(store.ok());
    storage::CheckpointMeta meta = (*store)->durable_meta();
    graph::IdAllocator ids{graph::GraphView((*store)->applied())};
    graph::GraphTransaction transaction((*store)->fork((*store)->applied()), ids, nullptr);
    transaction.set_system_record("foreign", "yes");
    (*store)->append_head(transaction.release_fork());
    (*store)->advance_applied();
    auto checkpoint = (*store)->begin_checkpoint((*store)->applied(), meta);
    ASSERT_TRUE(checkpoint.ok());
    while (!*(*checkpoint)->step(1 << 20)) {
    }
  }
  heals(n);
}

TEST_F(HealTest, WaitsForALeaderAndSaysSo) {
  start_three();
  TestNode& n = stopped_follower();
  stdfs::remove_all(path(n, "store"));
  for (auto& other : nodes_) other->kill();
  ASSERT_TRUE(n.start().ok());
  ASSERT_TRUE(eventually([&] { return n.replica().status().reason.find("waits for a leader") != std::string::npos; })) << n.replica().status().reason;
  EXPECT_EQ(n.replica().status().state, ReplicaState::kHealing);
  EXPECT_FALSE(n.read(false).ok());
  for (auto& other : nodes_) {
    if (other.get() == &n) continue;
    ASSERT_TRUE(other->start().ok());
  }
  write(5);
  EXPECT_TRUE(all_equal()) << describe_all();
}

TEST_F(HealTest, BeginsAnewAfterACrashOnTheWay) {
  start_three();
  TestNode& n = stopped_follower();
  stdfs::remove_all(path(n, "log"));
  for (int i = 0; i < 5; ++i) {  // at whatever point it is then
    ASSERT_TRUE(n.start().ok());
    write(1 + i * 3);
    n.kill();
  }
  write(5);
  ASSERT_TRUE(n.start().ok());
  EXPECT_TRUE(all_equal()) << describe_all();
}

TEST(HealingMessages, RoundTrip) {
  Member one{.id = 1, .ip = "10.0.0.1", .bolt_port = 1, .bolt_raft_port = 2, .incarnation = "ab"};
  HealingNote note{"a reason", "damaged-3", {one, one}};
  auto decoded = decode_healing_note(encode_healing_note(note));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, note);
  std::string bytes = encode_healing_note(note);
  bytes[20] ^= 1;
  EXPECT_FALSE(decode_healing_note(bytes).ok());
  HealAnswer answer;
  answer.kind = HealAnswer::Kind::kOffer;
  answer.self = one;
  answer.members = {one};
  answer.index = 7;
  answer.data = "x";
  std::string encoded = encode_heal_answer(answer);
  ASSERT_TRUE(decode_heal_answer(encoded).ok());
  EXPECT_EQ(decode_heal_answer(encoded)->index, 7u);
  for (size_t n = 0; n < encoded.size(); ++n) EXPECT_FALSE(decode_heal_answer(encoded.substr(0, n)).ok()) << n;
  EXPECT_FALSE(decode_vote("graft vote 1\n").ok());
}

}  // namespace
}  // namespace graft::replication
