#include "tests/ops/op_table.h"

#include <limits>

#include "tests/ops/op_cases.h"

#include "ballast/ops/arithmetic.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/matmul.h"
#include "ballast/ops/reduction.h"
#include "ballast/ops/selection.h"
#include "ballast/ops/unary.h"

namespace ballast::testing {

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

Tensor tensor_of(const Json& j) {
  if (j.is_string()) return op_input(j.get<std::string>());
  const Json& t = j.at("t");
  const DType dtype = *dtype_from_name(t[0].get<std::string>());
  const std::string bytes = from_hex(t[1]);
  const Tensor base =
      tensor_of_bytes(bytes, dtype, {static_cast<std::int64_t>(bytes.size()) / itemsize(dtype)});
  return base.alias(t[2].get<std::vector<std::int64_t>>(), t[3].get<std::vector<std::int64_t>>(), t[4]);
}

Run inplace_case(std::function<void(const Tensor&, const Call&)> f) {
  return [f = std::move(f)](const Call& c) -> Results {
    const Tensor source = c.tensor(0);
    const Tensor self = empty_strided(source.sizes(), source.strides(), source.options());
    copy_elements(self, source);
    f(self, c);
    return {self};
  };
}

namespace {

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
  t["add_"] = inplace_case([=](const Tensor& a, const Call& c) {
    static_cast<void>(c.is_tensor(1) ? a.add_(c.tensor(1), alpha(c)) : a += c.number(1));
  });
  t["sub_"] = inplace_case([=](const Tensor& a, const Call& c) {
    static_cast<void>(c.is_tensor(1) ? a.sub_(c.tensor(1), alpha(c)) : a -= c.number(1));
  });
  t["mul_"] = inplace_binary([](const Tensor& a, const auto& b) { a *= b; });
  t["div_"] = inplace_binary([](const Tensor& a, const auto& b) { a /= b; });
}

void add_comparisons(std::map<std::string, Run>& t) {
  t["eq"] = binary_case([](const Tensor& a, const auto& b) { return a == b; });
  t["ne"] = binary_case([](const Tensor& a, const auto& b) { return a != b; });
  t["le"] = binary_case([](const Tensor& a, const auto& b) { return a <= b; });
  t["gt"] = binary_case([](const Tensor& a, const auto& b) { return a > b; });
  t["lt"] = binary_case([](const Tensor& a, const auto& b) { return a < b; });
  t["ge"] = binary_case([](const Tensor& a, const auto& b) { return a >= b; });
  t["isclose"] = tensors_case([](const Tensor& a, const Tensor& b) { return isclose(a, b); });
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
  t["clamp_"] =
      inplace_case([](const Tensor& a, const Call& c) { a.clamp_(c.keyword("min"), c.keyword("max")); });
  t["masked_fill_"] =
      inplace_case([](const Tensor& a, const Call& c) { a.masked_fill_(c.tensor(1), c.number(2)); });
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
  t["bmm"] = tensors_case(bmm);
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

}  // namespace

const std::map<std::string, Run>& operations() {
  static const std::map<std::string, Run> table = [] {
    std::map<std::string, Run> t;
    add_arithmetic(t);
    add_comparisons(t);
    add_unary(t);
    add_reductions(t);
    add_products_and_factories(t);
    add_views_and_copies(t);
    return t;
  }();
  return table;
}

}  // namespace ballast::testing
