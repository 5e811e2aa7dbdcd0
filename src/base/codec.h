#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace graft {

// Appends little-endian integers, varints (LEB128) and length-prefixed strings to a buffer.
class ByteWriter {
 public:
  explicit ByteWriter(std::string* out) : out_(out) {}

  void u8(uint8_t v) { out_->push_back(static_cast<char>(v)); }
  void u16(uint16_t v) { fixed(v); }
  void u32(uint32_t v) { fixed(v); }
  void u64(uint64_t v) { fixed(v); }
  void f64(double v) { uint64_t bits; std::memcpy(&bits, &v, 8); u64(bits); }
  void varint(uint64_t v) {
    while (v >= 0x80) {
      u8(static_cast<uint8_t>(v) | 0x80);
      v >>= 7;
    }
    u8(static_cast<uint8_t>(v));
  }
  void zigzag(int64_t v) { varint((static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63)); }
  void raw(std::string_view bytes) { out_->append(bytes); }
  void bytes(std::string_view b) { varint(b.size()); raw(b); }

 private:
  template <class T>
  void fixed(T v) {
    char buffer[sizeof(T)];
    std::memcpy(buffer, &v, sizeof(T));
    out_->append(buffer, sizeof(T));
  }
  std::string* out_;
};

// Reads what ByteWriter wrote. Never reads past the end: after a short or malformed read every further read
// gives zero or empty, and ok() is false. Check ok() before believing what was read.
class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : in_(in) {}

  bool ok() const { return ok_; }
  bool done() const { return in_.empty(); }
  size_t remaining() const { return in_.size(); }

  uint8_t u8() { return fixed<uint8_t>(); }
  uint16_t u16() { return fixed<uint16_t>(); }
  uint32_t u32() { return fixed<uint32_t>(); }
  uint64_t u64() { return fixed<uint64_t>(); }
  double f64() { uint64_t bits = u64(); double v; std::memcpy(&v, &bits, 8); return v; }
  uint64_t varint() {
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      uint8_t b = u8();
      if (!ok_) return 0;
      v |= static_cast<uint64_t>(b & 0x7f) << shift;
      if (b < 0x80) return v;
    }
    ok_ = false;
    return 0;
  }
  int64_t zigzag() { uint64_t v = varint(); return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1); }
  std::string_view raw(size_t n) {
    if (!ok_ || n > in_.size()) { ok_ = false; return {}; }
    std::string_view r = in_.substr(0, n);
    in_.remove_prefix(n);
    return r;
  }
  std::string_view bytes() { return raw(varint()); }
  void fail() { ok_ = false; }

 private:
  template <class T>
  T fixed() {
    if (!ok_ || in_.size() < sizeof(T)) { ok_ = false; return 0; }
    T v;
    std::memcpy(&v, in_.data(), sizeof(T));
    in_.remove_prefix(sizeof(T));
    return v;
  }
  std::string_view in_;
  bool ok_ = true;
};

}  // namespace graft
