// The general pattern of initialisation: one function that looks at each module, by modules() and by apply().
#include <string>
#include <vector>

#include <ballast/ballast.h>
#include <fmt/format.h>

using ballast::python_list;
using ballast::python_repr;
using ballast::Tensor;
namespace nn = ballast::nn;
namespace init = ballast::nn::init;

struct ModelImpl : nn::Cloneable<ModelImpl> {
  nn::Conv2d conv1{nn::Conv2dOptions(1, 2, 3).padding(1)};
  nn::BatchNorm2d bn1{2};
  nn::Conv2d conv2{nn::Conv2dOptions(2, 3, 3).bias(false)};
  nn::Linear fc{3 * 4 * 4, 2};

  ModelImpl() {
    bind_module("conv1", conv1);
    bind_module("bn1", bn1);
    bind_module("conv2", conv2);
    bind_module("fc", fc);
  }

  Tensor forward(Tensor data) {
    data = ballast::relu(bn1(conv1(data)));
    data = ballast::relu(conv2(data));
    return fc(data.flatten(1));
  }
};
BALLAST_MODULE(Model);

void initialize_one(nn::Module& m) {
  if (auto* linear = m.as<nn::Linear>()) {
    init::xavier_normal_(linear->weight);
    if (linear->bias.defined()) {
      init::constant_(linear->bias, 0);
    }
  } else if (auto* conv = m.as<nn::Conv2d>()) {
    init::kaiming_normal_(conv->weight, 0, "fan_out", "relu");
    if (conv->bias.defined()) {
      init::constant_(conv->bias, 0);
    }
  }
}

void initialize(nn::Module& model) {
  for (const auto& m : model.modules()) {
    initialize_one(*m);
  }
}

int main() {
  ballast::manual_seed(0);
  Model model_instance;
  fmt::print("{}\n", model_instance);
  initialize(*model_instance);
  for (const auto& [name, param] : model_instance->named_parameters()) {
    fmt::print("{} {}\n", name, param);
  }
  for (const auto& [name, buffer] : model_instance->named_buffers()) {
    fmt::print("{} {}\n", name, buffer);
  }

  ballast::manual_seed(0);
  std::vector<std::string> order;
  model_instance->apply([&](nn::Module& m) { order.push_back(m.class_name()); });
  fmt::print("{}\n", python_list(order));
  fmt::print("{}\n", python_repr(&model_instance->apply(initialize) == model_instance.get()));
  fmt::print("{}\n", model_instance->fc->weight[0].slice(0, 0, 4));
  model_instance->eval();
  fmt::print("{}\n", model_instance(ballast::ones({2, 1, 6, 6})).shape());
}
