// Values as text: what toString() gives for scalars and temporals, and what messages show for the rest.

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "graph/value.h"
#include "graph/value_order.h"

namespace graft::graph {

namespace {

void put(const Value& v, std::string* out);

void put_number(int64_t v, int width, std::string* out) {
  char buffer[32];
  int n = std::snprintf(buffer, sizeof(buffer), "%0*lld", width, static_cast<long long>(v));
  out->append(buffer, static_cast<size_t>(n));
}

// As Java: decimal between 10^-3 and 10^7, else 1.0E10. The shortest digits that give the same number back.
void put_float(double d, std::string* out) {
  if (std::isnan(d)) { out->append("NaN"); return; }
  if (std::isinf(d)) { out->append(d < 0 ? "-Infinity" : "Infinity"); return; }
  char buffer[64];
  double size = std::fabs(d);
  bool plain = d == 0 || (size >= 1e-3 && size < 1e7);
  auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), d, format).ptr;
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  if (plain) {
    out->append(text);
    if (text.find('.') == std::string_view::npos) out->append(".0");
    return;
  }
  size_t e = text.find('e');
  out->append(text.substr(0, e));
  if (text.substr(0, e).find('.') == std::string_view::npos) out->append(".0");
  out->push_back('E');
  int exponent = 0;
  const char* first = buffer + e + 1;
  std::from_chars(first + (*first == '+' ? 1 : 0), end, exponent);
  out->append(std::to_string(exponent));
}

void put_quoted(std::string_view s, std::string* out) {
  out->push_back('\'');
  for (char c : s) {
    if (c == '\\' || c == '\'') out->push_back('\\');
    if (c == '\n') { out->append("\\n"); continue; }
    out->push_back(c);
  }
  out->push_back('\'');
}

void put_bytes(std::string_view bytes, std::string* out) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  out->append("bytes(");
  for (unsigned char c : bytes) {
    out->push_back(kDigits[c >> 4]);
    out->push_back(kDigits[c & 15]);
  }
  out->push_back(')');
}

// Howard Hinnant's civil_from_days, for any year.
void put_date(int64_t days, std::string* out) {
  __int128 z = static_cast<__int128>(days) + 719'468;
  __int128 era = (z >= 0 ? z : z - 146'096) / 146'097;
  auto day_of_era = static_cast<int64_t>(z - era * 146'097);
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted_month = (5 * day_of_year + 2) / 153;
  int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  auto year = static_cast<int64_t>(era * 400) + year_of_era + (month <= 2 ? 1 : 0);
  if (year > 9999) out->push_back('+');
  if (year < 0) out->push_back('-');
  put_number(std::llabs(year), 4, out);
  out->push_back('-');
  put_number(month, 2, out);
  out->push_back('-');
  put_number(day, 2, out);
}

void put_fraction(int64_t nanos, std::string* out) {
  if (nanos == 0) return;
  out->push_back('.');
  put_number(nanos, 9, out);
  while (out->back() == '0') out->pop_back();
}

void put_time(int64_t nanos, std::string* out) {
  int64_t seconds = nanos / 1'000'000'000;
  put_number(seconds / 3600, 2, out);
  out->push_back(':');
  put_number(seconds / 60 % 60, 2, out);
  out->push_back(':');
  put_number(seconds % 60, 2, out);
  put_fraction(nanos % 1'000'000'000, out);
}

void put_offset(int32_t seconds, std::string* out) {
  if (seconds == 0) { out->push_back('Z'); return; }
  int32_t size = std::abs(seconds);
  out->push_back(seconds < 0 ? '-' : '+');
  put_number(size / 3600, 2, out);
  out->push_back(':');
  put_number(size / 60 % 60, 2, out);
  if (size % 60 != 0) {
    out->push_back(':');
    put_number(size % 60, 2, out);
  }
}

void put_local_date_time(int64_t seconds, int32_t nanos, std::string* out) {
  int64_t day = seconds / 86'400 - (seconds % 86'400 < 0 ? 1 : 0);
  put_date(day, out);
  out->push_back('T');
  put_time((seconds - day * 86'400) * 1'000'000'000 + nanos, out);
}

void put_part(__int128 n, char unit, std::string* out) {
  if (n == 0) return;
  out->append(std::to_string(static_cast<int64_t>(n)));
  out->push_back(unit);
}

// Hours, minutes and seconds carry the sign of the whole time part.
void put_duration_text(const Duration& d, std::string* out) {
  constexpr __int128 kSecond = 1'000'000'000;
  size_t start = out->size();
  out->push_back('P');
  put_part(d.months / 12, 'Y', out);
  put_part(d.months % 12, 'M', out);
  put_part(d.days, 'D', out);
  __int128 total = static_cast<__int128>(d.seconds) * kSecond + d.nanos;
  if (total != 0) {
    out->push_back('T');
    put_part(total / (3600 * kSecond), 'H', out);
    put_part(total / (60 * kSecond) % 60, 'M', out);
    __int128 rest = total % (60 * kSecond);
    if (rest != 0) {
      auto size = static_cast<int64_t>(rest < 0 ? -rest : rest);
      if (rest < 0) out->push_back('-');
      out->append(std::to_string(size / 1'000'000'000));
      put_fraction(size % 1'000'000'000, out);
      out->push_back('S');
    }
  }
  if (out->size() == start + 1) out->append("T0S");
}

void put_point_text(const Point& p, std::string* out) {
  out->append("point({x: ");
  put_float(p.x, out);
  out->append(", y: ");
  put_float(p.y, out);
  if (!is_flat(p.srid)) {
    out->append(", z: ");
    put_float(p.z, out);
  }
  bool geographic = p.srid == 4326 || p.srid == 4979;
  out->append(geographic ? ", crs: 'wgs-84" : ", crs: 'cartesian").append(is_flat(p.srid) ? "'})" : "-3d'})");
}

void put_list(const List& list, std::string* out) {
  out->push_back('[');
  for (size_t i = 0; i < list.size(); ++i) {
    if (i != 0) out->append(", ");
    put(list[i], out);
  }
  out->push_back(']');
}

void put_map(const Map& map, std::string* out) {
  out->push_back('{');
  for (size_t i = 0; i < map.size(); ++i) {
    if (i != 0) out->append(", ");
    out->append(map[i].first).append(": ");
    put(map[i].second, out);
  }
  out->push_back('}');
}

void put_path(const Path& path, std::string* out) {
  for (size_t i = 0; i < path.nodes.size(); ++i) {
    if (i != 0) out->append("-[").append(std::to_string(path.relationships[i - 1])).append("]-");
    out->append("(").append(std::to_string(path.nodes[i])).append(")");
  }
}

void put(const Value& v, std::string* out) {
  switch (v.type()) {
    case ValueType::kNull: out->append("null"); return;
    case ValueType::kBoolean: out->append(v.as_boolean() ? "true" : "false"); return;
    case ValueType::kInteger: out->append(std::to_string(v.as_integer())); return;
    case ValueType::kFloat: return put_float(v.as_float(), out);
    case ValueType::kString: return put_quoted(v.as_string(), out);
    case ValueType::kBytes: return put_bytes(v.as_bytes(), out);
    case ValueType::kList: return put_list(v.as_list(), out);
    case ValueType::kMap: return put_map(v.as_map(), out);
    case ValueType::kNode: out->append("(").append(std::to_string(v.as_node())).append(")"); return;
    case ValueType::kRelationship: out->append("[").append(std::to_string(v.as_relationship())).append("]"); return;
    case ValueType::kPath: return put_path(v.as_path(), out);
    case ValueType::kDate: return put_date(v.as_date().days, out);
    case ValueType::kLocalTime: return put_time(v.as_local_time().nanos, out);
    case ValueType::kTime:
      put_time(v.as_time().nanos, out);
      return put_offset(v.as_time().offset_seconds, out);
    case ValueType::kLocalDateTime:
      return put_local_date_time(v.as_local_date_time().seconds, v.as_local_date_time().nanos, out);
    case ValueType::kDateTime: {
      const DateTime& t = v.as_date_time();
      put_local_date_time(t.seconds + t.offset_seconds, t.nanos, out);
      put_offset(t.offset_seconds, out);
      if (!t.zone.empty()) out->append("[").append(t.zone).append("]");
      return;
    }
    case ValueType::kDuration: return put_duration_text(v.as_duration(), out);
    case ValueType::kPoint: return put_point_text(v.as_point(), out);
  }
}

}  // namespace

std::string to_text(const Value& v) {
  std::string out;
  put(v, &out);
  return out;
}

std::string_view type_name(ValueType t) {
  switch (t) {
    case ValueType::kNull: return "Null";
    case ValueType::kBoolean: return "Boolean";
    case ValueType::kInteger: return "Integer";
    case ValueType::kFloat: return "Float";
    case ValueType::kString: return "String";
    case ValueType::kBytes: return "ByteArray";
    case ValueType::kList: return "List";
    case ValueType::kMap: return "Map";
    case ValueType::kNode: return "Node";
    case ValueType::kRelationship: return "Relationship";
    case ValueType::kPath: return "Path";
    case ValueType::kDate: return "Date";
    case ValueType::kLocalTime: return "LocalTime";
    case ValueType::kTime: return "Time";
    case ValueType::kLocalDateTime: return "LocalDateTime";
    case ValueType::kDateTime: return "DateTime";
    case ValueType::kDuration: return "Duration";
    case ValueType::kPoint: return "Point";
  }
  return "Unknown";
}

}  // namespace graft::graph
