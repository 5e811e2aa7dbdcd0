#include <charconv>

#include <fmt/format.h>

#include "replication/snapshot_transfer.h"

namespace graft::replication {
namespace {

constexpr std::string_view kGenerationPrefix = "gen-";

// "gen-7" -> 7; 0: another name.
uint64_t generation(std::string_view name) {
  if (!name.starts_with(kGenerationPrefix)) return 0;
  name.remove_prefix(kGenerationPrefix.size());
  uint64_t number = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() ? number : 0;
}

}  // namespace

std::string StoreGenerations::path(uint64_t number) const { return fmt::format("{}/{}{}", directory_, kGenerationPrefix, number); }

Result<StoreGenerations> StoreGenerations::open(env::FileSystem& fs, const std::string& directory) {
  GRAFT_TRY(fs.create_directories(directory));
  std::string file = directory + "/CURRENT";
  uint64_t current = 1;
  GRAFT_TRY_ASSIGN(bool exists, fs.exists(file));
  if (exists) {
    GRAFT_TRY_ASSIGN(std::string name, fs.read_file(file));
    current = generation(name);
    if (current == 0) return Error{ErrorCode::kCorruption, fmt::format("{} names no generation of the store: '{}'", file, name.substr(0, 40))};
  }
  StoreGenerations generations(fs, directory, current);
  GRAFT_TRY(fs.create_directories(generations.current()));
  if (!exists) GRAFT_TRY(env::replace_file(fs, file, fmt::format("{}{}", kGenerationPrefix, current)));
  generations.remove_others();
  return generations;
}

Result<std::string> StoreGenerations::prepare_next() {
  std::string next = path(current_ + 1);
  GRAFT_TRY(fs_->remove_tree(next));
  GRAFT_TRY(fs_->create_directories(next));
  GRAFT_TRY(fs_->sync_directory(directory_));
  return next;
}

Status StoreGenerations::switch_to_next() {
  GRAFT_TRY(env::replace_file(*fs_, directory_ + "/CURRENT", fmt::format("{}{}", kGenerationPrefix, current_ + 1)));
  ++current_;
  return {};
}

void StoreGenerations::remove_others() {
  auto names = fs_->list(directory_);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    uint64_t number = generation(name);
    // A leftover costs room only; the next start tries again.
    if (number != 0 && number != current_ && !fs_->remove_tree(path(number)).ok()) return;
  }
}

}  // namespace graft::replication
