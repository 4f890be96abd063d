#include "tests/nn/spatial_table.h"

#include <cmath>
#include <limits>
#include <map>

#include "ballast/nn/functional.h"
#include "ballast/nn/layers/group_norm.h"
#include "ballast/ops/ops.h"

namespace ballast::testing {
namespace {

namespace F = nn::functional;
using Ints = std::vector<std::int64_t>;

Ints ints(const Json& json) { return json.is_array() ? json.get<Ints>() : Ints{json.get<std::int64_t>()}; }
Ints ints(const Json& args, const char* key, const Ints& otherwise) {
  return args.contains(key) ? ints(args[key]) : otherwise;
}
template <class T>
T value(const Json& args, const char* key, T otherwise) {
  return args.contains(key) && !args[key].is_null() ? args[key].get<T>() : otherwise;
}

Tensors both(std::tuple<Tensor, Tensor> t) { return {std::get<0>(t), std::get<1>(t)}; }

using Run = Tensors (*)(const Tensors&, const Json&);

template <auto Function>
Tensors convolution(const Tensors& in, const Json& a) {
  const Json& padding = a["padding"];
  const Ints stride = ints(a["stride"]), dilation = ints(a["dilation"]);
  const auto groups = a["groups"].get<std::int64_t>();
  if (padding.is_string())
    return {Function(in[0], in[1], in[2], stride, padding.get<std::string>(), dilation, groups)};
  return {Function(in[0], in[1], in[2], stride, ints(padding), dilation, groups)};
}
template <auto Function>
Tensors convolution_transposed(const Tensors& in, const Json& a) {
  return {Function(in[0], in[1], in[2], ints(a["stride"]), ints(a["padding"]), ints(a["output_padding"]),
                   a["groups"].get<std::int64_t>(), ints(a["dilation"]))};
}
template <auto Function>
Tensors max_pooling(const Tensors& in, const Json& a) {
  return both(Function(in[0], ints(a["kernel_size"]), ints(a, "stride", {}), ints(a, "padding", {0}),
                       ints(a, "dilation", {1}), value(a, "ceil_mode", false)));
}
template <auto Function, bool HasDivisor>
Tensors avg_pooling(const Tensors& in, const Json& a) {
  const Ints kernel = ints(a["kernel_size"]), stride = ints(a, "stride", {}),
             padding = ints(a, "padding", {0});
  const bool ceil = value(a, "ceil_mode", false), counts = value(a, "count_include_pad", true);
  if constexpr (HasDivisor) {
    std::optional<std::int64_t> divisor;
    if (a.contains("divisor_override")) divisor = a["divisor_override"].get<std::int64_t>();
    return {Function(in[0], kernel, stride, padding, ceil, counts, divisor)};
  } else {
    return {Function(in[0], kernel, stride, padding, ceil, counts)};
  }
}
template <auto Function>
Tensors adaptive(const Tensors& in, const Json& a) {
  const Ints size = ints(a["output_size"]);
  if constexpr (std::is_same_v<decltype(Function(in[0], size)), Tensor>) {
    return {Function(in[0], size)};
  } else {
    return both(Function(in[0], size));
  }
}
template <std::size_t D, auto Function>
Tensors lp_pooling(const Tensors& in, const Json& a) {
  nn::LPPoolOptions<D> o(a["norm_type"].get<double>(), a["kernel_size"].get<std::int64_t>());
  if (a.contains("stride")) o.stride(ExpandingArray<D>(a["stride"].get<std::int64_t>()));
  return {Function(in[0], o.ceil_mode(a["ceil_mode"].get<bool>()))};
}
template <auto Pool, auto Unpool, std::size_t D>
Tensors unpooling(const Tensors& in, const Json&) {
  const auto [y, at] = Pool(in[0], 2, {}, 0, 1, false);
  F::MaxUnpoolFuncOptions<D> o(2);
  o.output_size(in[0].sizes().slice(2).vec());
  return {Unpool(y, at, o)};
}
template <auto Function>
Tensors fractional(const Tensors& in, const Json& a) {
  return both(Function(in[0], ints(a["kernel_size"]), ints(a["output_size"]), in[1].div(4)));
}

nn::UpsampleMode mode_of(const Json& a) { return {a["mode"].get<std::string>()}; }

const std::map<std::string, Run>& table() {
  static const std::map<std::string, Run> kTable{
      {"conv1d", convolution<conv1d>},
      {"conv2d", convolution<conv2d>},
      {"conv3d", convolution<conv3d>},
      {"conv_transpose1d", convolution_transposed<conv_transpose1d>},
      {"conv_transpose2d", convolution_transposed<conv_transpose2d>},
      {"conv_transpose3d", convolution_transposed<conv_transpose3d>},
      {"max_pool1d", max_pooling<max_pool1d_with_indices>},
      {"max_pool2d", max_pooling<max_pool2d_with_indices>},
      {"max_pool3d", max_pooling<max_pool3d_with_indices>},
      {"avg_pool1d", avg_pooling<avg_pool1d, false>},
      {"avg_pool2d", avg_pooling<avg_pool2d, true>},
      {"avg_pool3d", avg_pooling<avg_pool3d, true>},
      {"adaptive_avg_pool1d", adaptive<adaptive_avg_pool1d>},
      {"adaptive_avg_pool2d", adaptive<adaptive_avg_pool2d>},
      {"adaptive_avg_pool3d", adaptive<adaptive_avg_pool3d>},
      {"adaptive_max_pool1d", adaptive<adaptive_max_pool1d>},
      {"adaptive_max_pool2d", adaptive<adaptive_max_pool2d>},
      {"adaptive_max_pool3d", adaptive<adaptive_max_pool3d>},
      {"lp_pool1d", lp_pooling<1, F::lp_pool1d>},
      {"lp_pool2d", lp_pooling<2, F::lp_pool2d>},
      {"lp_pool3d", lp_pooling<3, F::lp_pool3d>},
      {"max_unpool1d", unpooling<max_pool1d_with_indices, F::max_unpool1d, 1>},
      {"max_unpool2d", unpooling<max_pool2d_with_indices, F::max_unpool2d, 2>},
      {"max_unpool3d", unpooling<max_pool3d_with_indices, F::max_unpool3d, 3>},
      {"fractional_max_pool2d", fractional<fractional_max_pool2d>},
      {"fractional_max_pool3d", fractional<fractional_max_pool3d>},
      {"batch_norm",
       [](const Tensors& in, const Json& a) -> Tensors {
         return {batch_norm(in[0], in[1], in[2], in[3], in[4], a["training"], a["momentum"], a["eps"])};
       }},
      {"instance_norm",
       [](const Tensors& in, const Json& a) -> Tensors {
         return {
             instance_norm(in[0], in[1], in[2], in[3], in[4], a["use_input_stats"], a["momentum"], a["eps"])};
       }},
      {"layer_norm",
       [](const Tensors& in, const Json& a) -> Tensors {
         return {layer_norm(in[0], ints(a["shape"]), in[1], in[2], a["eps"])};
       }},
      {"rms_norm",
       [](const Tensors& in, const Json& a) -> Tensors {
         std::optional<double> eps;
         if (!a["eps"].is_null()) eps = a["eps"].get<double>();
         return {rms_norm(in[0], ints(a["shape"]), in[1], eps)};
       }},
      {"group_norm",
       [](const Tensors& in, const Json& a) -> Tensors {
         return {group_norm(in[0], a["groups"], in[1], in[2], a["eps"])};
       }},
      {"local_response_norm",
       [](const Tensors& in, const Json& a) -> Tensors {
         return {local_response_norm(in[0], a["size"], a["alpha"], a["beta"], a["k"])};
       }},
      {"cross_map_lrn",
       [](const Tensors& in, const Json& a) -> Tensors {
         return {nn::CrossMapLRN2d(nn::CrossMapLRN2dOptions(a["size"].get<std::int64_t>())
                                       .alpha(a["alpha"].get<double>())
                                       .beta(a["beta"].get<double>())
                                       .k(a["k"].get<double>()))(in[0])};
       }},
      {"pad",
       [](const Tensors& in, const Json& a) -> Tensors {
         return {F::pad(in[0], F::PadFuncOptions(ints(a["pad"]))
                                   .mode(a["mode"].get<std::string>())
                                   .value(a["value"].get<double>()))};
       }},
      {"interpolate",
       [](const Tensors& in, const Json& a) -> Tensors {
         F::InterpolateFuncOptions o;
         o.mode(mode_of(a)).antialias(value(a, "antialias", false));
         if (a.contains("size")) o.size(ListOrOne<std::int64_t>(ints(a["size"])));
         if (a.contains("scale_factor"))
           o.scale_factor(ListOrOne<double>(a["scale_factor"].get<std::vector<double>>()));
         if (a.contains("align_corners")) o.align_corners(a["align_corners"].get<bool>());
         if (a.contains("recompute_scale_factor"))
           o.recompute_scale_factor(a["recompute_scale_factor"].get<bool>());
         return {F::interpolate(in[0], o)};
       }},
      {"unfold",
       [](const Tensors& in, const Json& a) -> Tensors {
         return {im2col(in[0], ints(a["kernel_size"]), ints(a["dilation"]), ints(a["padding"]),
                        ints(a["stride"]))};
       }},
      {"fold",
       [](const Tensors& in, const Json& a) -> Tensors {
         return {col2im(in[0], ints(a["output_size"]), ints(a["kernel_size"]), ints(a["dilation"]),
                        ints(a["padding"]), ints(a["stride"]))};
       }},
      {"pixel_shuffle",
       [](const Tensors& in, const Json& a) -> Tensors {
         return {F::pixel_shuffle(in[0], a["factor"].get<std::int64_t>())};
       }},
      {"pixel_unshuffle",
       [](const Tensors& in, const Json& a) -> Tensors {
         return {F::pixel_unshuffle(in[0], a["factor"].get<std::int64_t>())};
       }},
      {"channel_shuffle",
       [](const Tensors& in, const Json& a) -> Tensors {
         return {F::channel_shuffle(in[0], a["groups"].get<std::int64_t>())};
       }},
  };
  return kTable;
}

}  // namespace

Tensor numbers(IntArrayRef sizes, std::int64_t seed, bool positive, DType dtype) {
  Tensor t = empty(sizes, kFloat64);
  auto* const p = t.data_ptr<double>();
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    p[i] = static_cast<double>((389 * i + 211 * seed + 17) % 1009 - 504) / 256;
    if (positive) p[i] = std::abs(p[i]) + 0.125;
  }
  return t.to(dtype);
}

Tensors SpatialCase::inputs(DType dtype) const {
  Tensors out;
  const Ints fixed = json.contains("fixed") ? json["fixed"].get<Ints>() : Ints{};
  for (const Json& sizes : json["inputs"]) {
    const auto seed = static_cast<std::int64_t>(out.size());
    if (sizes.is_null()) {
      out.emplace_back();
      continue;
    }
    const bool is_fixed = std::find(fixed.begin(), fixed.end(), seed) != fixed.end();
    out.push_back(numbers(sizes.get<Ints>(), seed, is_fixed || json.contains("positive"), dtype));
    if (!is_fixed) out.back().requires_grad_();
  }
  return out;
}

Tensors SpatialCase::wanted(const Tensors& inputs) {
  Tensors out;
  for (const Tensor& t : inputs) {
    if (t.defined() && t.requires_grad()) out.push_back(t);
  }
  return out;
}

std::vector<SpatialCase> spatial_cases() {
  std::vector<SpatialCase> out;
  for (const Json& json : read_json_lines("nn/spatial.jsonl")) {
    if (json["op"] == "layer") continue;
    const std::string op = json["op"];
    out.push_back(
        {json, op, [run = table().at(op), args = json["args"]](const Tensors& in) { return run(in, args); }});
  }
  return out;
}

std::vector<Tensor> kept(const Json& json, const char* key) {
  static const Tensor values = read_npz("nn/spatial.npz").at("values");
  std::vector<Tensor> out;
  if (!json.contains(key)) return out;
  for (const Json& entry : json[key]) {
    const Ints sizes = entry["sizes"].get<Ints>();
    out.push_back(values.narrow(0, entry["at"].get<std::int64_t>(), numel_of(sizes)).view(sizes));
  }
  return out;
}

double difference(const Tensor& a, const Tensor& golden) {
  if (!a.defined() || a.sizes() != golden.sizes()) return std::numeric_limits<double>::infinity();
  if (a.numel() == 0) return 0;
  const double scale = std::max(golden.abs().max().item<double>(), 1.0);
  const double off = a.detach().to(kFloat64).sub(golden).abs().max().item<double>();
  return std::isnan(off) ? std::numeric_limits<double>::infinity() : off / scale;
}

}  // namespace ballast::testing
