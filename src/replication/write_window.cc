#include "replication/write_window.h"

#include <algorithm>

namespace graft::replication {
namespace {

Error conflict_error() {
  return Error{ErrorCode::kConflict,
               "the transaction read what another one has changed since; it was rolled back and may be run again"};
}

}  // namespace

void WriteWindow::seal_batch(storage::VersionNo version, env::Duration now) {
  for (graph::WriteTerms& terms : batch_) sealed_.push_back(Sealed{version, now, std::move(terms)});
  batch_.clear();
  while (!sealed_.empty() && (now - sealed_.front().at > kKept || sealed_.size() > kMaxCommits)) {
    floor_ = sealed_.front().version;
    sealed_.pop_front();
  }
}

Status WriteWindow::validate(const graph::Footprint& footprint, storage::VersionNo base) const {
  if (base < floor_) {
    return Error{ErrorCode::kConflict,
                 "the transaction is too old to be checked against the writes since it began; it was rolled back and may be run again"};
  }
  auto later = std::upper_bound(sealed_.begin(), sealed_.end(), base,
                                [](storage::VersionNo version, const Sealed& sealed) { return version < sealed.version; });
  for (auto it = later; it != sealed_.end(); ++it) {
    if (conflicts(footprint, it->terms)) return conflict_error();
  }
  for (const graph::WriteTerms& terms : batch_) {
    if (conflicts(footprint, terms)) return conflict_error();
  }
  return {};
}

}  // namespace graft::replication
