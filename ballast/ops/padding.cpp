#include "ballast/ops/padding.h"

#include "ballast/autograd/tape.h"
#include "ballast/ops/copy.h"
#include "ballast/ops/resampling.h"

namespace ballast {
namespace {

struct Ends {
  std::int64_t before = 0, after = 0;
};

/// The amounts of dimension `d`.
Ends ends_of(IntArrayRef pad, std::size_t rank, std::size_t d) {
  const std::size_t from_last = rank - 1 - d;
  return 2 * from_last < pad.size() ? Ends{pad[2 * from_last], pad[2 * from_last + 1]} : Ends{};
}

enum class Mode { kReflect, kReplicate, kCircular };

/// Which element is repeated at position `at`, which may lie outside [0, n).
std::int64_t source(Mode mode, std::int64_t at, std::int64_t n) {
  switch (mode) {
    case Mode::kReflect:
      return at < 0 ? -at : at >= n ? 2 * (n - 1) - at : at;
    case Mode::kReplicate:
      return std::clamp<std::int64_t>(at, 0, n - 1);
    case Mode::kCircular:
      return at < 0 ? at + n : at >= n ? at - n : at;
  }
  return at;
}

/// Sizes after padding; ShapeError for negative ones.
Dims padded_sizes(const Tensor& self, IntArrayRef pad) {
  Dims sizes(self.sizes());
  for (std::size_t d = 0; d < sizes.size(); ++d) {
    const Ends e = ends_of(pad, sizes.size(), d);
    sizes[d] += e.before + e.after;
    check<ShapeError>(
        sizes[d] >= 0,
        "The input size {}, plus negative padding {} and {}, resulted in a negative output size, which is "
        "invalid. Check dimension {} of your input.",
        self.sizes()[d], e.before, e.after, d);
  }
  return sizes;
}

/// The part of the larger one of two tensors that the smaller one fills, by dimension.
Tensor part(const Tensor& t, IntArrayRef pad, bool of_result) {
  Tensor out = t;
  for (std::size_t d = 0; d < t.sizes().size(); ++d) {
    const Ends e = ends_of(pad, t.sizes().size(), d);
    const std::int64_t before =
        of_result ? std::max<std::int64_t>(e.before, 0) : std::max<std::int64_t>(-e.before, 0);
    const std::int64_t after =
        of_result ? std::max<std::int64_t>(e.after, 0) : std::max<std::int64_t>(-e.after, 0);
    const std::int64_t length = std::max<std::int64_t>(t.sizes()[d] - before - after, 0);
    out = out.narrow(static_cast<std::int64_t>(d), std::min(before, t.sizes()[d] - length), length);
  }
  return out;
}

constexpr std::array<std::array<const char*, 3>, 3> kNames{
    {{"ReflectionPad1DBackward0", "ReflectionPad2DBackward0", "ReflectionPad3DBackward0"},
     {"ReplicationPad1DBackward0", "ReplicationPad2DBackward0", "ReplicationPad3DBackward0"},
     {"CircularPad1DBackward0", "CircularPad2DBackward0", "CircularPad3DBackward0"}}};

}  // namespace

Tensor constant_pad_nd(const Tensor& self, IntArrayRef pad, const Scalar& value) {
  check<ValueError>(pad.size() % 2 == 0, "Padding length must be divisible by 2");
  check<ValueError>(
      pad.size() <= 2 * self.sizes().size(),
      "Padding length should be less than or equal to two times the input dimension but got padding length "
      "{} and input of dimension {}",
      pad.size(), self.dim());
  const Tape tape(self);
  Tensor out = empty(padded_sizes(self, pad), self.options());
  if (!out.is_meta()) {
    out.fill_(value);
    const Tensor from = part(self, pad, false);
    if (from.numel() > 0 && out.numel() > 0) copy_elements(part(out, pad, true), from);
  }
  if (tape.on()) {
    Dims opposite;
    for (const std::int64_t p : pad) opposite.push_back(-p);
    tape.record("ConstantPadNdBackward0", out, saved(),
                [opposite](Backward& b) { b.give(0, constant_pad_nd(b.grad(), opposite)); });
  }
  return out;
}

Tensor pad(const Tensor& self, IntArrayRef pad, std::string_view mode, std::optional<double> value) {
  check<ValueError>(pad.size() % 2 == 0, "Padding length must be divisible by 2");
  check<ValueError>(
      pad.size() <= 2 * self.sizes().size(),
      "Padding length should be less than or equal to two times the input dimension but got padding length "
      "{} and input of dimension {}",
      pad.size(), self.dim());
  if (mode == "constant") return constant_pad_nd(self, pad, value.value_or(0));
  check<ValueError>(!value || *value == 0, "Padding mode \"{}\" doesn't take in value argument", mode);
  const Mode kind = mode == "reflect"     ? Mode::kReflect
                    : mode == "replicate" ? Mode::kReplicate
                                          : Mode::kCircular;
  check<NotImplementedError>(kind != Mode::kCircular || mode == "circular", "Unrecognised padding mode {}",
                             mode);
  const std::size_t rank = pad.size() / 2;
  const std::size_t dims = self.sizes().size();
  check<NotImplementedError>(rank >= 1 && rank <= 3 && (dims == rank + 1 || dims == rank + 2),
                             "Padding size {} is not supported for {}D input tensor.", pad.size(), dims);
  const Dims sizes = padded_sizes(self, pad);
  std::vector<detail::DimTaps> plan;
  for (std::size_t d = dims - rank; d < dims; ++d) {
    const Ends e = ends_of(pad, dims, d);
    const std::int64_t n = self.sizes()[d];
    if (kind == Mode::kReflect) {
      check<ValueError>(
          e.before < n && e.after < n,
          "Argument #4: Padding size should be less than the corresponding input dimension, but got: padding "
          "({}, {}) at dimension {} of input {}",
          e.before, e.after, d, Shown{self.sizes()});
    } else if (kind == Mode::kCircular) {
      check<ValueError>(e.before <= n && e.after <= n,
                        "Padding value causes wrapping around more than once.");
    } else {
      check<ShapeError>(n > 0,
                        "pad: expected non-zero sizes in the padded dimensions of the input, but got {}",
                        Shown{self.sizes()});
    }
    detail::Taps taps(n);
    for (std::int64_t o = 0; o < sizes[d]; ++o) {
      taps.begin_output();
      taps.add(source(kind, o - e.before, n), 1);
    }
    plan.push_back({d, std::move(taps)});
  }
  return detail::resample(kNames[static_cast<std::size_t>(kind)][rank - 1], self, std::move(plan));
}

}  // namespace ballast
