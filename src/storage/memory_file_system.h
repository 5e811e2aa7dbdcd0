#pragma once

// A file system in memory for tests, with the faults that disks have: what was not synced may be lost, in any part and
// any order, at a crash; a write may be torn; any call may be the last one before the crash. Not thread-safe, but for
// reads of different files and of a file's map.

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "env/file.h"

namespace graft::storage {

class MemoryFileSystem final : public env::FileSystem {
 public:
  // From now on the n-th changing call (write, sync, truncate, rename, remove, create) and all after it fail.
  void crash_after(uint64_t n) { calls_left_ = n; }
  bool crashed() const { return crashed_; }
  uint64_t changing_calls() const { return calls_; }
  // What a machine finds after the power came back: of each sector written since the last sync, the old or the new
  // content, at random. Ends the crash. No file may be open.
  void restart(std::mt19937_64& rng);

  // Damages a byte of a file in place.
  void flip_byte(const std::string& path, uint64_t offset);
  uint64_t file_size(const std::string& path) const;

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

  struct Content;  // of one file

 private:
  friend class MemoryFile;
  Status changing(const char* what, const std::string& path);

  std::map<std::string, std::shared_ptr<Content>> files_;
  std::map<std::string, std::shared_ptr<Content>> durable_names_;
  uint64_t calls_ = 0;
  uint64_t calls_left_ = ~uint64_t{0};
  bool crashed_ = false;
};

}  // namespace graft::storage
