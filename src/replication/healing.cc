#include "replication/healing.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/codec.h"
#include "replication/checked_text.h"
#include "replication/member_records.h"

namespace graft::replication {
namespace {

constexpr std::string_view kHealingMagic = "graft healing 1";

std::string hex_of(std::string_view bytes) {
  std::string out;
  for (char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

bool bytes_of_hex(std::string_view hex, std::string* out) {
  auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  if (hex.size() % 2 != 0) return false;
  for (size_t i = 0; i < hex.size(); i += 2) {
    int high = digit(hex[i]);
    int low = digit(hex[i + 1]);
    if (high < 0 || low < 0) return false;
    out->push_back(static_cast<char>(high * 16 + low));
  }
  return true;
}

Error malformed_heal(const char* what) { return {ErrorCode::kInvalidArgument, std::string("malformed ") + what + " about healing"}; }

bool read_member(ByteReader* reader, Member* member) {
  auto decoded = decode_member(reader->bytes());
  if (!reader->ok() || !decoded.ok()) return false;
  *member = std::move(*decoded);
  return true;
}

}  // namespace

std::string encode_healing_note(const HealingNote& note) {
  std::string reason = note.reason;
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  TextLines lines{{"reason", reason}, {"aside", note.aside}};
  for (const Member& member : note.members) lines.emplace_back("member", hex_of(encode_member(member)));
  return encode_checked_text(kHealingMagic, lines);
}

Result<HealingNote> decode_healing_note(std::string_view text) {
  GRAFT_TRY_ASSIGN(TextLines lines, decode_checked_text(kHealingMagic, text));
  HealingNote note;
  for (const auto& [key, value] : lines) {
    if (key == "reason") note.reason = value;
    if (key == "aside") note.aside = value;
    if (key != "member") continue;
    std::string bytes;
    if (!bytes_of_hex(value, &bytes)) return Error{ErrorCode::kCorruption, "not a healing note: a member is malformed"};
    GRAFT_TRY_ASSIGN(Member member, decode_member(bytes));
    note.members.push_back(std::move(member));
  }
  return note;
}

std::string encode_heal_request(const HealRequest& request) { return encode_member(request.self); }

Result<HealRequest> decode_heal_request(std::string_view bytes) {
  GRAFT_TRY_ASSIGN(Member self, decode_member(bytes));
  return HealRequest{std::move(self)};
}

std::string encode_heal_answer(const HealAnswer& answer) {
  std::string out;
  ByteWriter writer(&out);
  writer.u8(static_cast<uint8_t>(answer.kind));
  writer.bytes(answer.text);
  writer.bytes(encode_member(answer.self));
  writer.varint(answer.members.size());
  for (const Member& member : answer.members) writer.bytes(encode_member(member));
  writer.varint(answer.index);
  writer.varint(answer.term);
  writer.bytes(answer.data);
  return out;
}

Result<HealAnswer> decode_heal_answer(std::string_view bytes) {
  ByteReader reader(bytes);
  HealAnswer answer;
  uint8_t kind = reader.u8();
  if (kind < 1 || kind > 4) return malformed_heal("answer");
  answer.kind = static_cast<HealAnswer::Kind>(kind);
  answer.text = reader.bytes();
  if (!read_member(&reader, &answer.self)) return malformed_heal("answer");
  uint64_t count = reader.varint();
  for (uint64_t i = 0; i < count; ++i) {
    Member member;
    if (!read_member(&reader, &member)) return malformed_heal("answer");
    answer.members.push_back(std::move(member));
  }
  answer.index = reader.varint();
  answer.term = reader.varint();
  answer.data = reader.bytes();
  if (!reader.ok()) return malformed_heal("answer");
  return answer;
}

Healer::Healer(Member self, std::vector<Member> members, PeerTransport& transport, HealerHost& host, RoleHandle raft_role)
    : self_(std::move(self)), transport_(transport), host_(host), role_(std::move(raft_role)) {
  learn(members);
}

void Healer::learn(const std::vector<Member>& members) {
  for (const Member& member : members) {
    if (member.id != self_.id) members_[member.id] = member;
  }
}

void Healer::next_round() {
  role_.post_after(kRoundInterval, [this] { round(); });
}

void Healer::round() {
  if (finished_) return;
  if (host_.being_filled()) return next_round();
  heard_.clear();
  uint64_t number = ++round_number_;
  std::string request = encode_heal_request(HealRequest{self_});
  std::map<raft::MemberId, Member> asked = members_;  // an answer may bring new ones
  asked_ = asked.size();
  for (const auto& [id, member] : asked) {
    transport_.call(env::Address{member.ip, member.bolt_raft_port}, id, CallKind::kHeal, request,
                    [this, number, id = id](const Result<std::string>& bytes) {
                      if (!finished_ && number == round_number_) on_answer(id, bytes);
                    });
  }
}

void Healer::on_answer(raft::MemberId from, const Result<std::string>& bytes) {
  Result<HealAnswer> answer = bytes.ok() ? decode_heal_answer(*bytes) : Result<HealAnswer>(bytes.error());
  if (answer.ok()) {
    learn(answer->members);
    if (answer->kind == HealAnswer::Kind::kRefused || answer->kind == HealAnswer::Kind::kRemoved) {
      finished_ = true;
      return host_.on_heal_refused(*answer);
    }
    if (answer->kind == HealAnswer::Kind::kOffer) {
      ++round_number_;  // what others say now does not count
      host_.on_heal_offer(*answer);
      return next_round();
    }
  }
  heard_[from] = fmt::format("node {}: {}", from, answer.ok() ? answer->text : answer.error().message);
  if (heard_.size() < asked_) return;
  std::string reason;
  for (const auto& [id, text] : heard_) reason += (reason.empty() ? "" : "; ") + text;
  ++round_number_;
  host_.on_heal_waiting(reason);
  next_round();
}

}  // namespace graft::replication
