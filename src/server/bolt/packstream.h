#pragma once

// PackStream, Bolt's serialization: the markers and sizes. What structures mean is value_codec.h's matter.
// Source: the PackStream specification, version 1 (neo4j.com/docs/bolt).

#include <cstdint>
#include <string>
#include <string_view>

namespace graft::server {

// Appends to a buffer; always the shortest form.
class PackWriter {
 public:
  explicit PackWriter(std::string* out) : out_(out) {}

  void null() { byte(0xC0); }
  void boolean(bool b) { byte(b ? 0xC3 : 0xC2); }
  void integer(int64_t i);
  void floating(double d);
  void string(std::string_view s);
  void bytes(std::string_view b);
  void list_header(uint64_t count) { header(count, 0x90, 0xD4); }
  void map_header(uint64_t count) { header(count, 0xA0, 0xD8); }
  void structure_header(uint8_t fields, uint8_t tag) {  // fields < 16
    byte(0xB0 | fields);
    byte(tag);
  }

  // Map entries, for metadata.
  void entry(std::string_view key, std::string_view value) { string(key); string(value); }
  void entry(std::string_view key, const char* value) { string(key); string(value); }
  void entry(std::string_view key, int64_t value) { string(key); integer(value); }
  void entry(std::string_view key, bool value) { string(key); boolean(value); }

  std::string* buffer() { return out_; }

 private:
  void byte(uint8_t b) { out_->push_back(static_cast<char>(b)); }
  void big_endian(uint64_t v, int bytes);
  // tiny: marker of up to 15; base: marker of the 8-bit size, followed by those of 16 and 32 bits.
  void header(uint64_t count, uint8_t tiny, uint8_t base);
  std::string* out_;
};

enum class PackType : uint8_t {
  kNull, kBoolean, kInteger, kFloat, kString, kBytes, kList, kMap, kStructure, kInvalid,
};

// One step of reading: what comes next. Strings and bytes point into the input.
struct PackItem {
  PackType type = PackType::kInvalid;
  bool boolean = false;
  int64_t integer = 0;
  double floating = 0;
  std::string_view text;   // kString (UTF-8 not checked), kBytes
  uint32_t size = 0;       // kList, kMap: entries; kStructure: fields
  uint8_t tag = 0;         // kStructure
};

// Reads any bytes safely: kInvalid for a marker that does not exist, a size beyond the input, or the input's end.
// A list's or map's size never exceeds the bytes that are left, so a caller may reserve for it.
class PackReader {
 public:
  explicit PackReader(std::string_view in) : in_(in) {}
  PackItem next();
  bool done() const { return in_.empty(); }
  size_t remaining() const { return in_.size(); }

 private:
  bool unsigned_big_endian(int bytes, uint64_t* out);
  PackItem sized(PackType type, int size_bytes);
  PackItem sized_value(PackType type, uint64_t size);
  PackItem integer(int bytes);
  PackItem number_or_string(uint8_t marker);
  std::string_view in_;
};

bool is_valid_utf8(std::string_view text);

}  // namespace graft::server
