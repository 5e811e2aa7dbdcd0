#pragma once

#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace graft {

// A value or an Error. Use GRAFT_TRY to hand an error up.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { GRAFT_CHECK(ok()); return std::get<0>(state_); }
  const T& value() const& { GRAFT_CHECK(ok()); return std::get<0>(state_); }
  T&& value() && { GRAFT_CHECK(ok()); return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& { GRAFT_CHECK(!ok()); return std::get<1>(state_); }
  Error&& error() && { GRAFT_CHECK(!ok()); return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  void value() const { GRAFT_CHECK(ok()); }
  const Error& error() const& { GRAFT_CHECK(!ok()); return std::get<1>(state_); }
  Error&& error() && { GRAFT_CHECK(!ok()); return std::get<1>(std::move(state_)); }

 private:
  std::variant<std::monostate, Error> state_;
};

using Status = Result<void>;

}  // namespace graft

// GRAFT_TRY(expression): returns the error to the caller if there is one (for Result<void>).
#define GRAFT_TRY(expression)                                  \
  do {                                                         \
    if (auto graft_try_r = (expression); !graft_try_r.ok())    \
      return std::move(graft_try_r).error();                   \
  } while (false)

#define GRAFT_CONCAT_INNER(a, b) a##b
#define GRAFT_CONCAT(a, b) GRAFT_CONCAT_INNER(a, b)

// GRAFT_TRY_ASSIGN(auto x, expression): x is the value, or the error goes to the caller.
#define GRAFT_TRY_ASSIGN(declaration, expression)                                      \
  auto GRAFT_CONCAT(graft_try_, __LINE__) = (expression);                              \
  if (!GRAFT_CONCAT(graft_try_, __LINE__).ok())                                        \
    return std::move(GRAFT_CONCAT(graft_try_, __LINE__)).error();                      \
  declaration = std::move(GRAFT_CONCAT(graft_try_, __LINE__)).value()
