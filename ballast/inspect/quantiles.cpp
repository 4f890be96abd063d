// Exact quantiles in bounded memory. The bits of values are made keys that sort as the values do. A pass over many values counts
// their first sixteen bits; what shares them with a value that is looked for is then collected and selected from, or, where
// that is much, counted by eight bits more, pass by pass. Few values are collected at once.
#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <numeric>

#include "ballast/inspect/distribution.h"
#include "ballast/inspect/element_runs.h"
#include "ballast/inspect/over_threads.h"

namespace ballast::inspect::detail {
namespace {

/// Values that are collected without counting them first, as counters would be more.
constexpr std::int64_t kFew = std::int64_t{1} << 13;
/// Values that are collected after counting.
constexpr std::int64_t kCollected = std::int64_t{1} << 20;
constexpr int kFirstDigit = 16, kOtherDigits = 8;  // bits

template <class T>
using KeyOf = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
template <class T>
inline constexpr int kKeyBits = sizeof(T) * 8;

template <class T>
inline KeyOf<T> key_of(T x) {
  constexpr auto kTop = KeyOf<T>{1} << (kKeyBits<T> - 1);
  const auto bits = std::bit_cast<KeyOf<T>>(x);
  return (bits & kTop) != 0 ? ~bits : bits | kTop;
}
template <class T>
inline double value_of(KeyOf<T> key) {
  constexpr auto kTop = KeyOf<T>{1} << (kKeyBits<T> - 1);
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
using Found = std::map<std::int64_t, double>;

/// Keys that begin with the same digits, and the ranks that are looked for among them.
template <class Key>
struct Group {
  Key prefix = 0;
  std::int64_t before = 0;  // finite values below all of these
  std::int64_t size = 0;
  Ranks ranks;
};

/// Finds the group of a key by its first sixteen bits.
template <class T>
class GroupIndex {
 public:
  using Key = KeyOf<T>;
  static constexpr std::size_t kNone = ~std::size_t{0};

  /// Of groups that are told apart by the first `known` bits, in order.
  GroupIndex(const std::vector<Group<Key>>& groups, int known) : groups_(groups), known_(known) {
    first_.assign(std::size_t{1} << kFirstDigit, 0);
    for (std::size_t g = groups.size(); g-- > 0;) {
      first_[static_cast<std::size_t>(groups[g].prefix >> (known - kFirstDigit))] =
          static_cast<std::uint32_t>(g + 1);
    }
  }
  [[nodiscard]] std::size_t find(Key key) const {
    std::size_t g = first_[static_cast<std::size_t>(key >> (kKeyBits<T> - kFirstDigit))];
    if (g == 0) return kNone;
    const Key prefix = key >> (kKeyBits<T> - known_);
    for (--g; g < groups_.size() && groups_[g].prefix <= prefix; ++g) {
      if (groups_[g].prefix == prefix) return g;
    }
    return kNone;
  }

 private:
  const std::vector<Group<Key>>& groups_;
  int known_;
  std::vector<std::uint32_t> first_;  // group, counted from 1; 0: none
};

void add_to(std::vector<std::int64_t>& counts, const std::vector<std::int64_t>& local) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += local[i];
}

/// The groups of the next `bits` bits, of counts of those in each group.
template <class Key>
std::vector<Group<Key>> split(const std::vector<Group<Key>>& groups, const std::vector<std::int64_t>& counts,
                              int bits) {
  const std::size_t digits = std::size_t{1} << bits;
  std::vector<Group<Key>> next;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    std::int64_t before = groups[g].before;
    auto rank = groups[g].ranks.begin();
    for (std::size_t d = 0; d < digits && rank != groups[g].ranks.end(); ++d) {
      const std::int64_t count = counts[g * digits + d];
      if (*rank < before + count) {
        next.push_back({static_cast<Key>((groups[g].prefix << bits) | d), before, count, {}});
        for (; rank != groups[g].ranks.end() && *rank < before + count; ++rank) {
          next.back().ranks.push_back(*rank);
        }
      }
      before += count;
    }
  }
  return next;
}

template <class Key>
std::int64_t size_of(const std::vector<Group<Key>>& groups) {
  return std::accumulate(groups.begin(), groups.end(), std::int64_t{0},
                         [](std::int64_t sum, const Group<Key>& g) { return sum + g.size; });
}

/// Selects `ranks` of values that begin at rank `before`.
template <class T>
void select(std::vector<KeyOf<T>>& keys, std::int64_t before, const Ranks& ranks, Found& found) {
  auto from = keys.begin();
  for (const std::int64_t rank : ranks) {
    const auto at = keys.begin() + (rank - before);
    std::nth_element(from, at, keys.end());
    found[rank] = value_of<T>(*at);
    from = at;
  }
}

template <class T>
Found select_few(const Tensor& tensor, std::int64_t finite, const Ranks& ranks) {
  std::vector<KeyOf<T>> keys;
  keys.reserve(static_cast<std::size_t>(finite));
  for (std::int64_t begin = 0; begin < tensor.numel(); begin += kPieceElements) {
    const Piece piece{0, begin, std::min(begin + kPieceElements, tensor.numel())};
    each_finite<T>(tensor, piece, [&](T x) { keys.push_back(key_of(x)); });
  }
  Found found;
  select<T>(keys, 0, ranks, found);
  return found;
}

template <class T>
Found select_many(const Tensor& tensor, std::int64_t finite, const Ranks& ranks) {
  using Key = KeyOf<T>;
  std::vector<Group<Key>> groups{{0, 0, finite, ranks}};
  std::vector<std::int64_t> counts(std::size_t{1} << kFirstDigit);
  const auto count_first = [&](std::vector<std::int64_t>& local, const Piece& piece) {
    each_finite<T>(tensor, piece,
                   [&](T x) { ++local[static_cast<std::size_t>(key_of(x) >> (kKeyBits<T> - kFirstDigit))]; });
  };
  over_threads(tensor, counts, count_first,
               [&](const std::vector<std::int64_t>& local) { add_to(counts, local); });
  groups = split(groups, counts, kFirstDigit);
  int known = kFirstDigit;
  for (; known < kKeyBits<T> && size_of(groups) > kCollected; known += kOtherDigits) {
    const GroupIndex<T> index(groups, known);
    counts.assign(groups.size() << kOtherDigits, 0);
    const auto count_next = [&](std::vector<std::int64_t>& local, const Piece& piece) {
      each_finite<T>(tensor, piece, [&](T x) {
        const Key key = key_of(x);
        const std::size_t g = index.find(key);
        if (g == GroupIndex<T>::kNone) return;
        const auto digit = static_cast<std::uint8_t>(key >> (kKeyBits<T> - known - kOtherDigits));
        ++local[(g << kOtherDigits) + digit];
      });
    };
    over_threads(tensor, counts, count_next,
                 [&](const std::vector<std::int64_t>& local) { add_to(counts, local); });
    groups = split(groups, counts, kOtherDigits);
  }
  Found found;
  if (known == kKeyBits<T>) {
    for (const Group<Key>& group : groups) {
      for (const std::int64_t rank : group.ranks) found[rank] = value_of<T>(group.prefix);
    }
    return found;
  }
  using Collected = std::vector<std::vector<Key>>;
  const GroupIndex<T> index(groups, known);
  Collected keys(groups.size());
  const auto collect = [&](Collected& local, const Piece& piece) {
    each_finite<T>(tensor, piece, [&](T x) {
      const std::size_t g = index.find(key_of(x));
      if (g != GroupIndex<T>::kNone) local[g].push_back(key_of(x));
    });
  };
  over_threads(tensor, keys, collect, [&](const Collected& local) {
    for (std::size_t g = 0; g < keys.size(); ++g) {
      keys[g].insert(keys[g].end(), local[g].begin(), local[g].end());
    }
  });
  for (std::size_t g = 0; g < groups.size(); ++g)
    select<T>(keys[g], groups[g].before, groups[g].ranks, found);
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
  const Found found = with_run_type(is_wide(tensor.dtype()), [&]<class T>(std::type_identity<T>) {
    return finite <= kFew ? select_few<T>(tensor, finite, ranks) : select_many<T>(tensor, finite, ranks);
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
