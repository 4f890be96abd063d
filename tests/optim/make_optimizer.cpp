#include "tests/optim/make_optimizer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>

namespace ballast::testing {

namespace {

OptimizerValue value_of(const Json& v) {
  if (v.is_null()) return {};
  if (v.is_boolean()) return v.get<bool>();
  if (v.is_number_integer()) return v.get<std::int64_t>();
  if (v.is_number()) return v.get<double>();
  if (v.is_string()) return v.get<std::string>();
  OptimizerSequence out{{}, true};
  for (const Json& item : v) out.items.push_back(value_of(item));
  return out;
}

template <class Options>
void set_options(Options& options, const Json& arguments) {
  const optim::Fields fields = options.fields();
  for (const auto& [name, value] : arguments.items()) {
    const auto at =
        std::ranges::find(fields, name, [](const optim::Field& f) { return std::string(f.name); });
    if (at == fields.end()) throw std::runtime_error("no option " + name);
    write_field(*at, value_of(value));
  }
}

struct Kind {
  std::unique_ptr<optim::OptimizerOptions> (*options)();
  std::unique_ptr<optim::Optimizer> (*optimizer)(const optim::OptimizerOptions&,
                                                 std::vector<optim::OptimizerParamGroup>);
};

template <class Optimizer, class Options>
Kind kind() {
  return {[]() -> std::unique_ptr<optim::OptimizerOptions> {
            if constexpr (std::is_same_v<Options, optim::SGDOptions>) {
              return std::make_unique<Options>(1e-3);
            } else {
              return std::make_unique<Options>();
            }
          },
          [](const optim::OptimizerOptions& o,
             std::vector<optim::OptimizerParamGroup> groups) -> std::unique_ptr<optim::Optimizer> {
            return std::make_unique<Optimizer>(std::move(groups), static_cast<const Options&>(o));
          }};
}

const Kind& kind_of(const std::string& name) {
  static const std::map<std::string, Kind> kTable{
      {"SGD", kind<optim::SGD, optim::SGDOptions>()},
      {"Adam", kind<optim::Adam, optim::AdamOptions>()},
      {"AdamW", kind<optim::AdamW, optim::AdamWOptions>()},
      {"RMSprop", kind<optim::RMSprop, optim::RMSpropOptions>()},
      {"Adagrad", kind<optim::Adagrad, optim::AdagradOptions>()},
      {"Adadelta", kind<optim::Adadelta, optim::AdadeltaOptions>()},
      {"Adamax", kind<optim::Adamax, optim::AdamaxOptions>()},
      {"NAdam", kind<optim::NAdam, optim::NAdamOptions>()},
      {"RAdam", kind<optim::RAdam, optim::RAdamOptions>()},
      {"LBFGS", kind<optim::LBFGS, optim::LBFGSOptions>()},
  };
  return kTable.at(name);
}

}  // namespace

std::unique_ptr<optim::OptimizerOptions> make_options(const std::string& name, const Json& arguments) {
  std::unique_ptr<optim::OptimizerOptions> options = kind_of(name).options();
  set_options(*options, arguments);
  return options;
}

std::unique_ptr<optim::Optimizer> make_optimizer(const std::string& name, const Json& arguments,
                                                 std::vector<optim::OptimizerParamGroup> groups) {
  return kind_of(name).optimizer(*make_options(name, arguments), std::move(groups));
}

double relative_difference(const Tensor& a, const Tensor& b) {
  if (a.numel() != b.numel()) throw std::runtime_error("different numbers of elements");
  const Tensor x = a.detach().to(kFloat64).contiguous();
  const Tensor y = b.detach().to(kFloat64).contiguous();
  double most = 0;
  double largest = std::numeric_limits<double>::min();
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const double d = std::abs(x.data_ptr<double>()[i] - y.data_ptr<double>()[i]);
    if (!(d <= most)) most = std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
    largest = std::max(largest, std::abs(y.data_ptr<double>()[i]));
  }
  return most / largest;
}

Tensor flat(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> rows;
  for (const Tensor& t : tensors) rows.push_back(t.detach().reshape({-1}));
  return cat(rows);
}

Problem::Problem(DType dtype) {
  const std::map<std::string, Tensor> arrays = read_npz("optim/updates.npz");
  start = arrays.at("start");
  grads = arrays.at("grads");
  std::int64_t at = 0;
  const Json table = read_json("optim/updates.json");
  for (const Json& shape : table["shapes"]) {
    const Dims sizes(shape.get<std::vector<std::int64_t>>());
    const std::int64_t n = numel_of(sizes);
    const Tensor p = start.slice(0, at, at + n).reshape(sizes).to(kCPU, dtype, false, true);
    params.push_back(p.requires_grad_());
    at += n;
  }
}

void Problem::set_grads(std::int64_t step) const {
  std::int64_t at = 0;
  for (std::size_t i = 0; i < params.size(); ++i) {
    const Tensor& p = params[i];
    const std::int64_t n = p.numel();
    p.mutable_grad() =
        step == 2 && i == 1
            ? Tensor()
            : grads[step].slice(0, at, at + n).reshape(p.sizes()).to(kCPU, p.dtype(), false, true);
    at += n;
  }
}

}  // namespace ballast::testing
