#include "ballast/core/tensor.h"

#include <limits>

#include "ballast/core/block_cache.h"
#include "ballast/core/convert_element.h"

namespace ballast {

namespace detail {
thread_local constinit TensorRemap tensor_remap = nullptr;
}

namespace {

IntrusivePtr<TensorImpl> make_impl(Storage storage, DType dtype, Dims sizes, Dims strides,
                                   std::int64_t offset, std::int64_t numel) {
  auto* t = new TensorImpl(std::move(sizes), std::move(strides));
  t->storage = std::move(storage);
  t->offset = offset;
  t->numel = numel;
  t->dtype = dtype;
  return IntrusivePtr<TensorImpl>::adopt(t);
}

IntrusivePtr<TensorImpl> alias_of(const TensorImpl& o) {
  auto* t = new TensorImpl(o.sizes, o.strides);
  t->storage = o.storage;
  t->offset = o.offset;
  t->numel = o.numel;
  t->dtype = o.dtype;
  t->is_inference = o.is_inference;
  return IntrusivePtr<TensorImpl>::adopt(t);
}

Storage new_storage(std::int64_t elements, DType dtype, Device device, IntArrayRef sizes) {
  const auto bytes = checked_mul(elements, itemsize(dtype));
  check<ShapeError>(bytes.has_value(), "a tensor of shape {} and type {} has more than 2^63 - 1 bytes",
                    Shown{sizes}, dtype_name(dtype));
  const auto n = static_cast<std::size_t>(*bytes);
  return device.is_meta() ? Storage::meta(n) : Storage::allocate(n);
}

void check_differentiable(DType dtype, bool requires_grad) {
  check<DTypeError>(!requires_grad || is_floating_point(dtype) || is_complex(dtype),
                    "Only Tensors of floating point and complex dtype can require gradients");
}
void check_inference(const TensorImpl& t, bool requires_grad) {
  check(!requires_grad || !t.is_inference || detail::inference_mode,
        "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.");
}

Scalar read_scalar(const void* p, DType dtype) {
  return visit_dtype(dtype, [&]<class T>(std::type_identity<T>) -> Scalar {
    const T v = load_element<T>(static_cast<const std::byte*>(p));
    if constexpr (std::is_same_v<T, ComplexHalf>) {
      return std::complex<float>(v.real_part, v.imag_part);
    } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::complex<float>> ||
                         std::is_same_v<T, std::complex<double>>) {
      return v;
    } else {
      return static_cast<float>(v);
    }
  });
}

}  // namespace

void TensorImpl::destroy(TensorImpl* t) noexcept { delete t; }
void* TensorImpl::operator new(std::size_t /*size*/) { return BlockCache<sizeof(TensorImpl)>::allocate(); }
void TensorImpl::operator delete(void* p) noexcept { BlockCache<sizeof(TensorImpl)>::release(p); }

void* VersionCounter::operator new(std::size_t /*size*/) {
  return BlockCache<sizeof(VersionCounter)>::allocate();
}
void VersionCounter::operator delete(void* p) noexcept { BlockCache<sizeof(VersionCounter)>::release(p); }

VersionCounter& VersionSlot::get() {
  if (VersionCounter* const v = find()) return *v;
  auto* const fresh = new VersionCounter;
  VersionCounter* there = nullptr;
  if (counter_.compare_exchange_strong(there, fresh, std::memory_order_acq_rel)) return *fresh;
  delete fresh;
  return *there;
}

void Tensor::throw_undefined() { throw Error("an undefined tensor has no shape, type or values"); }

void Tensor::throw_dtype(DType expected) const {
  throw DTypeError(fmt::format("expected scalar type {} but found {}", dtype_error_name(expected),
                               dtype_error_name(dtype())));
}

void* Tensor::data_ptr() const {
  const TensorImpl& t = impl();
  std::byte* base = t.storage.mutable_data();
  // An empty view may stand beyond its storage.
  return base == nullptr || t.numel == 0 ? base : base + t.offset * ballast::itemsize(t.dtype);
}

const Tensor& Tensor::requires_grad_(bool on) const {
  check_differentiable(dtype(), on);
  check_inference(impl(), on);
  check(on || is_leaf(),
        "you can only change requires_grad flags of leaf variables. If you want to use a computed variable "
        "in a subgraph that doesn't require differentiation use var_no_grad = var.detach().");
  impl().requires_grad = on;
  return *this;
}

Tensor Tensor::alias(IntArrayRef sizes, IntArrayRef strides, std::int64_t offset) const {
  Tensor out = tensor_on(storage(), dtype(), sizes, strides, offset);
  out.impl().is_inference = is_inference();
  return out;
}

std::uint32_t Tensor::_version() const {
  check(!is_inference(), "Inference tensors do not track version counter.");
  return impl().version.value();
}

Tensor Tensor::data() const { return Tensor(alias_of(impl())); }
Tensor Tensor::detach() const {
  Tensor out(alias_of(impl()));
  out.impl().version.share(impl().version);
  return out;
}

Scalar Tensor::item() const {
  check<ShapeError>(numel() == 1, "a Tensor with {} elements cannot be converted to Scalar", numel());
  check<DeviceError>(!is_meta(), "Tensor.item() cannot be called on meta tensors");
  return read_scalar(data_ptr(), dtype());
}

Tensor empty(IntArrayRef sizes, const TensorOptions& options) {
  const DType dtype = options.dtype();
  check_differentiable(dtype, options.requires_grad());
  // Shape, strides and count in one pass over the sizes; the checks are those of numel_of and
  // contiguous_strides.
  auto impl = IntrusivePtr<TensorImpl>::adopt(new TensorImpl(Dims(sizes), Dims(sizes.size())));
  impl->numel = fill_contiguous_strides(sizes, impl->strides.data());
  impl->dtype = dtype;
  impl->requires_grad = options.requires_grad();
  impl->storage = new_storage(impl->numel, dtype, options.device(), sizes);
  return Tensor(std::move(impl));
}

Tensor empty_strided(IntArrayRef sizes, IntArrayRef strides, const TensorOptions& options) {
  const std::int64_t n = numel_of(sizes);
  check<ShapeError>(sizes.size() == strides.size(), "mismatch in length of strides and shape: {} against {}",
                    Shown{strides}, Shown{sizes});
  const auto extent = storage_extent(sizes, strides, 0);
  check<ShapeError>(extent.has_value(),
                    "strides {} of shape {} are negative or reach beyond 2^63 - 1 elements", Shown{strides},
                    Shown{sizes});
  check_differentiable(options.dtype(), options.requires_grad());
  auto impl = make_impl(new_storage(*extent, options.dtype(), options.device(), sizes), options.dtype(),
                        sizes, strides, 0, n);
  impl->requires_grad = options.requires_grad();
  return Tensor(std::move(impl));
}

Tensor tensor_on(const Storage& storage, DType dtype, IntArrayRef sizes, IntArrayRef strides,
                 std::int64_t offset) {
  const std::int64_t n = numel_of(sizes);
  const auto extent = storage_extent(sizes, strides, offset);
  const auto bytes = extent ? checked_mul(*extent, itemsize(dtype)) : std::nullopt;
  check<ShapeError>(
      bytes && static_cast<std::uint64_t>(*bytes) <= storage.nbytes(),
      "a view of shape {}, strides {} and offset {} ({}) reaches outside its storage of {} bytes",
      Shown{sizes}, Shown{strides}, offset, dtype_name(dtype), storage.nbytes());
  return Tensor(make_impl(storage, dtype, sizes, strides, offset, n));
}

Tensor from_blob(void* data, IntArrayRef sizes, IntArrayRef strides,
                 const std::function<void(void*)>& deleter, const TensorOptions& options) {
  const auto extent = storage_extent(sizes, strides, 0);
  const auto bytes = extent ? checked_mul(*extent, itemsize(options.dtype())) : std::nullopt;
  check<ShapeError>(bytes.has_value(), "shape {} with strides {} does not fit into 64 bits", Shown{sizes},
                    Shown{strides});
  Tensor out = tensor_on(Storage::borrowed(data, static_cast<std::size_t>(*bytes), deleter), options.dtype(),
                         sizes, strides, 0);
  out.requires_grad_(options.requires_grad());
  return out;
}

Tensor from_blob(void* data, IntArrayRef sizes, const std::function<void(void*)>& deleter,
                 const TensorOptions& options) {
  return from_blob(data, sizes, contiguous_strides(sizes), deleter, options);
}

Tensor from_blob(void* data, IntArrayRef sizes, const TensorOptions& options) {
  return from_blob(data, sizes, contiguous_strides(sizes), nullptr, options);
}

Parameter::Parameter(const Tensor& data, bool requires_grad) : Tensor(data.data()) {
  check_differentiable(dtype(), requires_grad);
  check_inference(impl(), requires_grad);
  impl().is_parameter = true;
  impl().requires_grad = requires_grad;
}

}  // namespace ballast
