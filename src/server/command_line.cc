#include "server/command_line.h"

#include <fmt/format.h>

#include "server/config.h"

namespace graft::server {
namespace {

Error bad(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

Result<Command> command_of(const std::string& text) {
  if (text == "run") return Command::kRun;
  if (text == "start") return Command::kStart;
  if (text == "stop") return Command::kStop;
  if (text == "restart") return Command::kRestart;
  return bad(fmt::format("-d {}: give run, start, stop or restart.", text));
}

bool is_switch(const std::string& name) {
  for (const ConfigKey& key : config_keys()) {
    if (name == key.name) return key.type == KeyType::kBoolean;
  }
  return false;
}

}  // namespace

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments) {
  CommandLine line;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    if (name == "--help" || name == "-h") { line.command = Command::kHelp; return line; }
    if (name == "--help-markdown") { line.command = Command::kHelpMarkdown; return line; }
    if (name == "--version") { line.command = Command::kVersion; return line; }
    if (name.size() < 2 || name[0] != '-') return bad(fmt::format("'{}' is not expected: flags have the form --key value; see --help.", name));
    std::string value;
    const size_t equals = name.find('=');
    const bool next_is_value = i + 1 < arguments.size() && !arguments[i + 1].starts_with("--");
    if (equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (is_switch(name.substr(2)) && !next_is_value) {
      value = "true";
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      return bad(fmt::format("{} needs a value.", name));
    }
    if (name == "-c" || name == "--config") {
      line.file = value;
    } else if (name == "-d") {
      GRAFT_TRY_ASSIGN(line.command, command_of(value));
    } else if (name == "-v") {
      line.flags.emplace_back("verbose", value);
    } else if (name.starts_with("--")) {
      line.flags.emplace_back(name.substr(2), value);
    } else {
      return bad(fmt::format("'{}' is not a known flag; see --help.", name));
    }
  }
  return line;
}

std::string help_text() {
  return "lgraph_server -c FILE [-d run|start|stop|restart] [--KEY VALUE ...]\n\n"
         "  -c FILE      the configuration, a JSON file\n"
         "  -d COMMAND   run (in the foreground, the default), start (in the background: returns when the ports are open),\n"
         "               stop (cleanly: leadership is handed over first), restart\n"
         "  --version    the version\n"
         "  --help       this text\n\n"
         "Keys of the file, each also a flag, which wins:\n\n" +
         config_help();
}

}  // namespace graft::server
