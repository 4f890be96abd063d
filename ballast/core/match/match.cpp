#include "ballast/core/match/match.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "ballast/core/match/match_cures.h"
#include "ballast/core/match/match_nearest.h"
#include "ballast/core/match/match_shapes.h"
#include "ballast/core/match/match_ties.h"
#include "ballast/core/match/name_rules.h"
#include "ballast/core/printable.h"

namespace ballast {
namespace {

constexpr std::size_t kNone = NamedShape::kAlone;

/// Tensors that show the same elements in the same way.
struct SameView {
  bool operator()(const Tensor* a, const Tensor* b) const {
    return a->storage().is_same(b->storage()) && a->storage_offset() == b->storage_offset() &&
           a->dtype() == b->dtype() && a->sizes() == b->sizes() && a->strides() == b->strides();
  }
};
struct ViewHash {
  std::size_t operator()(const Tensor* t) const {
    constexpr std::size_t kFactor = 1099511628211u;
    std::size_t h =
        std::hash<const void*>{}(t->storage().id()) ^ static_cast<std::size_t>(t->storage_offset());
    for (const std::int64_t n : t->sizes()) h = h * kFactor ^ static_cast<std::size_t>(n);
    for (const std::int64_t n : t->strides()) h = h * kFactor ^ static_cast<std::size_t>(n);
    return h * kFactor;
  }
};

using Places = std::unordered_map<std::string_view, std::size_t>;

/// One match: names to names, then each pair, then what is left.
class Matcher {
 public:
  Matcher(const NamedShapes& file, const NamedShapes& model, const MatchRules& rules)
      : file_(file), model_(model), rules_(rules) {}

  MatchReport run() {
    report_.rules = rules_;
    report_.file_names = file_.size();
    report_.model_names = model_.size();
    rename();
    pair_up();
    judge();
    report_.ties = find_ties(file_, model_, given_);
    look_for_cures();
    return std::move(report_);
  }

 private:
  [[nodiscard]] const std::string& name_before(std::size_t f) const {
    return file_[f].name_before.empty() ? file_[f].name : file_[f].name_before;
  }

  void rename() {
    names_.reserve(file_.size());
    takes_part_.assign(file_.size(), true);
    const NameRules names(rules_);
    for (std::size_t f = 0; f < file_.size(); ++f) {
      if (rules_.keeps_names()) {
        names_.push_back(file_[f].name);
        continue;
      }
      std::optional<std::string> name = names.apply(file_[f].name);
      takes_part_[f] = name.has_value();
      names_.push_back(std::move(name).value_or(std::string()));
      if (!takes_part_[f]) report_.left_out.push_back(name_before(f));
    }
  }

  void pair_up() {
    Places in_model, in_file;
    in_model.reserve(model_.size());
    for (std::size_t m = 0; m < model_.size(); ++m) {
      if (!in_model.emplace(model_[m].name, m).second) {
        throw KeyError(fmt::format("the model has the name '{}' twice", printable_text(model_[m].name)));
      }
    }
    given_.assign(model_.size(), kNone);
    place_.assign(file_.size(), kNone);
    in_file.reserve(file_.size());
    for (std::size_t f = 0; f < file_.size(); ++f) {
      if (!takes_part_[f]) continue;
      const auto [other, is_new] = in_file.emplace(names_[f], f);
      if (!is_new) fail_twice(other->second, f);
      const auto at = in_model.find(names_[f]);
      if (at == in_model.end()) continue;
      place_[f] = at->second;
      given_[at->second] = f;
    }
  }

  [[noreturn]] void fail_twice(std::size_t first, std::size_t second) const {
    if (rules_.keeps_names()) {
      throw KeyError(fmt::format("the file has the name '{}' twice", printable_text(names_[second])));
    }
    throw KeyError(fmt::format("the rules give '{}' and '{}' one name, '{}'",
                               printable_text(name_before(first)), printable_text(name_before(second)),
                               printable_text(names_[second])));
  }

  /// Whether a name that the file does not have is given by another that means the same tensor.
  [[nodiscard]] std::vector<std::size_t> tied_to() const {
    std::unordered_map<std::size_t, std::size_t> given_by_tie;
    for (std::size_t m = 0; m < model_.size(); ++m) {
      if (model_[m].tie != kNone && given_[m] != kNone) given_by_tie.emplace(model_[m].tie, m);
    }
    std::vector<std::size_t> out(model_.size(), kNone);
    for (std::size_t m = 0; m < model_.size(); ++m) {
      if (model_[m].tie == kNone || given_[m] != kNone) continue;
      const auto at = given_by_tie.find(model_[m].tie);
      if (at != given_by_tie.end()) out[m] = at->second;
    }
    return out;
  }

  void judge() {
    const std::vector<std::size_t> twins = tied_to();
    std::unordered_map<std::string_view, std::size_t> subtree_of;
    for (std::size_t m = 0; m < model_.size(); ++m) {
      const std::string_view name = model_[m].name;
      const std::size_t dot = name.find('.');
      const std::string_view path = name.substr(0, dot == std::string_view::npos ? dot : dot + 1);
      const auto [at, is_new] = subtree_of.try_emplace(path, report_.subtrees.size());
      if (is_new) report_.subtrees.push_back({std::string(path), 0, 0});
      MatchSubtree& subtree = report_.subtrees[at->second];
      ++subtree.names;
      if (judge_one(m, twins[m])) ++subtree.loaded;
    }
    for (std::size_t f = 0; f < file_.size(); ++f) {
      if (!takes_part_[f] || place_[f] != kNone) continue;
      report_.unexpected.push_back({.name = names_[f],
                                    .file_name = name_before(f),
                                    .file_shape = file_[f].shape,
                                    .file_dtype = file_[f].dtype});
      unexpected_.push_back(f);
    }
  }

  /// Whether the name takes the file's value as a whole.
  bool judge_one(std::size_t m, std::size_t twin) {
    MatchedName name{.name = model_[m].name,
                     .file_name = {},
                     .model_shape = model_[m].shape,
                     .model_dtype = model_[m].dtype};
    const bool by_twin = given_[m] == kNone && twin != kNone && rules_.tied_names == TiedNames::kOnce;
    const std::size_t f = by_twin ? given_[twin] : given_[m];
    if (f == kNone) {
      if (twin != kNone)
        name.reason = fmt::format("one tensor with {}, which the file has", model_[twin].name);
      report_.missing.push_back(std::move(name));
      missing_.push_back(m);
      return false;
    }
    name.file_name = name_before(f);
    name.file_shape = file_[f].shape;
    name.file_dtype = file_[f].dtype;
    if (by_twin) name.reason = fmt::format("one tensor with {}", model_[twin].name);
    name.cause = shape_cause(name.file_shape, name.model_shape);
    if (name.cause != ShapeCause::kEqual) {
      name.reason = shape_reason(name.cause, name.file_shape, name.model_shape);
      const bool slices =
          rules_.on_shape_mismatch == OnShapeMismatch::kSlice && can_slice(name.file_shape, name.model_shape);
      if (rules_.on_shape_mismatch == OnShapeMismatch::kSkip) {
        report_.skipped.push_back(std::move(name));
        return false;
      }
      if (!slices) {
        report_.shape_mismatches.push_back(std::move(name));
        return false;
      }
    }
    if (name.is_cast()) {
      if (rules_.on_dtype_mismatch == OnDTypeMismatch::kRefuse) {
        name.reason = fmt::format("{} in the file, {} in the model", name.file_dtype, name.model_dtype);
        report_.refused.push_back(std::move(name));
        return false;
      }
      count_change(name);
    }
    const bool whole = name.cause == ShapeCause::kEqual;
    (whole ? report_.loaded : report_.sliced).push_back(std::move(name));
    return whole;
  }

  void count_change(const MatchedName& name) {
    auto& all = report_.dtype_changes;
    auto at = std::ranges::find_if(
        all, [&](const DTypeChange& c) { return c.from == name.file_dtype && c.to == name.model_dtype; });
    if (at == all.end()) {
      all.push_back({.from = name.file_dtype,
                     .to = name.model_dtype,
                     .first = name.name,
                     .is_exact = holds_every_value(name.model_dtype, name.file_dtype)});
      at = all.end() - 1;
    }
    ++at->names;
  }

  void look_for_cures() {
    if (missing_.empty() || unexpected_.empty()) return;
    std::vector<CureName> file, model;
    std::vector<std::size_t> at_in_cures(file_.size(), kNone);
    for (std::size_t f = 0; f < file_.size(); ++f) {
      if (!takes_part_[f]) continue;
      at_in_cures[f] = file.size();
      file.push_back({names_[f], &file_[f].shape, place_[f] != kNone});
    }
    for (const std::size_t m : missing_) model.push_back({model_[m].name, &model_[m].shape, false});
    report_.cures = find_cures(file, model);

    std::vector<NearName> in_file, in_model;
    std::vector<std::size_t> left_in_file, left_in_model;  // positions in `unexpected` and `missing`
    for (std::size_t i = 0; i < unexpected_.size(); ++i) {
      const CureName& n = file[at_in_cures[unexpected_[i]]];
      report_.unexpected[i].is_cured = n.placed;
      if (n.placed) continue;
      in_file.push_back({n.name, n.shape});
      left_in_file.push_back(i);
    }
    for (std::size_t i = 0; i < missing_.size(); ++i) {
      report_.missing[i].is_cured = model[i].placed;
      if (model[i].placed) continue;
      in_model.push_back({model[i].name, model[i].shape});
      left_in_model.push_back(i);
    }
    const auto near_missing = nearest_names(in_model, in_file);
    for (std::size_t i = 0; i < in_model.size(); ++i) {
      for (const std::size_t n : near_missing[i]) {
        report_.missing[left_in_model[i]].nearest.push_back(name_before(unexpected_[left_in_file[n]]));
      }
    }
    const auto near_unexpected = nearest_names(in_file, in_model);
    for (std::size_t i = 0; i < in_file.size(); ++i) {
      for (const std::size_t n : near_unexpected[i]) {
        report_.unexpected[left_in_file[i]].nearest.push_back(report_.missing[left_in_model[n]].name);
      }
    }
  }

  const NamedShapes& file_;
  const NamedShapes& model_;
  const MatchRules& rules_;
  MatchReport report_;
  std::vector<std::string> names_;  // of the file, after the rules
  std::vector<bool> takes_part_;    // of the file
  std::vector<std::size_t> place_;  // in the model, of names of the file
  Given given_;                     // in the file, of names of the model
  std::vector<std::size_t> missing_, unexpected_;
};

}  // namespace

NamedShapes names_of(const StateDict& dict) {
  std::unordered_map<const Tensor*, std::size_t, ViewHash, SameView> views;
  NamedShapes out;
  out.reserve(dict.size());
  for (const auto& item : dict.items()) {
    const Tensor& t = item.value();
    if (!t.defined()) continue;
    const std::size_t own = out.size();
    out.push_back({.name = item.key(),
                   .shape = Dims(t.sizes()),
                   .dtype = std::string(dtype_name(t.dtype())),
                   .value = t});
    if (t.numel() == 0) continue;
    const auto [first, is_new] = views.try_emplace(&t, own);
    if (!is_new) out[first->second].tie = out[own].tie = first->second;
  }
  return out;
}

MatchReport match(const NamedShapes& file, const NamedShapes& model, const MatchRules& rules) {
  return Matcher(file, model, rules).run();
}

}  // namespace ballast
