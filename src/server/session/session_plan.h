#pragma once

// Internal to session/: an autocommit statement on its way.

#include "server/session/session.h"

namespace graft::server {

struct Session::Plan {
  StatementSetting setting;
  Statement statement;                                 // text, parameters, limits: known before it is planned
  TransactionExtra extra;
  Prepared prepared;
  uint64_t catalog_version = 0;                       // that it was prepared with
  replication::Position position;                     // of the version that is read
  std::shared_ptr<StatementResult> result;            // it runs already: a read that had to wait for nothing
  std::optional<cypher::ServerCall> call;             // the server runs it
  std::shared_ptr<LaneStatement> lane;
};

// A plan that needs no care of its own: no EXPLAIN, nothing that the server has to do.
inline bool runs_anywhere(const cypher::PreparedQuery& query) {
  return query.mode() != cypher::QueryMode::kExplain && !query.is_cluster_procedure() && !query.asks_server();
}

// How long ROUTE, BEGIN and writes are held while no leader is known.
inline constexpr env::Duration kLeaderWait = std::chrono::seconds(1);

Error write_in_read_mode();

}  // namespace graft::server
