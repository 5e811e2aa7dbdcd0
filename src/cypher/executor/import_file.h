#pragma once

// Files that a statement may read: those below the import directory, and nothing else.

#include <memory>
#include <string>

#include "cypher/query.h"

namespace graft::cypher {

struct ImportFile {
  std::unique_ptr<env::File> file;
  std::string path;
};

// url: file:///x.csv is x.csv in the directory. Throws kExternalResource: no directory is configured (null), another
// scheme, a path that leads outside (.., symbolic links), or no such file.
ImportFile open_import(const ImportDirectory* directory, const std::string& url);

}  // namespace graft::cypher
