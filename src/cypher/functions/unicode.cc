#include "cypher/functions/unicode.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>

namespace graft::cypher {

namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

icu::UnicodeString to_icu(std::string_view text) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

std::string to_utf8(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

const icu::Normalizer2* normalizer(NormalForm form) {
  UErrorCode status = U_ZERO_ERROR;
  switch (form) {
    case NormalForm::kNfc: return icu::Normalizer2::getNFCInstance(status);
    case NormalForm::kNfd: return icu::Normalizer2::getNFDInstance(status);
    case NormalForm::kNfkc: return icu::Normalizer2::getNFKCInstance(status);
    case NormalForm::kNfkd: return icu::Normalizer2::getNFKDInstance(status);
  }
  return nullptr;
}

// Bytes that the sequence starting with `lead` should have; 1 for malformed leads.
size_t sequence_length(unsigned char lead) {
  if (lead < 0xC2) return 1;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 1;
}

// The code point at `at`, which moves behind it.
uint32_t next_code_point(std::string_view text, size_t* at) {
  auto lead = static_cast<unsigned char>(text[*at]);
  size_t n = sequence_length(lead);
  if (lead < 0x80) return ++*at, lead;
  if (n == 1 || *at + n > text.size()) return ++*at, 0xFFFD;
  uint32_t c = lead & (0xFF >> (n + 1));
  for (size_t i = 1; i < n; ++i) {
    if (!is_continuation(text[*at + i])) return *at += i, 0xFFFD;
    c = c << 6 | (static_cast<unsigned char>(text[*at + i]) & 0x3F);
  }
  *at += n;
  return c;
}

template <class IsTrimmed>
std::string_view trim_if(std::string_view text, TrimSide side, IsTrimmed is_trimmed) {
  size_t begin = 0, end = text.size();
  if (side != TrimSide::kTrailing) {
    while (begin < end) {
      size_t next = begin;
      if (!is_trimmed(next_code_point(text, &next))) break;
      begin = next;
    }
  }
  if (side != TrimSide::kLeading) {
    while (end > begin) {
      size_t start = end - 1;
      while (start > begin && is_continuation(text[start])) --start;
      size_t next = start;
      if (!is_trimmed(next_code_point(text, &next))) break;
      end = start;
    }
  }
  return text.substr(begin, end - begin);
}

}  // namespace

size_t code_points(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

size_t byte_offset(std::string_view text, size_t index) {
  size_t seen = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!is_continuation(text[i]) && seen++ == index) return i;
  }
  return text.size();
}

std::vector<uint32_t> decode_utf8(std::string_view text) {
  std::vector<uint32_t> out;
  for (size_t at = 0; at < text.size();) out.push_back(next_code_point(text, &at));
  return out;
}

void append_utf8(uint32_t c, std::string* out) {
  auto put = [&](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) return put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  if (c < 0x10000) return put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
}

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

std::string to_upper(std::string_view text) {
  if (!is_ascii(text)) return to_utf8(to_icu(text).toUpper(icu::Locale::getRoot()));
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

std::string to_lower(std::string_view text) {
  if (!is_ascii(text)) return to_utf8(to_icu(text).toLower(icu::Locale::getRoot()));
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

// White space as Java has it: not the spaces that do not break.
std::string_view trim(std::string_view text, TrimSide side) {
  return trim_if(text, side, [](uint32_t c) { return u_isWhitespace(static_cast<UChar32>(c)) != 0; });
}

std::string_view trim(std::string_view text, std::string_view characters, TrimSide side) {
  std::vector<uint32_t> set = decode_utf8(characters);
  return trim_if(text, side, [&](uint32_t c) { return std::find(set.begin(), set.end(), c) != set.end(); });
}

bool parse_normal_form(std::string_view name, NormalForm* form) {
  if (name == "NFC") return *form = NormalForm::kNfc, true;
  if (name == "NFD") return *form = NormalForm::kNfd, true;
  if (name == "NFKC") return *form = NormalForm::kNfkc, true;
  if (name == "NFKD") return *form = NormalForm::kNfkd, true;
  return false;
}

std::string normalize(std::string_view text, NormalForm form) {
  if (is_ascii(text)) return std::string(text);
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString result = normalizer(form)->normalize(to_icu(text), status);
  return U_FAILURE(status) ? std::string(text) : to_utf8(result);
}

bool is_normalized(std::string_view text, NormalForm form) {
  if (is_ascii(text)) return true;
  UErrorCode status = U_ZERO_ERROR;
  return normalizer(form)->isNormalized(to_icu(text), status) != 0;
}

}  // namespace graft::cypher
