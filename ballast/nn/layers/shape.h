// Layers that only change shapes: Flatten, Unflatten, Fold and Unfold, and the pixel and channel shuffles.
//
//   nn::Flatten flatten;                                   // [N, C, H, W] -> [N, C * H * W]
//   nn::Unflatten grid(nn::UnflattenOptions(1, {2, 3}));   // [N, 6] -> [N, 2, 3]
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

struct FlattenOptions {
  BALLAST_ARG(std::int64_t, start_dim) = 1;
  BALLAST_ARG(std::int64_t, end_dim) = -1;
};
/// Joins dimensions start_dim to end_dim, both included.
class FlattenImpl : public Cloneable<FlattenImpl> {
 public:
  explicit FlattenImpl(const FlattenOptions& options_ = {}) : options(options_) {}
  explicit FlattenImpl(std::int64_t start_dim, std::int64_t end_dim = -1)
      : options(FlattenOptions().start_dim(start_dim).end_dim(end_dim)) {}
  Tensor forward(const Tensor& input) { return input.flatten(options.start_dim(), options.end_dim()); }
  std::string extra_repr() const override;
  FlattenOptions options;
};
BALLAST_MODULE(Flatten);

struct UnflattenOptions {
  UnflattenOptions(std::int64_t dim, std::vector<std::int64_t> unflattened_size)
      : dim_(dim), unflattened_size_(std::move(unflattened_size)) {}
  BALLAST_ARG(std::int64_t, dim);
  BALLAST_ARG(std::vector<std::int64_t>, unflattened_size);
};
/// Splits a dimension into several.
class UnflattenImpl : public Cloneable<UnflattenImpl> {
 public:
  UnflattenImpl(std::int64_t dim, std::vector<std::int64_t> unflattened_size)
      : options(dim, std::move(unflattened_size)) {}
  explicit UnflattenImpl(const UnflattenOptions& options_) : options(options_) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  UnflattenOptions options;
};
BALLAST_MODULE(Unflatten);

struct FoldOptions {
  FoldOptions(ExpandingArray<2> output_size, ExpandingArray<2> kernel_size)
      : output_size_(output_size), kernel_size_(kernel_size) {}
  BALLAST_ARG(ExpandingArray<2>, output_size);
  BALLAST_ARG(ExpandingArray<2>, kernel_size);
  BALLAST_ARG(ExpandingArray<2>, dilation) = 1;
  BALLAST_ARG(ExpandingArray<2>, padding) = 0;
  BALLAST_ARG(ExpandingArray<2>, stride) = 1;
};
/// Sums windows back into an image.
class FoldImpl : public Cloneable<FoldImpl> {
 public:
  FoldImpl(ExpandingArray<2> output_size, ExpandingArray<2> kernel_size)
      : options(output_size, kernel_size) {}
  explicit FoldImpl(const FoldOptions& options_) : options(options_) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  FoldOptions options;
};
BALLAST_MODULE(Fold);

struct UnfoldOptions {
  UnfoldOptions(ExpandingArray<2> kernel_size) : kernel_size_(kernel_size) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(ExpandingArray<2>, kernel_size);
  BALLAST_ARG(ExpandingArray<2>, dilation) = 1;
  BALLAST_ARG(ExpandingArray<2>, padding) = 0;
  BALLAST_ARG(ExpandingArray<2>, stride) = 1;
};
/// Takes the windows of an image out as columns.
class UnfoldImpl : public Cloneable<UnfoldImpl> {
 public:
  explicit UnfoldImpl(ExpandingArray<2> kernel_size) : options(kernel_size) {}
  explicit UnfoldImpl(const UnfoldOptions& options_) : options(options_) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  UnfoldOptions options;
};
BALLAST_MODULE(Unfold);

struct PixelShuffleOptions {
  PixelShuffleOptions(std::int64_t upscale_factor)
      : upscale_factor_(upscale_factor) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(std::int64_t, upscale_factor);
};
/// [N, C r^2, H, W] -> [N, C, H r, W r] (Shi et al. 2016).
class PixelShuffleImpl : public Cloneable<PixelShuffleImpl> {
 public:
  explicit PixelShuffleImpl(std::int64_t upscale_factor) : options(upscale_factor) {}
  explicit PixelShuffleImpl(const PixelShuffleOptions& options_) : options(options_) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  PixelShuffleOptions options;
};
BALLAST_MODULE(PixelShuffle);

struct PixelUnshuffleOptions {
  PixelUnshuffleOptions(std::int64_t downscale_factor)
      : downscale_factor_(downscale_factor) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(std::int64_t, downscale_factor);
};
/// The way back.
class PixelUnshuffleImpl : public Cloneable<PixelUnshuffleImpl> {
 public:
  explicit PixelUnshuffleImpl(std::int64_t downscale_factor) : options(downscale_factor) {}
  explicit PixelUnshuffleImpl(const PixelUnshuffleOptions& options_) : options(options_) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  PixelUnshuffleOptions options;
};
BALLAST_MODULE(PixelUnshuffle);

struct ChannelShuffleOptions {
  ChannelShuffleOptions(std::int64_t groups) : groups_(groups) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(std::int64_t, groups);
};
/// Takes the channels of [N, C, ...] group by group in turn (Zhang et al. 2018).
class ChannelShuffleImpl : public Cloneable<ChannelShuffleImpl> {
 public:
  explicit ChannelShuffleImpl(std::int64_t groups) : options(groups) {}
  explicit ChannelShuffleImpl(const ChannelShuffleOptions& options_) : options(options_) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  ChannelShuffleOptions options;
};
BALLAST_MODULE(ChannelShuffle);

}  // namespace ballast::nn
