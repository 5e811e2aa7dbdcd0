// graft_sim: runs the whole cluster under one seed. See docs/simulation.md.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "sim/run.h"

namespace {

char current_run[128];

// A failed CHECK inside a run: say which seed it was.
void on_abort(int) {
  const ssize_t ignored = ::write(STDERR_FILENO, current_run, __builtin_strlen(current_run));
  (void)ignored;
  std::_Exit(1);
}

void print(const graft::sim::RunOptions& options, const graft::sim::RunResult& result, bool all) {
  std::printf("seed %llu workload %s: %s, %.1f simulated seconds, %llu events, log index %llu, fingerprint %016llx\n  state sums %s\n",
              static_cast<unsigned long long>(options.seed), options.workload.c_str(), result.ok() ? "ok" : "VIOLATION",
              result.simulated_seconds, static_cast<unsigned long long>(result.events),
              static_cast<unsigned long long>(result.log_index), static_cast<unsigned long long>(result.fingerprint),
              result.sums.c_str());
  for (const std::string& text : result.report.violations()) std::printf("  violation: %s\n", text.c_str());
  if (all || !result.ok()) {
    for (const auto& [what, n] : result.report.counts()) std::printf("  %s: %llu\n", what.c_str(), static_cast<unsigned long long>(n));
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Runs five Graft servers and their clients under simulated doors, deterministically from one seed."};
  graft::sim::RunOptions options;
  uint64_t seeds = 1;
  bool no_faults = false;
  bool quiet = false;
  app.add_option("--seed", options.seed, "the first seed")->required();
  app.add_option("--seeds", seeds, "how many seeds to run, one after another");
  app.add_option("--workload", options.workload, "bank, append, unique or schema")->check([](const std::string& name) {
    return graft::sim::is_workload(name) ? std::string() : "no such workload: " + name + " (bank, append, unique, schema)";
  });
  app.add_option("--servers", options.servers, "how many found the cluster")->check(CLI::Range(1, 7));
  app.add_flag("--verbose", options.verbose, "the servers' trace on standard error");
  app.add_flag("--lying-disks", options.lying_disks, "syncs do nothing: violations are to be found");
  app.add_flag("--no-faults", no_faults, "nothing goes wrong");
  app.add_flag("--quiet", quiet, "print runs with violations only");
  CLI11_PARSE(app, argc, argv);
  options.faults = !no_faults;
  std::signal(SIGABRT, on_abort);

  uint64_t bad = 0;
  for (uint64_t i = 0; i < seeds; i++, options.seed++) {
    std::snprintf(current_run, sizeof(current_run), "aborted in seed %llu workload %s\n",
                  static_cast<unsigned long long>(options.seed), options.workload.c_str());
    const graft::sim::RunResult result = graft::sim::run_simulation(options);
    if (!result.ok()) bad++;
    if (!result.ok() || !quiet) print(options, result, seeds == 1);
  }
  if (seeds > 1) std::printf("%llu of %llu seeds with violations\n", static_cast<unsigned long long>(bad), static_cast<unsigned long long>(seeds));
  return bad == 0 ? 0 : 1;
}
