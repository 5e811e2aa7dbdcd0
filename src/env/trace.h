#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "base/result.h"

// Diagnostics ("log" is Raft's word). Lines go to the sink that the program set: the terminal, rotated files, or, in
// the simulator, one text with simulated time. Never write a secret or a parameter's value.
namespace graft::env {

enum class TraceLevel { kDebug, kInfo, kWarning, kError };

void trace_line(TraceLevel level, std::string_view component, std::string_view text);
bool trace_enabled(TraceLevel level);

template <class... A>
void trace(TraceLevel level, std::string_view component, fmt::format_string<A...> format, A&&... args) {
  if (trace_enabled(level)) trace_line(level, component, fmt::format(format, std::forward<A>(args)...));
}

struct TraceOptions {
  TraceLevel level = TraceLevel::kInfo;
  bool terminal = true;
  std::string directory;  // empty: no files; else lgraph.log, rotated at 64 MB, 5 kept
};
// Program start, before other threads. kIo names the directory.
Status trace_setup(const TraceOptions& options);
// The simulator's sink for lines of at least `level`, or null to go back to trace_setup's. While nothing is traced.
void trace_sink(std::function<void(TraceLevel, std::string_view component, std::string_view text)> sink,
                TraceLevel level = TraceLevel::kInfo);

}  // namespace graft::env
