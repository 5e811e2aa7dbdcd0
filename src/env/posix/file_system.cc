#include "env/posix/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace graft::env {
namespace {

Error io_error(const std::string& path, const char* operation, int error_number) {
  return Error{ErrorCode::kIo, path + ": " + operation + ": " + std::strerror(error_number)};
}

int open_retrying(const std::string& path, int flags) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, 0640);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

class PosixFile final : public File {
 public:
  PosixFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  ~PosixFile() override {
    if (map_ != nullptr) ::munmap(map_, map_size_);
    ::close(fd_);
  }

  Status read_at(uint64_t offset, char* out, size_t n) override {
    while (n > 0) {
      const ssize_t got = ::pread(fd_, out, n, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return io_error(path_, "read", errno);
      if (got == 0) {
        return Error{ErrorCode::kIo, path_ + ": read: the file ends at offset " + std::to_string(offset) + ", " +
                                         std::to_string(n) + " bytes before what was asked for"};
      }
      out += got;
      offset += static_cast<uint64_t>(got);
      n -= static_cast<size_t>(got);
    }
    return {};
  }

  Status write_at(uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return io_error(path_, "write", errno);
      offset += static_cast<uint64_t>(written);
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return {};
  }

  Status sync() override {
    if (::fdatasync(fd_) != 0) return io_error(path_, "fdatasync", errno);
    return {};
  }

  Status write_back() override {
    constexpr unsigned kAll = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    int r;
    do {
      r = ::sync_file_range(fd_, 0, 0, kAll);
    } while (r != 0 && errno == EINTR);
    if (r != 0 && errno != ENOSYS && errno != EINVAL && errno != EOPNOTSUPP) return io_error(path_, "sync_file_range", errno);
    return {};
  }

  Status truncate(uint64_t size) override {
    int r;
    do {
      r = ::ftruncate(fd_, static_cast<off_t>(size));
    } while (r != 0 && errno == EINTR);
    if (r != 0) return io_error(path_, "truncate", errno);
    return {};
  }

  Result<uint64_t> size() override {
    struct stat info;
    if (::fstat(fd_, &info) != 0) return io_error(path_, "stat", errno);
    return static_cast<uint64_t>(info.st_size);
  }

  Result<const char*> map(uint64_t reserve) override {
    if (map_ != nullptr) {
      GRAFT_CHECK(reserve <= map_size_);
      return static_cast<const char*>(map_);
    }
    void* address = ::mmap(nullptr, reserve, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd_, 0);
    if (address == MAP_FAILED) return io_error(path_, "mmap", errno);
    map_ = address;
    map_size_ = reserve;
    return static_cast<const char*>(map_);
  }

 private:
  const std::string path_;
  const int fd_;
  void* map_ = nullptr;
  uint64_t map_size_ = 0;
};

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::open(const std::string& path, OpenMode mode) {
  int flags = O_RDWR;
  if (mode == OpenMode::kRead) flags = O_RDONLY | O_NONBLOCK;  // a pipe must not hold us up
  if (mode == OpenMode::kCreate) flags |= O_CREAT;
  if (mode == OpenMode::kCreateNew) flags |= O_CREAT | O_EXCL;
  const int fd = open_retrying(path, flags);
  if (fd < 0) return io_error(path, "open", errno);
  struct stat info;
  if (mode == OpenMode::kRead && (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))) {
    ::close(fd);
    return Error{ErrorCode::kIo, path + ": open: not a regular file"};
  }
  return std::unique_ptr<File>(std::make_unique<PosixFile>(path, fd));
}

Result<std::string> PosixFileSystem::read_file(const std::string& path) {
  const int fd = open_retrying(path, O_RDONLY);
  if (fd < 0) return io_error(path, "open", errno);
  PosixFile file(path, fd);
  GRAFT_TRY_ASSIGN(const uint64_t size, file.size());
  std::string content(size, '\0');
  GRAFT_TRY(file.read_at(0, content.data(), content.size()));
  return content;
}

Result<bool> PosixFileSystem::exists(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return io_error(path, "stat", errno);
}

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& directory) {
  DIR* handle = ::opendir(directory.c_str());
  if (handle == nullptr) return io_error(directory, "open directory", errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(handle)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  const int failure = errno;
  ::closedir(handle);
  if (failure != 0) return io_error(directory, "read directory", failure);
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> PosixFileSystem::real_path(const std::string& path) {
  std::error_code failure;
  const std::filesystem::path real = std::filesystem::canonical(path, failure);
  if (failure) return io_error(path, "find", failure.value());
  return real.string();
}

Status PosixFileSystem::create_directories(const std::string& directory) {
  std::error_code failure;
  std::filesystem::create_directories(directory, failure);
  if (failure) return io_error(directory, "create directory", failure.value());
  return {};
}

Status PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return io_error(from, ("rename to " + to).c_str(), errno);
  return {};
}

Status PosixFileSystem::remove(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return {};
  if (errno == EISDIR && ::rmdir(path.c_str()) == 0) return {};
  return io_error(path, "remove", errno);
}

Status PosixFileSystem::remove_tree(const std::string& path) {
  std::error_code failure;
  std::filesystem::remove_all(path, failure);
  if (failure) return io_error(path, "remove", failure.value());
  return {};
}

Status PosixFileSystem::sync_directory(const std::string& directory) {
  const int fd = open_retrying(directory, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return io_error(directory, "open directory", errno);
  const int r = ::fsync(fd);
  const int failure = errno;
  ::close(fd);
  if (r != 0) return io_error(directory, "fsync", failure);
  return {};
}

Result<std::shared_ptr<void>> PosixFileSystem::lock(const std::string& path) {
  const int fd = open_retrying(path, O_RDWR | O_CREAT);
  if (fd < 0) return io_error(path, "open", errno);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int failure = errno;
    ::close(fd);
    if (failure == EWOULDBLOCK) {
      return Error{ErrorCode::kUnavailable, path + ": lock: held by another process"};
    }
    return io_error(path, "lock", failure);
  }
  return std::shared_ptr<void>(std::make_shared<PosixFile>(path, fd));
}

}  // namespace graft::env
