#pragma once

#include <memory>
#include <string>

#include "env/task_runner.h"
#include "env/transport.h"

namespace graft::env {

// TCP and TLS on Boost.Asio: the io role. Each connection belongs to one of `threads` threads for all its life; with
// one thread all handlers, and what is posted to runner(), run one after another.
//
// An idle connection holds no buffers (reads go through one buffer per thread), so ten thousand cost memory only.
// All that was made here must be done with before the transport is destroyed; handlers of connections that are still
// open then are released without on_closed.
class AsioTransport final : public Transport {
 public:
  explicit AsioTransport(const std::string& name, size_t threads = 1);
  ~AsioTransport() override;

  Result<std::unique_ptr<Listener>> listen(const Address& address, const TlsFiles* tls, Accept accept) override;
  void connect(const Address& address, Duration timeout, std::shared_ptr<ConnectionHandler> handler,
               std::function<void(std::shared_ptr<Connection>)> connected) override;

  // The first io thread as a serial runner.
  TaskRunner& runner();

  // Ends the threads: no handler runs afterwards. Also done by the destructor.
  void stop();

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace graft::env
