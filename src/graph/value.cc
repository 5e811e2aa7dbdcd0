#include "graph/value.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "base/check.h"

namespace graft::graph {

struct Value::Heap {
  std::atomic<uint32_t> references{1};
  uint32_t depth = 0;
};

template <class T>
struct Value::HeapOf : Value::Heap {
  explicit HeapOf(T v) : content(std::move(v)) {}
  T content;
};

// Strings and bytes: one allocation, the characters behind the header.
struct Value::TextHeap : Value::Heap {
  size_t size = 0;
  char* data() { return reinterpret_cast<char*>(this + 1); }
};

namespace {

template <class T>
uint64_t to_bits(T* p) { return static_cast<uint64_t>(reinterpret_cast<uintptr_t>(p)); }

uint32_t depth_of(const List& list) {
  uint32_t depth = 0;
  for (const Value& v : list) depth = std::max(depth, v.depth());
  return depth + 1;
}

uint32_t depth_of(const Map& map) {
  uint32_t depth = 0;
  for (const auto& entry : map) depth = std::max(depth, entry.second.depth());
  return depth + 1;
}

}  // namespace

Value::Value(const Value& o) : type_(o.type_), bits_(o.bits_) {
  if (on_heap()) reinterpret_cast<Heap*>(bits_)->references.fetch_add(1, std::memory_order_relaxed);
}

Value& Value::operator=(const Value& o) {
  if (this != &o) {
    Value copy(o);
    *this = std::move(copy);
  }
  return *this;
}

void Value::release() {
  Heap* heap = reinterpret_cast<Heap*>(bits_);
  if (heap->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  switch (type_) {
    case ValueType::kString:
    case ValueType::kBytes: static_cast<TextHeap*>(heap)->~TextHeap(); std::free(heap); break;
    case ValueType::kList: delete static_cast<HeapOf<List>*>(heap); break;
    case ValueType::kMap: delete static_cast<HeapOf<Map>*>(heap); break;
    case ValueType::kPath: delete static_cast<HeapOf<Path>*>(heap); break;
    case ValueType::kTime: delete static_cast<HeapOf<Time>*>(heap); break;
    case ValueType::kLocalDateTime: delete static_cast<HeapOf<LocalDateTime>*>(heap); break;
    case ValueType::kDateTime: delete static_cast<HeapOf<DateTime>*>(heap); break;
    case ValueType::kDuration: delete static_cast<HeapOf<Duration>*>(heap); break;
    case ValueType::kPoint: delete static_cast<HeapOf<Point>*>(heap); break;
    default: break;
  }
}

template <class T>
Value Value::make(ValueType t, T v, uint32_t depth) {
  auto* heap = new HeapOf<T>(std::move(v));
  heap->depth = depth;
  return Value(t, to_bits<Heap>(heap));
}

template <class T>
const T& Value::heap(ValueType t) const {
  GRAFT_CHECK(type_ == t);
  return static_cast<HeapOf<T>*>(reinterpret_cast<Heap*>(bits_))->content;
}

Value Value::text(ValueType t, std::string_view s) {
  void* memory = std::malloc(sizeof(TextHeap) + s.size());
  if (memory == nullptr) throw std::bad_alloc();
  auto* heap = new (memory) TextHeap();
  heap->size = s.size();
  if (!s.empty()) std::memcpy(heap->data(), s.data(), s.size());
  return Value(t, to_bits<Heap>(heap));
}

std::string_view Value::text() const {
  auto* heap = static_cast<TextHeap*>(reinterpret_cast<Heap*>(bits_));
  return {heap->data(), heap->size};
}

Value Value::floating(double d) {
  uint64_t bits;
  std::memcpy(&bits, &d, sizeof(bits));
  return Value(ValueType::kFloat, bits);
}
Value Value::string(std::string_view s) { return text(ValueType::kString, s); }
Value Value::bytes(std::string_view b) { return text(ValueType::kBytes, b); }
Value Value::list(List l) {
  uint32_t depth = depth_of(l);
  return make(ValueType::kList, std::move(l), depth);
}
Value Value::map(Map m) {
  uint32_t depth = depth_of(m);
  return make(ValueType::kMap, std::move(m), depth);
}
Value Value::path(Path p) { return make(ValueType::kPath, std::move(p)); }
Value Value::time(Time t) { return make(ValueType::kTime, t); }
Value Value::local_date_time(LocalDateTime t) { return make(ValueType::kLocalDateTime, t); }
Value Value::date_time(DateTime t) { return make(ValueType::kDateTime, std::move(t)); }
Value Value::duration(Duration d) { return make(ValueType::kDuration, d); }
Value Value::point(Point p) { return make(ValueType::kPoint, p); }

bool Value::as_boolean() const { GRAFT_CHECK(type_ == ValueType::kBoolean); return bits_ != 0; }
int64_t Value::as_integer() const { GRAFT_CHECK(type_ == ValueType::kInteger); return static_cast<int64_t>(bits_); }
double Value::as_float() const {
  GRAFT_CHECK(type_ == ValueType::kFloat);
  double d;
  std::memcpy(&d, &bits_, sizeof(d));
  return d;
}
double Value::as_number() const {
  return type_ == ValueType::kInteger ? static_cast<double>(as_integer()) : as_float();
}
std::string_view Value::as_string() const { GRAFT_CHECK(type_ == ValueType::kString); return text(); }
std::string_view Value::as_bytes() const { GRAFT_CHECK(type_ == ValueType::kBytes); return text(); }
const List& Value::as_list() const { return heap<List>(ValueType::kList); }
const Map& Value::as_map() const { return heap<Map>(ValueType::kMap); }
NodeId Value::as_node() const { GRAFT_CHECK(type_ == ValueType::kNode); return bits_; }
RelationshipId Value::as_relationship() const { GRAFT_CHECK(type_ == ValueType::kRelationship); return bits_; }
const Path& Value::as_path() const { return heap<Path>(ValueType::kPath); }
Date Value::as_date() const { GRAFT_CHECK(type_ == ValueType::kDate); return {static_cast<int64_t>(bits_)}; }
LocalTime Value::as_local_time() const {
  GRAFT_CHECK(type_ == ValueType::kLocalTime);
  return {static_cast<int64_t>(bits_)};
}
Time Value::as_time() const { return heap<Time>(ValueType::kTime); }
LocalDateTime Value::as_local_date_time() const { return heap<LocalDateTime>(ValueType::kLocalDateTime); }
const DateTime& Value::as_date_time() const { return heap<DateTime>(ValueType::kDateTime); }
Duration Value::as_duration() const { return heap<Duration>(ValueType::kDuration); }
Point Value::as_point() const { return heap<Point>(ValueType::kPoint); }

const Value* Value::find(std::string_view key) const {
  for (const auto& entry : as_map()) {
    if (entry.first == key) return &entry.second;
  }
  return nullptr;
}

uint32_t Value::depth() const {
  if (type_ != ValueType::kList && type_ != ValueType::kMap) return 0;
  return reinterpret_cast<Heap*>(bits_)->depth;
}

size_t Value::heap_bytes() const {
  switch (type_) {
    case ValueType::kString:
    case ValueType::kBytes: return sizeof(TextHeap) + text().size();
    case ValueType::kList: return sizeof(HeapOf<List>) + as_list().capacity() * sizeof(Value);
    case ValueType::kMap: {
      size_t n = sizeof(HeapOf<Map>);
      for (const auto& entry : as_map()) n += sizeof(entry) + entry.first.size();
      return n;
    }
    case ValueType::kPath: return sizeof(HeapOf<Path>) + as_path().nodes.size() * 16;
    default: return on_heap() ? 64 : 0;
  }
}

}  // namespace graft::graph
