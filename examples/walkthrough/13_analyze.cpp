// analyze_model_parameters: a table of what a model holds.
#include <cstdint>
#include <string>

#include <ballast/ballast.h>
#include <fmt/format.h>

namespace nn = ballast::nn;

/// 1234567 as 1,234,567.
std::string with_commas(std::int64_t n) {
  std::string digits = std::to_string(n);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3) {
    digits.insert(static_cast<std::size_t>(i), ",");
  }
  return digits;
}

void analyze_model_parameters(const nn::Module& model) {
  std::int64_t total_params = 0;
  std::int64_t trainable_params = 0;
  const std::string rule(50, '=');

  fmt::print("{}\n", rule);
  fmt::print("Model Parameter Analysis\n");
  fmt::print("{}\n", rule);

  for (const auto& [name, param] : model.named_parameters()) {
    const std::int64_t param_count = param.numel();
    total_params += param_count;

    if (param.requires_grad()) {
      trainable_params += param_count;
    }

    fmt::print("{:20s} | Shape: {:20s} | Params: {:8d} | Trainable: {}\n", name,
               fmt::format("{}", param.shape()), param_count, ballast::python_repr(param.requires_grad()));
  }

  fmt::print("{}\n", rule);
  fmt::print("Total parameters: {}\n", with_commas(total_params));
  fmt::print("Trainable parameters: {}\n", with_commas(trainable_params));
  fmt::print("Non-trainable parameters: {}\n", with_commas(total_params - trainable_params));
  fmt::print("{}\n", rule);
}

int main() {
  ballast::manual_seed(0);
  nn::Sequential mlp{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)};
  analyze_model_parameters(*mlp);

  nn::Linear shared_layer(8, 8);
  nn::Sequential tied{nn::Linear(4, 8), nn::ReLU(), shared_layer,    nn::ReLU(),
                      shared_layer,     nn::ReLU(), nn::Linear(8, 1)};
  analyze_model_parameters(*tied);

  nn::Sequential big;
  big->add_module("a_rather_long_name_of_a_layer", nn::Conv2d(64, 128, 3));
  big->add_module("norm", nn::BatchNorm2d(128));
  big->add_module("fc", nn::Linear(1024, 1000));
  for (const auto& p : big[0]->parameters()) {
    p.requires_grad_(false);
  }
  big->get_submodule("norm")->requires_grad_(false);
  analyze_model_parameters(*big);
  analyze_model_parameters(*nn::ReLU());
}
