#include "env/heap.h"

#include <cstddef>

// jemalloc's, in programs that are linked with it.
extern "C" int mallctl(const char* name, void* old_value, size_t* old_size, void* new_value, size_t new_size) __attribute__((weak));

namespace graft::env {
namespace {

struct HeapCounters {
  const uint64_t* taken = nullptr;
  const uint64_t* given_back = nullptr;

  HeapCounters() {
    if (mallctl == nullptr) return;
    const uint64_t *in = nullptr, *out = nullptr;
    size_t size = sizeof(in);
    if (mallctl("thread.allocatedp", &in, &size, nullptr, 0) != 0 || mallctl("thread.deallocatedp", &out, &size, nullptr, 0) != 0) return;
    taken = in;
    given_back = out;
  }
};

}  // namespace

int64_t thread_heap_bytes() {
  thread_local const HeapCounters counters;
  return counters.taken == nullptr ? 0 : static_cast<int64_t>(*counters.taken - *counters.given_back);
}

}  // namespace graft::env
