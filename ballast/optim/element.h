// What the updates of several optimisers do to one element. For the rooms of the library.
#pragma once

namespace ballast::optim {

/// The gradient that is followed: its sign (`maximize` climbs), and the pull of an L2 weight decay.
struct Followed {
  bool maximize;
  double weight_decay;

  template <class T>
  struct Element {
    T sign, weight_decay;
    bool decays;
    [[gnu::always_inline]] T operator()(T g, T p) const {
      g *= sign;
      return decays ? g + weight_decay * p : g;
    }
  };
  template <class T>
  [[nodiscard]] Element<T> element() const {
    return {static_cast<T>(maximize ? -1 : 1), static_cast<T>(weight_decay), weight_decay != 0};
  }
};

/// A running mean: `mean` goes the part `weight` of the way to `x`, from the nearer end, as torch.lerp does.
struct Lerp {
  double weight;

  template <class T>
  struct Element {
    T weight, rest;
    bool from_end;
    [[gnu::always_inline]] T operator()(T mean, T x) const {
      return from_end ? x - (x - mean) * rest : mean + weight * (x - mean);
    }
  };
  template <class T>
  [[nodiscard]] Element<T> element() const {
    const T w = static_cast<T>(weight);
    return {w, 1 - w, w >= T(0.5)};
  }
};

/// A running mean of squares: `mean * keep + (1 - keep) * x * x`.
struct MeanSquare {
  double keep;

  template <class T>
  struct Element {
    T keep, share;
    [[gnu::always_inline]] T operator()(T mean, T x) const { return mean * keep + share * x * x; }
  };
  template <class T>
  [[nodiscard]] Element<T> element() const {
    return {static_cast<T>(keep), static_cast<T>(1 - keep)};
  }
};

/// The larger of two; a NaN wins, as in torch.maximum.
template <class T>
[[gnu::always_inline]] inline T larger(T a, T b) {
  return a >= b || a != a ? a : b;
}

}  // namespace ballast::optim
