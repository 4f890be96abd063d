// The nodes behind Value handles, and the arena that keeps them. For the readers and writers of this room.
//
// A node is 16 bytes. Nodes point at each other freely, in cycles too: they are not counted and not destroyed one by one;
// they go with their arena. Strings may point into a buffer that the arena keeps (the pickle they were read from).
#pragma once

#include <complex>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "ballast/checkpoint/tree/probe_table.h"
#include "ballast/checkpoint/value.h"

namespace ballast::checkpoint {

struct DictBody {
  Node** pairs = nullptr;  ///< key, value, key, value; in sets the values are null
  std::uint32_t capacity = 0;
  ProbeTable* index = nullptr;  ///< past a handful of entries
  Node* attributes = nullptr;   ///< mapping, or any state of an object; null: none
  Node* class_name = nullptr;   ///< of an object: a name
  Node* arguments = nullptr;    ///< of an object: a tuple
};

struct Node {
  Kind kind = Kind::kNone;
  bool flag = false;       ///< the bool; an int that is kept as bytes
  std::uint16_t aux = 0;   ///< a name: what the pickle reader knows it as
  std::uint32_t size = 0;  ///< items, entries or bytes
  union {
    std::int64_t integer = 0;
    double real;
    const char* text;  ///< str, bytes, names; big ints: two's complement, little-endian
    std::complex<double>* complex;
    Node** items;
    DictBody* dict;
    TensorValue* tensor;
    StorageValue* storage;
  };
};

class TreeArena final : public Arena {
 public:
  [[nodiscard]] static IntrusivePtr<Arena> make();
  /// The arena that owns what `a` owns, after joins.
  [[nodiscard]] static TreeArena& of(const IntrusivePtr<Arena>& a);
  /// From now on both handles keep the nodes of both.
  static void join(const IntrusivePtr<Arena>& a, const IntrusivePtr<Arena>& b);

  [[nodiscard]] Node* node(Kind kind);
  [[nodiscard]] Node* integer(std::int64_t v);
  /// Two's complement, little-endian; kept as an int64 where it fits.
  [[nodiscard]] Node* big_integer(std::string_view bytes, bool copy);
  [[nodiscard]] Node* real(double v);
  [[nodiscard]] Node* complex(std::complex<double> v);
  /// A str, bytes, ... over bytes that outlive the arena, or over a copy of them.
  [[nodiscard]] Node* text(Kind kind, std::string_view v, bool copy);
  [[nodiscard]] Node* sequence(Kind kind, Node* const* items, std::size_t n);
  [[nodiscard]] Node* mapping(Kind kind);  ///< also sets
  /// A mapping with room for `n` entries, which are known to come.
  [[nodiscard]] Node* mapping(Kind kind, std::size_t n);
  [[nodiscard]] Node* object(Node* class_name, Node* arguments);
  [[nodiscard]] Node* tensor(TensorValue v, Kind kind = Kind::kTensor);
  [[nodiscard]] Node* storage(StorageValue v);
  [[nodiscard]] std::size_t tensor_count() const noexcept;

  void append(Node* list, Node* const* items, std::size_t n);
  /// Enters a key (of a set: with a null value). Returns false, and changes nothing, if an equal key is there.
  [[nodiscard]] bool insert(Node* mapping, Node* key, Node* value);
  void keep(std::shared_ptr<const void> buffer);

  ~TreeArena();

 private:
  struct Contents;

  TreeArena();
  ProbeTable* table();
  void* allocate(std::size_t bytes);
  template <class T>
  T* allocate_array(std::size_t n) {
    return static_cast<T*>(
        allocate(n * sizeof(T)));  // NOLINT(bugprone-sizeof-expression): T may be a pointer
  }

  std::vector<std::unique_ptr<Contents>> contents_;  // the first is the one that grows; empty after a join
  std::byte* at_ = nullptr;
  std::byte* end_ = nullptr;
  std::size_t next_chunk_ = 256;
  IntrusivePtr<Arena> joined_;  // who owns the contents now

  friend class Arena;
};

/// The constants that every tree shares.
[[nodiscard]] Node* none_node() noexcept;
[[nodiscard]] Node* bool_node(bool v) noexcept;

/// The position of an equal key in a mapping or set, or ProbeTable::kNone. Keys compare as in Python.
[[nodiscard]] std::uint32_t find_key(const Node& mapping, const Node* key);
/// The same, with the key's hash.
[[nodiscard]] std::uint32_t find_key(const Node& mapping, const Node* key, std::uint64_t hash);
/// DTypeError "unhashable type: 'list'" for keys that cannot be, LimitError for tuples too large to compare.
[[nodiscard]] std::uint64_t hash_key(const Node* key);
[[nodiscard]] bool equal_keys(const Node* a, const Node* b);

[[nodiscard]] inline std::string_view text_of(const Node& n) noexcept { return {n.text, n.size}; }

}  // namespace ballast::checkpoint
