#pragma once

#include <cstdint>

namespace graft::env {

// Bytes that this thread has taken from the heap, less those that it has given back, since it began: what grows while a
// piece of work runs on the thread is what the work holds. Always 0 where the allocator does not count (sanitizers).
int64_t thread_heap_bytes();

}  // namespace graft::env
