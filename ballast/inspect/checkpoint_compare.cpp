#include <algorithm>
#include <map>
#include <unordered_map>

#include "ballast/core/lost_pages.h"
#include "ballast/inspect/checkpoint_numbers.h"
#include "ballast/inspect/content_hash.h"
#include "ballast/inspect/difference_order.h"

namespace ballast::inspect {
namespace {

using checkpoint::Layout;
using checkpoint::TensorValue;

/// Rows by names of their own: the second tensor of one name is "name (2)".
class Side {
 public:
  explicit Side(const TensorListing& listing) {
    std::unordered_map<std::string_view, int> seen;
    for (const TensorRow& row : listing.rows) {
      const std::string& name = row.tensor->name;
      const int n = ++seen[name];
      names_.push_back(n == 1 ? name : fmt::format("{} ({})", name, n));
      values_.push_back(&row.value());
    }
    for (std::size_t i = 0; i < names_.size(); ++i) place_.emplace(names_[i], i);
  }

  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] const TensorValue& value(std::size_t i) const { return *values_[i]; }
  [[nodiscard]] const TensorValue* find(std::string_view name) const {
    const auto at = place_.find(name);
    return at == place_.end() ? nullptr : values_[at->second];
  }
  /// Sorts names into the order of the file.
  void sort(std::vector<std::string>& names) const {
    std::ranges::sort(names, {}, [&](const std::string& n) { return place_.at(n); });
  }

 private:
  std::vector<std::string> names_;
  std::vector<const TensorValue*> values_;
  std::unordered_map<std::string_view, std::size_t> place_;
};

bool is_dense(const TensorValue& v) { return v.layout == Layout::kStrided && has_numbers(v); }

/// What is stored, by which a tensor is known again under another name: integers or blocks of a quantised one.
Tensor stored_part(const TensorValue& v) {
  if (v.layout == Layout::kStrided) return v.resolved();
  return v.layout == Layout::kQuantized ? v.tensor : v.sparse->values;
}

bool same_tensor(const Tensor& a, const Tensor& b) {
  if (a.defined() != b.defined()) return false;
  if (!a.defined()) return true;
  return a.dtype() == b.dtype() && a.sizes() == b.sizes() && !a.is_meta() && !b.is_meta() &&
         detail::same_bits(a, b);
}

bool same_quantizer(const TensorValue::Quantized& a, const TensorValue::Quantized& b) {
  return a.dtype == b.dtype && a.scheme == b.scheme && a.scale == b.scale && a.zero_point == b.zero_point &&
         a.axis == b.axis && same_tensor(a.scales, b.scales) && same_tensor(a.zero_points, b.zero_points);
}

bool same_pattern(const TensorValue::Sparse& a, const TensorValue::Sparse& b) {
  return same_tensor(a.indices, b.indices) && same_tensor(a.compressed, b.compressed) &&
         same_tensor(a.plain, b.plain) && a.values.sizes() == b.values.sizes();
}

/// Whether both are kept in the same way, in the same bits.
bool same_storage(const TensorValue& a, const TensorValue& b) {
  if (a.layout != b.layout || a.dtype() != b.dtype() || a.sizes() != b.sizes()) return false;
  // Not to be walked through: nobody can say more than that they are not seen to be the same.
  if (a.repeats_without_measure() || b.repeats_without_measure()) return false;
  if (a.sparse) return same_pattern(*a.sparse, *b.sparse) && same_tensor(a.sparse->values, b.sparse->values);
  if (a.quantized) return same_quantizer(*a.quantized, *b.quantized) && same_tensor(a.tensor, b.tensor);
  // Both on meta: nothing is stored that could differ.
  if (a.tensor.is_meta() && b.tensor.is_meta()) return true;
  return a.conj == b.conj && a.neg == b.neg && same_tensor(a.tensor, b.tensor);
}

std::string type_text(const TensorValue& v) {
  std::string text(v.dtype());
  if (v.sparse) text += fmt::format(" {}", checkpoint::layout_name(v.layout));
  return text;
}

/// Compares what is not dense on both sides.
class SpecialPair {
 public:
  SpecialPair(const std::string& name, const TensorValue& a, const TensorValue& b)
      : name_(name), a_(a), b_(b) {}

  void compare_into(Comparison& out, const CompareOptions& options) const {
    const bool same = same_storage(a_, b_);
    if (a_.sizes() != b_.sizes()) {
      out.reshaped.push_back({name_, a_.sizes().vec(), b_.sizes().vec(), type_text(a_), type_text(b_), same});
      return;
    }
    if (type_text(a_) != type_text(b_)) out.retyped.push_back({name_, type_text(a_), type_text(b_)});
    if (same) {
      out.pairs.push_back({.name = name_, .count = a_.numel()});
      return;
    }
    if (std::string reason = obstacle(); !reason.empty()) {
      out.unread.push_back({name_, std::move(reason)});
      return;
    }
    const Tensor a = numbers_of(a_), b = numbers_of(b_);
    if (a.is_complex() != b.is_complex()) {
      out.unread.push_back({name_, "complex on one side only"});
      return;
    }
    CompareOptions quiet = options;
    quiet.progress = {};
    quiet.release_pages = false;
    Difference d = compare(a, b, quiet);
    d.name = name_;
    out.pairs.push_back(std::move(d));
  }

 private:
  /// Why there are no numbers to compare, as far as can be told without making them; empty if there are.
  [[nodiscard]] std::string obstacle() const {
    for (const TensorValue* v : {&a_, &b_}) {
      if (has_numbers(*v)) continue;
      if (v->quantized)
        return fmt::format("the values of {} are not computed, and the blocks differ", v->dtype());
      return "on meta, without values";
    }
    if ((a_.sparse != nullptr) != (b_.sparse != nullptr)) return "sparse on one side only";
    if (a_.sparse && (a_.layout != b_.layout || !same_pattern(*a_.sparse, *b_.sparse))) {
      return "sparse, and other places are filled";
    }
    return {};
  }

  const std::string& name_;
  const TensorValue &a_, &b_;
};

}  // namespace

Comparison compare(const TensorListing& a, const TensorListing& b, const CompareOptions& options) {
  const LostPageCheck mappings;
  const Side x(a), y(b);
  StateDict dense_a, dense_b;
  std::vector<std::size_t> special;
  std::vector<std::string> removed, added;  // tensors that cannot be known again by their content
  for (std::size_t i = 0; i < x.names().size(); ++i) {
    const std::string& name = x.names()[i];
    const TensorValue& v = x.value(i);
    const TensorValue* const other = y.find(name);
    if (other != nullptr && !(is_dense(v) && is_dense(*other))) {
      special.push_back(i);
    } else if (other != nullptr || has_numbers(v)) {
      dense_a.append(name, stored_part(v));
    } else {
      removed.push_back(name);
    }
  }
  for (std::size_t i = 0; i < y.names().size(); ++i) {
    const std::string& name = y.names()[i];
    const TensorValue& v = y.value(i);
    const TensorValue* const other = x.find(name);
    if (other != nullptr && !(is_dense(v) && is_dense(*other))) continue;
    if (other != nullptr || has_numbers(v)) {
      dense_b.append(name, stored_part(v));
    } else {
      added.push_back(name);
    }
  }
  Comparison out = compare(dense_a, dense_b, options);
  for (const std::size_t i : special) {
    SpecialPair(x.names()[i], x.value(i), *y.find(x.names()[i])).compare_into(out, options);
  }
  out.removed.insert(out.removed.end(), removed.begin(), removed.end());
  out.added.insert(out.added.end(), added.begin(), added.end());
  x.sort(out.removed);
  y.sort(out.added);
  if (!special.empty()) std::ranges::stable_sort(out.pairs, detail::moved_more<Difference>);
  mappings.check();
  return out;
}

}  // namespace ballast::inspect
