#pragma once

// lgraph.json and its flags. config_keys.cc holds the one table of keys: parsing, flags, --help and
// docs/configuration.md are made from it.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "replication/member.h"

namespace graft::server {

struct Config {
  std::string directory = "/var/lib/lgraph/data";
  std::string host = "0.0.0.0";
  uint16_t port = 7070;
  uint16_t bolt_port = 7687;
  uint16_t bolt_raft_port = 9093;
  uint64_t bolt_raft_node_id = 1;
  std::vector<replication::Member> bolt_raft_init_peers;
  uint32_t bolt_raft_tick_interval = 20;  // ms
  uint32_t bolt_raft_heartbeat_tick = 2;
  uint32_t bolt_raft_election_tick = 10;
  uint32_t verbose = 1;
  std::string log_dir;
  bool disable_auth = false;
  bool ssl_auth = false;
  std::string server_key;
  std::string server_cert;
  std::string web;
  uint32_t vector_index_memory_mb = 1024;
  bool test_procedures = false;
  uint32_t query_memory_mb = 1024;
  uint32_t total_query_memory_mb = 4096;
  uint32_t transaction_timeout_ms = 0;
  uint32_t idle_transaction_timeout_ms = 600'000;
  std::string import_directory;
  std::vector<std::string> given;  // keys that the file or a flag names
};

enum class KeyType : uint8_t { kText, kBoolean, kInteger, kPeers };

// A key of the table.
struct ConfigKey {
  const char* name;
  KeyType type;
  int64_t low = 0, high = 0;   // kInteger
  const char* fallback;        // as --help shows it
  const char* help;
  std::string Config::* text = nullptr;
  bool Config::* boolean = nullptr;
  uint16_t Config::* small = nullptr;
  uint32_t Config::* medium = nullptr;
  uint64_t Config::* large = nullptr;
};
const std::vector<ConfigKey>& config_keys();

struct ParsedConfig {
  Config config;
  std::vector<std::string> ignored;  // keys of TuGraph's that mean nothing here, in order of appearance
};

// text: the file's content; file: its name, for messages; flags: (key, value as written) and win over the file.
// Checks each value and how they agree with one another; touches no file, port or directory. kInvalidArgument: one
// line that names key, value and remedy, or the JSON error's line and column.
Result<ParsedConfig> parse_config(std::string_view text, std::string_view file,
                                  const std::vector<std::pair<std::string, std::string>>& flags);

// The one warning about ignored keys; empty when there are none.
std::string ignored_keys_warning(const std::vector<std::string>& ignored);

// This node as a member: from bolt_raft_init_peers, or from the node's own keys.
replication::Member own_member(const Config& config);

std::string config_help();      // the keys' part of --help
std::string config_markdown();  // docs/configuration.md

}  // namespace graft::server
