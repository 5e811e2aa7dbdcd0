#include "replication/replica.h"

#include "replication/replica_core.h"

namespace graft::replication {
namespace {

// A halted core whose callers may still be inside it, or have tasks in its queues that answer them, is kept for so long.
constexpr env::Duration kKeepReplaced = std::chrono::seconds(60);
constexpr env::Duration kReopenAgain = std::chrono::milliseconds(100);
constexpr int kReopenAttempts = 50;  // the port may not be free at once
// A member whose state came to differ twice within this time is not filled a third time.
constexpr env::Duration kDivergedLately = std::chrono::minutes(10);

// The core of the moment. Damage that is found while it runs ends a core; the next one opens the same directory and finds
// what there is to do, as after a restart of the process. Callers see one replica that does not serve for a while.
class ReplicaLife : public std::enable_shared_from_this<ReplicaLife> {
 public:
  ReplicaLife(ReplicaOptions options, const Roles& roles, env::Clock& clock, env::Random& random, env::FileSystem& fs, env::Transport& transport)
      : options_(std::move(options)), roles_(roles), clock_(clock), random_(random), fs_(fs), transport_(transport) {}

  Status start() {
    core_ = make_core();
    return core_->start();
  }
  std::shared_ptr<ReplicaCore> core() const {
    std::lock_guard lock(mutex_);
    return core_;
  }
  void stop(std::function<void()> done) {
    std::shared_ptr<ReplicaCore> core;
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      core = core_;
    }
    core->stop(std::move(done));
  }

 private:
  std::shared_ptr<ReplicaCore> make_core() {
    auto core = std::make_shared<ReplicaCore>(options_, roles_, clock_, random_, fs_, transport_);
    bool lately = diverged_at_ && clock_.monotonic() - *diverged_at_ < kDivergedLately;
    core->set_reopen([life = weak_from_this()](bool diverged) {
      if (auto self = life.lock()) self->reopen(diverged);
    }, lately);
    return core;
  }
  RoleHandle raft_role() { return RoleHandle(roles_.raft, weak_from_this()); }
  // Raft role, inside the core that ends: it goes on in a task of its own.
  void reopen(bool diverged) {
    if (diverged) diverged_at_ = clock_.monotonic();
    raft_role().post([this] { replace(1); });
  }
  void replace(int attempt) {
    std::shared_ptr<ReplicaCore> old = core();
    std::shared_ptr<ReplicaCore> next = make_core();
    next->retire_stores(old->stores());
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    Status started = next->start();
    if (!started.ok()) {
      if (started.error().code == ErrorCode::kCorruption || attempt == kReopenAttempts) return old->give_up(started.error());
      raft_role().post_after(kReopenAgain, [this, attempt] { replace(attempt + 1); });
      return;
    }
    {
      std::lock_guard lock(mutex_);
      core_ = std::move(next);
      replaced_.push_back(std::move(old));
    }
    raft_role().post_after(kKeepReplaced, [this] {
      std::shared_ptr<ReplicaCore> oldest;  // ends outside the lock
      std::lock_guard lock(mutex_);
      oldest = std::move(replaced_.front());
      replaced_.erase(replaced_.begin());
    });
  }

  const ReplicaOptions options_;
  const Roles roles_;
  env::Clock& clock_;
  env::Random& random_;
  env::FileSystem& fs_;
  env::Transport& transport_;
  std::optional<env::Duration> diverged_at_;  // raft role
  mutable std::mutex mutex_;                  // what follows
  std::shared_ptr<ReplicaCore> core_;
  std::vector<std::shared_ptr<ReplicaCore>> replaced_;
  bool stopping_ = false;
};

// Tasks of the roles hold the life and its core only while they run.
class ReplicaHandle final : public Replica {
 public:
  explicit ReplicaHandle(std::shared_ptr<ReplicaLife> life) : life_(std::move(life)) {}

  ReplicaStatus status() const override { return life_->core()->status(); }
  raft::MemberId leader_hint() const override { return life_->core()->leader_hint(); }
  void wait_for_leader(env::Duration timeout, std::function<void(Status)> done) override { life_->core()->wait_for_leader(timeout, std::move(done)); }
  ReadVersion applied() const override { return life_->core()->applied(); }
  void read(ReadRequest request, std::function<void(Result<ReadVersion>)> done) override { life_->core()->read(std::move(request), std::move(done)); }
  void autocommit(std::shared_ptr<LaneWork> work, CommitCallback done) override { life_->core()->autocommit(std::move(work), std::move(done)); }
  void begin(std::vector<std::string> bookmarks, std::function<void(Result<std::unique_ptr<ExplicitTransaction>>)> done) override {
    life_->core()->begin(std::move(bookmarks), std::move(done));
  }
  Result<std::unique_ptr<ExplicitTransaction>> begin_at_applied() override { return life_->core()->begin_at_applied(); }
  void commit(std::unique_ptr<ExplicitTransaction> transaction, CommitCallback done) override {
    life_->core()->commit(std::move(transaction), std::move(done));
  }
  void await_schema(std::vector<graph::SchemaTask> tasks, env::Duration timeout, std::function<void(Status)> done) override {
    life_->core()->await_schema(std::move(tasks), timeout, std::move(done));
  }
  void add_member(Member member, std::function<void(Status)> done) override { life_->core()->add_member(std::move(member), std::move(done)); }
  void remove_member(raft::MemberId id, std::function<void(Status)> done) override { life_->core()->remove_member(id, std::move(done)); }
  void transfer_leadership(raft::MemberId to, std::function<void(Status)> done) override { life_->core()->transfer_leadership(to, std::move(done)); }
  void stop(std::function<void()> done) override { life_->stop(std::move(done)); }

 private:
  std::shared_ptr<ReplicaLife> life_;
};

}  // namespace

Result<std::unique_ptr<Replica>> Replica::start(const ReplicaOptions& options, const Roles& roles, env::Clock& clock, env::Random& random,
                                                env::FileSystem& fs, env::Transport& transport) {
  auto life = std::make_shared<ReplicaLife>(options, roles, clock, random, fs, transport);
  if (Status started = life->start(); !started.ok()) {
    roles.raft.post([life = std::move(life)] {});  // what it has begun with its peers ends on the raft role
    return started.error();
  }
  return std::unique_ptr<Replica>(std::make_unique<ReplicaHandle>(std::move(life)));
}

}  // namespace graft::replication
