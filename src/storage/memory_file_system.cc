#include "storage/memory_file_system.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/check.h"

namespace graft::storage {

namespace {

constexpr uint64_t kSector = 512;
constexpr uint64_t kReserve = uint64_t{1} << 30;  // greatest size of a file; memory is taken only where it is written

}  // namespace

struct MemoryFileSystem::Content {
  Content() : bytes(static_cast<char*>(std::calloc(kReserve, 1))) { GRAFT_CHECK(bytes != nullptr); }
  ~Content() { std::free(bytes); }
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;

  // Remembers the durable content of the sectors before they change.
  void touch(uint64_t offset, uint64_t n) {
    for (uint64_t s = offset / kSector; s * kSector < offset + n; ++s) {
      if (!undo.count(s)) undo[s] = std::string(bytes + s * kSector, kSector);
    }
  }

  char* bytes;
  uint64_t size = 0;
  uint64_t durable_size = 0;
  std::map<uint64_t, std::string> undo;  // sector -> content at the last sync
};

class MemoryFile final : public env::File {
 public:
  MemoryFile(MemoryFileSystem& fs, std::string path, std::shared_ptr<MemoryFileSystem::Content> content)
      : fs_(fs), path_(std::move(path)), content_(std::move(content)) {}

  Status read_at(uint64_t offset, char* out, size_t n) override {
    if (offset + n > content_->size) return Error{ErrorCode::kIo, path_ + ": read past the end"};
    std::memcpy(out, content_->bytes + offset, n);
    return {};
  }
  Status write_at(uint64_t offset, std::string_view bytes) override {
    bool was_crashed = fs_.crashed_;
    Status s = fs_.changing("write", path_);
    if (!s.ok() && was_crashed) return s;
    GRAFT_CHECK(offset + bytes.size() <= kReserve);
    // The call in which the machine stops may still have reached the disk: restart() decides, sector by sector.
    content_->touch(offset, bytes.size());
    std::memcpy(content_->bytes + offset, bytes.data(), bytes.size());
    content_->size = std::max<uint64_t>(content_->size, offset + bytes.size());
    return s;
  }
  Status sync() override {
    GRAFT_TRY(fs_.changing("sync", path_));
    content_->undo.clear();
    content_->durable_size = content_->size;
    return {};
  }
  Status truncate(uint64_t size) override {
    GRAFT_TRY(fs_.changing("truncate", path_));
    if (size < content_->size) {
      content_->touch(size, content_->size - size);
      std::memset(content_->bytes + size, 0, content_->size - size);
    }
    content_->size = size;
    return {};
  }
  Result<uint64_t> size() override { return content_->size; }
  Result<const char*> map(uint64_t reserve) override {
    if (reserve > kReserve) return Error{ErrorCode::kIo, path_ + ": map: too large"};
    return static_cast<const char*>(content_->bytes);
  }

 private:
  MemoryFileSystem& fs_;
  std::string path_;
  std::shared_ptr<MemoryFileSystem::Content> content_;
};

Status MemoryFileSystem::changing(const char* what, const std::string& path) {
  if (!crashed_) {
    ++calls_;
    if (calls_left_ == 0) crashed_ = true;
    else --calls_left_;
  }
  if (crashed_) return Error{ErrorCode::kIo, path + ": " + what + ": the machine has stopped"};
  return {};
}

void MemoryFileSystem::restart(std::mt19937_64& rng) {
  for (auto& [name, content] : files_) {
    for (const auto& [sector, old] : content->undo) {
      if (rng() % 2) std::memcpy(content->bytes + sector * kSector, old.data(), kSector);
    }
    content->undo.clear();
    if (content->size != content->durable_size && rng() % 2) {
      if (content->size > content->durable_size)
        std::memset(content->bytes + content->durable_size, 0, content->size - content->durable_size);
      content->size = content->durable_size;
    }
    content->durable_size = content->size;
  }
  // Names that were made or moved since the directory was synced may be gone.
  if (rng() % 2) files_ = durable_names_;
  durable_names_ = files_;
  crashed_ = false;
  calls_left_ = ~uint64_t{0};
}

void MemoryFileSystem::flip_byte(const std::string& path, uint64_t offset) { files_.at(path)->bytes[offset] ^= 0x40; }
uint64_t MemoryFileSystem::file_size(const std::string& path) const { return files_.at(path)->size; }

Result<std::unique_ptr<env::File>> MemoryFileSystem::open(const std::string& path, env::OpenMode mode) {
  auto it = files_.find(path);
  if (it == files_.end()) {
    if ((mode == env::OpenMode::kMustExist || mode == env::OpenMode::kRead)) return Error{ErrorCode::kIo, path + ": open: no such file"};
    GRAFT_TRY(changing("create", path));
    it = files_.emplace(path, std::make_shared<Content>()).first;
  } else if (mode == env::OpenMode::kCreateNew) {
    return Error{ErrorCode::kIo, path + ": open: exists"};
  }
  return std::unique_ptr<env::File>(std::make_unique<MemoryFile>(*this, path, it->second));
}

Result<std::string> MemoryFileSystem::read_file(const std::string& path) {
  auto it = files_.find(path);
  if (it == files_.end()) return Error{ErrorCode::kIo, path + ": read: no such file"};
  return std::string(it->second->bytes, it->second->size);
}

Result<bool> MemoryFileSystem::exists(const std::string& path) { return files_.count(path) != 0; }

Result<std::vector<std::string>> MemoryFileSystem::list(const std::string& directory) {
  std::vector<std::string> names;
  std::string prefix = directory + "/";
  for (const auto& [name, content] : files_) {
    if (name.starts_with(prefix) && name.find('/', prefix.size()) == std::string::npos) names.push_back(name.substr(prefix.size()));
  }
  return names;
}

Status MemoryFileSystem::create_directories(const std::string&) { return {}; }

Status MemoryFileSystem::rename(const std::string& from, const std::string& to) {
  GRAFT_TRY(changing("rename", from));
  files_[to] = files_.at(from);
  files_.erase(from);
  return {};
}

Status MemoryFileSystem::remove(const std::string& path) {
  GRAFT_TRY(changing("remove", path));
  files_.erase(path);
  return {};
}

Status MemoryFileSystem::remove_tree(const std::string& path) {
  GRAFT_TRY(changing("remove", path));
  std::erase_if(files_, [&](const auto& f) { return f.first == path || f.first.starts_with(path + "/"); });
  return {};
}

Status MemoryFileSystem::sync_directory(const std::string& directory) {
  GRAFT_TRY(changing("sync", directory));
  durable_names_ = files_;
  return {};
}

Result<std::shared_ptr<void>> MemoryFileSystem::lock(const std::string&) { return std::shared_ptr<void>(); }

}  // namespace graft::storage
