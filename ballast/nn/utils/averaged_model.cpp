#include "ballast/nn/utils/averaged_model.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ballast/core/error.h"
#include "ballast/ops/factories.h"
#include "ballast/optim/averaged_parameters.h"

namespace ballast::nn::utils {

namespace {

void check_count(const char* what, std::size_t own, std::size_t given) {
  check<ValueError>(own == given, "the averaged model has {} {}, and the model {}", own, what, given);
}

}  // namespace

AveragedModelImpl::AveragedModelImpl(FromModule /*unused*/, const Module& model,
                                     const AveragedModelOptions& options)
    : options_(options) {
  optim::check_decay(options.decay);
  bind_buffer("n_averaged", n_averaged, zeros({}, kInt64));
  register_module("module", model.clone());
}

void AveragedModelImpl::update_parameters(const Module& model) {
  const std::shared_ptr<Module> copy = module();
  const std::vector<Tensor> averages = copy->parameters();
  const std::vector<Tensor> params = model.parameters();
  const std::vector<Tensor> own_buffers = copy->buffers();
  const std::vector<Tensor> buffers = model.buffers();
  check_count("parameters", averages.size(), params.size());
  check_count("buffers", own_buffers.size(), buffers.size());
  const auto n = n_averaged.item<std::int64_t>();
  for (std::size_t i = 0; i < params.size(); ++i)
    optim::average_into(averages[i], params[i], n, options_.decay);
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    optim::average_into(own_buffers[i], buffers[i], options_.use_buffers ? n : 0, options_.decay);
  }
  n_averaged.add_(1);
}

}  // namespace ballast::nn::utils
