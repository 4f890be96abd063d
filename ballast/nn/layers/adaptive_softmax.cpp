#include "ballast/nn/layers/adaptive_softmax.h"

#include <algorithm>
#include <cmath>

#include "ballast/nn/containers/sequential.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/indexing.h"
#include "ballast/ops/join.h"
#include "ballast/ops/tensor_data.h"

namespace ballast::nn {

AdaptiveLogSoftmaxWithLossImpl::AdaptiveLogSoftmaxWithLossImpl(
    const AdaptiveLogSoftmaxWithLossOptions& options_)
    : options(options_) {
  AdaptiveLogSoftmaxWithLossImpl::reset();
}

void AdaptiveLogSoftmaxWithLossImpl::reset() {
  std::vector<std::int64_t> ends = options.cutoffs();
  check<ValueError>(!ends.empty(), "cutoffs should be a sequence of length larger than 0");
  const bool increasing = std::ranges::adjacent_find(ends, std::greater_equal<>()) == ends.end();
  check<ValueError>(
      increasing && ends.front() > 0 && ends.back() <= options.n_classes() - 1,
      "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each "
      "value is between 1 and n_classes-1");
  ends.push_back(options.n_classes());
  const std::int64_t in = options.in_features();
  const std::int64_t clusters = static_cast<std::int64_t>(ends.size()) - 1;
  bind_module("head", head, Linear(LinearOptions(in, ends[0] + clusters).bias(options.head_bias())));

  ModuleList projections;
  for (std::int64_t i = 0; i < clusters; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double divisor = std::pow(static_cast<double>(options.div_value()), static_cast<double>(i + 1));
    const double quotient = std::floor(static_cast<double>(in) / divisor);
    check<ValueError>(std::abs(quotient) < 0x1p63,
                      "div_value ({}) to the power of {} divides in_features ({}) into {} features",
                      static_cast<double>(options.div_value()), i + 1, in, quotient);
    const auto features = static_cast<std::int64_t>(quotient);
    const Linear narrow(LinearOptions(in, features).bias(false));
    const Linear widen(LinearOptions(features, ends[at + 1] - ends[at]).bias(false));
    projections->push_back(Sequential(narrow, widen));
  }
  bind_module("tail", tail, projections);
}

void AdaptiveLogSoftmaxWithLossImpl::reset_parameters() {
  head->reset_parameters();
  for (const auto& module : tail->modules(false)) {
    if (auto* linear = module->as<Linear>()) linear->reset_parameters();
  }
}

Tensor AdaptiveLogSoftmaxWithLossImpl::cluster_log_prob(std::size_t cluster, const Tensor& input) {
  return (*tail[cluster])(input).log_softmax(1);
}

namespace {

/// int64 of the given numbers.
Tensor index_tensor(const std::vector<std::int64_t>& values) {
  Tensor t = empty({static_cast<std::int64_t>(values.size())}, kInt64);
  std::copy(values.begin(), values.end(), t.data_ptr<std::int64_t>());
  return t;
}

}  // namespace

ASMoutput AdaptiveLogSoftmaxWithLossImpl::forward(const Tensor& input, const Tensor& target) {
  check<ShapeError>(target.dim() <= 1, "0D or 1D target tensor expected, multi-target not supported");
  check<ShapeError>(target.dim() == 0 || (input.dim() > 0 && input.size(0) == target.size(0)),
                    "Input and target should have the same size in the batch dimension.");
  check<ShapeError>(input.dim() == target.dim() + 1,
                    "{}D target tensor expects {}D input tensors, but found inputs with size {}",
                    target.dim(), target.dim() + 1, Shown{input.sizes()});
  check<DTypeError>(target.dtype() == kInt64, "expected scalar type Long but found {}",
                    dtype_error_name(target.dtype()));
  const Tensor rows = input.dim() == 2 ? input : input.unsqueeze(0);
  const Tensor classes = target.reshape({-1}).contiguous();
  const std::int64_t n = classes.numel();
  const auto* const c = classes.data_ptr<std::int64_t>();
  if (n > 0) {
    const auto [least, most] = std::minmax_element(c, c + n);
    check<IndexError>(
        *least >= 0 && *most < options.n_classes(),
        "target values should be in [0, n_classes - 1], but values in range [{}, {}] were found. ", *least,
        *most);
  }
  // Which output of the head stands for each row's class, and what the tails add.
  std::vector<std::int64_t> head_index(static_cast<std::size_t>(n));
  Tensor output = zeros({n}, input.options());
  std::vector<std::int64_t> ends = options.cutoffs();
  ends.push_back(options.n_classes());
  for (std::size_t k = 0; k < ends.size(); ++k) {
    const std::int64_t low = k == 0 ? 0 : ends[k - 1];
    std::vector<std::int64_t> members;
    std::vector<std::int64_t> places;
    for (std::int64_t i = 0; i < n; ++i) {
      if (c[i] < low || c[i] >= ends[k]) continue;
      members.push_back(i);
      places.push_back(c[i] - low);
      head_index[static_cast<std::size_t>(i)] =
          k == 0 ? c[i] : shortlist() + static_cast<std::int64_t>(k) - 1;
    }
    if (k == 0 || members.empty()) continue;
    const Tensor which = index_tensor(members);
    const Tensor log_p = cluster_log_prob(k - 1, index_select(rows, 0, which));
    const Tensor of_class = gather(log_p, 1, index_tensor(places).unsqueeze(1)).squeeze(1);
    output = index_add(output, 0, which, of_class);
  }
  const Tensor head_log_p = head(rows).log_softmax(1);
  output = output.add(gather(head_log_p, 1, index_tensor(head_index).unsqueeze(1)).squeeze(1));
  LossTensor loss(output.neg().mean());
  return {input.dim() == 2 ? output : output.squeeze(0), std::move(loss)};
}

Tensor AdaptiveLogSoftmaxWithLossImpl::full_log_prob(const Tensor& input, const Tensor& head_output) {
  const Tensor head_log_p = head_output.log_softmax(1);
  std::vector<Tensor> parts{head_log_p.narrow(1, 0, shortlist())};
  for (std::size_t k = 0; k < tail->size(); ++k) {
    const Tensor of_cluster = head_log_p.narrow(1, shortlist() + static_cast<std::int64_t>(k), 1);
    parts.push_back(cluster_log_prob(k, input).add(of_cluster));
  }
  return cat(parts, 1);
}

Tensor AdaptiveLogSoftmaxWithLossImpl::log_prob(const Tensor& input) {
  return full_log_prob(input, head(input));
}

Tensor AdaptiveLogSoftmaxWithLossImpl::predict(const Tensor& input) {
  const Tensor head_output = head(input);
  Tensor best = head_output.argmax(1);
  const Tensor rare = best.ge(shortlist());
  if (!rare.any().item<bool>()) return best;
  const Tensor of_all = full_log_prob(input, head_output).argmax(1);
  Tensor out = best.clone();
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    if (rare[i].item<bool>()) out[i].copy_(of_all[i]);
  }
  return out;
}

}  // namespace ballast::nn
