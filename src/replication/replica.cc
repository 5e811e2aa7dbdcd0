#include "replication/replica.h"

#include "replication/replica_core.h"

namespace graft::replication {
namespace {

// Holds the core; tasks of the roles hold it only while they run.
class ReplicaHandle final : public Replica {
 public:
  explicit ReplicaHandle(std::shared_ptr<ReplicaCore> core) : core_(std::move(core)) {}

  ReplicaStatus status() const override { return core_->status(); }
  raft::MemberId leader_hint() const override { return core_->leader_hint(); }
  void wait_for_leader(env::Duration timeout, std::function<void(Status)> done) override { core_->wait_for_leader(timeout, std::move(done)); }
  ReadVersion applied() const override { return core_->applied(); }
  void read(ReadRequest request, std::function<void(Result<ReadVersion>)> done) override { core_->read(std::move(request), std::move(done)); }
  void autocommit(std::shared_ptr<LaneWork> work, CommitCallback done) override { core_->autocommit(std::move(work), std::move(done)); }
  void begin(std::vector<std::string> bookmarks, std::function<void(Result<std::unique_ptr<ExplicitTransaction>>)> done) override {
    core_->begin(std::move(bookmarks), std::move(done));
  }
  Result<std::unique_ptr<ExplicitTransaction>> begin_at_applied() override { return core_->begin_at_applied(); }
  void commit(std::unique_ptr<ExplicitTransaction> transaction, CommitCallback done) override {
    core_->commit(std::move(transaction), std::move(done));
  }
  void await_schema(std::vector<graph::SchemaTask> tasks, env::Duration timeout, std::function<void(Status)> done) override {
    core_->await_schema(std::move(tasks), timeout, std::move(done));
  }
  void add_member(Member member, std::function<void(Status)> done) override { core_->add_member(std::move(member), std::move(done)); }
  void remove_member(raft::MemberId id, std::function<void(Status)> done) override { core_->remove_member(id, std::move(done)); }
  void transfer_leadership(raft::MemberId to, std::function<void(Status)> done) override { core_->transfer_leadership(to, std::move(done)); }
  void stop(std::function<void()> done) override { core_->stop(std::move(done)); }

 private:
  std::shared_ptr<ReplicaCore> core_;
};

}  // namespace

Result<std::unique_ptr<Replica>> Replica::start(const ReplicaOptions& options, const Roles& roles, env::Clock& clock, env::Random& random,
                                                env::FileSystem& fs, env::Transport& transport) {
  auto core = std::make_shared<ReplicaCore>(options, roles, clock, random, fs, transport);
  GRAFT_TRY(core->start());
  return std::unique_ptr<Replica>(std::make_unique<ReplicaHandle>(std::move(core)));
}

}  // namespace graft::replication
