#include "graph/fulltext.h"

#include <algorithm>
#include <cstring>

#include "base/codec.h"
#include "graph/layout.h"
#include "graph/search_options.h"

namespace graft::graph {

namespace {

constexpr char kDocumentTag = 1, kPostingTag = 2;

void put_id(uint64_t id, std::string* key) {
  uint64_t big_endian = __builtin_bswap64(id);
  key->append(reinterpret_cast<const char*>(&big_endian), 8);
}

uint64_t get_id(std::string_view bytes) {
  uint64_t id = 0;
  if (bytes.size() >= 8) std::memcpy(&id, bytes.data(), 8);
  return __builtin_bswap64(id);
}

void put_term(std::string_view term, std::string* key) {
  for (char c : term) {
    key->push_back(c);
    if (c == 0) key->push_back(static_cast<char>(0xFF));
  }
  key->push_back(0);
  key->push_back(1);
}

// The term at the front of `bytes`, and how many bytes it takes there.
std::string get_term(std::string_view bytes, size_t* taken) {
  std::string term;
  size_t at = 0;
  for (; at + 1 < bytes.size(); ++at) {
    if (bytes[at] != 0) {
      term.push_back(bytes[at]);
    } else if (bytes[at + 1] == 1) {
      break;
    } else {
      term.push_back(0);
      ++at;
    }
  }
  *taken = std::min(bytes.size(), at + 2);
  return term;
}

// Positions ascend: first the first, then the distances.
void put_positions(const std::vector<TextToken>& tokens, size_t from, size_t to, std::string* key) {
  ByteWriter w(key);
  size_t limit = key->size() + kMaxPositionBytes - 5;
  uint32_t last = 0;
  for (size_t i = from; i < to && key->size() < limit; ++i) {
    w.varint(tokens[i].position - last);
    last = tokens[i].position;
  }
}

std::vector<TextToken> tokens_of(const TextAnalyzer& analyzer, const Value& value) {
  std::vector<TextToken> tokens;
  if (value.type() == ValueType::kString) {
    analyzer.analyze(value.as_string(), 0, &tokens);
    return tokens;
  }
  uint32_t position = 0;
  for (const Value& item : value.as_list()) position = analyzer.analyze(item.as_string(), position, &tokens);
  return tokens;
}

}  // namespace

bool is_text(const Value& value) {
  if (value.type() == ValueType::kString) return true;
  return value.type() == ValueType::kList && !value.as_list().empty() && value.as_list().front().type() == ValueType::kString;
}

std::string document_key_prefix(uint8_t field) { return {kDocumentTag, static_cast<char>(field)}; }

std::string posting_key_prefix(uint8_t field, std::string_view term) {
  std::string key{kPostingTag, static_cast<char>(field)};
  put_term(term, &key);
  return key;
}

std::vector<std::string> fulltext_keys(uint8_t field, uint64_t id, const IndexDefinition& index, const Value& value, uint32_t* length) {
  std::vector<TextToken> tokens = tokens_of(analyzer_of(index), value);
  *length = static_cast<uint32_t>(tokens.size());
  std::stable_sort(tokens.begin(), tokens.end(), [](const TextToken& a, const TextToken& b) { return a.term < b.term; });
  std::vector<std::string> keys;
  keys.push_back(document_key_prefix(field));
  put_id(id, &keys.back());
  ByteWriter(&keys.back()).varint(tokens.size());
  for (size_t from = 0; from < tokens.size();) {
    size_t to = from;
    while (to < tokens.size() && tokens[to].term == tokens[from].term) ++to;
    std::string key = posting_key_prefix(field, tokens[from].term);
    put_id(id, &key);
    ByteWriter w(&key);
    w.varint(to - from);
    w.varint(tokens.size());
    put_positions(tokens, from, to, &key);
    if (key.size() <= kMaxTreeKeyBytes) keys.push_back(std::move(key));
    from = to;
  }
  return keys;
}

FulltextReader::FulltextReader(const GraphView& view, const IndexDefinition& index)
    : view_(view), table_(index_table(view.meta().generation, index.id)), fields_(index.keys.size()) {
  view.record_index_read(index.id);
}

FulltextStatistics FulltextReader::statistics(uint8_t field) const {
  FulltextStatistics out;
  storage::PageView page = view_.reader().page(table_, kStatisticsPage);
  if (page.size() >= (size_t{field} + 1) * sizeof(out)) std::memcpy(&out, page.data() + field * sizeof(out), sizeof(out));
  return out;
}

void FulltextReader::postings(uint8_t field, std::string_view term, bool positions,
                              const std::function<bool(const FulltextPosting&)>& visit) const {
  std::string prefix = posting_key_prefix(field, term);
  TreeCursor at = cursor();
  FulltextPosting posting;
  for (bool more = at.seek(prefix); more && at.key().starts_with(prefix); more = at.next()) {
    std::string_view rest = at.key().substr(prefix.size());
    posting.id = get_id(rest);
    ByteReader in(rest.substr(std::min<size_t>(8, rest.size())));
    posting.frequency = static_cast<uint32_t>(in.varint());
    posting.length = static_cast<uint32_t>(in.varint());
    posting.positions.clear();
    for (uint32_t last = 0; positions && in.ok() && !in.done();) posting.positions.push_back(last += static_cast<uint32_t>(in.varint()));
    if (!visit(posting)) return;
  }
}

void FulltextReader::documents(uint8_t field, const std::function<bool(uint64_t)>& visit) const {
  std::string prefix = document_key_prefix(field);
  TreeCursor at = cursor();
  for (bool more = at.seek(prefix); more && at.key().starts_with(prefix); more = at.next())
    if (!visit(get_id(at.key().substr(prefix.size())))) return;
}

void FulltextReader::terms(uint8_t field, std::string_view from, const std::function<bool(std::string_view)>& visit) const {
  std::string head = posting_key_prefix(field, "");
  head.resize(2);
  std::string key = posting_key_prefix(field, from);
  key.resize(key.size() - 2);  // without the end: the term itself and all that it begins
  TreeCursor at = cursor();
  for (bool more = at.seek(key); more && at.key().starts_with(head);) {
    size_t taken;
    std::string term = get_term(at.key().substr(2), &taken);
    if (!visit(term)) return;
    key.assign(at.key().substr(0, 2 + taken));
    key.back() = 2;  // behind all postings of the term
    more = at.seek(key);
  }
}

}  // namespace graft::graph
