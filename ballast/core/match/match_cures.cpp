#include "ballast/core/match/match_cures.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "ballast/core/match/match_shapes.h"
#include "ballast/core/match/name_rules.h"

namespace ballast {
namespace {

constexpr std::size_t kLongestName = 1024;  // a longer one has no vote
constexpr std::size_t kMostEnds = 16;       // of a name that are looked at, the longest first
constexpr std::size_t kMostPlaces = 4;      // names that a vote considers for one end
constexpr std::size_t kMostVotingRounds = 4;
constexpr std::size_t kMostTrials = 32;
constexpr std::size_t kNamesTried = 1'000'000;  // over all trials

constexpr std::string_view kAtAPart = "/(^|\\.)";  // how the expressions begin that are made here

struct Vote {
  std::size_t file, model;  // positions
};

/// A candidate and who is for it.
struct Candidate {
  MatchCure cure;
  std::vector<Vote> votes;
  std::size_t least = 2;  ///< names that it must give a place
  bool is_done = false;
};

bool is_number(std::string_view part) {
  if (part.ends_with('.')) part.remove_suffix(1);
  return !part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
}

/// `text` as a regular expression that means just it.
std::string literally(std::string_view text) {
  constexpr std::string_view kSpecial = "\\^$.|?*+()[]{}/";
  std::string out;
  for (const char c : text) {
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string as_replacement(std::string_view text) {
  std::string out;
  for (const char c : text) out.append(c == '$' ? 2 : 1, c);
  return out;
}

/// Calls `visit(end)` for the whole name and what stands behind each of its first dots.
template <class Visit>
void for_each_end(std::string_view name, Visit&& visit) {
  for (std::size_t n = 0, at = 0; n < kMostEnds && at < name.size(); ++n) {
    if (!visit(name.substr(at))) return;
    const std::size_t dot = name.find('.', at);
    if (dot == std::string_view::npos) return;
    at = dot + 1;
  }
}

std::string_view parent_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot + 1);
}

/// The first names of a side that have an end (or a parent) in common.
class Places {
 public:
  struct List {
    std::array<std::uint32_t, kMostPlaces> at{};
    std::size_t size = 0;
  };
  void add(std::string_view key, std::size_t shape, std::size_t name) {
    List& list = lists_[{key, shape}];
    if (list.size < kMostPlaces) list.at[list.size++] = static_cast<std::uint32_t>(name);
  }
  [[nodiscard]] const List* find(std::string_view key, std::size_t shape) const {
    const auto at = lists_.find({key, shape});
    return at == lists_.end() ? nullptr : &at->second;
  }
  void reserve(std::size_t n) { lists_.reserve(n); }

 private:
  struct Key {
    std::string_view text;
    std::size_t shape;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& k) const noexcept {
      constexpr std::size_t kSpread = 0x9E3779B97F4A7C15u;
      return std::hash<std::string_view>{}(k.text) ^ (k.shape * kSpread);
    }
  };
  std::unordered_map<Key, List, Hash> lists_;
};

constexpr std::size_t kAnyShape = 0;

std::size_t hash_of(const Dims& shape) {
  constexpr std::size_t kFactor = 1099511628211u;
  std::size_t h = 14695981039346656037u;
  for (const std::int64_t n : shape) h = (h ^ static_cast<std::size_t>(n)) * kFactor;
  return h | 1u;
}

class CureFinder {
 public:
  CureFinder(std::vector<CureName>& file, std::vector<CureName>& model) : file_(file), model_(model) {
    for (std::size_t m = 0; m < model_.size(); ++m) at_in_model_.emplace(model_[m].name, m);
    patterns_allowed_ =
        std::ranges::all_of(file_, [](const CureName& n) { return n.name.size() <= kLongestName; });
    least_ = std::ranges::count(file_, false, &CureName::placed) == 1 ? 1 : 2;
  }

  std::vector<MatchCure> run() {
    for (std::size_t round = 0; round < kMostVotingRounds; ++round) {
      const std::size_t before = cures_.size();
      collect_votes();
      while (try_best()) {
      }
      if (cures_.size() == before || !may_try()) break;
    }
    return std::move(cures_);
  }

 private:
  [[nodiscard]] bool may_try() const {
    return trials_ < kMostTrials && (trials_ == 0 || names_tried_ + file_.size() <= kNamesTried);
  }

  void collect_votes() {
    candidates_.clear();
    by_text_.clear();
    Places ends, siblings;
    constexpr std::size_t kKeysOfAName = 8;  // about
    ends.reserve(model_.size() * kKeysOfAName);
    for (std::size_t m = 0; m < model_.size(); ++m) {
      const std::string_view name = model_[m].name;
      if (model_[m].placed || name.size() > kLongestName) continue;
      const std::size_t shape = hash_of(*model_[m].shape);
      for_each_end(name, [&](std::string_view end) {
        ends.add(end, shape, m);
        // A last part alone ("weight") says something only together with the shape.
        if (end.find('.') != std::string_view::npos) ends.add(end, kAnyShape, m);
        return true;
      });
      siblings.add(parent_of(name), shape, m);
    }
    for (std::size_t f = 0; f < file_.size(); ++f) {
      const std::string_view name = file_[f].name;
      if (file_[f].placed || name.size() > kLongestName) continue;
      vote(f, name, hash_of(*file_[f].shape), ends, siblings);
    }
  }

  void vote(std::size_t f, std::string_view name, std::size_t shape, const Places& ends,
            const Places& siblings) {
    for_each_end(name, [&](std::string_view end) {
      const Places::List* same = ends.find(end, shape);
      const Places::List* any = ends.find(end, kAnyShape);
      for (const Places::List* list : {same, any}) {
        for (std::size_t i = 0; list != nullptr && i < list->size; ++i) {
          const std::string_view other = model_[list->at[i]].name;
          vote_for_beginnings({f, list->at[i]}, name.substr(0, name.size() - end.size()),
                              other.substr(0, other.size() - end.size()), end);
        }
        if (list != nullptr) break;
      }
      return same == nullptr && any == nullptr;
    });
    const std::string_view parent = parent_of(name);
    if (const Places::List* list = siblings.find(parent, shape)) {
      for (std::size_t i = 0; i < list->size; ++i) {
        const std::string_view other = model_[list->at[i]].name;
        vote_for_parts({f, list->at[i]}, name.substr(parent.size()), other.substr(parent.size()), "$");
      }
    }
  }

  void vote_for_beginnings(Vote v, std::string_view from, std::string_view to, std::string_view end) {
    std::size_t alike = 0;
    for (std::size_t dot = 0; (dot = from.find('.', alike)) != std::string_view::npos; alike = dot + 1) {
      if (!to.starts_with(from.substr(0, dot + 1))) break;
    }
    const std::string_view a = from.substr(alike), b = to.substr(alike);
    if (is_number(a) && is_number(b)) return;  // another layer, not another name
    if (alike > 0 && !a.empty()) {
      vote_for_parts(v, a, b, "");
    } else if (alike > 0) {
      // A part more in the middle: it comes before the part that follows.
      const std::size_t dot = end.find('.');
      const std::string_view next = end.substr(0, dot == std::string_view::npos ? dot : dot + 1);
      vote_for_parts(v, next, std::string(b).append(next), dot == std::string_view::npos ? "$" : "");
    } else {
      const auto kind = to.empty()     ? MatchCure::Kind::kStripPrefix
                        : from.empty() ? MatchCure::Kind::kAddPrefix
                                       : MatchCure::Kind::kRename;
      vote_for_prefix(v, kind, std::string(from), std::string(to));
    }
  }

  void vote_for_prefix(Vote v, MatchCure::Kind kind, const std::string& from, const std::string& to,
                       std::size_t least = 2) {
    add(v, {.kind = kind, .rename = {from, to}, .file_part = from, .model_part = to}, least);
  }

  /// Whole parts somewhere in a name; `behind` is "$" for parts at the end.
  void vote_for_parts(Vote v, std::string_view from, std::string_view to, std::string_view behind,
                      std::size_t least = 2) {
    if (!patterns_allowed_ || (is_number(from) && is_number(to))) return;
    add(v,
        {.kind = MatchCure::Kind::kRename,
         .rename = {std::string(kAtAPart) + literally(from) + std::string(behind) + "/",
                    "$1" + as_replacement(to)},
         .file_part = std::string(from),
         .model_part = std::string(to)},
        least);
  }

  void add(Vote v, MatchCure cure, std::size_t least) {
    std::string key = cure.rename.from + '\0' + cure.rename.to;
    const auto [at, is_new] = by_text_.try_emplace(std::move(key), candidates_.size());
    if (is_new) candidates_.push_back({std::move(cure), {}, std::min(least, least_)});
    candidates_[at->second].votes.push_back(v);
  }

  [[nodiscard]] std::size_t support(const Candidate& c) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        c.votes, [&](const Vote& v) { return !file_[v.file].placed && !model_[v.model].placed; }));
  }

  /// Tries the candidate with most votes; false if there is none left to try.
  bool try_best() {
    if (!may_try()) return false;
    Candidate* best = nullptr;
    std::size_t most = 0;
    for (Candidate& c : candidates_) {
      if (c.is_done || c.votes.size() <= most) continue;
      const std::size_t n = support(c);
      if (n > most && n >= c.least) best = &c, most = n;
    }
    if (best == nullptr) return false;
    best->is_done = true;
    ++trials_;
    names_tried_ += file_.size();
    if (!try_out(best->cure, best->least)) narrow(*best);
    return true;
  }

  /// A prefix that cannot go (or come) everywhere may do so before some names, a part that is said otherwise may be so behind
  /// some others: one candidate for each part that stands beside it.
  void narrow(const Candidate& wide) {
    const MatchCure cure = wide.cure;
    const std::vector<Vote> votes = wide.votes;
    const bool is_expression = cure.rename.from.starts_with(kAtAPart);
    for (const Vote& v : votes) {
      const std::string_view name = file_[v.file].name;
      if (file_[v.file].placed || model_[v.model].placed) continue;
      if (!is_expression) {
        const std::size_t begin = cure.rename.from.size();
        const std::size_t dot = name.find('.', begin);
        if (!name.starts_with(cure.rename.from) || dot == std::string_view::npos) continue;
        const std::string part(name.substr(begin, dot + 1 - begin));
        vote_for_prefix(v, MatchCure::Kind::kRename, cure.rename.from + part, cure.rename.to + part, 1);
        continue;
      }
      const bool at_end = cure.rename.from.ends_with("$/");
      const std::size_t at = at_end ? name.rfind(cure.file_part) : name.find("." + cure.file_part) + 1;
      if (at == std::string_view::npos || at < 2) continue;
      const std::size_t dot = name.rfind('.', at - 2);
      const std::string_view part = name.substr(dot == std::string_view::npos ? 0 : dot + 1,
                                                at - (dot == std::string_view::npos ? 0 : dot + 1));
      vote_for_parts(v, std::string(part) + cure.file_part, std::string(part) + cure.model_part,
                     at_end ? "$" : "");
    }
  }

  struct Changed {
    std::size_t file;
    std::string name;
  };

  /// Applies the cure if that does good and no harm.
  bool try_out(MatchCure cure, std::size_t least) {
    MatchRules rules;
    rules.rename.push_back(cure.rename);
    // A prefix between slashes would be read as an expression.
    const bool is_expression = cure.rename.from.starts_with('/') && cure.rename.from.ends_with('/');
    if (is_expression != cure.rename.from.starts_with(kAtAPart)) return false;
    const NameRules change(rules);
    std::vector<Changed> changed;
    for (std::size_t f = 0; f < file_.size(); ++f) {
      const std::string& name = file_[f].name;
      const bool may_change =
          is_expression ? name.find(cure.file_part) != std::string::npos : name.starts_with(cure.rename.from);
      if (!may_change) continue;
      std::string now = *change.apply(name);
      if (now == name) continue;
      if (file_[f].placed) return false;
      changed.push_back({f, std::move(now)});
    }
    if (takes_a_place(changed)) return false;
    cure.bears = changed.size();
    for (const Changed& c : changed) {
      const auto at = at_in_model_.find(c.name);
      if (at == at_in_model_.end() || model_[at->second].placed) continue;
      if (cure.names++ == 0) {
        cure.file_name = file_[c.file].name;
        cure.name = c.name;
      }
      if (same_shape(*file_[c.file].shape, *model_[at->second].shape)) ++cure.fits;
    }
    if (cure.names < least || 2 * cure.fits < cure.names) return false;
    for (Changed& c : changed) {
      file_[c.file].name = std::move(c.name);
      const auto at = at_in_model_.find(file_[c.file].name);
      if (at != at_in_model_.end()) file_[c.file].placed = model_[at->second].placed = true;
    }
    cures_.push_back(std::move(cure));
    return true;
  }

  /// Whether a changed name is then there twice.
  [[nodiscard]] bool takes_a_place(const std::vector<Changed>& changed) const {
    std::unordered_set<std::string_view> names;
    names.reserve(changed.size());
    for (const Changed& c : changed) {
      if (!names.insert(c.name).second) return true;
    }
    std::size_t next = 0;
    for (std::size_t f = 0; f < file_.size(); ++f) {
      if (next < changed.size() && changed[next].file == f) {
        ++next;
      } else if (names.contains(file_[f].name)) {
        return true;
      }
    }
    return false;
  }

  std::vector<CureName>& file_;
  std::vector<CureName>& model_;
  std::unordered_map<std::string_view, std::size_t> at_in_model_;
  std::vector<Candidate> candidates_;
  std::unordered_map<std::string, std::size_t> by_text_;
  std::vector<MatchCure> cures_;
  bool patterns_allowed_ = true;
  std::size_t least_ = 2;  // names that a cure must give a place
  std::size_t trials_ = 0;
  std::size_t names_tried_ = 0;
};

}  // namespace

std::vector<MatchCure> find_cures(std::vector<CureName>& file, std::vector<CureName>& model) {
  const auto lacks = [](const CureName& n) { return !n.placed; };
  if (std::ranges::none_of(file, lacks) || std::ranges::none_of(model, lacks)) return {};
  return CureFinder(file, model).run();
}

}  // namespace ballast
