// PackStream, framing, handshakes and requests.

#include <gtest/gtest.h>

#include "server/bolt/framing.h"
#include "server/bolt/handshake.h"
#include "server/bolt/messages.h"
#include "server/bolt/replies.h"
#include "server/bolt/value_codec.h"

namespace graft::server {
namespace {

using graph::Value;

std::string encoded(const Value& v, ValueFormat format = {}) {
  std::string out;
  PackWriter writer(&out);
  encode_value(v, format, nullptr, &writer);
  return out;
}

Result<Value> decoded(std::string_view bytes) {
  PackReader in(bytes);
  DecodeLimits limits;
  return decode_value(&in, &limits);
}

void expect_round_trip(const Value& v) {
  const auto back = decoded(encoded(v));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_TRUE(graph::identical(*back, v)) << graph::to_text(v) << " came back as " << graph::to_text(*back);
}

TEST(PackStream, IntegersTakeTheShortestForm) {
  const std::pair<int64_t, size_t> sizes[] = {{0, 1}, {127, 1}, {-16, 1}, {-17, 2}, {-128, 2}, {128, 3}, {32767, 3}, {-32768, 3},
                                              {32768, 5}, {INT32_MIN, 5}, {int64_t{INT32_MAX} + 1, 9}, {INT64_MIN, 9}, {INT64_MAX, 9}};
  for (const auto& [number, size] : sizes) {
    EXPECT_EQ(encoded(Value::integer(number)).size(), size) << number;
    expect_round_trip(Value::integer(number));
  }
}

TEST(PackStream, RoundTrips) {
  expect_round_trip(Value());
  expect_round_trip(Value::boolean(true));
  expect_round_trip(Value::floating(-0.25));
  for (size_t n : {0u, 15u, 16u, 255u, 256u, 65535u, 65536u, 70000u}) {
    expect_round_trip(Value::string(std::string(n, 'x')));
    expect_round_trip(Value::bytes(std::string(n, '\xff')));
    expect_round_trip(Value::list(graph::List(n, Value::integer(1))));
  }
  graph::Map map;
  for (int i = 0; i < 300; ++i) map.emplace_back("key" + std::to_string(i), Value::integer(i));
  expect_round_trip(Value::map(map));
  expect_round_trip(Value::string("gr\xC3\xB6\xC3\x9F" "er \xF0\x9F\x98\x80"));
}

TEST(PackStream, StructuresRoundTrip) {
  expect_round_trip(Value::date({19000}));
  expect_round_trip(Value::local_time({1}));
  expect_round_trip(Value::time({86'399'999'999'999, -64800}));
  expect_round_trip(Value::local_date_time({-5, 999'999'999}));
  expect_round_trip(Value::date_time({1'700'000'000, 5, 3600, ""}));
  expect_round_trip(Value::date_time({1'700'000'000, 5, 3600, "Europe/Berlin"}));
  expect_round_trip(Value::duration({1, -2, 3, 4}));
  expect_round_trip(Value::point({7203, 1.5, -2, 0}));
  expect_round_trip(Value::point({4979, 1.5, -2, 7}));
}

TEST(PackStream, LegacyDateTimesCountLocalSeconds) {
  const Value zoned = Value::date_time({1'700'000'000, 5, 3600, "Europe/Berlin"});
  const std::string legacy = encoded(zoned, {.element_ids = false, .utc_date_times = false});
  EXPECT_EQ(legacy[1], 'f');
  const auto back = decoded(legacy);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_TRUE(graph::identical(*back, zoned));
}

TEST(PackStream, RefusesWhatIsMalformed) {
  for (std::string_view bytes : {std::string_view("\xD0\xFF" "abc", 5), std::string_view("\xD2\xFF\xFF\xFF\xFF", 5), std::string_view("\xD6\xFF\xFF\xFF\xFF", 5),
                                 std::string_view("\xDA\xFF\xFF\xFF\xFF", 5), std::string_view("\xC7", 1), std::string_view("", 0),
                                 std::string_view("\x82\xC3\x28", 3) /* not UTF-8 */, std::string_view("\xA2\x81" "a\x01\x81" "a\x02", 7) /* key twice */,
                                 std::string_view("\xA1\x01\x01", 3) /* key not text */, std::string_view("\xB1" "D\x81" "a", 4), std::string_view("\xB3" "N\x01\x90\xA0", 5),
                                 std::string_view("\xB2" "T\x00\xCA\x7F\xFF\xFF\xFF", 8), std::string_view("\xB3" "i\x01\x01\x84Nope", 9)}) {
    EXPECT_FALSE(decoded(bytes).ok());
  }
  EXPECT_FALSE(decoded(std::string(20000, '\x91')).ok());  // nested lists
  DecodeLimits limits{.depth = 128, .values = 100};
  const std::string many = encoded(Value::list(graph::List(101, Value())));
  PackReader in(many);
  EXPECT_FALSE(decode_value(&in, &limits).ok());
}

TEST(PackStream, EveryPrefixOfAValueIsRefused) {
  const std::string whole = encoded(Value::list({Value::string(std::string(300, 'a')), Value::date_time({1, 2, 3, ""}), Value::floating(1), Value::bytes("abc")}));
  for (size_t n = 0; n < whole.size(); ++n) EXPECT_FALSE(decoded(std::string_view(whole).substr(0, n)).ok()) << n;
}

TEST(PackStream, Utf8) {
  EXPECT_TRUE(is_valid_utf8("plain"));
  EXPECT_FALSE(is_valid_utf8("\xC0\x80"));          // overlong
  EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(is_valid_utf8("\xF4\x90\x80\x80"));  // past the last code point
  EXPECT_FALSE(is_valid_utf8("\xE2\x82"));          // cut off
}

// ---- framing ----

TEST(Framing, MessagesComeBackWhateverTheCuts) {
  std::string stream(kNoop);
  const std::vector<std::string> messages = {"a", std::string(70000, 'b'), std::string(65535, 'c')};
  for (const std::string& message : messages) {
    append_message(message, &stream);
    stream.append(kNoop);
  }
  for (size_t step : {1u, 3u, 1000u, 1000000u}) {
    MessageReader reader;
    reader.set_limit(1 << 20);
    std::vector<std::string> got;
    for (size_t i = 0; i < stream.size(); i += step) ASSERT_TRUE(reader.feed(std::string_view(stream).substr(i, step), &got).ok());
    EXPECT_EQ(got, messages);
  }
}

TEST(Framing, ALongMessageIsRefusedBeforeItIsKept) {
  MessageReader reader;
  reader.set_limit(100000);
  std::vector<std::string> got;
  std::string chunk("\xFF\xFF", 2);
  chunk.append(65535, 'x');
  EXPECT_TRUE(reader.feed(chunk, &got).ok());
  EXPECT_FALSE(reader.feed(std::string_view(chunk).substr(0, 2), &got).ok());
  EXPECT_TRUE(got.empty());
}

// ---- handshakes ----

std::string magic() { return "\x60\x60\xB0\x17"; }
std::string slots(std::initializer_list<uint32_t> proposals) {
  std::string out = magic();
  for (uint32_t p : proposals) {
    for (int shift : {24, 16, 8, 0}) out.push_back(static_cast<char>(p >> shift));
  }
  return out;
}

Handshake::State shake(std::string in, std::string* out, BoltVersion* version) {
  Handshake handshake;
  std::string buffer;
  Handshake::State state = Handshake::State::kWaiting;
  for (char c : in) {  // byte by byte
    buffer.push_back(c);
    state = handshake.feed(&buffer, out);
    if (state != Handshake::State::kWaiting) break;
  }
  *version = handshake.version();
  return state;
}

TEST(Handshake, ClassicTakesTheNewestOfTheFirstSlotThatFits) {
  struct Case { std::initializer_list<uint32_t> proposals; BoltVersion version; };
  const Case cases[] = {{{0x00080805, 0x00020404, 0, 3}, {5, 8}}, {{0x00000404, 0x00080805, 0, 0}, {4, 4}}, {{0x00000305, 0, 0, 0}, {5, 3}},
                        {{0x00000006, 0x00020404, 0, 0}, {4, 4}}, {{0x000F0F05, 0, 0, 0}, {5, 8}}, {{0x00020504, 0, 0, 0}, {4, 4}}};
  for (const Case& c : cases) {
    std::string out;
    BoltVersion version;
    ASSERT_EQ(shake(slots(c.proposals), &out, &version), Handshake::State::kDone);
    EXPECT_EQ(version, c.version);
    EXPECT_EQ(out, std::string({0, 0, static_cast<char>(c.version.minor), static_cast<char>(c.version.major)}));
  }
}

TEST(Handshake, RefusesWhatItDoesNotSpeak) {
  std::string out;
  BoltVersion version;
  EXPECT_EQ(shake(slots({1, 2, 3, 6}), &out, &version), Handshake::State::kRefused);
  EXPECT_EQ(out, std::string(4, '\0'));
  out.clear();
  EXPECT_EQ(shake("GET / HTTP/1.1\r\n", &out, &version), Handshake::State::kRefused);
  EXPECT_EQ(shake(slots({0x00000003, 0x00000304, 0, 0}), &out, &version), Handshake::State::kRefused);
}

TEST(Handshake, ManifestOffersRangesAndTakesAChoice) {
  Handshake handshake;
  std::string in = slots({0x000001FF, 0x00080805, 0x00020404, 3}), out;
  EXPECT_EQ(handshake.feed(&in, &out), Handshake::State::kWaiting);
  EXPECT_EQ(out, std::string("\x00\x00\x01\xFF\x02\x00\x08\x08\x05\x00\x00\x04\x04\x00", 14));
  in.append(std::string("\x00\x00\x08\x05\x00rest", 9));
  EXPECT_EQ(handshake.feed(&in, &out), Handshake::State::kDone);
  EXPECT_EQ(handshake.version(), (BoltVersion{5, 8}));
  EXPECT_EQ(in, "rest");

  Handshake other;
  in = slots({0x000001FF, 0, 0, 0}) + std::string("\x00\x00\x09\x05\x00", 5);
  EXPECT_EQ(other.feed(&in, &out), Handshake::State::kRefused);
}

// ---- requests ----

std::string request(uint8_t tag, const graph::List& fields) {
  std::string out;
  PackWriter writer(&out);
  writer.structure_header(static_cast<uint8_t>(fields.size()), tag);
  for (const Value& field : fields) encode_value(field, {}, nullptr, &writer);
  return out;
}

TEST(Messages, Run) {
  graph::Map extra;
  extra.emplace_back("bookmarks", Value::list({Value::string("graft:x:1:2")}));
  extra.emplace_back("tx_timeout", Value::integer(1500));
  extra.emplace_back("mode", Value::string("r"));
  extra.emplace_back("db", Value());
  const auto decoded = decode_request(request(0x10, {Value::string("RETURN $x"), Value::map({{"x", Value::integer(1)}}), Value::map(extra)}), {5, 8});
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  const RunRequest& run = std::get<RunRequest>(*decoded);
  EXPECT_EQ(run.query, "RETURN $x");
  EXPECT_EQ(run.parameters.size(), 1u);
  EXPECT_EQ(run.extra.timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(run.extra.mode, AccessMode::kRead);
  EXPECT_EQ(run.extra.bookmarks.size(), 1u);
}

TEST(Messages, RefusesWrongShapes) {
  const Value map = Value::map({});
  const BoltVersion v58{5, 8};
  EXPECT_FALSE(decode_request("", v58).ok());
  EXPECT_FALSE(decode_request("\x01", v58).ok());
  EXPECT_FALSE(decode_request(request(0x99, {map}), v58).ok());
  EXPECT_FALSE(decode_request(request(0x10, {map, map, map}), v58).ok());
  EXPECT_FALSE(decode_request(request(0x10, {Value::string("x"), map}), v58).ok());
  EXPECT_FALSE(decode_request(request(0x10, {Value::string("x"), map, Value()}), v58).ok());
  EXPECT_FALSE(decode_request(request(0x3F, {map}), v58).ok());                                          // n is missing
  EXPECT_FALSE(decode_request(request(0x3F, {Value::map({{"n", Value::integer(0)}})}), v58).ok());
  EXPECT_FALSE(decode_request(request(0x3F, {Value::map({{"n", Value::string("1")}})}), v58).ok());
  EXPECT_FALSE(decode_request(request(0x11, {Value::map({{"mode", Value::string("x")}})}), v58).ok());
  EXPECT_FALSE(decode_request(request(0x11, {Value::map({{"tx_timeout", Value::integer(-1)}})}), v58).ok());
  EXPECT_FALSE(decode_request(request(0x6A, {map}), {4, 4}).ok());                                       // LOGON came with 5.1
  EXPECT_FALSE(decode_request(request(0x0F, {}) + "x", v58).ok());                                       // more than the message
  EXPECT_TRUE(decode_request(request(0x54, {Value::integer(1)}), {5, 4}).ok());
}

TEST(Replies, FailuresCarryGqlStatusFrom57On) {
  for (const BoltVersion version : {BoltVersion{4, 4}, BoltVersion{5, 6}, BoltVersion{5, 7}}) {
    std::string out;
    append_failure({ErrorCode::kNotLeader, "no"}, version, &out);
    EXPECT_NE(out.find("Neo.ClientError.Cluster.NotALeader"), std::string::npos);
    EXPECT_EQ(out.find("08N07") != std::string::npos, version.has_gql_failures());
    EXPECT_EQ(out.find("neo4j_code") != std::string::npos, version.has_gql_failures());
  }
}

}  // namespace
}  // namespace graft::server
