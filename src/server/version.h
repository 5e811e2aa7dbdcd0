#pragma once

#include <string_view>

namespace graft::server {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace graft::server
