#pragma once

// Internal to session/: an autocommit statement on its way.

#include "server/session/session.h"

namespace graft::server {

struct Session::Plan {
  StatementSetting setting;
  Statement statement;
  TransactionExtra extra;
  Prepared prepared;
  uint64_t catalog_version = 0;                       // that it was prepared with
  replication::Position position;                     // of the version that is read
  std::shared_ptr<StatementResult> result;            // it runs already: a read that had to wait for nothing
  std::optional<cypher::ServerCall> call;             // the server runs it
  std::shared_ptr<LaneStatement> lane;
};

// How long ROUTE, BEGIN and writes are held while no leader is known.
inline constexpr env::Duration kLeaderWait = std::chrono::seconds(1);

Error write_in_read_mode();

}  // namespace graft::server
