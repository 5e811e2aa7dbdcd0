// date(), datetime.truncate(), duration.between() ... as functions.
#include <string>

#include "cypher/functions/function_helpers.h"
#include "cypher/functions/temporal.h"

namespace graft::cypher {
namespace {

using graph::Value;
using graph::ValueType;

Moment moment(env::Duration since_epoch) {
  int64_t nanos = since_epoch.count(), seconds = nanos / 1'000'000'000, rest = nanos % 1'000'000'000;
  if (rest < 0) rest += 1'000'000'000, --seconds;
  return {seconds, static_cast<int32_t>(rest)};
}

template <ValueType type>
Value construct(QueryContext& context, Arguments args) {
  if (args.empty()) return temporal_now(type, moment(context.statement_time()), "");
  bool needs_clock = args[0].type() == ValueType::kMap;
  return make_temporal(type, args[0], needs_clock ? moment(context.statement_time()) : Moment{});
}

Value at_moment(ValueType type, env::Duration time, Arguments args) {
  if (args.empty()) return temporal_now(type, moment(time), "");
  return args[0].is_null() ? Value() : temporal_now(type, moment(time), string_argument(args[0]));
}

template <ValueType type>
Value at_statement(QueryContext& context, Arguments args) { return at_moment(type, context.statement_time(), args); }
template <ValueType type>
Value at_once(QueryContext& context, Arguments args) { return at_moment(type, context.now(), args); }

template <ValueType type>
Value truncate(QueryContext& context, Arguments args) {
  if (args[0].is_null() || (args.size() > 1 && args[1].is_null())) throw_type(args[0].is_null() ? "String" : "a temporal value", Value());
  Value value = args.size() > 1 ? args[1] : temporal_now(type, moment(context.statement_time()), "");
  return truncate_temporal(type, string_argument(args[0]), value, args.size() > 2 ? args[2] : Value());
}

template <ValueType type>
void add_type(FunctionTable& t, const std::string& name, const std::string& result) {
  t.scalar(name + "(input = now :: ANY) :: " + result, "Temporal", construct<type>, "Makes a " + result + " of text, a map or another temporal value.", Stability::kStatement);
  for (const char* clock : {".statement", ".transaction"}) {
    t.scalar(name + clock + "(timezone = UTC :: STRING) :: " + result, "Temporal", at_statement<type>, "The statement's moment.", Stability::kStatement);
  }
  t.scalar(name + ".realtime(timezone = UTC :: STRING) :: " + result, "Temporal", at_once<type>, "This very moment.", Stability::kNever);
  t.scalar(name + ".truncate(unit :: STRING, input = now :: TEMPORAL, fields = null :: MAP) :: " + result, "Temporal", truncate<type>, "A temporal value cut to a unit.", Stability::kStatement, true);
}

Value from_epoch(QueryContext&, Arguments args) { return datetime_from_epoch(args[0], args[1]); }
Value from_epoch_millis(QueryContext&, Arguments args) { return datetime_from_epoch_millis(args[0]); }
Value duration(QueryContext&, Arguments args) { return make_duration(args[0]); }

template <DurationUnit unit>
Value between(QueryContext&, Arguments args) { return duration_between(args[0], args[1], unit); }

}  // namespace

void add_temporal_functions(FunctionTable& t) {
  add_type<ValueType::kDate>(t, "date", "DATE");
  add_type<ValueType::kLocalTime>(t, "localtime", "LOCAL TIME");
  add_type<ValueType::kTime>(t, "time", "ZONED TIME");
  add_type<ValueType::kLocalDateTime>(t, "localdatetime", "LOCAL DATETIME");
  add_type<ValueType::kDateTime>(t, "datetime", "ZONED DATETIME");
  t.scalar("datetime.fromEpoch(seconds :: NUMBER, nanoseconds :: NUMBER) :: ZONED DATETIME", "Temporal", from_epoch, "A moment given by seconds and nanoseconds since 1970.");
  t.scalar("datetime.fromEpochMillis(milliseconds :: NUMBER) :: ZONED DATETIME", "Temporal", from_epoch_millis, "A moment given by milliseconds since 1970.");
  t.scalar("duration(input :: ANY) :: DURATION", "Duration", duration, "Makes a duration of text or a map.");
  t.scalar("duration.between(from :: TEMPORAL, to :: TEMPORAL) :: DURATION", "Duration", between<DurationUnit::kAll>, "The difference in months, days, seconds and nanoseconds.");
  t.scalar("duration.inMonths(from :: TEMPORAL, to :: TEMPORAL) :: DURATION", "Duration", between<DurationUnit::kMonths>, "The difference in whole months.");
  t.scalar("duration.inDays(from :: TEMPORAL, to :: TEMPORAL) :: DURATION", "Duration", between<DurationUnit::kDays>, "The difference in whole days.");
  t.scalar("duration.inSeconds(from :: TEMPORAL, to :: TEMPORAL) :: DURATION", "Duration", between<DurationUnit::kSeconds>, "The difference in seconds.");
}

}  // namespace graft::cypher
