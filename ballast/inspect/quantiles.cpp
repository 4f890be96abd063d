// Exact quantiles in bounded memory. Few values are collected and selected from. Of many, the bits are made keys that sort as the
// values do, and each pass counts one digit of the keys that share the digits known so far with a value that is looked for: three
// passes find any number of order statistics of float32, six those of float64.
#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <mutex>

#include "ballast/inspect/distribution.h"
#include "ballast/inspect/element_runs.h"
#include "ballast/inspect/over_threads.h"

namespace ballast::inspect::detail {
namespace {

/// Values that are collected rather than counted.
constexpr std::int64_t kCollected = std::int64_t{1} << 20;
constexpr int kDigitBits = 11;

template <class T>
using KeyOf = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

template <class T>
inline KeyOf<T> key_of(T x) {
  constexpr auto kTop = KeyOf<T>{1} << (sizeof(T) * 8 - 1);
  const auto bits = std::bit_cast<KeyOf<T>>(x);
  return (bits & kTop) != 0 ? ~bits : bits | kTop;
}
template <class T>
inline double value_of(KeyOf<T> key) {
  constexpr auto kTop = KeyOf<T>{1} << (sizeof(T) * 8 - 1);
  const auto x = std::bit_cast<T>((key & kTop) != 0 ? key & ~kTop : ~key);
  return static_cast<double>(x) + 0.0;  // no zero with a sign
}

template <class T, class Each>
void each_finite(const Tensor& tensor, const Piece& piece, const Each& each) {
  expect_pages(tensor, piece);
  each_run<T>(tensor, piece.begin, piece.end, [&](const std::byte* p, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) {
      const T x = load<T>(p + i * static_cast<std::int64_t>(sizeof(T)));
      if (std::isfinite(x)) each(x);
    }
  });
}

using Ranks = std::vector<std::int64_t>;  // from 0, sorted, each once

template <class T>
std::map<std::int64_t, double> select_collected(const Tensor& tensor, std::int64_t finite,
                                                const Ranks& ranks) {
  std::vector<T> values;
  values.reserve(static_cast<std::size_t>(finite));
  for (std::int64_t begin = 0; begin < tensor.numel(); begin += kPieceElements) {
    const Piece piece{0, begin, std::min(begin + kPieceElements, tensor.numel())};
    each_finite<T>(tensor, piece, [&](T x) { values.push_back(x); });
  }
  std::map<std::int64_t, double> found;
  auto from = values.begin();
  for (const std::int64_t rank : ranks) {
    const auto at = values.begin() + rank;
    std::nth_element(from, at, values.end());
    found[rank] = static_cast<double>(*at) + 0.0;
    from = at;
  }
  return found;
}

/// Keys that begin with the same digits, and the ranks that are looked for among them.
template <class Key>
struct Group {
  Key prefix = 0;
  std::int64_t before = 0;  // finite values below all of these
  Ranks ranks;
};

template <class T>
std::map<std::int64_t, double> select_counted(const Tensor& tensor, const Ranks& ranks) {
  using Key = KeyOf<T>;
  constexpr int kKeyBits = sizeof(T) * 8;
  std::vector<Group<Key>> groups{{0, 0, ranks}};
  for (int known = 0; known < kKeyBits;) {
    const int bits = std::min(kDigitBits, kKeyBits - known);
    const int below = kKeyBits - known - bits;
    const std::size_t digits = std::size_t{1} << bits;
    std::vector<std::int64_t> counts(groups.size() * digits);
    const auto look = [&](std::vector<std::int64_t>& local, const Piece& piece) {
      each_finite<T>(tensor, piece, [&](T x) {
        const Key key = key_of(x);
        std::size_t g = 0;
        if (known > 0) {
          const Key prefix = key >> (kKeyBits - known);
          const auto at = std::lower_bound(groups.begin(), groups.end(), prefix,
                                           [](const Group<Key>& a, Key p) { return a.prefix < p; });
          if (at == groups.end() || at->prefix != prefix) return;
          g = static_cast<std::size_t>(at - groups.begin());
        }
        ++local[g * digits + ((key >> below) & (digits - 1))];
      });
    };
    over_threads(tensor, counts, look, [&](const std::vector<std::int64_t>& local) {
      for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += local[i];
    });
    std::vector<Group<Key>> next;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      std::int64_t before = groups[g].before;
      auto rank = groups[g].ranks.begin();
      for (std::size_t d = 0; d < digits && rank != groups[g].ranks.end(); ++d) {
        const std::int64_t after = before + counts[g * digits + d];
        if (*rank < after) {
          next.push_back({static_cast<Key>((groups[g].prefix << bits) | d), before, {}});
          for (; rank != groups[g].ranks.end() && *rank < after; ++rank) next.back().ranks.push_back(*rank);
        }
        before = after;
      }
    }
    groups = std::move(next);
    known += bits;
  }
  std::map<std::int64_t, double> found;
  for (const Group<Key>& group : groups) {
    for (const std::int64_t rank : group.ranks) found[rank] = value_of<T>(group.prefix);
  }
  return found;
}

}  // namespace

std::vector<double> quantiles(const Tensor& tensor, std::int64_t finite, const std::vector<double>& wanted) {
  const auto last = static_cast<double>(finite - 1);
  const auto below = [&](double q) { return static_cast<std::int64_t>(std::floor(q * last)); };
  Ranks ranks;
  for (const double q : wanted) {
    ranks.push_back(below(q));
    ranks.push_back(std::min(below(q) + 1, finite - 1));
  }
  std::sort(ranks.begin(), ranks.end());
  ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
  const auto found = with_run_type(is_wide(tensor.dtype()), [&]<class T>(std::type_identity<T>) {
    return finite <= kCollected ? select_collected<T>(tensor, finite, ranks)
                                : select_counted<T>(tensor, ranks);
  });
  std::vector<double> out;
  out.reserve(wanted.size());
  for (const double q : wanted) {
    const std::int64_t rank = below(q);
    const double a = found.at(rank), b = found.at(std::min(rank + 1, finite - 1));
    const double share = q * last - std::floor(q * last);
    constexpr double kMiddle = 0.5;
    out.push_back(a == b ? a : share < kMiddle ? a + (b - a) * share : b - (b - a) * (1 - share));
  }
  return out;
}

}  // namespace ballast::inspect::detail
