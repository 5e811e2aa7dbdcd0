#include "server/session/routing_table.h"

#include <algorithm>

#include "env/transport.h"

namespace graft::server {
namespace {

using graph::List;
using graph::Map;
using graph::Value;

// Seconds. None: a driver asks before each use. The Python driver keeps a writer to which a write has failed until its table is
// out of date, and its first retry comes after 0.8 s: with one second that retry may still go to the dead leader.
constexpr int64_t kTimeToLive = 0;

Value role(const char* name, List addresses) {
  Map map;
  map.emplace_back("role", Value::string(name));
  map.emplace_back("addresses", Value::list(std::move(addresses)));
  return Value::map(std::move(map));
}

}  // namespace

Value routing_table(const replication::ReplicaStatus& status, const std::string& own_address, const std::string& database) {
  List writers, readers, routers;
  for (const replication::Member& member : status.members) {
    if (std::binary_search(status.unreachable.begin(), status.unreachable.end(), member.id)) continue;
    Value address = Value::string(own_address.empty() ? env::Address{member.ip, member.bolt_port}.to_string() : own_address);
    (member.id == status.leader ? writers : readers).push_back(address);
    routers.push_back(std::move(address));
  }
  if (readers.empty()) readers = writers;
  Map table;
  table.emplace_back("ttl", Value::integer(kTimeToLive));
  table.emplace_back("db", Value::string(database.empty() ? "default" : database));
  table.emplace_back("servers", Value::list({role("WRITE", std::move(writers)), role("READ", std::move(readers)), role("ROUTE", std::move(routers))}));
  return Value::map(std::move(table));
}

}  // namespace graft::server
