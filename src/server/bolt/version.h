#pragma once

#include <compare>
#include <cstdint>

namespace graft::server {

struct BoltVersion {
  uint8_t major = 0;
  uint8_t minor = 0;
  auto operator<=>(const BoltVersion&) const = default;

  bool has_element_ids() const { return major >= 5; }
  bool has_logon() const { return *this >= BoltVersion{5, 1}; }            // LOGON apart from HELLO
  bool has_telemetry() const { return *this >= BoltVersion{5, 4}; }
  bool has_gql_statuses() const { return *this >= BoltVersion{5, 6}; }     // "statuses" instead of "notifications"
  bool has_gql_failures() const { return *this >= BoltVersion{5, 7}; }
  bool has_home_database() const { return *this >= BoltVersion{5, 8}; }     // BEGIN and RUN are told the database; the hint ssr.enabled
};

inline constexpr BoltVersion kOldestBolt5{5, 0};
inline constexpr BoltVersion kNewestBolt5{5, 8};
inline constexpr BoltVersion kBolt44{4, 4};

}  // namespace graft::server
