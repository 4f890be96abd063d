#include "ballast/optim/field.h"

#include <algorithm>
#include <type_traits>

#include "ballast/core/error.h"
#include "ballast/ops/factories.h"

namespace ballast::optim {

namespace {

[[noreturn]] void refuse(const Field& field, const char* wanted) {
  throw DTypeError(fmt::format("the optimizer entry '{}' must be {}", field.name, wanted));
}

std::optional<double> as_number(const OptimizerValue& v) {
  if (const auto* const d = v.get_if<double>()) return *d;
  if (const auto* const i = v.get_if<std::int64_t>()) return static_cast<double>(*i);
  if (const auto* const b = v.get_if<bool>()) return *b ? 1 : 0;
  if (const auto* const t = v.get_if<Tensor>();
      t != nullptr && t->defined() && t->numel() == 1 && !t->is_meta())
    return t->item<double>();
  return std::nullopt;
}

double number_at(const Field& field, const OptimizerValue& v) {
  const std::optional<double> n = as_number(v);
  if (!n) refuse(field, "a number");
  return *n;
}

std::int64_t integer_at(const Field& field, const OptimizerValue& v) {
  if (const auto* const i = v.get_if<std::int64_t>()) return *i;
  const double n = number_at(field, v);
  // 2^53: beyond it, not every integer is a double.
  if (!(n >= -9007199254740992.0 && n <= 9007199254740992.0)) refuse(field, "an integer");
  return static_cast<std::int64_t>(n);
}

/// PyTorch counts in the default type of floating numbers.
Tensor number_tensor(double value) {
  return full({}, value, get_default_dtype() == kFloat64 ? kFloat64 : kFloat32);
}

OptimizerValue tensor_or_none(const Tensor& t) { return t.defined() ? OptimizerValue(t) : OptimizerValue(); }

struct Reader {
  /// The defaults of 0 are integers in PyTorch, so 0 is written as one.
  OptimizerValue operator()(const double* p) const { return *p == 0 ? OptimizerValue(std::int64_t{0}) : *p; }
  OptimizerValue operator()(const bool* p) const { return *p; }
  OptimizerValue operator()(const std::int64_t* p) const { return *p; }
  OptimizerValue operator()(const std::tuple<double, double>* p) const {
    return OptimizerSequence{{std::get<0>(*p), std::get<1>(*p)}, true};
  }
  OptimizerValue operator()(const Tensor* p) const { return tensor_or_none(*p); }
  OptimizerValue operator()(const std::vector<Tensor>* p) const {
    OptimizerSequence list;
    for (const Tensor& t : *p) list.items.push_back(tensor_or_none(t));
    return list;
  }
  OptimizerValue operator()(StepCount p) const { return number_tensor(static_cast<double>(*p.value)); }
  OptimizerValue operator()(TensorNumber p) const { return number_tensor(*p.value); }
  OptimizerValue operator()(const Fixed& p) const { return p.value; }
  template <class T>
  OptimizerValue operator()(const std::optional<T>* p) const {
    return *p ? OptimizerValue(**p) : OptimizerValue();
  }
};

struct Writer {
  const Field& field;
  const OptimizerValue& value;

  void operator()(double* p) const { *p = number_at(field, value); }
  void operator()(bool* p) const { *p = number_at(field, value) != 0; }
  void operator()(std::int64_t* p) const { *p = integer_at(field, value); }
  void operator()(std::tuple<double, double>* p) const {
    const auto* const pair = value.get_if<OptimizerSequence>();
    if (pair == nullptr || pair->items.size() != 2) refuse(field, "a pair of numbers");
    *p = {number_at(field, pair->items[0]), number_at(field, pair->items[1])};
  }
  void operator()(std::optional<std::int64_t>* p) const {
    *p = value.is_none() ? std::nullopt : std::optional(integer_at(field, value));
  }
  void operator()(std::optional<std::string>* p) const {
    const auto* const text = value.get_if<std::string>();
    if (text == nullptr && !value.is_none()) refuse(field, "a str or None");
    *p = text != nullptr ? std::optional(*text) : std::nullopt;
  }
  void operator()(Tensor* p) const { *p = tensor_at(value); }
  void operator()(std::vector<Tensor>* p) const {
    p->clear();
    if (value.is_none()) return;
    const auto* const list = value.get_if<OptimizerSequence>();
    if (list == nullptr) refuse(field, "a list of tensors");
    for (const OptimizerValue& v : list->items) p->push_back(tensor_at(v));
  }
  void operator()(StepCount p) const { *p.value = integer_at(field, value); }
  void operator()(TensorNumber p) const { *p.value = number_at(field, value); }
  void operator()(const Fixed& /*unused*/) const {}

  [[nodiscard]] Tensor tensor_at(const OptimizerValue& v) const {
    if (v.is_none()) return {};
    if (const auto* const t = v.get_if<Tensor>()) return *t;
    const std::optional<double> n = as_number(v);
    if (!n) refuse(field, "a tensor");
    return full({}, *n, kFloat64);
  }
};

}  // namespace

OptimizerValue read_field(const Field& field) { return std::visit(Reader{}, field.place); }

void write_field(const Field& field, const OptimizerValue& value) {
  std::visit(Writer{field, value}, field.place);
}

bool equal_values(const OptimizerValue& a, const OptimizerValue& b) {
  if (a.index() != b.index()) return false;
  if (const auto* const t = a.get_if<Tensor>()) return t->equal(std::get<Tensor>(b));
  if (const auto* const list = a.get_if<OptimizerSequence>()) {
    return std::ranges::equal(list->items, std::get<OptimizerSequence>(b).items, equal_values);
  }
  return std::visit(
      [&b](const auto& v) {
        using T = std::remove_cvref_t<decltype(v)>;
        if constexpr (std::is_same_v<T, Tensor> || std::is_same_v<T, OptimizerSequence>) {
          return false;
        } else {
          return v == std::get<T>(b);
        }
      },
      static_cast<const OptimizerValue::variant&>(a));
}

bool equal_fields(const Fields& a, const Fields& b) {
  return std::ranges::equal(
      a, b, [](const Field& x, const Field& y) { return equal_values(read_field(x), read_field(y)); });
}

}  // namespace ballast::optim
