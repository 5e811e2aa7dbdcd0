// A statement ends soon after cancel(), at its time limit and at its memory budget, whatever it is doing. Deterministic:
// the clock and the random source count the calls and do the cancelling, so no thread and no wall clock takes part.

#include <gtest/gtest.h>

#include <functional>

#include "cypher/in_process_database.h"
#include "env/heap.h"

namespace graft::cypher {
namespace {

class SteppingClock final : public env::Clock {
 public:
  env::Duration monotonic() const override { return env::Duration(++calls * 1'000'000); }  // a millisecond a call
  env::Duration wall() const override { return env::Duration(1'600'000'000'000'000'000); }
  mutable int64_t calls = 0;
};

class HookedRandom final : public env::Random {
 public:
  uint64_t next() override {
    ++calls;
    if (hook) hook();
    return static_cast<uint64_t>(calls) * 0x9E3779B97F4A7C15ull;
  }
  int64_t calls = 0;
  std::function<void()> hook;
};

class Limits : public ::testing::Test {
 protected:
  // Runs to the end or the first error; gives the error's code, or nothing.
  std::optional<ErrorCode> run(std::string_view text) {
    graph::GraphView view = database_.view();
    auto prepared = database_.engine().prepare(text, {}, view);
    if (auto* error = std::get_if<QueryError>(&prepared)) {
      ADD_FAILURE() << error->message;
      return error->code;
    }
    ExecutionOptions options;
    options.clock = &clock_;
    options.random = &random_;
    options.timeout = timeout_;
    options.memory_budget_bytes = memory_;
    auto query = std::get<std::shared_ptr<const PreparedQuery>>(prepared);
    execution_ = database_.engine().start(query, view, nullptr, options);
    rows_ = 0;
    for (bool done = false; !done;) {
      Result<RowBatch> batch = execution_->next(1000, &done);
      if (!batch.ok()) {
        message_ = batch.error().message;
        return batch.error().code;
      }
      rows_ += batch->rows();
    }
    return std::nullopt;
  }

  // Cancels at the 1,000th random number; then only so many more may be asked for.
  void expect_cancelled_soon(std::string_view text) {
    random_.calls = 0;
    random_.hook = [&] { if (random_.calls == 1000) execution_->cancel(); };
    EXPECT_EQ(run(text), ErrorCode::kCancelled) << text;
    EXPECT_LT(random_.calls, 10'000) << text;
    random_.hook = nullptr;
  }

  InProcessDatabase database_;
  SteppingClock clock_;
  HookedRandom random_;
  env::Duration timeout_{0};
  uint64_t memory_ = uint64_t{256} << 20;
  std::unique_ptr<Execution> execution_;
  uint64_t rows_ = 0;
  std::string message_;
};

TEST_F(Limits, CancelInsideExpressions) {
  expect_cancelled_soon("RETURN reduce(s = 0.0, x IN range(1, 2000000) | s + rand()) AS s");
  expect_cancelled_soon("RETURN size([x IN range(1, 2000000) WHERE rand() < 2]) AS s");
  expect_cancelled_soon("RETURN all(x IN range(1, 2000000) WHERE rand() < 2) AS s");
}

TEST_F(Limits, CancelInsideOperators) {
  expect_cancelled_soon("UNWIND range(1, 2000000) AS x WITH x, rand() AS r ORDER BY r RETURN count(*) AS c");
  expect_cancelled_soon("UNWIND range(1, 2000000) AS x WITH x WHERE rand() > 2 RETURN x");
  expect_cancelled_soon("UNWIND range(1, 2000000) AS x WITH rand() AS r RETURN sum(r) AS s");
  expect_cancelled_soon("UNWIND range(1, 2000000) AS x RETURN DISTINCT rand() > 2 AS s");
}

TEST_F(Limits, TimeLimitEndsWalksThatNeverWould) {
  ASSERT_TRUE(database_.run("UNWIND range(1, 14) AS x CREATE (:N {x: x})").ok());
  ASSERT_TRUE(database_.run("MATCH (a:N), (b:N) WHERE a <> b CREATE (a)-[:T]->(b)").ok());
  timeout_ = std::chrono::seconds(1);
  EXPECT_EQ(run("MATCH (a:N)-[*]->(b:N) RETURN count(*) AS c"), ErrorCode::kTimeout);
  EXPECT_EQ(run("MATCH (a:N {x: 1})((x)-[:T]->(y)){1,60}(b) RETURN count(*) AS c"), ErrorCode::kTimeout);
  EXPECT_EQ(run("MATCH (a:N), (b:N), (c:N), (d:N), (e:N), (f:N), (g:N) RETURN sum(a.x + b.x + c.x + d.x + e.x + f.x + g.x) AS s"), ErrorCode::kTimeout);
}

TEST_F(Limits, MemoryBudgetIsAClearError) {
  memory_ = 4 << 20;
  for (std::string_view text : {
           "UNWIND range(1, 400000) AS x WITH x, x AS y ORDER BY y RETURN count(*) AS c",
           "UNWIND range(1, 100000) AS x WITH DISTINCT x RETURN count(*) AS c",
           "UNWIND range(1, 100000) AS x WITH x AS k, count(*) AS n RETURN count(*) AS c",
           "UNWIND range(1, 100000) AS x UNWIND range(1, 10) AS y WITH collect(x) AS l RETURN size(l) AS c",
           "UNWIND range(1, 100000) AS x WITH collect(DISTINCT x) AS l RETURN size(l) AS c",
           "RETURN range(1, 1000000) AS l",
       }) {
    EXPECT_EQ(run(text), ErrorCode::kQueryMemory) << text;
    EXPECT_NE(message_.find("4 MiB"), std::string::npos) << message_;
  }
}

// What no operator charges for: values made of values.
TEST_F(Limits, MemoryBudgetCoversLongValues) {
  memory_ = 4 << 20;
  for (std::string_view text : {
           "RETURN size(reduce(s = 'ab', i IN range(1, 40) | s + s)) AS s",
           "RETURN size(reduce(l = [1], i IN range(1, 40) | l + l)) AS s",
           "RETURN size(reverse(range(1, 200000)) + reverse(range(1, 200000))) AS s",
           "RETURN size(replace(reduce(s = 'a', i IN range(1, 16) | s + s), 'a', reduce(s = 'b', i IN range(1, 10) | s + s))) AS s",
           "RETURN size(replace(reduce(s = 'a', i IN range(1, 16) | s + s), '', reduce(s = 'b', i IN range(1, 10) | s + s))) AS s",
           "RETURN size(toUpper(reduce(s = 'a', i IN range(1, 21) | s + s))) AS s",
           "UNWIND range(1, 400000) AS x RETURN percentileCont(x, 0.5) AS p",
       }) {
    EXPECT_EQ(run(text), ErrorCode::kQueryMemory) << text;
  }
}

TEST_F(Limits, MemoryBudgetCoversWhatTheHeapGrowsBy) {
  if (env::thread_heap_bytes() == 0) GTEST_SKIP() << "this allocator does not count";
  ASSERT_TRUE(database_.run("UNWIND range(1, 300) AS x CREATE (:M {x: x})").ok());
  ASSERT_TRUE(database_.run("MATCH (a:M), (b:M) WHERE (a.x + b.x) % 3 = 0 CREATE (a)-[:T]->(b)").ok());
  memory_ = 4 << 20;
  for (std::string_view text : {
           "RETURN size([x IN range(1, 100) | [y IN range(1, 10000) | y + x]]) AS s",
           "RETURN size(keys(reduce(m = {}, i IN range(1, 30) | {a: m, b: [y IN range(1, 20000) | y + i]}))) AS s",
           "RETURN size(split(reduce(s = 'a,', i IN range(1, 18) | s + s), ',')) AS s",
           "UNWIND range(1, 200) AS x WITH collect([y IN range(1, 5000) | y + x]) AS l RETURN size(l) AS s",
           "UNWIND range(1, 200) AS x WITH {l: [y IN range(1, 5000) | {y: y + x}]} AS m ORDER BY m.l[0].y RETURN count(*) AS s",
           "UNWIND range(1, 60000) AS x RETURN count(DISTINCT {a: x, b: [x]}) AS s",
           "MATCH (a:M) RETURN size(collect([(a)-->(b)-->(c) | b.x + c.x])) AS s",
           "MATCH (a:M {x: 3}), (b:M {x: 6}) MATCH p = (a)-[:T*1..4]->(b) RETURN size(collect(p)) AS s",
           "MATCH (a:M) WITH collect(COLLECT { MATCH (a)-->(b)-->(c) RETURN [b, c] }) AS l RETURN size(l) AS s",
       }) {
    EXPECT_EQ(run(text), ErrorCode::kQueryMemory) << text;
  }
}

// Rows with long values are made a few at a time.
TEST_F(Limits, LongValuesDoNotPileUp) {
  memory_ = 48 << 20;
  EXPECT_EQ(run("UNWIND range(1, 3000) AS x RETURN range(1, 20000) AS l, x"), std::nullopt);
  EXPECT_EQ(rows_, 3000u);
  EXPECT_EQ(run("UNWIND range(1, 3000) AS x WITH x WHERE range(1, 20000) + [x] = range(1, 20000) + [7] RETURN x"), std::nullopt);
  EXPECT_EQ(rows_, 1u);
  EXPECT_EQ(run("UNWIND range(1, 3000) AS x RETURN sum(size(tail(range(1, 20000)))) AS s, max(range(1, 20000) + [x]) AS m"), std::nullopt);
  EXPECT_EQ(run("UNWIND range(1, 3000) AS x WITH x, range(1, 20000) AS l WITH x, l + [x] AS m WHERE size(m) = 20001 RETURN x, m[x] AS y ORDER BY y LIMIT 3"), std::nullopt);
  EXPECT_EQ(rows_, 3u);
}

TEST_F(Limits, StreamingNeedsConstantMemory) {
  memory_ = 4 << 20;
  EXPECT_EQ(run("UNWIND range(1, 1000) AS x UNWIND range(1, 300) AS y WITH x * y AS z WHERE z % 2 = 0 RETURN z"), std::nullopt);
  EXPECT_EQ(rows_, 225'000u);
  EXPECT_EQ(run("UNWIND range(1, 1000) AS x UNWIND range(1, 300) AS y RETURN x * y AS z ORDER BY z DESC LIMIT 5"), std::nullopt);
  EXPECT_EQ(rows_, 5u);
}

TEST_F(Limits, DeepNestingEndsInAnAnswerOrAnError) {
  std::string parentheses = "RETURN " + std::string(10'000, '(') + "1" + std::string(10'000, ')') + " AS x";
  auto prepared = database_.engine().prepare(parentheses, {}, database_.view());
  if (std::holds_alternative<std::shared_ptr<const PreparedQuery>>(prepared)) {
    EXPECT_EQ(run(parentheses), std::nullopt);
  }
  EXPECT_EQ(run("RETURN reduce(l = [], x IN range(1, 5000) | [l]) AS l"), ErrorCode::kArgument);
}

}  // namespace
}  // namespace graft::cypher
