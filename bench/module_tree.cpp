#include <cstdint>
#include <memory>
#include <stdexcept>

#include "bench/workload.h"

#include "ballast/ballast.h"

namespace ballast::bench {
namespace {

/// A root with 20 x 20 x 25 leaves Linear(4,4): 10,000 leaves, 20,000 parameters, names like
/// s3.b7.l11.weight.
std::shared_ptr<nn::Module> build_tree(int width = 20, int depth_width = 20, int leaves = 25) {
  auto root = std::make_shared<nn::Module>();
  for (int s = 0; s < width; ++s) {
    auto stage = std::make_shared<nn::Module>();
    for (int b = 0; b < depth_width; ++b) {
      auto block = std::make_shared<nn::Module>();
      for (int l = 0; l < leaves; ++l) block->register_module("l" + std::to_string(l), nn::Linear(4, 4));
      stage->register_module("b" + std::to_string(b), std::move(block));
    }
    root->register_module("s" + std::to_string(s), std::move(stage));
  }
  return root;
}

// Keeps a result from being optimised away, and the walk honest.
void expect(bool good) {
  if (!good) throw std::runtime_error("the workload did not do its work");
}

}  // namespace

std::vector<Workload> module_tree_workloads() {
  constexpr std::int64_t kElements = 200'000;
  return {
      {.name = "iterate.construct", .prepare = [] { return [] { expect(build_tree() != nullptr); }; }},
      {.name = "iterate.construct_meta",
       .prepare =
           [] {
             return [] {
               const DefaultDeviceGuard meta{Device(kMeta)};
               expect(build_tree() != nullptr);
             };
           }},
      {.name = "iterate.parameters",
       .prepare =
           [] {
             return [tree = build_tree()] {
               std::int64_t n = 0;
               for (const auto& p : tree->parameters()) n += p.numel();
               expect(n == kElements);
             };
           }},
      {.name = "iterate.named_parameters",
       .prepare =
           [] {
             return [tree = build_tree()] {
               std::int64_t n = 0;
               std::size_t letters = 0;
               for (const auto& [name, p] : tree->named_parameters()) {
                 n += p.numel();
                 letters += name.size();
               }
               expect(n == kElements && letters > 20'000);
             };
           }},
      {.name = "iterate.state_dict",
       .prepare = [] { return [tree = build_tree()] { expect(tree->state_dict().size() == 20'000); }; }},
      {.name = "iterate.load_state_dict",
       .prepare =
           [] {
             return [tree = build_tree(), state = build_tree()->state_dict()] {
               expect(tree->load_state_dict(state).missing_keys.empty());
             };
           }},
      {.name = "iterate.list_million_meta",
       .prepare =
           [] {
             const DefaultDeviceGuard meta{Device(kMeta)};
             return
                 [tree = build_tree(100, 100, 50)] { expect(tree->named_parameters().size() == 1'000'000); };
           },
       .samples = 5,
       .warmup = 1},
  };
}

}  // namespace ballast::bench
