#include <functional>
#include <utility>

#include "bench/workload.h"

#include "ballast/ballast.h"

namespace ballast::bench {
namespace {

/// One call on a tensor whose pages are already touched.
Workload on_touched(std::string name, std::vector<std::int64_t> sizes,
                    std::function<void(const Tensor&)> call, int samples = 7) {
  return {.name = std::move(name),
          .prepare =
              [sizes = std::move(sizes), call = std::move(call)] {
                Tensor t = zeros(sizes);
                manual_seed(0);
                return [t, call] { call(t); };
              },
          .samples = samples,
          .warmup = 1};
}

}  // namespace

std::vector<Workload> initialisation_workloads() {
  const std::vector<std::int64_t> large{5000, 10000};
  const std::vector<std::int64_t> square{1024, 1024};
  return {
      on_touched("init.uniform", large, [](const Tensor& t) { nn::init::uniform_(t); }),
      on_touched("init.kaiming_uniform", large, [](const Tensor& t) { nn::init::kaiming_uniform_(t); }),
      on_touched("init.normal", large, [](const Tensor& t) { nn::init::normal_(t); }),
      on_touched("init.xavier_normal", large, [](const Tensor& t) { nn::init::xavier_normal_(t); }),
      on_touched(
          "init.trunc_normal", large, [](const Tensor& t) { nn::init::trunc_normal_(t); }, 3),
      on_touched("init.constant", large, [](const Tensor& t) { nn::init::constant_(t, 0.5); }),
      on_touched("init.orthogonal_1024", square, [](const Tensor& t) { nn::init::orthogonal_(t); }),
      on_touched("init.sparse_1024", square, [](const Tensor& t) { nn::init::sparse_(t, 0.9); }),
      {.name = "construct.linear8x2048",
       .prepare =
           [] {
             return [] {
               nn::Sequential net;
               for (int i = 0; i < 8; ++i) net->push_back(nn::Linear(2048, 2048));
             };
           },
       .samples = 7,
       .warmup = 1},
  };
}

}  // namespace ballast::bench
