#include "tools/ballast/command_line/byte_count.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string>
#include <utility>

namespace ballast::tool {

std::optional<std::uint64_t> byte_count(std::string_view text) {
  static constexpr std::array kUnits =
      std::to_array<std::pair<std::string_view, std::uint64_t>>({{"", 1},
                                                                 {"b", 1},
                                                                 {"kb", 1'000},
                                                                 {"mb", 1'000'000},
                                                                 {"gb", 1'000'000'000},
                                                                 {"tb", 1'000'000'000'000},
                                                                 {"kib", 1ULL << 10},
                                                                 {"mib", 1ULL << 20},
                                                                 {"gib", 1ULL << 30},
                                                                 {"tib", 1ULL << 40}});
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc()) return std::nullopt;
  std::string unit(text.substr(static_cast<std::size_t>(end - text.data())));
  unit.erase(0, unit.find_first_not_of(' '));
  std::ranges::transform(unit, unit.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto it = std::ranges::find(kUnits, unit, [](const auto& u) { return u.first; });
  if (it == kUnits.end() || n > ~std::uint64_t{0} / it->second) return std::nullopt;
  return n * it->second;
}

}  // namespace ballast::tool
