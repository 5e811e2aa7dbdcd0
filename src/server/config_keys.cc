// The table of configuration keys, and what is made of it for people.

#include <fmt/format.h>

#include "server/config.h"

namespace graft::server {

const std::vector<ConfigKey>& config_keys() {
  static const std::vector<ConfigKey> keys = {
      {.name = "directory", .type = KeyType::kText, .fallback = "/var/lib/lgraph/data",
       .help = "Where this node keeps its data: graph, Raft log, identity and pid file. Made if it does not exist; no other node may use it.",
       .text = &Config::directory},
      {.name = "host", .type = KeyType::kText, .fallback = "0.0.0.0",
       .help = "The address to listen on: a name, IPv4 or IPv6. With 0.0.0.0 or :: on all addresses.", .text = &Config::host},
      {.name = "port", .type = KeyType::kInteger, .low = 1, .high = 65535, .fallback = "7070",
       .help = "The HTTP port. Kept free for the HTTP interface, which this version does not serve yet.", .small = &Config::port},
      {.name = "bolt_port", .type = KeyType::kInteger, .low = 1, .high = 65535, .fallback = "7687",
       .help = "The port for clients (Bolt, plain or TLS).", .small = &Config::bolt_port},
      {.name = "bolt_raft_port", .type = KeyType::kInteger, .low = 1, .high = 65535, .fallback = "9093",
       .help = "The port on which the members of the cluster talk to one another.", .small = &Config::bolt_raft_port},
      {.name = "bolt_raft_node_id", .type = KeyType::kInteger, .low = 1, .high = INT64_MAX, .fallback = "1",
       .help = "This node's number in the cluster. Never used again for another node.", .large = &Config::bolt_raft_node_id},
      {.name = "bolt_raft_init_peers", .type = KeyType::kPeers, .fallback = "[]",
       .help = "The members that the cluster starts with, or, for a node that is to join, the members and itself: a list of "
               "{\"bolt_raft_node_id\", \"ip\", \"bolt_raft_port\", \"bolt_port\"}, the same on all of them. Empty: a standalone server, a cluster of one."},
      {.name = "bolt_raft_tick_interval", .type = KeyType::kInteger, .low = 1, .high = 10000, .fallback = "20",
       .help = "Milliseconds of one Raft tick.", .medium = &Config::bolt_raft_tick_interval},
      {.name = "bolt_raft_heartbeat_tick", .type = KeyType::kInteger, .low = 1, .high = 1000, .fallback = "2",
       .help = "Ticks between two heartbeats of the leader.", .medium = &Config::bolt_raft_heartbeat_tick},
      {.name = "bolt_raft_election_tick", .type = KeyType::kInteger, .low = 2, .high = 10000, .fallback = "10",
       .help = "Ticks without a heartbeat after which a new leader is elected (after 1 to 2 times as many). At least 3 times bolt_raft_heartbeat_tick.",
       .medium = &Config::bolt_raft_election_tick},
      {.name = "verbose", .type = KeyType::kInteger, .low = 0, .high = 2, .fallback = "1",
       .help = "How much is logged: 0 warnings and errors, 1 what happens, 2 details.", .medium = &Config::verbose},
      {.name = "log_dir", .type = KeyType::kText, .fallback = "",
       .help = "Where log files go (lgraph.log, rotated at 64 MB, 5 kept). Empty: to the terminal only.", .text = &Config::log_dir},
      {.name = "disable_auth", .type = KeyType::kBoolean, .fallback = "false",
       .help = "Lets everybody in as administrator, without a password.", .boolean = &Config::disable_auth},
      {.name = "ssl_auth", .type = KeyType::kBoolean, .fallback = "false",
       .help = "Offers TLS on bolt_port (bolt+s, bolt+ssc, neo4j+s, neo4j+ssc) beside plain connections. Needs server_key and server_cert.",
       .boolean = &Config::ssl_auth},
      {.name = "server_key", .type = KeyType::kText, .fallback = "", .help = "The TLS private key, a PEM file.", .text = &Config::server_key},
      {.name = "server_cert", .type = KeyType::kText, .fallback = "", .help = "The TLS certificate chain, a PEM file.", .text = &Config::server_cert},
      {.name = "web", .type = KeyType::kText, .fallback = "",
       .help = "The folder of the browser interface. Accepted; this version has none.", .text = &Config::web},
      {.name = "vector_index_memory_mb", .type = KeyType::kInteger, .low = 0, .high = 1 << 20, .fallback = "1024",
       .help = "Megabytes that vector search may use for its indexes in memory. Vectors beyond are compared one by one.",
       .medium = &Config::vector_index_memory_mb},
      {.name = "test_procedures", .type = KeyType::kBoolean, .fallback = "false",
       .help = "For the openCypher TCK only, never in a server that people use: lets clients register procedures.", .boolean = &Config::test_procedures},
      {.name = "import_directory", .type = KeyType::kText, .fallback = "",
       .help = "The folder from which LOAD CSV may read (file:///x.csv is x.csv in it, on the member that runs the statement). Empty: LOAD CSV is refused.",
       .text = &Config::import_directory},
      {.name = "query_memory_mb", .type = KeyType::kInteger, .low = 1, .high = 1 << 24, .fallback = "1024",
       .help = "MiB that one statement may hold for sorting, grouping, joining and lists; beyond, it ends with an error.", .medium = &Config::query_memory_mb},
      {.name = "total_query_memory_mb", .type = KeyType::kInteger, .low = 1, .high = 1 << 24, .fallback = "4096",
       .help = "MiB that all statements together may hold; the one that asks for more ends with an error that drivers retry.",
       .medium = &Config::total_query_memory_mb},
      {.name = "transaction_timeout_ms", .type = KeyType::kInteger, .low = 0, .high = UINT32_MAX, .fallback = "0",
       .help = "Milliseconds after which a transaction is rolled back, whatever longer timeout its client gave. 0: none.", .medium = &Config::transaction_timeout_ms},
      {.name = "idle_transaction_timeout_ms", .type = KeyType::kInteger, .low = 0, .high = UINT32_MAX, .fallback = "600000",
       .help = "Milliseconds without a request after which a transaction, or a result that is not read to its end, is given up. 0: never.",
       .medium = &Config::idle_transaction_timeout_ms},
  };
  return keys;
}

std::string config_help() {
  std::string out;
  for (const ConfigKey& key : config_keys()) {
    out += fmt::format("  --{}\n      {} Default: {}\n", key.name, key.help, *key.fallback == '\0' ? "(empty)" : key.fallback);
  }
  return out;
}

namespace {

std::string_view type_text(const ConfigKey& key) {
  switch (key.type) {
    case KeyType::kText: return "text";
    case KeyType::kBoolean: return "true or false";
    case KeyType::kInteger: return "integer";
    default: return "list";
  }
}

constexpr const char* kMarkdownHead = R"(# Configuration

<!-- Made from the table in src/server/config_keys.cc by `lgraph_server --help-markdown`; a test compares them. -->

`lgraph_server -c FILE` reads one JSON file. Every key may also be given as a flag (`--bolt_port 7688`); flags win.

| key | type | default | meaning |
|---|---|---|---|
)";

constexpr const char* kMarkdownTail = R"(
TuGraph's other keys (`durable`, `optimistic_txn`, `enable_rpc`, `bolt_io_thread_num` ...) mean nothing here: they are
named in one warning at the start and ignored, so that a working lgraph.json goes on working. `enable_ha` and the
`ha_*` keys belong to TuGraph's RPC cluster and are refused: use the `bolt_raft_*` keys. Any other key is refused by
name, with the nearest known one.

A bad value, a port in use, an unreadable certificate or a directory that cannot be used ends the program within a
second with a message that names key, value and remedy, exit code 1, and nothing written.

A cluster of three, node 1's file (the others differ in `host` and `bolt_raft_node_id`):

```json
{
  "directory": "/var/lib/lgraph/data",
  "log_dir": "/var/log/lgraph_log",
  "host": "192.168.0.1",
  "bolt_port": 7687,
  "bolt_raft_port": 9093,
  "bolt_raft_node_id": 1,
  "bolt_raft_init_peers": [
    {"bolt_raft_node_id": 1, "ip": "192.168.0.1", "bolt_raft_port": 9093, "bolt_port": 7687},
    {"bolt_raft_node_id": 2, "ip": "192.168.0.2", "bolt_raft_port": 9093, "bolt_port": 7687},
    {"bolt_raft_node_id": 3, "ip": "192.168.0.3", "bolt_raft_port": 9093, "bolt_port": 7687}
  ]
}
```
)";

}  // namespace

std::string config_markdown() {
  std::string out = kMarkdownHead;
  for (const ConfigKey& key : config_keys()) {
    const std::string range = key.type == KeyType::kInteger
                                  ? fmt::format(", {} to {}", key.low, key.high == INT64_MAX ? "2^63-1" : std::to_string(key.high))
                                  : std::string();
    const std::string fallback = *key.fallback == '\0' ? "empty" : fmt::format("`{}`", key.fallback);
    out += fmt::format("| `{}` | {}{} | {} | {} |\n", key.name, type_text(key), range, fallback, key.help);
  }
  return out + kMarkdownTail;
}

}  // namespace graft::server
