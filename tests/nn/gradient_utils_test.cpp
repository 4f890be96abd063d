// Clipping of gradients and averages of models, against tests/data/optim.
#include <cmath>
#include <iostream>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/nn/nn.h"
#include "ballast/ops/ops.h"
#include "ballast/optim/averaged_parameters.h"

namespace ballast::testing {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

/// The tensors of tests/data/gen/optimfix.py, `problem`, out of their row of elements.
std::vector<Tensor> parts(const Tensor& row, DType dtype) {
  std::vector<Tensor> out;
  std::int64_t at = 0;
  for (const std::vector<std::int64_t>& sizes :
       std::vector<std::vector<std::int64_t>>{{3, 5}, {7}, {}, {2, 3, 2}}) {
    const std::int64_t n = numel_of(sizes);
    out.push_back(row.slice(0, at, at + n).reshape(sizes).to(kCPU, dtype, false, true));
    at += n;
  }
  return out;
}

std::vector<double> elements(const std::vector<Tensor>& tensors) {
  std::vector<double> out;
  for (const Tensor& t : tensors) {
    const Tensor flat = t.detach().to(kFloat64).reshape({-1});
    for (std::int64_t i = 0; i < flat.numel(); ++i) out.push_back(flat[i].item<double>());
  }
  return out;
}

double difference(const std::vector<double>& a, const std::vector<double>& b) {
  double most = a.size() == b.size() ? 0 : kInf;
  double largest = 1e-30;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    most = std::max(most, std::abs(a[i] - b[i]));
    largest = std::max(largest, std::abs(b[i]));
  }
  return most / largest;
}

TEST(ClipGradNorm, NormsAndGradientsArePyTorchs) {
  const std::map<std::string, Tensor> arrays = read_npz("optim/updates.npz");
  int cases = 0;
  for (const Json& c : read_json("optim/clipping.json")) {
    const std::string type = c["norm_type"];
    SCOPED_TRACE(c["dtype"].get<std::string>() + ", norm " + type + ", at most " + c["max_norm"].dump());
    const DType dtype = c["dtype"] == "float64" ? kFloat64 : kFloat32;
    const std::vector<Tensor> params = parts(arrays.at("start"), dtype);
    const std::vector<Tensor> grads = parts(arrays.at("grads")[0], dtype);
    std::vector<Tensor> with;
    for (std::size_t i = 0; i < params.size(); ++i) {
      params[i].requires_grad_();
      if (i == 1) continue;
      params[i].mutable_grad() = grads[i];
      with.push_back(grads[i]);
    }
    const std::vector<double> before = elements(with);
    const double norm =
        nn::utils::clip_grad_norm_(params, c["max_norm"], type == "inf" ? kInf : std::stod(type));
    const double tolerance = dtype == kFloat64 ? 1e-12 : 1e-6;
    EXPECT_LE(difference({norm}, {c["norm"].get<double>()}), tolerance);
    EXPECT_LE(difference(elements(with), c["grads"].get<std::vector<double>>()), tolerance);
    EXPECT_TRUE(norm >= c["max_norm"].get<double>() || elements(with) == before);
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " norms\n";
}

Tensor with_grad(const std::vector<double>& grad, DType dtype = kFloat64) {
  Tensor p = zeros({static_cast<std::int64_t>(grad.size())}, TensorOptions(dtype)).requires_grad_();
  p.mutable_grad() = tensor(grad, TensorOptions(dtype));
  return p;
}

TEST(ClipGradNorm, OverflowsWherePyTorchDoes) {
  for (const auto& [type, norm] : std::vector<std::pair<double, double>>{
           {2, kInf}, {3.5, kInf}, {1, 4e200}, {0.1, 2.048e203}, {kInf, 2e200}, {-1, 1e200}, {0, 1}}) {
    const double found = nn::utils::clip_grad_norm_(with_grad({2e200, 2e200}), 1, type);
    EXPECT_TRUE(found == norm || std::abs(found / norm - 1) < 1e-12) << type << ": " << found;
  }
  // In float, from the square on.
  EXPECT_EQ(nn::utils::clip_grad_norm_(with_grad({2e20, 2e20}, kFloat32), 1, 2), kInf);
  EXPECT_NEAR(nn::utils::clip_grad_norm_(with_grad({2e20, 2e20}, kFloat32), 1, 1), 4e20, 1e14);
}

TEST(ClipGradNorm, NonFiniteNormsAreAnErrorIfAsked) {
  const Tensor p = with_grad({1, kInf});
  EXPECT_EQ(text_of([&] { nn::utils::clip_grad_norm_(p, 1, 2, true); }),
            "The total norm of order 2 for gradients from `parameters` is non-finite, so it cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`");
  EXPECT_EQ(elements({p.grad()}), (std::vector<double>{1, kInf}));
  EXPECT_EQ(nn::utils::clip_grad_norm_(std::vector<Tensor>{}, 1), 0);
}

TEST(ClipGradValue, BringsElementsIntoTheRange) {
  const Tensor p = with_grad({-3, 0.25, std::nan(""), 2});
  const Tensor none = zeros({2}).requires_grad_();
  nn::utils::clip_grad_value_({p, none}, 1);
  const std::vector<double> g = elements({p.grad()});
  EXPECT_EQ(g[0], -1);
  EXPECT_EQ(g[1], 0.25);
  EXPECT_TRUE(std::isnan(g[2]));
  EXPECT_EQ(g[3], 1);
  nn::utils::clip_grad_value_(p, 0.5);
  EXPECT_EQ(p.grad()[0].item<double>(), -0.5);
}

struct NetImpl : nn::Cloneable<NetImpl> {
  NetImpl() {
    bind_parameter("w", w);
    bind_parameter("b", b);
    bind_buffer("running", running);
    bind_buffer("count", count);
  }
  Tensor forward(const Tensor& x) { return x + b; }
  Tensor w = Parameter(zeros({3, 5})), b = Parameter(zeros({7}));
  Tensor running = zeros({2, 3, 2}), count = full({}, 5, kInt64);
};
BALLAST_MODULE(Net);

TEST(AveragedModel, AveragesArePyTorchs) {
  const std::map<std::string, Tensor> arrays = read_npz("optim/updates.npz");
  int cases = 0;
  for (const Json& c : read_json("optim/averages.json")) {
    SCOPED_TRACE(c["kind"].get<std::string>() + " " + c["use_buffers"].dump());
    const std::vector<Tensor> start = parts(arrays.at("start"), kFloat32);
    Net net;
    net->w.data().copy_(start[0]);
    net->b.data().copy_(start[1]);
    net->running.copy_(start[3]);
    nn::utils::AveragedModelOptions options;
    if (c["kind"] == "ema") options.decay = 0.9;
    if (c["kind"] == "ema_0.3") options.decay = 0.3;
    options.use_buffers = c["use_buffers"];
    nn::utils::AveragedModel averaged(net, options);
    optim::AveragedParameters list({net->w, net->b}, options.decay);
    std::vector<std::string> keys;
    for (const auto& [name, t] : averaged->state_dict()) keys.push_back(name);
    EXPECT_EQ(Json(keys), c["keys"]);
    for (std::int64_t s = 0; s < 4; ++s) {
      const std::vector<Tensor> change = parts(arrays.at("grads")[s], kFloat32);
      net->w.data().add_(change[0]);
      net->b.data().add_(change[1]);
      net->running.add_(change[3]);
      net->count.add_(2);
      averaged->update_parameters(*net);
      list.update({net->w, net->b});
      const auto* const copy = averaged->module()->as<NetImpl>();
      const std::vector<double> found = elements({copy->w, copy->b, copy->running, copy->count});
      EXPECT_LE(difference(found, c["values"][static_cast<std::size_t>(s)].get<std::vector<double>>()), 1e-6);
      EXPECT_EQ(elements(list.values()), elements({copy->w, copy->b}));
    }
    EXPECT_EQ(averaged->n_averaged.item<std::int64_t>(), c["n_averaged"].get<std::int64_t>());
    EXPECT_EQ(list.n_averaged(), c["n_averaged"].get<std::int64_t>());
    EXPECT_FALSE(averaged->module()->parameters()[0].is_same(net->w));
    EXPECT_TRUE(averaged->forward(zeros({7})).equal(averaged->module()->as<NetImpl>()->b));
    list.copy_to({net->w, net->b});
    EXPECT_TRUE(net->w.equal(averaged->module()->parameters()[0]));
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " averages of four steps\n";
}

TEST(AveragedModel, TiesStayTiesAndDecaysAreChecked) {
  nn::Linear shared(3, 3);
  nn::Sequential net{shared, nn::ReLU(), shared};
  nn::utils::AveragedModel averaged(net);
  EXPECT_EQ(averaged->parameters().size(), 2u);
  averaged->update_parameters(*net);
  EXPECT_EQ(text_of<ValueError>(
                [&] { nn::utils::AveragedModel bad(net, nn::utils::AveragedModelOptions{.decay = 1.5}); }),
            "Invalid decay value 1.5 provided. Please provide a value in [0,1] range.");
  EXPECT_EQ(text_of<ValueError>(
                [&] { averaged->update_parameters(*nn::Linear(nn::LinearOptions(3, 3).bias(false))); }),
            "the averaged model has 2 parameters, and the model 1");
  EXPECT_EQ(text_of<ShapeError>([&] { averaged->update_parameters(*nn::Linear(3, 4)); }),
            "an average of shape [3, 3] cannot take a value of shape [4, 3]");
}

}  // namespace
}  // namespace ballast::testing
