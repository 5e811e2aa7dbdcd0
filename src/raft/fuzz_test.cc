// What a disk or another member gives is taken or refused: never a crash, never a hang (base/test_fuzz.h).

#include <gtest/gtest.h>

#include "base/test_fuzz.h"
#include "env/trace.h"
#include "raft/fault_files.h"
#include "raft/log_file.h"
#include "raft/log_record.h"
#include "raft/log_segment.h"
#include "raft/test_cluster.h"

namespace graft::raft {
namespace {

constexpr const char* kDirectory = "log";
constexpr uint64_t kHeaderBytes = 72;  // of a segment

using Files = std::map<std::string, std::string>;

// Three segments with entries of several terms, an overwritten tail, hard states and a configuration change.
Files some_log() {
  FaultFiles files;
  auto log = LogFile::open(files, kDirectory, 2000).value();
  for (LogIndex i = 1; i <= 60; ++i) {
    const LogIndex index = i > 40 ? i - 5 : i;
    const Term term = 1 + i / 20;
    HardState state{term, 1 + i % 3, index - 1};
    EXPECT_TRUE(log->append({{.index = index, .term = term, .kind = i % 13 == 0 ? EntryKind::kConfigurationChange : EntryKind::kNormal,
                              .data = std::string(i % 70, 'd'), .context = i % 13 == 0 ? "member" : ""}}, i % 4 == 0 ? &state : nullptr).ok());
    if (i % 7 == 0) {
      EXPECT_TRUE(log->sync().ok());
    }
  }
  EXPECT_TRUE(log->sync().ok());
  Files out;
  const auto names = files.list(kDirectory).value();
  for (const std::string& name : names) out[name] = files.bytes(std::string(kDirectory) + "/" + name);
  EXPECT_GE(out.size(), 3u);
  return out;
}

// Changes one record's body and writes it and all after it anew, so that their checksums hold.
void mutate_record(const std::string& name, std::string* file, Mutator& random, std::span<const std::string> corpus) {
  const uint64_t sequence = segment_sequence(name);
  std::vector<std::pair<RecordType, std::string>> records;
  std::vector<uint64_t> durable;
  std::optional<Record> record = get_record(*file, 0, kHeaderBytes, sequence);
  for (; record; record = get_record(*file, 0, record->end, sequence)) {
    records.emplace_back(record->type, record->body);
    durable.push_back(record->durable_size);
  }
  if (records.empty()) return;
  random.mutate(&records[random.next(records.size())].second, corpus);
  if (random.next(8) == 0) records[random.next(records.size())].first = random.next(2) != 0 ? RecordType::kEntry : RecordType::kHardState;
  std::string out = file->substr(0, kHeaderBytes);
  for (size_t i = 0; i < records.size(); ++i) {
    put_record(records[i].first, records[i].second, std::min<uint64_t>(durable[i], out.size()), sequence, out.size(), &out);
  }
  *file = std::move(out);
}

void use(FaultFiles& files) {
  auto opened = LogFile::open(files, kDirectory, 2000);
  if (!opened.ok()) {
    EXPECT_FALSE(opened.error().message.empty());
    return;
  }
  LogFile& log = **opened;
  if (log.last_index() - log.first_index() < 100'000) {
    for (LogIndex i = log.first_index(); i <= log.last_index(); ++i) {
      static_cast<void>(log.term(i).ok());
      static_cast<void>(log.entries(i, i + 1, 1 << 20).ok());
    }
  }
  const LogIndex next = log.last_index() + 1;
  if (next == 0) return;
  const Term term = std::max<Term>(log.hard_state().term, 9);
  EXPECT_TRUE(log.append({{.index = next, .term = term, .data = "new"}}, nullptr).ok());
  EXPECT_TRUE(log.sync().ok());
  auto entry = log.entries(next, next + 1, 1 << 20);
  ASSERT_TRUE(entry.ok()) << entry.error().message;
  EXPECT_EQ(entry->at(0).data, "new");
}

TEST(RaftFuzz, DamagedSegmentsAreReadOrNamed) {
  const Files good = some_log();
  std::vector<std::string> corpus;
  for (const auto& [name, bytes] : good) corpus.push_back(bytes);
  FuzzRun run("RaftFuzz.DamagedSegmentsAreReadOrNamed", 2000);
  for (uint64_t seed = 0; run.next(&seed) && !testing::Test::HasFailure();) {
    SCOPED_TRACE(seed);
    Mutator random(seed);
    Files bad = good;
    for (uint64_t rounds = 1 + random.next(2); rounds > 0; --rounds) {
      auto victim = std::next(bad.begin(), static_cast<ptrdiff_t>(random.next(bad.size())));
      if (random.next(3) != 0) mutate_record(victim->first, &victim->second, random, corpus);
      else if (random.next(4) == 0) victim->second.resize(random.next(victim->second.size() + 1));
      else random.mutate(&victim->second, corpus);
    }
    FaultFiles files;
    for (const auto& [name, bytes] : bad) {
      ASSERT_TRUE(files.open(std::string(kDirectory) + "/" + name, env::OpenMode::kCreate).ok());
      files.bytes(std::string(kDirectory) + "/" + name) = bytes;
    }
    files.make_all_durable();
    use(files);
  }
}

// Messages as three members send them: votes, appends, heartbeats, reads, a snapshot, and the answers.
std::vector<std::string> some_messages() {
  std::vector<std::string> seen;
  TestCluster c({1, 2, 3});
  auto drain = [&] {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& [id, s] : c.servers) {
        while (s.node->has_ready()) c.handle(id, s), moved = true;
      }
      std::deque<OutgoingMessage> now;
      now.swap(c.wire);
      for (OutgoingMessage& m : now) {
        moved = true;
        seen.push_back(m.bytes);
        if (c.servers.count(m.to) != 0) static_cast<void>(c.node(m.to).step(m.bytes).ok());
      }
    }
  };
  c.node(1).campaign();
  drain();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(c.node(1).propose(c.term(1), {"entry " + std::to_string(i), std::string(100, 'x')}).ok());
    drain();
  }
  static_cast<void>(c.node(2).read_index("2-read-1").ok());
  drain();
  for (int i = 0; i < 3; ++i) c.node(1).tick(), drain();
  EXPECT_TRUE(c.node(1).propose_change(c.term(1), ChangeKind::kAddLearner, 4, "member").ok());
  drain();
  static_cast<void>(c.node(1).transfer_leader(2).ok());
  drain();
  EXPECT_GT(seen.size(), 30u);
  return seen;
}

TEST(RaftFuzz, MutatedMessagesNeverStopTheProcess) {
  const std::vector<std::string> corpus = some_messages();
  env::trace_sink([](env::TraceLevel, std::string_view, std::string_view) {}, env::TraceLevel::kError);
  FuzzRun run("RaftFuzz.MutatedMessagesNeverStopTheProcess", 5000);
  std::unique_ptr<TestCluster> c;
  uint64_t taken = 0, failed = 0;
  for (uint64_t seed = 0; run.next(&seed);) {
    if (seed % 64 == 1 || !c) {
      c = std::make_unique<TestCluster>(std::vector<MemberId>{1, 2, 3});
      c->elect(1);
      // As far as the messages speak of: more of them are believed.
      for (int i = 0; i < 8; ++i) ASSERT_TRUE(c->node(1).propose(c->term(1), {"entry " + std::to_string(i), std::string(100, 'x')}).ok());
      c->settle();
    }
    Mutator random(seed);
    std::string message = corpus[random.next(corpus.size())];
    for (uint64_t rounds = random.next(3); rounds > 0; --rounds) random.mutate(&message, corpus);
    const MemberId to = 1 + random.next(3);
    if (c->node(to).step(message).ok()) ++taken;
    c->settle();
    // A message of good form may still lie (acknowledge what never was): the node then stops, and says why.
    for (auto& [id, s] : c->servers) {
      if (!s.node->failure()) continue;
      EXPECT_FALSE(s.node->failure()->message.empty());
      ++failed;
      c.reset();
      break;
    }
  }
  env::trace_sink(nullptr);
  EXPECT_GT(taken, 100u);
  RecordProperty("stopped", std::to_string(failed));
}

}  // namespace
}  // namespace graft::raft
