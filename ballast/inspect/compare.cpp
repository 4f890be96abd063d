#include "ballast/inspect/compare.h"

#include <algorithm>
#include <cmath>

#include "ballast/core/lost_pages.h"
#include "ballast/inspect/content_hash.h"
#include "ballast/inspect/difference_order.h"
#include "ballast/inspect/element_runs.h"
#include "ballast/inspect/pieces.h"
#include "ballast/inspect/renamed.h"

namespace ballast::inspect {
namespace detail {
namespace {

struct Pair {
  Tensor a, b;
};

SeenPairs look_at(const Pair& pair, const Piece& piece, const Tolerance& tolerance) {
  expect_pages(pair.a, piece);
  expect_pages(pair.b, piece);
  SeenPairs seen;
  const bool wide = is_wide(pair.a.dtype()) || is_wide(pair.b.dtype());
  with_run_type(wide, [&]<class T>(std::type_identity<T>) {
    each_run_of<T, 2>({&pair.a, &pair.b}, piece.begin, piece.end,
                      [&](const std::array<const std::byte*, 2>& p, std::int64_t n) {
                        run_loops<T>().see_pairs(p[0], p[1], n, tolerance, seen);
                      });
  });
  return seen;
}

/// What the pieces of a pair add up to.
struct PairTotal {
  std::int64_t finite = 0;
  double difference = 0, a = 0, b = 0, product = 0;  // sums of squares, and of products
};

void add(Difference& d, PairTotal& total, const SeenPairs& seen) {
  d.changed += seen.changed;
  d.outside += seen.outside;
  d.not_finite += seen.unordered;
  d.max_abs = std::max(d.max_abs, seen.max_abs);
  total.finite += seen.finite;
  total.difference += joined(seen.difference_squares);
  total.a += joined(seen.a_squares);
  total.b += joined(seen.b_squares);
  total.product += joined(seen.products);
}

void finish(Difference& d, const PairTotal& total) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  if (d.not_finite > 0) d.max_abs = kInfinite;
  d.a_norm = std::sqrt(total.a);
  d.difference_norm = std::sqrt(total.difference);
  if (total.finite > 0) d.rms = std::sqrt(total.difference / static_cast<double>(total.finite));
  if (total.difference > 0) {
    d.relative = total.a > 0 ? d.difference_norm / d.a_norm : kInfinite;
    d.cosine = total.a > 0 && total.b > 0
                   ? std::clamp(total.product / (d.a_norm * std::sqrt(total.b)), -1.0, 1.0)
                   : 0;
  }
}

/// The differences of all pairs, in one pass.
void compare_pairs(const std::vector<Pair>& pairs, const CompareOptions& options,
                   std::vector<Difference>& out) {
  PieceWalk walk;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto& [a, b] = pairs[i];
    walk.add(a.numel(), a.itemsize() + b.itemsize());
    out[i].a_dtype = a.dtype();
    out[i].b_dtype = b.dtype();
    out[i].count = a.numel() * parts_of(a.dtype());
  }
  std::vector<PairTotal> totals(pairs.size());
  std::vector<SeenPairs> seen(PieceWalk::kSlots);
  const Tolerance tolerance{options.rtol, options.atol, options.equal_nan};
  PageRelease of_a(options.release_pages), of_b(options.release_pages);
  walk.run([&](const Piece& piece,
               std::size_t slot) { seen[slot] = look_at(pairs[piece.item], piece, tolerance); },
           [&](const Piece& piece, std::size_t slot) {
             add(out[piece.item], totals[piece.item], seen[slot]);
             of_a.add(pairs[piece.item].a, piece);
             of_b.add(pairs[piece.item].b, piece);
           },
           options.progress);
  for (std::size_t i = 0; i < pairs.size(); ++i) finish(out[i], totals[i]);
}

bool can_be_compared(const Tensor& a, const Tensor& b) {
  return a.sizes() == b.sizes() && a.is_complex() == b.is_complex();
}

void check_options(const CompareOptions& options) {
  check<ValueError>(options.rtol >= 0 && options.atol >= 0,
                    "compare expected tolerances of 0 or more, but got rtol {} and atol {}", options.rtol,
                    options.atol);
}

}  // namespace
}  // namespace detail

using namespace detail;

bool Comparison::is_equal() const noexcept {
  return is_close() && retyped.empty() &&
         std::all_of(pairs.begin(), pairs.end(), [](const Difference& d) { return d.is_equal(); });
}

bool Comparison::is_close() const noexcept {
  return added.empty() && removed.empty() && renamed.empty() && reshaped.empty() && unread.empty() &&
         std::all_of(pairs.begin(), pairs.end(), [](const Difference& d) { return d.is_close(); });
}

Comparison compare(const StateDict& a, const StateDict& b, const CompareOptions& options) {
  check_options(options);
  const LostPageCheck mappings;
  Comparison out;
  std::vector<Pair> pairs;
  for (const auto& [name, x] : a) check_readable(x);
  for (const auto& [name, y] : b) {
    check_readable(y);
    if (!a.contains(name)) out.added.push_back(name);
  }
  for (const auto& [name, x] : a) {
    const Tensor* const y = b.find(name);
    if (y == nullptr) {
      out.removed.push_back(name);
    } else if (!can_be_compared(x, *y)) {
      out.reshaped.push_back({name, x.sizes().vec(), y->sizes().vec(), std::string(dtype_name(x.dtype())),
                              std::string(dtype_name(y->dtype())), same_elements(x, *y)});
    } else {
      if (x.dtype() != y->dtype()) {
        out.retyped.push_back(
            {name, std::string(dtype_name(x.dtype())), std::string(dtype_name(y->dtype()))});
      }
      pairs.push_back({x, *y});
      out.pairs.push_back({.name = name});
    }
  }
  compare_pairs(pairs, options, out.pairs);
  std::stable_sort(out.pairs.begin(), out.pairs.end(), moved_more<Difference>);
  if (options.find_renamed && !out.removed.empty() && !out.added.empty()) {
    out.renamed = find_renamed(a, b, out.removed, out.added);
  }
  mappings.check();
  return out;
}

Difference compare(const Tensor& a, const Tensor& b, const CompareOptions& options) {
  check_options(options);
  check_readable(a);
  check_readable(b);
  check<ShapeError>(a.sizes() == b.sizes(), "compare expected two tensors of one shape, but got {} and {}",
                    Shown{a.sizes()}, Shown{b.sizes()});
  check<DTypeError>(a.is_complex() == b.is_complex(),
                    "compare expected two complex or two real tensors, but got {} and {}",
                    dtype_name(a.dtype()), dtype_name(b.dtype()));
  const LostPageCheck mappings;
  std::vector<Difference> out(1);
  compare_pairs({{a, b}}, options, out);
  mappings.check();
  return out.front();
}

}  // namespace ballast::inspect
