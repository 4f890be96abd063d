// Loading a part of the parameters (transfer learning), strict and not.
#include <string>
#include <vector>

#include <ballast/ballast.h>
#include <fmt/format.h>

using ballast::python_list;
using ballast::StateDict;
namespace nn = ballast::nn;

struct OldImpl : nn::Cloneable<OldImpl> {
  nn::Sequential body{nn::Linear(4, 6), nn::ReLU(), nn::Linear(6, 6)};
  nn::Linear head{6, 10};
  nn::Linear gone{2, 2};

  OldImpl() {
    bind_module("body", body);
    bind_module("head", head);
    bind_module("gone", gone);
  }
};
BALLAST_MODULE(Old);

struct NewImpl : nn::Cloneable<NewImpl> {
  nn::Sequential body{nn::Linear(4, 6), nn::ReLU(), nn::Linear(6, 6)};
  nn::Linear head{6, 3};
  nn::Linear extra{3, 3};

  NewImpl() {
    bind_module("body", body);
    bind_module("head", head);
    bind_module("extra", extra);
  }
};
BALLAST_MODULE(New);

int main() {
  ballast::manual_seed(0);
  ballast::save(Old()->state_dict(), "pretrained_model.pth");
  ballast::manual_seed(1);
  New model;

  StateDict model_dict = model->state_dict();
  StateDict pretrained_dict;
  for (const auto& [k, v] : ballast::load("pretrained_model.pth").state_dict()) {
    if (model_dict.contains(k) && v.sizes() == model_dict[k].sizes()) {
      pretrained_dict.insert(k, v);
    }
  }
  fmt::print("{}\n", python_list(pretrained_dict.keys()));
  for (const auto& [k, v] : pretrained_dict) {
    model_dict.assign(k, v);
  }
  fmt::print("{}\n", model->load_state_dict(model_dict));
  for (const auto& [k, v] : model->state_dict()) {
    fmt::print("{}: {}\n", k, v);
  }

  const StateDict full = ballast::load("pretrained_model.pth").state_dict();
  for (const bool strict : {true, false}) {
    try {
      fmt::print("{}\n", model->load_state_dict(full, {.strict = strict}));
    } catch (const ballast::Error& e) {
      fmt::print("RuntimeError: {}\n", e.what());
    }
  }
  StateDict same_sizes;
  for (const auto& [k, v] : full) {
    if (!k.starts_with("head")) {
      same_sizes.insert(k, v);
    }
  }
  fmt::print("{}\n", model->load_state_dict(same_sizes, {.strict = false}));
  try {
    (void)model->load_state_dict(same_sizes);
  } catch (const ballast::Error& e) {
    fmt::print("RuntimeError: {}\n", e.what());
  }
  for (const auto& p : model->body->parameters()) {
    p.requires_grad_(false);
  }
  std::vector<std::string> trainable;
  for (const auto& [n, p] : model->named_parameters()) {
    if (p.requires_grad()) {
      trainable.push_back(n);
    }
  }
  fmt::print("{}\n", python_list(trainable));
}
