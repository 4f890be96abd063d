// The fast samplers against their slow twins (slow_random.h): every instruction set, any number of threads, any place in the
// stream, any layout.
#include <algorithm>
#include <functional>
#include <iostream>
#include <numeric>

#include "tests/ops/slow_random.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/core/cpu.h"
#include "ballast/core/parallel.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/random.h"
#include "ballast/ops/random_trunc_normal.h"

namespace ballast {
namespace {

using namespace testing;

constexpr SimdLevel kLevels[] = {SimdLevel::kBaseline, SimdLevel::kAvx2, SimdLevel::kAvx512};

template <class F>
void at_every_level(const F& f) {
  for (const SimdLevel level : kLevels) {
    if (level > best_simd_level()) continue;
    SCOPED_TRACE("SIMD level " + std::to_string(static_cast<int>(level)));
    set_simd_level(level);
    f();
  }
  set_simd_level(best_simd_level());
}

template <class T>
std::string bytes_of_values(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <class F>
void for_each_dtype(const F& f) {
  f(std::type_identity<float>{});
  f(std::type_identity<double>{});
  f(std::type_identity<Half>{});
  f(std::type_identity<BFloat16>{});
}

/// A sampler and its twin.
struct Sampler {
  std::string name;
  std::function<void(const Tensor&, const Generator&)> fill;
  /// n values of the type, as bytes; the tensor is contiguous, or those of later rounds are.
  std::function<std::string(SlowGenerator&, DType, std::size_t n, bool contiguous, bool later_contiguous)>
      twin;
};

template <class F>
std::string bytes_in(DType dtype, const F& f) {
  std::string out;
  for_each_dtype([&]<class T>(std::type_identity<T> tag) {
    if (dtype == dtype_of<T>) out = bytes_of_values(f(tag));
  });
  return out;
}

Sampler uniform(double from, double to) {
  return {fmt::format("uniform_({}, {})", from, to),
          [=](const Tensor& t, const Generator& g) { t.uniform_(from, to, g); },
          [=](SlowGenerator& g, DType dtype, std::size_t n, bool, bool) {
            return bytes_in(dtype,
                            [&]<class T>(std::type_identity<T>) { return slow_uniform<T>(g, n, from, to); });
          }};
}

Sampler normal_sampler(double mean, double std) {
  return {fmt::format("normal_({}, {})", mean, std),
          [=](const Tensor& t, const Generator& g) { t.normal_(mean, std, g); },
          [=](SlowGenerator& g, DType dtype, std::size_t n, bool contiguous, bool) {
            return bytes_in(dtype, [&]<class T>(std::type_identity<T>) {
              return slow_normal<T>(g, n, mean, std, contiguous);
            });
          }};
}

Sampler trunc_normal(double mean, double std, double a, double b) {
  return {fmt::format("trunc_normal_({}, {}, {}, {})", mean, std, a, b),
          [=](const Tensor& t, const Generator& g) { trunc_normal_fill(t, mean, std, a, b, g); },
          [=](SlowGenerator& g, DType dtype, std::size_t n, bool contiguous, bool later) {
            return bytes_in(dtype, [&]<class T>(std::type_identity<T>) {
              return slow_trunc_normal<T>(g, n, mean, std, a, b, contiguous, later);
            });
          }};
}

std::vector<Sampler> samplers() {
  return {uniform(0, 1),
          uniform(-0.37, 0.91),
          uniform(3, 3),
          normal_sampler(0, 1),
          normal_sampler(0.3, 1.7),
          normal_sampler(-2, 0),
          trunc_normal(0, 1, -2, 2),
          trunc_normal(0.1, 0.02, 0.09, 0.15),
          trunc_normal(0, 1, 3, 5),
          trunc_normal(-0.4, 2, 0, 0.3)};
}

constexpr DType kDTypes[] = {kFloat32, kFloat64, kFloat16, kBFloat16};

/// Sizes around the blocks of 16, the state of 624 words, the pieces of 2496.
const std::vector<std::int64_t>& sizes() {
  static const std::vector<std::int64_t> kSizes = [] {
    std::vector<std::int64_t> out(36);
    std::iota(out.begin(), out.end(), 0);
    for (const std::int64_t n :
         {47, 64, 311, 312, 313, 623, 624, 625, 640, 1247, 1250, 2495, 2496, 2497, 2512, 5003})
      out.push_back(n);
    return out;
  }();
  return kSizes;
}

/// Whether generator and twin stand at the same place: they go on alike.
void expect_same_place(const Generator& g, SlowGenerator& slow, const std::string& where) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(empty(1, kFloat64).normal_(0, 1, g).item<double>(), slow.normal()) << where;
  }
  EXPECT_EQ(g.random(), slow.word()) << where;
}

TEST(RandomTwin, ContiguousTensorsOfEverySizeAnywhereInTheStream) {
  int cases = 0;
  at_every_level([&] {
    for (const Sampler& sampler : samplers()) {
      for (const DType dtype : kDTypes) {
        for (const std::int64_t n : sizes()) {
          for (const int before : {0, 1, 7, 623, 624}) {
            if (n > 700 && before != 7) continue;
            const auto seed = static_cast<std::uint32_t>(n * 31 + before);
            const Generator g(seed);
            SlowGenerator slow(seed);
            for (int i = 0; i < before; ++i) ASSERT_EQ(g.random(), slow.word());
            const Tensor t = empty(n, dtype);
            sampler.fill(t, g);
            const std::string where =
                fmt::format("{} of {} {} after {} words", sampler.name, n, dtype_name(dtype), before);
            ASSERT_EQ(bytes_of(t), sampler.twin(slow, dtype, static_cast<std::size_t>(n), true, true))
                << where;
            expect_same_place(g, slow, where);
            ++cases;
          }
        }
      }
    }
  });
  std::cout << "[ cases ] " << cases << " fills\n";
}

TEST(RandomTwin, AnyNumberOfThreads) {
  constexpr std::int64_t kLarge = (std::int64_t{1} << 21) + 17;
  const int threads_before = get_num_threads();
  for (const Sampler& sampler : {uniform(-0.37, 0.91), normal_sampler(0.3, 1.7), trunc_normal(0, 1, -2, 2)}) {
    for (const DType dtype : kDTypes) {
      SlowGenerator slow(5);
      static_cast<void>(slow.word());
      const std::string expected = sampler.twin(slow, dtype, kLarge, true, true);
      for (const int threads : {1, 2, 3, 5}) {
        set_num_threads(threads);
        const Generator g(5);
        static_cast<void>(g.random());
        const Tensor t = empty(kLarge, dtype);
        sampler.fill(t, g);
        SlowGenerator after = slow;
        const std::string where =
            fmt::format("{} {} on {} threads", sampler.name, dtype_name(dtype), threads);
        EXPECT_TRUE(bytes_of(t) == expected) << where;
        expect_same_place(g, after, where);
      }
    }
  }
  set_num_threads(threads_before);
}

/// A tensor's elements in the order of their addresses.
std::string bytes_in_memory_order(const Tensor& t) {
  const std::string logical = bytes_of(t);
  const auto size = static_cast<std::size_t>(t.itemsize());
  std::vector<std::pair<std::int64_t, std::size_t>> order;  // address, place in `logical`
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    std::int64_t at = 0;
    std::int64_t rest = i;
    for (std::size_t d = t.sizes().size(); d-- > 0; rest /= t.sizes()[d])
      at += rest % t.sizes()[d] * t.strides()[d];
    order.emplace_back(at, static_cast<std::size_t>(i));
  }
  std::sort(order.begin(), order.end());
  std::string out;
  for (const auto& [address, place] : order) out += logical.substr(place * size, size);
  return out;
}

TEST(RandomTwin, DestinationsThatAreNotContiguousAreFilledInMemoryOrder) {
  struct View {
    const char* name;
    std::function<Tensor(DType)> make;
    bool later_contiguous;  // what empty_like makes of it
  };
  const std::vector<View> views{
      {"transposed",
       [](DType d) {
         return empty({19, 23}, d).t();
       },
       false},
      {"permuted",
       [](DType d) {
         return empty({5, 4, 7}, d).permute({2, 0, 1});
       },
       false},
      {"channels last",
       [](DType d) {
         return empty({2, 5, 6, 3}, d).permute({0, 3, 1, 2});
       },
       false},
      {"every other column",
       [](DType d) {
         return empty({11, 26}, d).slice(1, 0, std::nullopt, 2);
       },
       true},
      {"inner columns",
       [](DType d) {
         return empty({40, 9}, d).slice(1, 2, 7);
       },
       true},
      {"every third of a vector", [](DType d) { return empty({100}, d).slice(0, 1, std::nullopt, 3); }, true},
      {"transposed rows with gaps",
       [](DType d) {
         return empty({9, 30}, d).slice(1, 0, 29, 2).t();
       },
       false},
      {"short",
       [](DType d) {
         return empty({3, 5}, d).t();
       },
       false},
  };
  at_every_level([&] {
    for (const View& view : views) {
      for (const Sampler& sampler : samplers()) {
        for (const DType dtype : kDTypes) {
          const Generator g(11);
          SlowGenerator slow(11);
          const Tensor t = view.make(dtype);
          sampler.fill(t, g);
          const std::string where = fmt::format("{} {} {}", sampler.name, dtype_name(dtype), view.name);
          ASSERT_EQ(bytes_in_memory_order(t), sampler.twin(slow, dtype, static_cast<std::size_t>(t.numel()),
                                                           false, view.later_contiguous))
              << where;
          expect_same_place(g, slow, where);
        }
      }
    }
  });
}

TEST(RandomTwin, ElementsBesideAViewAreLeftAlone) {
  for (const Sampler& sampler : samplers()) {
    const Tensor base = full({12, 26}, 77.0);
    sampler.fill(base.slice(1, 1, 25, 2), Generator(3));
    EXPECT_TRUE(base.slice(1, 0, 26, 2).eq(77).all().item<bool>()) << sampler.name;
    EXPECT_TRUE(base.slice(1, 25).eq(77).all().item<bool>()) << sampler.name;
  }
}

}  // namespace
}  // namespace ballast
