#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/bolt/version.h"

namespace graft::server {

// The first bytes of a connection: magic, four proposals, and either the version chosen for them (classic) or, when
// the client proposes manifest v1, our list of versions and its choice.
class Handshake {
 public:
  enum class State { kWaiting, kDone, kRefused };

  // Takes bytes from *in as far as the handshake goes (what follows stays) and appends the answer to *out.
  State feed(std::string* in, std::string* out);
  BoltVersion version() const { return version_; }   // kDone
  const std::string& reason() const { return reason_; }  // kRefused: for the trace

 private:
  State feed_proposals(std::string* in, std::string* out);
  State feed_choice(std::string* in);
  State refuse(std::string reason);
  bool choice_expected_ = false;
  BoltVersion version_;
  std::string reason_;
};

// Speaks for both kinds of handshake: does the server speak this version?
bool is_supported(BoltVersion version);

}  // namespace graft::server
