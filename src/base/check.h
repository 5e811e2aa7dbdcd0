#pragma once

// GRAFT_CHECK(condition) states what the programmer holds to be true; it stays on in every build.
// Bad input is never a CHECK: it is a Result (below Cypher) or a QueryError (in Cypher).

namespace graft {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace graft

#define GRAFT_CHECK(condition) \
  (__builtin_expect(!!(condition), 1) ? void(0) : ::graft::check_failed(#condition, __FILE__, __LINE__))
