#include "server/bolt/zone.h"

#include <date/tz.h>

namespace graft::server {
namespace {

const date::time_zone* find_zone(std::string_view zone) {
  try {
    return date::locate_zone(std::string(zone));
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

// date's civil calendar is exact for years -32767 to 32767; further out the zone's first or last rule stands.
constexpr int64_t kFarthestSeconds = int64_t{30000} * 366 * 86400;
int64_t within_calendar(int64_t seconds) {
  return seconds > kFarthestSeconds ? kFarthestSeconds : seconds < -kFarthestSeconds ? -kFarthestSeconds : seconds;
}

}  // namespace

std::optional<int32_t> zone_offset_at_utc(std::string_view zone, int64_t utc_seconds) {
  const date::time_zone* z = find_zone(zone);
  if (z == nullptr) return std::nullopt;
  const date::sys_seconds moment{std::chrono::seconds(within_calendar(utc_seconds))};
  return static_cast<int32_t>(z->get_info(moment).offset.count());
}

std::optional<int32_t> zone_offset_at_local(std::string_view zone, int64_t local_seconds) {
  const date::time_zone* z = find_zone(zone);
  if (z == nullptr) return std::nullopt;
  const date::local_seconds moment{std::chrono::seconds(within_calendar(local_seconds))};
  return static_cast<int32_t>(z->get_info(moment).first.offset.count());
}

}  // namespace graft::server
