// Normalisation against a twin that takes one element after the other in double; the same bits at every SimdLevel and with any
// number of threads.
#include "ballast/ops/cpu/norm_kernels.h"

#include <cmath>
#include <cstdio>
#include <functional>
#include <vector>

#include "tests/support/golden.h"
#include "tests/support/simd_levels.h"
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/core/parallel.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using testing::bytes_of;
using testing::expect_equal_at_every_level;

using Numbers = std::vector<double>;

Numbers numbers_of(const Tensor& t) {
  const Tensor plain = t.detach().to(kFloat64).contiguous();
  const auto* const p = plain.data_ptr<double>();
  return {p, p + plain.numel()};
}

/// Which elements share their statistics, and which weight: element i belongs to group[i] and takes weight[i].
struct Places {
  std::vector<std::size_t> group, weight;
  std::size_t groups = 0, weights = 0;
};

/// Places in [n, channels, rest]: `group` and `weight` of each.
Places places_of(std::int64_t n, std::int64_t channels, std::int64_t rest,
                 const std::function<std::int64_t(std::int64_t, std::int64_t)>& group,
                 const std::function<std::int64_t(std::int64_t, std::int64_t)>& weight) {
  Places p;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::int64_t k = 0; k < rest; ++k) {
        p.group.push_back(static_cast<std::size_t>(group(i, c)));
        p.weight.push_back(static_cast<std::size_t>(weight(c, k)));
        p.groups = std::max(p.groups, p.group.back() + 1);
        p.weights = std::max(p.weights, p.weight.back() + 1);
      }
    }
  }
  return p;
}

struct Results {
  Numbers y, grad_x, grad_weight, grad_bias;
};

/// Of running statistics, or, if there are none, those of each group; a mean only if `centred`.
struct Given {
  Numbers mean, variance;
};

/// The obvious way: y = (x - mean) / sqrt(variance + eps) weight + bias, and its gradient for `seed` by the chain rule.
Results twin(const Places& p, const Numbers& x, const Numbers& weight, const Numbers& bias,
             const Numbers& seed, double eps, bool centred, const Given& given) {
  Numbers count(p.groups), mean(p.groups), variance(p.groups), total(p.groups), dot(p.groups);
  for (std::size_t i = 0; i < x.size(); ++i) {
    count[p.group[i]] += 1;
    if (centred) mean[p.group[i]] += x[i];
  }
  for (std::size_t g = 0; g < p.groups; ++g) mean[g] /= count[g];
  for (std::size_t i = 0; i < x.size(); ++i) variance[p.group[i]] += std::pow(x[i] - mean[p.group[i]], 2);
  for (std::size_t g = 0; g < p.groups; ++g) variance[g] /= count[g];
  const bool fixed = !given.mean.empty();
  if (fixed) {
    mean = given.mean;
    variance = given.variance;
  }
  Results r{x, x, Numbers(p.weights), Numbers(p.weights)};
  Numbers normal(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t g = p.group[i], w = p.weight[i];
    normal[i] = (x[i] - mean[g]) / std::sqrt(variance[g] + eps);
    r.y[i] = normal[i] * weight[w] + bias[w];
    r.grad_weight[w] += seed[i] * normal[i];
    r.grad_bias[w] += seed[i];
    total[g] += seed[i] * weight[w];
    dot[g] += seed[i] * weight[w] * normal[i];
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t g = p.group[i];
    double level = seed[i] * weight[p.weight[i]];
    if (!fixed) level -= (centred ? total[g] / count[g] : 0) + normal[i] * dot[g] / count[g];
    r.grad_x[i] = level / std::sqrt(variance[g] + eps);
  }
  return r;
}

/// The largest difference, as a part of the largest number.
double difference(const Numbers& a, const Numbers& b) {
  EXPECT_EQ(a.size(), b.size());
  double most = 0, size = 1e-30;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(a[i] - b[i]));
    size = std::max(size, std::abs(b[i]));
  }
  return most / size;
}

constexpr double kEps = 1e-5;

/// One normalisation of x [n, channels, rest], called with its weight and bias, and its twin.
struct Case {
  std::string name;
  std::function<Tensor(const Tensor& x, const Tensor& weight, const Tensor& bias)> call;
  Places places;
  bool centred = true;
  bool has_bias = true;
  Given given;
};

struct Shape {
  std::int64_t n, channels, rest;
};

std::vector<Case> cases_of(const Shape& s, DType dtype) {
  std::vector<Case> out;
  const auto channel = [](std::int64_t c, std::int64_t) { return c; };
  const Tensor mean = linspace(-1, 1, s.channels).to(dtype);
  const Tensor variance = linspace(0.5, 2, s.channels).to(dtype);
  const Places by_channel = places_of(
      s.n, s.channels, s.rest, [](std::int64_t, std::int64_t c) { return c; }, channel);
  if (s.n * s.rest > 1) {
    out.push_back({"batch_norm, training",
                   [](const Tensor& x, const Tensor& w, const Tensor& b) {
                     return batch_norm(x, w, b, {}, {}, true, 0.1, kEps);
                   },
                   by_channel,
                   true,
                   true,
                   {}});
  }
  out.push_back({"batch_norm, evaluation",
                 [=](const Tensor& x, const Tensor& w, const Tensor& b) {
                   return batch_norm(x, w, b, mean, variance, false, 0.1, kEps);
                 },
                 by_channel,
                 true,
                 true,
                 {numbers_of(mean), numbers_of(variance)}});
  const std::int64_t groups = s.channels % 2 == 0 ? 2 : 1;
  out.push_back(
      {"group_norm",
       [=](const Tensor& x, const Tensor& w, const Tensor& b) { return group_norm(x, groups, w, b, kEps); },
       places_of(
           s.n, s.channels, s.rest,
           [=](std::int64_t i, std::int64_t c) { return i * groups + c / (s.channels / groups); }, channel),
       true,
       true,
       {}});
  const Places by_sample = places_of(
      s.n, s.channels, s.rest, [](std::int64_t i, std::int64_t) { return i; },
      [=](std::int64_t c, std::int64_t k) { return c * s.rest + k; });
  out.push_back({"layer_norm",
                 [=](const Tensor& x, const Tensor& w, const Tensor& b) {
                   return layer_norm(x, {s.channels, s.rest}, w.reshape({s.channels, s.rest}),
                                     b.reshape({s.channels, s.rest}), kEps);
                 },
                 by_sample,
                 true,
                 true,
                 {}});
  out.push_back({"rms_norm",
                 [=](const Tensor& x, const Tensor& w, const Tensor&) {
                   return rms_norm(x, {s.channels, s.rest}, w.reshape({s.channels, s.rest}), kEps);
                 },
                 by_sample,
                 false,
                 false,
                 {}});
  return out;
}

// Sizes about the steps of the loops (32 or 16 elements), the pieces of sums (1024), the blocks of columns (256, 64 rows) and
// what is worth a thread.
const std::vector<Shape> kShapes{{1, 1, 5},   {70, 10, 200}, {1000, 100, 1}, {4, 3, 1},    {3, 2, 7},
                                 {2, 3, 31},  {2, 2, 33},    {5, 4, 49},     {2, 4, 64},   {66, 70, 1},
                                 {130, 5, 1}, {3, 257, 1},   {3, 2, 1024},   {2, 2, 1100}, {9, 6, 16},
                                 {40, 2, 63}, {2, 300, 3},   {1, 5, 130},    {33, 16, 100}};

struct Drawn {
  Tensor x, weight, bias, seed;
};
Drawn draw(const Shape& s, const Case& c, DType dtype) {
  const auto n = static_cast<std::int64_t>(c.places.weights);
  return {randn({s.n, s.channels, s.rest}).mul(3).add(2).to(dtype).requires_grad_(),
          randn({n}).to(dtype).requires_grad_(), randn({n}).to(dtype).requires_grad_(),
          randn({s.n, s.channels, s.rest}).to(dtype)};
}
std::vector<Tensor> wanted(const Case& c, const Drawn& d) {
  return c.has_bias ? std::vector{d.x, d.weight, d.bias} : std::vector{d.x, d.weight};
}

TEST(NormKernels, ValuesAndGradientsAreThoseOfTheTwin) {
  manual_seed(21);
  std::size_t compared = 0;
  for (const DType dtype : {kFloat32, kFloat64}) {
    const double tolerance = dtype == kFloat32 ? 4e-6 : 1e-13;
    for (const Shape& s : kShapes) {
      for (const Case& c : cases_of(s, dtype)) {
        SCOPED_TRACE(c.name + " of " + std::to_string(s.n) + "x" + std::to_string(s.channels) + "x" +
                     std::to_string(s.rest));
        const Drawn d = draw(s, c, dtype);
        const Tensor y = c.call(d.x, d.weight, d.bias);
        const auto grads = autograd::grad({y}, wanted(c, d), {d.seed});
        const Results want = twin(c.places, numbers_of(d.x), numbers_of(d.weight),
                                  c.has_bias ? numbers_of(d.bias) : Numbers(c.places.weights),
                                  numbers_of(d.seed), kEps, c.centred, c.given);
        EXPECT_LE(difference(numbers_of(y), want.y), tolerance);
        EXPECT_LE(difference(numbers_of(grads[0]), want.grad_x), tolerance);
        EXPECT_LE(difference(numbers_of(grads[1]), want.grad_weight), tolerance);
        if (c.has_bias) {
          EXPECT_LE(difference(numbers_of(grads[2]), want.grad_bias), tolerance);
        }
        ++compared;
      }
    }
  }
  std::printf("%zu normalisations compared\n", compared);
}

TEST(NormKernels, EveryInstructionSetAndAnyNumberOfThreadsGiveTheSameBits) {
  manual_seed(22);
  std::size_t compared = 0;
  for (const DType dtype : {kFloat32, kFloat64}) {
    for (const Shape& s : kShapes) {
      for (const Case& c : cases_of(s, dtype)) {
        SCOPED_TRACE(c.name);
        const Drawn d = draw(s, c, dtype);
        const auto bytes = [&] {
          const Tensor y = c.call(d.x, d.weight, d.bias);
          std::string all = bytes_of(y.detach());
          for (const Tensor& g : autograd::grad({y}, wanted(c, d), {d.seed})) all += bytes_of(g);
          return all;
        };
        expect_equal_at_every_level(bytes);
        const std::string once = bytes();
        const int threads = get_num_threads();
        for (const int n : {1, 3}) {
          set_num_threads(n);
          EXPECT_TRUE(bytes() == once) << n << " threads";
        }
        set_num_threads(threads);
        ++compared;
      }
    }
  }
  std::printf("%zu normalisations compared\n", compared);
}

TEST(NormKernels, SumsOfManyElementsAreAsGoodAsTheirTerms) {
  // One float would have lost everything below 1/16 by the end.
  const std::int64_t n = std::int64_t{1} << 21;
  const Tensor x = full({n}, 0.1, kFloat32);
  const auto& loops = detail::norm_loops<float>();
  const double want = static_cast<double>(0.1F) * static_cast<double>(n);
  EXPECT_NEAR(loops.sum({1, n, n}, x.data_ptr<float>()) / want, 1, 1e-6);
  EXPECT_NEAR(loops.sum({n / 8, 8, 8}, x.data_ptr<float>()) / want, 1, 1e-6);
  EXPECT_NEAR(loops.sum({n / 32, 32, 32}, x.data_ptr<float>()) / want, 1, 1e-6);
  double columns[2];
  loops.column_sums({n / 2, 2, 2}, x.data_ptr<float>(), columns);
  EXPECT_NEAR((columns[0] + columns[1]) / want, 1, 1e-6);
}

TEST(NormKernels, EvaluationReadsNoInputForTheGradientOfTheInput) {
  // An infinite input is out of the gradient's way: its factor is the running variance's alone.
  const Tensor x = full({2, 1, 40}, INFINITY, kFloat32).requires_grad_();
  const Tensor y = batch_norm(x, {}, {}, zeros({1}), ones({1}), false, 0.1, 0);
  const Tensor grad = autograd::grad({y}, {x}, {ones({2, 1, 40})})[0];
  EXPECT_TRUE(grad.equal(ones({2, 1, 40})));
}

}  // namespace
}  // namespace ballast
