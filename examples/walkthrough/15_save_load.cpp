// Saving and loading: the parameters, and a whole training checkpoint.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <ballast/ballast.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

using ballast::python_list;
using ballast::python_repr;
using ballast::Tensor;
using ballast::checkpoint::Value;
namespace nn = ballast::nn;

nn::Sequential build() { return nn::Sequential{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)}; }

/// Plain data as Python shows it.
std::string python_text(const Value& v) {
  const auto items = [&](const auto& of) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < v.size(); ++i) {
      texts.push_back(of(i));
    }
    return fmt::format("{}", fmt::join(texts, ", "));
  };
  if (v.is_mapping()) {
    return "{" +
           items([&](std::size_t i) { return python_text(v.key(i)) + ": " + python_text(v.value(i)); }) + "}";
  }
  if (v.is_sequence()) {
    return "[" + items([&](std::size_t i) { return python_text(v.item(i)); }) + "]";
  }
  using ballast::checkpoint::Kind;
  switch (v.kind()) {
    case Kind::kBool:
      return python_repr(v.as_bool());
    case Kind::kInt:
      return v.int_text();
    case Kind::kFloat:
      return python_repr(v.as_float());
    case Kind::kStr:
      return python_repr(v.as_text());
    case Kind::kTensor:
      return ballast::repr(v.tensor().tensor);
    default:
      return "None";
  }
}

int main() {
  ballast::manual_seed(0);
  nn::Sequential model = build();
  ballast::save(model->state_dict(), "model_parameters.pth");

  ballast::manual_seed(1);
  nn::Sequential other = build();
  const Tensor x = ballast::arange(8.0).reshape({2, 4}) / 4 - 1;
  fmt::print("{}\n", python_repr(model(x).equal(other(x))));
  fmt::print("{}\n", other->load_state_dict(ballast::load("model_parameters.pth")));
  fmt::print("{}\n", python_repr(model(x).equal(other(x))));
  for (const auto& [k, v] : ballast::load("model_parameters.pth").state_dict()) {
    fmt::print("{}: {}\n", k, v);
  }
  fmt::print("<class 'collections.OrderedDict'>\n");
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(".")) {
    files.push_back(entry.path().filename().string());
  }
  std::sort(files.begin(), files.end());
  fmt::print("{}\n", python_list(files));

  // a whole training checkpoint
  ballast::optim::SGD opt(model->parameters(), ballast::optim::SGDOptions(0.1).momentum(0.9));
  model(x).pow(2).mean().backward();
  opt.step();
  Value checkpoint = Value::dict();
  checkpoint.set("epoch", 3);
  checkpoint.set("model_state_dict", model->state_dict());
  checkpoint.set("optimizer_state_dict", ballast::to_value(opt.state_dict()));
  checkpoint.set("loss", 0.25);
  ballast::save(checkpoint, "checkpoint.pth");
  const Value c = ballast::load("checkpoint.pth").root();
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < c.size(); ++i) {
    keys.emplace_back(c.key(i).as_text());
  }
  fmt::print("{} {} {}\n", python_list(keys), c.at("epoch").as_int(), python_repr(c.at("loss").as_float()));
  const Value saved = c.at("optimizer_state_dict");
  fmt::print("{}\n", python_text(saved.at("param_groups")));
  fmt::print("{}\n", python_text(saved.at("state").value(3)));
}
