#include "raft/log_file.h"

#include <gtest/gtest.h>

#include "raft/fault_files.h"

namespace graft::raft {
namespace {

const std::string kDirectory = "log";
constexpr uint64_t kSegmentBytes = 64 << 10;

std::vector<LogEntry> make(LogIndex first, size_t count, Term term, size_t bytes = 20) {
  std::vector<LogEntry> out;
  for (size_t i = 0; i < count; ++i) {
    LogIndex index = first + i;
    out.push_back({.index = index, .term = term, .data = "t" + std::to_string(term) + "i" + std::to_string(index)});
    out.back().data.resize(bytes, '.');
  }
  return out;
}

std::unique_ptr<LogFile> open(FaultFiles& files) {
  auto log = LogFile::open(files, kDirectory, kSegmentBytes);
  if (!log.ok()) ADD_FAILURE() << log.error().message;
  return log.ok() ? std::move(log).value() : nullptr;
}

std::string dump(const LogFile& log) {
  std::string out = std::to_string(log.first_index()) + ".." + std::to_string(log.last_index()) + ":";
  if (log.last_index() < log.first_index()) return out;
  auto entries = log.entries(log.first_index(), log.last_index() + 1, ~uint64_t{0});
  if (!entries.ok()) return out + " " + entries.error().message;
  for (const LogEntry& e : *entries) {
    EXPECT_EQ(*log.term(e.index), e.term);
    out += " " + e.data.substr(0, e.data.find('.'));
  }
  return out;
}

void append(LogFile& log, const std::vector<LogEntry>& entries) { ASSERT_TRUE(log.append(entries, nullptr).ok()); }

TEST(LogFile, IsEmptyAtFirst) {
  FaultFiles files;
  auto log = open(files);
  EXPECT_EQ(log->first_index(), 1u);
  EXPECT_EQ(log->last_index(), 0u);
  EXPECT_EQ(*log->term(0), 0u);
  EXPECT_FALSE(log->term(1).ok());
  EXPECT_EQ(log->entries(1, 2, 100).error().code, ErrorCode::kNotFound);
}

TEST(LogFile, GivesBackWhatWasAppended) {
  FaultFiles files;
  auto log = open(files);
  HardState state{3, 2, 4};
  auto entries = make(1, 5, 3);
  entries[1].kind = EntryKind::kConfigurationChange;
  entries[1].context = "member";
  ASSERT_TRUE(log->append(entries, &state).ok());
  ASSERT_TRUE(log->sync().ok());
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(dump(*log), "1..5: t3i1 t3i2 t3i3 t3i4 t3i5");
    EXPECT_EQ(log->hard_state(), state);
    EXPECT_EQ((*log->entries(2, 3, 1000))[0].context, "member");
    EXPECT_EQ((*log->entries(2, 3, 1000))[0].kind, EntryKind::kConfigurationChange);
    log.reset();
    log = open(files);
  }
}

TEST(LogFile, AnOverlappingAppendReplacesTheRest) {
  FaultFiles files;
  auto log = open(files);
  append(*log, make(1, 6, 1));
  append(*log, make(4, 2, 2));
  EXPECT_EQ(dump(*log), "1..5: t1i1 t1i2 t1i3 t2i4 t2i5");
  ASSERT_TRUE(log->sync().ok());
  log = open(files);
  EXPECT_EQ(dump(*log), "1..5: t1i1 t1i2 t1i3 t2i4 t2i5");
}

TEST(LogFile, ReadsAtLeastOneEntryAndNoMoreThanAskedFor) {
  FaultFiles files;
  auto log = open(files);
  append(*log, make(1, 100, 1, 1000));
  EXPECT_EQ(log->entries(1, 101, 1)->size(), 1u);
  EXPECT_EQ(log->entries(1, 101, 10'500)->size(), 10u);
  EXPECT_EQ(log->entries(7, 9, 1 << 20)->size(), 2u);
}

// Three segments, of 16, 16 and one entry.
void fill_segments(LogFile& log) {
  for (LogIndex i = 1; i <= 33; ++i) append(log, make(i, 1, i < 20 ? 1 : 2, 4 << 10));
}

TEST(LogFile, CompactsWholeSegmentsAndKnowsTheTermBefore) {
  FaultFiles files;
  auto log = open(files);
  HardState state{2, 1, 9};
  ASSERT_TRUE(log->append({}, &state).ok());
  fill_segments(*log);
  ASSERT_EQ(files.list(kDirectory)->size(), 3u);
  ASSERT_TRUE(log->compact(15).ok());
  EXPECT_EQ(log->first_index(), 1u);
  ASSERT_TRUE(log->compact(20).ok());
  EXPECT_EQ(log->first_index(), 17u);
  EXPECT_EQ(*log->term(16), 1u);
  ASSERT_TRUE(log->sync().ok());
  log = open(files);
  EXPECT_EQ(log->first_index(), 17u);
  EXPECT_EQ(log->last_index(), 33u);
  EXPECT_EQ(*log->term(16), 1u);
  EXPECT_EQ(*log->term(20), 2u);
  EXPECT_FALSE(log->term(15).ok());
  EXPECT_EQ(log->hard_state(), state);
}

TEST(LogFile, TruncationAcrossSegmentsBeginsANewOne) {
  FaultFiles files;
  auto log = open(files);
  fill_segments(*log);
  append(*log, make(10, 2, 7));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(log->last_index(), 11u);
    EXPECT_EQ(*log->term(9), 1u);
    EXPECT_EQ(*log->term(10), 7u);
    EXPECT_EQ((*log->entries(11, 12, 1 << 20))[0].data.substr(0, 5), "t7i11");
    ASSERT_TRUE(log->sync().ok());
    log = open(files);
  }
  ASSERT_TRUE(log->compact(11).ok());
  EXPECT_EQ(log->first_index(), 10u);
  EXPECT_EQ(*log->term(9), 1u);
}

TEST(LogFile, ResetForgetsEverything) {
  FaultFiles files;
  auto log = open(files);
  fill_segments(*log);
  HardState state{9, 0, 500};
  ASSERT_TRUE(log->reset(500, 8, state).ok());
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(log->first_index(), 501u);
    EXPECT_EQ(log->last_index(), 500u);
    EXPECT_EQ(*log->term(500), 8u);
    EXPECT_EQ(log->hard_state(), state);
    EXPECT_EQ(files.list(kDirectory)->size(), 1u);
    log = open(files);
  }
  append(*log, make(501, 1, 9));
  EXPECT_EQ(dump(*log), "501..501: t9i501");
}

TEST(LogFile, DamageInWhatWasSyncedIsToldWithFileAndOffset) {
  FaultFiles files;
  auto log = open(files);
  append(*log, make(1, 1, 1));
  ASSERT_TRUE(log->sync().ok());
  append(*log, make(2, 1, 1));
  ASSERT_TRUE(log->sync().ok());
  log.reset();
  files.bytes("log/log-0000000001")[72 + 30] ^= 1;  // in the first record
  auto damaged = LogFile::open(files, kDirectory);
  ASSERT_FALSE(damaged.ok());
  EXPECT_EQ(damaged.error().code, ErrorCode::kCorruption);
  EXPECT_NE(damaged.error().message.find("log/log-0000000001 is damaged at offset 72"), std::string::npos) << damaged.error().message;
}

TEST(LogFile, DamageInAnOlderSegmentOrAHeaderOrAMissingSegment) {
  for (int kind = 0; kind < 3; ++kind) {
    FaultFiles files;
    auto log = open(files);
    fill_segments(*log);
    ASSERT_TRUE(log->sync().ok());
    log.reset();
    if (kind == 0) files.bytes("log/log-0000000001").back() ^= 1, files.bytes("log/log-0000000001").pop_back();
    if (kind == 1) files.bytes("log/log-0000000003")[20] ^= 1;
    if (kind == 2) (void)files.remove("log/log-0000000002");
    auto damaged = LogFile::open(files, kDirectory);
    ASSERT_FALSE(damaged.ok());
    EXPECT_EQ(damaged.error().code, ErrorCode::kCorruption) << damaged.error().message;
  }
}

TEST(LogFile, DamageIsFoundWhenAnEntryIsRead) {
  FaultFiles files;
  auto log = open(files);
  append(*log, make(1, 3, 1));
  files.bytes("log/log-0000000001")[72 + 30] ^= 1;
  EXPECT_EQ(log->entries(1, 2, 100).error().code, ErrorCode::kCorruption);
  EXPECT_TRUE(log->entries(2, 4, 1000).ok());
}

TEST(LogFile, AFailedSyncIsNotTriedAgain) {
  FaultFiles files;
  auto log = open(files);
  append(*log, make(1, 1, 1));
  files.crash_at = files.operations;
  EXPECT_FALSE(log->sync().ok());
  files.crash_at = ~uint64_t{0};
  EXPECT_FALSE(log->sync().ok());
  EXPECT_FALSE(log->append(make(2, 1, 1), nullptr).ok());
}

// A random history with a crash at a random operation: what was synced is there, and the log is some state that the
// history went through since.
class Model {
 public:
  explicit Model(uint64_t seed) : random_(seed) {}

  void run(LogFile& log) {
    while (step(log)) {
    }
  }
  bool matches(const LogFile& log) const {
    std::string found = dump(log) + " vote " + std::to_string(log.hard_state().vote);
    for (const std::string& text : possible_) {
      if (text == found) return true;
    }
    ADD_FAILURE() << "found " << found << "\nlast synced " << durable_ << "\nlast written " << (possible_.empty() ? "" : possible_.back());
    return false;
  }

 private:
  struct State {
    LogIndex base = 0;
    std::vector<LogEntry> entries;
    uint64_t vote = 0;
  };
  static std::string text(const State& s) {
    std::string out = std::to_string(s.base + 1) + ".." + std::to_string(s.base + s.entries.size()) + ":";
    for (const LogEntry& e : s.entries) out += " " + e.data.substr(0, e.data.find('.'));
    return out + " vote " + std::to_string(s.vote);
  }
  // Records of one batch reach the disk in order of the log: every prefix may be what is found.
  void written(const std::vector<LogEntry>& entries, std::optional<uint64_t> vote) {
    for (const LogEntry& e : entries) {
      state_.entries.resize(e.index - 1 - state_.base);
      state_.entries.push_back(e);
      possible_.push_back(text(state_));
    }
    if (vote) state_.vote = *vote;
    possible_.push_back(text(state_));
  }
  bool step(LogFile& log) {
    LogIndex last = state_.base + state_.entries.size();
    switch (random_() % 8) {
      case 0: case 1: case 2: case 3: {
        LogIndex back = state_.entries.empty() ? 0 : random_() % 4 == 0 ? random_() % state_.entries.size() : 0;
        auto entries = make(last + 1 - back, 1 + random_() % 5, ++term_, 20 + random_() % 200);
        HardState hard_state{term_, ++vote_, 0};
        bool with_state = random_() % 2 == 0;
        auto status = log.append(entries, with_state ? &hard_state : nullptr);
        written(entries, with_state ? std::optional<uint64_t>(vote_) : std::nullopt);
        return status.ok();
      }
      case 4: case 5: case 6: {
        auto status = log.sync();
        if (!status.ok()) return false;
        durable_ = text(state_);
        possible_ = {durable_};
        return true;
      }
      default: {
        if (random_() % 4 != 0) return true;
        State next{.base = last + random_() % 10, .vote = ++vote_};
        possible_.push_back(text(next));
        auto status = log.reset(next.base, ++term_, {term_, vote_, next.base});
        if (!status.ok()) return false;
        state_ = next;
        possible_ = {text(state_)};
        return true;
      }
    }
  }

  std::mt19937_64 random_;
  Term term_ = 0;
  uint64_t vote_ = 0;
  State state_;
  std::string durable_;
  std::vector<std::string> possible_{text(State{})};
};

TEST(LogFile, ACrashAtAnyOperationLosesNothingThatWasSynced) {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    FaultFiles files;
    auto log = open(files);
    files.crash_at = files.operations + seed % 60;
    Model model(seed);
    model.run(*log);
    log.reset();
    files.restart(seed);
    log = open(files);
    ASSERT_TRUE(log && model.matches(*log)) << "seed " << seed;
    LogIndex next = log->last_index() + 1;
    append(*log, make(next, 1, 99));
    ASSERT_TRUE(log->sync().ok());
    log = open(files);
    ASSERT_EQ(log->last_index(), next) << "seed " << seed;
  }
}

}  // namespace
}  // namespace graft::raft
