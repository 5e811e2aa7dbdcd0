#pragma once

// A machine's disk: what was written, what of it is durable, and what a crash leaves.
//
// Between two syncs of a file its writes may reach the platter in any order and each of them whole, in part or not at
// all; names (creates, renames, removals) reach it in order per directory, when the directory is synced or before.
// Directories themselves are durable at once.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/random.h"

namespace graft::sim {

// A file's bytes, in a string or, once it is mapped, in an address reservation that does not move.
class Bytes {
 public:
  Bytes() = default;
  ~Bytes();
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;

  uint64_t size() const { return size_; }
  const char* data() const { return region_ != nullptr ? region_ : heap_.data(); }
  char* data() { return region_ != nullptr ? region_ : heap_.data(); }
  void resize(uint64_t size);  // new bytes are zero
  const char* map(uint64_t reserve);  // null: the system refused
  void unmap();                       // back into a string

 private:
  std::string heap_;
  char* region_ = nullptr;
  uint64_t reserved_ = 0;
  uint64_t size_ = 0;
};

class DiskFile {
 public:
  void write(uint64_t offset, std::string_view bytes);
  void truncate(uint64_t size);
  void sync() { pending_.clear(); }
  // What a crash leaves: the durable bytes and what chance kept of the rest.
  void crash(SimRandom& random);

  Bytes bytes;
  bool sync_failed = false;  // what was pending then is lost, whatever later syncs say

 private:
  struct Pending {
    uint64_t offset;
    std::string before, after;  // `before` is shorter where the file ended
    uint64_t size_before, size_after;
    bool is_truncate;
  };
  void undo(const Pending& p);
  void redo(const Pending& p, size_t from, size_t to);
  std::vector<Pending> pending_;
};

class Disk {
 public:
  using FilePtr = std::shared_ptr<DiskFile>;

  FilePtr find(const std::string& path) const;
  FilePtr create(const std::string& path);
  void rename(const std::string& from, const std::string& to);  // a file or a directory; exists
  void remove(const std::string& path);                         // a file that exists
  void remove_tree(const std::string& path);
  bool directory_exists(const std::string& path) const { return directories_.count(path) > 0; }
  void create_directories(const std::string& path);
  std::vector<std::string> list(const std::string& directory) const;  // names, sorted
  void sync_directory(const std::string& directory);
  std::vector<std::string> files() const;  // paths

  void crash(SimRandom& random);
  void erase_all();  // a new disk
  void lose(const std::string& directory);  // with all below it, durably: what an operator's mistake does
  void copy_from(const Disk& other);  // its files as they are at this moment, durable here

 private:
  struct NameChange {
    std::string directory;  // whose sync makes it durable
    std::string path;
    FilePtr file;           // null: removed
    std::string moved_from; // a rename within one directory: this name goes in the same moment
  };
  void change(const std::string& path, FilePtr file);
  static void apply(std::map<std::string, FilePtr>& names, const NameChange& c);

  std::map<std::string, FilePtr> names_;
  std::map<std::string, FilePtr> durable_names_;
  std::vector<NameChange> pending_;
  std::set<std::string> directories_{"/"};
};

std::string parent_directory(const std::string& path);

}  // namespace graft::sim
