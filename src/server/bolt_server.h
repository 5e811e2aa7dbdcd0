#pragma once

// Listens for Bolt connections and gives each its session.

#include <memory>
#include <unordered_map>

#include "env/transport.h"
#include "server/session/session.h"

namespace graft::server {

class BoltServer {
 public:
  // Listens at once. Errors: the address is in use or not this machine's, the certificate or key cannot be used.
  // The services and the transport outlive the server; services.on_closed is the server's to set.
  static Result<std::unique_ptr<BoltServer>> start(SessionServices services, env::Transport& transport, const env::Address& address,
                                                   const env::TlsFiles* tls);

  // After the io role and the workers have ended: what sessions hold is let go, whoever still knows them.
  ~BoltServer();

  // No new connections; ends the open ones. Any thread; the rest happens on the io role, which goes on running.
  void stop();
  env::Address address() const;

 private:
  struct Shared;  // outlives the server in what is posted
  explicit BoltServer(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  std::shared_ptr<Shared> shared_;
};

}  // namespace graft::server
