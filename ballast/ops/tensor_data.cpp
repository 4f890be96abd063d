#include "ballast/ops/tensor_data.h"

#include "ballast/core/strided_loop.h"
#include "ballast/ops/scalar_value.h"

namespace ballast::detail {
namespace {

std::string text_of(const Scalar& s) {
  switch (s.kind()) {
    case Scalar::Kind::kTruth:
      return s.toBool() ? "true" : "false";
    case Scalar::Kind::kReal:
      return fmt::format("{:g}", s.toDouble());
    case Scalar::Kind::kComplexNumber:
      return fmt::format("({:g},{:g})", s.toComplexDouble().real(), s.toComplexDouble().imag());
    case Scalar::Kind::kUnsigned:
      return fmt::format("{}", s.to<std::uint64_t>());
    case Scalar::Kind::kInteger:
      break;
  }
  return fmt::format("{}", s.toLong());
}

/// The elements from `at` on as nested braces of the given sizes.
std::string text_of(IntArrayRef sizes, const std::vector<Scalar>& values, std::size_t& at) {
  if (sizes.empty()) return text_of(values[at++]);
  std::string out = "{";
  for (std::int64_t i = 0; i < sizes[0]; ++i) {
    if (i > 0) out += ", ";
    out += text_of(sizes.slice(1), values, at);
  }
  return out + "}";
}

std::string sizes_text(IntArrayRef sizes) {
  return sizes.size() == 1 ? fmt::format("{}", sizes[0]) : shape_text(sizes);
}

DType natural_dtype(DType literal) {
  if (is_integral(literal, false)) return kInt64;
  if (is_floating_point(literal)) return get_default_dtype();
  if (is_complex(literal)) return to_complex_dtype(get_default_dtype());
  return literal;
}

}  // namespace

TensorDataContainer::TensorDataContainer() : sizes_{0}, dtype_(get_default_dtype()), has_dtype_(false) {}

TensorDataContainer::TensorDataContainer(std::initializer_list<TensorDataContainer> list)
    : dtype_(get_default_dtype()), has_dtype_(false) {
  sizes_.push_back(static_cast<std::int64_t>(list.size()));
  const TensorDataContainer* first = nullptr;
  for (const TensorDataContainer& item : list) {
    if (first == nullptr) {
      first = &item;
      sizes_.insert(sizes_.end(), item.sizes_.begin(), item.sizes_.end());
    }
    check<ShapeError>(
        item.sizes_ == first->sizes_,
        "Expected all sub-lists to have sizes: {} (e.g. {}), but got sub-list {} with sizes: {}",
        sizes_text(first->sizes_), first->text(), item.text(), sizes_text(item.sizes_));
    if (item.has_dtype_ && !has_dtype_) {
      dtype_ = item.dtype_;
      has_dtype_ = true;
    }
    check<DTypeError>(!item.has_dtype_ || item.dtype_ == dtype_,
                      "Expected all elements of the tensor to have the same scalar type: {}, but got element "
                      "of scalar type: {}",
                      dtype_error_name(dtype_), dtype_error_name(item.dtype_));
    values_.insert(values_.end(), item.values_.begin(), item.values_.end());
  }
}

const Scalar& TensorDataContainer::scalar() const {
  check(is_scalar_, "Can only call `scalar()` on a TensorDataContainer that has `is_scalar() == true`");
  return values_[0];
}

std::string TensorDataContainer::text() const {
  std::size_t at = 0;
  return text_of(sizes_, values_, at);
}

Tensor TensorDataContainer::to_tensor(const TensorOptions& options) const {
  Tensor out = empty(sizes_, options.dtype(options.dtype_or(natural_dtype(dtype_))));
  visit_dtype(out.dtype(), [&]<class T>(std::type_identity<T>) {
    auto* to = static_cast<std::byte*>(out.data_ptr());
    for (const Scalar& v : values_) {
      const T element = rounded_element<T>(v);
      if (out.is_meta()) continue;
      store(to, element);
      to += sizeof(T);
    }
  });
  return out;
}

}  // namespace ballast::detail
