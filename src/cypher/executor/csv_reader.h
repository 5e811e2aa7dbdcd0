#pragma once

// Comma-separated values as LOAD CSV reads them, a row at a time, whatever the file's size. RFC 4180, and as Neo4j has it:
// inside quotes a backslash escapes a quote or a backslash; blank lines are skipped; a field without quotes that is empty
// is null. UTF-8, with or without a byte order mark; malformed bytes become U+FFFD. Errors as QueryError with the line.

#include <memory>
#include <string>
#include <vector>

#include "env/file.h"
#include "graph/value.h"

namespace graft::cypher {

class CsvReader {
 public:
  static constexpr size_t kMaxFieldBytes = size_t{16} << 20;

  // name: for messages.
  CsvReader(std::unique_ptr<env::File> file, std::string name, char delimiter);

  // False at the end. Strings and nulls.
  bool next_row(std::vector<graph::Value>* fields);
  // Where the row given last begins, from 1.
  uint64_t line() const { return row_line_; }

 private:
  static constexpr int kEnd = -1;
  int peek();
  int take();
  void fill();
  bool skip_blank_lines();
  // True: the row goes on behind it.
  bool read_field(graph::Value* field);
  void read_quoted(std::string* text);
  void add(std::string* text, int c) const;
  [[noreturn]] void fail(const std::string& what, uint64_t line) const;

  std::unique_ptr<env::File> file_;
  const std::string name_;
  const char delimiter_;
  uint64_t size_ = 0, offset_ = 0;  // read up to offset_
  std::string buffer_;
  size_t position_ = 0;
  uint64_t line_ = 1, row_line_ = 0;
};

}  // namespace graft::cypher
