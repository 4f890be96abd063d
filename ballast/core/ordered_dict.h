// A map that keeps the order of insertion: Python's OrderedDict, with libtorch's interface.
//
//   OrderedDict<std::string, Tensor> d;
//   d.insert("weight", w);
//   for (const auto& [name, tensor] : d) { ... }
//   d["weight"];  d[0].key();
//
// Items stand in a vector; past a handful of them a hash index is built on the first look-up by key. Building
// and walking a dictionary therefore costs no hashing. A const dictionary may be read from several threads
// once one look-up has been made, or `index()` called.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "ballast/core/error.h"

namespace ballast {

/// An entry: `key()`, `value()`, `*item` and `item->` for the value, `auto& [key, value] = item`.
template <class Key, class Value>
class OrderedDictItem {
 public:
  OrderedDictItem(Key key, Value value) : pair_(std::move(key), std::move(value)) {}
  [[nodiscard]] const Key& key() const noexcept { return pair_.first; }
  [[nodiscard]] Value& value() noexcept { return pair_.second; }
  [[nodiscard]] const Value& value() const noexcept { return pair_.second; }
  [[nodiscard]] const std::pair<Key, Value>& pair() const noexcept { return pair_; }
  Value& operator*() noexcept { return pair_.second; }
  const Value& operator*() const noexcept { return pair_.second; }
  Value* operator->() noexcept { return &pair_.second; }
  const Value* operator->() const noexcept { return &pair_.second; }
  template <std::size_t I>
  auto& get() & noexcept {
    if constexpr (I == 0) {
      return std::as_const(pair_.first);
    } else {
      return pair_.second;
    }
  }
  template <std::size_t I>
  const auto& get() const& noexcept {
    return std::get<I>(pair_);
  }
  template <std::size_t I>
  auto&& get() && noexcept {
    return std::get<I>(std::move(pair_));
  }
  friend bool operator==(const OrderedDictItem& a, const OrderedDictItem& b) { return a.pair_ == b.pair_; }

 private:
  std::pair<Key, Value> pair_;
};

template <class Key, class Value>
class OrderedDict {
 public:
  using Item = OrderedDictItem<Key, Value>;

  using iterator = typename std::vector<Item>::iterator;
  using const_iterator = typename std::vector<Item>::const_iterator;
  /// What a look-up takes: a string_view for string keys, so that no key is copied to be found.
  using KeyView = std::conditional_t<std::same_as<Key, std::string>, std::string_view, const Key&>;

  explicit OrderedDict(std::string key_description = "Key") : key_description_(std::move(key_description)) {}
  OrderedDict(std::initializer_list<std::pair<Key, Value>> items) : OrderedDict() {
    reserve(items.size());
    for (const auto& [k, v] : items) insert(k, v);
  }

  [[nodiscard]] const std::string& key_description() const noexcept { return key_description_; }
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  [[nodiscard]] bool is_empty() const noexcept { return items_.empty(); }
  [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
  void reserve(std::size_t n) { items_.reserve(n); }

  iterator begin() noexcept { return items_.begin(); }
  iterator end() noexcept { return items_.end(); }
  const_iterator begin() const noexcept { return items_.begin(); }
  const_iterator end() const noexcept { return items_.end(); }
  Item& front() {
    check<IndexError>(!items_.empty(), "Called front() on an empty OrderedDict");
    return items_.front();
  }
  Item& back() {
    check<IndexError>(!items_.empty(), "Called back() on an empty OrderedDict");
    return items_.back();
  }

  /// The item at a position; IndexError "Index 5 is out of bounds".
  template <std::integral I>
  requires(!std::same_as<Key, I>) Item& operator[](I index) {
    check<IndexError>(std::cmp_less(index, items_.size()) && index >= I{0}, "Index {} is out of bounds",
                      index);
    return items_[static_cast<std::size_t>(index)];
  }
  template <std::integral I>
  requires(!std::same_as<Key, I>) const Item& operator[](I index) const {
    return const_cast<OrderedDict&>(*this)[index];
  }
  /// The value of a key; KeyError "Key 'k' is not defined".
  Value& operator[](KeyView key) { return at(key); }
  const Value& operator[](KeyView key) const { return at(key); }
  Value& operator[](const char* key) requires std::same_as<Key, std::string> { return at(key); }
  const Value& operator[](const char* key) const requires std::same_as<Key, std::string> { return at(key); }
  Value& at(KeyView key) {
    Value* v = find(key);
    if (v == nullptr) throw_missing(key);
    return *v;
  }
  const Value& at(KeyView key) const { return const_cast<OrderedDict&>(*this).at(key); }

  [[nodiscard]] Value* find(KeyView key) {
    const std::size_t i = position(key);
    return i == kNone ? nullptr : &items_[i].value();
  }
  [[nodiscard]] const Value* find(KeyView key) const { return const_cast<OrderedDict&>(*this).find(key); }
  [[nodiscard]] bool contains(KeyView key) const { return position(key) != kNone; }
  /// The position of a key, or npos.
  static constexpr std::size_t kNone = ~std::size_t{0};
  [[nodiscard]] std::size_t position(KeyView key) const {
    if (items_.size() <= kScan) {
      for (std::size_t i = 0; i < items_.size(); ++i) {
        if (items_[i].key() == key) return i;
      }
      return kNone;
    }
    index();
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t s = hash(key) & mask;; s = (s + 1) & mask) {
      if (slots_[s] == 0) return kNone;
      if (items_[slots_[s] - 1].key() == key) return slots_[s] - 1;
    }
  }

  /// Appends; KeyError "Key 'k' already defined" if the key is there.
  Value& insert(Key key, Value value) {
    if (contains(key)) throw KeyError(fmt::format("{} '{}' already defined", key_description_, key));
    return append(std::move(key), std::move(value));
  }
  /// Appends, or replaces the value of a key in its place (Python's d[key] = value).
  Value& assign(Key key, Value value) {
    if (Value* v = find(key)) return *v = std::move(value);
    return append(std::move(key), std::move(value));
  }
  /// Appends a key that the caller knows to be new.
  Value& append(Key key, Value value) {
    items_.emplace_back(std::move(key), std::move(value));
    return items_.back().value();
  }
  /// Appends all of `other`; throws at the first duplicate.
  void update(const OrderedDict& other) {
    reserve(size() + other.size());
    for (const auto& item : other) insert(item.key(), item.value());
  }
  void erase(KeyView key) {
    const std::size_t i = position(key);
    if (i == kNone) throw_missing(key);
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(i));
    slots_.clear();
    indexed_ = 0;
  }
  void clear() noexcept {
    items_.clear();
    slots_.clear();
    indexed_ = 0;
  }

  [[nodiscard]] const std::vector<Item>& items() const noexcept { return items_; }
  [[nodiscard]] std::vector<Key> keys() const {
    std::vector<Key> out;
    out.reserve(size());
    for (const auto& item : items_) out.push_back(item.key());
    return out;
  }
  [[nodiscard]] std::vector<Value> values() const {
    std::vector<Value> out;
    out.reserve(size());
    for (const auto& item : items_) out.push_back(item.value());
    return out;
  }
  [[nodiscard]] std::vector<std::pair<Key, Value>> pairs() const {
    std::vector<std::pair<Key, Value>> out;
    out.reserve(size());
    for (const auto& item : items_) out.push_back(item.pair());
    return out;
  }

  /// Brings the hash index up to date.
  void index() const {
    if (indexed_ == items_.size() && !slots_.empty()) return;
    std::size_t capacity = std::max<std::size_t>(slots_.size(), 16);
    while (capacity < items_.size() * 2) capacity *= 2;
    if (capacity != slots_.size()) {
      slots_.assign(capacity, 0);
      indexed_ = 0;
    }
    for (; indexed_ < items_.size(); ++indexed_) {
      std::size_t s = hash(items_[indexed_].key()) & (capacity - 1);
      while (slots_[s] != 0) s = (s + 1) & (capacity - 1);
      slots_[s] = static_cast<std::uint32_t>(indexed_ + 1);
    }
  }

  friend bool operator==(const OrderedDict& a, const OrderedDict& b) { return a.items_ == b.items_; }

 private:
  static constexpr std::size_t kScan = 8;
  static std::size_t hash(KeyView key) { return std::hash<std::remove_cvref_t<KeyView>>{}(key); }
  [[noreturn]] void throw_missing(KeyView key) const {
    throw KeyError(fmt::format("{} '{}' is not defined", key_description_, key));
  }

  std::vector<Item> items_;
  std::string key_description_;
  mutable std::vector<std::uint32_t> slots_;  // position + 1 of an item; 0: free
  mutable std::size_t indexed_ = 0;           // how many items the slots know
};

}  // namespace ballast

template <class Key, class Value>
struct std::tuple_size<ballast::OrderedDictItem<Key, Value>> : std::integral_constant<std::size_t, 2> {};
template <class Key, class Value>
struct std::tuple_element<0, ballast::OrderedDictItem<Key, Value>> {
  using type = const Key;
};
template <class Key, class Value>
struct std::tuple_element<1, ballast::OrderedDictItem<Key, Value>> {
  using type = Value;
};
