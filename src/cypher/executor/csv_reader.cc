#include "cypher/executor/csv_reader.h"

#include <algorithm>

#include "cypher/functions/query_context.h"
#include "cypher/functions/unicode.h"

namespace graft::cypher {
namespace {

constexpr size_t kChunkBytes = size_t{256} << 10;
constexpr size_t kMostFields = 1'000'000;

graph::Value text_value(std::string text) {
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) return graph::Value::string(text);
  std::string valid;
  for (uint32_t c : decode_utf8(text)) append_utf8(c, &valid);
  return graph::Value::string(valid);
}

}  // namespace

CsvReader::CsvReader(std::unique_ptr<env::File> file, std::string name, char delimiter)
    : file_(std::move(file)), name_(std::move(name)), delimiter_(delimiter), size_(unwrap(file_->size())) {
  fill();
  if (buffer_.starts_with("\xEF\xBB\xBF")) position_ = 3;
  if (buffer_.starts_with("\xFE\xFF") || buffer_.starts_with("\xFF\xFE")) fail("the file is in UTF-16: convert it to UTF-8", 1);
}

void CsvReader::fail(const std::string& what, uint64_t line) const {
  throw_error(ErrorCode::kExternalResource, "LOAD CSV: " + name_ + ", line " + std::to_string(line) + ": " + what);
}

void CsvReader::fill() {
  const size_t n = std::min<uint64_t>(kChunkBytes, size_ - offset_);
  buffer_.resize(n);
  position_ = 0;
  if (n == 0) return;
  if (Status read = file_->read_at(offset_, buffer_.data(), n); !read.ok()) throw_error(ErrorCode::kExternalResource, "LOAD CSV: " + read.error().message);
  offset_ += n;
}

int CsvReader::peek() {
  if (position_ == buffer_.size() && offset_ < size_) fill();
  return position_ < buffer_.size() ? static_cast<unsigned char>(buffer_[position_]) : kEnd;
}

int CsvReader::take() {
  const int c = peek();
  if (c == kEnd) return kEnd;
  ++position_;
  if (c == '\r' && peek() == '\n') {  // one line end
    ++position_;
    ++line_;
    return '\n';
  }
  if (c == '\n' || c == '\r') ++line_;
  return c;
}

bool CsvReader::skip_blank_lines() {
  while (peek() == '\n' || peek() == '\r') take();
  return peek() != kEnd;
}

void CsvReader::add(std::string* text, int c) const {
  if (text->size() >= kMaxFieldBytes) fail("a field is larger than 16 MiB: is a closing quote missing?", row_line_);
  text->push_back(static_cast<char>(c));
}

bool CsvReader::next_row(std::vector<graph::Value>* fields) {
  fields->clear();
  if (!skip_blank_lines()) return false;
  row_line_ = line_;
  bool more = true;
  while (more) {
    graph::Value field;
    more = read_field(&field);
    if (fields->size() == kMostFields) fail("a row has more than a million fields: is the field terminator right?", row_line_);
    fields->push_back(std::move(field));
  }
  return true;
}

bool CsvReader::read_field(graph::Value* field) {
  std::string text;
  const bool quoted = peek() == '"';
  if (quoted) {
    take();
    read_quoted(&text);
    const int next = peek();
    if (next != kEnd && next != '\n' && next != '\r' && next != static_cast<unsigned char>(delimiter_)) {
      fail("there are characters behind the closing quote of a field: quote the whole field, and double the quotes inside it", line_);
    }
  }
  while (true) {
    const int c = take();
    if (c == static_cast<unsigned char>(delimiter_) || c == kEnd || c == '\n' || c == '\r') {
      if (quoted || !text.empty()) *field = text_value(std::move(text));
      return c == static_cast<unsigned char>(delimiter_);
    }
    add(&text, c);
  }
}

void CsvReader::read_quoted(std::string* text) {
  const uint64_t begun = line_;
  while (true) {
    const bool windows = peek() == '\r';
    int c = take();
    if (c == kEnd) fail("the quote that opens a field here is never closed", begun);
    if (windows && c == '\n') add(text, '\r');
    if (c == '"') {
      if (peek() != '"') return;
      take();
    } else if (c == '\\' && (peek() == '"' || peek() == '\\')) {
      c = take();
    }
    add(text, c);
  }
}

}  // namespace graft::cypher
