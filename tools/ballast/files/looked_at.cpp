#include "tools/ballast/files/looked_at.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/ballast/command_line/unmatched_filter.h"
#include "tools/ballast/terminal/terminal_text.h"

#include "ballast/core/error.h"
#include "ballast/core/figures.h"
#include "ballast/core/match/edit_distance.h"

namespace ballast::tool {

LookedAt look_at(const std::string& path, const std::optional<std::string>& filter) {
  LookedAt file{path, std::make_unique<const checkpoint::Checkpoint>(load(path)), {}};
  file.listing = inspect::list_tensors(*file.checkpoint, {.filter = filter});
  if (filter && file.listing.rows.empty()) {
    std::vector<std::string_view> names;
    for (const checkpoint::NamedTensor& t : file.checkpoint->tensors()) names.emplace_back(t.name);
    throw KeyError(fmt::format("{}: no name of its {} tensors matches {}{}", path, with_commas(names.size()),
                               *filter, unmatched_filter_hint(*filter, names)));
  }
  return file;
}

LookedAt look_at_names(const std::string& path) {
  LookedAt file{
      path, std::make_unique<const checkpoint::Checkpoint>(load(path, {.map_location = kMeta})), {}};
  file.listing = inspect::list_tensors(*file.checkpoint, {});
  return file;
}

LookedAt look_at_tensor(const std::string& path, const std::string& name) {
  const auto wanted = [&](std::string_view other) { return other == name; };
  LookedAt file{path, std::make_unique<const checkpoint::Checkpoint>(load(path, {.filter = wanted})), {}};
  file.listing = inspect::list_tensors(*file.checkpoint, {});
  check<KeyError>(!file.listing.rows.empty(), "{}: no tensor has the name '{}' any more", path, name);
  return file;
}

const inspect::TensorRow& find_tensor(const LookedAt& file, const std::string& name) {
  const auto& rows = file.listing.rows;
  const auto row = std::ranges::find(
      rows, name, [](const inspect::TensorRow& r) -> const std::string& { return r.tensor->name; });
  if (row != rows.end()) return *row;
  // Nearest by what has to be typed; a beginning or an end that is a whole part is nearer still.
  std::vector<std::pair<std::size_t, const std::string*>> near;
  for (const inspect::TensorRow& r : rows) {
    const std::string& other = r.tensor->name;
    const bool part = other.ends_with("." + name) || other.starts_with(name + ".");
    // A name of a hostile file may be as long as the file.
    constexpr std::size_t kLongest = 256;
    if (!part && std::max(name.size(), other.size()) > kLongest) continue;
    near.emplace_back(part ? 0 : edit_distance(name, other), &other);
  }
  constexpr std::size_t kShown = 3;
  const std::size_t shown = std::min(kShown, near.size());
  std::ranges::partial_sort(near, near.begin() + static_cast<std::ptrdiff_t>(shown), {},
                            [](const auto& n) { return n.first; });
  std::string text = fmt::format("{}: no tensor has the name '{}'", file.path, name);
  std::size_t named = 0;
  for (const auto& [distance, other] : near) {
    if (named == shown || distance > std::max<std::size_t>(2, name.size() / 2)) break;
    text += (named++ == 0 ? "; did you mean " : " or ") + *other;
  }
  throw KeyError(named > 0 ? text + "?" : text + fmt::format("; ballast show {} lists them", file.path));
}

std::string summary_of(const LookedAt& file) {
  const inspect::TensorTotals& totals = file.listing.totals;
  return fmt::format("{}, {} tensor{}, {} parameter{}", file.checkpoint->format(),
                     with_commas(totals.tensors), totals.tensors == 1 ? "" : "s",
                     with_commas(totals.parameters), totals.parameters == 1 ? "" : "s");
}

}  // namespace ballast::tool
