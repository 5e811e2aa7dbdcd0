#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace graft::server {

enum class Command { kRun, kStart, kStop, kRestart, kVersion, kHelp, kHelpMarkdown };

struct CommandLine {
  Command command = Command::kRun;
  std::string file;                                          // -c; empty: none
  std::vector<std::pair<std::string, std::string>> flags;    // configuration keys
};

// kInvalidArgument: what is wrong with the command line.
Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments);

std::string help_text();

}  // namespace graft::server
