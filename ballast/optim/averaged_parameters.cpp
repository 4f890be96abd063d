#include "ballast/optim/averaged_parameters.h"

#include <cstddef>

#include "ballast/autograd/grad_mode.h"
#include "ballast/core/error.h"
#include "ballast/core/shape.h"
#include "ballast/optim/element.h"
#include "ballast/optim/update.h"

namespace ballast::optim {

namespace {

struct Approach {
  Lerp lerp;
  template <class T>
  struct Element {
    Lerp::Element<T> lerp;
    [[gnu::always_inline]] void operator()(T& average, T value) const { average = lerp(average, value); }
  };
  template <class T>
  [[nodiscard]] Element<T> element() const {
    return {lerp.element<T>()};
  }
};

void average_integers(const Tensor& average, const Tensor& value, std::int64_t n_averaged,
                      std::optional<double> decay) {
  if (decay) {
    average.copy_(average.mul(*decay).add(value.mul(1 - *decay)));
  } else {
    const Tensor change = value.sub(average).to(kFloat64).div(static_cast<double>(n_averaged + 1));
    average.add_(change.to(average.dtype()));
  }
}

}  // namespace

void check_decay(std::optional<double> decay) {
  check<ValueError>(!decay || (*decay >= 0 && *decay <= 1),
                    "Invalid decay value {} provided. Please provide a value in [0,1] range.",
                    decay.value_or(0));
}

void average_into(const Tensor& average, const Tensor& value, std::int64_t n_averaged,
                  std::optional<double> decay) {
  check<ShapeError>(average.sizes() == value.sizes(),
                    "an average of shape {} cannot take a value of shape {}", shape_text(average.sizes()),
                    shape_text(value.sizes()));
  const NoGradGuard no_grad;
  if (n_averaged == 0) {
    average.copy_(value.detach());
    return;
  }
  const Tensor same = value.detach().to(average.device(), average.dtype());
  if (!average.is_floating_point() && !average.is_complex())
    return average_integers(average, same, n_averaged, decay);
  const double weight = decay ? 1 - *decay : 1 / static_cast<double>(n_averaged + 1);
  update_parameter(average, same, Approach{Lerp{weight}});
}

AveragedParameters::AveragedParameters(const std::vector<Tensor>& params, std::optional<double> decay)
    : decay_(decay) {
  check_decay(decay);
  for (const Tensor& p : params) values_.push_back(p.detach().clone());
}

void AveragedParameters::update(const std::vector<Tensor>& params) {
  check<ValueError>(params.size() == values_.size(), "{} parameters for {} averages", params.size(),
                    values_.size());
  for (std::size_t i = 0; i < params.size(); ++i) average_into(values_[i], params[i], n_averaged_, decay_);
  ++n_averaged_;
}

void AveragedParameters::copy_to(const std::vector<Tensor>& params) const {
  check<ValueError>(params.size() == values_.size(), "{} parameters for {} averages", params.size(),
                    values_.size());
  const NoGradGuard no_grad;
  for (std::size_t i = 0; i < params.size(); ++i) params[i].copy_(values_[i]);
}

}  // namespace ballast::optim
