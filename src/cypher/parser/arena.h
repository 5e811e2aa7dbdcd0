#pragma once

// Owns the nodes of one statement: syntax tree, resolved expressions and plan. Nodes point to one another freely (also
// shared), die all at once and without recursion, however deep the tree. Immutable once the statement is planned.

#include <utility>
#include <vector>

namespace graft::cypher {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() {
    for (auto it = owned_.rbegin(); it != owned_.rend(); ++it) it->second(it->first);
  }

  template <class T, class... Args>
  T* make(Args&&... args) {
    T* p = new T(std::forward<Args>(args)...);
    owned_.emplace_back(p, [](void* q) { delete static_cast<T*>(q); });
    return p;
  }

 private:
  std::vector<std::pair<void*, void (*)(void*)>> owned_;
};

}  // namespace graft::cypher
