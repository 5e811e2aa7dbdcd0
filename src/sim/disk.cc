#include "sim/disk.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace graft::sim {

std::string parent_directory(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Bytes::~Bytes() {
  if (region_ != nullptr) ::munmap(region_, reserved_);
}

void Bytes::resize(uint64_t size) {
  if (region_ == nullptr) {
    heap_.resize(size);
  } else {
    GRAFT_CHECK(size <= reserved_);
    if (size < size_) std::memset(region_ + size, 0, size_ - size);
  }
  size_ = size;
}

const char* Bytes::map(uint64_t reserve) {
  if (region_ == nullptr) {
    void* address = ::mmap(nullptr, reserve, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address == MAP_FAILED) return nullptr;
    region_ = static_cast<char*>(address);
    reserved_ = reserve;
    std::memcpy(region_, heap_.data(), size_);
    heap_ = std::string();
  }
  GRAFT_CHECK(reserve <= reserved_);
  return region_;
}

void Bytes::unmap() {
  if (region_ == nullptr) return;
  heap_.assign(region_, size_);
  ::munmap(region_, reserved_);
  region_ = nullptr;
  reserved_ = 0;
}

void DiskFile::write(uint64_t offset, std::string_view content) {
  const uint64_t old_size = bytes.size();
  const uint64_t end = offset + content.size();
  Pending p{offset, {}, std::string(content), old_size, std::max(old_size, end), false};
  if (offset < old_size) p.before.assign(bytes.data() + offset, std::min(end, old_size) - offset);
  pending_.push_back(std::move(p));
  if (end > old_size) bytes.resize(end);
  std::memcpy(bytes.data() + offset, content.data(), content.size());
}

void DiskFile::truncate(uint64_t size) {
  const uint64_t old_size = bytes.size();
  Pending p{size, {}, {}, old_size, size, true};
  if (size < old_size) p.before.assign(bytes.data() + size, old_size - size);
  pending_.push_back(std::move(p));
  bytes.resize(size);
}

void DiskFile::undo(const Pending& p) {
  bytes.resize(p.size_before);
  if (!p.before.empty()) std::memcpy(bytes.data() + p.offset, p.before.data(), p.before.size());
}

void DiskFile::redo(const Pending& p, size_t from, size_t to) {
  if (p.is_truncate) {
    bytes.resize(p.size_after);
    return;
  }
  if (from >= to) return;
  if (p.offset + to > bytes.size()) bytes.resize(p.offset + to);
  std::memcpy(bytes.data() + p.offset + from, p.after.data() + from, to - from);
}

void DiskFile::crash(SimRandom& random) {
  bytes.unmap();
  for (auto p = pending_.rbegin(); p != pending_.rend(); ++p) undo(*p);
  // Most crashes keep all or nothing, or the first ones; the rest keep each write by chance.
  const uint64_t kind = sync_failed ? 0 : random.below(4);
  const size_t prefix = random.below(pending_.size() + 1);
  for (size_t i = 0; i < pending_.size(); i++) {
    const Pending& p = pending_[i];
    const size_t n = p.after.size();
    switch (kind) {
      case 0: break;
      case 1: redo(p, 0, n); break;
      case 2:
        if (i < prefix) redo(p, 0, n);
        if (i == prefix) redo(p, 0, random.below(n + 1));  // torn at any byte
        break;
      default: {
        if (random.chance(0.4)) break;
        if (random.chance(0.5)) { redo(p, 0, n); break; }
        for (size_t at = 0; at < n; at += 512) {           // some of its sectors
          if (random.chance(0.5)) redo(p, at, std::min(n, at + 512));
        }
      }
    }
  }
  pending_.clear();
  sync_failed = false;
}

Disk::FilePtr Disk::find(const std::string& path) const {
  auto it = names_.find(path);
  return it == names_.end() ? nullptr : it->second;
}

void Disk::apply(std::map<std::string, FilePtr>& names, const NameChange& c) {
  if (c.file == nullptr) {
    names.erase(c.path);
  } else {
    names[c.path] = c.file;
  }
  if (!c.moved_from.empty()) names.erase(c.moved_from);
}

void Disk::change(const std::string& path, FilePtr file) {
  pending_.push_back(NameChange{parent_directory(path), path, std::move(file), {}});
  apply(names_, pending_.back());
}

Disk::FilePtr Disk::create(const std::string& path) {
  auto file = std::make_shared<DiskFile>();
  change(path, file);
  return file;
}

void Disk::rename(const std::string& from, const std::string& to) {
  if (FilePtr file = find(from)) {
    if (parent_directory(from) == parent_directory(to)) {
      pending_.push_back(NameChange{parent_directory(to), to, file, from});
      apply(names_, pending_.back());
    } else {
      change(to, file);
      change(from, nullptr);
    }
    return;
  }
  // A directory: all below it moves, durably at once.
  const std::string prefix = from + "/";
  auto move_all = [&](std::map<std::string, FilePtr>& names) {
    std::map<std::string, FilePtr> moved;
    for (auto it = names.lower_bound(prefix); it != names.end() && it->first.starts_with(prefix); it = names.erase(it)) {
      moved.emplace(to + "/" + it->first.substr(prefix.size()), it->second);
    }
    names.merge(moved);
  };
  std::erase_if(pending_, [&](const NameChange& c) {
    if (!c.path.starts_with(prefix)) return false;
    apply(durable_names_, c);
    return true;
  });
  move_all(names_);
  move_all(durable_names_);
  std::set<std::string> directories;
  for (const std::string& d : directories_) {
    if (d == from) directories.insert(to);
    else if (d.starts_with(prefix)) directories.insert(to + "/" + d.substr(prefix.size()));
    else directories.insert(d);
  }
  directories_ = std::move(directories);
}

void Disk::remove(const std::string& path) { change(path, nullptr); }

void Disk::remove_tree(const std::string& path) {
  if (find(path)) remove(path);
  const std::string prefix = path + "/";
  std::vector<std::string> below;
  for (auto it = names_.lower_bound(prefix); it != names_.end() && it->first.starts_with(prefix); ++it) below.push_back(it->first);
  for (const std::string& p : below) remove(p);
  std::erase_if(directories_, [&](const std::string& d) { return d == path || d.starts_with(prefix); });
}

void Disk::create_directories(const std::string& path) {
  for (std::string p = path; p != "." && directories_.insert(p).second; p = parent_directory(p)) {
  }
}

std::vector<std::string> Disk::list(const std::string& directory) const {
  std::set<std::string> found;
  const std::string prefix = directory + "/";
  for (auto it = names_.lower_bound(prefix); it != names_.end() && it->first.starts_with(prefix); ++it) {
    if (it->first.find('/', prefix.size()) == std::string::npos) found.insert(it->first.substr(prefix.size()));
  }
  for (const std::string& d : directories_) {
    if (d.starts_with(prefix) && d.find('/', prefix.size()) == std::string::npos) found.insert(d.substr(prefix.size()));
  }
  return {found.begin(), found.end()};
}

void Disk::sync_directory(const std::string& directory) {
  std::erase_if(pending_, [&](const NameChange& c) {
    if (c.directory != directory) return false;
    apply(durable_names_, c);
    return true;
  });
}

std::vector<std::string> Disk::files() const {
  std::vector<std::string> paths;
  for (const auto& [path, file] : names_) paths.push_back(path);
  return paths;
}

void Disk::lose(const std::string& directory) {
  const std::string prefix = directory + "/";
  std::erase_if(pending_, [&](const NameChange& c) { return c.path.starts_with(prefix); });
  std::erase_if(names_, [&](const auto& entry) { return entry.first.starts_with(prefix); });
  std::erase_if(durable_names_, [&](const auto& entry) { return entry.first.starts_with(prefix); });
  std::erase_if(directories_, [&](const std::string& d) { return d == directory || d.starts_with(prefix); });
}

void Disk::erase_all() {
  names_.clear();
  durable_names_.clear();
  pending_.clear();
  directories_ = {"/"};
}

void Disk::copy_from(const Disk& other) {
  erase_all();
  directories_ = other.directories_;
  for (const auto& [path, file] : other.names_) {
    auto copy = std::make_shared<DiskFile>();
    copy->write(0, std::string_view(file->bytes.data(), file->bytes.size()));
    copy->sync();
    names_[path] = durable_names_[path] = copy;
  }
}

void Disk::crash(SimRandom& random) {
  std::map<std::string, size_t> kept;  // per directory: how many of its changes made it
  std::map<std::string, size_t> counts;
  for (const NameChange& c : pending_) counts[c.directory]++;
  for (const auto& [directory, count] : counts) kept[directory] = random.chance(0.5) ? count : random.below(count + 1);
  for (const NameChange& c : pending_) {
    size_t& left = kept[c.directory];
    if (left == 0) continue;
    left--;
    apply(durable_names_, c);
  }
  pending_.clear();
  names_ = durable_names_;
  for (const auto& [path, file] : names_) {
    create_directories(parent_directory(path));  // a removed directory whose removal of files was lost is back
    file->crash(random);
  }
}

}  // namespace graft::sim
