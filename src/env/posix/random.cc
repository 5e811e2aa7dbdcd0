#include "env/posix/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/check.h"

namespace graft::env {

uint64_t KernelRandom::next() {
  std::lock_guard lock(mutex_);
  if (left_ == 0) {
    ssize_t n;
    do {
      n = ::getrandom(buffer_, sizeof(buffer_), 0);
    } while (n < 0 && errno == EINTR);
    GRAFT_CHECK(n == sizeof(buffer_));  // asked-for length is far below what the kernel may cut short
    left_ = kBuffered;
  }
  uint64_t value = buffer_[--left_];
  buffer_[left_] = 0;  // tokens are made of these: keep no copy
  return value;
}

}  // namespace graft::env
