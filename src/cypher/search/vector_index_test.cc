// The derived index against exact answers, while the graph changes and the index lags behind.

#include "cypher/search/vector_index.h"

#include <deque>
#include <random>

#include <gtest/gtest.h>

#include "cypher/in_process_database.h"
#include "cypher/search/search_procedures.h"
#include "env/posix/thread_runner.h"

namespace graft::cypher {
namespace {

using graph::Value;

// Runs what was posted when the test says so.
class QueuedRunner final : public env::TaskRunner {
 public:
  void post(env::Task task) override { tasks_.push_back(std::move(task)); }
  env::TimerId post_after(env::Duration, env::Task task) override { return tasks_.push_back(std::move(task)), 0; }
  bool cancel(env::TimerId) override { return false; }
  size_t backlog() const override { return tasks_.size(); }
  void run(size_t most) {
    for (; most > 0 && !tasks_.empty(); --most) {
      env::Task task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }
  void run_all() { run(SIZE_MAX); }

 private:
  std::deque<env::Task> tasks_;
};

class Vectors : public ::testing::Test {
 protected:
  void SetUp() override { open(uint64_t{1} << 30); }

  void open(uint64_t budget) {
    indexes_ = std::make_shared<VectorIndexes>(runner_, [this] { return std::optional<graph::GraphView>(db_.view()); }, budget);
    add_search_procedures(*db_.procedures(), indexes_);
  }
  void create_index(int dimensions, const char* similarity) {
    run("CREATE VECTOR INDEX v FOR (n:A) ON (n.v) OPTIONS {indexConfig: {`vector.dimensions`: " + std::to_string(dimensions) +
        ", `vector.similarity_function`: '" + similarity + "'}}");
    index_ = db_.view().catalog().indexes().back().id;
  }
  QueryAnswer run(const std::string& text, const Parameters& parameters = {}) {
    auto answer = db_.run(text, parameters);
    EXPECT_TRUE(answer.ok()) << text << ": " << answer.error().message;
    return answer.ok() ? std::move(answer).value() : QueryAnswer();
  }
  std::vector<float> random_vector(size_t dimensions) {
    std::normal_distribution<float> normal;
    std::vector<float> out(dimensions);
    for (float& f : out) f = normal(random_);
    return out;
  }
  static Value value_of(const std::vector<float>& vector) {
    graph::List list;
    for (float f : vector) list.push_back(Value::floating(f));
    return Value::list(std::move(list));
  }
  // Ids (the property i) of the k nearest, by the procedure.
  std::vector<int64_t> search(const std::vector<float>& query, int k) {
    auto answer = run("CALL db.index.vector.queryNodes('v', $k, $q) YIELD node, score RETURN node.i AS i, score",
                      {{"k", Value::integer(k)}, {"q", value_of(query)}});
    std::vector<int64_t> ids;
    for (const auto& row : answer.rows) {
      ids.push_back(row[0].as_integer());
      auto at = model_.find(ids.back());
      EXPECT_NE(at, model_.end()) << "found what is not there";
      if (at == model_.end()) continue;
      EXPECT_EQ(row[1].as_float(), double{vector_score(similarity_, query, at->second)});
    }
    return ids;
  }
  std::vector<int64_t> exact(const std::vector<float>& query, size_t k) {
    NearestVectors nearest(k);
    for (const auto& [i, vector] : model_) nearest.add({static_cast<uint64_t>(i), vector_score(similarity_, query, vector)});
    std::vector<int64_t> ids;
    for (const VectorHit& hit : nearest.take()) ids.push_back(static_cast<int64_t>(hit.id));
    return ids;
  }
  double recall(size_t dimensions, size_t queries, int k) {
    size_t found = 0;
    for (size_t n = 0; n < queries; ++n) {
      std::vector<float> query = random_vector(dimensions);
      std::vector<int64_t> got = search(query, k), wanted = exact(query, static_cast<size_t>(k));
      EXPECT_EQ(got.size(), wanted.size());
      for (int64_t id : wanted) found += std::count(got.begin(), got.end(), id) != 0 ? 1 : 0;
    }
    return static_cast<double>(found) / static_cast<double>(queries * static_cast<size_t>(k));
  }
  void create(size_t count, size_t dimensions) {
    graph::List rows;
    for (size_t n = 0; n < count; ++n) {
      std::vector<float> vector = random_vector(dimensions);
      rows.push_back(Value::map({{"i", Value::integer(next_)}, {"v", value_of(vector)}}));
      model_[next_++] = std::move(vector);
    }
    run("UNWIND $rows AS row CREATE (n:A) SET n = row", {{"rows", Value::list(std::move(rows))}});
  }

  QueuedRunner runner_;
  InProcessDatabase db_;
  std::shared_ptr<VectorIndexes> indexes_;
  graph::IndexId index_ = 0;
  graph::VectorSimilarity similarity_ = graph::VectorSimilarity::kCosine;
  std::mt19937 random_{7};
  std::map<int64_t, std::vector<float>> model_;
  int64_t next_ = 0;
};

TEST_F(Vectors, RecallOfTwentyThousandRandomVectors) {
  create_index(64, "cosine");
  for (int batch = 0; batch < 10; ++batch) create(2000, 64);
  EXPECT_EQ(recall(64, 2, 10), 1.0);  // nothing is built yet: exact
  runner_.run_all();
  ASSERT_EQ(indexes_->indexed(index_), 20000u);
  double found = recall(64, 100, 10);
  std::printf("recall at 10 of 20,000 random vectors of 64 dimensions: %.4f\n", found);
  EXPECT_GE(found, 0.95);
}

TEST_F(Vectors, SearchesSeeExactlyWhatTheirVersionHas) {
  similarity_ = graph::VectorSimilarity::kEuclidean;
  create_index(8, "euclidean");
  create(3000, 8);
  search(random_vector(8), 1);
  runner_.run_all();
  ASSERT_EQ(indexes_->indexed(index_), 3000u);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    int64_t i = static_cast<int64_t>(random_() % static_cast<uint64_t>(next_));
    std::vector<float> vector = random_vector(8);
    Parameters parameters{{"i", Value::integer(i)}, {"v", value_of(vector)}};
    switch (round % 4) {
      case 0:
        run("MATCH (n:A {i: $i}) SET n.v = $v", parameters);
        if (model_.contains(i)) model_[i] = vector;
        break;
      case 1:
        run("MATCH (n:A {i: $i}) DETACH DELETE n", parameters);
        model_.erase(i);
        break;
      case 2:
        run("MATCH (n:A {i: $i}) REMOVE n:A", parameters);
        model_.erase(i);
        break;
      default: create(1 + random_() % 40, 8);
    }
    if (model_.contains(i)) {
      EXPECT_EQ(search(model_[i], 1), std::vector<int64_t>{i});
    }
    EXPECT_EQ(search(vector, 20).size(), 20u);  // and each hit is in the model, with its exact score
    runner_.run(random_() % 3);
  }
  EXPECT_GE(recall(8, 50, 10), 0.95);
  EXPECT_EQ(search(random_vector(8), static_cast<int>(model_.size()) + 10).size(), model_.size());
}

TEST_F(Vectors, TransactionsSeeTheirOwnWrites) {
  create_index(4, "cosine");
  create(2000, 4);
  search(random_vector(4), 1);
  runner_.run_all();
  ASSERT_EQ(indexes_->indexed(index_), 2000u);
  std::vector<float> before = model_[5], changed = random_vector(4);
  db_.begin();
  run("MATCH (n:A {i: 5}) SET n.v = $v", {{"v", value_of(changed)}});
  model_[5] = changed;
  EXPECT_EQ(search(changed, 1), std::vector<int64_t>{5});
  db_.rollback();
  model_[5] = before;
  EXPECT_EQ(search(before, 1), std::vector<int64_t>{5});
}

TEST_F(Vectors, WithoutMemoryEverythingIsCompared) {
  open(0);
  create_index(4, "cosine");
  create(3000, 4);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(recall(4, 3, 10), 1.0);
    runner_.run_all();
  }
  EXPECT_EQ(indexes_->indexed(index_), 0u);
}

// The background thread changes the derived index while this one writes and searches: for the thread sanitizer, too.
TEST_F(Vectors, SearchesGoOnBesideTheSync) {
  env::ThreadRunner background("background");
  indexes_ = std::make_shared<VectorIndexes>(background, [this] { return std::optional<graph::GraphView>(db_.view()); }, uint64_t{1} << 30);
  add_search_procedures(*db_.procedures(), indexes_);
  create_index(8, "cosine");
  for (int round = 0; round < 30; ++round) {
    create(100, 8);
    std::vector<float> query = model_[next_ - 1 - static_cast<int64_t>(random_() % 100)];
    EXPECT_EQ(search(query, 5).size(), 5u);
  }
  background.stop();
  EXPECT_GE(recall(8, 10, 5), 0.9);
}

TEST_F(Vectors, ADroppedIndexIsForgotten) {
  create_index(4, "cosine");
  create(3000, 4);
  search(random_vector(4), 1);
  runner_.run_all();
  graph::IndexId dropped = index_;
  ASSERT_EQ(indexes_->indexed(dropped), 3000u);
  run("DROP INDEX v");
  create_index(4, "cosine");
  search(random_vector(4), 1);
  runner_.run_all();
  EXPECT_EQ(indexes_->indexed(dropped), 0u);
  EXPECT_EQ(indexes_->indexed(index_), 3000u);
}

TEST_F(Vectors, AMuchChangedIndexIsMadeAnew) {
  create_index(4, "cosine");
  create(2000, 4);
  for (int round = 0; round < 4; ++round) {
    graph::List rows;
    for (auto& [i, vector] : model_) {
      vector = random_vector(4);
      rows.push_back(Value::map({{"i", Value::integer(i)}, {"v", value_of(vector)}}));
    }
    run("UNWIND $rows AS row MATCH (n:A {i: row.i}) SET n.v = row.v", {{"rows", Value::list(std::move(rows))}});
    search(random_vector(4), 1);
    runner_.run_all();
    EXPECT_EQ(indexes_->indexed(index_), 2000u);
    EXPECT_GE(recall(4, 20, 10), 0.95);
  }
}

}  // namespace
}  // namespace graft::cypher
