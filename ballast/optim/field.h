// How options and states say what they hold: a list of names, in PyTorch's order, and of places. State dicts,
// the inheritance of options and comparisons are written once, over such lists.
//
//   struct DecayOptions : OptimizerCloneableOptions<DecayOptions> {
//     BALLAST_ARG(double, lr) = 0.1;
//     BALLAST_ARG(bool, maximize) = false;
//     std::vector<optim::Field> fields() override { return {{"lr", &lr()}, {"maximize", &maximize()}}; }
//   };
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "ballast/core/optimizer_state.h"
#include "ballast/core/tensor.h"

namespace ballast::optim {

/// A count that PyTorch keeps as a tensor of one float: the steps taken.
struct StepCount {
  std::int64_t* value;
};
/// A number that PyTorch keeps as a tensor of one float.
struct TensorNumber {
  double* value;
};
/// An option of PyTorch's that can have one value here. It is written with this value, unless a file said
/// something else; with `binding`, a file that says something else is refused.
struct Fixed {
  OptimizerValue value;
  bool binding = false;
};

struct Field {
  const char* name;
  std::variant<double*, bool*, std::int64_t*, std::tuple<double, double>*, std::optional<std::int64_t>*,
               std::optional<std::string>*, Tensor*, std::vector<Tensor>*, StepCount, TensorNumber, Fixed>
      place;
};
using Fields = std::vector<Field>;

/// What stands at a field. Undefined tensors are None.
[[nodiscard]] OptimizerValue read_field(const Field& field);
/// Puts `value` there; integers are taken for reals, and tensors of one element for numbers. DTypeError for
/// what does not fit, which names the field. Tensors are taken as they are.
void write_field(const Field& field, const OptimizerValue& value);
/// Whether two entries are the same: of one kind, with equal values (tensors: equal elements).
[[nodiscard]] bool equal_values(const OptimizerValue& a, const OptimizerValue& b);
/// Whether two lists of the same names hold the same values.
[[nodiscard]] bool equal_fields(const Fields& a, const Fields& b);

}  // namespace ballast::optim
