#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "env/file.h"
#include "sim/disk.h"
#include "sim/process.h"

namespace graft::sim {

// What may go wrong with one machine's disk while it runs. Owned by the machine, so that it outlives a crash.
struct DiskFaults {
  uint64_t operations = 0;             // so far, in this life
  uint64_t crash_at_operation = 0;     // 0: never. The process dies at that operation, before, in or after its effect
  double sync_failure = 0;             // chance of each sync
  bool lying = false;                  // syncs say yes and do nothing: to see that the checkers notice
  bool full = false;                   // writes that need room fail
  Duration sync_time_min = std::chrono::microseconds(80);
  Duration sync_time_max = std::chrono::microseconds(1500);

  // Counted for the report.
  uint64_t syncs = 0, failed_syncs = 0, full_errors = 0;
  // What the program must never do, found by the disk: a sync after a failed one on the same file.
  std::vector<std::string> violations;
};

// File door of one life of a process.
class SimFileSystem final : public env::FileSystem {
 public:
  SimFileSystem(std::shared_ptr<SimProcess> process, Disk& disk, DiskFaults& faults)
      : process_(std::move(process)), disk_(disk), faults_(faults) {}

  Result<std::unique_ptr<env::File>> open(const std::string& path, env::OpenMode mode) override;
  Result<std::string> read_file(const std::string& path) override;
  Result<bool> exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Status create_directories(const std::string& directory) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_tree(const std::string& path) override;
  Status sync_directory(const std::string& directory) override;
  Result<std::shared_ptr<void>> lock(const std::string& path) override;

 private:
  friend class SimFile;
  // Counts an operation that changes the disk; runs it unless the process dies just before. An error if it is dead then.
  template <class F>
  Status perform(const std::string& path, const char* operation, F effect);
  Status check_alive(const std::string& path, const char* operation) const;

  std::shared_ptr<SimProcess> process_;
  Disk& disk_;
  DiskFaults& faults_;
  std::set<std::string> locks_;
};

}  // namespace graft::sim
