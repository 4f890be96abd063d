// What an optimiser carries from one run to the next, between the optimiser and a file: the options of each
// group of parameters and, under the number of each parameter, what it remembers of it. The entries have
// PyTorch's names and order.
//
//   OptimizerStateDict s = optimizer.state_dict();
//   std::get<double>(s.param_groups[0].options["lr"]);
//   std::get<Tensor>(s.state[0].second["exp_avg"]);
//   optimizer.load_state_dict(s);
//
// `checkpoint::Value(s)` is the tree that PyTorch's `optimizer.state_dict()` has;
// checkpoint/optimizer_state.h reads it back.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ballast/core/ordered_dict.h"
#include "ballast/core/tensor.h"

namespace ballast {

struct OptimizerValue;

/// A list or a tuple: betas, the directions that LBFGS remembers.
struct OptimizerSequence {
  std::vector<OptimizerValue> items;
  bool is_tuple = false;
};

/// One entry. std::monostate is Python's None.
struct OptimizerValue
    : std::variant<std::monostate, bool, std::int64_t, double, std::string, Tensor, OptimizerSequence> {
  using variant::variant;
  [[nodiscard]] bool is_none() const noexcept { return index() == 0; }
  template <class T>
  [[nodiscard]] const T* get_if() const noexcept {
    return std::get_if<T>(this);
  }
};

struct OptimizerStateDict {
  using Entries = OrderedDict<std::string, OptimizerValue>;

  struct Group {
    Entries options;                   ///< "lr", "betas", ..., and what schedulers add: "initial_lr"
    std::vector<std::int64_t> params;  ///< the numbers of its parameters
  };
  /// Of the parameters that have been stepped, in the order of their numbers.
  std::vector<std::pair<std::int64_t, Entries>> state;
  std::vector<Group> param_groups;
};

}  // namespace ballast
