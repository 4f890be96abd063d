#include "tests/nn/function_cases.h"

#include <functional>
#include <limits>

#include "ballast/core/error.h"
#include "ballast/nn/functional.h"
#include "ballast/ops/softmax.h"

namespace ballast::testing {
namespace {

namespace F = nn::functional;

/// The inputs and options of a case by name.
class Call {
 public:
  Call(const Json& args, const Inputs& inputs) : args_(args), inputs_(inputs) {}
  [[nodiscard]] Tensor x() const { return inputs_.at("x"); }
  [[nodiscard]] Tensor y() const { return inputs_.at("y"); }
  [[nodiscard]] Tensor z() const { return inputs_.at("z"); }
  /// Undefined if it is not there.
  [[nodiscard]] Tensor input(const std::string& name) const {
    const auto at = inputs_.find(name);
    return at == inputs_.end() ? Tensor() : at->second;
  }
  [[nodiscard]] bool has(const std::string& name) const { return args_.contains(name); }
  [[nodiscard]] double number(const std::string& name, double otherwise) const {
    if (!has(name)) return otherwise;
    return args_[name].is_string() ? std::numeric_limits<double>::infinity() : args_[name].get<double>();
  }
  [[nodiscard]] std::int64_t integer(const std::string& name, std::int64_t otherwise) const {
    return has(name) ? args_[name].get<std::int64_t>() : otherwise;
  }
  [[nodiscard]] bool truth(const std::string& name) const { return has(name) && args_[name].get<bool>(); }
  [[nodiscard]] std::string reduction() const {
    return has("reduction") ? args_["reduction"].get<std::string>() : "mean";
  }
  [[nodiscard]] std::vector<std::int64_t> integers(const std::string& name) const {
    return args_[name].get<std::vector<std::int64_t>>();
  }
  [[nodiscard]] F::SoftmaxFuncOptions softmax() const {
    F::SoftmaxFuncOptions o(integer("dim", 0));
    if (has("dtype")) o.dtype(kFloat64);
    return o;
  }

 private:
  const Json& args_;
  const Inputs& inputs_;
};

using Function = std::function<Tensor(const Call&)>;

/// Options of a loss that has a reduction.
template <class Options>
Options reduced(const Call& c) {
  return Options().reduction(c.reduction());
}

const std::map<std::string, Function>& activation_table() {
  static const std::map<std::string, Function> table{
      {"elu", [](const Call& c) { return F::elu(c.x(), c.number("alpha", 1)); }},
      {"selu", [](const Call& c) { return F::selu(c.x()); }},
      {"celu", [](const Call& c) { return F::celu(c.x(), c.number("alpha", 1)); }},
      {"gelu", [](const Call& c) { return F::gelu(c.x(), c.has("approximate") ? "tanh" : "none"); }},
      {"hardshrink", [](const Call& c) { return F::hardshrink(c.x(), c.number("lambd", 0.5)); }},
      {"softshrink", [](const Call& c) { return F::softshrink(c.x(), c.number("lambd", 0.5)); }},
      {"hardtanh",
       [](const Call& c) {
         return F::hardtanh(
             c.x(),
             F::HardtanhFuncOptions().min_val(c.number("min_val", -1)).max_val(c.number("max_val", 1)));
       }},
      {"hardsigmoid", [](const Call& c) { return F::hardsigmoid(c.x()); }},
      {"hardswish", [](const Call& c) { return F::hardswish(c.x()); }},
      {"leaky_relu", [](const Call& c) { return F::leaky_relu(c.x(), c.number("negative_slope", 0.01)); }},
      {"relu", [](const Call& c) { return F::relu(c.x()); }},
      {"relu6", [](const Call& c) { return F::relu6(c.x()); }},
      {"silu", [](const Call& c) { return F::silu(c.x()); }},
      {"mish", [](const Call& c) { return F::mish(c.x()); }},
      {"softplus",
       [](const Call& c) {
         return F::softplus(
             c.x(), F::SoftplusFuncOptions().beta(c.number("beta", 1)).threshold(c.number("threshold", 20)));
       }},
      {"softsign", [](const Call& c) { return F::softsign(c.x()); }},
      {"tanhshrink", [](const Call& c) { return F::tanhshrink(c.x()); }},
      {"logsigmoid", [](const Call& c) { return F::logsigmoid(c.x()); }},
      {"tanh", [](const Call& c) { return F::tanh(c.x()); }},
      {"sigmoid", [](const Call& c) { return F::sigmoid(c.x()); }},
      {"rrelu",
       [](const Call& c) {
         return F::rrelu(
             c.x(), F::RReLUFuncOptions().lower(c.number("lower", 1. / 8)).upper(c.number("upper", 1. / 3)));
       }},
      {"threshold",
       [](const Call& c) {
         return F::threshold(c.x(), {c.number("threshold", 0), c.number("value", 0)});
       }},
      {"glu", [](const Call& c) { return F::glu(c.x(), c.integer("dim", -1)); }},
      {"prelu", [](const Call& c) { return F::prelu(c.x(), c.input("weight")); }},
      {"softmax", [](const Call& c) { return F::softmax(c.x(), c.softmax()); }},
      {"softmin", [](const Call& c) { return F::softmin(c.x(), c.softmax()); }},
      {"log_softmax", [](const Call& c) { return F::log_softmax(c.x(), c.softmax()); }},
  };
  return table;
}

const std::map<std::string, Function>& loss_table() {
  static const std::map<std::string, Function> table{
      {"l1_loss", [](const Call& c) { return F::l1_loss(c.x(), c.y(), c.reduction()); }},
      {"mse_loss", [](const Call& c) { return F::mse_loss(c.x(), c.y(), c.reduction()); }},
      {"smooth_l1_loss",
       [](const Call& c) {
         return F::smooth_l1_loss(c.x(), c.y(),
                                  reduced<F::SmoothL1LossFuncOptions>(c).beta(c.number("beta", 1)));
       }},
      {"huber_loss",
       [](const Call& c) {
         return F::huber_loss(c.x(), c.y(), reduced<F::HuberLossFuncOptions>(c).delta(c.number("delta", 1)));
       }},
      {"soft_margin_loss", [](const Call& c) { return F::soft_margin_loss(c.x(), c.y(), c.reduction()); }},
      {"binary_cross_entropy",
       [](const Call& c) {
         return F::binary_cross_entropy(
             c.x(), c.y(), reduced<F::BinaryCrossEntropyFuncOptions>(c).weight(c.input("weight")));
       }},
      {"binary_cross_entropy_with_logits",
       [](const Call& c) {
         return F::binary_cross_entropy_with_logits(c.x(), c.y(),
                                                    reduced<F::BinaryCrossEntropyWithLogitsFuncOptions>(c)
                                                        .weight(c.input("weight"))
                                                        .pos_weight(c.input("pos_weight")));
       }},
      {"poisson_nll_loss",
       [](const Call& c) {
         return F::poisson_nll_loss(c.x(), c.y(),
                                    reduced<F::PoissonNLLLossFuncOptions>(c)
                                        .log_input(!c.has("log_input") || c.truth("log_input"))
                                        .full(c.truth("full")));
       }},
      {"hinge_embedding_loss",
       [](const Call& c) {
         return F::hinge_embedding_loss(
             c.x(), c.y(), reduced<F::HingeEmbeddingLossFuncOptions>(c).margin(c.number("margin", 1)));
       }},
      {"kl_div",
       [](const Call& c) {
         return F::kl_div(c.x(), c.y(), reduced<F::KLDivFuncOptions>(c).log_target(c.truth("log_target")));
       }},
      {"gaussian_nll_loss",
       [](const Call& c) {
         return F::gaussian_nll_loss(
             c.x(), c.y(), c.z(),
             reduced<F::GaussianNLLLossFuncOptions>(c).full(c.truth("full")).eps(c.number("eps", 1e-6)));
       }},
      {"multilabel_soft_margin_loss",
       [](const Call& c) {
         return F::multilabel_soft_margin_loss(
             c.x(), c.y(), reduced<F::MultilabelSoftMarginLossFuncOptions>(c).weight(c.input("weight")));
       }},
      {"cosine_embedding_loss",
       [](const Call& c) {
         return F::cosine_embedding_loss(
             c.x(), c.y(), c.z(),
             reduced<F::CosineEmbeddingLossFuncOptions>(c).margin(c.number("margin", 0)));
       }},
      {"margin_ranking_loss",
       [](const Call& c) {
         return F::margin_ranking_loss(
             c.x(), c.y(), c.z(), reduced<F::MarginRankingLossFuncOptions>(c).margin(c.number("margin", 0)));
       }},
      {"triplet_margin_loss",
       [](const Call& c) {
         return F::triplet_margin_loss(c.x(), c.y(), c.z(),
                                       reduced<F::TripletMarginLossFuncOptions>(c)
                                           .margin(c.number("margin", 1))
                                           .p(c.number("p", 2))
                                           .swap(c.truth("swap")));
       }},
      {"triplet_margin_with_distance_loss",
       [](const Call& c) {
         return F::triplet_margin_with_distance_loss(c.x(), c.y(), c.z(),
                                                     reduced<F::TripletMarginWithDistanceLossFuncOptions>(c)
                                                         .margin(c.number("margin", 1))
                                                         .swap(c.truth("swap")));
       }},
      {"nll_loss",
       [](const Call& c) {
         return F::nll_loss(c.x(), c.y(),
                            reduced<F::NLLLossFuncOptions>(c)
                                .weight(c.input("weight"))
                                .ignore_index(c.integer("ignore_index", -100)));
       }},
      {"cross_entropy",
       [](const Call& c) {
         return F::cross_entropy(c.x(), c.y(),
                                 reduced<F::CrossEntropyFuncOptions>(c)
                                     .weight(c.input("weight"))
                                     .ignore_index(c.integer("ignore_index", -100))
                                     .label_smoothing(c.number("label_smoothing", 0)));
       }},
      {"multi_margin_loss",
       [](const Call& c) {
         return F::multi_margin_loss(c.x(), c.y(),
                                     reduced<F::MultiMarginLossFuncOptions>(c)
                                         .p(c.integer("p", 1))
                                         .margin(c.number("margin", 1))
                                         .weight(c.input("weight")));
       }},
      {"multilabel_margin_loss",
       [](const Call& c) { return F::multilabel_margin_loss(c.x(), c.y(), c.reduction()); }},
      {"ctc_loss",
       [](const Call& c) {
         return F::ctc_loss(log_softmax(c.x(), -1), c.y(), c.integers("input_lengths"),
                            c.integers("target_lengths"),
                            reduced<F::CTCLossFuncOptions>(c)
                                .blank(c.integer("blank", 0))
                                .zero_infinity(c.truth("zero_infinity")));
       }},
  };
  return table;
}

const std::map<std::string, Function>& distance_table() {
  static const std::map<std::string, Function> table{
      {"pairwise_distance",
       [](const Call& c) {
         return F::pairwise_distance(c.x(), c.y(),
                                     F::PairwiseDistanceFuncOptions()
                                         .p(c.number("p", 2))
                                         .eps(c.number("eps", 1e-6))
                                         .keepdim(c.truth("keepdim")));
       }},
      {"cosine_similarity",
       [](const Call& c) {
         return F::cosine_similarity(
             c.x(), c.y(),
             F::CosineSimilarityFuncOptions().dim(c.integer("dim", 1)).eps(c.number("eps", 1e-8)));
       }},
      {"normalize",
       [](const Call& c) {
         return F::normalize(c.x(), F::NormalizeFuncOptions()
                                        .p(c.number("p", 2))
                                        .dim(c.integer("dim", 1))
                                        .eps(c.number("eps", 1e-12)));
       }},
  };
  return table;
}

}  // namespace

Tensor call_function(const Json& c, const Inputs& inputs) {
  const auto name = c["fn"].get<std::string>();
  for (const auto* const table : {&activation_table(), &loss_table(), &distance_table()}) {
    const auto at = table->find(name);
    if (at != table->end()) return at->second(Call(c["args"], inputs));
  }
  throw KeyError("no function " + name + " in the table of the test");
}

Tensor tensor_of(const Json& t) {
  const auto name = t["dtype"].get<std::string>();
  const DType dtype = name == "float64" ? kFloat64 : name == "float32" ? kFloat32 : kInt64;
  return tensor_of_bytes(from_hex(t["hex"].get<std::string>()), dtype,
                         t["shape"].get<std::vector<std::int64_t>>());
}

const std::vector<Json>& function_cases() {
  static const std::vector<Json> cases = read_json_lines("functions/cases.jsonl");
  return cases;
}

Inputs inputs_of(const Json& c, DType dtype) {
  Inputs inputs;
  for (const auto& [name, value] : c["inputs"].items()) {
    Tensor t = tensor_of(value);
    if (t.is_floating_point()) t = t.to(dtype);
    inputs.emplace(name, t);
  }
  return inputs;
}

std::string describe(const Json& c) {
  std::string text = c["fn"].get<std::string>() + " " + c["args"].dump();
  for (const auto& [name, value] : c["inputs"].items()) text += " " + name + value["shape"].dump();
  return text;
}

}  // namespace ballast::testing
