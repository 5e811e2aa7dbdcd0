// Aggregating functions. Nulls do not count; an empty group gives 0 for count and sum, an empty list for collect, else null.
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "cypher/functions/function_helpers.h"
#include "cypher/functions/temporal.h"

namespace graft::cypher {
namespace {

using graph::List;
using graph::Value;
using graph::ValueType;

class Count final : public Aggregator {
 public:
  void add(QueryContext&, Arguments args) override { n_ += args.empty() || !args[0].is_null(); }  // count(*) has no argument
  Value finish(QueryContext&) override { return Value::integer(n_); }

 private:
  int64_t n_ = 0;
};

class Collect final : public Aggregator {
 public:
  void add(QueryContext& context, Arguments args) override {
    if (args[0].is_null()) return;
    context.charge(sizeof(Value) + args[0].heap_bytes());
    charged_ += sizeof(Value) + args[0].heap_bytes();
    list_.push_back(args[0]);
  }
  Value finish(QueryContext& context) override {
    context.release(charged_);
    charged_ = 0;
    return Value::list(std::move(list_));
  }

 private:
  List list_;
  size_t charged_ = 0;
};

template <int sign>  // 1: the larger wins
class Extreme final : public Aggregator {
 public:
  void add(QueryContext&, Arguments args) override {
    if (args[0].is_null()) return;
    if (best_.is_null() || sign * graph::compare_order(args[0], best_) > 0) best_ = args[0];
  }
  Value finish(QueryContext&) override { return best_; }

 private:
  Value best_;
};

// Numbers or durations, not both; integers stay integers until a float comes.
class Total {
 public:
  void add(std::string_view function, const Value& v) {
    if (v.type() == ValueType::kDuration) {
      if (count_ > 0 && !durations_) mixed(function);
      durations_ = true;
      total_ = count_ == 0 ? v : add_temporal(total_, v);
    } else {
      if (!v.is_number()) throw_type("Integer, Float or Duration", v);
      if (durations_) mixed(function);
      add_number(v);
    }
    ++count_;
  }
  int64_t count() const { return count_; }
  bool durations() const { return durations_; }
  const Value& duration() const { return total_; }
  bool integral() const { return !floating_; }
  __int128 integer() const { return integer_; }
  double number() const { return float_ + static_cast<double>(integer_); }

 private:
  [[noreturn]] static void mixed(std::string_view function) {
    throw_error(ErrorCode::kType, std::string(function) + "() cannot mix numbers and durations");
  }
  void add_number(const Value& v) {
    if (v.type() == ValueType::kInteger) {
      integer_ += v.as_integer();
    } else {
      floating_ = true;
      float_ += v.as_float();
    }
  }

  int64_t count_ = 0;
  bool durations_ = false, floating_ = false;
  __int128 integer_ = 0;
  double float_ = 0;
  Value total_;
};

class Sum final : public Aggregator {
 public:
  void add(QueryContext&, Arguments args) override {
    if (!args[0].is_null()) total_.add("sum", args[0]);
  }
  Value finish(QueryContext&) override {
    if (total_.durations()) return total_.duration();
    if (!total_.integral()) return Value::floating(total_.number());
    if (total_.integer() > INT64_MAX || total_.integer() < INT64_MIN) throw_error(ErrorCode::kArithmetic, "sum() does not fit into 64 bits");
    return Value::integer(static_cast<int64_t>(total_.integer()));
  }

 private:
  Total total_;
};

class Average final : public Aggregator {
 public:
  void add(QueryContext&, Arguments args) override {
    if (args[0].is_null()) return;
    total_.add("avg", args[0]);
    if (args[0].is_number()) mean_ += (args[0].as_number() - mean_) / static_cast<double>(total_.count());
  }
  Value finish(QueryContext&) override {
    if (total_.count() == 0) return Value();
    if (total_.durations()) return divide_duration(total_.duration(), static_cast<double>(total_.count()));
    return Value::floating(!total_.integral() && std::isfinite(mean_) ? mean_ : total_.number() / static_cast<double>(total_.count()));
  }

 private:
  Total total_;
  double mean_ = 0;  // of floats: their sum may be infinite where the mean is not
};

// Welford, "Note on a method for calculating corrected sums of squares" (1962).
template <bool of_population>
class StandardDeviation final : public Aggregator {
 public:
  void add(QueryContext&, Arguments args) override {
    if (args[0].is_null()) return;
    double x = number_argument(args[0]), delta = x - mean_;
    ++n_;
    mean_ += delta / static_cast<double>(n_);
    squares_ += delta * (x - mean_);
  }
  Value finish(QueryContext&) override {
    if (n_ == 0) return Value();
    int64_t divisor = of_population ? n_ : n_ - 1;
    return Value::floating(divisor <= 0 ? 0.0 : std::sqrt(squares_ / static_cast<double>(divisor)));
  }

 private:
  int64_t n_ = 0;
  double mean_ = 0, squares_ = 0;
};

template <bool continuous>
class Percentile final : public Aggregator {
 public:
  void add(QueryContext& context, Arguments args) override {
    if (!at_) {
      at_ = number_argument(args[1]);
      if (!(*at_ >= 0 && *at_ <= 1)) throw_error(ErrorCode::kArgument, "The percentile must be between 0.0 and 1.0, but was " + graph::to_text(args[1]));
    }
    if (args[0].is_null()) return;
    number_argument(args[0]);
    context.charge(sizeof(Value));
    values_.push_back(args[0]);
  }
  Value finish(QueryContext& context) override {
    context.release(values_.size() * sizeof(Value));
    if (values_.empty()) return Value();
    auto n = static_cast<double>(values_.size());
    if (!continuous) {
      auto rank = static_cast<size_t>(std::ceil(*at_ * n));
      return smallest(context, rank == 0 ? 0 : rank - 1);
    }
    double position = *at_ * (n - 1);
    auto low = static_cast<size_t>(position);
    const Value below = smallest(context, low);
    if (low + 1 == values_.size() || position == std::floor(position)) return below;  // an integer stays one, as in Neo4j
    const auto behind = values_.begin() + static_cast<ptrdiff_t>(low) + 1;
    double a = below.as_number(), b = std::min_element(behind, values_.end(), Before{context})->as_number();
    return Value::floating(a + (b - a) * (position - std::floor(position)));
  }

 private:
  struct Before {
    QueryContext& context;
    bool operator()(const Value& a, const Value& b) const {
      context.tick();
      return graph::compare_order(a, b) < 0;
    }
  };
  // The value at that place if they were sorted; what is smaller comes to stand before it.
  Value smallest(QueryContext& context, size_t place) {
    const auto at = values_.begin() + static_cast<ptrdiff_t>(place);
    std::nth_element(values_.begin(), at, values_.end(), Before{context});
    return *at;
  }

  std::optional<double> at_;
  List values_;
};

template <class A>
std::unique_ptr<Aggregator> make() {
  return std::make_unique<A>();
}

}  // namespace

void add_aggregation_functions(FunctionTable& t) {
  t.aggregation("count(input :: ANY) :: INTEGER", make<Count>, "How many values are not null.");
  t.aggregation("collect(input :: ANY) :: LIST<ANY>", make<Collect>, "The values, as a list.");
  t.aggregation("min(input :: ANY) :: ANY", make<Extreme<-1>>, "The smallest value.");
  t.aggregation("max(input :: ANY) :: ANY", make<Extreme<1>>, "The largest value.");
  t.aggregation("sum(input :: NUMBER | DURATION) :: NUMBER | DURATION", make<Sum>, "The sum of numbers or durations.");
  t.aggregation("avg(input :: NUMBER | DURATION) :: NUMBER | DURATION", make<Average>, "The average of numbers or durations.");
  t.aggregation("stDev(input :: NUMBER) :: FLOAT", make<StandardDeviation<false>>, "The standard deviation of a sample.");
  t.aggregation("stDevP(input :: NUMBER) :: FLOAT", make<StandardDeviation<true>>, "The standard deviation of a population.");
  t.aggregation("percentileCont(input :: NUMBER, percentile :: NUMBER) :: FLOAT", make<Percentile<true>>, "A percentile, interpolated between values.");
  t.aggregation("percentileDisc(input :: NUMBER, percentile :: NUMBER) :: NUMBER", make<Percentile<false>>, "A percentile: the nearest value.");
}

}  // namespace graft::cypher
