#pragma once

// For tests: files in memory that lose what was not synced, in any part, when the machine crashes.

#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "env/file.h"

namespace graft::raft {

class FaultFiles final : public env::FileSystem {
 public:
  struct Content {
    std::string now;
    std::string durable;
  };

  uint64_t operations = 0;               // that change something
  uint64_t crash_at = ~uint64_t{0};      // this operation and all after it fail

  // The power is back: each 64 bytes that were not synced are there or not, at random.
  void restart(uint64_t seed) {
    std::mt19937_64 random(seed);
    names_ = durable_names_;
    for (auto& [name, content] : names_) {
      std::string& now = content->now;
      std::string& durable = content->durable;
      size_t size = random() % 2 ? now.size() : durable.size();
      std::string found(size, '\0');
      for (size_t at = 0; at < size; at += 64) {
        const std::string& from = random() % 2 ? now : durable;
        if (at < from.size()) std::memcpy(&found[at], &from[at], std::min({size_t{64}, size - at, from.size() - at}));
      }
      if (durable.size() <= size && now.compare(0, durable.size(), durable) == 0) found.replace(0, durable.size(), durable);
      now = durable = found;
    }
    crash_at = ~uint64_t{0};
  }
  std::string& bytes(const std::string& path) { return names_.at(path)->now; }
  void make_all_durable() {
    for (auto& [name, content] : names_) content->durable = content->now;
    durable_names_ = names_;
  }

  Result<std::unique_ptr<env::File>> open(const std::string& path, env::OpenMode mode) override;
  Result<std::string> read_file(const std::string& path) override {
    auto found = names_.find(path);
    if (found == names_.end()) return Error{ErrorCode::kIo, path + ": no such file"};
    return found->second->now;
  }
  Result<bool> exists(const std::string& path) override { return names_.count(path) != 0; }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    std::vector<std::string> out;
    for (auto& [name, content] : names_) {
      if (name.starts_with(directory + "/")) out.push_back(name.substr(directory.size() + 1));
    }
    return out;
  }
  Status create_directories(const std::string&) override { return {}; }
  Status rename(const std::string& from, const std::string& to) override {
    GRAFT_TRY(change());
    names_[to] = names_.at(from);
    names_.erase(from);
    return {};
  }
  Status remove(const std::string& path) override {
    GRAFT_TRY(change());
    names_.erase(path);
    return {};
  }
  Status remove_tree(const std::string&) override { return {}; }
  Status sync_directory(const std::string&) override {
    GRAFT_TRY(change());
    durable_names_ = names_;
    return {};
  }
  Result<std::shared_ptr<void>> lock(const std::string&) override { return std::shared_ptr<void>(); }

  Status change() {
    if (++operations > crash_at) return Error{ErrorCode::kIo, "crashed"};
    return {};
  }

 private:
  std::map<std::string, std::shared_ptr<Content>> names_;
  std::map<std::string, std::shared_ptr<Content>> durable_names_;
};

class FaultFile final : public env::File {
 public:
  FaultFile(FaultFiles& files, std::shared_ptr<FaultFiles::Content> content) : files_(files), content_(std::move(content)) {}
  Status read_at(uint64_t offset, char* out, size_t n) override {
    if (offset + n > content_->now.size()) return Error{ErrorCode::kIo, "read past the end"};
    std::memcpy(out, content_->now.data() + offset, n);
    return {};
  }
  Status write_at(uint64_t offset, std::string_view bytes) override {
    GRAFT_TRY(files_.change());
    if (content_->now.size() < offset + bytes.size()) content_->now.resize(offset + bytes.size());
    std::memcpy(&content_->now[offset], bytes.data(), bytes.size());
    return {};
  }
  Status sync() override {
    GRAFT_TRY(files_.change());
    content_->durable = content_->now;
    return {};
  }
  Status truncate(uint64_t size) override {
    GRAFT_TRY(files_.change());
    content_->now.resize(size);
    return {};
  }
  Result<uint64_t> size() override { return uint64_t{content_->now.size()}; }
  Result<const char*> map(uint64_t) override { return Error{ErrorCode::kIo, "not here"}; }

 private:
  FaultFiles& files_;
  std::shared_ptr<FaultFiles::Content> content_;
};

inline Result<std::unique_ptr<env::File>> FaultFiles::open(const std::string& path, env::OpenMode mode) {
  auto found = names_.find(path);
  if (found == names_.end()) {
    if (mode == env::OpenMode::kMustExist) return Error{ErrorCode::kIo, path + ": no such file"};
    GRAFT_TRY(change());
    found = names_.emplace(path, std::make_shared<Content>()).first;
  }
  return std::unique_ptr<env::File>(std::make_unique<FaultFile>(*this, found->second));
}

}  // namespace graft::raft
