// PULL and DISCARD: rows as the client reads them.

#include <fmt/format.h>

#include "server/bolt/replies.h"
#include "server/bolt/summary.h"
#include "server/session/session.h"

namespace graft::server {
namespace {

// A worker makes this much before the client gets it; the connection holds about as much again.
constexpr size_t kBatchRows = 4096;
constexpr size_t kBatchBytes = 256 * 1024;
constexpr size_t kMostUnsentBytesWhileFetching = size_t{1} << 20;

const char* type_text(cypher::QueryType type) {
  switch (type) {
    case cypher::QueryType::kRead: return "r";
    case cypher::QueryType::kReadWrite: return "rw";
    case cypher::QueryType::kWrite: return "w";
    default: return "s";
  }
}

}  // namespace

void Session::handle_fetch(const FetchRequest& request) {
  if (streaming_over_) return fail(Error(*streaming_over_));
  Fetch fetch;
  fetch.request = request;
  fetch.left = request.n;
  if (state_ == State::kStreaming) {
    fetch.result = autocommit_;
  } else {
    if (auto over = transaction_over()) return fail(*over);
    fetch.qid = request.qid == -1 ? transaction_->next_result - 1 : request.qid;
    const auto found = transaction_->results.find(fetch.qid);
    if (found == transaction_->results.end()) {
      return fail({ErrorCode::kRequestInvalid, fmt::format("There is no open result with qid {}.", fetch.qid)});
    }
    fetch.result = found->second;
  }
  fetch_ = std::move(fetch);
  if (request.discard && request.n == -1 && !fetch_->result->runs_batches()) {  // a write has run to its end before; a read need not
    fetch_->result->rows().clear();
    fetch_->result->abandon();
  }
  fetch_more();
}

void Session::fetch_more() {
  while (true) {
    StatementResult& result = *fetch_->result;
    const size_t wanted = fetch_->left == -1 ? SIZE_MAX : static_cast<size_t>(fetch_->left);
    const size_t taken = result.rows().take(wanted, kBatchBytes, fetch_->request.discard ? nullptr : &out_);
    if (fetch_->left != -1) fetch_->left -= static_cast<int64_t>(taken);
    if (result.exhausted() || fetch_->left == 0) return finish_fetch();
    if (connection_->unsent_bytes() + out_.size() > kMostUnsentBytesWhileFetching) {
      flush();
      wait_for(Wait::kClient);
      return;
    }
    if (result.rows().rows() > 0) continue;
    flush();
    const size_t rows = std::min(kBatchRows, wanted - taken);
    produce(fetch_->result, rows, kBatchBytes, [this](Status status) {
      if (transaction_ != nullptr) {
        if (auto over = transaction_over()) return fail(*over);
      }
      if (!status.ok()) return fail(status.error());
      fetch_more();
    });
    return;
  }
}

void Session::finish_fetch() {
  if (!fetch_->result->exhausted()) {
    graph::Map metadata;
    metadata.emplace_back("has_more", graph::Value::boolean(true));
    fetch_.reset();
    return succeed(std::move(metadata));
  }
  end_result();
}

void Session::end_result() {
  const std::shared_ptr<StatementResult> result = fetch_->result;
  graph::Map metadata = summary(*result);
  if (state_ == State::kStreaming) {
    metadata.emplace_back("bookmark", graph::Value::string(result->committed().value_or(position_).bookmark()));
    autocommit_ = nullptr;
    entry_ = nullptr;
    state_ = State::kReady;
  } else {
    transaction_->results.erase(fetch_->qid);
    transaction_->entry->query_ended();
  }
  fetch_.reset();
  succeed(std::move(metadata));
}

graph::Map Session::summary(StatementResult& result) const {
  using graph::Value;
  const cypher::PreparedQuery& prepared = *result.prepared();
  graph::Map metadata;
  metadata.emplace_back("type", Value::string(type_text(prepared.type())));
  metadata.emplace_back("db", Value::string("default"));
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(services_.clock.monotonic() - statement_started_);
  metadata.emplace_back("t_last", Value::integer(elapsed.count()));
  if (result.counters().contains_updates() || result.counters().contains_system_updates()) {
    metadata.emplace_back("stats", stats_value(result.counters()));
  }
  if (prepared.mode() == cypher::QueryMode::kExplain) metadata.emplace_back("plan", plan_value(prepared.plan(), false));
  if (result.profile()) metadata.emplace_back("profile", plan_value(*result.profile(), true));
  add_notifications(prepared.notifications(), version_, !prepared.columns().empty(), result.had_rows(), &metadata);
  return metadata;
}

}  // namespace graft::server
