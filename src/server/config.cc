#include "server/config.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace graft::server {
namespace {

using Json = nlohmann::json;

// Known to TuGraph, without a meaning here. Source: TuGraph's documentation of its configuration.
constexpr std::string_view kTuGraphKeys[] = {
    "durable", "optimistic_txn", "enable_rpc", "rpc_port", "use_pthread", "thread_limit", "bolt_io_thread_num", "bolt_thread_num",
    "enable_audit_log", "audit_log_expire", "audit_log_dir", "enable_backup_log", "backup_log_dir", "backup_log_enable",
    "max_backup_log_file_size", "snapshot_dir", "snapshot_interval", "enable_ip_check", "enable_plugin", "load_plugins", "idle_seconds",
    "subprocess_idle_seconds", "subprocess_max_idle_seconds", "unlimited_token", "reset_admin_password", "log_file_size",
    "max_n_log_files", "max_log_file_size_mb", "enable_realtime_count", "realtime vertex and edge count", "enable_fulltext_index",
    "fulltext_analyzer", "fulltext_commit_interval", "fulltext_refresh_interval", "is_cypher_v2", "browser",
    "browser.credential_timeout", "browser.retain_connection_credentials", "retain_connection_credentials", "credential_timeout",
    "bolt_raft_logstore_path", "bolt_raft_logstore_cache", "bolt_raft_logstore_threads", "bolt_raft_logstore_keep_logs",
    "bolt_raft_logstore_gc_interval", "license", "lic_file", "gpu", "vector_index_memory", "max_graphs", "max_open_graphs", "db_size"};

Error bad_value(std::string message) { return Error{ErrorCode::kInvalidArgument, std::move(message)}; }

const ConfigKey* find_key(std::string_view name) {
  for (const ConfigKey& key : config_keys()) {
    if (name == key.name) return &key;
  }
  return nullptr;
}

bool is_tugraph_key(std::string_view name) {
  return std::find(std::begin(kTuGraphKeys), std::end(kTuGraphKeys), name) != std::end(kTuGraphKeys);
}

// Levenshtein's distance.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string_view nearest_key(std::string_view name) {
  std::string_view best;
  size_t least = SIZE_MAX;
  for (const ConfigKey& key : config_keys()) {
    const size_t distance = edit_distance(name, key.name);
    if (distance < least) {
      least = distance;
      best = key.name;
    }
  }
  return best;
}

Error unknown_key(std::string_view name) {
  if (name == "enable_ha" || name.starts_with("ha_")) {
    return bad_value(fmt::format("'{}' belongs to TuGraph's RPC cluster, which is not here: remove it and describe the cluster by "
                           "bolt_raft_node_id, bolt_raft_port and bolt_raft_init_peers.", name));
  }
  return bad_value(fmt::format("'{}' is not a known key; the nearest known one is '{}'.", name, nearest_key(name)));
}

std::string shown(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::optional<int64_t> integer_of(const Json& value) {
  if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) return std::nullopt;
  return value.is_number_integer() ? std::optional<int64_t>(value.get<int64_t>()) : std::nullopt;
}

// What a flag's text is in JSON. What does not fit stays text, for set_key to refuse.
Json flag_value(const ConfigKey& key, const std::string& text) {
  if (key.type == KeyType::kInteger) {
    int64_t v = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (error == std::errc() && end == text.data() + text.size()) return v;
  }
  if (key.type == KeyType::kBoolean && (text == "true" || text == "false")) return text == "true";
  return text;
}

Error wrong_integer(std::string_view name, const Json& value, int64_t low, int64_t high) {
  return bad_value(high == INT64_MAX ? fmt::format("'{}' is {}: give an integer of {} or more.", name, shown(value), low)
                               : fmt::format("'{}' is {}: give an integer from {} to {}.", name, shown(value), low, high));
}

// ---- bolt_raft_init_peers ----

Result<int64_t> peer_integer(const Json& peer, size_t at, const char* field, int64_t high) {
  const std::string name = fmt::format("bolt_raft_init_peers[{}].{}", at, field);
  const auto found = peer.find(field);
  if (found == peer.end()) return bad_value(fmt::format("'{}' is missing: each member needs bolt_raft_node_id, ip, bolt_raft_port and bolt_port.", name));
  const std::optional<int64_t> v = integer_of(*found);
  if (!v || *v < 1 || *v > high) return wrong_integer(name, *found, 1, high);
  return *v;
}

Result<replication::Member> parse_peer(const Json& peer, size_t at) {
  const std::string name = fmt::format("bolt_raft_init_peers[{}]", at);
  if (!peer.is_object()) return bad_value(fmt::format("'{}' is {}: give an object with bolt_raft_node_id, ip, bolt_raft_port and bolt_port.", name, shown(peer)));
  for (const auto& [field, value] : peer.items()) {
    if (field != "bolt_raft_node_id" && field != "ip" && field != "bolt_raft_port" && field != "bolt_port") {
      return bad_value(fmt::format("'{}.{}' is not known: a member has bolt_raft_node_id, ip, bolt_raft_port and bolt_port.", name, field));
    }
  }
  replication::Member member;
  GRAFT_TRY_ASSIGN(const int64_t id, peer_integer(peer, at, "bolt_raft_node_id", INT64_MAX));
  GRAFT_TRY_ASSIGN(const int64_t raft_port, peer_integer(peer, at, "bolt_raft_port", 65535));
  GRAFT_TRY_ASSIGN(const int64_t bolt_port, peer_integer(peer, at, "bolt_port", 65535));
  const auto ip = peer.find("ip");
  if (ip == peer.end() || !ip->is_string() || ip->get_ref<const std::string&>().empty()) {
    return bad_value(fmt::format("'{}.ip' is {}: give the member's address, a name, IPv4 or IPv6.", name, ip == peer.end() ? "missing" : shown(*ip)));
  }
  member.id = static_cast<uint64_t>(id);
  member.ip = ip->get<std::string>();
  member.bolt_raft_port = static_cast<uint16_t>(raft_port);
  member.bolt_port = static_cast<uint16_t>(bolt_port);
  return member;
}

// A list, or text that holds one (a flag, or a file in TuGraph's older form).
Status set_peers(const Json& value, Config* config) {
  Json list = value;
  if (value.is_string()) list = Json::parse(value.get_ref<const std::string&>(), nullptr, false);
  if (!list.is_array()) {
    return bad_value(fmt::format("'bolt_raft_init_peers' is {}: give a list of {{\"bolt_raft_node_id\", \"ip\", \"bolt_raft_port\", \"bolt_port\"}}.", shown(value)));
  }
  config->bolt_raft_init_peers.clear();
  for (size_t i = 0; i < list.size(); ++i) {
    GRAFT_TRY_ASSIGN(replication::Member member, parse_peer(list[i], i));
    config->bolt_raft_init_peers.push_back(std::move(member));
  }
  return {};
}

Status set_key(const ConfigKey& key, const Json& value, Config* config) {
  config->given.emplace_back(key.name);
  switch (key.type) {
    case KeyType::kText:
      if (!value.is_string()) return bad_value(fmt::format("'{}' is {}: give text in quotes.", key.name, shown(value)));
      config->*key.text = value.get<std::string>();
      return {};
    case KeyType::kBoolean:
      if (!value.is_boolean()) return bad_value(fmt::format("'{}' is {}: give true or false.", key.name, shown(value)));
      config->*key.boolean = value.get<bool>();
      return {};
    case KeyType::kPeers: return set_peers(value, config);
    case KeyType::kInteger: break;
  }
  const std::optional<int64_t> v = integer_of(value);
  if (!v || *v < key.low || *v > key.high) return wrong_integer(key.name, value, key.low, key.high);
  if (key.small != nullptr) config->*key.small = static_cast<uint16_t>(*v);
  if (key.medium != nullptr) config->*key.medium = static_cast<uint32_t>(*v);
  if (key.large != nullptr) config->*key.large = static_cast<uint64_t>(*v);
  return {};
}

// ---- how the values agree ----

bool is_any_address(std::string_view host) { return host == "0.0.0.0" || host == "::" || host == "*"; }

Status check_ports(const Config& c) {
  const std::pair<const char*, uint16_t> ports[] = {{"port", c.port}, {"bolt_port", c.bolt_port}, {"bolt_raft_port", c.bolt_raft_port}};
  for (size_t i = 0; i < 3; ++i) {
    for (size_t k = i + 1; k < 3; ++k) {
      if (ports[i].second == ports[k].second) {
        return bad_value(fmt::format("'{}' and '{}' are both {}: give each its own port.", ports[i].first, ports[k].first, ports[i].second));
      }
    }
  }
  return {};
}

Status check_distinct_peers(const std::vector<replication::Member>& peers) {
  std::set<uint64_t> ids;
  std::set<std::pair<std::string, uint16_t>> addresses;
  for (size_t i = 0; i < peers.size(); ++i) {
    const replication::Member& m = peers[i];
    if (!ids.insert(m.id).second) {
      return bad_value(fmt::format("'bolt_raft_init_peers' lists bolt_raft_node_id {} twice: give each member its own number.", m.id));
    }
    if (m.bolt_port == m.bolt_raft_port) {
      return bad_value(fmt::format("'bolt_raft_init_peers[{}]' has bolt_port and bolt_raft_port both {}: give each its own port.", i, m.bolt_port));
    }
    for (const uint16_t port : {m.bolt_port, m.bolt_raft_port}) {
      if (!addresses.emplace(m.ip, port).second) {
        return bad_value(fmt::format("'bolt_raft_init_peers' lists the address {}:{} twice: give each member its own.", m.ip, port));
      }
    }
  }
  return {};
}

Status check_own_peer(const Config& c) {
  if (c.bolt_raft_init_peers.empty()) return {};
  const auto own = std::find_if(c.bolt_raft_init_peers.begin(), c.bolt_raft_init_peers.end(),
                                [&](const replication::Member& m) { return m.id == c.bolt_raft_node_id; });
  if (own == c.bolt_raft_init_peers.end()) {
    return bad_value(fmt::format("'bolt_raft_node_id' is {}, which is not in 'bolt_raft_init_peers': add this node to the list, or correct its number.", c.bolt_raft_node_id));
  }
  auto differs = [&](const char* key, const auto& mine, const char* field, const auto& listed) {
    return bad_value(fmt::format("'{}' is {}, but this node's entry in 'bolt_raft_init_peers' (bolt_raft_node_id {}) has {} {}: make them equal.",
                           key, mine, c.bolt_raft_node_id, field, listed));
  };
  if (!is_any_address(c.host) && own->ip != c.host) return differs("host", c.host, "ip", own->ip);
  if (own->bolt_port != c.bolt_port) return differs("bolt_port", c.bolt_port, "bolt_port", own->bolt_port);
  if (own->bolt_raft_port != c.bolt_raft_port) return differs("bolt_raft_port", c.bolt_raft_port, "bolt_raft_port", own->bolt_raft_port);
  return {};
}

Status check_config(const Config& c) {
  if (c.directory.empty()) return bad_value("'directory' is empty: name the folder for this node's data.");
  if (c.host.empty()) return bad_value("'host' is empty: give an address to listen on, or 0.0.0.0 for all.");
  GRAFT_TRY(check_ports(c));
  if (c.bolt_raft_election_tick < 3 * c.bolt_raft_heartbeat_tick) {
    return bad_value(fmt::format("'bolt_raft_election_tick' is {}, less than 3 times 'bolt_raft_heartbeat_tick' ({}): give at least {}.",
                           c.bolt_raft_election_tick, c.bolt_raft_heartbeat_tick, 3 * c.bolt_raft_heartbeat_tick));
  }
  if (c.ssl_auth && (c.server_key.empty() || c.server_cert.empty())) {
    return bad_value(fmt::format("'ssl_auth' is true but '{}' is empty: name PEM files in both server_cert and server_key.", c.server_cert.empty() ? "server_cert" : "server_key"));
  }
  GRAFT_TRY(check_distinct_peers(c.bolt_raft_init_peers));
  return check_own_peer(c);
}

// Where in the text an offset is, from 1.
std::string line_and_column(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte > 0 ? byte - 1 : 0, text.size()));
  const size_t line = 1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  const size_t start = before.rfind('\n');
  const size_t column = start == std::string_view::npos ? before.size() + 1 : before.size() - start;
  return fmt::format("line {}, column {}", line, column);
}

// nlohmann's text without its own prefix ("[json.exception...] ", "parse error at line 1, column 2: ").
std::string plain_reason(const std::string& what) {
  const size_t column = what.find("column");
  if (column == std::string::npos) return what.substr(std::min(what.size(), what.find("] ") + 2));
  const size_t colon = what.find(": ", column);
  return colon == std::string::npos ? what : what.substr(colon + 2);
}

Result<Json> parse_file(std::string_view text, std::string_view file) {
  std::vector<std::set<std::string>> seen;  // keys of each open object
  std::string repeated;
  auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) seen.emplace_back();
    if (event == Json::parse_event_t::object_end && !seen.empty()) seen.pop_back();
    if (event == Json::parse_event_t::key && !seen.empty() && !seen.back().insert(parsed.get<std::string>()).second && repeated.empty()) {
      repeated = parsed.get<std::string>();
    }
    return true;
  };
  Json json;
  try {
    json = Json::parse(text, watch, true, true);
  } catch (const Json::parse_error& error) {
    return bad_value(fmt::format("{}: not valid JSON at {}: {}", file, line_and_column(text, error.byte), plain_reason(error.what())));
  } catch (const Json::out_of_range& error) {  // 1e999
    return bad_value(fmt::format("{}: {}", file, plain_reason(error.what())));
  }
  if (!json.is_object()) return bad_value(fmt::format("{}: the file must hold one JSON object, {{ \"key\": value, ... }}.", file));
  if (!repeated.empty()) return bad_value(fmt::format("{}: '{}' is given twice: remove one.", file, repeated));
  return json;
}

}  // namespace

Result<ParsedConfig> parse_config(std::string_view text, std::string_view file,
                                  const std::vector<std::pair<std::string, std::string>>& flags) {
  ParsedConfig parsed;
  GRAFT_TRY_ASSIGN(const Json json, parse_file(text, file));
  auto in_file = [&](Error error) { return bad_value(fmt::format("{}: {}", file, error.message)); };
  for (const auto& [name, value] : json.items()) {
    if (const ConfigKey* key = find_key(name)) {
      if (Status status = set_key(*key, value, &parsed.config); !status.ok()) return in_file(status.error());
    } else if (is_tugraph_key(name)) {
      parsed.ignored.push_back(name);
    } else {
      return in_file(unknown_key(name));
    }
  }
  for (const auto& [name, value] : flags) {
    const ConfigKey* key = find_key(name);
    if (key == nullptr) return bad_value(fmt::format("--{}: {}", name, unknown_key(name).message));
    if (Status status = set_key(*key, flag_value(*key, value), &parsed.config); !status.ok()) return bad_value(fmt::format("--{}: {}", name, status.error().message));
  }
  if (Status status = check_config(parsed.config); !status.ok()) return in_file(status.error());
  return parsed;
}

std::string ignored_keys_warning(const std::vector<std::string>& ignored) {
  if (ignored.empty()) return {};
  return fmt::format("ignored, as they mean nothing here: {}", fmt::join(ignored, ", "));
}

replication::Member own_member(const Config& config) {
  for (const replication::Member& member : config.bolt_raft_init_peers) {
    if (member.id == config.bolt_raft_node_id) return member;
  }
  replication::Member member;
  member.id = config.bolt_raft_node_id;
  member.ip = is_any_address(config.host) ? "127.0.0.1" : config.host;
  member.bolt_port = config.bolt_port;
  member.bolt_raft_port = config.bolt_raft_port;
  return member;
}

}  // namespace graft::server
