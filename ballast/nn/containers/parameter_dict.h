// Parameters by name, in the order of their insertion.
//
//   nn::ParameterDict table({{"alpha", zeros({1})}, {"beta", ones({2, 2})}});
//   table["alpha"].requires_grad();
//   for (const auto& [name, p] : *table) ...
//
// A plain tensor becomes a Parameter that requires grad; a Parameter keeps its flag. KeyError
// "'ParameterDict' object has no attribute 'x'" for a name that is not there.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ballast/core/ordered_dict.h"
#include "ballast/nn/cloneable.h"
#include "ballast/nn/containers/index_iterator.h"

namespace ballast::nn {

class ParameterDictImpl : public Cloneable<ParameterDictImpl> {
 public:
  using Item = OrderedDictItem<std::string, Tensor>;
  using Iterator = IndexIterator<ParameterDictImpl>;
  using NamedTensor = std::pair<std::string, Tensor>;

  ParameterDictImpl() = default;
  explicit ParameterDictImpl(std::initializer_list<NamedTensor> values) { update(values); }
  explicit ParameterDictImpl(const OrderedDict<std::string, Tensor>& values) { update(values); }
  /// By name, as Python sorts a plain dict.
  explicit ParameterDictImpl(const std::map<std::string, Tensor>& values) { update(values); }

  [[nodiscard]] std::size_t size() const noexcept { return parameter_entries().size(); }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] bool is_empty() const noexcept { return empty(); }
  [[nodiscard]] bool contains(std::string_view key) const { return has_parameter(key); }
  [[nodiscard]] std::vector<std::string> keys() const;
  [[nodiscard]] std::vector<Tensor> values() const;
  [[nodiscard]] std::vector<NamedTensor> items() const;
  [[nodiscard]] Iterator begin() const noexcept { return {this, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {this, size()}; }
  [[nodiscard]] Item item(std::size_t i) const {
    return {parameter_entries()[i].name, slot(parameter_entries()[i])};
  }

  [[nodiscard]] Tensor& operator[](std::string_view key) const { return parameter(key); }
  [[nodiscard]] Tensor& get(std::string_view key) const { return parameter(key); }
  /// `otherwise` if the name is not there.
  [[nodiscard]] Tensor get(std::string_view key, const Tensor& otherwise) const {
    return contains(key) ? parameter(key) : otherwise;
  }

  /// Appends, or puts a parameter in the place of the one with this name.
  void insert(std::string_view key, const Tensor& value) { register_parameter(key, value); }
  void update(std::initializer_list<NamedTensor> values);
  void update(const OrderedDict<std::string, Tensor>& values);
  void update(const std::map<std::string, Tensor>& values);
  void update(const ParameterDictImpl& other);
  /// Takes a parameter out and returns it.
  Tensor pop(std::string_view key);
  void clear() { own_parameters().clear(); }

  [[nodiscard]] std::string extra_repr() const override;
};

class ParameterDict : public ModuleHolder<ParameterDictImpl> {
 public:
  using ModuleHolder<ParameterDictImpl>::ModuleHolder;
  using Impl = ParameterDictImpl;
  ParameterDict() = default;
  ParameterDict(std::initializer_list<ParameterDictImpl::NamedTensor> values)
      : ModuleHolder(std::make_shared<ParameterDictImpl>(values)) {}
};

}  // namespace ballast::nn
