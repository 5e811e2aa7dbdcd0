#include "env/posix/asio_transport.h"

#include <sys/socket.h>

#include <csignal>
#include <vector>

#include "env/posix/io_thread.h"
#include "env/posix/stream_connection.h"
#include "env/posix/tls.h"
#include "env/trace.h"

namespace graft::env {

struct AsioTransport::Impl {
  std::vector<std::unique_ptr<IoThread>> threads;
  std::atomic<size_t> turn{0};

  IoThread& next_thread() { return *threads[turn.fetch_add(1, std::memory_order_relaxed) % threads.size()]; }
};

namespace {

constexpr Duration kAcceptBackOff = std::chrono::milliseconds(100);

// The accepting socket; lives until the Listener and the pending accept are gone.
struct Acceptor : std::enable_shared_from_this<Acceptor> {
  Acceptor(AsioTransport::Impl& transport, Transport::Accept accept)
      : transport(transport), home(*transport.threads[0]), socket(home.context()), on_accept(std::move(accept)) {}

  void accept_next() {
    if (closed) return;
    IoThread& thread = transport.next_thread();
    socket.async_accept(thread.context(), [self = shared_from_this(), &thread](const SystemError& error, Tcp::socket peer) {
      if (self->closed) return;
      if (error) return self->retry(error);
      auto connection = std::make_shared<StreamConnection>(thread, std::move(peer));
      // Onto the connection's own thread: its handler must not be called from anywhere else.
      asio::post(thread.context(), [self, connection] {
        if (auto handler = self->on_accept(connection)) connection->start(std::move(handler), self->tls);
      });
      self->accept_next();
    });
  }

  void retry(const SystemError& error) {
    trace(TraceLevel::kWarning, "io", "cannot accept a connection: {}", error.message());
    home.post_after(kAcceptBackOff, [self = shared_from_this()] { self->accept_next(); });
  }

  // The port is free on return: shutdown ends listening at once, the descriptor goes on the io thread.
  void close() {
    closed = true;
    ::shutdown(socket.native_handle(), SHUT_RDWR);
    asio::post(home.context(), [self = shared_from_this()] {
      SystemError ignored;
      self->socket.close(ignored);
    });
  }

  AsioTransport::Impl& transport;
  IoThread& home;
  Tcp::acceptor socket;
  const Transport::Accept on_accept;
  std::shared_ptr<TlsContext> tls;
  std::atomic<bool> closed{false};
};

class AsioListener final : public Listener {
 public:
  AsioListener(std::shared_ptr<Acceptor> acceptor, Address address)
      : acceptor_(std::move(acceptor)), address_(std::move(address)) {}
  ~AsioListener() override { acceptor_->close(); }
  Address address() const override { return address_; }

 private:
  const std::shared_ptr<Acceptor> acceptor_;
  const Address address_;
};

Result<Tcp::endpoint> resolve_now(const Address& address) {
  SystemError error;
  const asio::ip::address numeric = asio::ip::make_address(address.host, error);
  if (!error) return Tcp::endpoint(numeric, address.port);
  asio::io_context context;
  Tcp::resolver resolver(context);
  const auto found = resolver.resolve(address.host, std::to_string(address.port), Tcp::resolver::passive, error);
  if (error || found.empty()) {
    return Error{ErrorCode::kInvalidArgument, "cannot resolve host " + address.host + ": " + error.message()};
  }
  return found.begin()->endpoint();
}

Status open_acceptor(Tcp::acceptor& socket, const Tcp::endpoint& endpoint, const Address& address) {
  SystemError error;
  socket.open(endpoint.protocol(), error);
  if (!error) socket.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) {
    SystemError ignored;  // :: takes IPv4 too where the system can
    socket.set_option(asio::ip::v6_only(false), ignored);
  }
  if (!error) socket.bind(endpoint, error);
  if (!error) socket.listen(asio::socket_base::max_listen_connections, error);
  if (error) return Error{ErrorCode::kIo, "cannot listen on " + address.to_string() + ": " + error.message()};
  return {};
}

// One connect call: resolve, try each address, give up at the deadline. Everything on one io thread.
struct Connector : std::enable_shared_from_this<Connector> {
  Connector(IoThread& thread, Address address, std::shared_ptr<ConnectionHandler> handler,
            std::function<void(std::shared_ptr<Connection>)> connected)
      : thread(thread), resolver(thread.context()), socket(thread.context()), address(std::move(address)),
        handler(std::move(handler)), connected(std::move(connected)) {}

  void start(Duration timeout) {
    deadline = thread.post_after(timeout, [self = shared_from_this()] {
      self->fail("no answer in time");
    });
    SystemError error;
    const asio::ip::address numeric = asio::ip::make_address(address.host, error);
    if (!error) {
      endpoints.emplace_back(numeric, address.port);
      return try_next("no address");
    }
    resolver.async_resolve(address.host, std::to_string(address.port),
                           [self = shared_from_this()](const SystemError& error, const Tcp::resolver::results_type& found) {
                             if (self->done) return;
                             for (const auto& entry : found) self->endpoints.push_back(entry.endpoint());
                             self->try_next(error ? "cannot resolve the name: " + error.message() : "no address");
                           });
  }

  void try_next(const std::string& last_failure) {
    if (done) return;
    if (tried == endpoints.size()) return fail(last_failure);
    SystemError ignored;
    socket.close(ignored);
    socket.async_connect(endpoints[tried++], [self = shared_from_this()](const SystemError& error) {
      if (self->done) return;
      if (error) return self->try_next(error.message());
      self->succeed();
    });
  }

  void succeed() {
    done = true;
    thread.cancel(deadline);
    auto connection = std::make_shared<StreamConnection>(thread, std::move(socket));
    connection->start(handler, nullptr);
    connected(connection);
  }

  void fail(const std::string& why) {
    if (done) return;
    done = true;
    thread.cancel(deadline);
    resolver.cancel();
    SystemError ignored;
    socket.close(ignored);
    handler->on_closed(Error{ErrorCode::kUnavailable, "cannot connect to " + address.to_string() + ": " + why});
  }

  IoThread& thread;
  Tcp::resolver resolver;
  Tcp::socket socket;
  const Address address;
  const std::shared_ptr<ConnectionHandler> handler;
  const std::function<void(std::shared_ptr<Connection>)> connected;
  std::vector<Tcp::endpoint> endpoints;
  size_t tried = 0;
  TimerId deadline = 0;
  bool done = false;
};

}  // namespace

AsioTransport::AsioTransport(const std::string& name, size_t threads) : impl_(std::make_unique<Impl>()) {
  GRAFT_CHECK(threads > 0);
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  for (size_t i = 0; i < threads; i++) {
    impl_->threads.push_back(std::make_unique<IoThread>(threads == 1 ? name : name + "-" + std::to_string(i)));
  }
}

AsioTransport::~AsioTransport() { stop(); }

void AsioTransport::stop() {
  for (auto& thread : impl_->threads) thread->stop();
}

TaskRunner& AsioTransport::runner() { return *impl_->threads[0]; }

Result<std::unique_ptr<Listener>> AsioTransport::listen(const Address& address, const TlsFiles* tls, Accept accept) {
  std::shared_ptr<TlsContext> tls_context;
  if (tls != nullptr) {
    GRAFT_TRY_ASSIGN(tls_context, TlsContext::create(*tls));
  }
  GRAFT_TRY_ASSIGN(const Tcp::endpoint endpoint, resolve_now(address));
  auto acceptor = std::make_shared<Acceptor>(*impl_, std::move(accept));
  acceptor->tls = std::move(tls_context);
  GRAFT_TRY(open_acceptor(acceptor->socket, endpoint, address));
  SystemError ignored;
  const Tcp::endpoint bound = acceptor->socket.local_endpoint(ignored);
  asio::post(acceptor->home.context(), [acceptor] { acceptor->accept_next(); });
  return std::unique_ptr<Listener>(
      std::make_unique<AsioListener>(acceptor, Address{bound.address().to_string(), bound.port()}));
}

void AsioTransport::connect(const Address& address, Duration timeout, std::shared_ptr<ConnectionHandler> handler,
                            std::function<void(std::shared_ptr<Connection>)> connected) {
  IoThread& thread = impl_->next_thread();
  auto connector = std::make_shared<Connector>(thread, address, std::move(handler), std::move(connected));
  asio::post(thread.context(), [connector, timeout] { connector->start(timeout); });
}

}  // namespace graft::env
