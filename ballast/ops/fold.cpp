#include "ballast/ops/fold.h"

#include "ballast/autograd/tape.h"
#include "ballast/core/parallel.h"
#include "ballast/ops/columns.h"
#include "ballast/ops/compute_type.h"
#include "ballast/ops/copy.h"

namespace ballast {
namespace {

struct Fold {
  Windows windows;
  Space in, out;  ///< of an image, and how many windows lie in it
};

Space pair(IntArrayRef values, const char* name, std::int64_t least, const char* rule) {
  check<ValueError>(values.size() == 1 || values.size() == 2,
                    "It is expected {} equals to 2, but got size {}", name, values.size());
  const Dims both{values[0], values.back()};
  check<ValueError>(both[0] >= least && both[1] >= least,
                    "{} should be {}, but got {}_height: {} {}_width: {}", name, rule, name, both[0], name,
                    both[1]);
  return space_of(both, least);
}

Fold fold_of(const Space& in, IntArrayRef kernel, IntArrayRef dilation, IntArrayRef padding,
             IntArrayRef stride) {
  constexpr const char* kPositive = "greater than zero";
  Fold f;
  f.in = in;
  f.windows.kernel = pair(kernel, "kernel", 1, kPositive);
  f.windows.dilation = pair(dilation, "dilation", 1, kPositive);
  f.windows.stride = pair(stride, "stride", 1, kPositive);
  f.windows.before = pair(padding, "padding", 0, "non-negative");
  f.out = {1, 1, 1};
  for (std::size_t d = 1; d < 3; ++d) {
    const std::int64_t room = in[d] + 2 * f.windows.before[d] - f.windows.reach(d);
    f.out[d] = (room >= 0 ? room : room - f.windows.stride[d] + 1) / f.windows.stride[d] + 1;
  }
  return f;
}

std::string text(const Space& s) { return fmt::format("({}, {})", s[1], s[2]); }

/// Columns from images or images from columns: linear maps, each the other's transpose.
Tensor run(const Tensor& x, const Fold& f, std::int64_t n, std::int64_t channels, bool to_columns) {
  const Tape tape(x);
  const Dims image{n, channels, f.in[1], f.in[2]};
  const Dims columns{n, channels * places(f.windows.kernel), places(f.out)};
  Tensor out = empty(to_columns ? columns : image, x.options());
  if (!out.is_meta() && out.numel() > 0) {
    visit_dtype_of<kReals>(x.dtype(), to_columns ? "im2col" : "col2im", [&]<class T>(std::type_identity<T>) {
      using C = compute_t<T>;
      const Tensor from = x.to(dtype_of<C>).contiguous();
      const Tensor to = std::is_same_v<T, C> ? out : empty(out.sizes(), dtype_of<C>);
      const std::int64_t matrix = columns[1] * columns[2], plane = channels * places(f.in);
      parallel_for(n, grain_for(matrix), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          if (to_columns) {
            detail::to_columns(from.data_ptr<C>() + i * plane, to.data_ptr<C>() + i * matrix, channels, f.in,
                               f.out, f.windows);
          } else {
            C* const image_at = to.data_ptr<C>() + i * plane;
            std::fill(image_at, image_at + plane, C(0));
            detail::add_columns(from.data_ptr<C>() + i * matrix, image_at, channels, f.in, f.out, f.windows);
          }
        }
      });
      if (!std::is_same_v<T, C>) copy_elements(out, to);
    });
  }
  if (tape.on()) {
    tape.record(
        to_columns ? "Im2ColBackward0" : "Col2ImBackward0", out, saved(),
        [f, n, channels, to_columns](Backward& b) { b.give(0, run(b.grad(), f, n, channels, !to_columns)); });
  }
  return out;
}

}  // namespace

Tensor im2col(const Tensor& self, IntArrayRef kernel_size, IntArrayRef dilation, IntArrayRef padding,
              IntArrayRef stride) {
  const bool batched = self.dim() == 4;
  check<ShapeError>(
      (batched || self.dim() == 3) && numel_of(self.sizes().slice(batched ? 1 : 0)) > 0,
      "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for "
      "input, but got: {}",
      Shown{self.sizes()});
  const Fold f = fold_of({1, self.size(-2), self.size(-1)}, kernel_size, dilation, padding, stride);
  check<ShapeError>(
      f.out[1] >= 1 && f.out[2] >= 1,
      "Given input with spatial size {}, kernel_size={}, dilation={}, padding={}, calculated shape of the "
      "array of sliding blocks as {}, but its components must be at least one.",
      text(f.in), text(f.windows.kernel), text(f.windows.dilation), text(f.windows.before), text(f.out));
  const Tensor out =
      run(batched ? self : self.unsqueeze(0), f, batched ? self.sizes()[0] : 1, self.size(-3), true);
  return batched ? out : out.squeeze(0);
}

Tensor col2im(const Tensor& self, IntArrayRef output_size, IntArrayRef kernel_size, IntArrayRef dilation,
              IntArrayRef padding, IntArrayRef stride) {
  const bool batched = self.dim() == 3;
  check<ShapeError>(
      (batched || self.dim() == 2) && numel_of(self.sizes().slice(batched ? 1 : 0)) > 0,
      "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions "
      "for input, but got: {}",
      Shown{self.sizes()});
  const Fold f = fold_of(pair(output_size, "output_size", 1, "greater than zero"), kernel_size, dilation,
                         padding, stride);
  const std::int64_t rows = self.size(-2), columns = self.size(-1), taps = places(f.windows.kernel);
  check<ShapeError>(
      rows % taps == 0,
      "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
      "input.size(1)={} and kernel_size={}.",
      rows, text(f.windows.kernel));
  check<ShapeError>(
      f.out[1] >= 1 && f.out[2] >= 1 && columns == places(f.out),
      "Given output_size={}, kernel_size={}, dilation={}, padding={}, stride={}, expected size of input's "
      "dimension 2 to match the calculated number of sliding blocks {} * {} = {}, but got "
      "input.size(2)={}.",
      text(f.in), text(f.windows.kernel), text(f.windows.dilation), text(f.windows.before),
      text(f.windows.stride), f.out[1], f.out[2], places(f.out), columns);
  const Tensor out =
      run(batched ? self : self.unsqueeze(0), f, batched ? self.sizes()[0] : 1, rows / taps, false);
  return batched ? out : out.squeeze(0);
}

Tensor pixel_shuffle(const Tensor& self, std::int64_t r) {
  check<ShapeError>(
      self.dim() >= 3,
      "pixel_shuffle expects input to have at least 3 dimensions, but got input with {} dimension(s)",
      self.dim());
  check<ValueError>(r > 0, "pixel_shuffle expects a positive upscale_factor, but got {}", r);
  const std::int64_t channels = self.size(-3), height = self.size(-2), width = self.size(-1);
  check<ShapeError>(channels % (r * r) == 0,
                    "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of "
                    "upscale_factor, but input.size(-3)={} is not divisible by {}",
                    channels, r * r);
  Dims sizes(self.sizes().slice(0, self.sizes().size() - 3));
  const std::int64_t batch = numel_of(sizes);
  for (const std::int64_t s : {channels / (r * r), height * r, width * r}) sizes.push_back(s);
  return self.reshape({batch, channels / (r * r), r, r, height, width})
      .permute({0, 1, 4, 2, 5, 3})
      .reshape(sizes);
}

Tensor pixel_unshuffle(const Tensor& self, std::int64_t r) {
  check<ShapeError>(
      self.dim() >= 3,
      "pixel_unshuffle expects input to have at least 3 dimensions, but got input with {} dimension(s)",
      self.dim());
  check<ValueError>(r > 0, "pixel_unshuffle expects a positive downscale_factor, but got {}", r);
  const std::int64_t channels = self.size(-3), height = self.size(-2), width = self.size(-1);
  check<ShapeError>(
      height % r == 0,
      "pixel_unshuffle expects height to be divisible by downscale_factor, but input.size(-2)={} is not "
      "divisible by {}",
      height, r);
  check<ShapeError>(
      width % r == 0,
      "pixel_unshuffle expects width to be divisible by downscale_factor, but input.size(-1)={} is not "
      "divisible by {}",
      width, r);
  Dims sizes(self.sizes().slice(0, self.sizes().size() - 3));
  const std::int64_t batch = numel_of(sizes);
  for (const std::int64_t s : {channels * r * r, height / r, width / r}) sizes.push_back(s);
  return self.reshape({batch, channels, height / r, r, width / r, r})
      .permute({0, 1, 3, 5, 2, 4})
      .reshape(sizes);
}

Tensor channel_shuffle(const Tensor& self, std::int64_t groups) {
  check<ShapeError>(self.dim() > 2,
                    "channel_shuffle expects input with > 2 dims, but got input with sizes {}",
                    Shown{self.sizes()});
  check<ValueError>(groups > 0, "Number of groups to divide channels in must be positive. Value of groups:{}",
                    groups);
  const std::int64_t channels = self.sizes()[1];
  check<ShapeError>(channels % groups == 0,
                    "Number of channels must be divisible by groups. Got {} channels and {} groups.",
                    channels, groups);
  const std::int64_t rest = numel_of(self.sizes().slice(2));
  return self.reshape({self.sizes()[0], groups, channels / groups, rest})
      .permute({0, 2, 1, 3})
      .reshape(self.sizes());
}

Tensor unflatten(const Tensor& self, std::int64_t dim, IntArrayRef sizes) {
  check<ValueError>(!sizes.empty(), "unflatten: sizes must be non-empty");
  const auto d = static_cast<std::size_t>(wrap_dim(dim, self.dim()));
  const std::int64_t whole = self.sizes()[d];
  std::int64_t known = 1;
  std::size_t open = sizes.size();
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    check<ValueError>(sizes[i] != -1 || open == sizes.size(), "only one dimension can be inferred");
    check<ValueError>(sizes[i] >= -1, "invalid shape dimension {}", sizes[i]);
    sizes[i] == -1 ? open = i : known *= sizes[i];
  }
  const bool fits = open == sizes.size() ? known == whole : known > 0 && whole % known == 0;
  check<ShapeError>(
      fits, "unflatten: Provided sizes {} don't multiply up to the size of dim {} ({}) in the input tensor",
      Shown{sizes}, dim, whole);
  Dims result(self.sizes().slice(0, d));
  for (std::size_t i = 0; i < sizes.size(); ++i) result.push_back(i == open ? whole / known : sizes[i]);
  for (std::size_t i = d + 1; i < self.sizes().size(); ++i) result.push_back(self.sizes()[i]);
  return self.view(result);
}

}  // namespace ballast
