#include "server/auth/users.h"

#include <argon2.h>

#include <cstring>

#include "base/check.h"
#include "base/codec.h"

namespace graft::server {
namespace {

constexpr uint8_t kRecordVersion = 1;
// OWASP's advice for argon2id: 19 MiB, two passes, one lane.
constexpr uint32_t kPasses = 2, kMemoryKib = 19 * 1024, kLanes = 1;
constexpr size_t kSaltBytes = 16, kHashBytes = 32;

}  // namespace

std::string user_key(std::string_view name) { return "user/" + std::string(name); }

std::string encode_user(const UserRecord& user) {
  std::string out;
  ByteWriter writer(&out);
  writer.u8(kRecordVersion);
  writer.u8(user.admin ? 1 : 0);
  writer.bytes(user.password_hash);
  return out;
}

std::optional<UserRecord> decode_user(std::string_view record) {
  ByteReader reader(record);
  const uint8_t version = reader.u8();
  UserRecord user;
  user.admin = reader.u8() == 1;
  user.password_hash = reader.bytes();
  if (!reader.ok() || !reader.done() || version != kRecordVersion) return std::nullopt;
  return user;
}

std::string default_user_record(env::Random& random) {
  return encode_user({.admin = true, .password_hash = hash_password(kDefaultPassword, random)});
}

std::string hash_password(std::string_view password, env::Random& random) {
  uint64_t salt[kSaltBytes / sizeof(uint64_t)];
  for (uint64_t& word : salt) word = random.next();
  std::string encoded(argon2_encodedlen(kPasses, kMemoryKib, kLanes, kSaltBytes, kHashBytes, Argon2_id), '\0');
  const int result = argon2id_hash_encoded(kPasses, kMemoryKib, kLanes, password.data(), password.size(), salt, kSaltBytes,
                                           kHashBytes, encoded.data(), encoded.size());
  GRAFT_CHECK(result == ARGON2_OK);
  encoded.resize(std::strlen(encoded.c_str()));
  return encoded;
}

bool verify_password(std::string_view hash, std::string_view password) {
  return argon2id_verify(std::string(hash).c_str(), password.data(), password.size()) == ARGON2_OK;
}

}  // namespace graft::server
