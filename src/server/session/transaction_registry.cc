#include "server/session/transaction_registry.h"

#include <charconv>

#include <fmt/format.h>

namespace graft::server {
namespace {

constexpr std::string_view kInfix = "-transaction-";

}  // namespace

RunningTransaction::RunningTransaction(std::shared_ptr<TransactionRegistry> registry, uint64_t number, TransactionOrigin origin,
                                       std::function<void()> on_terminate)
    : registry_(std::move(registry)), number_(number), origin_(std::move(origin)), on_terminate_(std::move(on_terminate)) {}

RunningTransaction::~RunningTransaction() { registry_->leave(number_); }

std::string RunningTransaction::name() const { return TransactionRegistry::name(number_); }

void RunningTransaction::query_begins(std::string text, env::Duration wall, env::Duration monotonic, std::shared_ptr<Canceller> canceller) {
  std::lock_guard lock(mutex_);
  query_ = {registry_->next_query(), std::move(text), wall, monotonic, true};
  canceller_ = std::move(canceller);
  if (terminated_) canceller_->cancel(ErrorCode::kTransactionTerminated);
}

void RunningTransaction::query_ended() {
  std::lock_guard lock(mutex_);
  query_.running = false;
  canceller_ = nullptr;
}

bool RunningTransaction::terminate() {
  {
    std::lock_guard lock(mutex_);
    if (terminated_) return false;
    terminated_ = true;
    if (canceller_ != nullptr) canceller_->cancel(ErrorCode::kTransactionTerminated);
  }
  on_terminate_();
  return true;
}

bool RunningTransaction::terminated() const {
  std::lock_guard lock(mutex_);
  return terminated_;
}

RunningTransaction::Query RunningTransaction::query() const {
  std::lock_guard lock(mutex_);
  return query_;
}

std::shared_ptr<RunningTransaction> TransactionRegistry::enter(TransactionOrigin origin, std::function<void()> on_terminate) {
  std::lock_guard lock(mutex_);
  const uint64_t number = ++transactions_;
  auto transaction = std::make_shared<RunningTransaction>(shared_from_this(), number, std::move(origin), std::move(on_terminate));
  running_.emplace(number, transaction);
  return transaction;
}

void TransactionRegistry::leave(uint64_t number) {
  std::lock_guard lock(mutex_);
  running_.erase(number);
}

std::vector<std::shared_ptr<RunningTransaction>> TransactionRegistry::all() const {
  std::vector<std::shared_ptr<RunningTransaction>> alive;  // released outside of the lock: the last one leaves
  std::lock_guard lock(mutex_);
  for (const auto& [number, weak] : running_) {
    if (auto transaction = weak.lock()) alive.push_back(std::move(transaction));
  }
  return alive;
}

std::shared_ptr<RunningTransaction> TransactionRegistry::find(uint64_t number) const {
  std::lock_guard lock(mutex_);
  const auto found = running_.find(number);
  return found == running_.end() ? nullptr : found->second.lock();
}

std::string TransactionRegistry::next_name() {
  std::lock_guard lock(mutex_);
  return name(++transactions_);
}

uint64_t TransactionRegistry::next_query() {
  std::lock_guard lock(mutex_);
  return ++queries_;
}

std::string TransactionRegistry::name(uint64_t number) { return fmt::format("default{}{}", kInfix, number); }

uint64_t TransactionRegistry::number(std::string_view name) {
  const size_t at = name.rfind(kInfix);
  if (at == std::string_view::npos || at == 0) return 0;
  const std::string_view digits = name.substr(at + kInfix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size() ? number : 0;
}

}  // namespace graft::server
