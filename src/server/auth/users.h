#pragma once

// Users as the replicated state has them: one system record per user.

#include <optional>
#include <string>
#include <string_view>

#include "env/random.h"

namespace graft::server {

inline constexpr std::string_view kDefaultUser = "admin";
inline constexpr std::string_view kDefaultPassword = "73@TuGraph";

struct UserRecord {
  bool admin = false;
  std::string password_hash;  // argon2id, in its own text form with salt and costs
};

std::string user_key(std::string_view name);  // of the system record
std::string encode_user(const UserRecord& user);
std::optional<UserRecord> decode_user(std::string_view record);  // nothing: absent or malformed

// What genesis writes under user_key(kDefaultUser).
std::string default_user_record(env::Random& random);

// About 20 ms and 19 MiB each: on a worker.
std::string hash_password(std::string_view password, env::Random& random);
bool verify_password(std::string_view hash, std::string_view password);

}  // namespace graft::server
