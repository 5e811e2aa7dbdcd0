// lgraph_server: a member of a cluster, or a standalone server (a cluster of one).

#include <cstdio>
#include <optional>

#include <fmt/format.h>

#include "cypher/search/search_procedures.h"
#include "env/posix/asio_transport.h"
#include "env/posix/clock.h"
#include "env/posix/file_system.h"
#include "env/posix/process.h"
#include "env/posix/random.h"
#include "env/posix/thread_runner.h"
#include "env/trace.h"
#include "server/auth/users.h"
#include "server/bolt_server.h"
#include "server/command_line.h"
#include "server/config.h"
#include "server/information.h"
#include "server/procedures.h"
#include "server/version.h"

namespace graft::server {
namespace {

constexpr env::Duration kStopTime = std::chrono::seconds(60);
// Longest clean stop of the replica; what is on disk is whole in any case.
constexpr env::Duration kReplicaStopTime = std::chrono::seconds(20);

int complain(const std::string& message) {
  std::fprintf(stderr, "lgraph_server: %s\n", message.c_str());
  return 1;
}

// More than processors: a long statement must not hold up the short ones, and the system shares the processors out.
size_t worker_threads() { return std::max<size_t>(16, 4 * env::processor_count()); }

std::string pid_path(const Config& config) { return config.directory + "/lgraph_server.pid"; }

env::TraceOptions trace_options(const Config& config, bool foreground) {
  constexpr env::TraceLevel kLevels[] = {env::TraceLevel::kWarning, env::TraceLevel::kInfo, env::TraceLevel::kDebug};
  return {kLevels[config.verbose], foreground, config.log_dir};
}

replication::ReplicaOptions replica_options(const Config& config, env::Random& random) {
  replication::ReplicaOptions options;
  options.directory = config.directory;
  options.self = own_member(config);
  options.initial_peers = config.bolt_raft_init_peers;
  if (options.initial_peers.empty()) options.initial_peers.push_back(options.self);
  options.raft_listen = {config.host, config.bolt_raft_port};
  options.tick_interval = std::chrono::milliseconds(config.bolt_raft_tick_interval);
  options.heartbeat_ticks = config.bolt_raft_heartbeat_tick;
  options.election_ticks = config.bolt_raft_election_tick;
  options.default_password_record = default_user_record(random);
  return options;
}

// The process: doors, roles and what runs on them, in the order of their making.
class Server {
 public:
  explicit Server(const Config& config) : config_(config) {}
  ~Server() { end(); }

  // Finds out what would fail later, before anything is written.
  Status probe() {
    if (Status status = env::check_directory_writable(config_.directory); !status.ok()) {
      return Error{ErrorCode::kIo, fmt::format("'directory' is {}: {}. Give a directory that this user may write to.", config_.directory, status.error().message)};
    }
    const env::TlsFiles tls = tls_files();
    GRAFT_TRY(try_port("bolt_raft_port", config_.bolt_raft_port, nullptr));
    GRAFT_TRY(try_port("bolt_port", config_.bolt_port, nullptr));
    return config_.ssl_auth ? try_port("bolt_port", config_.bolt_port, &tls) : Status();
  }

  Status start() {
    const replication::Roles roles{raft_, log_, lane_, apply_, background_, raft_transport_.runner(), worker_};
    GRAFT_TRY_ASSIGN(replica_, replication::Replica::start(replica_options(config_, random_), roles, clock_, random_, files_, raft_transport_));
    auto registry = cypher::make_procedure_registry();
    add_server_procedures(*registry, *replica_, config_, clock_);
    cypher::add_search_procedures(*registry, make_vector_indexes());
    if (config_.test_procedures) cypher::add_test_procedures(registry);
    engine_ = cypher::QueryEngine::create(std::move(registry));
    authenticator_.emplace(clock_, random_, bolt_transport_.runner(), worker_);
    SessionServices services{clock_, random_, bolt_transport_.runner(), worker_, *replica_, *engine_, *authenticator_};
    services.disable_auth = config_.disable_auth;
    services.route_to_client_address = config_.bolt_raft_init_peers.empty() && own_member(config_).ip != config_.host;
    services.limits.memory_bytes = uint64_t{config_.query_memory_mb} << 20;
    services.limits.memory_pool = &query_memory_;
    services.limits.transaction_timeout = std::chrono::milliseconds(config_.transaction_timeout_ms);
    services.limits.idle_timeout = std::chrono::milliseconds(config_.idle_transaction_timeout_ms);
    services.control = &control_;
    information_.emplace(config_, clock_, services.transactions);
    services.information = &*information_;
    if (!config_.import_directory.empty()) services.imports = &imports_;
    const env::TlsFiles tls = tls_files();
    GRAFT_TRY_ASSIGN(bolt_, BoltServer::start(std::move(services), bolt_transport_, bolt_address(), config_.ssl_auth ? &tls : nullptr));
    return {};
  }

  // Leadership is handed over while clients are still served; then their connections end.
  void stop() {
    env::trace(env::TraceLevel::kInfo, "server", "stopping");
    replica_->stop([] { env::wake_up(); });
    while (env::wait_for_signal(kReplicaStopTime) == env::Signal::kStop) {
    }
    bolt_->stop();
  }

 private:
  env::Address bolt_address() const { return {config_.host, config_.bolt_port}; }
  env::TlsFiles tls_files() const { return {config_.server_cert, config_.server_key}; }

  std::shared_ptr<cypher::VectorIndexes> make_vector_indexes() {
    const auto newest = [replica = replica_.get()]() -> std::optional<graph::GraphView> {
      replication::ReadVersion read = replica->applied();
      if (!read.version) return std::nullopt;
      return graph::GraphView(std::move(read.version));
    };
    return std::make_shared<cypher::VectorIndexes>(background_, newest, uint64_t{config_.vector_index_memory_mb} << 20);
  }

  Status try_port(const char* key, uint16_t port, const env::TlsFiles* tls) {
    const auto refuse = [](std::shared_ptr<env::Connection> connection) -> std::shared_ptr<env::ConnectionHandler> {
      connection->abort();
      return nullptr;
    };
    auto listener = bolt_transport_.listen({config_.host, port}, tls, refuse);
    if (listener.ok()) return {};
    if (listener.error().code == ErrorCode::kInvalidArgument && tls != nullptr) return Error{listener.error().code, fmt::format("'server_cert' or 'server_key' cannot be used: {}. Give PEM files that belong together.", listener.error().message)};
    return Error{listener.error().code, fmt::format("'{}' is {} on host {}: {}. Give a free port of this machine, or end the program that uses it.",
                                                    key, port, config_.host, listener.error().message)};
  }

  // No handler and no task runs any more when the parts are destroyed.
  void end() {
    bolt_transport_.stop();
    worker_.stop();
    control_.stop();
    bolt_.reset();
    raft_transport_.stop();
    for (env::ThreadRunner* role : {&raft_, &log_, &lane_, &apply_, &background_}) role->stop();
    engine_.reset();
    replica_.reset();
  }

  const Config config_;
  env::PosixClock clock_;
  env::KernelRandom random_;
  env::PosixFileSystem files_;
  env::ThreadRunner raft_{"raft"}, log_{"log"}, lane_{"lane"}, apply_{"apply"}, background_{"background"};
  env::ThreadRunner worker_{"worker", worker_threads()}, control_{"control"};
  env::AsioTransport raft_transport_{"raft-io"}, bolt_transport_{"bolt-io"};
  cypher::MemoryPool query_memory_{uint64_t{config_.total_query_memory_mb} << 20};
  const cypher::ImportDirectory imports_{&files_, config_.import_directory};
  std::optional<Information> information_;
  std::unique_ptr<replication::Replica> replica_;
  std::unique_ptr<cypher::QueryEngine> engine_;
  std::optional<Authenticator> authenticator_;
  std::unique_ptr<BoltServer> bolt_;
};

// From here on in the process that serves.
Status serve(const ParsedConfig& parsed, env::Launch* launch) {
  const Config& config = parsed.config;
  env::take_signals();
  Server server(config);
  GRAFT_TRY(server.probe());
  GRAFT_TRY(env::trace_setup(trace_options(config, launch == nullptr)));
  if (!parsed.ignored.empty()) env::trace(env::TraceLevel::kWarning, "config", "{}", ignored_keys_warning(parsed.ignored));
  if (config.disable_auth) env::trace(env::TraceLevel::kWarning, "config", "disable_auth is true: everybody who connects is an administrator");
  GRAFT_TRY(server.start());
  GRAFT_TRY_ASSIGN(const std::unique_ptr<env::PidFile> pid_file, env::PidFile::create(pid_path(config)));
  env::trace(env::TraceLevel::kInfo, "server", "lgraph_server {} serves, node {}", kVersion, config.bolt_raft_node_id);
  if (launch != nullptr) launch->ready();
  while (env::wait_for_signal(env::Duration(0)) != env::Signal::kStop) {
  }
  server.stop();
  return {};
}

Status stop_running(const Config& config) {
  Status status = env::stop_pid_file_holder(pid_path(config), kStopTime);
  return status;
}

int run_command(Command command, const ParsedConfig& parsed) {
  if (command == Command::kStop || command == Command::kRestart) {
    const Status stopped = stop_running(parsed.config);
    const bool none = !stopped.ok() && stopped.error().code == ErrorCode::kNotFound;
    if (!stopped.ok() && !(none && command == Command::kRestart)) return complain(stopped.error().message);
    if (command == Command::kStop) return 0;
  }
  if (command != Command::kRun && env::pid_file_holder(pid_path(parsed.config))) {
    return complain("the server runs already with directory " + parsed.config.directory + "; stop it first, or use -d restart");
  }
  const std::unique_ptr<env::Launch> launch = command == Command::kRun ? nullptr : env::go_to_background();
  const Status status = serve(parsed, launch.get());
  if (status.ok()) return 0;
  if (launch == nullptr) return complain(status.error().message);
  env::trace(env::TraceLevel::kError, "server", "{}", status.error().message);
  launch->failed("lgraph_server: " + status.error().message);
  return 1;
}

Result<ParsedConfig> load(const CommandLine& line) {
  std::string text = "{}";
  if (!line.file.empty()) {
    env::PosixFileSystem files;
    GRAFT_TRY_ASSIGN(text, files.read_file(line.file));
  }
  return parse_config(text, line.file.empty() ? "command line" : line.file, line.flags);
}

int main_of(const std::vector<std::string>& arguments) {
  const Result<CommandLine> line = parse_command_line(arguments);
  if (!line.ok()) return complain(line.error().message);
  switch (line->command) {
    case Command::kHelp: std::fputs(help_text().c_str(), stdout); return 0;
    case Command::kHelpMarkdown: std::fputs(config_markdown().c_str(), stdout); return 0;
    case Command::kVersion: std::printf("lgraph_server %.*s (Graft)\n", static_cast<int>(kVersion.size()), kVersion.data()); return 0;
    default: break;
  }
  const Result<ParsedConfig> parsed = load(*line);
  if (!parsed.ok()) return complain(parsed.error().message);
  return run_command(line->command, *parsed);
}

}  // namespace
}  // namespace graft::server

int main(int argc, char** argv) { return graft::server::main_of(std::vector<std::string>(argv + 1, argv + argc)); }
