#pragma once

#include <cstddef>

#include "env/posix/asio_transport.h"
#include "env/posix/clock.h"
#include "env/posix/file_system.h"
#include "env/posix/random.h"
#include "env/posix/thread_runner.h"

namespace graft::env {

// The real doors of one server process, and a thread for each role. A main program makes one, hands out references and
// destroys it last; call stop() first, so that no task runs while its users are being destroyed.
struct PosixDoors {
  explicit PosixDoors(size_t worker_threads, size_t io_threads = 1)
      : transport("io", io_threads), workers("worker", worker_threads) {}
  ~PosixDoors() { stop(); }

  void stop() {
    transport.stop();
    for (ThreadRunner* runner : {&workers, &lane, &raft, &apply, &log, &background}) runner->stop();
  }

  PosixClock clock;
  KernelRandom random;
  PosixFileSystem files;
  AsioTransport transport;  // transport.runner() is the io role
  ThreadRunner workers;
  ThreadRunner raft{"raft"};
  ThreadRunner log{"log"};
  ThreadRunner lane{"lane"};
  ThreadRunner apply{"apply"};
  ThreadRunner background{"background"};
};

}  // namespace graft::env
