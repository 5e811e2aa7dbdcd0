#pragma once

// The newest term and vote of this member, in a file of their own beside the log: what it promised to other members stays
// known when the log is damaged or gone. Written before anything that depends on them leaves this member, so it is never
// older than the log's own hard state, but for directories of earlier versions.

#include <optional>
#include <string>

#include "base/result.h"
#include "env/file.h"
#include "raft/raft_node.h"

namespace graft::replication {

class VoteFile {
 public:
  struct Vote {
    raft::Term term = 0;
    raft::MemberId vote = 0;
    bool operator==(const Vote&) const = default;
  };

  // A damaged file counts as none; the trace says so. Errors: not readable.
  static Result<VoteFile> open(env::FileSystem& fs, const std::string& path);

  // What is durable. Nothing: there is no such file.
  const std::optional<Vote>& kept() const { return kept_; }
  // Durable when it returns; costs nothing when it is kept already.
  Status keep(raft::Term term, raft::MemberId vote);
  const std::string& path() const { return path_; }

 private:
  VoteFile(env::FileSystem& fs, std::string path) : fs_(&fs), path_(std::move(path)) {}

  env::FileSystem* fs_;
  std::string path_;
  std::optional<Vote> kept_;
};

std::string encode_vote(const VoteFile::Vote& vote);
// kCorruption: not such a file.
Result<VoteFile::Vote> decode_vote(std::string_view text);

}  // namespace graft::replication
