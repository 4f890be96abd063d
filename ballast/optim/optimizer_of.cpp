#include "ballast/optim/optimizer_of.h"

#include <string_view>

#include "ballast/core/error.h"

namespace ballast::optim {

void check_value(bool holds, const char* name, double value) {
  if (holds) return;
  const bool rate = std::string_view(name) == "lr";
  throw ValueError(rate ? fmt::format("Invalid learning rate: {}", value)
                        : fmt::format("Invalid {} value: {}", name, value));
}

void check_betas(const std::tuple<double, double>& betas) {
  const auto [first, second] = betas;
  check<ValueError>(first >= 0 && first < 1, "Invalid beta parameter at index 0: {}", first);
  check<ValueError>(second >= 0 && second < 1, "Invalid beta parameter at index 1: {}", second);
}

}  // namespace ballast::optim
