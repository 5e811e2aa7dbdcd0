#pragma once

// SHOW TRANSACTIONS | SETTINGS | USERS and TERMINATE TRANSACTIONS, with Neo4j's columns.

#include <memory>

#include "cypher/query.h"
#include "env/clock.h"
#include "server/config.h"
#include "server/session/transaction_registry.h"

namespace graft::server {

class Information final : public cypher::ServerInformation {
 public:
  Information(const Config& config, const env::Clock& clock, std::shared_ptr<TransactionRegistry> transactions)
      : config_(config), clock_(clock), transactions_(std::move(transactions)) {}

  // Others' transactions only for administrators.
  std::vector<graph::Map> transactions(const cypher::ProcedureContext& caller) override;
  std::vector<graph::Map> terminate(const std::vector<std::string>& names, const cypher::ProcedureContext& caller) override;
  std::vector<graph::Map> settings(const cypher::ProcedureContext& caller) override;
  std::vector<graph::Map> users(const cypher::ProcedureContext& caller) override;

 private:
  graph::Map describe(const RunningTransaction& transaction) const;

  const Config& config_;
  const env::Clock& clock_;
  const std::shared_ptr<TransactionRegistry> transactions_;
};

}  // namespace graft::server
