#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace graft::env {

// Door 4. Offsets and sizes in bytes. Calls block. One writer at a time per file; reads from any thread.
// Errors: ErrorCode::kIo with path, operation and the system's text.
class File {
 public:
  virtual ~File() = default;
  virtual Status read_at(uint64_t offset, char* out, size_t n) = 0;  // all n bytes or an error
  virtual Status write_at(uint64_t offset, std::string_view bytes) = 0;
  // Durable when it returns (fdatasync). A failure is never retried: what was written since the last success is lost.
  virtual Status sync() = 0;
  // Waits until the disk has been given all that was written so far. Not durable yet, but little is left for the next
  // sync, of this file or of another one on the same disk. An error counts as one of sync(): it is told only once.
  virtual Status write_back() { return {}; }
  virtual Status truncate(uint64_t size) = 0;
  virtual Result<uint64_t> size() = 0;
  // A read-only view of [0, reserve) at an address that does not move; bytes past the file's size must not be touched.
  // Sees write_at at once. Valid until the File is destroyed.
  virtual Result<const char*> map(uint64_t reserve) = 0;
};

enum class OpenMode { kMustExist, kCreate, kCreateNew, kRead /* only to be read */ };

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Result<std::string> read_file(const std::string& path) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;  // names, sorted
  // Absolute, without symbolic links and . and .. in it; the path must exist.
  virtual Result<std::string> real_path(const std::string& path) { return path; }
  virtual Status create_directories(const std::string& directory) = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;  // atomic; durable after sync_directory
  virtual Status remove(const std::string& path) = 0;
  virtual Status remove_tree(const std::string& path) = 0;
  virtual Status sync_directory(const std::string& directory) = 0;
  // Takes the file's advisory lock until the process ends or the returned object is destroyed; kUnavailable if held.
  virtual Result<std::shared_ptr<void>> lock(const std::string& path) = 0;
};

// Writes path.tmp, syncs it, renames it to path and syncs the directory: after a crash the old or the new content, whole.
Status replace_file(FileSystem& fs, const std::string& path, std::string_view content);

}  // namespace graft::env
