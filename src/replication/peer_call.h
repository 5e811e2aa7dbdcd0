#pragma once

#include <functional>
#include <memory>
#include <string>

#include "replication/peer_shared.h"

namespace graft::replication {

// See PeerTransport::call and open_snapshot_channel.
void start_call(const std::shared_ptr<PeerShared>& shared, const env::Address& to, raft::MemberId expected, CallKind kind,
                std::string request, std::function<void(Result<std::string>)> done);
void start_channel(const std::shared_ptr<PeerShared>& shared, const Member& to,
                   std::function<void(Result<std::shared_ptr<FrameChannel>>)> done);

}  // namespace graft::replication
