#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "env/clock.h"

namespace graft::env {

// "host" may be a name, an IPv4 or an IPv6 address.
struct Address {
  std::string host;
  uint16_t port = 0;
  bool operator==(const Address&) const = default;
  std::string to_string() const;  // host:port, [v6]:port
};

// Door 5: byte streams. The calls of Connection are safe from any thread; its handler's are made one after another on
// the io role, never from inside a call of Connection.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void send(std::string bytes) = 0;  // queued, in order; dropped silently once closed
  virtual size_t unsent_bytes() const = 0;
  virtual void pause_reading() = 0;          // back-pressure: the peer's sends fill the socket
  virtual void resume_reading() = 0;
  virtual void close() = 0;                  // after what is queued was sent, or 5 s; on_closed follows, once
  virtual void abort() = 0;                  // at once
  virtual std::string peer() const = 0;      // "address:port"
};

class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  virtual void on_data(std::string_view bytes) = 0;
  virtual void on_sent() {}  // the send queue has become empty
  virtual void on_closed(const Error& reason) = 0;  // the last call
};

struct TlsFiles {
  std::string certificate;  // PEM chain
  std::string key;          // PEM
};

class Listener {
 public:
  virtual ~Listener() = default;  // stops accepting, the port is free at once; open connections stay
  virtual Address address() const = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // accept runs on the io role for each new connection and gives its handler (kept until on_closed).
  using Accept = std::function<std::shared_ptr<ConnectionHandler>(std::shared_ptr<Connection>)>;
  // tls: if not null, connections may begin with a TLS handshake (told apart by the first byte); plain text stays allowed.
  virtual Result<std::unique_ptr<Listener>> listen(const Address& address, const TlsFiles* tls, Accept accept) = 0;

  // Resolves and connects; one of the handler's on_closed (failed) or `connected` runs on the io role.
  virtual void connect(const Address& address, Duration timeout, std::shared_ptr<ConnectionHandler> handler,
                       std::function<void(std::shared_ptr<Connection>)> connected) = 0;
};

}  // namespace graft::env
