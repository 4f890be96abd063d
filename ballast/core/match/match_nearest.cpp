#include "ballast/core/match/match_nearest.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>

#include "ballast/core/match/edit_distance.h"

namespace ballast {
namespace {

constexpr std::size_t kLongestName = 1024;
constexpr std::size_t kLongestPart = 64;   // that is compared letter by letter
constexpr std::size_t kMostParts = 16;     // that differ
constexpr std::size_t kMostInOneList = 4;  // of names that begin, end or measure alike
constexpr std::size_t kMostCompared = 12;  // for one name
constexpr std::size_t kMostSpellings = 20'000;
constexpr std::size_t kMostCells = 4'000'000;  // of tables, over all names

// What it costs to change a part; a name is near if it costs at most half of what changing all of it would.
constexpr std::size_t kSpelling = 1;
constexpr std::size_t kPartMore = 2;
constexpr std::size_t kOtherWord = 3;
constexpr std::size_t kOtherShape = 1;

using Parts = std::vector<std::string_view>;

void split(std::string_view name, Parts& out) {
  out.clear();
  while (true) {
    const std::size_t dot = name.find('.');
    out.push_back(name.substr(0, dot));
    if (dot == std::string_view::npos) return;
    name.remove_prefix(dot + 1);
  }
}

/// What it costs to turn one part into another; each pair is compared letter by letter once.
class PartCosts {
 public:
  [[nodiscard]] std::size_t of(std::string_view a, std::string_view b) {
    if (a == b) return 0;
    const std::uint64_t x = number_of(a), y = number_of(b);
    const std::uint64_t key = (std::min(x, y) << 32u) | std::max(x, y);
    if (const auto known = costs_.find(key); known != costs_.end()) return known->second;
    if (costs_.size() >= kMostSpellings) return kOtherWord;
    const std::size_t cost = is_spelt_like(a, b) ? kSpelling : kOtherWord;
    costs_.emplace(key, static_cast<std::uint8_t>(cost));
    return cost;
  }

 private:
  static bool is_spelt_like(std::string_view a, std::string_view b) {
    const std::size_t longer = std::max(a.size(), b.size());
    if (longer > kLongestPart || a.empty() || b.empty()) return false;
    const auto is_number = [](std::string_view s) {
      return std::ranges::all_of(s, [](char c) { return c >= '0' && c <= '9'; });
    };
    if (is_number(a) || is_number(b)) return false;  // another layer is not another spelling
    if (a.starts_with(b) || b.starts_with(a)) return true;
    return 3 * edit_distance(a, b) <= longer + 1;
  }

  [[nodiscard]] std::uint32_t number_of(std::string_view part) {
    return numbers_.try_emplace(part, static_cast<std::uint32_t>(numbers_.size())).first->second;
  }

  std::unordered_map<std::string_view, std::uint32_t> numbers_;
  std::unordered_map<std::uint64_t, std::uint8_t> costs_;
};

class Nearest {
 public:
  explicit Nearest(const std::vector<NearName>& others) : others_(others) {
    constexpr std::size_t kKeysOfAName = 8;  // about
    lists_.reserve(others.size() * kKeysOfAName);
    for (std::size_t i = 0; i < others.size(); ++i) {
      if (others[i].name.size() > kLongestName) continue;
      for_each_key(others[i], [&](std::size_t key) {
        List& list = lists_[key];
        if (list.size < kMostInOneList) list.at[list.size++] = static_cast<std::uint32_t>(i);
        return true;
      });
    }
  }

  [[nodiscard]] std::vector<std::size_t> of(const NearName& wanted) {
    if (wanted.name.size() > kLongestName) return {};
    split(wanted.name, wanted_);
    std::vector<std::uint32_t> tried;
    std::vector<std::pair<std::size_t, std::uint32_t>> near;
    for_each_key(wanted, [&](std::size_t key) {
      const auto list = lists_.find(key);
      if (list == lists_.end()) return true;
      for (std::size_t i = 0; i < list->second.size; ++i) {
        const std::uint32_t other = list->second.at[i];
        if (std::ranges::find(tried, other) != tried.end()) continue;
        if (tried.size() == kMostCompared) return false;
        tried.push_back(other);
        if (const auto cost = distance(others_[other].name)) {
          near.emplace_back(*cost + (*wanted.shape == *others_[other].shape ? 0 : kOtherShape), other);
        }
      }
      return true;
    });
    std::ranges::sort(near);
    std::vector<std::size_t> out;
    for (const auto& [cost, other] : near) {
      if (out.size() == kMostNearest) break;
      out.push_back(other);
    }
    return out;
  }

 private:
  /// Calls `visit` with numbers that names have in common which begin alike, end alike, or stand for one shape; the longest
  /// beginnings and ends first.
  template <class Visit>
  static void for_each_key(const NearName& n, Visit&& visit) {
    const std::string_view name = n.name;
    const auto key = [](std::string_view text, std::size_t kind) {
      constexpr std::size_t kSpread = 0x9E3779B97F4A7C15u;
      return std::hash<std::string_view>{}(text) + kind * kSpread;
    };
    enum : std::size_t { kBeginning = 1, kEnd, kShape };
    std::size_t first = name.find('.');
    std::size_t last = name.rfind('.');
    for (std::size_t i = 0; i < kMostParts && first != std::string_view::npos; ++i) {
      if (!visit(key(name.substr(first), kEnd))) return;
      if (!visit(key(name.substr(0, last), kBeginning))) return;
      first = name.find('.', first + 1);
      last = last == 0 ? std::string_view::npos : name.rfind('.', last - 1);
      if (last == std::string_view::npos) break;
    }
    const std::string_view shape(reinterpret_cast<const char*>(n.shape->data()),
                                 n.shape->size() * sizeof(std::int64_t));
    visit(key(shape, kShape));
  }

  /// What turning the wanted name into `other` costs; nullopt if they are not near.
  [[nodiscard]] std::optional<std::size_t> distance(std::string_view other) {
    split(other, other_);
    const Parts &a = wanted_, &b = other_;
    std::size_t begin = 0;
    while (begin < std::min(a.size(), b.size()) && a[begin] == b[begin]) ++begin;
    std::size_t end = 0;
    while (end < std::min(a.size(), b.size()) - begin && a[a.size() - 1 - end] == b[b.size() - 1 - end])
      ++end;
    const std::size_t n = a.size() - begin - end, m = b.size() - begin - end;
    if (n > kMostParts || m > kMostParts) return std::nullopt;
    const bool nothing_alike = begin + end == 0 && n > 2 && m > 2;
    if (nothing_alike) return std::nullopt;
    cells_ += (n + 1) * (m + 1);
    if (cells_ > kMostCells) return std::nullopt;
    std::array<std::size_t, kMostParts + 1> row{};
    for (std::size_t j = 0; j <= m; ++j) row[j] = j * kPartMore;
    for (std::size_t i = 1; i <= n; ++i) {
      std::size_t diagonal = row[0];
      row[0] = i * kPartMore;
      for (std::size_t j = 1; j <= m; ++j) {
        const std::size_t change = diagonal + costs_.of(a[begin + i - 1], b[begin + j - 1]);
        diagonal = row[j];
        row[j] = std::min({row[j] + kPartMore, row[j - 1] + kPartMore, change});
      }
    }
    if (2 * row[m] > kOtherWord * std::max(a.size(), b.size())) return std::nullopt;
    return row[m];
  }

  const std::vector<NearName>& others_;
  PartCosts costs_;
  Parts wanted_, other_;
  struct List {
    std::array<std::uint32_t, kMostInOneList> at{};
    std::size_t size = 0;
  };
  std::unordered_map<std::size_t, List> lists_;
  std::size_t cells_ = 0;
};

}  // namespace

std::vector<std::vector<std::size_t>> nearest_names(const std::vector<NearName>& names,
                                                    const std::vector<NearName>& others) {
  std::vector<std::vector<std::size_t>> out(names.size());
  if (others.empty()) return out;
  Nearest nearest(others);
  for (std::size_t i = 0; i < names.size(); ++i) out[i] = nearest.of(names[i]);
  return out;
}

}  // namespace ballast
