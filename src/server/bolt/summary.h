#pragma once

// The parts of a result's last SUCCESS: counters, plan, notifications or GQL statuses.

#include <vector>

#include "cypher/query.h"
#include "graph/value.h"
#include "server/bolt/version.h"

namespace graft::server {

graph::Value stats_value(const graph::WriteCounters& counters);
graph::Value plan_value(const cypher::PlanDescription& plan, bool profiled);
// Adds "notifications" or, from 5.6 on, "statuses" to *metadata.
void add_notifications(const std::vector<cypher::Notification>& notifications, BoltVersion version, bool has_columns,
                       bool had_rows, graph::Map* metadata);

}  // namespace graft::server
