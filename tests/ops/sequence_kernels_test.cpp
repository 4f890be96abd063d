// The loops under recurrent layers and attention: the same bits at every SimdLevel, close to the C library;
// packed products against plain ones.
#include <cmath>
#include <iostream>
#include <vector>

#include "tests/support/golden.h"
#include "tests/support/simd_levels.h"
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/core/parallel.h"
#include "ballast/ops/cpu/pointwise_kernels.h"
#include "ballast/ops/ops.h"
#include "ballast/ops/packed_product.h"

namespace ballast {
namespace {

using testing::at_every_level;
using testing::bytes_of;
using testing::expect_equal_at_every_level;

TEST(SequenceKernels, GatesHaveTheSameBitsAtEveryLevel) {
  for (const std::int64_t hidden : {1, 7, 16, 37}) {
    for (const auto kind : {RecurrentKind::kRnnTanh, RecurrentKind::kLstm, RecurrentKind::kGru}) {
      manual_seed(11);
      const std::int64_t sums = gates_of(kind) * hidden;
      const RecurrentWeights w{randn({sums, 3}), randn({sums, hidden}), randn({sums}), randn({sums}), {}};
      const Tensor x = randn({5, 3}).mul(4).requires_grad_();
      const Tensor h = randn({5, hidden});
      const Tensor c = randn({5, hidden});
      expect_equal_at_every_level([&] {
        const RecurrentResult r = recurrent_layer(kind, x, {5}, h, c, w);
        const Tensor grad = autograd::grad({r.output.mul(r.output).sum()}, {x})[0];
        return bytes_of(r.output.detach()) + bytes_of(grad);
      });
    }
  }
}

TEST(SequenceKernels, AttentionHasTheSameBitsAtEveryLevel) {
  for (const std::int64_t keys : {1, 15, 16, 33}) {
    manual_seed(12);
    const Tensor q = randn({1, 2, 3, 4}).requires_grad_();
    const Tensor k = randn({1, 2, keys, 4});
    expect_equal_at_every_level([&] {
      const Tensor y = attention(q, k, k, {.scale = 3}).output;
      return bytes_of(y.detach()) + bytes_of(autograd::grad({y.mul(y).sum()}, {q})[0]);
    });
  }
}

TEST(SequenceKernels, TanhIsWithinTwoUnits) {
  const auto tanh = detail::pointwise_loops<float>(detail::Pointwise::kTanh).values;
  std::vector<float> x, y(1);
  for (float v = -12; v < 12; v += 0.0007F) x.push_back(v);
  for (const float v : {0.0F, -0.0F, 1e-20F, -1e-7F, 0.64F, 0.6404F, -0.65F, 90.0F, -200.0F, 1e30F})
    x.push_back(v);
  y.resize(x.size());
  tanh({}, x.data(), y.data(), static_cast<std::int64_t>(x.size()));
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double want = std::tanh(static_cast<double>(x[i]));
    const double unit =
        std::max(std::abs(std::nextafter(static_cast<float>(want), 9.0F) - static_cast<float>(want)), 1e-45F);
    worst = std::max(worst, std::abs(static_cast<double>(y[i]) - want) / unit);
  }
  EXPECT_LE(worst, 2.0);
  const float bad[3] = {std::nanf(""), INFINITY, -INFINITY};
  float out[3];
  tanh({}, bad, out, 3);
  EXPECT_TRUE(std::isnan(out[0]));
  EXPECT_EQ(out[1], 1);
  EXPECT_EQ(out[2], -1);
  std::cout << x.size() << " numbers, at most " << worst << " units in the last place\n";
}

TEST(SequenceKernels, PackedProductsArePlainProducts) {
  manual_seed(13);
  int cases = 0;
  for (const std::int64_t k : {1, 5, 256, 300}) {
    for (const std::int64_t n : {1, 31, 32, 70}) {
      for (const std::int64_t rows : {1, 2, 7, 8, 17}) {
        const Tensor a = randn({rows, k});
        const Tensor w = randn({k, n});
        const Tensor c = randn({rows, n});
        const Tensor want = c.to(kFloat64).add(a.to(kFloat64).matmul(w.to(kFloat64)));
        const Tensor wt = w.t().contiguous();
        const Tensor at = a.t().contiguous();
        for (const std::int64_t in_all : {1, 1000}) {
          for (const bool transposed : {false, true}) {
            const blas::Matrix<float> m{(transposed ? wt : w).data_ptr<float>(), transposed ? k : n,
                                        transposed};
            const std::vector<std::string> results = at_every_level([&] {
              const PackedMatrix<float> packed(m, k, n, in_all);
              const Tensor out = c.clone();
              packed.add_product(rows, a.data_ptr<float>(), k, out.data_ptr<float>(), n);
              EXPECT_TRUE(out.to(kFloat64).allclose(want, 1e-4, 1e-4)) << rows << "x" << k << "x" << n;
              const Tensor put = c.clone();
              packed.put_product(rows, a.data_ptr<float>(), k, nullptr, put.data_ptr<float>(), n);
              EXPECT_TRUE(put.to(kFloat64).allclose(want.sub(c.to(kFloat64)), 1e-4, 1e-4));
              packed.put_product(rows, a.data_ptr<float>(), k, c.data_ptr<float>(), put.data_ptr<float>(), n);
              EXPECT_TRUE(put.sub(out).to(kFloat64).allclose(c[0].sub(c).to(kFloat64), 1e-4, 1e-4));
              const Tensor turned = c.clone();
              packed.add_transposed_product(rows, at.data_ptr<float>(), rows, turned.data_ptr<float>(), n);
              EXPECT_TRUE(turned.to(kFloat64).allclose(want, 1e-4, 1e-4)) << rows << "x" << k << "x" << n;
              cases += 2;
              return bytes_of(out) + bytes_of(turned);
            });
            // The baseline's come from BLAS.
            if (results.size() > 2) {
              EXPECT_EQ(results[1], results[2]);
            }
          }
        }
      }
    }
  }
  std::cout << cases << " products\n";
}

TEST(SequenceKernels, ThreadsChangeNoBits) {
  manual_seed(14);
  const Tensor x = randn({16 * 8, 64}).requires_grad_();
  const RecurrentWeights w{randn({1024, 64}).mul(0.1), randn({1024, 256}).mul(0.1), {}, {}, {}};
  const Tensor q = randn({4, 8, 64, 32}).requires_grad_();
  const std::vector<std::int64_t> batch_sizes(8, 16);
  const auto run = [&](int threads) {
    const int before = get_num_threads();
    set_num_threads(threads);
    const Tensor y =
        recurrent_layer(RecurrentKind::kLstm, x, batch_sizes, zeros({16, 256}), zeros({16, 256}), w).output;
    const Tensor z = attention(q, q, q, {.scale = 0.2}).output;
    const auto grads = autograd::grad({y.mul(y).sum(), z.mul(z).sum()}, {x, q});
    set_num_threads(before);
    return bytes_of(y.detach()) + bytes_of(z.detach()) + bytes_of(grads[0]) + bytes_of(grads[1]);
  };
  const std::string one = run(1);
  EXPECT_EQ(run(2), one);
  EXPECT_EQ(run(3), one);
}

TEST(SequenceKernels, ThreadsChangeNoBitsWhereSequencesEnd) {
  const std::vector<std::int64_t> batch_sizes{40, 40, 33, 17, 16, 3};
  const std::int64_t rows = 40 + 40 + 33 + 17 + 16 + 3;
  for (const auto kind : {RecurrentKind::kRnnTanh, RecurrentKind::kLstm, RecurrentKind::kGru}) {
    manual_seed(15);
    const std::int64_t sums = gates_of(kind) * 96;
    const Tensor x = randn({rows, 20}).requires_grad_();
    const RecurrentWeights w{randn({sums, 20}).mul(0.1),
                             randn({sums, 96}).mul(0.1).requires_grad_(),
                             randn({sums}),
                             randn({sums}),
                             {}};
    const Tensor h = randn({40, 96}).requires_grad_();
    const Tensor c = randn({40, 96});
    const auto run = [&](int threads) {
      const int before = get_num_threads();
      set_num_threads(threads);
      const RecurrentResult r = recurrent_layer(kind, x, batch_sizes, h, c, w);
      const auto grads = autograd::grad({r.output.mul(r.output).sum(), r.h.mul(r.h).sum()}, {x, w.state, h});
      set_num_threads(before);
      std::string bytes = bytes_of(r.output.detach()) + bytes_of(r.h.detach());
      for (const Tensor& g : grads) bytes += bytes_of(g);
      return bytes;
    };
    const std::string one = run(1);
    EXPECT_EQ(run(2), one);
    EXPECT_EQ(run(4), one);
  }
}

}  // namespace
}  // namespace ballast
