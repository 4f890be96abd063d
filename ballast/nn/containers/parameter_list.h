// Parameters in a list, reached by position.
//
//   nn::ParameterList scales(ones({2}), ones({2}));       // or a std::vector<Tensor>
//   scales->append(zeros({3}));
//   for (const Tensor& p : *scales) ...
//   scales[-1];   scales->slice(0, 2);
//
// A plain tensor becomes a Parameter that requires grad; a Parameter keeps its flag.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/containers/index_iterator.h"
#include "ballast/nn/containers/python_index.h"

namespace ballast::nn {

class ParameterList;

class ParameterListImpl : public Cloneable<ParameterListImpl> {
 public:
  using Iterator = IndexIterator<ParameterListImpl>;

  ParameterListImpl() = default;
  template <class... T>
  requires(sizeof...(T) > 0 && (std::derived_from<std::remove_cvref_t<T>, Tensor> &&
                                ...)) explicit ParameterListImpl(T&&... values) {
    (append(values), ...);
  }
  explicit ParameterListImpl(const std::vector<Tensor>& values) { extend(values); }

  [[nodiscard]] std::size_t size() const noexcept { return parameter_entries().size(); }
  [[nodiscard]] bool is_empty() const noexcept { return size() == 0; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] Iterator begin() const noexcept { return {this, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {this, size()}; }
  [[nodiscard]] Tensor& item(std::size_t i) const { return slot(parameter_entries()[i]); }

  /// By position, from the end if negative. IndexError "index 3 is out of range".
  [[nodiscard]] Tensor& operator[](std::int64_t index) const { return item(python_index(index, size())); }
  [[nodiscard]] Tensor& at(std::int64_t index) const { return (*this)[index]; }

  void append(const Tensor& value) { register_parameter(std::to_string(size()), value); }
  void extend(const std::vector<Tensor>& values);
  void extend(const ParameterListImpl& other);
  ParameterListImpl& operator+=(const ParameterListImpl& other) {
    extend(other);
    return *this;
  }
  /// Python's `list[index] = value`.
  void set(std::int64_t index, const Tensor& value) {
    register_parameter(std::string(parameter_entries()[python_index(index, size())].name), value);
  }
  /// Takes a parameter out; those behind are renumbered.
  Tensor pop(std::int64_t index = -1);
  [[nodiscard]] ParameterList slice(SliceBound start = {}, SliceBound stop = {}, std::int64_t step = 1) const;

  [[nodiscard]] std::string extra_repr() const override;
};

BALLAST_MODULE(ParameterList);

}  // namespace ballast::nn
