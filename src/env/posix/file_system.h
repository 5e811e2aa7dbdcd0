#pragma once

#include "env/file.h"

namespace graft::env {

// Files of the operating system. Any thread.
class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<std::string> read_file(const std::string& path) override;
  Result<bool> exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<std::string> real_path(const std::string& path) override;
  Status create_directories(const std::string& directory) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_tree(const std::string& path) override;
  Status sync_directory(const std::string& directory) override;
  Result<std::shared_ptr<void>> lock(const std::string& path) override;
};

}  // namespace graft::env
