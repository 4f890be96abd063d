// The operations that cases name, on the arguments that stand in a row.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/golden.h"

namespace ballast::testing {

[[nodiscard]] Scalar scalar_of(const Json& j);
/// The tensor of a name (op_input), or one that is written out: {"t": [dtype, bytes, sizes, strides, offset]}.
[[nodiscard]] Tensor tensor_of(const Json& j);

/// The arguments of one case.
class Call {
 public:
  explicit Call(const Json& row) : row_(row), args_(row["args"]) {}

  [[nodiscard]] std::size_t count() const { return args_.size(); }
  [[nodiscard]] bool is_tensor(std::size_t i) const {
    return i < count() && (args_[i].is_string() || (args_[i].is_object() && args_[i].contains("t")));
  }
  [[nodiscard]] Tensor tensor(std::size_t i) const { return tensor_of(args_[i]); }
  [[nodiscard]] std::vector<Tensor> tensors(std::size_t i) const {
    std::vector<Tensor> out;
    for (const Json& t : args_[i]) out.push_back(tensor_of(t));
    return out;
  }
  [[nodiscard]] Scalar number(std::size_t i) const { return scalar_of(args_[i]); }
  [[nodiscard]] std::int64_t integer(std::size_t i) const { return number(i).toLong(); }
  [[nodiscard]] std::optional<std::int64_t> optional_integer(std::size_t i) const {
    return args_[i].is_null() ? std::nullopt : std::optional(integer(i));
  }
  [[nodiscard]] std::vector<std::int64_t> list(std::size_t i) const {
    return args_[i].get<std::vector<std::int64_t>>();
  }
  [[nodiscard]] bool flag(std::size_t i, bool otherwise) const {
    return i < count() ? number(i).toBool() : otherwise;
  }
  [[nodiscard]] std::optional<Scalar> keyword(const char* name) const {
    if (!row_.contains("kw") || !row_["kw"].contains(name)) return std::nullopt;
    return scalar_of(row_["kw"][name]);
  }
  [[nodiscard]] std::optional<DType> dtype() const {
    if (!row_.contains("kw") || !row_["kw"].contains("dtype")) return std::nullopt;
    return dtype_from_name(row_["kw"]["dtype"].get<std::string>());
  }
  [[nodiscard]] TensorOptions options() const { return TensorOptions().dtype(dtype()); }

 private:
  const Json& row_;
  const Json& args_;
};

using Results = std::vector<Tensor>;
using Run = std::function<Results(const Call&)>;

/// By PyTorch's names; those with a leading r have their operands the other way round.
[[nodiscard]] const std::map<std::string, Run>& operations();

/// In place, on a copy with the strides of the argument.
[[nodiscard]] Run inplace_case(std::function<void(const Tensor&, const Call&)> f);
void add_views_and_copies(std::map<std::string, Run>& table);

}  // namespace ballast::testing
