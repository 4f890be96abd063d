// What a module keeps by name, in order: its parameters, buffers and children. An entry either is a member of
// the module's class (kept as the member's distance from the Module base, so that a copied object's entries
// mean the copy's members) or holds the value itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ballast/core/tensor.h"
#include "ballast/nn/module_slot.h"

namespace ballast::nn {

struct TensorEntry {
  std::string name;
  Tensor own = {};                ///< the value, unless a member is bound
  std::int32_t offset = 0;        ///< of the bound Tensor member in bytes; 0: none
  bool persistent = true;         ///< of a buffer: whether state_dict() lists it
  bool is_shared_member = false;  ///< the member is bound under another name too
};

struct ChildEntry {
  std::string name;
  ModuleSlot own = {};            ///< the child, unless a holder is bound
  std::int32_t offset = 0;        ///< of the bound holder member in bytes; 0: none
  bool is_shared_member = false;  ///< the member is bound under another name too
  /// Whether the bound holder's class can hold a module; null: any.
  bool (*accepts)(const Module&) = nullptr;
};

/// A list of entries that finds by name: by looking through a short one, by a hash table of a long one.
template <class Entry>
class Entries {
 public:
  static constexpr std::size_t kNone = ~std::size_t{0};

  Entries() = default;
  Entries(const Entries& o) : items_(o.items_) {}
  Entries(Entries&& o) noexcept = default;
  Entries& operator=(const Entries& o) {
    items_ = o.items_;
    slots_.reset();
    return *this;
  }
  Entries& operator=(Entries&& o) noexcept = default;
  ~Entries() = default;

  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
  [[nodiscard]] Entry& operator[](std::size_t i) noexcept { return items_[i]; }
  [[nodiscard]] const Entry& operator[](std::size_t i) const noexcept { return items_[i]; }
  [[nodiscard]] auto begin() noexcept { return items_.begin(); }
  [[nodiscard]] auto end() noexcept { return items_.end(); }
  [[nodiscard]] auto begin() const noexcept { return items_.begin(); }
  [[nodiscard]] auto end() const noexcept { return items_.end(); }

  [[nodiscard]] std::size_t position(std::string_view name) const {
    if (items_.size() <= kScan) {
      for (std::size_t i = 0; i < items_.size(); ++i) {
        if (items_[i].name == name) return i;
      }
      return kNone;
    }
    if (!slots_) index();
    for (std::size_t s = hash(name) & slots_->mask();; s = (s + 1) & slots_->mask()) {
      const std::uint32_t at = slots_->table[s];
      if (at == 0) return kNone;
      if (items_[at - 1].name == name) return at - 1;
    }
  }
  [[nodiscard]] Entry* find(std::string_view name) {
    const std::size_t i = position(name);
    return i == kNone ? nullptr : &items_[i];
  }
  [[nodiscard]] const Entry* find(std::string_view name) const {
    return const_cast<Entries&>(*this).find(name);
  }

  /// Lets `entry`, which is one of these, be the member at an offset.
  void bind(Entry& entry, std::int32_t offset) {
    entry.own = {};
    entry.offset = offset;
    for (Entry& other : items_) {
      if (&other != &entry && other.offset == offset) other.is_shared_member = entry.is_shared_member = true;
    }
  }
  /// Appends a name that the caller knows to be new.
  Entry& append(Entry entry) {
    if (items_.empty()) items_.reserve(2);
    items_.push_back(std::move(entry));
    if (slots_) {
      if (items_.size() * 2 > slots_->table.size()) {
        slots_.reset();
      } else {
        slots_->add(hash(items_.back().name), items_.size());
      }
    }
    return items_.back();
  }
  void erase(std::size_t i) {
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(i));
    slots_.reset();
  }
  void insert(std::size_t i, Entry entry) {
    items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(i), std::move(entry));
    slots_.reset();
  }
  /// Forgets the hash table after names were changed in place.
  void names_changed() noexcept { slots_.reset(); }
  void clear() noexcept {
    items_.clear();
    slots_.reset();
  }
  void reserve(std::size_t n) { items_.reserve(n); }

 private:
  static constexpr std::size_t kScan = 8;
  struct Slots {
    std::vector<std::uint32_t> table;  // position + 1 of an entry; 0: free
    [[nodiscard]] std::size_t mask() const noexcept { return table.size() - 1; }
    void add(std::size_t h, std::size_t position_plus_1) {
      std::size_t s = h & mask();
      while (table[s] != 0) s = (s + 1) & mask();
      table[s] = static_cast<std::uint32_t>(position_plus_1);
    }
  };
  static std::size_t hash(std::string_view name) { return std::hash<std::string_view>{}(name); }
  void index() const {
    std::size_t capacity = 32;
    while (capacity < items_.size() * 4) capacity *= 2;
    slots_ = std::make_unique<Slots>();
    slots_->table.assign(capacity, 0);
    for (std::size_t i = 0; i < items_.size(); ++i) slots_->add(hash(items_[i].name), i + 1);
  }

  std::vector<Entry> items_;
  mutable std::unique_ptr<Slots> slots_;
};

}  // namespace ballast::nn
