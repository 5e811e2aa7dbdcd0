#include "replication/vote_file.h"

#include <fmt/format.h>

#include "env/trace.h"
#include "replication/checked_text.h"

namespace graft::replication {
namespace {

constexpr std::string_view kVoteMagic = "graft vote 1";

}  // namespace

std::string encode_vote(const VoteFile::Vote& vote) {
  return encode_checked_text(kVoteMagic, {{"term", fmt::format("{}", vote.term)}, {"vote", fmt::format("{}", vote.vote)}});
}

Result<VoteFile::Vote> decode_vote(std::string_view text) {
  GRAFT_TRY_ASSIGN(TextLines lines, decode_checked_text(kVoteMagic, text));
  VoteFile::Vote vote;
  bool whole = lines.size() == 2 && lines[0].first == "term" && lines[1].first == "vote" && parse_text_number(lines[0].second, &vote.term) &&
               parse_text_number(lines[1].second, &vote.vote);
  if (!whole) return Error{ErrorCode::kCorruption, "not a vote file: term and vote are expected"};
  return vote;
}

Result<VoteFile> VoteFile::open(env::FileSystem& fs, const std::string& path) {
  VoteFile file(fs, path);
  GRAFT_TRY_ASSIGN(bool exists, fs.exists(path));
  if (!exists) return file;
  GRAFT_TRY_ASSIGN(std::string text, fs.read_file(path));
  Result<Vote> vote = decode_vote(text);
  if (vote.ok()) {
    file.kept_ = *vote;
  } else {
    env::trace(env::TraceLevel::kWarning, "replica", "{} is damaged: {}", path, vote.error().message);
  }
  return file;
}

Status VoteFile::keep(raft::Term term, raft::MemberId vote) {
  Vote now{term, vote};
  if (kept_ == now) return {};
  GRAFT_TRY(env::replace_file(*fs_, path_, encode_vote(now)));
  kept_ = now;
  return {};
}

}  // namespace graft::replication
