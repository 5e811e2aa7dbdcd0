#include "server/bolt/packstream.h"

#include <cstring>

namespace graft::server {

void PackWriter::big_endian(uint64_t v, int bytes) {
  char buffer[8];
  for (int i = 0; i < bytes; ++i) buffer[i] = static_cast<char>(v >> (8 * (bytes - 1 - i)));
  out_->append(buffer, static_cast<size_t>(bytes));
}

void PackWriter::integer(int64_t i) {
  if (i >= -16 && i <= 127) {
    byte(static_cast<uint8_t>(i));
  } else if (i >= INT8_MIN && i <= INT8_MAX) {
    byte(0xC8);
    big_endian(static_cast<uint64_t>(i), 1);
  } else if (i >= INT16_MIN && i <= INT16_MAX) {
    byte(0xC9);
    big_endian(static_cast<uint64_t>(i), 2);
  } else if (i >= INT32_MIN && i <= INT32_MAX) {
    byte(0xCA);
    big_endian(static_cast<uint64_t>(i), 4);
  } else {
    byte(0xCB);
    big_endian(static_cast<uint64_t>(i), 8);
  }
}

void PackWriter::floating(double d) {
  uint64_t bits;
  std::memcpy(&bits, &d, sizeof bits);
  byte(0xC1);
  big_endian(bits, 8);
}

void PackWriter::header(uint64_t count, uint8_t tiny, uint8_t base) {
  if (tiny != 0 && count < 16) {
    byte(tiny | static_cast<uint8_t>(count));
  } else if (count <= 0xFF) {
    byte(base);
    big_endian(count, 1);
  } else if (count <= 0xFFFF) {
    byte(base + 1);
    big_endian(count, 2);
  } else {
    byte(base + 2);
    big_endian(count, 4);
  }
}

void PackWriter::string(std::string_view s) {
  header(s.size(), 0x80, 0xD0);
  out_->append(s);
}

void PackWriter::bytes(std::string_view b) {
  header(b.size(), 0, 0xCC);
  out_->append(b);
}

bool PackReader::unsigned_big_endian(int bytes, uint64_t* out) {
  if (in_.size() < static_cast<size_t>(bytes)) return false;
  uint64_t v = 0;
  for (int i = 0; i < bytes; ++i) v = (v << 8) | static_cast<uint8_t>(in_[static_cast<size_t>(i)]);
  in_.remove_prefix(static_cast<size_t>(bytes));
  *out = v;
  return true;
}

PackItem PackReader::sized_value(PackType type, uint64_t size) {
  PackItem item;
  const uint64_t least_bytes = type == PackType::kMap ? size * 2 : size;
  if (least_bytes > in_.size()) return item;
  item.type = type;
  item.size = static_cast<uint32_t>(size);
  if (type == PackType::kString || type == PackType::kBytes) {
    item.text = in_.substr(0, size);
    in_.remove_prefix(size);
  }
  return item;
}

PackItem PackReader::sized(PackType type, int size_bytes) {
  uint64_t size = 0;
  if (!unsigned_big_endian(size_bytes, &size)) return {};
  return sized_value(type, size);
}

PackItem PackReader::integer(int bytes) {
  uint64_t v = 0;
  if (!unsigned_big_endian(bytes, &v)) return {};
  const int shift = 64 - 8 * bytes;
  PackItem item;
  item.type = PackType::kInteger;
  item.integer = static_cast<int64_t>(v << shift) >> shift;
  return item;
}

PackItem PackReader::number_or_string(uint8_t marker) {
  PackItem item;
  switch (marker) {
    case 0xC0: item.type = PackType::kNull; return item;
    case 0xC2:
    case 0xC3:
      item.type = PackType::kBoolean;
      item.boolean = marker == 0xC3;
      return item;
    case 0xC1: {
      uint64_t bits = 0;
      if (!unsigned_big_endian(8, &bits)) return item;
      std::memcpy(&item.floating, &bits, sizeof bits);
      item.type = PackType::kFloat;
      return item;
    }
    case 0xC8: return integer(1);
    case 0xC9: return integer(2);
    case 0xCA: return integer(4);
    case 0xCB: return integer(8);
    case 0xCC: return sized(PackType::kBytes, 1);
    case 0xCD: return sized(PackType::kBytes, 2);
    case 0xCE: return sized(PackType::kBytes, 4);
    case 0xD0: return sized(PackType::kString, 1);
    case 0xD1: return sized(PackType::kString, 2);
    case 0xD2: return sized(PackType::kString, 4);
    case 0xD4: return sized(PackType::kList, 1);
    case 0xD5: return sized(PackType::kList, 2);
    case 0xD6: return sized(PackType::kList, 4);
    case 0xD8: return sized(PackType::kMap, 1);
    case 0xD9: return sized(PackType::kMap, 2);
    case 0xDA: return sized(PackType::kMap, 4);
    default: return item;
  }
}

PackItem PackReader::next() {
  if (in_.empty()) return {};
  const auto marker = static_cast<uint8_t>(in_[0]);
  in_.remove_prefix(1);
  if (marker < 0x80 || marker >= 0xF0) {
    PackItem item;
    item.type = PackType::kInteger;
    item.integer = static_cast<int8_t>(marker);
    return item;
  }
  const uint64_t low = marker & 0x0F;
  switch (marker & 0xF0) {
    case 0x80: return sized_value(PackType::kString, low);
    case 0x90: return sized_value(PackType::kList, low);
    case 0xA0: return sized_value(PackType::kMap, low);
    case 0xB0: {
      uint64_t tag = 0;
      if (!unsigned_big_endian(1, &tag)) return {};
      PackItem item = sized_value(PackType::kStructure, low);
      item.tag = static_cast<uint8_t>(tag);
      return item;
    }
    default: return number_or_string(marker);
  }
}

namespace {

// Bytes of the sequence that begins with `lead`; 0: no sequence does.
size_t sequence_length(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    const size_t length = sequence_length(lead);
    if (length == 0 || length > text.size() - i) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<uint8_t>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    if (length > 2) {
      const auto second = static_cast<uint8_t>(text[i + 1]);
      if (lead == 0xE0 && second < 0xA0) return false;  // overlong
      if (lead == 0xED && second > 0x9F) return false;  // surrogates
      if (lead == 0xF0 && second < 0x90) return false;  // overlong
      if (lead == 0xF4 && second > 0x8F) return false;  // past U+10FFFF
    }
    i += length;
  }
  return true;
}

}  // namespace graft::server
