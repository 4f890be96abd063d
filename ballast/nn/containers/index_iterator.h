// Goes through whatever has `item(i)`.
#pragma once

#include <cstddef>
#include <iterator>
#include <type_traits>

namespace ballast::nn {

template <class Owner>
class IndexIterator {
 public:
  using reference = decltype(std::declval<const Owner&>().item(std::size_t{}));
  using value_type = std::remove_cvref_t<reference>;
  using difference_type = std::ptrdiff_t;
  using iterator_category = std::input_iterator_tag;

  IndexIterator() = default;
  IndexIterator(const Owner* owner, std::size_t i) : owner_(owner), i_(i) {}
  reference operator*() const { return owner_->item(i_); }
  IndexIterator& operator++() {
    ++i_;
    return *this;
  }
  IndexIterator operator++(int) {
    IndexIterator old = *this;
    ++i_;
    return old;
  }
  friend bool operator==(const IndexIterator& a, const IndexIterator& b) { return a.i_ == b.i_; }
  friend difference_type operator-(const IndexIterator& a, const IndexIterator& b) {
    return static_cast<difference_type>(a.i_) - static_cast<difference_type>(b.i_);
  }

 private:
  const Owner* owner_ = nullptr;
  std::size_t i_ = 0;
};

}  // namespace ballast::nn
