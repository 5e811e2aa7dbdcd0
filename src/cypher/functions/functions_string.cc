// Functions on strings; positions and lengths are in code points.
#include <string>

#include "cypher/functions/function_helpers.h"
#include "cypher/functions/unicode.h"

namespace graft::cypher {
namespace {

using graph::List;
using graph::Value;
using graph::ValueType;

// For what goes through UTF-16 and comes back as long as before, or longer.
std::string_view roomy_text(QueryContext& context, const Value& v) {
  const std::string_view text = string_argument(v);
  context.room_for(text.size() * 6);
  return text;
}

size_t count_argument(const Value& v, std::string_view what) {
  int64_t n = integer_argument(v);
  if (n < 0) throw_error(ErrorCode::kArgument, std::string(what) + " must not be negative, but was " + std::to_string(n));
  return static_cast<size_t>(n);
}

Value left(QueryContext&, Arguments args) {
  if (args[1].is_null() || args[0].is_null()) return Value();
  std::string_view text = string_argument(args[0]);
  return Value::string(text.substr(0, byte_offset(text, count_argument(args[1], "The length of left()"))));
}

Value right(QueryContext&, Arguments args) {
  if (args[1].is_null() || args[0].is_null()) return Value();
  std::string_view text = string_argument(args[0]);
  size_t n = count_argument(args[1], "The length of right()"), all = code_points(text);
  return Value::string(n >= all ? text : text.substr(byte_offset(text, all - n)));
}

Value substring(QueryContext&, Arguments args) {
  if (any_null(args)) return Value();
  std::string_view text = string_argument(args[0]);
  text.remove_prefix(byte_offset(text, count_argument(args[1], "The start of substring()")));
  if (args.size() > 2) text = text.substr(0, byte_offset(text, count_argument(args[2], "The length of substring()")));
  return Value::string(text);
}

Value trim_ends(Arguments args, TrimSide side) {
  if (any_null(args)) return Value();
  std::string_view text = string_argument(args[0]);
  return Value::string(args.size() > 1 ? trim(text, string_argument(args[1]), side) : trim(text, side));
}

Value ltrim(QueryContext&, Arguments args) { return trim_ends(args, TrimSide::kLeading); }
Value rtrim(QueryContext&, Arguments args) { return trim_ends(args, TrimSide::kTrailing); }
Value trim_both(QueryContext&, Arguments args) { return trim_ends(args, TrimSide::kBoth); }

Value upper(QueryContext& context, Arguments args) { return args[0].is_null() ? Value() : Value::string(to_upper(roomy_text(context, args[0]))); }
Value lower(QueryContext& context, Arguments args) { return args[0].is_null() ? Value() : Value::string(to_lower(roomy_text(context, args[0]))); }

Value normalized(QueryContext& context, Arguments args) {
  if (any_null(args)) return Value();
  std::string_view name = args.size() > 1 ? string_argument(args[1]) : "NFC";
  NormalForm form;
  if (!parse_normal_form(name, &form)) {
    throw_error(ErrorCode::kArgument, "Unknown normal form '" + std::string(name) + "': use NFC, NFD, NFKC or NFKD");
  }
  return Value::string(normalize(roomy_text(context, args[0]), form));
}

// The empty string occurs before and after each character.
std::string between_characters(QueryContext& context, std::string_view text, std::string_view by) {
  context.room_for(text.size() * (by.size() + 1));
  std::string out(by);
  for (uint32_t c : decode_utf8(text)) {
    context.tick();
    append_utf8(c, &out);
    out.append(by);
  }
  return out;
}

Value replace(QueryContext& context, Arguments args) {
  if (any_null(args)) return Value();
  std::string_view text = string_argument(args[0]), search = string_argument(args[1]), by = string_argument(args[2]);
  if (search.empty()) return Value::string(between_characters(context, text, by));
  std::string out;
  size_t from = 0;
  size_t roomy = 0;  // room was asked for up to this length
  for (size_t at; (at = text.find(search, from)) != std::string_view::npos;) {
    context.tick();
    out.append(text.substr(from, at - from)).append(by);
    from = at + search.size();
    if (out.size() <= roomy) continue;
    roomy = std::max<size_t>(2 * out.size(), 4096);
    context.room_for(roomy);
  }
  return Value::string(out.append(text.substr(from)));
}

// The earliest delimiter in text, of several there the first given; npos: none.
size_t find_delimiter(std::string_view text, const std::vector<std::string_view>& delimiters, size_t* length) {
  size_t best = std::string_view::npos;
  for (std::string_view d : delimiters) {
    size_t at = text.find(d);
    if (at < best) {
      best = at;
      *length = d.size();
    }
  }
  return best;
}

List characters(QueryContext& context, std::string_view text) {
  context.room_for(text.size() * 64);
  List out;
  for (uint32_t c : decode_utf8(text)) {
    context.tick();
    std::string character;
    append_utf8(c, &character);
    out.push_back(Value::string(character));
  }
  if (text.empty()) out.push_back(Value::string(""));
  return out;
}

Value split(QueryContext& context, Arguments args) {
  if (any_null(args)) return Value();
  std::string_view text = string_argument(args[0]);
  std::vector<std::string_view> delimiters;
  if (args[1].type() == ValueType::kList) {
    for (const Value& d : args[1].as_list()) {
      if (d.is_null()) return Value();
      delimiters.push_back(string_argument(d));
    }
  } else {
    delimiters.push_back(string_argument(args[1]));
  }
  std::erase_if(delimiters, [](std::string_view d) { return d.empty(); });
  if (delimiters.empty() && (args[1].type() == ValueType::kString || !args[1].as_list().empty())) return Value::list(characters(context, text));
  List out;
  size_t length = 0;
  for (size_t at; (at = find_delimiter(text, delimiters, &length)) != std::string_view::npos;) {
    context.tick();
    out.push_back(Value::string(text.substr(0, at)));
    text.remove_prefix(at + length);
    length = 0;
  }
  out.push_back(Value::string(text));
  return Value::list(std::move(out));
}

Value char_length(QueryContext&, Arguments args) {
  return args[0].is_null() ? Value() : Value::integer(static_cast<int64_t>(code_points(string_argument(args[0]))));
}

}  // namespace

void add_string_functions(FunctionTable& t) {
  t.scalar("left(original :: STRING, length :: INTEGER) :: STRING", "String", left, "The first characters of a string.");
  t.scalar("right(original :: STRING, length :: INTEGER) :: STRING", "String", right, "The last characters of a string.");
  t.scalar("substring(original :: STRING, start :: INTEGER, length = null :: INTEGER) :: STRING", "String", substring, "Part of a string, from a position counted from 0.");
  t.scalar("lTrim(input :: STRING, characters = null :: STRING) :: STRING", "String", ltrim, "A string without leading white space, or without the characters given.");
  t.scalar("rTrim(input :: STRING, characters = null :: STRING) :: STRING", "String", rtrim, "A string without trailing white space, or without the characters given.");
  t.scalar("trim(input :: STRING, characters = null :: STRING) :: STRING", "String", trim_both, "A string without white space at either end, or without the characters given.");
  t.scalar("btrim(input :: STRING, characters = null :: STRING) :: STRING", "String", trim_both, "As trim().");
  for (const char* name : {"toUpper(input :: STRING) :: STRING", "upper(input :: STRING) :: STRING"}) t.scalar(name, "String", upper, "A string in upper case.");
  for (const char* name : {"toLower(input :: STRING) :: STRING", "lower(input :: STRING) :: STRING"}) t.scalar(name, "String", lower, "A string in lower case.");
  t.scalar("normalize(input :: STRING, normalForm = NFC :: STRING) :: STRING", "String", normalized, "A string in a Unicode normal form.");
  t.scalar("replace(original :: STRING, search :: STRING, replace :: STRING) :: STRING", "String", replace, "A string with every occurrence of another replaced.");
  t.scalar("split(original :: STRING, splitDelimiters :: STRING | LIST<STRING>) :: LIST<STRING>", "String", split, "The parts of a string between delimiters.");
  for (const char* name : {"char_length(input :: STRING) :: INTEGER", "character_length(input :: STRING) :: INTEGER"}) t.scalar(name, "Scalar", char_length, "How many characters a string has.");
}

}  // namespace graft::cypher
