// Seeks and scans of range indexes: equalities on leading keys, then at most one range, prefix or existence. What the
// index's order cannot say exactly (a range keeps to the type of its bound) is looked at again per entry.

#include <algorithm>
#include <cmath>
#include <limits>

#include "cypher/executor/operators.h"
#include "cypher/executor/relationship_rows.h"

namespace graft::cypher {

using graph::IndexBound;
using graph::List;
using graph::Value;
using graph::ValueType;

namespace {

class IndexSeek final : public Operator {
 public:
  IndexSeek(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        seek_(static_cast<const PlanIndexSeek&>(plan)),
        nodes_(plan.op != PlanOp::kRelationshipIndexSeek),
        out_(make_batch()),
        keep_(slots_but({seek_.entity, seek_.from, seek_.to})),
        rows_(seek_.entity, seek_.from, seek_.to, seek_.directed) {
    for (const SeekKey& key : seek_.keys) {
      lowers_.push_back(compile_expression(key.lower));
      uppers_.push_back(compile_expression(key.upper));
    }
  }

 private:
  void start() override {
    growth_.reset();
    combinations_.clear();
    combination_ = 0;
    cursor_ = nullptr;
    List prefix;
    add_combinations(0, &prefix);
  }

  // One list of leading values for each combination of the keys' IN lists.
  void add_combinations(size_t key, List* prefix) {
    if (key == seek_.keys.size() || (seek_.keys[key].kind != SeekKind::kEqual && seek_.keys[key].kind != SeekKind::kIn)) {
      combinations_.push_back(*prefix);
      return;
    }
    Value value = lowers_[key]->eval(argument_frame());
    if (seek_.keys[key].kind == SeekKind::kEqual) return add_value(key, value, prefix);
    if (value.type() != ValueType::kList) {
      if (!value.is_null()) throw_type("List", value);
      return;
    }
    List values = value.as_list();
    std::sort(values.begin(), values.end(), [](const Value& a, const Value& b) { return compare_order(a, b) < 0; });
    if (seek_.ordered && seek_.descending) std::reverse(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end(), [](const Value& a, const Value& b) { return equivalent(a, b); }), values.end());
    for (const Value& item : values) add_value(key, item, prefix);
  }

  void add_value(size_t key, const Value& value, List* prefix) {
    context().tick();
    if (!is_storable(value) || compare_equal(value, value) != 1) return;  // null, NaN, maps ...: equal to nothing stored
    prefix->push_back(value);
    add_combinations(key + 1, prefix);
    prefix->pop_back();
  }

  Batch* next() override {
    while (cursor_ != nullptr || open_next_cursor()) {
      ids_.resize(growth_.next());
      ids_.resize(cursor_->next(ids_));
      if (ids_.empty()) {
        cursor_ = nullptr;
        continue;
      }
      hit(ids_.size());
      keep_comparable();
      if (ids_.empty()) continue;
      return emit();
    }
    return nullptr;
  }

  Batch* emit() {
    if (nodes_) {
      out_.clear_all();
      out_.column(seek_.entity).set_ids(Column::Form::kNodes) = ids_;
      out_.append_repeated(*argument().batch, argument().row, static_cast<uint32_t>(ids_.size()), keep_);
      return &out_;
    }
    rows_.begin(&out_);
    for (uint64_t id : ids_) {
      graph::RelationshipRecord record = context().view().relationship(id);
      rows_.add(id, record.start, record.end);
    }
    out_.append_repeated(*argument().batch, argument().row, rows_.rows(), keep_);
    return &out_;
  }

  bool open_next_cursor() {
    const graph::GraphView& view = context().view();
    while (combination_ < combinations_.size()) {
      const List& prefix = combinations_[combination_++];
      check_key_ = -1;
      if (prefix.size() == seek_.keys.size()) {
        cursor_ = prefix.empty() ? view.index_range(seek_.index, nullptr, nullptr, seek_.descending)
                                 : view.index_seek(seek_.index, prefix);
        return true;
      }
      if (open_range(prefix)) return true;
    }
    return false;
  }

  // The key behind the equal ones: a range, a prefix of strings, or anything at all.
  bool open_range(const List& prefix) {
    const graph::GraphView& view = context().view();
    size_t key = prefix.size();
    const SeekKey& seek = seek_.keys[key];
    lower_value_ = lowers_[key] == nullptr ? Value() : lowers_[key]->eval(argument_frame());
    upper_value_ = uppers_[key] == nullptr ? Value() : uppers_[key]->eval(argument_frame());
    if (seek.kind == SeekKind::kExists) {
      cursor_ = prefix.empty() ? view.index_range(seek_.index, nullptr, nullptr, seek_.descending)
                               : view.index_seek(seek_.index, prefix);
      return true;
    }
    if (seek.kind == SeekKind::kContains || seek.kind == SeekKind::kEndsWith) return open_strings(key);
    if (seek.kind == SeekKind::kBox || seek.kind == SeekKind::kDistance) return open_points(seek.kind);
    if (seek.kind == SeekKind::kPrefix && prefix.empty() && !seek_.descending) {
      if (lower_value_.type() != ValueType::kString) return false;
      cursor_ = view.index_prefix(seek_.index, lower_value_.as_string());
      return true;
    }
    if ((seek.lower != nullptr && lower_value_.is_null()) || (seek.upper != nullptr && upper_value_.is_null())) return false;
    check_key_ = static_cast<int>(key);
    IndexBound lower{prefix, true}, upper{prefix, true};
    if (!lower_value_.is_null()) {
      lower.values.push_back(lower_value_);
      lower.inclusive = seek.lower_inclusive || seek.kind == SeekKind::kPrefix;
    }
    if (!upper_value_.is_null()) {
      upper.values.push_back(upper_value_);
      upper.inclusive = seek.upper_inclusive;
    }
    cursor_ = view.index_range(seek_.index, lower.values.empty() ? nullptr : &lower, upper.values.empty() ? nullptr : &upper,
                               seek_.descending);
    return true;
  }

  // All strings, each looked at again.
  bool open_strings(size_t key) {
    if (lower_value_.type() != ValueType::kString) return false;
    check_key_ = static_cast<int>(key);
    cursor_ = context().view().index_prefix(seek_.index, "");
    return true;
  }

  // Points whose x may be right; the predicate itself is a filter above.
  bool open_points(SeekKind kind) {
    if (lower_value_.type() != ValueType::kPoint) return false;
    const graph::Point a = lower_value_.as_point();
    double low, high;
    if (kind == SeekKind::kBox) {
      if (upper_value_.type() != ValueType::kPoint || upper_value_.as_point().srid != a.srid) return false;
      low = a.x;
      high = upper_value_.as_point().x;
    } else {
      if (!upper_value_.is_number()) return false;
      const double reach = reach_along_x(a, upper_value_.as_number());
      low = a.x - reach;
      high = a.x + reach;
    }
    const bool wraps = is_geographic(a.srid) && (low > high || low < -180 || high > 180);
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (wraps || std::isnan(low) || std::isnan(high)) {
      low = -kInfinity;
      high = kInfinity;
    }
    IndexBound lower{{Value::point({a.srid, low, -kInfinity, -kInfinity})}, true}, upper{{Value::point({a.srid, high, kInfinity, kInfinity})}, true};
    cursor_ = context().view().index_range(seek_.index, &lower, &upper, false);
    return true;
  }

  static bool is_geographic(uint32_t srid) { return srid == 4326 || srid == 4979; }

  // How far a circle of this radius reaches in x: in degrees of longitude around the globe.
  static double reach_along_x(const graph::Point& centre, double radius) {
    if (!is_geographic(centre.srid)) return radius;
    constexpr double kEarthRadius = 6'378'140, kDegree = 3.14159265358979323846 / 180;
    const double angle = radius / kEarthRadius, latitude = std::abs(centre.y) * kDegree;
    if (!(angle >= 0) || latitude + angle >= 90 * kDegree) return 360;  // a pole is inside
    return std::asin(std::sin(angle) / std::cos(latitude)) / kDegree * 1.000001 + 1e-9;
  }

  bool in_range(const Value& v) const {
    const SeekKey& seek = seek_.keys[static_cast<size_t>(check_key_)];
    if (seek.kind == SeekKind::kContains || seek.kind == SeekKind::kEndsWith) {
      if (v.type() != ValueType::kString) return false;
      return seek.kind == SeekKind::kContains ? v.as_string().find(lower_value_.as_string()) != std::string_view::npos : v.as_string().ends_with(lower_value_.as_string());
    }
    if (seek.kind == SeekKind::kPrefix) {
      return v.type() == ValueType::kString && v.as_string().starts_with(lower_value_.as_string());
    }
    auto holds = [](graph::Comparison c, graph::Comparison wanted, bool inclusive) {
      return c == wanted || (inclusive && c == graph::Comparison::kEqual);
    };
    if (seek.lower != nullptr && !holds(compare(v, lower_value_), graph::Comparison::kGreater, seek.lower_inclusive)) return false;
    return seek.upper == nullptr || holds(compare(v, upper_value_), graph::Comparison::kLess, seek.upper_inclusive);
  }

  void keep_comparable() {
    if (check_key_ < 0) return;
    const graph::GraphView& view = context().view();
    graph::PropertyKeyId key = seek_.properties[static_cast<size_t>(check_key_)].id;
    if (key == graph::kNoToken) return;
    std::erase_if(ids_, [&](uint64_t id) {
      return !in_range(nodes_ ? view.node_property(id, key) : view.relationship_property(id, key));
    });
  }

  const PlanIndexSeek& seek_;
  bool nodes_;
  Batch out_;
  std::vector<Slot> keep_;
  RelationshipRows rows_;
  std::vector<EvaluatorPtr> lowers_, uppers_;
  std::vector<List> combinations_;
  size_t combination_ = 0;
  int check_key_ = -1;
  Value lower_value_, upper_value_;
  std::unique_ptr<graph::NodeCursor> cursor_;
  std::vector<uint64_t> ids_;
  BatchGrowth growth_;
};

}  // namespace

OperatorPtr make_index_seek(Executor& executor, const PlanNode& plan) { return std::make_unique<IndexSeek>(executor, plan); }

}  // namespace graft::cypher
