// Layers over sequences against PyTorch: outputs and all gradients of tests/data/nn/sequences.npz, whose
// generator has the same cases by name (tests/data/gen/sequencefix.py), in both float types.
#include <functional>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/ballast.h"

namespace ballast {
namespace {

namespace F = nn::functional;
namespace rnn = nn::utils::rnn;
using Tensors = std::vector<Tensor>;
using Run = std::function<Tensors(const Tensors&)>;

/// A model, to be made once the generator is seeded, and how it is called.
struct Model {
  std::shared_ptr<nn::Module> module;  ///< null for functions
  Run run;
};
using Make = std::function<Model()>;
using Cases = std::map<std::string, Make>;

template <class Layer>
Make calling(const std::function<Layer()>& make, const std::function<Tensors(Layer&, const Tensors&)>& call) {
  return [=] {
    Layer layer = make();
    return Model{layer.ptr(), [layer, call](const Tensors& in) mutable { return call(layer, in); }};
  };
}
Make function(const Run& run) {
  return [run] { return Model{nullptr, run}; };
}

// -------------------------------------------------------------------------------------------- embeddings

void add_embeddings(Cases& cases) {
  using nn::EmbeddingBagOptions;
  using nn::EmbeddingOptions;
  const auto embedding = [](const EmbeddingOptions& o) {
    return calling<nn::Embedding>([o] { return nn::Embedding(o); },
                                  [](nn::Embedding& m, const Tensors& in) { return Tensors{m(in[0])}; });
  };
  const EmbeddingOptions plain(7, 3);
  cases["embedding"] = embedding(plain);
  cases["embedding_padding"] = embedding(EmbeddingOptions(plain).padding_idx(-3));
  cases["embedding_by_freq"] = embedding(EmbeddingOptions(plain).padding_idx(0).scale_grad_by_freq(true));
  cases["embedding_max_norm"] = embedding(EmbeddingOptions(plain).max_norm(1.0));
  cases["embedding_max_norm_1"] = embedding(EmbeddingOptions(plain).max_norm(1.5).norm_type(1.0));

  const auto bag = [](const EmbeddingBagOptions& o) {
    return calling<nn::EmbeddingBag>([o] { return nn::EmbeddingBag(o); },
                                     [](nn::EmbeddingBag& m, const Tensors& in) {
                                       const auto given = [&](std::size_t i) {
                                         return in.size() > i ? in[i] : Tensor();
                                       };
                                       return Tensors{m(in[0], given(1), given(2))};
                                     });
  };
  const EmbeddingBagOptions bags(7, 3);
  const std::map<std::string, nn::EmbeddingBagMode> modes{{"sum", kSum}, {"mean", kMean}, {"max", kMax}};
  for (const auto& [name, mode] : modes) {
    cases["bag_" + name] = bag(EmbeddingBagOptions(bags).mode(mode));
    cases["bag_" + name + "_padding"] = bag(EmbeddingBagOptions(bags).mode(mode).padding_idx(4));
    cases["bag_" + name + "_2d"] = bag(EmbeddingBagOptions(bags).mode(mode));
  }
  cases["bag_last_offset"] = bag(EmbeddingBagOptions(bags).mode(kSum).include_last_offset(true));
  cases["bag_max_norm"] = bag(EmbeddingBagOptions(bags).mode(kSum).max_norm(1.0));
  cases["bag_weighted"] = bag(EmbeddingBagOptions(bags).mode(kSum).padding_idx(4));
  cases["bag_weighted_2d"] = calling<nn::EmbeddingBag>(
      [=] { return nn::EmbeddingBag(EmbeddingBagOptions(bags).mode(kSum)); },
      [](nn::EmbeddingBag& m, const Tensors& in) { return Tensors{m(in[0], Tensor(), in[1])}; });
}

// -------------------------------------------------------------------------------------------- recurrent
// layers

template <class Layer>
constexpr bool kIsLstm = std::is_same_v<Layer, nn::LSTM>;

/// The state that starts at input `at`, if it is given, as the layer takes it; and the layer's results in one
/// list.
template <class Layer, class Call>
Tensors with_state(const Tensors& in, std::size_t at, const Call& call) {
  if constexpr (kIsLstm<Layer>) {
    std::optional<std::tuple<Tensor, Tensor>> state;
    if (in.size() > at) state.emplace(in[at], in[at + 1]);
    auto [output, last] = call(state);
    return {output, std::get<0>(last), std::get<1>(last)};
  } else {
    auto [output, last] = call(in.size() > at ? in[at] : Tensor());
    return {output, last};
  }
}

template <class Layer, class Options>
void add_recurrent(Cases& cases, const std::string& name, const Options& options) {
  const auto plain = [](const Options& o) {
    return calling<Layer>([o] { return Layer(o); },
                          [](Layer& m, const Tensors& in) {
                            return with_state<Layer>(in, 1,
                                                     [&](const auto& s) { return m->forward(in[0], s); });
                          });
  };
  const auto packed = [](const Options& o) {
    return calling<Layer>([o] { return Layer(o); },
                          [](Layer& m, const Tensors& in) {
                            const auto p = rnn::pack_padded_sequence(in[0], in[1], false, false);
                            return with_state<Layer>(in, 2, [&](const auto& s) {
                              auto [y, last] = m->forward_with_packed_input(p, s);
                              return std::tuple(std::get<0>(rnn::pad_packed_sequence(y)), last);
                            });
                          });
  };
  cases[name] = plain(options);
  cases[name + "_state"] = plain(options);
  cases[name + "_no_bias"] = plain(Options(options).bias(false));
  cases[name + "_2_bi"] = plain(Options(options).num_layers(2).bidirectional(true));
  cases[name + "_2_batch_first"] = plain(Options(options).num_layers(2).batch_first(true));
  cases[name + "_unbatched"] = plain(Options(options).num_layers(2));
  cases[name + "_packed_bi"] = packed(Options(options).num_layers(2).bidirectional(true));
  cases[name + "_packed"] = packed(options);
}

void add_recurrent_layers(Cases& cases) {
  add_recurrent<nn::RNN>(cases, "rnn", nn::RNNOptions(3, 5));
  add_recurrent<nn::RNN>(cases, "relu", nn::RNNOptions(3, 5).nonlinearity(kReLU));
  add_recurrent<nn::LSTM>(cases, "lstm", nn::LSTMOptions(3, 5));
  add_recurrent<nn::GRU>(cases, "gru", nn::GRUOptions(3, 5));
  const auto projected = [](const nn::LSTMOptions& o) {
    return calling<nn::LSTM>([o] { return nn::LSTM(nn::LSTMOptions(o).proj_size(2)); },
                             [](nn::LSTM& m, const Tensors& in) {
                               return with_state<nn::LSTM>(
                                   in, 1, [&](const auto& s) { return m->forward(in[0], s); });
                             });
  };
  cases["lstm_proj"] = projected(nn::LSTMOptions(3, 5));
  cases["lstm_proj_2_bi"] = projected(nn::LSTMOptions(3, 5).num_layers(2).bidirectional(true));
  cases["lstm_proj_packed"] =
      calling<nn::LSTM>([] { return nn::LSTM(nn::LSTMOptions(3, 5).proj_size(2).bidirectional(true)); },
                        [](nn::LSTM& m, const Tensors& in) {
                          const auto p = rnn::pack_padded_sequence(in[0], tensor({4, 3, 1}));
                          auto [y, last] = m->forward_with_packed_input(p);
                          return Tensors{std::get<0>(rnn::pad_packed_sequence(y, false, -2.0, 6)),
                                         std::get<0>(last), std::get<1>(last)};
                        });
}

template <class Cell>
void add_cell(Cases& cases, const std::string& name, const nn::RNNCellOptions& o) {
  const auto call = [](Cell& m, const Tensors& in) {
    if constexpr (std::is_same_v<Cell, nn::LSTMCell>) {
      std::optional<std::tuple<Tensor, Tensor>> state;
      if (in.size() > 1) state.emplace(in[1], in[2]);
      auto [h, c] = m->forward(in[0], state);
      return Tensors{h, c};
    } else {
      return Tensors{m->forward(in[0], in.size() > 1 ? in[1] : Tensor())};
    }
  };
  cases[name] = cases[name + "_unbatched"] = calling<Cell>([o] { return Cell(o); }, call);
}

void add_cells(Cases& cases) {
  const nn::RNNCellOptions plain(3, 5);
  add_cell<nn::RNNCell>(cases, "rnn_cell", plain);
  add_cell<nn::RNNCell>(cases, "relu_cell", nn::RNNCellOptions(plain).nonlinearity(kReLU));
  add_cell<nn::LSTMCell>(cases, "lstm_cell", plain);
  add_cell<nn::GRUCell>(cases, "gru_cell", nn::RNNCellOptions(plain).bias(false));
}

// -------------------------------------------------------------------------------------------- attention

void add_scaled_dot_product(Cases& cases) {
  const auto masked = [](const Tensors& in) {
    return Tensors{F::scaled_dot_product_attention(in[0], in[1], in[2], in.size() > 3 ? in[3] : Tensor())};
  };
  for (const char* const name : {"sdpa", "sdpa_2d", "sdpa_bool", "sdpa_float", "sdpa_all_hidden"})
    cases[name] = function(masked);
  cases["sdpa_5d"] = function([](const Tensors& in) {
    return Tensors{F::scaled_dot_product_attention(in[0], in[1], in[2], ones({2, 1, 5}, kBool))};
  });
  cases["sdpa_causal"] = function([](const Tensors& in) {
    return Tensors{F::scaled_dot_product_attention(in[0], in[1], in[2], {}, 0, true, 0.7)};
  });
  cases["sdpa_gqa"] = function([](const Tensors& in) {
    return Tensors{F::scaled_dot_product_attention(in[0], in[1], in[2], {}, 0, false, std::nullopt, true)};
  });
}

void add_multihead(Cases& cases) {
  using Options = nn::MultiheadAttentionOptions;
  struct Call {
    Tensor key_padding_mask;
    bool need_weights = true;
    Tensor attn_mask;
    bool average = true;
  };
  using Ask = std::function<Call(const Tensors&)>;
  // Queries are input 0; keys and values inputs `k` and `v`.
  const auto with = [](const Options& o, std::size_t k, std::size_t v, const Ask& ask) {
    return calling<nn::MultiheadAttention>([o] { return nn::MultiheadAttention(o); },
                                           [=](nn::MultiheadAttention& m, const Tensors& in) {
                                             const Call c = ask(in);
                                             auto [y, w] = m(in[0], in[k], in[v], c.key_padding_mask,
                                                             c.need_weights, c.attn_mask, c.average);
                                             return w.defined() ? Tensors{y, w} : Tensors{y};
                                           });
  };
  const auto nothing = [](const Tensors&) { return Call{}; };
  const auto no_weights = [](const Tensors&) { return Call{{}, false, {}, true}; };
  const auto padding = [](const Tensors& in) { return Call{in[2], true, {}, true}; };
  cases["mha_self"] = with(Options(6, 2), 0, 0, nothing);
  cases["mha_self_no_weights"] = with(Options(6, 2), 0, 0, no_weights);
  cases["mha_cross"] = with(Options(6, 3), 1, 1, nothing);
  cases["mha_three"] = with(Options(6, 3).bias(false), 1, 2, [](const Tensors&) {
    return Call{{}, true, {}, false};
  });
  cases["mha_dims"] = with(Options(6, 3).kdim(4).vdim(5), 1, 2, nothing);
  cases["mha_bias_kv"] = with(Options(6, 2).add_bias_kv(true).add_zero_attn(true), 1, 1, padding);
  cases["mha_masks"] = with(Options(6, 2), 1, 1, [](const Tensors& in) {
    return Call{in[2], true, in[3].logical_not(), true};
  });
  cases["mha_float_mask_3d"] = with(Options(6, 2), 1, 1, [](const Tensors& in) {
    return Call{{}, false, in[2], true};
  });
  cases["mha_batch_first"] = with(Options(6, 2).batch_first(true).add_bias_kv(true), 1, 1, padding);
  cases["mha_batch_first_self"] = with(Options(6, 2).batch_first(true), 0, 0, no_weights);
  cases["mha_unbatched"] = with(Options(6, 2), 1, 1, padding);
}

// -------------------------------------------------------------------------------------------- transformers

Tensor causal(const Tensor& like) {
  return nn::TransformerImpl::generate_square_subsequent_mask(3, TensorOptions(like.dtype()));
}

void add_transformers(Cases& cases) {
  using Options = nn::TransformerLayerOptions;
  const Options plain = Options(6, 2).dim_feedforward(7).dropout(0.0);
  const auto encoder_layer = [](const Options& o, bool masked) {
    return calling<nn::TransformerEncoderLayer>(
        [o] { return nn::TransformerEncoderLayer(o); },
        [masked](nn::TransformerEncoderLayer& m, const Tensors& in) {
          return Tensors{m(in[0], masked ? causal(in[0]) : Tensor(), in.size() > 1 ? in[1] : Tensor())};
        });
  };
  for (const bool norm_first : {false, true}) {
    const std::string end = norm_first ? "_norm_first" : "";
    for (const char* const activation : {"relu", "gelu"}) {
      cases["encoder_layer_" + std::string(activation) + end] =
          encoder_layer(Options(plain).activation(activation).norm_first(norm_first), true);
    }
    cases["decoder_layer" + end] = calling<nn::TransformerDecoderLayer>(
        [=] { return nn::TransformerDecoderLayer(Options(plain).norm_first(norm_first)); },
        [](nn::TransformerDecoderLayer& m, const Tensors& in) {
          return Tensors{m(in[0], in[1], causal(in[0]), Tensor(), Tensor(), in[2])};
        });
  }
  cases["encoder_layer_function"] =
      encoder_layer(Options(plain).activation(&tanh).layer_norm_eps(1e-3).bias(false), false);
  cases["encoder_layer_batch_first"] = encoder_layer(Options(plain).batch_first(true), false);
  cases["encoder"] = calling<nn::TransformerEncoder>(
      [=] {
        return nn::TransformerEncoder(
            nn::TransformerEncoderOptions(nn::TransformerEncoderLayer(plain), 2).norm(nn::LayerNorm(6)));
      },
      [](nn::TransformerEncoder& m, const Tensors& in) { return Tensors{m(in[0])}; });
  cases["decoder"] = calling<nn::TransformerDecoder>(
      [=] { return nn::TransformerDecoder(nn::TransformerDecoderLayer(plain), 2); },
      [](nn::TransformerDecoder& m, const Tensors& in) { return Tensors{m(in[0], in[1])}; });
  const auto transformer = [](const nn::TransformerOptions& o, bool masked) {
    return calling<nn::Transformer>(
        [o] { return nn::Transformer(nn::TransformerOptions(o).dim_feedforward(7).dropout(0.0)); },
        [masked](nn::Transformer& m, const Tensors& in) {
          if (!masked) return Tensors{m(in[0], in[1])};
          return Tensors{m(in[0], in[1], Tensor(), causal(in[0]), Tensor(), in[2], Tensor(), in[2])};
        });
  };
  cases["transformer"] = transformer(nn::TransformerOptions(6, 2, 2, 1), true);
  cases["transformer_batch_first"] = transformer(
      nn::TransformerOptions(6, 2, 1, 2).batch_first(true).norm_first(true).activation(kGELU), false);
}

Cases all_cases() {
  Cases cases;
  add_embeddings(cases);
  add_recurrent_layers(cases);
  add_cells(cases);
  add_scaled_dot_product(cases);
  add_multihead(cases);
  add_transformers(cases);
  return cases;
}

// -------------------------------------------------------------------------------------------- the comparison

using Golden = std::map<std::string, Tensor>;

/// `values` in the row-major order of `like`.
Tensor shaped_as(const std::vector<double>& values, const Tensor& like) {
  const Tensor out = empty({like.numel()}, kFloat64);
  std::copy(values.begin(), values.end(), out.data_ptr<double>());
  return out.reshape(like.sizes()).to(like.dtype());
}

void move_parameters(nn::Module& module) {
  const NoGradGuard no_grad;
  for (const Tensor& p : module.parameters()) {
    std::vector<double> by;
    for (std::int64_t i = 0; i < p.numel(); ++i) by.push_back(static_cast<double>((7 * i) % 11 - 5) / 64);
    p.add_(shaped_as(by, p));
  }
}

Tensor loss_of(const Tensors& outs) {
  Tensor loss;
  for (std::size_t k = 0; k < outs.size(); ++k) {
    std::vector<double> weights;
    for (std::int64_t i = 0; i < outs[k].numel(); ++i)
      weights.push_back(static_cast<double>((5 * i + static_cast<std::int64_t>(k)) % 13 - 6) / 8);
    const Tensor part = outs[k].mul(shaped_as(weights, outs[k])).sum();
    loss = loss.defined() ? loss.add(part) : part;
  }
  return loss;
}

void expect_close(const std::string& what, const Tensor& got, const Tensor& want, double tolerance) {
  ASSERT_TRUE(got.defined()) << what;
  ASSERT_EQ(got.sizes().vec(), want.sizes().vec()) << what;
  if (want.numel() == 0) return;
  const double size = std::max(want.abs().max().item<double>(), 1.0);
  const double error = got.detach().to(kFloat64).sub(want).abs().max().item<double>();
  EXPECT_LE(error, tolerance * size) << what;
}

int compared = 0;

void run_case(const std::string& name, const Make& make, const Golden& golden, DType dtype,
              double tolerance) {
  manual_seed(17);
  const Model model = make();
  Tensors parameters;
  if (model.module) {
    move_parameters(*model.module);
    model.module->to(dtype);
    parameters = model.module->parameters();
  }
  const auto find = [&](const std::string& key) {
    const auto it = golden.find(name + "/" + key);
    return it == golden.end() ? Tensor() : it->second;
  };
  Tensors in;
  for (int i = 0; find("in" + std::to_string(i)).defined(); ++i) {
    Tensor t = find("in" + std::to_string(i));
    if (t.is_floating_point()) t = t.to(dtype, false, true);
    if (find("grad_in" + std::to_string(i)).defined()) t.requires_grad_();
    in.push_back(t);
  }
  ASSERT_FALSE(in.empty());
  const Tensors outs = model.run(in);
  loss_of(outs).backward();
  const auto compare = [&](const std::string& key, const Tensor& got) {
    const Tensor want = find(key);
    ASSERT_TRUE(want.defined()) << name << "/" << key;
    expect_close(name + "/" + key + " " + std::string(dtype_name(dtype)), got, want, tolerance);
    ++compared;
  };
  for (std::size_t i = 0; i < outs.size(); ++i) compare("out" + std::to_string(i), outs[i]);
  EXPECT_FALSE(find("out" + std::to_string(outs.size())).defined());
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i].requires_grad()) compare("grad_in" + std::to_string(i), in[i].grad());
  }
  if (parameters.empty()) return;
  Tensors grads;
  for (const Tensor& p : parameters)
    grads.push_back((p.grad().defined() ? p.grad() : zeros_like(p.detach())).reshape({-1}));
  compare("grad_parameters", cat(grads));
}

TEST(SequenceGolden, OutputsAndGradientsAreThoseOfPyTorch) {
  const Golden golden = testing::read_npz("nn/sequences.npz");
  const Cases cases = all_cases();
  std::set<std::string> names;
  for (const auto& entry : golden) names.insert(entry.first.substr(0, entry.first.find('/')));
  for (const std::string& name : names) EXPECT_TRUE(cases.contains(name)) << name;
  for (const auto& [name, make] : cases) {
    ASSERT_TRUE(names.contains(name)) << name;
    SCOPED_TRACE(name);
    run_case(name, make, golden, kFloat64, 1e-10);
    run_case(name, make, golden, kFloat32, 1e-5);
  }
  std::cout << cases.size() << " cases, " << compared << " tensors compared\n";
}

}  // namespace
}  // namespace ballast
