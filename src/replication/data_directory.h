#pragma once

// One member's data directory:
//   lock         held while a process uses the directory
//   identity     node id, incarnation, cluster id; written once, the cluster id added when it is known
//   CURRENT      name of the generation of the store in use: store-<n>
//   store-<n>/   page file; a snapshot is received into a new generation
//   log/         Raft log
//   clean-stop   what a clean stop left: lengths and checksums of all files; removed at start

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "env/file.h"
#include "env/random.h"
#include "raft/raft_node.h"

namespace graft::replication {

struct Identity {
  raft::MemberId id = 0;
  std::string incarnation;  // 32 hex digits, made with the directory
  std::string cluster_id;   // empty: belongs to no cluster yet
  std::map<raft::MemberId, std::string> founders;  // incarnations that the bootstrap probe found; empty for one that joined
};

std::string random_hex128(env::Random& random);

class DataDirectory {
 public:
  // Creates the directory if need be and locks it. kUnavailable: another process uses it; kIo: not writable.
  static Result<std::unique_ptr<DataDirectory>> open(env::FileSystem& fs, const std::string& path);

  const std::string& path() const { return path_; }
  env::FileSystem& fs() const { return fs_; }
  std::string log_directory() const { return path_ + "/log"; }

  // Nothing: the directory is new. kCorruption: unreadable.
  Result<std::optional<Identity>> identity() const;
  Status write_identity(const Identity& identity);

  // The generation in use ("store-1" when there is none yet).
  Result<std::string> current_store() const;  // full path
  // A path for a new generation; leftovers there are removed.
  Result<std::string> next_store() const;
  Status switch_store(const std::string& full_path);  // durable when it returns
  // Removes generations other than the current one (a crash between receiving and switching leaves such).
  Status remove_old_stores();

  Status write_clean_stop();  // everything else is closed
  // True: a marker was there and every file is as it says. The marker is gone afterwards.
  Result<bool> take_clean_stop();

 private:
  DataDirectory(env::FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  Result<std::string> describe_files() const;

  env::FileSystem& fs_;
  std::string path_;
  std::shared_ptr<void> lock_;
};

}  // namespace graft::replication
