#include "replication/data_directory.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/checksum.h"
#include "base/codec.h"

namespace graft::replication {
namespace {

constexpr std::string_view kIdentityMagic = "graft identity 1\n";
constexpr std::string_view kMarkerMagic = "graft clean stop 1\n";
constexpr uint64_t kSampleBytes = 64 << 10;

Error damaged(const std::string& file) {
  return Error{ErrorCode::kCorruption, fmt::format("{} is damaged; restore it from a backup, or remove this member from the cluster, "
                                                   "empty its directory and add it under a new id", file)};
}

// "store-7" -> 7; 0: another name.
uint64_t generation(std::string_view name) {
  constexpr std::string_view kPrefix = "store-";
  uint64_t n = 0;
  if (!name.starts_with(kPrefix)) return 0;
  name.remove_prefix(kPrefix.size());
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), n);
  return error == std::errc() && end == name.data() + name.size() ? n : 0;
}

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
  return directory;
}

Result<std::optional<Identity>> DataDirectory::identity() const {
  std::string file = path_ + "/identity";
  GRAFT_TRY_ASSIGN(bool exists, fs_.exists(file));
  if (!exists) return std::optional<Identity>();
  GRAFT_TRY_ASSIGN(std::string bytes, fs_.read_file(file));
  if (!bytes.starts_with(kIdentityMagic) || bytes.size() < kIdentityMagic.size() + 8) return damaged(file);
  std::string_view body = std::string_view(bytes).substr(0, bytes.size() - 8);
  ByteReader tail(std::string_view(bytes).substr(bytes.size() - 8));
  if (tail.u64() != checksum64(body)) return damaged(file);
  ByteReader reader(body.substr(kIdentityMagic.size()));
  Identity identity;
  identity.id = reader.varint();
  identity.incarnation = reader.bytes();
  identity.cluster_id = reader.bytes();
  uint64_t founders = reader.varint();
  for (uint64_t i = 0; i < founders && reader.ok(); ++i) {
    raft::MemberId id = reader.varint();
    identity.founders[id] = reader.bytes();
  }
  if (!reader.ok() || !reader.done()) return damaged(file);
  return std::optional<Identity>(std::move(identity));
}

Status DataDirectory::write_identity(const Identity& identity) {
  std::string bytes(kIdentityMagic);
  ByteWriter writer(&bytes);
  writer.varint(identity.id);
  writer.bytes(identity.incarnation);
  writer.bytes(identity.cluster_id);
  writer.varint(identity.founders.size());
  for (const auto& [id, incarnation] : identity.founders) {
    writer.varint(id);
    writer.bytes(incarnation);
  }
  writer.u64(checksum64(bytes));
  return env::replace_file(fs_, path_ + "/identity", bytes);
}

Result<std::string> DataDirectory::current_store() const {
  std::string file = path_ + "/CURRENT";
  GRAFT_TRY_ASSIGN(bool exists, fs_.exists(file));
  if (!exists) return path_ + "/store-1";
  GRAFT_TRY_ASSIGN(std::string name, fs_.read_file(file));
  if (generation(name) == 0) return damaged(file);
  return path_ + "/" + name;
}

Result<std::string> DataDirectory::next_store() const {
  GRAFT_TRY_ASSIGN(std::string current, current_store());
  uint64_t next = generation(current.substr(path_.size() + 1)) + 1;
  std::string path = fmt::format("{}/store-{}", path_, next);
  GRAFT_TRY(fs_.remove_tree(path));
  return path;
}

Status DataDirectory::switch_store(const std::string& full_path) {
  return env::replace_file(fs_, path_ + "/CURRENT", full_path.substr(path_.size() + 1));
}

Status DataDirectory::remove_old_stores() {
  GRAFT_TRY_ASSIGN(std::string current, current_store());
  GRAFT_TRY_ASSIGN(std::vector<std::string> names, fs_.list(path_));
  for (const std::string& name : names) {
    if (generation(name) != 0 && path_ + "/" + name != current) GRAFT_TRY(fs_.remove_tree(path_ + "/" + name));
  }
  return {};
}

// Length of each file, and a checksum of its first and last bytes: enough to tell a directory that was copied while
// a server wrote to it, without reading all of a large graph.
Result<std::string> DataDirectory::describe_files() const {
  std::string out(kMarkerMagic);
  GRAFT_TRY_ASSIGN(std::string store, current_store());
  for (const std::string& directory : {log_directory(), store}) {
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

Result<bool> DataDirectory::take_clean_stop() {
  std::string file = path_ + "/clean-stop";
  GRAFT_TRY_ASSIGN(bool exists, fs_.exists(file));
  if (!exists) return false;
  GRAFT_TRY_ASSIGN(std::string marker, fs_.read_file(file));
  auto now = describe_files();
  GRAFT_TRY(fs_.remove(file));
  GRAFT_TRY(fs_.sync_directory(path_));
  return now.ok() && *now == marker;
}

}  // namespace graft::replication
