// Small models against PyTorch: outputs, losses, gradients of inputs and parameters, buffers after a step, in float32 and
// float64. tests/data/gen/gradsfix.py holds the models.
#include <functional>
#include <map>
#include <set>
#include <string>

#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/nn/nn.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

namespace F = nn::functional;
using testing::Json;

struct Model {
  std::shared_ptr<nn::Module> module;
  std::function<Tensor(const Tensor&)> forward;
};

/// A model that is one layer, or layers in a row.
template <class Holder>
Model layer(Holder holder) {
  return {holder.ptr(), [holder](const Tensor& x) { return holder->forward(x); }};
}
template <class... Layers>
Model row(Layers... layers) {
  return layer(nn::Sequential{layers...});
}

struct TiedAEImpl : nn::Module {
  TiedAEImpl() {
    weight = register_parameter("weight", empty({3, 6}));
    enc_bias = register_parameter("enc_bias", empty({3}));
    dec_bias = register_parameter("dec_bias", empty({6}));
  }
  Tensor forward(const Tensor& x) {
    return F::linear(sigmoid(F::linear(x, weight, enc_bias)), weight.t(), dec_bias);
  }
  Tensor weight, enc_bias, dec_bias;
};

struct TiedImpl : nn::Module {
  nn::Embedding embedding{7, 4};
  nn::Linear hidden{4, 4};
  nn::Linear decoder{nn::LinearOptions(4, 7).bias(false)};
  TiedImpl() {
    bind_module("embedding", embedding);
    bind_module("hidden", hidden);
    bind_module("decoder", decoder);
    decoder->weight = embedding->weight;
  }
  Tensor forward(const Tensor& x) { return decoder(tanh(hidden(embedding(x)))); }
};

struct CNNImpl : nn::Module {
  nn::Conv2d conv{nn::Conv2dOptions(2, 3, 3).padding(1)};
  nn::BatchNorm2d bn{3};
  nn::MaxPool2d pool{2};
  nn::Linear fc{27, 4};
  CNNImpl() {
    bind_module("conv", conv);
    bind_module("bn", bn);
    bind_module("pool", pool);
    bind_module("fc", fc);
  }
  Tensor forward(const Tensor& x) { return fc(pool(relu(bn(conv(x)))).flatten(1)); }
};

template <class Layer>
struct RnnImpl : nn::Module {
  Layer rnn;
  nn::Linear fc;
  template <class Options>
  RnnImpl(const Options& options, std::int64_t width) : rnn(options), fc(width, 2) {
    bind_module("rnn", rnn);
    bind_module("fc", fc);
  }
  std::string class_name() const override { return "Rnn"; }
  Tensor forward(const Tensor& x) { return fc(std::get<0>(rnn(x))); }
};

struct AttnImpl : nn::Module {
  nn::Embedding embed{nn::EmbeddingOptions(9, 4).padding_idx(0)};
  nn::MultiheadAttention attn{nn::MultiheadAttentionOptions(4, 2).batch_first(true)};
  nn::Linear fc{4, 3};
  AttnImpl() {
    bind_module("embed", embed);
    bind_module("attn", attn);
    bind_module("fc", fc);
  }
  Tensor forward(const Tensor& i) {
    const Tensor x = embed(i);
    return fc(std::get<0>(attn->forward(x, x, x, {}, false)));
  }
};

struct CellImpl : nn::Module {
  nn::LSTMCell lstm{3, 4};
  nn::GRUCell gru{4, 3};
  CellImpl() {
    bind_module("lstm", lstm);
    bind_module("gru", gru);
  }
  Tensor forward(const Tensor& x) {
    auto state = lstm(x);
    state = lstm(x * 0.5, state);
    return gru(std::get<0>(state), x);
  }
};

template <class Impl, class... Args>
Model own(Args... args) {
  const auto m = std::make_shared<Impl>(args...);
  return {m, [m](const Tensor& x) { return m->forward(x); }};
}

using Models = std::map<std::string, std::function<Model()>>;

template <class Activation>
std::function<Model()> activated() {
  return [] { return row(nn::Linear(4, 4), Activation()); };
}

Models models() {
  Models m;
  m["mlp"] = [] { return row(nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)); };
  m["tied_mlp"] = [] {
    const nn::Linear s(8, 8);
    return row(nn::Linear(4, 8), nn::ReLU(), s, nn::ReLU(), s, nn::ReLU(), nn::Linear(8, 1));
  };
  m["tied_autoencoder"] = own<TiedAEImpl>;
  m["tied_embedding"] = own<TiedImpl>;
  m["conv_bn_relu_pool_fc"] = own<CNNImpl>;
  m["conv_bn_relu_pool_fc_eval"] = own<CNNImpl>;
  m["conv_variants"] = [] {
    return row(
        nn::Conv2d(nn::Conv2dOptions(2, 4, {3, 2}).stride({2, 1}).padding({1, 0}).dilation({1, 2}).groups(2)),
        nn::LeakyReLU(0.1),
        nn::ConvTranspose2d(nn::ConvTranspose2dOptions(4, 2, 3).stride(2).padding(1).output_padding(1)),
        nn::AvgPool2d(2));
  };
  m["conv1d"] = [] {
    return row(nn::Conv1d(nn::Conv1dOptions(2, 3, 3).padding(2).dilation(2)), nn::Tanh(),
               nn::Conv1d(nn::Conv1dOptions(3, 1, 1).bias(false)));
  };
  m["rnn_tanh"] = [] { return own<RnnImpl<nn::RNN>>(nn::RNNOptions(3, 4), 4); };
  m["lstm"] = [] { return own<RnnImpl<nn::LSTM>>(nn::LSTMOptions(3, 4), 4); };
  m["lstm_2_bi"] = [] {
    return own<RnnImpl<nn::LSTM>>(nn::LSTMOptions(3, 4).num_layers(2).bidirectional(true), 8);
  };
  m["gru"] = [] { return own<RnnImpl<nn::GRU>>(nn::GRUOptions(3, 4), 4); };
  m["gru_2_batch_first"] = [] {
    return own<RnnImpl<nn::GRU>>(nn::GRUOptions(3, 4).num_layers(2).batch_first(true), 4);
  };
  m["cells"] = own<CellImpl>;
  m["embedding_attention"] = own<AttnImpl>;
  const auto encoder =
      nn::TransformerEncoderLayerOptions(8, 2).dim_feedforward(16).dropout(0.0).batch_first(true);
  m["transformer_encoder_layer"] = [encoder] { return layer(nn::TransformerEncoderLayer(encoder)); };
  m["transformer_encoder_layer_norm_first"] = [encoder] {
    auto options = encoder;
    return layer(nn::TransformerEncoderLayer(options.norm_first(true).activation(kGELU)));
  };
  m["layer_norm"] = [] {
    return row(nn::LayerNorm(nn::LayerNormOptions({6})), nn::Linear(6, 3),
               nn::LayerNorm(nn::LayerNormOptions({3})));
  };
  m["group_norm"] = [] { return row(nn::Conv2d(2, 4, 1), nn::GroupNorm(2, 4), nn::ReLU()); };
  m["batch_norm1d"] = [] {
    return row(nn::Linear(4, 3), nn::BatchNorm1d(nn::BatchNorm1dOptions(3).momentum(0.3)), nn::Sigmoid());
  };
  m["instance_norm"] = [] { return layer(nn::InstanceNorm2d(nn::InstanceNorm2dOptions(2).affine(true))); };
  m["prelu"] = [] { return row(nn::Linear(4, 4), nn::PReLU(4)); };
  m["activation_ReLU"] = activated<nn::ReLU>();
  m["activation_Tanh"] = activated<nn::Tanh>();
  m["activation_Sigmoid"] = activated<nn::Sigmoid>();
  m["activation_GELU"] = activated<nn::GELU>();
  m["activation_SELU"] = activated<nn::SELU>();
  m["activation_ELU"] = activated<nn::ELU>();
  m["activation_SiLU"] = activated<nn::SiLU>();
  m["activation_Softplus"] = activated<nn::Softplus>();
  m["activation_Hardtanh"] = activated<nn::Hardtanh>();
  m["activation_LeakyReLU"] = activated<nn::LeakyReLU>();
  m["activation_LogSigmoid"] = activated<nn::LogSigmoid>();
  m["activation_Softsign"] = activated<nn::Softsign>();
  m["activation_Mish"] = activated<nn::Mish>();
  m["activation_Hardswish"] = activated<nn::Hardswish>();
  m["activation_ReLU6"] = activated<nn::ReLU6>();
  m["softmax"] = [] { return row(nn::Linear(4, 5), nn::Softmax(1)); };
  m["log_softmax"] = [] { return row(nn::Linear(4, 5), nn::LogSoftmax(-1)); };
  for (const char* name :
       {"mse", "mse_sum", "l1", "l1_sum", "smooth_l1", "smooth_l1_sum", "huber", "huber_sum", "cross_entropy",
        "cross_entropy_smooth", "cross_entropy_ignore", "bce_logits"}) {
    m[std::string("loss_") + name] = [] { return layer(nn::Linear(4, 3)); };
  }
  m["loss_nll"] = [] { return row(nn::Linear(4, 3), nn::LogSoftmax(1)); };
  m["loss_kl"] = m["loss_nll"];
  m["loss_bce"] = [] { return row(nn::Linear(4, 3), nn::Sigmoid()); };
  return m;
}

Tensor loss_of(const std::string& kind, const Tensor& y, const Tensor& t) {
  if (kind == "mean_sq") return (y * y).mean();
  if (kind == "mse") return F::mse_loss(y, t);
  if (kind == "mse_sum") return F::mse_loss(y, t, F::MSELossFuncOptions(kSum));
  if (kind == "l1") return F::l1_loss(y, t);
  if (kind == "l1_sum") return F::l1_loss(y, t, F::L1LossFuncOptions(kSum));
  if (kind == "smooth_l1") return F::smooth_l1_loss(y, t);
  if (kind == "smooth_l1_sum")
    return F::smooth_l1_loss(y, t, F::SmoothL1LossFuncOptions().reduction(kSum).beta(0.5));
  if (kind == "huber") return F::huber_loss(y, t, F::HuberLossFuncOptions().delta(0.7));
  if (kind == "huber_sum") return F::huber_loss(y, t, F::HuberLossFuncOptions().reduction(kSum).delta(0.7));
  if (kind == "cross_entropy") return F::cross_entropy(y, t);
  if (kind == "cross_entropy_smooth") {
    return F::cross_entropy(y, t, F::CrossEntropyFuncOptions().label_smoothing(0.1).reduction(kSum));
  }
  if (kind == "cross_entropy_last") return F::cross_entropy(y.flatten(0, -2), t.flatten());
  if (kind == "nll") return F::nll_loss(y, t);
  if (kind == "bce") return F::binary_cross_entropy(y, t);
  if (kind == "bce_logits") return F::binary_cross_entropy_with_logits(y, t);
  if (kind == "kl") return F::kl_div(y, t, F::KLDivFuncOptions().reduction(kBatchMean));
  throw ValueError("no loss " + kind);
}

/// The largest difference, against the largest number there should be.
double distance(const Tensor& got, const Tensor& wanted) {
  if (got.sizes() != wanted.sizes()) return std::numeric_limits<double>::infinity();
  if (wanted.numel() == 0) return 0;
  const Tensor a = got.detach().to(kFloat64);
  const Tensor b = wanted.to(kFloat64);
  const double scale = b.abs().max().item<double>();
  const double off = (a - b).abs().max().item<double>();
  return scale == 0 ? off : off / scale;
}

double largest(const Tensor& t) { return t.numel() == 0 ? 0 : t.to(kFloat64).abs().max().item<double>(); }

/// The largest number among all gradients of a model, in float64.
double largest_gradient(const std::map<std::string, Tensor>& data) {
  double out = 0;
  for (const auto& [key, value] : data) {
    if (key.starts_with("f64/grad")) out = std::max(out, largest(value));
  }
  return out;
}

/// Whether a gradient is what large numbers leave when they cancel (that of a bias in front of a normalisation, say, which is 0 but
/// for rounding): nothing in float64 beside the others of its model, or in float32 not even PyTorch's own is within the tolerance
/// of the float64 one. Its error is then measured by the numbers that cancel.
bool cancels(const std::map<std::string, Tensor>& data, const std::string& d, const std::string& what,
             double tolerance) {
  if (!what.starts_with("grad")) return false;
  const Tensor& exact = data.at("f64/" + what);
  return largest(exact) < 1e-12 * largest_gradient(data) ||
         distance(data.at(d + "/" + what), exact) > tolerance;
}

TEST(GradsGolden, EveryModelAgreesWithPyTorch) {
  const Models all = models();
  std::set<std::string> unused;
  for (const auto& entry : all) unused.insert(entry.first);
  std::size_t cases = 0, tensors = 0, cancelled = 0;
  for (const Json& c : testing::read_json("grads/index.json")) {
    const auto name = c["name"].get<std::string>();
    SCOPED_TRACE(name);
    ASSERT_TRUE(all.contains(name));
    unused.erase(name);
    const auto data = testing::read_npz("grads/" + c["file"].get<std::string>());
    for (const DType type : {kFloat32, kFloat64}) {
      const std::string d = type == kFloat32 ? "f32" : "f64";
      const double tolerance = type == kFloat32 ? 1e-5 : 1e-10;
      SCOPED_TRACE(d);
      const Model model = all.at(name)();
      EXPECT_EQ(model.module->repr(), c["repr"].get<std::string>());
      StateDict weights;
      for (const auto& [key, value] : data) {
        if (key.starts_with("weights/")) weights.insert(key.substr(8), value);
      }
      model.module->load_state_dict(weights);
      model.module->train(c["train"].get<bool>());
      model.module->to(type);
      const Tensor& input = data.at("input");
      const Tensor x = input.is_floating_point() ? input.to(type, false, true).requires_grad_() : input;
      Tensor target;
      if (data.contains("target")) {
        target = data.at("target");
        if (target.is_floating_point()) target = target.to(type);
      }
      const Tensor y = model.forward(x);
      const Tensor loss = loss_of(c["loss"].get<std::string>(), y, target);
      loss.backward();
      const auto compare = [&](const std::string& what, const Tensor& got) {
        ASSERT_TRUE(data.contains(d + "/" + what)) << what;
        ASSERT_TRUE(got.defined()) << what;
        EXPECT_EQ(got.dtype(), type == kFloat32 || !got.is_floating_point() ? got.dtype() : kFloat64);
        if (cancels(data, d, what, tolerance)) {
          const Tensor off = got.detach().to(kFloat64) - data.at("f64/" + what);
          EXPECT_LE(largest(off), tolerance * largest_gradient(data)) << what;
          ++cancelled;
        } else {
          EXPECT_LE(distance(got, data.at(d + "/" + what)), tolerance) << what;
        }
        ++tensors;
      };
      compare("output", y);
      compare("loss", loss);
      if (x.is_floating_point()) compare("grad_input", x.grad());
      for (const auto& [parameter, p] : model.module->named_parameters()) {
        if (data.contains(d + "/grad/" + parameter)) {
          compare("grad/" + parameter, p.grad());
        } else {
          EXPECT_FALSE(p.grad().defined()) << parameter;
        }
      }
      for (const auto& [buffer, b] : model.module->named_buffers()) compare("buffer_after/" + buffer, b);
      ++cases;
    }
  }
  EXPECT_TRUE(unused.empty());
  std::cout << cases << " cases, " << tensors << " tensors compared, " << cancelled
            << " of them what cancelling leaves\n";
}

}  // namespace
}  // namespace ballast
