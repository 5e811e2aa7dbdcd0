#include "env/file.h"

namespace graft::env {
namespace {

std::string directory_of(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Status replace_file(FileSystem& fs, const std::string& path, std::string_view content) {
  const std::string temporary = path + ".tmp";
  {
    GRAFT_TRY_ASSIGN(std::unique_ptr<File> file, fs.open(temporary, OpenMode::kCreate));
    GRAFT_TRY(file->truncate(0));
    GRAFT_TRY(file->write_at(0, content));
    GRAFT_TRY(file->sync());
  }
  GRAFT_TRY(fs.rename(temporary, path));
  return fs.sync_directory(directory_of(path));
}

}  // namespace graft::env
