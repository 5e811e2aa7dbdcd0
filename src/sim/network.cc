#include "sim/network.h"

#include <algorithm>

#include "sim/link.h"

namespace graft::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kSilenceEnds = seconds(15);  // when TCP gives up on a machine that says nothing

}  // namespace

Duration SimNetwork::delay(size_t bytes) {
  const auto spread = static_cast<uint64_t>((conditions.delay_max - conditions.delay_min).count());
  Duration d = conditions.delay_min + Duration(random_.below(spread + 1));
  if (random_.chance(conditions.late)) d += Duration(random_.below(static_cast<uint64_t>(conditions.delay_max.count()) * 100));
  return d + Duration(static_cast<int64_t>(bytes * 1'000'000'000 / conditions.bytes_per_second));
}

void SimNetwork::add_link(const std::shared_ptr<SimLink>& link) {
  std::erase_if(links_, [](const std::weak_ptr<SimLink>& l) { return l.expired(); });
  links_.push_back(link);
}

std::vector<std::shared_ptr<SimLink>> SimNetwork::links() {
  std::vector<std::shared_ptr<SimLink>> live;
  for (const auto& weak : links_) {
    if (auto link = weak.lock()) live.push_back(std::move(link));
  }
  return live;
}

void SimNetwork::block(int from, int to) {
  if (!blocked_.insert({from, to}).second) return;
  for (const auto& link : links()) {
    const bool crosses = (link->node(0) == from && link->node(1) == to) || (link->node(0) == to && link->node(1) == from);
    if (!crosses || random_.chance(0.5)) continue;
    scheduler_.after(milliseconds(random_.between(200, 3000)), [this, link, from, to] {
      if (blocked(from, to)) link->reset();
    });
  }
}

void SimNetwork::unblock(int from, int to) {
  blocked_.erase({from, to});
  kick_stalled();
}

void SimNetwork::unblock_all() {
  blocked_.clear();
  kick_stalled();
}

void SimNetwork::kick_stalled() {
  for (const auto& link : links()) link->kick();
}

void SimNetwork::reset_one(int a, int b) {
  for (const auto& link : links()) {
    if ((link->node(0) == a && link->node(1) == b) || (link->node(0) == b && link->node(1) == a)) return link->reset();
  }
}

void SimNetwork::on_death(SimProcess& process, bool silent) {
  std::erase_if(listening_, [&](const auto& entry) { return entry.second.process.get() == &process; });
  if (silent) silent_.insert(process.node());
  for (const auto& link : links()) {
    for (int side : {0, 1}) {
      SimConnection* end = link->end(side);
      if (end == nullptr || &end->process() != &process) continue;
      if (!silent) {
        link->break_off(side, Error{ErrorCode::kUnavailable, "connection reset by the peer"});
      } else {
        scheduler_.after(kSilenceEnds, [link, side] {
          link->break_off(side, Error{ErrorCode::kUnavailable, "connection timed out"});
        });
      }
    }
  }
}

void SimNetwork::reap(SimProcess& process) {
  for (const auto& link : links()) {
    for (int side : {0, 1}) {
      SimConnection* end = link->end(side);
      if (end == nullptr || &end->process() != &process) continue;
      end->forget();
      link->detach(side, false);
    }
  }
}

void SimNetwork::on_start(int node) {
  silent_.erase(node);
  for (const auto& link : links()) {
    for (int side : {0, 1}) {
      if (link->node(side) != node || link->end(side) != nullptr) continue;
      link->break_off(side, Error{ErrorCode::kUnavailable, "connection reset by the peer"});
    }
  }
}

class SimListener final : public env::Listener {
 public:
  SimListener(SimNetwork& network, env::Address address, uint64_t number)
      : network_(network), address_(std::move(address)), number_(number) {}
  ~SimListener() override {
    auto it = network_.listening_.find(address_.to_string());
    if (it != network_.listening_.end() && it->second.number == number_) network_.listening_.erase(it);
  }
  env::Address address() const override { return address_; }

 private:
  SimNetwork& network_;
  const env::Address address_;
  const uint64_t number_;
};

SimTransport::SimTransport(SimNetwork& network, std::shared_ptr<SimProcess> process, std::string host)
    : network_(network), process_(std::move(process)), host_(std::move(host)) {
  network_.hosts_[host_] = process_->node();
}

Result<std::unique_ptr<env::Listener>> SimTransport::listen(const env::Address& address, const env::TlsFiles*, Accept accept) {
  if (!process_->alive()) return Error{ErrorCode::kIo, "the simulated process is dead"};
  env::Address own{host_, address.port};
  const uint64_t number = network_.next_number_++;
  if (own.port == 0) own.port = static_cast<uint16_t>(40000 + number % 20000);
  if (network_.listening_.count(own.to_string()) > 0) {
    return Error{ErrorCode::kIo, "cannot listen on " + own.to_string() + ": Address already in use"};
  }
  network_.listening_[own.to_string()] = {process_, std::move(accept), number};
  return std::unique_ptr<env::Listener>(std::make_unique<SimListener>(network_, own, number));
}

// One connect call on its way.
struct SimConnect : std::enable_shared_from_this<SimConnect> {
  SimConnect(SimNetwork& network, std::shared_ptr<SimProcess> process, env::Address address, std::string own_host)
      : network(network), process(std::move(process)), address(std::move(address)), own_host(std::move(own_host)) {}

  void start(Duration timeout) {
    SimScheduler& scheduler = network.scheduler();
    scheduler.after(timeout, [self = shared_from_this()] { self->fail("no answer in time"); });
    scheduler.after(network.delay(0), [self = shared_from_this()] { self->arrive(); });
  }

  void fail(const std::string& why) {
    if (done) return;
    done = true;
    process->io.post([handler = std::move(handler), text = "cannot connect to " + address.to_string() + ": " + why] {
      handler->on_closed(Error{ErrorCode::kUnavailable, text});
    });
  }

  void arrive() {
    if (done || !process->alive()) return;
    auto host = network.hosts_.find(address.host);
    if (host == network.hosts_.end()) return fail("cannot resolve the name");
    const int node = host->second;
    if (network.silent_.count(node) > 0) return;  // until the timeout
    if (network.blocked(process->node(), node) || network.blocked(node, process->node())) {
      network.scheduler().after(milliseconds(200), [self = shared_from_this()] { self->arrive(); });  // SYN again
      return;
    }
    auto listening = network.listening_.find(address.to_string());
    if (listening == network.listening_.end() || network.random().chance(network.conditions.refuse)) {
      return fail("Connection refused");
    }
    establish(listening->second.process, listening->second.accept);
  }

  void establish(const std::shared_ptr<SimProcess>& server, const env::Transport::Accept& accept) {
    done = true;
    auto client_end = std::make_shared<SimConnection>(process, address.to_string());
    auto server_end = std::make_shared<SimConnection>(server, own_host + ":" + std::to_string(50000 + network.next_number_++ % 10000));
    auto link = std::make_shared<SimLink>(network, client_end, server_end);
    client_end->attach(link, 0);
    server_end->attach(link, 1);
    network.add_link(link);
    server->io.post([server_end, accept] {
      if (auto accepted = accept(server_end)) server_end->start(std::move(accepted));
      else server_end->abort();
    });
    const Duration answer = network.delay(0);
    link->not_before(0, network.scheduler().now() + answer + std::chrono::microseconds(1));
    network.scheduler().after(answer, [self = shared_from_this(), client_end] {
      client_end->start(self->handler);
      self->process->io.post([self, client_end] { self->connected(client_end); });
    });
  }

  SimNetwork& network;
  const std::shared_ptr<SimProcess> process;
  const env::Address address;
  const std::string own_host;
  std::shared_ptr<env::ConnectionHandler> handler;
  std::function<void(std::shared_ptr<env::Connection>)> connected;
  bool done = false;
};

void SimTransport::connect(const env::Address& address, Duration timeout, std::shared_ptr<env::ConnectionHandler> handler,
                           std::function<void(std::shared_ptr<env::Connection>)> connected) {
  if (!process_->alive()) return;
  auto connect = std::make_shared<SimConnect>(network_, process_, address, host_);
  connect->handler = std::move(handler);
  connect->connected = std::move(connected);
  connect->start(timeout);
}

}  // namespace graft::sim
