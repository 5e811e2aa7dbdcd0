// Whole-cluster runs: fifty seeds of each workload, the seeds that once found something (tests/sim_seeds.txt), and that a
// seed always goes the same way. `graft_sim --seed N --workload W` repeats one of them with its counts and, with
// --verbose, the servers' trace.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "sim/run.h"

namespace graft::sim {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kSeeds = 5;
#else
constexpr uint64_t kSeeds = 50;
#endif

void expect_ok(const std::string& workload, uint64_t seed, int servers = 5) {
  RunOptions options;
  options.seed = seed;
  options.workload = workload;
  options.servers = servers;
  const RunResult result = run_simulation(options);
  for (const std::string& text : result.report.violations()) {
    ADD_FAILURE() << "graft_sim --seed " << seed << " --workload " << workload << " --servers " << servers << ": " << text;
  }
}

class Seeds : public ::testing::TestWithParam<const char*> {};

TEST_P(Seeds, HoldUnderFaults) {
  for (uint64_t seed = 1; seed <= kSeeds && !HasFailure(); seed++) expect_ok(GetParam(), seed);
}

TEST_P(Seeds, OneServerAloneHoldsUnderCrashes) {
  for (uint64_t seed = 1; seed <= kSeeds / 5 && !HasFailure(); seed++) expect_ok(GetParam(), seed, 1);
}

TEST_P(Seeds, TheSameSeedGivesTheSameSums) {
  RunOptions options;
  options.seed = 77;
  options.workload = GetParam();
  const RunResult first = run_simulation(options);
  const RunResult second = run_simulation(options);
  EXPECT_EQ(first.sums, second.sums);
  EXPECT_EQ(first.log_index, second.log_index);
  EXPECT_EQ(first.events, second.events);
  EXPECT_EQ(first.fingerprint, second.fingerprint);
  EXPECT_FALSE(first.sums.empty());
}

TEST(Checkers, NoticeDisksThatLie) {
  RunOptions options;
  options.lying_disks = true;
  bool found = false;
  for (options.seed = 1; options.seed <= 20 && !found; options.seed++) found = !run_simulation(options).ok();
  EXPECT_TRUE(found);
}

INSTANTIATE_TEST_SUITE_P(Workloads, Seeds, ::testing::Values("bank", "append", "unique", "schema"),
                         [](const auto& info) { return std::string(info.param); });

// Lines: workload seed [servers], then what it once found.
TEST(KnownSeeds, StayFixed) {
  std::ifstream file(GRAFT_SIM_SEEDS);
  ASSERT_TRUE(file.is_open()) << GRAFT_SIM_SEEDS;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string workload;
    uint64_t seed = 0;
    if (!(words >> workload) || workload[0] == '#') continue;
    ASSERT_TRUE(is_workload(workload) && (words >> seed)) << line;
    int servers = 5;
    words >> servers;
    expect_ok(workload, seed, words ? servers : 5);
  }
}

}  // namespace
}  // namespace graft::sim
