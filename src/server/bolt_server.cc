#include "server/bolt_server.h"

#include "env/trace.h"

namespace graft::server {
namespace {

constexpr env::Duration kSweepInterval = std::chrono::milliseconds(500);

}  // namespace

struct BoltServer::Shared : std::enable_shared_from_this<Shared> {
  explicit Shared(SessionServices s) : services(std::move(s)) {}

  SessionServices services;
  std::unique_ptr<env::Listener> listener;
  // The io role's.
  std::unordered_map<uint64_t, std::weak_ptr<Session>> sessions;
  uint64_t next_number = 1;
  bool stopped = false;

  std::shared_ptr<env::ConnectionHandler> accept(std::shared_ptr<env::Connection> connection) {
    const uint64_t number = next_number++;
    auto session = std::make_shared<Session>(std::shared_ptr<SessionServices>(shared_from_this(), &services), std::move(connection), number);
    sessions.emplace(number, session);
    return session;
  }

  void sweep_later() {
    services.io.post_after(kSweepInterval, [self = shared_from_this()] {
      if (self->stopped) return;
      self->sweep();
      self->sweep_later();
    });
  }

  void sweep() {
    const env::Duration now = services.clock.monotonic();
    std::vector<std::shared_ptr<Session>> open;  // closing one changes the map
    for (const auto& [number, session] : sessions) {
      if (auto alive = session.lock()) open.push_back(std::move(alive));
    }
    for (const auto& session : open) session->sweep(now);
  }

  void stop() {
    stopped = true;
    listener.reset();
    for (const auto& [number, session] : std::unordered_map(std::move(sessions))) {
      if (auto alive = session.lock()) alive->close();
    }
    sessions.clear();
  }
};

Result<std::unique_ptr<BoltServer>> BoltServer::start(SessionServices services, env::Transport& transport, const env::Address& address,
                                                      const env::TlsFiles* tls) {
  auto shared = std::make_shared<Shared>(std::move(services));
  shared->services.on_closed = [weak = std::weak_ptr<Shared>(shared)](uint64_t number) {
    if (auto alive = weak.lock()) alive->sessions.erase(number);
  };
  GRAFT_TRY_ASSIGN(shared->listener, transport.listen(address, tls, [shared](std::shared_ptr<env::Connection> connection) {
    return shared->accept(std::move(connection));
  }));
  shared->sweep_later();
  env::trace(env::TraceLevel::kInfo, "bolt", "listening on {}{}", shared->listener->address().to_string(), tls != nullptr ? " (TLS offered)" : "");
  return std::unique_ptr<BoltServer>(new BoltServer(std::move(shared)));
}

BoltServer::~BoltServer() { shared_->stop(); }

void BoltServer::stop() {
  shared_->services.io.post([shared = shared_] { shared->stop(); });
}

env::Address BoltServer::address() const { return shared_->listener->address(); }

}  // namespace graft::server
