#include "env/trace.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>

namespace graft::env {
namespace {

constexpr size_t kFileBytes = size_t{64} << 20;
constexpr size_t kFilesKept = 5;

using Sink = std::function<void(TraceLevel, std::string_view, std::string_view)>;

struct State {
  std::atomic<TraceLevel> level{TraceLevel::kWarning};
  std::shared_ptr<spdlog::logger> logger;  // set once, at program start
  Sink sink;                               // the simulator's
  std::atomic<bool> has_sink{false};
  TraceLevel sink_level = TraceLevel::kInfo;
};

State& state() {
  static State* s = new State;  // never destroyed: other threads may trace until the process ends
  return *s;
}

spdlog::level::level_enum to_spdlog(TraceLevel level) {
  switch (level) {
    case TraceLevel::kDebug: return spdlog::level::debug;
    case TraceLevel::kInfo: return spdlog::level::info;
    case TraceLevel::kWarning: return spdlog::level::warn;
    case TraceLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::shared_ptr<spdlog::logger> make_logger(std::vector<spdlog::sink_ptr> sinks) {
  auto logger = std::make_shared<spdlog::logger>("graft", sinks.begin(), sinks.end());
  logger->set_level(spdlog::level::debug);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%f%z %L %v");
  logger->flush_on(spdlog::level::info);
  return logger;
}

}  // namespace

bool trace_enabled(TraceLevel level) {
  const State& s = state();
  if (s.has_sink.load(std::memory_order_acquire)) return level >= s.sink_level;
  return level >= s.level.load(std::memory_order_relaxed);
}

void trace_line(TraceLevel level, std::string_view component, std::string_view text) {
  State& s = state();
  if (!trace_enabled(level)) return;
  if (s.has_sink.load(std::memory_order_acquire)) {
    s.sink(level, component, text);
    return;
  }
  if (s.logger == nullptr) {  // a program that did not call trace_setup, such as a test
    static const std::shared_ptr<spdlog::logger> fallback = make_logger({std::make_shared<spdlog::sinks::stderr_sink_mt>()});
    fallback->log(to_spdlog(level), "[{}] {}", component, text);
    return;
  }
  s.logger->log(to_spdlog(level), "[{}] {}", component, text);
}

Status trace_setup(const TraceOptions& options) {
  std::vector<spdlog::sink_ptr> sinks;
  if (options.terminal) sinks.push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  if (!options.directory.empty()) {
    try {
      sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(options.directory + "/lgraph.log",
                                                                             kFileBytes, kFilesKept));
    } catch (const spdlog::spdlog_ex& e) {
      return Error{ErrorCode::kIo, "log_dir " + options.directory + " cannot be written: " + e.what()};
    }
  }
  State& s = state();
  s.logger = make_logger(std::move(sinks));
  s.level.store(options.level);
  return {};
}

void trace_sink(Sink sink, TraceLevel level) {
  State& s = state();
  s.has_sink.store(false, std::memory_order_release);
  s.sink = std::move(sink);
  s.sink_level = level;
  s.has_sink.store(s.sink != nullptr, std::memory_order_release);
}

}  // namespace graft::env
