#include "cypher/executor/import_file.h"

#include "cypher/functions/query_context.h"

namespace graft::cypher {
namespace {

[[noreturn]] void refuse(const std::string& message) { throw_error(ErrorCode::kExternalResource, message); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string percent_decoded(const std::string& text, const std::string& url) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1, low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0 || high * 16 + low == 0) refuse("Invalid URL '" + url + "': '%' must be followed by two hexadecimal digits");
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

// The part of a file URL that names the file, relative to the import directory.
std::string path_of(const std::string& url) {
  const size_t colon = url.find(':');
  if (colon == std::string::npos) refuse("Invalid URL '" + url + "': no protocol: " + url + ". Write file:///" + url + " for a file in the import directory");
  const std::string scheme = url.substr(0, colon);
  if (scheme != "file" && scheme != "FILE") {
    refuse("Cannot load from URL '" + url + "': only file: URLs are read here (LOAD CSV over " + scheme + " is not supported); put the file into the import directory of the server");
  }
  std::string rest = url.substr(colon + 1);
  if (rest.starts_with("//")) {
    rest.erase(0, 2);
    if (!rest.starts_with("/")) refuse("Cannot load from URL '" + url + "': file URL may not contain an authority section (i.e. it should be 'file:///')");
  }
  if (rest.find('?') != std::string::npos) refuse("Cannot load from URL '" + url + "': file URL may not contain a query component");
  return percent_decoded(rest, url);
}

// Throws when .. leads out.
void check_steps(const std::string& path, const std::string& url) {
  int depth = 0;
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view step = std::string_view(path).substr(at, end - at);
    if (step == "..") {
      --depth;
    } else if (!step.empty() && step != ".") {
      ++depth;
    }
    if (depth < 0) refuse("Cannot load from URL '" + url + "': file URL points outside configured import directory");
    at = end + 1;
  }
}

}  // namespace

ImportFile open_import(const ImportDirectory* directory, const std::string& url) {
  if (directory == nullptr) {
    refuse("LOAD CSV is not allowed: no import_directory is configured on this server (lgraph.json). Set it to the folder that files may be loaded from");
  }
  const std::string relative = path_of(url);
  check_steps(relative, url);
  const std::string path = directory->path + "/" + relative;
  const Result<std::string> root = directory->files->real_path(directory->path);
  if (!root.ok()) refuse("The import_directory cannot be read: " + root.error().message);
  const Result<std::string> real = directory->files->real_path(path);
  if (!real.ok()) refuse("Couldn't load the external resource at: " + url + " (" + real.error().message + ")");
  if (!real->starts_with(*root + "/") && *root != "/") refuse("Cannot load from URL '" + url + "': file URL points outside configured import directory");
  auto file = directory->files->open(*real, env::OpenMode::kRead);
  if (!file.ok()) refuse("Couldn't load the external resource at: " + url + " (" + file.error().message + ")");
  return {std::move(file).value(), *real};
}

}  // namespace graft::cypher
