// The options of an optimiser, and groups of parameters that have options of their own.
//
//   std::vector<OptimizerParamGroup> groups;
//   groups.emplace_back(model->trunk->parameters(), std::make_unique<SGDOptions>(1e-3));
//   groups.emplace_back(model->head->parameters());               // takes the optimiser's options
//   SGD sgd(groups, SGDOptions(0.1).momentum(0.9));
//
// **Inheritance.** A group's options are merged with the optimiser's: an option that still has the value its
// constructor gave counts as not set and is taken from the optimiser's options. An option without such a
// value (the lr of SGD) is always set.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ballast/core/arg.h"
#include "ballast/core/error.h"
#include "ballast/core/optimizer_state.h"
#include "ballast/core/tensor.h"
#include "ballast/optim/field.h"

namespace ballast::optim {

/// Base of the options of every optimiser. One's own derive from OptimizerCloneableOptions.
class OptimizerOptions {
 public:
  OptimizerOptions() = default;
  virtual ~OptimizerOptions() = default;
  [[nodiscard]] virtual std::unique_ptr<OptimizerOptions> clone() const = 0;
  /// The learning rate. NotImplementedError for options without an `lr`.
  [[nodiscard]] virtual double get_lr() const;
  virtual void set_lr(double lr);
  /// What state dicts and inheritance see, in PyTorch's order (field.h).
  [[nodiscard]] virtual Fields fields() { return {}; }
  /// Options as their constructor makes them: what counts as not set. Null where it needs arguments; then all
  /// is set.
  [[nodiscard]] virtual std::unique_ptr<OptimizerOptions> fresh() const { return nullptr; }

 protected:
  OptimizerOptions(const OptimizerOptions&) = default;
  OptimizerOptions(OptimizerOptions&&) = default;
  OptimizerOptions& operator=(const OptimizerOptions&) = default;
  OptimizerOptions& operator=(OptimizerOptions&&) = default;
};

/// Equal types with equal fields.
[[nodiscard]] bool operator==(const OptimizerOptions& a, const OptimizerOptions& b);

/// Takes the options that `group` has not set from `defaults`. ValueError if they are of different types.
void inherit_options(OptimizerOptions& group, const OptimizerOptions& defaults);

template <class Derived>
class OptimizerCloneableOptions : public OptimizerOptions {
 public:
  [[nodiscard]] std::unique_ptr<OptimizerOptions> clone() const override {
    return std::make_unique<Derived>(static_cast<const Derived&>(*this));
  }
  [[nodiscard]] std::unique_ptr<OptimizerOptions> fresh() const override {
    if constexpr (std::is_default_constructible_v<Derived>) {
      return std::make_unique<Derived>();
    } else {
      return nullptr;
    }
  }
  [[nodiscard]] double get_lr() const override {
    if constexpr (requires(const Derived& d) { static_cast<double>(d.lr()); }) {
      return static_cast<double>(static_cast<const Derived&>(*this).lr());
    } else {
      return OptimizerOptions::get_lr();
    }
  }
  void set_lr(double lr) override {
    if constexpr (requires(Derived & d) { d.lr(lr); }) {
      static_cast<Derived&>(*this).lr(lr);
    } else {
      OptimizerOptions::set_lr(lr);
    }
  }
};

/// Parameters that are stepped with the same options.
class OptimizerParamGroup {
 public:
  // NOLINTNEXTLINE(*-explicit-*): a list of tensors is a group
  OptimizerParamGroup(std::vector<Tensor> params) : params_(std::move(params)) {}
  OptimizerParamGroup(std::vector<Tensor> params, std::unique_ptr<OptimizerOptions> options)
      : params_(std::move(params)), options_(std::move(options)) {}
  OptimizerParamGroup(const OptimizerParamGroup& o)
      : params_(o.params_), options_(o.options_ ? o.options_->clone() : nullptr), extras_(o.extras_) {}
  OptimizerParamGroup(OptimizerParamGroup&&) noexcept = default;
  OptimizerParamGroup& operator=(const OptimizerParamGroup& o) {
    *this = OptimizerParamGroup(o);
    return *this;
  }
  OptimizerParamGroup& operator=(OptimizerParamGroup&&) noexcept = default;
  ~OptimizerParamGroup() = default;

  [[nodiscard]] const std::vector<Tensor>& params() const noexcept { return params_; }
  [[nodiscard]] std::vector<Tensor>& params() noexcept { return params_; }
  [[nodiscard]] bool has_options() const noexcept { return options_ != nullptr; }
  /// Error if there are none.
  [[nodiscard]] OptimizerOptions& options();
  [[nodiscard]] const OptimizerOptions& options() const;
  void set_options(std::unique_ptr<OptimizerOptions> options) { options_ = std::move(options); }
  /// Entries of the group in state dicts that are no options: what schedulers keep ("initial_lr"), what a
  /// file held.
  [[nodiscard]] OptimizerStateDict::Entries& extras() noexcept { return extras_; }
  [[nodiscard]] const OptimizerStateDict::Entries& extras() const noexcept { return extras_; }

 private:
  std::vector<Tensor> params_;
  std::unique_ptr<OptimizerOptions> options_;
  OptimizerStateDict::Entries extras_;
};

}  // namespace ballast::optim
