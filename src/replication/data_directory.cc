#include "replication/data_directory.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/checksum.h"

namespace graft::replication {
namespace {

constexpr std::string_view kMarkerMagic = "graft clean stop 1\n";
constexpr uint64_t kSampleBytes = 64 << 10;
constexpr std::string_view kDamagedPrefix = "damaged-";

}  // namespace

std::string random_hex128(env::Random& random) {
  uint64_t high = random.next();
  uint64_t low = random.next();
  return fmt::format("{:016x}{:016x}", high, low);
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(env::FileSystem& fs, const std::string& path) {
  GRAFT_TRY(fs.create_directories(path));
  std::unique_ptr<DataDirectory> directory(new DataDirectory(fs, path));
  GRAFT_TRY_ASSIGN(directory->lock_, fs.lock(path + "/lock"));
  Result<StoreGenerations> stores = StoreGenerations::open(fs, path + "/store");
  if (stores.ok()) {
    directory->stores_ = std::move(*stores);
  } else if (stores.error().code == ErrorCode::kCorruption) {
    directory->stores_damage_ = stores.error();
  } else {
    return std::move(stores).error();
  }
  GRAFT_TRY_ASSIGN(directory->vote_, VoteFile::open(fs, path + "/vote"));
  return directory;
}

Result<bool> DataDirectory::has_log() const {
  GRAFT_TRY_ASSIGN(bool exists, fs_.exists(log_directory()));
  if (!exists) return false;
  GRAFT_TRY_ASSIGN(std::vector<std::string> names, fs_.list(log_directory()));
  return std::any_of(names.begin(), names.end(), [](const std::string& name) { return name.starts_with("log-") && !name.ends_with(".tmp"); });
}

Result<std::optional<Identity>> DataDirectory::identity() const { return read_identity(path_ + "/identity"); }

Result<std::optional<Identity>> DataDirectory::coming_identity() const { return read_identity(path_ + "/identity-to-be"); }

Result<std::optional<Identity>> DataDirectory::read_identity(const std::string& file) const {
  GRAFT_TRY_ASSIGN(bool exists, fs_.exists(file));
  if (!exists) return std::optional<Identity>();
  GRAFT_TRY_ASSIGN(std::string text, fs_.read_file(file));
  Result<Identity> identity = decode_identity(text);
  if (identity.ok()) return std::optional<Identity>(std::move(*identity));
  return Error{ErrorCode::kCorruption, fmt::format("{} is damaged ({}); restore it from a backup, or remove this member from the cluster, "
                                                   "empty its directory and add it under a new id", file, identity.error().message)};
}

Status DataDirectory::write_identity(const Identity& identity) {
  return env::replace_file(fs_, path_ + "/identity", encode_identity(identity));
}

Status DataDirectory::write_coming_identity(const Identity& identity) {
  return env::replace_file(fs_, path_ + "/identity-to-be", encode_identity(identity));
}

Status DataDirectory::remove_coming_identity() { return remove_file(path_ + "/identity-to-be"); }

// Length of each file, and a checksum of its first and last bytes: enough to tell a directory that was copied while
// a server wrote to it, without reading all of a large graph.
Result<std::string> DataDirectory::describe_files() const {
  std::string out(kMarkerMagic);
  GRAFT_TRY(stores_damage_);
  for (const std::string& directory : {log_directory(), stores_->current()}) {
    GRAFT_TRY_ASSIGN(bool exists, fs_.exists(directory));
    if (!exists) continue;
    GRAFT_TRY_ASSIGN(std::vector<std::string> names, fs_.list(directory));
    for (const std::string& name : names) {
      GRAFT_TRY_ASSIGN(auto file, fs_.open(directory + "/" + name, env::OpenMode::kMustExist));
      GRAFT_TRY_ASSIGN(uint64_t size, file->size());
      std::string sample(std::min(size, kSampleBytes), '\0');
      GRAFT_TRY(file->read_at(0, sample.data(), sample.size()));
      uint64_t first = checksum64(sample);
      GRAFT_TRY(file->read_at(size - sample.size(), sample.data(), sample.size()));
      out += fmt::format("{}/{} {} {:016x} {:016x}\n", directory.substr(path_.size() + 1), name, size, first, checksum64(sample));
    }
  }
  return out;
}

Status DataDirectory::write_clean_stop() {
  GRAFT_TRY_ASSIGN(std::string content, describe_files());
  return env::replace_file(fs_, path_ + "/clean-stop", content);
}

Result<bool> DataDirectory::clean_stop_matches() const {
  std::string file = path_ + "/clean-stop";
  GRAFT_TRY_ASSIGN(bool exists, fs_.exists(file));
  if (!exists) return false;
  GRAFT_TRY_ASSIGN(std::string marker, fs_.read_file(file));
  auto now = describe_files();
  return now.ok() && *now == marker;
}

Status DataDirectory::remove_clean_stop() { return remove_file(path_ + "/clean-stop"); }

Status DataDirectory::remove_file(const std::string& file) {
  GRAFT_TRY_ASSIGN(bool exists, fs_.exists(file));
  if (!exists) return {};
  GRAFT_TRY(fs_.remove(file));
  return fs_.sync_directory(path_);
}

// ---- healing

Result<std::optional<HealingNote>> DataDirectory::healing_note() const {
  std::string file = path_ + "/healing";
  GRAFT_TRY_ASSIGN(bool exists, fs_.exists(file));
  if (!exists) return std::optional<HealingNote>();
  GRAFT_TRY_ASSIGN(std::string text, fs_.read_file(file));
  Result<HealingNote> note = decode_healing_note(text);
  if (note.ok() && !note->aside.empty()) return std::optional<HealingNote>(std::move(*note));
  return std::optional<HealingNote>(HealingNote{"it was being filled anew, and the note that says why is damaged", "damaged-1", {}});
}

Status DataDirectory::write_healing_note(HealingNote* note) {
  for (int n = 1;; ++n) {
    note->aside = fmt::format("{}{}", kDamagedPrefix, n);
    GRAFT_TRY_ASSIGN(bool exists, fs_.exists(path_ + "/" + note->aside));
    if (!exists) break;
  }
  return env::replace_file(fs_, path_ + "/healing", encode_healing_note(*note));
}

Status DataDirectory::remove_healing_note() { return remove_file(path_ + "/healing"); }

Status DataDirectory::move_damaged(const HealingNote& note) {
  GRAFT_TRY_ASSIGN(std::vector<std::string> names, fs_.list(path_));
  for (const std::string& name : names) {
    if (name.starts_with(kDamagedPrefix) && name != note.aside) GRAFT_TRY(fs_.remove_tree(path_ + "/" + name));
  }
  std::string aside = path_ + "/" + note.aside;
  GRAFT_TRY(fs_.create_directories(aside));
  for (const char* name : {"store", "log"}) {
    std::string from = path_ + "/" + name;
    std::string to = aside + "/" + name;
    GRAFT_TRY_ASSIGN(bool exists, fs_.exists(from));
    if (!exists) continue;
    GRAFT_TRY_ASSIGN(bool moved, fs_.exists(to));
    GRAFT_TRY(moved ? fs_.remove_tree(from) : fs_.rename(from, to));
  }
  GRAFT_TRY(fs_.sync_directory(aside));
  GRAFT_TRY(fs_.sync_directory(path_));
  GRAFT_TRY_ASSIGN(stores_, StoreGenerations::open(fs_, path_ + "/store"));
  stores_damage_ = Status();
  return {};
}

Status DataDirectory::set_aside() {
  std::string aside;
  for (int n = 1;; ++n) {
    aside = fmt::format("{}/set-aside-{}", path_, n);
    GRAFT_TRY_ASSIGN(bool exists, fs_.exists(aside));
    if (!exists) break;
  }
  GRAFT_TRY(fs_.create_directories(aside));
  for (const char* name : {"store", "log"}) {
    GRAFT_TRY_ASSIGN(bool exists, fs_.exists(path_ + "/" + name));
    if (exists) GRAFT_TRY(fs_.rename(path_ + "/" + name, aside + "/" + name));
  }
  GRAFT_TRY(fs_.sync_directory(path_));
  GRAFT_TRY_ASSIGN(stores_, StoreGenerations::open(fs_, path_ + "/store"));
  stores_damage_ = Status();
  return {};
}

}  // namespace graft::replication
