#include "replication/peer_call.h"

namespace graft::replication {
namespace {

// A connection of its own, up to its Welcome.
class OpeningCall : public std::enable_shared_from_this<OpeningCall> {
 public:
  using Opened = std::function<void(Result<std::shared_ptr<FrameConnection>>)>;

  OpeningCall(std::shared_ptr<PeerShared> shared, Opened opened) : shared_(std::move(shared)), opened_(std::move(opened)) {}

  void start(const env::Address& to, raft::MemberId expected, std::string incarnation, Purpose purpose) {
    expected_ = expected;
    incarnation_ = std::move(incarnation);
    purpose_ = purpose;
    where_ = to.to_string();
    connection_ = std::make_shared<FrameConnection>(shared_->raft_role, shared_->options.max_undelivered_bytes);
    std::erase_if(shared_->calls, [](const auto& weak) { return weak.expired(); });
    shared_->calls.push_back(connection_);
    auto self = shared_from_this();  // the handlers keep it alive until the end
    connection_->set_handler([self](Frame frame) { self->take_frame(frame); }, [self](const Error& reason) { self->finish(unavailable(self->where_, reason.message)); });
    shared_->raft_role.post_after(shared_->options.call_timeout, [weak = weak_from_this()] {
      if (auto opening = weak.lock()) opening->finish(unavailable(opening->where_, "no answer in time"));
    });
    shared_->transport.connect(to, shared_->options.connect_timeout, connection_,
                               [weak = weak_from_this(), connection = connection_, &role = shared_->raft_role](std::shared_ptr<env::Connection> made) {
                                 connection->attach(std::move(made));
                                 role.post([weak, connection] {
                                   auto opening = weak.lock();
                                   if (!opening || !opening->opened_) return connection->abort();
                                   connection->send(FrameType::kHello, encode_hello(opening->shared_->hello(opening->purpose_, opening->expected_)));
                                 });
                               });
  }

  static Error unavailable(const std::string& where, const std::string& why) { return {ErrorCode::kUnavailable, where + ": " + why}; }

 private:
  void take_frame(const Frame& frame) {
    if (frame.type == FrameType::kRefusal) {
      auto refusal = decode_refusal(frame.body);
      return finish(Error{ErrorCode::kInvalidArgument, refusal.ok() ? refusal->text : refusal.error().message});
    }
    auto welcome = frame.type == FrameType::kWelcome ? decode_welcome(frame.body) : Result<Welcome>(Error{ErrorCode::kInvalidArgument, "no Welcome"});
    if (!welcome.ok()) return finish(welcome.error());
    if (auto refusal = inspect_welcome(*shared_, *welcome, expected_, incarnation_)) {
      return finish(Error{ErrorCode::kInvalidArgument, refusal->text});
    }
    finish(connection_);
  }

  void finish(Result<std::shared_ptr<FrameConnection>> result) {
    auto opened = std::exchange(opened_, nullptr);
    if (!opened) return;
    auto self = shared_from_this();
    if (!result.ok()) connection_->abort();
    connection_->set_handler(nullptr, nullptr);
    connection_ = nullptr;
    if (shared_->handler != nullptr) opened(std::move(result));
  }

  std::shared_ptr<PeerShared> shared_;
  Opened opened_;
  raft::MemberId expected_ = 0;
  std::string incarnation_;
  std::string where_;
  Purpose purpose_ = Purpose::kCall;
  std::shared_ptr<FrameConnection> connection_;
};

struct PendingCall : std::enable_shared_from_this<PendingCall> {
  std::function<void(Result<std::string>)> done;
  std::string where;
  std::shared_ptr<FrameConnection> connection;

  void finish(Result<std::string> result) {
    auto call = std::exchange(done, nullptr);
    if (connection) connection->close();
    connection = nullptr;
    if (call) call(std::move(result));
  }
};

}  // namespace

void start_call(const std::shared_ptr<PeerShared>& shared, const env::Address& to, raft::MemberId expected, CallKind kind,
                std::string request, std::function<void(Result<std::string>)> done) {
  auto call = std::make_shared<PendingCall>();
  call->done = std::move(done);
  call->where = to.to_string();
  std::string body(1, static_cast<char>(kind));
  body += request;
  auto opened = [shared, call, body = std::move(body)](Result<std::shared_ptr<FrameConnection>> connection) {
    if (!connection.ok()) return call->finish(connection.error());
    call->connection = *connection;
    call->connection->set_handler(
        [call](Frame frame) {
          if (frame.type == FrameType::kAnswer) return call->finish(std::move(frame.body));
          call->finish(OpeningCall::unavailable(call->where, "a frame out of order"));
        },
        [call](const Error& reason) { call->finish(OpeningCall::unavailable(call->where, reason.message)); });
    shared->raft_role.post_after(shared->options.call_timeout, [weak = std::weak_ptr<PendingCall>(call)] {
      if (auto call = weak.lock()) call->finish(OpeningCall::unavailable(call->where, "no answer in time"));
    });
    call->connection->send(FrameType::kCall, body);
  };
  std::make_shared<OpeningCall>(shared, std::move(opened))->start(to, expected, "", Purpose::kCall);
}

void start_channel(const std::shared_ptr<PeerShared>& shared, const Member& to,
                   std::function<void(Result<std::shared_ptr<FrameChannel>>)> done) {
  auto opened = [done = std::move(done)](Result<std::shared_ptr<FrameConnection>> connection) {
    if (!connection.ok()) return done(connection.error());
    (*connection)->allow_large_frames();
    done(std::shared_ptr<FrameChannel>(*connection));
  };
  std::make_shared<OpeningCall>(shared, std::move(opened))->start({to.ip, to.bolt_raft_port}, to.id, to.incarnation, Purpose::kSnapshot);
}

}  // namespace graft::replication
