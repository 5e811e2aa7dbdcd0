#include "sim/file_system.h"

#include <algorithm>
#include <cstring>

namespace graft::sim {

using env::OpenMode;

namespace {

Error io_error(const std::string& path, const char* operation, const std::string& why) {
  return Error{ErrorCode::kIo, path + ": " + operation + ": " + why};
}

}  // namespace

Status SimFileSystem::check_alive(const std::string& path, const char* operation) const {
  if (process_->alive()) return {};
  return io_error(path, operation, "the simulated process is dead");
}

template <class F>
Status SimFileSystem::perform(const std::string& path, const char* operation, F effect) {
  GRAFT_TRY(check_alive(path, operation));
  faults_.operations++;
  if (faults_.operations != faults_.crash_at_operation) {
    effect();
    return {};
  }
  if (process_->random().chance(0.5)) effect();
  process_->die();
  return check_alive(path, operation);
}

class SimFile final : public env::File {
 public:
  SimFile(SimFileSystem& fs, std::string path, Disk::FilePtr file)
      : fs_(fs), path_(std::move(path)), file_(std::move(file)) {}

  Status read_at(uint64_t offset, char* out, size_t n) override {
    GRAFT_TRY(fs_.check_alive(path_, "read"));
    if (offset > file_->bytes.size() || n > file_->bytes.size() - offset) {
      return io_error(path_, "read", "the file ends before what was asked for");
    }
    std::memcpy(out, file_->bytes.data() + offset, n);
    return {};
  }

  Status write_at(uint64_t offset, std::string_view bytes) override {
    if (fs_.faults_.full && offset + bytes.size() > file_->bytes.size()) {
      GRAFT_TRY(fs_.check_alive(path_, "write"));
      fs_.faults_.full_errors++;
      return io_error(path_, "write", "No space left on device");
    }
    return fs_.perform(path_, "write", [&] { file_->write(offset, bytes); });
  }

  Status sync() override {
    GRAFT_TRY(fs_.check_alive(path_, "fdatasync"));
    DiskFaults& faults = fs_.faults_;
    SimRandom& random = fs_.process_->random();
    if (file_->sync_failed) {
      faults.violations.push_back(path_ + " was synced again after a failed sync");
      return io_error(path_, "fdatasync", "Input/output error");
    }
    const auto spread = static_cast<uint64_t>((faults.sync_time_max - faults.sync_time_min).count());
    fs_.process_->scheduler().charge(faults.sync_time_min + Duration(random.below(spread + 1)));
    faults.syncs++;
    if (random.chance(faults.sync_failure)) {
      faults.failed_syncs++;
      file_->sync_failed = true;
      return io_error(path_, "fdatasync", "Input/output error");
    }
    return fs_.perform(path_, "fdatasync", [&] { if (!faults.lying) file_->sync(); });
  }

  // Fails as a sync does; what it wrote stays pending.
  Status write_back() override {
    GRAFT_TRY(fs_.check_alive(path_, "write back"));
    DiskFaults& faults = fs_.faults_;
    if (!file_->sync_failed && !fs_.process_->random().chance(faults.sync_failure)) return {};
    faults.failed_syncs++;
    file_->sync_failed = true;
    return io_error(path_, "write back", "Input/output error");
  }

  Status truncate(uint64_t size) override {
    return fs_.perform(path_, "truncate", [&] { file_->truncate(size); });
  }

  Result<uint64_t> size() override {
    GRAFT_TRY(fs_.check_alive(path_, "stat"));
    return file_->bytes.size();
  }

  Result<const char*> map(uint64_t reserve) override {
    GRAFT_TRY(fs_.check_alive(path_, "mmap"));
    const char* address = file_->bytes.map(reserve);
    if (address == nullptr) return io_error(path_, "mmap", "Cannot allocate memory");
    return address;
  }

 private:
  SimFileSystem& fs_;
  const std::string path_;
  const Disk::FilePtr file_;
};

Result<std::unique_ptr<env::File>> SimFileSystem::open(const std::string& path, OpenMode mode) {
  GRAFT_TRY(check_alive(path, "open"));
  Disk::FilePtr file = disk_.find(path);
  if (file == nullptr && (mode == OpenMode::kMustExist || mode == OpenMode::kRead)) return io_error(path, "open", "No such file or directory");
  if (file != nullptr && mode == OpenMode::kCreateNew) return io_error(path, "open", "File exists");
  if (disk_.directory_exists(path)) return io_error(path, "open", "Is a directory");
  if (file == nullptr) {
    if (!disk_.directory_exists(parent_directory(path))) return io_error(path, "open", "No such file or directory");
    if (faults_.full) {
      faults_.full_errors++;
      return io_error(path, "open", "No space left on device");
    }
    GRAFT_TRY(perform(path, "open", [&] { file = disk_.create(path); }));
  }
  return std::unique_ptr<env::File>(std::make_unique<SimFile>(*this, path, std::move(file)));
}

Result<std::string> SimFileSystem::read_file(const std::string& path) {
  GRAFT_TRY(check_alive(path, "read"));
  const Disk::FilePtr file = disk_.find(path);
  if (file == nullptr) return io_error(path, "open", "No such file or directory");
  return std::string(file->bytes.data(), file->bytes.size());
}

Result<bool> SimFileSystem::exists(const std::string& path) {
  GRAFT_TRY(check_alive(path, "stat"));
  return disk_.find(path) != nullptr || disk_.directory_exists(path);
}

Result<std::vector<std::string>> SimFileSystem::list(const std::string& directory) {
  GRAFT_TRY(check_alive(directory, "open directory"));
  if (!disk_.directory_exists(directory)) return io_error(directory, "open directory", "No such file or directory");
  return disk_.list(directory);
}

Status SimFileSystem::create_directories(const std::string& directory) {
  return perform(directory, "create directory", [&] { disk_.create_directories(directory); });
}

Status SimFileSystem::rename(const std::string& from, const std::string& to) {
  GRAFT_TRY(check_alive(from, "rename"));
  if (disk_.find(from) == nullptr && !disk_.directory_exists(from)) {
    return io_error(from, "rename", "No such file or directory");
  }
  return perform(from, "rename", [&] { disk_.rename(from, to); });
}

Status SimFileSystem::remove(const std::string& path) {
  GRAFT_TRY(check_alive(path, "remove"));
  if (disk_.directory_exists(path)) {
    if (!disk_.list(path).empty()) return io_error(path, "remove", "Directory not empty");
    return perform(path, "remove", [&] { disk_.remove_tree(path); });
  }
  if (disk_.find(path) == nullptr) return io_error(path, "remove", "No such file or directory");
  return perform(path, "remove", [&] { disk_.remove(path); });
}

Status SimFileSystem::remove_tree(const std::string& path) {
  return perform(path, "remove", [&] { disk_.remove_tree(path); });
}

Status SimFileSystem::sync_directory(const std::string& directory) {
  GRAFT_TRY(check_alive(directory, "fsync"));
  if (!disk_.directory_exists(directory)) return io_error(directory, "fsync", "No such file or directory");
  process_->scheduler().charge(faults_.sync_time_min);
  return perform(directory, "fsync", [&] { disk_.sync_directory(directory); });
}

Result<std::shared_ptr<void>> SimFileSystem::lock(const std::string& path) {
  GRAFT_TRY(check_alive(path, "lock"));
  if (disk_.find(path) == nullptr) {
    GRAFT_TRY_ASSIGN(const std::unique_ptr<env::File> created, open(path, OpenMode::kCreate));
  }
  if (!locks_.insert(path).second) return Error{ErrorCode::kUnavailable, path + ": lock: held by another process"};
  return std::shared_ptr<void>(static_cast<void*>(this), [this, path](void*) { locks_.erase(path); });
}

}  // namespace graft::sim
