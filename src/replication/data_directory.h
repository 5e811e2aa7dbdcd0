#pragma once

// One member's data directory:
//   lock         held while a process uses the directory
//   identity     node id, incarnation, cluster id; written once, the cluster id added when it is known
//   store/       generations of the store (see StoreGenerations)
//   log/         Raft log
//   clean-stop   what a clean stop left: lengths and checksums of all files; removed at start

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "env/file.h"
#include "env/random.h"
#include "raft/raft_node.h"
#include "replication/bootstrap.h"
#include "replication/snapshot_transfer.h"

namespace graft::replication {

std::string random_hex128(env::Random& random);

class DataDirectory {
 public:
  // Creates the directory if need be and locks it. kUnavailable: another process uses it; kIo: not writable.
  static Result<std::unique_ptr<DataDirectory>> open(env::FileSystem& fs, const std::string& path);

  const std::string& path() const { return path_; }
  env::FileSystem& fs() const { return fs_; }
  std::string log_directory() const { return path_ + "/log"; }
  StoreGenerations& stores() { return *stores_; }

  // Nothing: the directory is new. kCorruption: unreadable.
  Result<std::optional<Identity>> identity() const;
  Status write_identity(const Identity& identity);
  // A copied directory has another node's identity until it is taken over; this is who it is going to be, kept from before
  // it registers, so that a crash does not make it somebody else.
  Result<std::optional<Identity>> coming_identity() const;
  Status write_coming_identity(const Identity& identity);
  Status remove_coming_identity();

  // Everything that writes to the directory is closed or idle.
  Status write_clean_stop();
  // True: a marker is there and every file is as it says.
  Result<bool> clean_stop_matches() const;
  Status remove_clean_stop();  // before anything else is written

  // Moves store and log to set-aside-<n>: nothing is lost, nothing of it is used.
  Status set_aside();

 private:
  Result<std::optional<Identity>> read_identity(const std::string& file) const;
  Status remove_file(const std::string& file);
  DataDirectory(env::FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  Result<std::string> describe_files() const;

  env::FileSystem& fs_;
  std::string path_;
  std::shared_ptr<void> lock_;
  std::optional<StoreGenerations> stores_;
};

}  // namespace graft::replication
