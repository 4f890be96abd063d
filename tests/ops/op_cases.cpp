#include "tests/ops/op_cases.h"

#include <cmath>
#include <functional>
#include <iostream>
#include <limits>
#include <optional>

#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/core/convert_element.h"
#include "ballast/core/print.h"
#include "ballast/core/strided_loop.h"
#include "ballast/ops/arithmetic.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/matmul.h"
#include "ballast/ops/reduction.h"
#include "ballast/ops/selection.h"
#include "ballast/ops/unary.h"

namespace ballast::testing {
namespace {

Scalar scalar_of(const Json& j) {
  if (j.is_object() && j.contains("n")) return scalar_of(j["n"]);
  if (j.is_object() && j.contains("c"))
    return std::complex<double>(j["c"][0].get<double>(), j["c"][1].get<double>());
  if (j.is_object() && j.contains("x")) return std::stod(j["x"].get<std::string>());
  if (j.is_boolean()) return j.get<bool>();
  if (j.is_number_unsigned() && j.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max())
    return j.get<std::uint64_t>();
  if (j.is_number_integer()) return j.get<std::int64_t>();
  return j.get<double>();
}

/// The arguments of one case.
class Call {
 public:
  explicit Call(const Json& row) : row_(row), args_(row["args"]) {}

  [[nodiscard]] std::size_t count() const { return args_.size(); }
  [[nodiscard]] bool is_tensor(std::size_t i) const { return i < count() && args_[i].is_string(); }
  [[nodiscard]] Tensor tensor(std::size_t i) const { return op_input(args_[i].get<std::string>()); }
  [[nodiscard]] Scalar number(std::size_t i) const { return scalar_of(args_[i]); }
  [[nodiscard]] std::int64_t integer(std::size_t i) const { return number(i).toLong(); }
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

template <class F>
Run binary_case(F f) {
  return [f](const Call& c) -> Results {
    return {c.is_tensor(1) ? f(c.tensor(0), c.tensor(1)) : f(c.tensor(0), c.number(1))};
  };
}
Run tensors_case(Tensor (*f)(const Tensor&, const Tensor&)) {
  return [f](const Call& c) -> Results { return {f(c.tensor(0), c.tensor(1))}; };
}
Run unary_case(Tensor (*f)(const Tensor&)) {
  return [f](const Call& c) -> Results { return {f(c.tensor(0))}; };
}
/// In place, on a copy with the strides of the argument.
template <class F>
Run inplace_case(F f) {
  return [f](const Call& c) -> Results {
    const Tensor source = c.tensor(0);
    const Tensor self = empty_strided(source.sizes(), source.strides(), source.options());
    copy_elements(self, source);
    f(self, c);
    return {self};
  };
}
template <class F>
Run inplace_binary(F f) {
  return inplace_case([f](const Tensor& self, const Call& c) {
    if (c.is_tensor(1)) {
      f(self, c.tensor(1));
    } else {
      f(self, c.number(1));
    }
  });
}

Results both(const std::tuple<Tensor, Tensor>& pair) { return {std::get<0>(pair), std::get<1>(pair)}; }

void add_arithmetic(std::map<std::string, Run>& t) {
  const auto alpha = [](const Call& c) { return c.keyword("alpha").value_or(Scalar(1)); };
  t["add"] = [=](const Call& c) -> Results {
    return {c.is_tensor(1) ? c.tensor(0).add(c.tensor(1), alpha(c)) : c.tensor(0) + c.number(1)};
  };
  t["sub"] = [=](const Call& c) -> Results {
    return {c.is_tensor(1) ? c.tensor(0).sub(c.tensor(1), alpha(c)) : c.tensor(0) - c.number(1)};
  };
  t["mul"] = binary_case([](const Tensor& a, const auto& b) { return a * b; });
  t["div"] = binary_case([](const Tensor& a, const auto& b) { return a / b; });
  t["remainder"] = binary_case([](const Tensor& a, const auto& b) { return a % b; });
  t["pow"] = binary_case([](const Tensor& a, const auto& b) { return pow(a, b); });
  t["rsub"] = [](const Call& c) -> Results { return {c.number(1) - c.tensor(0)}; };
  t["rdiv"] = [](const Call& c) -> Results { return {c.number(1) / c.tensor(0)}; };
  t["rpow"] = [](const Call& c) -> Results { return {pow(c.number(1), c.tensor(0))}; };
  t["rremainder"] = [](const Call& c) -> Results { return {c.number(1) % c.tensor(0)}; };
  t["add_"] = inplace_binary([](const Tensor& a, const auto& b) { a.add_(b); });
  t["sub_"] = inplace_binary([](const Tensor& a, const auto& b) { a -= b; });
  t["mul_"] = inplace_binary([](const Tensor& a, const auto& b) { a *= b; });
  t["div_"] = inplace_binary([](const Tensor& a, const auto& b) { a /= b; });
}

void add_comparisons(std::map<std::string, Run>& t) {
  t["eq"] = binary_case([](const Tensor& a, const auto& b) { return a == b; });
  t["lt"] = binary_case([](const Tensor& a, const auto& b) { return a < b; });
  t["ge"] = binary_case([](const Tensor& a, const auto& b) { return a >= b; });
  t["maximum"] = tensors_case(maximum);
  t["minimum"] = tensors_case(minimum);
  t["bitwise_and"] = tensors_case(bitwise_and);
  t["bitwise_or"] = tensors_case(bitwise_or);
  t["bitwise_xor"] = tensors_case(bitwise_xor);
  t["logical_and"] = tensors_case(logical_and);
  t["logical_or"] = tensors_case(logical_or);
  t["logical_xor"] = tensors_case(logical_xor);
  t["clamp"] = [](const Call& c) -> Results {
    return {c.tensor(0).clamp(c.keyword("min"), c.keyword("max"))};
  };
  t["masked_fill"] = [](const Call& c) -> Results {
    return {c.tensor(0).masked_fill(c.tensor(1), c.number(2))};
  };
  t["where"] = [](const Call& c) -> Results { return {where(c.tensor(0), c.tensor(1), c.tensor(2))}; };
}

void add_unary(std::map<std::string, Run>& t) {
  const std::vector<std::pair<const char*, Tensor (*)(const Tensor&)>> plain{
      {"abs", abs},
      {"neg", neg},
      {"sign", sign},
      {"square", square},
      {"reciprocal", reciprocal},
      {"relu", relu},
      {"exp", exp},
      {"log", log},
      {"log1p", log1p},
      {"sqrt", sqrt},
      {"rsqrt", rsqrt},
      {"erf", erf},
      {"erfinv", erfinv},
      {"sin", sin},
      {"cos", cos},
      {"tanh", tanh},
      {"sigmoid", sigmoid},
      {"round", round},
      {"floor", floor},
      {"ceil", ceil},
      {"trunc", trunc},
      {"isnan", isnan},
      {"isinf", isinf},
      {"isfinite", isfinite},
      {"logical_not", logical_not},
      {"bitwise_not", bitwise_not},
      {"all", all},
      {"any", any},
      {"count_nonzero", count_nonzero}};
  for (const auto& [name, f] : plain) t[name] = unary_case(f);
  t["abs_"] = inplace_case([](const Tensor& a, const Call&) { a.abs_(); });
  t["neg_"] = inplace_case([](const Tensor& a, const Call&) { a.neg_(); });
  t["sqrt_"] = inplace_case([](const Tensor& a, const Call&) { a.sqrt_(); });
  t["erfinv_"] = inplace_case([](const Tensor& a, const Call&) { a.erfinv_(); });
}

void add_reductions(std::map<std::string, Run>& t) {
  t["sum"] = [](const Call& c) -> Results {
    return {c.count() == 1 ? sum(c.tensor(0), c.dtype()) : sum(c.tensor(0), c.list(1), c.flag(2, false))};
  };
  t["mean"] = [](const Call& c) -> Results {
    return {c.count() == 1 ? mean(c.tensor(0), c.dtype()) : mean(c.tensor(0), c.list(1), c.flag(2, false))};
  };
  t["prod"] = [](const Call& c) -> Results { return {prod(c.tensor(0))}; };
  t["var"] = [](const Call& c) -> Results { return {var(c.tensor(0), c.flag(1, true))}; };
  t["std"] = [](const Call& c) -> Results { return {c.tensor(0).std(c.flag(1, true))}; };
  t["norm"] = [](const Call& c) -> Results {
    return {norm(c.tensor(0), c.count() > 1 ? c.number(1) : Scalar(2))};
  };
  t["max"] = [](const Call& c) -> Results {
    return c.count() == 1 ? Results{max(c.tensor(0))} : both(max(c.tensor(0), c.integer(1)));
  };
  t["min"] = [](const Call& c) -> Results {
    return c.count() == 1 ? Results{min(c.tensor(0))} : both(min(c.tensor(0), c.integer(1)));
  };
  const auto dim = [](const Call& c) { return c.count() > 1 ? std::optional(c.integer(1)) : std::nullopt; };
  t["argmax"] = [=](const Call& c) -> Results { return {argmax(c.tensor(0), dim(c))}; };
  t["argmin"] = [=](const Call& c) -> Results { return {argmin(c.tensor(0), dim(c))}; };
}

void add_products_and_factories(std::map<std::string, Run>& t) {
  t["matmul"] = tensors_case(matmul);
  t["mm"] = tensors_case(mm);
  t["addmm"] = [](const Call& c) -> Results {
    return {addmm(c.tensor(0), c.tensor(1), c.tensor(2), c.keyword("beta").value_or(Scalar(1)),
                  c.keyword("alpha").value_or(Scalar(1)))};
  };
  t["linear"] = [](const Call& c) -> Results {
    return {linear(c.tensor(0), c.tensor(1), c.count() > 2 ? c.tensor(2) : Tensor())};
  };
  t["arange"] = [](const Call& c) -> Results {
    if (c.count() == 1) return {arange(c.number(0), c.options())};
    return {c.count() == 2 ? arange(c.number(0), c.number(1), c.options())
                           : arange(c.number(0), c.number(1), c.number(2), c.options())};
  };
  t["linspace"] = [](const Call& c) -> Results {
    return {linspace(c.number(0), c.number(1), c.integer(2), c.options())};
  };
  t["logspace"] = [](const Call& c) -> Results {
    return {logspace(c.number(0), c.number(1), c.integer(2), 10, c.options())};
  };
  t["eye"] = [](const Call& c) -> Results {
    return {c.count() == 1 ? eye(c.integer(0), c.options()) : eye(c.integer(0), c.integer(1), c.options())};
  };
  t["full"] = [](const Call& c) -> Results { return {full(c.list(0), c.number(1), c.options())}; };
}

const std::map<std::string, Run>& operations() {
  static const std::map<std::string, Run> table = [] {
    std::map<std::string, Run> t;
    add_arithmetic(t);
    add_comparisons(t);
    add_unary(t);
    add_reductions(t);
    add_products_and_factories(t);
    return t;
  }();
  return table;
}

bool is_nan_element(const Tensor& t, std::int64_t i) {
  return visit_dtype(t.dtype(), [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_integral_v<T> || detail::is_complex_element<T>) {
      return false;
    } else {
      return std::isnan(
          static_cast<double>(load<T>(static_cast<const std::byte*>(t.data_ptr()) + i * t.itemsize())));
    }
  });
}

double tolerance(DType real) {
  switch (real) {
    case kFloat64:
      return 1e-13;
    case kFloat32:
      return 3e-6;
    case kFloat16:
      return 2e-3;
    case kBFloat16:
      return 1.6e-2;
    default:
      return is_float8(real) ? 0.13 : 0;
  }
}

/// As real numbers: equal, or close for the type, or both NaN.
bool close_values(const Tensor& got, const Tensor& expected) {
  const double relative = tolerance(to_real_dtype(got.dtype()));
  const Tensor a =
      got.is_complex() ? got.to(kComplex128).view_as_real().contiguous() : got.to(kFloat64).contiguous();
  const Tensor b = expected.is_complex() ? expected.to(kComplex128).view_as_real().contiguous()
                                         : expected.to(kFloat64).contiguous();
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const double x = a.data_ptr<double>()[i];
    const double y = b.data_ptr<double>()[i];
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const double scale = got.is_complex()
                             ? std::hypot(b.data_ptr<double>()[i | 1], b.data_ptr<double>()[i & ~1])
                             : std::abs(y);
    if (!(std::abs(x - y) <= relative * scale + 1e-30)) return false;
  }
  return true;
}

std::string check_case(const Json& row) {
  Results got;
  try {
    got = operations().at(row["op"])(Call(row));
  } catch (const Error& e) {
    if (!row.contains("error")) return std::string("threw: ") + e.what();
    const std::string want = row["error"];
    return want == e.what() ? "" : "threw \"" + std::string(e.what()) + "\", not \"" + want + "\"";
  }
  if (row.contains("error"))
    return "did not throw \"" + row["error"].get<std::string>() + "\" but gave " + got[0].repr();
  if (got.size() != row["out"].size()) return "gave another number of results";
  for (std::size_t i = 0; i < got.size(); ++i) {
    const Json& want = row["out"][i];
    if (dtype_name(got[i].dtype()) != want[0])
      return "gave type " + std::string(dtype_name(got[i].dtype())) + ", not " + want[0].get<std::string>();
    if (got[i].sizes().vec() != want[1].get<std::vector<std::int64_t>>())
      return "gave shape " + shape_text(got[i].sizes());
    const Tensor expected = tensor_of_bytes(from_hex(want[2]), got[i].dtype(), want[1]);
    const bool fine = row.contains("close") ? close_values(got[i], expected) : same_values(got[i], expected);
    if (!fine) return "gave " + got[i].repr() + ", not " + expected.repr();
  }
  return "";
}

}  // namespace

Tensor op_input(const std::string& name) {
  static const Json inputs = read_json("ops/inputs.json");
  const Json& j = inputs.at(name);
  const Tensor base =
      tensor_of_bytes(from_hex(j["hex"]), *dtype_from_name(j["dtype"].get<std::string>()), j["base"]);
  return base.alias(j["sizes"].get<std::vector<std::int64_t>>(),
                    j["strides"].get<std::vector<std::int64_t>>(), j["offset"]);
}

bool same_values(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.sizes() != b.sizes()) return false;
  const Tensor x = a.contiguous();
  const Tensor y = b.contiguous();
  const auto size = static_cast<std::size_t>(a.itemsize());
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const auto* p = static_cast<const std::byte*>(x.data_ptr()) + static_cast<std::size_t>(i) * size;
    const auto* q = static_cast<const std::byte*>(y.data_ptr()) + static_cast<std::size_t>(i) * size;
    if (std::memcmp(p, q, size) != 0 && !(is_nan_element(x, i) && is_nan_element(y, i))) return false;
  }
  return true;
}

Tensor scattered(IntArrayRef sizes) {
  Dims reversed(sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) reversed[i] = 2 * sizes[sizes.size() - 1 - i];
  Dims order(sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) order[i] = static_cast<std::int64_t>(sizes.size() - 1 - i);
  Tensor t = arange(numel_of(reversed), kFloat32).sub(7.5).reshape(reversed).permute(order);
  for (std::int64_t d = 0; d < t.dim(); ++d) t = t.slice(d, d % 2, std::nullopt, 2);
  return t;
}

void run_op_cases(const std::string& file) {
  const auto rows = read_json_lines("ops/" + file + ".jsonl");
  std::size_t wrong = 0;
  for (const Json& row : rows) {
    const std::string problem = check_case(row);
    if (problem.empty() || ++wrong > 200) continue;
    const std::string keywords = row.contains("kw") ? row["kw"].dump() : "";
    ADD_FAILURE() << row["op"].get<std::string>() << ' ' << row["args"].dump() << keywords << ": " << problem;
  }
  std::cout << "[ cases ] " << rows.size() << " of ops/" << file << ".jsonl\n";
  EXPECT_EQ(wrong, 0U) << "of " << rows.size();
  EXPECT_FALSE(rows.empty());
}

}  // namespace ballast::testing
