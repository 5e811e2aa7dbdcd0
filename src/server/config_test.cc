#include "server/config.h"

#include <gtest/gtest.h>

namespace graft::server {
namespace {

Result<ParsedConfig> parse(std::string_view text, const std::vector<std::pair<std::string, std::string>>& flags = {}) {
  return parse_config(text, "lgraph.json", flags);
}

void expect_refused(std::string_view text, std::initializer_list<const char*> words) {
  const auto result = parse(text);
  ASSERT_FALSE(result.ok()) << text;
  for (const char* word : words) EXPECT_NE(result.error().message.find(word), std::string::npos) << result.error().message << " lacks " << word;
}

constexpr const char* kPeers = R"([{"bolt_raft_node_id": 1, "ip": "127.0.0.2", "bolt_raft_port": 9093, "bolt_port": 7687},
                                   {"bolt_raft_node_id": 2, "ip": "127.0.0.3", "bolt_raft_port": 9093, "bolt_port": 7687}])";

TEST(Config, ReadsEveryKey) {
  const auto result = parse(R"({"directory": "/d", "host": "127.0.0.2", "port": 7071, "bolt_port": 7687, "bolt_raft_port": 9093,
    "bolt_raft_node_id": 2, "verbose": 2, "log_dir": "/l", "disable_auth": true, "ssl_auth": true, "server_key": "k", "server_cert": "c",
    "web": "w", "bolt_raft_tick_interval": 30, "bolt_raft_heartbeat_tick": 3, "bolt_raft_election_tick": 12})");
  ASSERT_TRUE(result.ok()) << result.error().message;
  const Config& c = result->config;
  EXPECT_EQ(c.directory, "/d");
  EXPECT_EQ(c.host, "127.0.0.2");
  EXPECT_EQ(c.port, 7071);
  EXPECT_EQ(c.bolt_raft_node_id, 2u);
  EXPECT_EQ(c.verbose, 2u);
  EXPECT_TRUE(c.disable_auth);
  EXPECT_TRUE(c.ssl_auth);
  EXPECT_EQ(c.bolt_raft_election_tick, 12u);
  EXPECT_EQ(own_member(c).ip, "127.0.0.2");
}

TEST(Config, FlagsWin) {
  const auto result = parse(R"({"bolt_port": 1000, "directory": "/a"})", {{"bolt_port", "2000"}, {"disable_auth", "true"}});
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->config.bolt_port, 2000);
  EXPECT_EQ(result->config.directory, "/a");
  EXPECT_TRUE(result->config.disable_auth);
  EXPECT_FALSE(parse("{}", {{"bolt_port", "20x"}}).ok());
  EXPECT_FALSE(parse("{}", {{"nonsense", "1"}}).ok());
}

TEST(Config, PeersAsListTextOrFlag) {
  const std::string quoted = R"({"host": "127.0.0.3", "bolt_raft_node_id": 2, "bolt_raft_init_peers": "[{\"bolt_raft_node_id\": 2, \"ip\": \"127.0.0.3\", \"bolt_raft_port\": 9093, \"bolt_port\": 7687}]"})";
  EXPECT_TRUE(parse(quoted).ok());
  const auto flagged = parse(R"({"host": "127.0.0.2"})", {{"bolt_raft_init_peers", kPeers}});
  ASSERT_TRUE(flagged.ok()) << flagged.error().message;
  EXPECT_EQ(flagged->config.bolt_raft_init_peers.size(), 2u);
  EXPECT_EQ(own_member(flagged->config).id, 1u);
}

TEST(Config, TuGraphsOtherKeysAreOneWarning) {
  const auto result = parse(R"({"durable": true, "optimistic_txn": false, "bolt_io_thread_num": 4})");
  ASSERT_TRUE(result.ok()) << result.error().message;
  const std::string warning = ignored_keys_warning(result->ignored);
  for (const char* key : {"durable", "optimistic_txn", "bolt_io_thread_num"}) EXPECT_NE(warning.find(key), std::string::npos);
  EXPECT_EQ(warning.find('\n'), std::string::npos);
}

TEST(Config, RefusesUnknownKeysWithTheNearest) {
  expect_refused(R"({"bolt_prot": 1})", {"'bolt_prot'", "'bolt_port'"});
  expect_refused(R"({"enable_ha": true})", {"'enable_ha'", "RPC cluster", "bolt_raft_init_peers"});
  expect_refused(R"({"ha_conf": ""})", {"'ha_conf'", "RPC cluster"});
}

TEST(Config, RefusesBadValues) {
  expect_refused(R"({"bolt_port": 70000})", {"bolt_port", "70000", "65535"});
  expect_refused(R"({"bolt_port": "7687"})", {"bolt_port", "\"7687\""});
  expect_refused(R"({"bolt_port": 1.5})", {"bolt_port", "1.5"});
  expect_refused(R"({"bolt_raft_node_id": 18446744073709551615})", {"bolt_raft_node_id", "18446744073709551615"});
  expect_refused(R"({"verbose": 3})", {"verbose", "3", "0 to 2"});
  expect_refused(R"({"disable_auth": "yes"})", {"disable_auth", "true or false"});
  expect_refused(R"({"directory": 7})", {"directory", "7"});
  expect_refused(R"({"directory": ""})", {"directory", "empty"});
  expect_refused(R"({"bolt_port": 9093})", {"bolt_port", "bolt_raft_port", "9093"});
  expect_refused(R"({"bolt_raft_election_tick": 5})", {"bolt_raft_election_tick", "5", "6"});
  expect_refused(R"({"ssl_auth": true, "server_key": "k"})", {"ssl_auth", "server_cert"});
}

TEST(Config, RefusesPeersThatDoNotAgree) {
  auto with = [](const std::string& keys, const std::string& peers) { return "{" + keys + "\"bolt_raft_init_peers\": " + peers + "}"; };
  const std::string one = R"({"bolt_raft_node_id": 1, "ip": "127.0.0.2", "bolt_raft_port": 9093, "bolt_port": 7687})";
  expect_refused(with("", "[" + one + "," + one + "]"), {"bolt_raft_node_id 1 twice"});
  expect_refused(with("", "[" + one + R"(, {"bolt_raft_node_id": 2, "ip": "127.0.0.2", "bolt_raft_port": 9093, "bolt_port": 7688}])"), {"127.0.0.2:9093", "twice"});
  expect_refused(with("\"bolt_raft_node_id\": 9,", kPeers), {"bolt_raft_node_id", "9", "not in"});
  expect_refused(with("\"host\": \"127.0.0.9\",", kPeers), {"host", "127.0.0.9", "127.0.0.2"});
  expect_refused(with("\"bolt_port\": 7000,", kPeers), {"bolt_port", "7000", "7687"});
  expect_refused(with("\"bolt_raft_port\": 7000,", kPeers), {"bolt_raft_port", "7000", "9093"});
  expect_refused(with("", R"([{"bolt_raft_node_id": 1}])"), {"bolt_raft_init_peers[0]", "missing"});
  expect_refused(with("", R"([{"bolt_raft_node_id": 1, "extra": 2}])"), {"extra"});
  expect_refused(with("", R"([5])"), {"bolt_raft_init_peers[0]", "5"});
  expect_refused(with("", R"("x")"), {"bolt_raft_init_peers", "list"});
}

TEST(Config, JsonErrorsHaveLineAndColumn) {
  expect_refused("{\n  \"bolt_port\": 7687,\n  \"host\" 1\n}", {"line 3", "column 10"});
  expect_refused("", {"line 1"});
  expect_refused("[]", {"one JSON object"});
  expect_refused(R"({"bolt_port": 1e999})", {"1e999"});
  expect_refused(R"({"bolt_raft_init_peers": "[1e999]"})", {"bolt_raft_init_peers"});
  expect_refused(R"({"bolt_port": 1, "bolt_port": 2})", {"bolt_port", "twice"});
}

TEST(Config, HelpAndMarkdownNameEveryKey) {
  for (const ConfigKey& key : config_keys()) {
    EXPECT_NE(config_help().find("--" + std::string(key.name) + "\n"), std::string::npos);
    EXPECT_NE(config_markdown().find("| `" + std::string(key.name) + "` |"), std::string::npos);
  }
}

}  // namespace
}  // namespace graft::server
