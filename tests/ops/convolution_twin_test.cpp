// The fast way of convolutions against the plain one.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include "ballast/core/parallel.h"
#include "ballast/ops/convolution_onednn.h"
#include "ballast/ops/ops.h"

namespace ballast::detail {
namespace {

/// A problem drawn at random: any rank, strides, padding on either side, dilation, groups.
ConvolutionProblem draw(std::mt19937& random) {
  const auto among = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  ConvolutionProblem p;
  p.rank = static_cast<std::size_t>(among(1, 3));
  p.n = among(1, 9);
  p.groups = among(0, 3) == 0 ? among(2, 4) : 1;
  p.in_channels = among(1, 20);
  p.out_channels = among(1, 20);
  for (std::size_t d = 3 - p.rank; d < 3; ++d) {
    p.windows.kernel[d] = among(1, 5);
    p.windows.stride[d] = among(1, 3);
    p.windows.dilation[d] = among(1, 2);
    p.windows.before[d] = among(0, p.windows.reach(d) - 1);
    p.in[d] = p.windows.reach(d) + among(0, p.rank == 1 ? 60 : p.rank == 2 ? 14 : 4);
    const std::int64_t after = among(0, 1) == 0 ? p.windows.before[d] : among(0, p.windows.reach(d) - 1);
    p.out[d] = (p.in[d] + p.windows.before[d] + after - p.windows.reach(d)) / p.windows.stride[d] + 1;
  }
  return p;
}

struct Data {
  Tensor x, w, y, of_x, of_y;
  explicit Data(const ConvolutionProblem& p) {
    const std::int64_t kernel = places(p.windows.kernel);
    const auto wave = [](std::int64_t n, double step) {
      return sin(arange(n, kFloat64).mul(step).add(step)).to(kFloat32);
    };
    x = wave(p.n * p.groups * p.in_channels * places(p.in), 12.9898);
    w = wave(p.groups * p.out_channels * p.in_channels * kernel, 78.233);
    y = wave(p.n * p.groups * p.out_channels * places(p.out), 37.719);
    of_x = wave(p.groups * p.in_channels, 3.7);
    of_y = wave(p.groups * p.out_channels, 5.1);
  }
};

/// The three products in float64, and the same of the magnitudes: what rounding errors are measured by.
struct Golden {
  Tensor y, x, w, bias;
  Golden(const ConvolutionProblem& p, const Data& d, bool magnitudes) {
    const auto wide = [&](const Tensor& t) { return magnitudes ? t.abs().to(kFloat64) : t.to(kFloat64); };
    const Tensor from_x = wide(d.x), from_w = wide(d.w), from_y = wide(d.y);
    const Tensor of_x = wide(d.of_x), of_y = wide(d.of_y);
    y = empty_like(from_y);
    x = empty_like(from_x);
    w = empty_like(from_w);
    const auto at = [](const Tensor& t) { return t.data_ptr<double>(); };
    convolve_by_columns(p, at(from_x), at(from_w), at(of_y), at(y));
    convolve_back_by_columns(p, at(from_y), at(from_w), at(of_x), at(x));
    convolve_weight_by_columns(p, at(from_x), at(from_y), at(w));
    bias = from_y.view({p.n, p.groups * p.out_channels, places(p.out)}).sum({0, 2});
  }
};

/// The largest error in terms of the magnitudes that were added up.
double error(const Tensor& got, const Tensor& golden, const Tensor& magnitude) {
  return got.to(kFloat64).sub(golden).abs().div(magnitude.add(1e-30)).max().item<double>();
}

/// Rounding errors of a float32 sum of so many products walk at random: four times what that gives.
double tolerance(std::int64_t terms) { return 4 * 0x1p-24 * std::sqrt(static_cast<double>(terms + 1)); }

const float* read(const Tensor& t) { return t.data_ptr<float>(); }

TEST(ConvolutionTwin, OneDnnAgreesWithColumnsInDoublePrecision) {
  std::mt19937 random(7);
  int taken = 0, small = 0, refused = 0;
  for (int i = 0; i < 400; ++i) {
    const ConvolutionProblem p = draw(random);
    const Data d(p);
    const std::int64_t kernel = places(p.windows.kernel), windows = p.n * places(p.out);
    const Golden golden(p, d, false), scale(p, d, true);
    const Tensor out_y = empty_like(d.y), out_x = empty_like(d.x), out_w = empty_like(d.w);
    const Tensor out_bias = empty_like(d.of_y);
    const auto note = [&](bool done, const Tensor& got, Tensor Golden::*of, std::int64_t terms) {
      if (!done) {
        ++(p.work() < 2e4 ? small : refused);
        return;
      }
      ++taken;
      EXPECT_LE(error(got, golden.*of, scale.*of), tolerance(terms)) << "of problem " << i;
    };
    note(convolve_by_onednn(p, read(d.x), read(d.w), read(d.of_y), out_y.data_ptr<float>()), out_y,
         &Golden::y, p.in_channels * kernel);
    note(convolve_back_by_onednn(p, read(d.y), read(d.w), read(d.of_x), out_x.data_ptr<float>()), out_x,
         &Golden::x, p.out_channels * kernel);
    const bool done = convolve_weight_by_onednn(p, read(d.x), read(d.y), out_w.data_ptr<float>(),
                                                out_bias.data_ptr<float>());
    note(done, out_w, &Golden::w, windows);
    if (done) {
      EXPECT_LE(error(out_bias, golden.bias, scale.bias), tolerance(windows)) << "bias of problem " << i;
    }
    // Columns in float32 are a twin too.
    convolve_by_columns(p, read(d.x), read(d.w), read(d.of_y), out_y.data_ptr<float>());
    EXPECT_LE(error(out_y, golden.y, scale.y), tolerance(p.in_channels * kernel)) << i;
  }
  EXPECT_GT(taken, 600);
  std::printf("oneDNN against columns: %d products, %d too small for it, %d it has no kernel for\n", taken,
              small, refused);
}

TEST(ConvolutionTwin, BitsDoNotDependOnTheNumberOfThreads) {
  const int before = get_num_threads();
  std::mt19937 random(11);
  int count = 0;
  for (int i = 0; i < 40; ++i) {
    ConvolutionProblem p = draw(random);
    p.n = 16 + i % 7;
    p.in_channels *= 2;
    const Data d(p);
    std::vector<Tensor> first;
    for (const int threads : {1, 2, 3}) {
      set_num_threads(threads);
      const Tensor y = empty_like(d.y), x = empty_like(d.x), w = empty_like(d.w), bias = empty_like(d.of_y);
      convolve(p, read(d.x), read(d.w), read(d.of_y), y.data_ptr<float>());
      convolve_back(p, read(d.y), read(d.w), read(d.of_x), x.data_ptr<float>());
      convolve_weight(p, read(d.x), read(d.y), w.data_ptr<float>(), bias.data_ptr<float>());
      const std::vector<Tensor> now{y, x, w, bias};
      if (first.empty()) {
        first = now;
        continue;
      }
      for (std::size_t k = 0; k < now.size(); ++k) {
        EXPECT_EQ(
            std::memcmp(now[k].data_ptr(), first[k].data_ptr(), static_cast<std::size_t>(now[k].nbytes())), 0)
            << "problem " << i << " with " << threads << " threads";
        ++count;
      }
    }
  }
  set_num_threads(before);
  std::printf("the same bits on one, two and three threads: %d results\n", count);
}

}  // namespace
}  // namespace ballast::detail
