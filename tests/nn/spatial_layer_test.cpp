#include <cstdio>
#include <map>

#include "tests/nn/spatial_table.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/nn/functional.h"
#include "ballast/nn/layers/layers.h"
#include "ballast/ops/ops.h"

namespace ballast::testing {
namespace {

namespace F = nn::functional;
using Ints = std::vector<std::int64_t>;

/// A layer and how it is called with one input.
struct Made {
  std::shared_ptr<nn::Module> module;
  std::function<Tensors(const Tensor&)> forward;
};

template <class Holder>
Made called(Holder layer) {
  return {layer.ptr(), [layer](const Tensor& x) -> Tensors { return {layer(x)}; }};
}
template <class Holder>
Made with_indices(Holder layer) {
  return {layer.ptr(), [layer](const Tensor& x) -> Tensors {
            const auto [y, at] = layer->forward_with_indices(x);
            return {y, at};
          }};
}

Made make(const std::string& name) {
  using std::nullopt;
  const std::map<std::string, std::function<Made()>> table{
      {"conv1d circular",
       [] { return called(nn::Conv1d(nn::Conv1dOptions(2, 3, 3).padding(2).padding_mode(kCircular))); }},
      {"conv2d reflect same",
       [] {
         return called(nn::Conv2d(
             nn::Conv2dOptions(2, 3, {3, 2}).padding(kSame).dilation({1, 2}).padding_mode(kReflect)));
       }},
      {"conv2d groups",
       [] {
         return called(nn::Conv2d(nn::Conv2dOptions(4, 4, 3).stride(2).padding(1).groups(2).bias(false)));
       }},
      {"conv3d replicate",
       [] {
         return called(nn::Conv3d(nn::Conv3dOptions(1, 2, 2).padding({1, 0, 1}).padding_mode(kReplicate)));
       }},
      {"conv_transpose1d",
       [] { return called(nn::ConvTranspose1d(nn::ConvTranspose1dOptions(2, 3, 3).stride(2))); }},
      {"conv_transpose2d to size",
       [] {
         const nn::ConvTranspose2d layer(nn::ConvTranspose2dOptions(2, 3, 3).stride(2).padding(1));
         return Made{layer.ptr(), [layer](const Tensor& x) -> Tensors {
                       const Ints size{6, 7};
                       return {layer->forward(x, IntArrayRef(size))};
                     }};
       }},
      {"conv_transpose3d",
       [] {
         return called(
             nn::ConvTranspose3d(nn::ConvTranspose3dOptions(2, 2, 2).stride(2).output_padding(1).groups(2)));
       }},
      {"max_pool2d",
       [] { return with_indices(nn::MaxPool2d(nn::MaxPool2dOptions(3).stride(2).padding(1))); }},
      {"avg_pool2d",
       [] {
         return called(nn::AvgPool2d(
             nn::AvgPool2dOptions({3, 2}).stride({2, 1}).padding({1, 1}).count_include_pad(false)));
       }},
      {"adaptive_avg_pool2d",
       [] {
         return called(nn::AdaptiveAvgPool2d(nn::AdaptiveAvgPool2dOptions({nullopt, 3})));
       }},
      {"adaptive_max_pool3d",
       [] {
         return with_indices(nn::AdaptiveMaxPool3d(nn::AdaptiveMaxPool3dOptions({2, nullopt, 1})));
       }},
      {"batch_norm1d", [] { return called(nn::BatchNorm1d(3)); }},
      {"batch_norm1d 3d",
       [] { return called(nn::BatchNorm1d(nn::BatchNorm1dOptions(3).momentum(nullopt))); }},
      {"batch_norm2d",
       [] { return called(nn::BatchNorm2d(nn::BatchNorm2dOptions(3).eps(1e-3).momentum(0.3))); }},
      {"batch_norm2d eval", [] { return called(nn::BatchNorm2d(3)); }},
      {"batch_norm2d untracked eval",
       [] { return called(nn::BatchNorm2d(nn::BatchNorm2dOptions(3).track_running_stats(false))); }},
      {"batch_norm3d plain", [] { return called(nn::BatchNorm3d(nn::BatchNorm3dOptions(2).affine(false))); }},
      {"instance_norm1d", [] { return called(nn::InstanceNorm1d(3)); }},
      {"instance_norm2d tracked",
       [] {
         return called(
             nn::InstanceNorm2d(nn::InstanceNorm2dOptions(3).affine(true).track_running_stats(true)));
       }},
      {"instance_norm2d tracked eval",
       [] {
         return called(
             nn::InstanceNorm2d(nn::InstanceNorm2dOptions(3).affine(true).track_running_stats(true)));
       }},
      {"group_norm", [] { return called(nn::GroupNorm(2, 4)); }},
      {"layer_norm",
       [] {
         return called(nn::LayerNorm(nn::LayerNormOptions({3, 4})));
       }},
      {"layer_norm without bias", [] { return called(nn::LayerNorm(nn::LayerNormOptions(5).bias(false))); }},
      {"rms_norm", [] { return called(nn::RMSNorm(6)); }},
      {"local_response_norm",
       [] { return called(nn::LocalResponseNorm(nn::LocalResponseNormOptions(3).alpha(0.5))); }},
      {"reflection_pad2d",
       [] {
         return called(nn::ReflectionPad2d(nn::ReflectionPad2dOptions({1, 2, 0, 1})));
       }},
      {"zero_pad1d",
       [] {
         return called(nn::ZeroPad1d(nn::ZeroPad1dOptions({2, 1})));
       }},
      {"constant_pad3d", [] { return called(nn::ConstantPad3d(nn::ConstantPad3dOptions(1, 2.5))); }},
      {"upsample",
       [] {
         return called(nn::Upsample(
             nn::UpsampleOptions().scale_factor(ListOrOne<double>(2)).mode(kBilinear).align_corners(true)));
       }},
      {"upsampling_nearest2d",
       [] {
         return called(nn::UpsamplingNearest2d(nn::UpsampleOptions().size({5, 3})));
       }},
      {"fold",
       [] {
         return called(nn::Fold(nn::FoldOptions({4, 5}, 2).padding(1)));
       }},
      {"unfold",
       [] {
         return called(nn::Unfold(nn::UnfoldOptions({2, 3}).stride(2)));
       }},
      {"unflatten",
       [] {
         return called(nn::Unflatten(nn::UnflattenOptions(1, {2, -1})));
       }},
      {"channel_shuffle", [] { return called(nn::ChannelShuffle(2)); }},
  };
  return table.at(name)();
}

void expect_golden(const Json& c, DType dtype) {
  const std::string name = c["name"];
  const Made made = make(name);
  const double tolerance = dtype == kFloat64 ? 1e-10 : 1e-5;
  made.module->to(dtype);
  made.module->train(c["train"].get<bool>());
  Tensors wanted;
  for (const Json& sizes : c["inputs"]) {
    wanted.push_back(numbers(sizes.get<Ints>(), 0, false, dtype).requires_grad_());
  }
  const Tensor x = wanted[0];
  std::int64_t seed = 10;
  for (const auto& p : made.module->parameters()) {
    const NoGradGuard no_grad;
    p.copy_(numbers(p.sizes(), seed++, false, dtype));
    wanted.push_back(p);
  }
  Tensors results;
  for (int i = 0; i < c["calls"].get<int>(); ++i) results = made.forward(x);
  Tensor loss;
  const auto golden = kept(c, "results");
  ASSERT_EQ(results.size(), golden.size()) << name;
  for (std::size_t k = 0; k < results.size(); ++k) {
    EXPECT_LE(difference(results[k], golden[k]), tolerance) << name;
    if (results[k].requires_grad())
      loss =
          results[k].mul(numbers(results[k].sizes(), 90 + static_cast<std::int64_t>(k), false, dtype)).sum();
  }
  const auto grads = autograd::grad({loss}, wanted);
  const auto golden_grads = kept(c, "grads");
  ASSERT_EQ(grads.size(), golden_grads.size()) << name;
  for (std::size_t k = 0; k < grads.size(); ++k)
    EXPECT_LE(difference(grads[k], golden_grads[k]), tolerance) << name << " gradient " << k;
  const auto after = kept(c, "after");
  std::size_t k = 0;
  for (const auto& buffer : made.module->buffers()) {
    ASSERT_LT(k, after.size());
    EXPECT_LE(difference(buffer, after[k++]), tolerance) << name << " buffer " << k;
  }
  EXPECT_EQ(k, after.size());
}

TEST(SpatialLayers, AreGolden) {
  std::size_t count = 0;
  for (const Json& c : read_json_lines("nn/spatial.jsonl")) {
    if (c["op"] != "layer") continue;
    for (const DType dtype : {kFloat64, kFloat32}) expect_golden(c, dtype);
    ++count;
  }
  ASSERT_GT(count, 30U);
  std::printf("layers: %zu cases\n", count);
}

Tensor ones_of(IntArrayRef sizes) { return ones(sizes); }

TEST(SpatialErrors, SayWhatDoesNotFit) {
  const std::vector<std::pair<std::string, std::function<void()>>> cases{
      {"Given groups=1, weight of size [4, 2, 3, 3], expected input[1, 3, 5, 5] to have 2 channels, but got "
       "3 channels instead",
       [] {
         (void)conv2d(ones_of({1, 3, 5, 5}), ones_of({4, 2, 3, 3}));
       }},
      {"Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [3, 5]",
       [] {
         (void)conv2d(ones_of({3, 5}), ones_of({4, 3, 3, 3}));
       }},
      {"Calculated padded input size per channel: (2 x 2). Kernel size: (3 x 3). Kernel size can't be "
       "greater than actual input size",
       [] {
         (void)conv2d(ones_of({1, 3, 2, 2}), ones_of({4, 3, 3, 3}));
       }},
      {"Given weight of size [4, 3, 3, 3], expected bias to be 1-dimensional with 4 elements, but got bias "
       "of size [3] instead",
       [] {
         (void)conv2d(ones_of({1, 3, 5, 5}), ones_of({4, 3, 3, 3}), ones_of({3}));
       }},
      {"non-positive stride is not supported",
       [] {
         (void)conv2d(ones_of({1, 3, 5, 5}), ones_of({4, 3, 3, 3}), {}, 0);
       }},
      {"negative padding is not supported",
       [] {
         (void)conv2d(ones_of({1, 3, 5, 5}), ones_of({4, 3, 3, 3}), {}, 1, -1);
       }},
      {"padding='same' is not supported for strided convolutions",
       [] {
         (void)conv2d(ones_of({1, 3, 5, 5}), ones_of({4, 3, 3, 3}), {}, 2, "same");
       }},
      {"Invalid padding string: 'some'",
       [] {
         (void)conv2d(ones_of({1, 3, 5, 5}), ones_of({4, 3, 3, 3}), {}, 1, "some");
       }},
      {"expected scalar type Float but found Double",
       [] {
         (void)conv2d(ones_of({1, 3, 5, 5}), ones({4, 3, 3, 3}, kFloat64));
       }},
      {"Given transposed=1, weight of size [4, 2, 3, 3], expected input[1, 3, 5, 5] to have 4 channels, but "
       "got 3 channels instead",
       [] {
         (void)conv_transpose2d(ones_of({1, 3, 5, 5}), ones_of({4, 2, 3, 3}));
       }},
      {"output padding must be smaller than either stride or dilation",
       [] {
         (void)conv_transpose2d(ones_of({1, 4, 5, 5}), ones_of({4, 2, 3, 3}), {}, 1, 0, 1);
       }},
      {"Given input size per channel: (1 x 1). Calculated output size per channel: (-1 x -1). Output size is "
       "too small",
       [] {
         (void)conv_transpose2d(ones_of({1, 4, 1, 1}), ones_of({4, 2, 3, 3}), {}, 1, 2);
       }},
      {"requested an output size of [20, 20], but valid sizes range from [11, 11] to [12, 12]",
       [] {
         const Ints size{20, 20};
         nn::ConvTranspose2d layer(nn::ConvTranspose2dOptions(4, 2, 3).stride(2));
         (void)layer->forward(ones_of({1, 4, 5, 5}), IntArrayRef(size));
       }},
      {"pad should be at most half of effective kernel size, but got pad=2, kernel_size=2 and dilation=1",
       [] {
         (void)max_pool2d(ones_of({1, 3, 5, 5}), 2, {}, 2);
       }},
      {"Given input size: (3x1x1). Calculated output size: (3x0x0). Output size is too small",
       [] {
         (void)max_pool2d(ones_of({1, 3, 1, 1}), 2);
       }},
      {"\"max_pool2d\" not implemented for 'Bool'",
       [] {
         (void)max_pool2d(ones({1, 3, 4, 4}, kBool), 2);
       }},
      {"divisor must be not zero",
       [] {
         (void)avg_pool2d(ones_of({1, 3, 5, 5}), 2, {}, 0, false, true, 0);
       }},
      {"Found an invalid max index: 30 (output volumes are of size 4x4)",
       [] {
         (void)max_unpool2d(ones_of({1, 1, 1, 2}), full({1, 1, 1, 2}, 30, kInt64), {4, 4});
       }},
      {"Found an invalid max index: -1",
       [] {
         (void)max_unpool2d(ones_of({1, 1, 1, 2}), full({1, 1, 1, 2}, -1, kInt64), {4, 4});
       }},
      {"elements in indices should be type int64 but got: Int",
       [] {
         (void)max_unpool2d(ones_of({1, 1, 1, 2}), full({1, 1, 1, 2}, 0, kInt32), {4, 4});
       }},
      {"invalid output_size \"[9, 9]\" (dim 0 must be between 2 and 6)",
       [] {
         F::MaxUnpool2dFuncOptions o(2);
         o.output_size(Ints{9, 9});
         (void)F::max_unpool2d(ones_of({1, 1, 2, 2}), zeros({1, 1, 2, 2}, kInt64), o);
       }},
      {"Expected more than 1 value per channel when training, got input size [1, 3]",
       [] {
         (void)nn::BatchNorm1d(3)(ones_of({1, 3}));
       }},
      {"expected 2D or 3D input (got 4D input)",
       [] {
         (void)nn::BatchNorm1d(3)(ones_of({2, 3, 4, 5}));
       }},
      {"expected 4D input (got 2D input)",
       [] {
         (void)nn::BatchNorm2d(3)(ones_of({2, 3}));
       }},
      {"expected 5D input (got 2D input)",
       [] {
         (void)nn::BatchNorm3d(3)(ones_of({2, 3}));
       }},
      {"running_mean should contain 4 elements not 3",
       [] {
         (void)nn::BatchNorm2d(3)(ones_of({2, 4, 2, 2}));
       }},
      {"running_mean must be defined in evaluation mode",
       [] {
         (void)F::batch_norm(ones_of({2, 4, 2, 2}), {}, {}, F::BatchNormFuncOptions());
       }},
      {"Expected more than 1 spatial element when training, got input size [2, 3, 1]",
       [] {
         (void)nn::InstanceNorm1d(3)(ones_of({2, 3, 1}));
       }},
      {"expected 3D or 4D input (got 2D input)",
       [] {
         (void)nn::InstanceNorm2d(3)(ones_of({2, 3}));
       }},
      {"expected input's size at dim=1 to match num_features (3), but got: 4.",
       [] {
         (void)nn::InstanceNorm2d(nn::InstanceNorm2dOptions(3).affine(true))(ones_of({2, 4, 2, 2}));
       }},
      {"Given normalized_shape=[4], expected input with shape [*, 4], but got input of size[2, 3]",
       [] {
         (void)layer_norm(ones_of({2, 3}), {4});
       }},
      {"Expected weight to be of same shape as normalized_shape, but got weight of shape [4] and "
       "normalized_shape = [3]",
       [] {
         (void)layer_norm(ones_of({2, 3}), {3}, ones_of({4}));
       }},
      {"mixed dtype (CPU): all inputs must share same datatype.",
       [] {
         (void)layer_norm(ones({2, 3}, kFloat64), {3}, ones_of({3}));
       }},
      {"Expected number of channels in input to be divisible by num_groups, but got input of shape [2, 3, "
       "4] and num_groups=2",
       [] {
         (void)group_norm(ones_of({2, 3, 4}), 2);
       }},
      {"Padding size should be less than the corresponding input dimension, but got: padding (3, 1) at "
       "dimension 2 of input [1, 1, 3]",
       [] {
         (void)pad(ones_of({1, 1, 3}), {3, 1}, "reflect");
       }},
      {"Padding value causes wrapping around more than once.",
       [] {
         (void)pad(ones_of({1, 1, 3}), {4, 1}, "circular");
       }},
      {"Padding length must be divisible by 2",
       [] {
         (void)pad(ones_of({1, 1, 3}), {4});
       }},
      {"Padding size 2 is not supported for 4D input tensor.",
       [] {
         (void)pad(ones_of({1, 1, 3, 3}), {1, 1}, "reflect");
       }},
      {"Unrecognised padding mode mirror",
       [] {
         (void)pad(ones_of({1, 1, 3}), {1, 1}, "mirror");
       }},
      {"resulted in a negative output size",
       [] {
         (void)pad(ones_of({1, 1, 3}), {-2, -2});
       }},
      {"either size or scale_factor should be defined",
       [] {
         (void)F::interpolate(ones_of({1, 1, 3}));
       }},
      {"only one of size or scale_factor should be defined",
       [] {
         (void)F::interpolate(ones_of({1, 1, 3}), F::InterpolateFuncOptions().size({2}).scale_factor({2.0}));
       }},
      {"align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | "
       "trilinear",
       [] {
         (void)F::interpolate(ones_of({1, 1, 3}), F::InterpolateFuncOptions().size({2}).align_corners(true));
       }},
      {"Got 3D input, but bilinear mode needs 4D input",
       [] {
         (void)F::interpolate(ones_of({1, 1, 3}), F::InterpolateFuncOptions().size({2}).mode(kBilinear));
       }},
      {"Input and output sizes should be greater than 0",
       [] {
         (void)F::interpolate(ones_of({1, 1, 3}), F::InterpolateFuncOptions().size({0}));
       }},
      {"calculated shape of the array of sliding blocks as (-1, -1), but its components must be at least "
       "one.",
       [] {
         (void)F::unfold(ones_of({1, 1, 3, 3}), F::UnfoldFuncOptions(5));
       }},
      {"input.size(1)=5 and kernel_size=(2, 2).",
       [] {
         (void)F::fold(ones_of({1, 5, 4}), F::FoldFuncOptions(3, 2));
       }},
      {"number of sliding blocks 2 * 2 = 4, but got input.size(2)=5.",
       [] {
         (void)F::fold(ones_of({1, 4, 5}), F::FoldFuncOptions(3, 2));
       }},
      {"input.size(-3)=3 is not divisible by 4",
       [] {
         (void)pixel_shuffle(ones_of({1, 3, 2, 2}), 2);
       }},
      {"Number of channels must be divisible by groups. Got 3 channels and 2 groups.",
       [] {
         (void)channel_shuffle(ones_of({1, 3, 2}), 2);
       }},
      {"unflatten: Provided sizes [2, 3] don't multiply up to the size of dim 1 (5) in the input tensor",
       [] {
         (void)unflatten(ones_of({2, 5}), 1, {2, 3});
       }},
  };
  for (const auto& [text, call] : cases) {
    const std::string got = text_of<Error>(call);
    EXPECT_NE(got.find(text), std::string::npos) << "expected: " << text << "\n     got: " << got;
  }
  std::printf("errors: %zu cases\n", cases.size());
}

TEST(SpatialShapes, EmptyBatchesGiveEmptyResults) {
  EXPECT_EQ(conv2d(ones({0, 3, 5, 5}), ones({4, 3, 3, 3})).shape(), (Size{0, 4, 3, 3}));
  EXPECT_EQ(max_pool2d(ones({0, 3, 5, 5}), 2).shape(), (Size{0, 3, 2, 2}));
  EXPECT_EQ(avg_pool2d(ones({0, 3, 5, 5}), 2).shape(), (Size{0, 3, 2, 2}));
  EXPECT_EQ(batch_norm(ones({0, 3, 2}), {}, {}, {}, {}, true, 0.1, 1e-5).shape(), (Size{0, 3, 2}));
  EXPECT_EQ(layer_norm(ones({0, 3}), {3}).shape(), (Size{0, 3}));
  EXPECT_EQ(F::interpolate(ones({0, 3, 2}), F::InterpolateFuncOptions().size({4})).shape(), (Size{0, 3, 4}));
}

TEST(SpatialShapes, MetaTensorsHaveShapes) {
  const TensorOptions meta = TensorOptions(kFloat32).device(Device(kMeta));
  const Tensor x = empty({2, 4, 8, 8}, meta);
  EXPECT_EQ(conv2d(x, empty({6, 4, 3, 3}, meta), {}, 2, 1).shape(), (Size{2, 6, 4, 4}));
  EXPECT_EQ(max_pool2d(x, 2).shape(), (Size{2, 4, 4, 4}));
  EXPECT_EQ(avg_pool2d(x, 2).shape(), (Size{2, 4, 4, 4}));
  EXPECT_EQ(batch_norm(x, {}, {}, {}, {}, true, 0.1, 1e-5).shape(), x.shape());
  EXPECT_EQ(group_norm(x, 2).shape(), x.shape());
  EXPECT_EQ(pad(x, {1, 1, 1, 1}, "reflect").shape(), (Size{2, 4, 10, 10}));
}

TEST(SpatialShapes, MaximaTakeNanAndTheFirstOfEqualOnes) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor x = tensor({{{1.0F, nan, 3.0F, 3.0F}, {5.0F, 2.0F, 3.0F, 3.0F}}});
  const auto [y, at] = max_pool2d_with_indices(x, 2);
  EXPECT_TRUE(at.equal(tensor({{{1, 2}}})));
  EXPECT_TRUE(std::isnan(y[0][0][0].item<float>()));
  const auto [same, where] = max_pool2d_with_indices(x, 2, 2, 0, 1, true);
  EXPECT_TRUE(where.equal(at));
}

TEST(SpatialNodes, AreNamedAsInPyTorch) {
  const Tensor x = numbers({2, 4, 4, 4}, 0, false, kFloat32).requires_grad_();
  const std::vector<std::pair<std::string, Tensor>> cases{
      {"ConvolutionBackward0", conv2d(x, ones({4, 4, 3, 3}))},
      {"ConvolutionBackward0", conv_transpose2d(x, ones({4, 4, 3, 3}))},
      {"MaxPool2DWithIndicesBackward0", max_pool2d(x, 2)},
      {"AvgPool2DBackward0", avg_pool2d(x, 2)},
      {"AdaptiveAvgPool2DBackward0", adaptive_avg_pool2d(x, 2)},
      {"AdaptiveMaxPool2DBackward0", std::get<0>(adaptive_max_pool2d(x, 2))},
      {"NativeBatchNormBackward0", batch_norm(x, {}, {}, {}, {}, true, 0.1, 1e-5)},
      {"NativeLayerNormBackward0", layer_norm(x, {4})},
      {"NativeGroupNormBackward0", group_norm(x, 2)},
      {"ConstantPadNdBackward0", pad(x, {1, 1})},
      {"ReflectionPad2DBackward0", pad(x, {1, 1, 1, 1}, "reflect")},
      {"UpsampleBicubic2DBackward0",
       F::interpolate(x, F::InterpolateFuncOptions().size({3, 3}).mode(kBicubic))},
      {"Im2ColBackward0", F::unfold(x, F::UnfoldFuncOptions(2))},
  };
  for (const auto& [name, y] : cases) EXPECT_EQ(y.grad_fn()->name(), name);
}

}  // namespace
}  // namespace ballast::testing
