#pragma once

// One member's data directory:
//   lock         held while a process uses the directory
//   identity     node id, incarnation, cluster id; written once, the cluster id added when it is known
//   vote         newest term and vote (see VoteFile)
//   store/       generations of the store (see StoreGenerations)
//   log/         Raft log
//   clean-stop   what a clean stop left: lengths and checksums of all files; removed at start
//   healing      while the member is being filled anew: why (see HealingNote)
//   damaged-<n>  store and log of before it healed last

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "env/file.h"
#include "env/random.h"
#include "raft/raft_node.h"
#include "replication/bootstrap.h"
#include "replication/healing.h"
#include "replication/snapshot_transfer.h"
#include "replication/vote_file.h"

namespace graft::replication {

std::string random_hex128(env::Random& random);

class DataDirectory {
 public:
  // Creates the directory if need be and locks it. kUnavailable: another process uses it; kIo: not writable.
  static Result<std::unique_ptr<DataDirectory>> open(env::FileSystem& fs, const std::string& path);

  const std::string& path() const { return path_; }
  env::FileSystem& fs() const { return fs_; }
  std::string log_directory() const { return path_ + "/log"; }
  // Not where stores_damage() is an error.
  StoreGenerations& stores() { return *stores_; }
  // kCorruption: the file that names the store's generation is damaged.
  const Status& stores_damage() const { return stores_damage_; }
  VoteFile& vote() { return *vote_; }
  // False: there is no segment of a Raft log, not even an empty one.
  Result<bool> has_log() const;

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

  // Nothing: it is not healing. A note that cannot be read is one without content.
  Result<std::optional<HealingNote>> healing_note() const;
  // Names the directory for the damaged files; then move_damaged. Durable.
  Status write_healing_note(HealingNote* note);
  Status remove_healing_note();
  // Moves store and log to the directory that the note names, or removes what came after them; an older such directory
  // is removed. Then there are an empty store and no log.
  Status move_damaged(const HealingNote& note);

  // Another process, or another core of this one, may use the directory from now on.
  void release() { lock_ = nullptr; }

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
  Status stores_damage_;
  std::optional<VoteFile> vote_;
};

}  // namespace graft::replication
