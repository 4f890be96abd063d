#include "ballast/checkpoint/tree/value_arena.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kLargestChunk = std::size_t{1} << 18;
constexpr std::uint32_t kScan = 8;  // up to here a mapping is searched from its beginning

std::uint32_t list_capacity(std::uint32_t size) { return size <= 4 ? 4 : std::bit_ceil(size); }

std::uint32_t checked_size(std::size_t n) {
  check<LimitError>(n < ProbeTable::kNone, "an object of {} items or bytes: at most 2^32 - 2 are held", n);
  return static_cast<std::uint32_t>(n);
}

}  // namespace

struct TreeArena::Contents {
  Contents() = default;
  ~Contents() {
    for (TensorValue* t : tensors) std::destroy_at(t);
    for (StorageValue* s : storages) std::destroy_at(s);
    for (ProbeTable* t : tables) std::destroy_at(t);
  }
  Contents(const Contents&) = delete;
  Contents& operator=(const Contents&) = delete;

  std::vector<std::unique_ptr<std::byte[]>> chunks;
  std::vector<TensorValue*> tensors;
  std::vector<StorageValue*> storages;
  std::vector<ProbeTable*> tables;
  std::vector<std::shared_ptr<const void>> buffers;
};

TreeArena::TreeArena() { contents_.push_back(std::make_unique<Contents>()); }
TreeArena::~TreeArena() = default;

void Arena::destroy(Arena* a) noexcept { delete static_cast<TreeArena*>(a); }

IntrusivePtr<Arena> TreeArena::make() { return IntrusivePtr<Arena>::adopt(new TreeArena); }

TreeArena& TreeArena::of(const IntrusivePtr<Arena>& a) {
  auto* t = static_cast<TreeArena*>(a.get());
  while (t->joined_) t = static_cast<TreeArena*>(t->joined_.get());
  return *t;
}

void TreeArena::join(const IntrusivePtr<Arena>& a, const IntrusivePtr<Arena>& b) {
  if (!a || !b) return;
  TreeArena* large = &of(a);
  TreeArena* small = &of(b);
  if (large == small) return;
  if (large->contents_.size() < small->contents_.size()) std::swap(large, small);
  // The arrow goes from an owner of nothing to an owner only, so arenas never keep each other in a circle.
  std::move(small->contents_.begin(), small->contents_.end(), std::back_inserter(large->contents_));
  small->contents_.clear();
  small->at_ = small->end_ = nullptr;
  large->retain();
  small->joined_ = IntrusivePtr<Arena>::adopt(large);
}

void* TreeArena::allocate(std::size_t bytes) {
  bytes = (bytes + 7) / 8 * 8;
  if (bytes > static_cast<std::size_t>(end_ - at_)) {
    if (bytes > kLargestChunk / 4) {
      auto& chunks = contents_.front()->chunks;
      return chunks.emplace_back(std::make_unique_for_overwrite<std::byte[]>(bytes)).get();
    }
    const std::size_t n = std::max(next_chunk_, bytes);
    next_chunk_ = std::min(next_chunk_ * 2, kLargestChunk);
    at_ = contents_.front()->chunks.emplace_back(std::make_unique_for_overwrite<std::byte[]>(n)).get();
    end_ = at_ + n;
  }
  void* out = at_;
  at_ += bytes;
  return out;
}

Node* TreeArena::node(Kind kind) {
  Node* n = new (allocate(sizeof(Node))) Node;
  n->kind = kind;
  return n;
}

Node* TreeArena::integer(std::int64_t v) {
  Node* n = node(Kind::kInt);
  n->integer = v;
  return n;
}

Node* TreeArena::big_integer(std::string_view bytes, bool copy) {
  const auto sign = [](char c) { return (static_cast<unsigned char>(c) & 0x80) != 0 ? '\xff' : '\0'; };
  while (bytes.size() > 1 && bytes.back() == sign(bytes.back()) &&
         sign(bytes.back()) == sign(bytes[bytes.size() - 2])) {
    bytes.remove_suffix(1);
  }
  if (bytes.size() <= 8) {
    std::uint64_t v = bytes.empty() || sign(bytes.back()) == 0 ? 0 : ~std::uint64_t{0};
    for (std::size_t i = bytes.size(); i-- > 0;) v = v << 8 | static_cast<unsigned char>(bytes[i]);
    return integer(static_cast<std::int64_t>(v));
  }
  Node* n = text(Kind::kInt, bytes, copy);
  n->flag = true;
  return n;
}

Node* TreeArena::real(double v) {
  Node* n = node(Kind::kFloat);
  n->real = v;
  return n;
}

Node* TreeArena::complex(std::complex<double> v) {
  Node* n = node(Kind::kComplex);
  n->complex = new (allocate(sizeof(v))) std::complex<double>(v);
  return n;
}

Node* TreeArena::text(Kind kind, std::string_view v, bool copy) {
  const std::uint32_t size = checked_size(v.size());
  if (copy && !v.empty()) {
    char* bytes = allocate_array<char>(v.size());
    std::memcpy(bytes, v.data(), v.size());
    v = {bytes, v.size()};
  }
  Node* n = node(kind);
  n->text = v.data();
  n->size = size;
  return n;
}

Node* TreeArena::sequence(Kind kind, Node* const* items, std::size_t n) {
  const std::uint32_t size = checked_size(n);
  Node* out = node(kind);
  out->items = nullptr;
  if (n > 0) {
    out->items = allocate_array<Node*>(kind == Kind::kList ? list_capacity(size) : size);
    std::copy_n(items, n, out->items);
    out->size = size;
  }
  return out;
}

Node* TreeArena::mapping(Kind kind) {
  Node* n = node(kind);
  n->dict = new (allocate(sizeof(DictBody))) DictBody;
  return n;
}

Node* TreeArena::mapping(Kind kind, std::size_t n) {
  Node* out = mapping(kind);
  if (n <= kScan) return out;
  DictBody& d = *out->dict;
  d.capacity = checked_size(n);
  d.pairs = allocate_array<Node*>(n * 2);
  d.index = table();
  d.index->reserve(n);
  return out;
}

ProbeTable* TreeArena::table() {
  auto& all = contents_.front()->tables;
  all.reserve(all.size() == all.capacity() ? all.size() * 2 + 1 : all.size());
  return all.emplace_back(new (allocate(sizeof(ProbeTable))) ProbeTable);
}

Node* TreeArena::object(Node* class_name, Node* arguments) {
  Node* n = mapping(Kind::kObject);
  n->dict->class_name = class_name;
  n->dict->arguments = arguments;
  return n;
}

Node* TreeArena::tensor(TensorValue v, Kind kind) {
  Node* n = node(kind);
  auto& all = contents_.front()->tensors;
  all.reserve(all.size() == all.capacity() ? all.size() * 2 + 1 : all.size());
  n->tensor = new (allocate(sizeof(TensorValue))) TensorValue(std::move(v));
  all.push_back(n->tensor);
  return n;
}

Node* TreeArena::storage(StorageValue v) {
  Node* n = node(Kind::kStorage);
  auto& all = contents_.front()->storages;
  all.reserve(all.size() == all.capacity() ? all.size() * 2 + 1 : all.size());
  n->storage = new (allocate(sizeof(StorageValue))) StorageValue(std::move(v));
  all.push_back(n->storage);
  return n;
}

std::size_t TreeArena::tensor_count() const noexcept { return contents_.front()->tensors.size(); }

void TreeArena::append(Node* list, Node* const* items, std::size_t n) {
  if (n == 0) return;
  const std::uint32_t size = checked_size(list->size + n);
  if (list->size == 0 || size > list_capacity(list->size)) {
    Node** grown = allocate_array<Node*>(list_capacity(size));
    std::copy_n(list->items, list->size, grown);
    list->items = grown;
  }
  std::copy_n(items, n, list->items + list->size);
  list->size = size;
}

bool TreeArena::insert(Node* mapping, Node* key, Node* value) {
  DictBody& d = *mapping->dict;
  const std::uint32_t position = mapping->size;
  const std::uint64_t hash = hash_key(key);
  if (find_key(*mapping, key, hash) != ProbeTable::kNone) return false;
  checked_size(std::size_t{position} + 1);
  if (position == d.capacity) {
    const std::uint32_t capacity = std::max<std::uint32_t>(4, d.capacity * 2);
    Node** grown = allocate_array<Node*>(std::size_t{capacity} * 2);
    std::copy_n(d.pairs, std::size_t{position} * 2, grown);
    d.pairs = grown;
    d.capacity = capacity;
  }
  d.pairs[std::size_t{position} * 2] = key;
  d.pairs[std::size_t{position} * 2 + 1] = value;
  if (d.index == nullptr && position >= kScan) {
    d.index = table();
    for (std::uint32_t p = 0; p < position; ++p) d.index->insert(p, hash_key(d.pairs[std::size_t{p} * 2]));
  }
  if (d.index != nullptr) d.index->insert(position, hash);
  mapping->size = position + 1;
  return true;
}

void TreeArena::keep(std::shared_ptr<const void> buffer) {
  contents_.front()->buffers.push_back(std::move(buffer));
}

}  // namespace ballast::checkpoint
