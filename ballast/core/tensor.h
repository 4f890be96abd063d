// A tensor: a strided view of a storage. `Tensor` is a handle; copying it copies a pointer, and two handles
// to one tensor, or two tensors on one storage, are what tying is.
//
//   Tensor w = empty({8, 4});              // ops/factories.h
//   w.shape();                             // torch.Size([8, 4])
//   w[0][1] = 42;                          // an element, written through the view
//   w.data().mul_(w.data().abs().ge(5));
//
// What a tensor *is* (shape, strides, type, storage, flags) is defined in this room. What is computed from it
// is declared here, so that it reads `t.abs().sum()`, and defined in ballast/ops, operation by operation: a
// program that only looks at tensors links no arithmetic.
//
// Sizes, strides and offsets are in elements; `nbytes` and the like in bytes. Dimensions count from 0, or
// from -1 backwards.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "ballast/core/array_ref.h"
#include "ballast/core/device.h"
#include "ballast/core/dims.h"
#include "ballast/core/dtype.h"
#include "ballast/core/error.h"
#include "ballast/core/generator.h"
#include "ballast/core/inference_mode.h"
#include "ballast/core/intrusive_ptr.h"
#include "ballast/core/scalar.h"
#include "ballast/core/shape.h"
#include "ballast/core/storage.h"
#include "ballast/core/tensor_options.h"

namespace ballast {

class Tensor;
class TensorImpl;
namespace autograd {
class Node;
}

/// What the tape (ballast/autograd) keeps beside a tensor, as far as core has to know it.
class AutogradMeta {
 public:
  virtual ~AutogradMeta() = default;
  /// Whether the tensor is a view of one that requires grad.
  [[nodiscard]] virtual bool inherits_grad() const noexcept = 0;
  /// Whether an operation made the tensor, so that it is no leaf.
  [[nodiscard]] virtual bool has_function() const noexcept = 0;
  /// "MulBackward0"; null for leaves.
  [[nodiscard]] virtual const char* function_name(const TensorImpl& self) const = 0;
};

/// Owns what the tape keeps beside a tensor. Threads that need it at the same time for the first time agree on one.
class AutogradSlot {
 public:
  AutogradSlot() = default;
  ~AutogradSlot() { delete meta_.load(std::memory_order_acquire); }
  AutogradSlot(const AutogradSlot&) = delete;
  AutogradSlot& operator=(const AutogradSlot&) = delete;
  [[nodiscard]] AutogradMeta* get() const noexcept { return meta_.load(std::memory_order_acquire); }
  /// Puts `fresh` in unless something is there already; gives what is there.
  AutogradMeta& offer(std::unique_ptr<AutogradMeta> fresh) noexcept {
    AutogradMeta* there = nullptr;
    if (meta_.compare_exchange_strong(there, fresh.get(), std::memory_order_acq_rel)) there = fresh.release();
    return *there;
  }
  void reset() noexcept { delete meta_.exchange(nullptr, std::memory_order_acq_rel); }

 private:
  std::atomic<AutogradMeta*> meta_{nullptr};
};

/// How often the elements of a tensor were written in place. A tensor and its views share one, made when it is first needed.
class VersionCounter : public RefCounted<VersionCounter> {
 public:
  [[nodiscard]] std::uint32_t value() const noexcept { return value_.load(std::memory_order_relaxed); }
  void bump() noexcept { value_.fetch_add(1, std::memory_order_relaxed); }
  static void destroy(VersionCounter* v) noexcept { delete v; }
  static void* operator new(std::size_t size);
  static void operator delete(void* p) noexcept;

 private:
  std::atomic<std::uint32_t> value_{0};
};

/// A tensor's share in a version counter; none stands for one that is still 0.
class VersionSlot {
 public:
  VersionSlot() = default;
  ~VersionSlot() {
    if (VersionCounter* const v = find()) v->release();
  }
  VersionSlot(const VersionSlot&) = delete;
  VersionSlot& operator=(const VersionSlot&) = delete;
  [[nodiscard]] std::uint32_t value() const noexcept {
    const VersionCounter* const v = find();
    return v != nullptr ? v->value() : 0;
  }
  void bump() { get().bump(); }
  /// Counts together with `other` from now on; only for a tensor that nobody else has seen.
  void share(VersionSlot& other) {
    VersionCounter& v = other.get();
    v.retain();
    counter_.store(&v, std::memory_order_release);
  }

 private:
  [[nodiscard]] VersionCounter* find() const noexcept { return counter_.load(std::memory_order_acquire); }
  VersionCounter& get();

  std::atomic<VersionCounter*> counter_{nullptr};
};

/// The object behind Tensor handles.
class TensorImpl : public RefCounted<TensorImpl> {
 public:
  TensorImpl(Dims size, Dims step) : sizes(std::move(size)), strides(std::move(step)) {}

  // What a walk over a model looks at comes first: with the count it is one cache line.
  DType dtype = kFloat32;
  bool requires_grad = false;
  bool is_parameter = false;                   ///< prints as "Parameter containing:"
  bool is_inference = detail::inference_mode;  ///< made under InferenceMode, or a view of such a tensor
  std::int64_t numel = 1;
  Storage storage;
  AutogradSlot autograd;
  std::int64_t offset = 0;  ///< of the first element, in elements
  Dims sizes;
  Dims strides;
  VersionSlot version;

  /// The tape's node of a leaf points back at it without counting.
  [[nodiscard]] bool is_observed() const noexcept { return autograd.get() != nullptr; }
  static void destroy(TensorImpl* t) noexcept;
  static void* operator new(std::size_t size);
  static void operator delete(void* p) noexcept;
};

namespace detail {
/// While a module is being deep-copied on this thread: maps a tensor to its copy (nn/clone.h). Null
/// otherwise.
using TensorRemap = IntrusivePtr<TensorImpl> (*)(TensorImpl*);
extern thread_local constinit TensorRemap tensor_remap;
}  // namespace detail

class Tensor {
 public:
  /// An undefined tensor: absent parameters, the gradient before a backward pass.
  Tensor() noexcept = default;
  explicit Tensor(IntrusivePtr<TensorImpl> impl) noexcept : impl_(std::move(impl)) {}
  Tensor(const Tensor& o) {
    if (detail::tensor_remap == nullptr || !o.impl_) [[likely]] {
      impl_ = o.impl_;
    } else {
      impl_ = detail::tensor_remap(o.impl_.get());
    }
  }
  Tensor(Tensor&& o) noexcept = default;
  ~Tensor() = default;

  /// To a variable: the handle now refers to the other tensor.
  Tensor& operator=(const Tensor& o) & noexcept = default;
  Tensor& operator=(Tensor&& o) & noexcept = default;
  /// To an expression (`x[i] = y`): the values of `o` are copied in, broadcast and converted.
  Tensor& operator=(const Tensor& o) &&;
  Tensor& operator=(Tensor&& o) &&;  // NOLINT(performance-noexcept-move-constructor): it copies values
  Tensor& operator=(const Scalar& value) &&;

  // --------------------------------------------------------------------------------------- what it is (core)
  [[nodiscard]] bool defined() const noexcept { return static_cast<bool>(impl_); }
  /// Whether both handles refer to the same tensor object.
  [[nodiscard]] bool is_same(const Tensor& o) const noexcept { return impl_ == o.impl_; }
  [[nodiscard]] TensorImpl* unsafeGetTensorImpl() const noexcept { return impl_.get(); }
  [[nodiscard]] std::uint32_t use_count() const noexcept { return impl_ ? impl_->use_count() : 0; }

  [[nodiscard]] std::int64_t dim() const { return static_cast<std::int64_t>(impl().sizes.size()); }
  [[nodiscard]] std::int64_t ndimension() const { return dim(); }
  [[nodiscard]] std::int64_t numel() const { return impl().numel; }
  [[nodiscard]] IntArrayRef sizes() const { return impl().sizes; }
  [[nodiscard]] IntArrayRef strides() const { return impl().strides; }
  /// Prints as Python's `t.shape`: torch.Size([8, 4]).
  [[nodiscard]] Size shape() const { return Size(impl().sizes.ref()); }
  [[nodiscard]] std::int64_t size(std::int64_t d) const { return impl().sizes[dim_index(d)]; }
  [[nodiscard]] std::int64_t stride(std::int64_t d) const { return impl().strides[dim_index(d)]; }
  [[nodiscard]] std::int64_t storage_offset() const { return impl().offset; }
  [[nodiscard]] DType dtype() const { return impl().dtype; }
  [[nodiscard]] DType scalar_type() const { return impl().dtype; }
  [[nodiscard]] std::int64_t itemsize() const { return ballast::itemsize(dtype()); }
  [[nodiscard]] std::int64_t nbytes() const { return numel() * itemsize(); }
  [[nodiscard]] Device device() const { return impl().storage.device(); }
  [[nodiscard]] bool is_meta() const { return device().is_meta(); }
  [[nodiscard]] bool is_cpu() const { return device().is_cpu(); }
  [[nodiscard]] const Storage& storage() const { return impl().storage; }
  [[nodiscard]] TensorOptions options() const { return TensorOptions(dtype()).device(device()); }
  [[nodiscard]] bool is_contiguous() const { return ballast::is_contiguous(sizes(), strides()); }
  [[nodiscard]] bool is_floating_point() const { return ballast::is_floating_point(dtype()); }
  [[nodiscard]] bool is_complex() const { return ballast::is_complex(dtype()); }
  [[nodiscard]] bool is_signed() const { return ballast::is_signed(dtype()); }

  /// The first element. Null on meta. The typed form throws DTypeError "expected scalar type Int but found
  /// Float".
  [[nodiscard]] void* data_ptr() const;
  template <Element T>
  [[nodiscard]] T* data_ptr() const {
    if (dtype_of<T> != dtype()) throw_dtype(dtype_of<T>);
    return static_cast<T*>(data_ptr());
  }

  // -------------------------------------------------------------------------------- gradients (ballast/autograd)
  /// Whether gradients of this tensor are asked for: set by hand on leaves, and on what is computed from them.
  [[nodiscard]] bool requires_grad() const {
    const TensorImpl& t = impl();
    if (t.requires_grad) return true;
    const AutogradMeta* const meta = t.autograd.get();
    return meta != nullptr && meta->inherits_grad();
  }
  /// Sets the flag on a leaf. DTypeError for types that have no gradients; Error "you can only change requires_grad flags
  /// of leaf variables." where an operation made the tensor.
  const Tensor& requires_grad_(bool on = true) const;
  const Tensor& set_requires_grad(bool on) const { return requires_grad_(on); }
  /// Whether no recorded operation made it: parameters, inputs, and all that requires no grad.
  [[nodiscard]] bool is_leaf() const {
    const AutogradMeta* const meta = impl().autograd.get();
    return meta == nullptr || !meta->has_function();
  }
  [[nodiscard]] bool is_parameter() const { return impl().is_parameter; }
  /// The accumulated gradient of a leaf; undefined until a backward pass has made one. For other tensors only after
  /// retain_grad; else it warns.
  [[nodiscard]] Tensor grad() const;
  /// The same, to be set: `p.mutable_grad() = g;`, `p.mutable_grad() = {};`.
  [[nodiscard]] Tensor& mutable_grad() const;
  /// The node of the tape that made this tensor; null for leaves.
  [[nodiscard]] IntrusivePtr<autograd::Node> grad_fn() const;
  [[nodiscard]] std::uint32_t output_nr() const;
  /// Whether it was made under InferenceMode (autograd/grad_mode.h), or is a view of a tensor that was. Outside of the mode it
  /// cannot be written in place, saved for backward or made to require grad; a clone can.
  [[nodiscard]] bool is_inference() const { return impl().is_inference; }
  /// How often the elements were written in place, through any view. Error for inference tensors, which do not count.
  [[nodiscard]] std::uint32_t _version() const;
  /// Whether it is a view that gradients pass through.
  [[nodiscard]] bool is_view() const;
  /// Adds d(this)/d(leaf) times `gradient` to the `.grad` of each leaf this tensor was computed from, or of `inputs` only.
  /// `gradient` may be left out for a tensor of one element. What was saved for it is given up afterwards unless
  /// `retain_graph` (default: as `create_graph`); with `create_graph` the gradients can be differentiated again.
  void backward(const Tensor& gradient = {}, std::optional<bool> retain_graph = std::nullopt,
                bool create_graph = false, std::optional<ArrayRef<Tensor>> inputs = std::nullopt) const;
  /// Keeps the gradient of a tensor that is no leaf in `.grad`.
  void retain_grad() const;
  [[nodiscard]] bool retains_grad() const;
  /// Calls `hook` with each gradient of this tensor; a Tensor it returns takes the gradient's place. Gives a number for
  /// remove_hook. Hooks run in order, for leaves before accumulation.
  template <class F>
  std::uint32_t register_hook(F hook) const {
    if constexpr (std::is_void_v<std::invoke_result_t<F, const Tensor&>>) {
      return add_hook([hook = std::move(hook)](const Tensor& grad) mutable {
        hook(grad);
        return Tensor();
      });
    } else {
      return add_hook(std::move(hook));
    }
  }
  void remove_hook(std::uint32_t id) const;
  /// Calls `hook` with this leaf after each accumulation into its `.grad`.
  void register_post_accumulate_grad_hook(std::function<void(const Tensor&)> hook) const;

  /// The same storage under another shape; no gradient flows through it. The caller answers for the bounds
  /// being inside the storage (checked: ShapeError).
  [[nodiscard]] Tensor alias(IntArrayRef sizes, IntArrayRef strides, std::int64_t offset) const;
  /// A new tensor on the same values, without gradient.
  [[nodiscard]] Tensor data() const;
  [[nodiscard]] Tensor variable_data() const { return data(); }
  [[nodiscard]] Tensor tensor_data() const { return detach(); }
  /// The same, counted together with this tensor when it is written in place (`_version`).
  [[nodiscard]] Tensor detach() const;
  /// Cuts this tensor off from what it was computed from.
  const Tensor& detach_() const;
  /// This tensor object takes over the storage, shape and type of `value`: handles to it stay valid (and
  /// tied). DTypeError if it requires grad and the new type has no gradients.
  void set_data(const Tensor& value) const;

  /// The value of a one-element tensor. Otherwise: "a Tensor with 2 elements cannot be converted to Scalar".
  [[nodiscard]] Scalar item() const;
  template <class T>
  [[nodiscard]] T item() const {
    return item().to<T>();
  }

  /// The text of Python's repr(t): core/print.h.
  [[nodiscard]] std::string repr() const;

  // --------------------------------------------------------------------------- views (ops/view.cpp): no copy
  [[nodiscard]] Tensor select(std::int64_t dim, std::int64_t index) const;
  [[nodiscard]] Tensor slice(std::int64_t dim = 0, std::optional<std::int64_t> start = std::nullopt,
                             std::optional<std::int64_t> end = std::nullopt, std::int64_t step = 1) const;
  [[nodiscard]] Tensor narrow(std::int64_t dim, std::int64_t start, std::int64_t length) const;
  [[nodiscard]] Tensor operator[](std::int64_t index) const { return select(0, index); }
  [[nodiscard]] Tensor t() const;
  [[nodiscard]] Tensor transpose(std::int64_t a, std::int64_t b) const;
  [[nodiscard]] Tensor permute(IntArrayRef dims) const;
  [[nodiscard]] Tensor view(
      IntArrayRef sizes) const;  ///< one size may be -1; ShapeError where it needs a copy
  [[nodiscard]] Tensor view_as(const Tensor& o) const;
  [[nodiscard]] Tensor reshape(IntArrayRef sizes) const;  ///< a view where possible, else a copy
  [[nodiscard]] Tensor flatten(std::int64_t start_dim = 0, std::int64_t end_dim = -1) const;
  [[nodiscard]] Tensor expand(IntArrayRef sizes) const;
  [[nodiscard]] Tensor expand_as(const Tensor& o) const;
  [[nodiscard]] Tensor squeeze() const;
  [[nodiscard]] Tensor squeeze(std::int64_t dim) const;
  [[nodiscard]] Tensor unsqueeze(std::int64_t dim) const;
  [[nodiscard]] Tensor diagonal(std::int64_t offset = 0, std::int64_t dim1 = 0, std::int64_t dim2 = 1) const;
  [[nodiscard]] Tensor as_strided(IntArrayRef sizes, IntArrayRef strides,
                                  std::optional<std::int64_t> offset = std::nullopt) const;
  [[nodiscard]] Tensor view_as_real() const;  ///< complex [..] as real [.., 2]

  // ------------------------------------------------------------------- copies and conversions (ops/copy.cpp)
  [[nodiscard]] Tensor clone() const;
  [[nodiscard]] Tensor contiguous() const;  ///< this tensor itself if it is contiguous
  const Tensor& copy_(const Tensor& src, bool non_blocking = false) const;
  /// The same tensor where nothing changes, else a converted copy.
  [[nodiscard]] Tensor to(DType dtype, bool non_blocking = false, bool copy = false) const;
  [[nodiscard]] Tensor to(Device device, bool non_blocking = false, bool copy = false) const;
  [[nodiscard]] Tensor to(Device device, DType dtype, bool non_blocking = false, bool copy = false) const;
  [[nodiscard]] Tensor to(const TensorOptions& options, bool non_blocking = false, bool copy = false) const;
  [[nodiscard]] Tensor to(const Tensor& like) const;
  [[nodiscard]] Tensor type_as(const Tensor& o) const;
  [[nodiscard]] Tensor toType(DType dtype) const { return to(dtype); }
  [[nodiscard]] Tensor to(DeviceType device) const { return to(Device(device)); }
  [[nodiscard]] Tensor cpu() const { return to(Device(kCPU)); }
  const Tensor& fill_(const Scalar& value) const;
  const Tensor& fill_(const Tensor& value) const;  ///< a 0-dim tensor
  const Tensor& zero_() const;
  [[nodiscard]] Tensor repeat(IntArrayRef times) const;

  // ------------------------------------------------------------- elementwise arithmetic (ops/arithmetic.cpp)
  // Results broadcast and promote as in PyTorch; forms with an underscore write in place and return this
  // tensor.
  [[nodiscard]] Tensor add(const Tensor& o, const Scalar& alpha = 1) const;
  [[nodiscard]] Tensor add(const Scalar& o, const Scalar& alpha = 1) const;
  [[nodiscard]] Tensor sub(const Tensor& o, const Scalar& alpha = 1) const;
  [[nodiscard]] Tensor sub(const Scalar& o, const Scalar& alpha = 1) const;
  [[nodiscard]] Tensor mul(const Tensor& o) const;
  [[nodiscard]] Tensor mul(const Scalar& o) const;
  [[nodiscard]] Tensor div(const Tensor& o) const;
  [[nodiscard]] Tensor div(const Scalar& o) const;
  [[nodiscard]] Tensor remainder(const Tensor& o) const;
  [[nodiscard]] Tensor remainder(const Scalar& o) const;
  [[nodiscard]] Tensor pow(const Tensor& exponent) const;
  [[nodiscard]] Tensor pow(const Scalar& exponent) const;
  const Tensor& add_(const Tensor& o, const Scalar& alpha = 1) const;
  const Tensor& add_(const Scalar& o, const Scalar& alpha = 1) const;
  const Tensor& sub_(const Tensor& o, const Scalar& alpha = 1) const;
  const Tensor& sub_(const Scalar& o, const Scalar& alpha = 1) const;
  const Tensor& mul_(const Tensor& o) const;
  const Tensor& mul_(const Scalar& o) const;
  const Tensor& div_(const Tensor& o) const;
  const Tensor& div_(const Scalar& o) const;
  const Tensor& operator+=(const Tensor& o) const { return add_(o); }
  const Tensor& operator+=(const Scalar& o) const { return add_(o); }
  const Tensor& operator-=(const Tensor& o) const { return sub_(o); }
  const Tensor& operator-=(const Scalar& o) const { return sub_(o); }
  const Tensor& operator*=(const Tensor& o) const { return mul_(o); }
  const Tensor& operator*=(const Scalar& o) const { return mul_(o); }
  const Tensor& operator/=(const Tensor& o) const { return div_(o); }
  const Tensor& operator/=(const Scalar& o) const { return div_(o); }

  // ------------------------------------------------------------------- elementwise functions (ops/unary.cpp)
  [[nodiscard]] Tensor abs() const;
  [[nodiscard]] Tensor neg() const;
  [[nodiscard]] Tensor sign() const;
  [[nodiscard]] Tensor exp() const;
  [[nodiscard]] Tensor log() const;
  [[nodiscard]] Tensor log1p() const;
  [[nodiscard]] Tensor sqrt() const;
  [[nodiscard]] Tensor erf() const;
  [[nodiscard]] Tensor sin() const;
  [[nodiscard]] Tensor cos() const;
  [[nodiscard]] Tensor tanh() const;
  [[nodiscard]] Tensor sigmoid() const;
  [[nodiscard]] Tensor relu() const;
  [[nodiscard]] Tensor round() const;
  [[nodiscard]] Tensor floor() const;
  [[nodiscard]] Tensor ceil() const;
  [[nodiscard]] Tensor square() const;
  [[nodiscard]] Tensor isnan() const;
  [[nodiscard]] Tensor isinf() const;
  [[nodiscard]] Tensor isfinite() const;
  [[nodiscard]] Tensor logical_not() const;
  [[nodiscard]] Tensor bitwise_and(const Tensor& o) const;
  [[nodiscard]] Tensor bitwise_or(const Tensor& o) const;
  [[nodiscard]] Tensor clamp(const std::optional<Scalar>& min,
                             const std::optional<Scalar>& max = std::nullopt) const;
  [[nodiscard]] Tensor clamp_min(const Scalar& min) const;
  const Tensor& clamp_(const std::optional<Scalar>& min,
                       const std::optional<Scalar>& max = std::nullopt) const;
  const Tensor& abs_() const;
  const Tensor& neg_() const;
  const Tensor& sqrt_() const;
  const Tensor& erfinv_() const;
  const Tensor& masked_fill_(const Tensor& mask, const Scalar& value) const;
  [[nodiscard]] Tensor masked_fill(const Tensor& mask, const Scalar& value) const;

  // ----------------------------------------------------------- comparison (ops/comparison.cpp): bool tensors
  [[nodiscard]] Tensor eq(const Tensor& o) const;
  [[nodiscard]] Tensor eq(const Scalar& o) const;
  [[nodiscard]] Tensor ne(const Tensor& o) const;
  [[nodiscard]] Tensor ne(const Scalar& o) const;
  [[nodiscard]] Tensor lt(const Tensor& o) const;
  [[nodiscard]] Tensor lt(const Scalar& o) const;
  [[nodiscard]] Tensor le(const Tensor& o) const;
  [[nodiscard]] Tensor le(const Scalar& o) const;
  [[nodiscard]] Tensor gt(const Tensor& o) const;
  [[nodiscard]] Tensor gt(const Scalar& o) const;
  [[nodiscard]] Tensor ge(const Tensor& o) const;
  [[nodiscard]] Tensor ge(const Scalar& o) const;
  /// Same shape and same values (NaN differs from itself); types may differ.
  [[nodiscard]] bool equal(const Tensor& o) const;
  [[nodiscard]] bool allclose(const Tensor& o, double rtol = 1e-5, double atol = 1e-8,
                              bool equal_nan = false) const;

  // -------------------------------------------------------------------------- reductions (ops/reduction.cpp)
  [[nodiscard]] Tensor sum(std::optional<DType> dtype = std::nullopt) const;
  [[nodiscard]] Tensor sum(IntArrayRef dims, bool keepdim = false,
                           std::optional<DType> dtype = std::nullopt) const;
  [[nodiscard]] Tensor mean(std::optional<DType> dtype = std::nullopt) const;
  [[nodiscard]] Tensor mean(IntArrayRef dims, bool keepdim = false,
                            std::optional<DType> dtype = std::nullopt) const;
  [[nodiscard]] Tensor prod(std::optional<DType> dtype = std::nullopt) const;
  [[nodiscard]] Tensor var(bool unbiased = true) const;
  [[nodiscard]] Tensor std(bool unbiased = true) const;
  [[nodiscard]] Tensor norm(const Scalar& p = 2) const;
  [[nodiscard]] Tensor norm(const Scalar& p, IntArrayRef dims, bool keepdim = false) const;
  [[nodiscard]] Tensor max() const;
  [[nodiscard]] Tensor min() const;
  [[nodiscard]] std::tuple<Tensor, Tensor> max(std::int64_t dim, bool keepdim = false) const;
  [[nodiscard]] std::tuple<Tensor, Tensor> min(std::int64_t dim, bool keepdim = false) const;
  [[nodiscard]] Tensor argmax(std::optional<std::int64_t> dim = std::nullopt, bool keepdim = false) const;
  [[nodiscard]] Tensor all() const;
  [[nodiscard]] Tensor any() const;
  [[nodiscard]] Tensor count_nonzero() const;
  /// The truth of a one-element tensor.
  [[nodiscard]] bool is_nonzero() const;

  // ------------------------------------------------------------------------- softmax (ops/softmax.cpp)
  [[nodiscard]] Tensor softmax(std::int64_t dim, std::optional<DType> dtype = std::nullopt) const;
  [[nodiscard]] Tensor log_softmax(std::int64_t dim, std::optional<DType> dtype = std::nullopt) const;

  // --------------------------------------------------------------------- products (ops/matmul.cpp): OpenBLAS
  [[nodiscard]] Tensor matmul(const Tensor& o) const;
  [[nodiscard]] Tensor mm(const Tensor& o) const;

  // ---------------------------------------- random fills (ops/random.h): PyTorch's bits for a seed, in place
  const Tensor& uniform_(double from = 0, double to = 1,
                         const std::optional<Generator>& generator = {}) const;
  const Tensor& normal_(double mean = 0, double std = 1,
                        const std::optional<Generator>& generator = {}) const;
  const Tensor& log_normal_(double mean = 1, double std = 2,
                            const std::optional<Generator>& generator = {}) const;
  const Tensor& cauchy_(double median = 0, double sigma = 1,
                        const std::optional<Generator>& generator = {}) const;
  const Tensor& exponential_(double lambda = 1, const std::optional<Generator>& generator = {}) const;
  const Tensor& geometric_(double p, const std::optional<Generator>& generator = {}) const;
  const Tensor& bernoulli_(double p = 0.5, const std::optional<Generator>& generator = {}) const;
  const Tensor& bernoulli_(const Tensor& p, const std::optional<Generator>& generator = {}) const;
  const Tensor& random_(const std::optional<Generator>& generator = {}) const;
  const Tensor& random_(std::int64_t to) const;
  const Tensor& random_(std::int64_t to, const Generator& generator) const;
  const Tensor& random_(std::int64_t from, std::optional<std::int64_t> to,
                        const std::optional<Generator>& generator = {}) const;
  [[nodiscard]] Tensor bernoulli(const std::optional<Generator>& generator = {}) const;
  [[nodiscard]] Tensor multinomial(std::int64_t num_samples, bool replacement = false,
                                   const std::optional<Generator>& generator = {}) const;

  /// The implementation object; throws Error for an undefined tensor.
  [[nodiscard]] TensorImpl& impl() const {
    if (!impl_) [[unlikely]] {
      throw_undefined();
    }
    return *impl_;
  }

 private:
  [[noreturn]] static void throw_undefined();
  [[noreturn]] void throw_dtype(DType expected) const;
  std::uint32_t add_hook(std::function<Tensor(const Tensor&)> hook) const;
  [[nodiscard]] std::size_t dim_index(std::int64_t d) const {
    return static_cast<std::size_t>(wrap_dim(d, dim()));
  }

  IntrusivePtr<TensorImpl> impl_;
};

using TensorList = ArrayRef<Tensor>;

/// A new tensor of `sizes`, row-major and not initialised: the one way tensors get memory.
[[nodiscard]] Tensor empty(IntArrayRef sizes, const TensorOptions& options = {});
/// The same with strides of one's own (the storage is as long as they need).
[[nodiscard]] Tensor empty_strided(IntArrayRef sizes, IntArrayRef strides, const TensorOptions& options = {});
/// A tensor on a given storage. ShapeError if the view would reach outside it.
[[nodiscard]] Tensor tensor_on(const Storage& storage, DType dtype, IntArrayRef sizes, IntArrayRef strides,
                               std::int64_t offset = 0);
/// A tensor on someone else's memory, row-major; `deleter(data)` is called when the last handle goes.
[[nodiscard]] Tensor from_blob(void* data, IntArrayRef sizes, const TensorOptions& options = {});
[[nodiscard]] Tensor from_blob(void* data, IntArrayRef sizes, const std::function<void(void*)>& deleter,
                               const TensorOptions& options = {});
[[nodiscard]] Tensor from_blob(void* data, IntArrayRef sizes, IntArrayRef strides,
                               const std::function<void(void*)>& deleter, const TensorOptions& options = {});

/// Copies `n` elements of any type, strided and converted, between tensors of one shape: the primitive under
/// copy_, to, contiguous, saving and hashing. `dst` and `src` must have equal sizes (strides may be 0 in
/// `src`).
void copy_elements(const Tensor& dst, const Tensor& src);

/// A trainable tensor: a new tensor object on the storage of `data`, which prints as "Parameter containing:".
class Parameter : public Tensor {
 public:
  Parameter() = default;
  explicit Parameter(const Tensor& data, bool requires_grad = true);
};

}  // namespace ballast
