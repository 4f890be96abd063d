// How an operation records its gradient, beside its forward:
//
//   Tensor Tensor::mul(const Tensor& o) const {
//     Tape tape(*this, o);                                    // nothing inside is recorded by itself
//     Tensor out = product_of(*this, o);
//     if (tape.on()) {
//       tape.record("MulBackward0", out, saved(*this, o), [](Backward& b) {
//         if (b.wants(0)) b.give(0, b.grad() * b.saved(1));
//         if (b.wants(1)) b.give(1, b.grad() * b.saved(0));
//       });
//     }
//     return out;
//   }
//
// - Inputs are numbered as they were given to the Tape. Undefined ones are never wanted.
// - A gradient that is larger than its input by broadcasting is summed to the input's shape, and converted to its type, by the
//   engine: the closure need not.
// - Outputs may be saved too (`saved(out)`): the tape keeps them from holding themselves.
// - A closure captures plain data only (sizes, numbers), never tensors: those are saved.
// - What the closure computes with operations that record can be differentiated again. Where a fused kernel is faster, it is
//   one of two ways: `GradMode::is_enabled() ? formula : kernel`.
//
// In place:
//
//   const Tensor& Tensor::mul_(const Tensor& o) const {
//     InplaceTape tape(*this, o);                             // refuses leaves; counts the change
//     const Tensor before = tape.wants(1) ? tape.before() : Tensor();
//     multiply_by(*this, o);
//     if (tape.on()) tape.record("MulBackward0", *this, saved(before, o), ...);
//     return *this;
//   }
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <span>

#include "ballast/autograd/grad_mode.h"
#include "ballast/autograd/node.h"
#include "ballast/autograd/saved_tensor.h"
#include "ballast/autograd/variable.h"
#include "ballast/core/block_cache.h"

namespace ballast::autograd {

/// What the closure of a recorded operation sees.
class Backward {
 public:
  Backward(Node& node, Gradients& grads, Gradients& to, std::span<const Tensor> saved)
      : node_(node), grads_(grads), to_(to), saved_(saved) {}

  /// The gradient of output `i`; of a single output it is always defined.
  [[nodiscard]] const Tensor& grad(std::size_t i = 0) const { return grads_[i]; }
  /// The same, zeros where none arrived.
  [[nodiscard]] Tensor grad_or_zeros(std::size_t i) const;
  /// The gradients, to be consumed.
  [[nodiscard]] Gradients& grads() { return grads_; }
  /// What was saved, in that order; undefined where an undefined tensor was.
  [[nodiscard]] const Tensor& saved(std::size_t i) const { return saved_[i]; }
  /// Whether the gradient of input `i` is asked for.
  [[nodiscard]] bool wants(std::size_t i) const { return static_cast<bool>(node_.next_edges()[i].function); }
  [[nodiscard]] std::size_t num_inputs() const { return node_.next_edges().size(); }
  /// Sets the gradient of input `i`.
  void give(std::size_t i, Tensor grad) { to_[i] = std::move(grad); }
  /// Shape, type and device of output `i`.
  [[nodiscard]] const TensorInfo& output(std::size_t i = 0) const { return node_.output_info(i); }

 private:
  Node& node_;
  Gradients& grads_;
  Gradients& to_;
  std::span<const Tensor> saved_;
};

/// Tensors named to be saved, before it is known whether anything is.
template <std::size_t S>
using SaveList = std::array<const Tensor*, S>;
template <class... T>
[[nodiscard]] SaveList<sizeof...(T)> saved(const T&... tensors) {
  return {static_cast<const Tensor*>(&tensors)...};
}

[[noreturn]] void throw_released();

/// The node of an operation that gave its gradient as a closure.
template <class F, std::size_t S>
class RecordedNode final : public Node {
 public:
  RecordedNode(const char* name, F of) : name_(name), backward_(std::move(of)) {}
  [[nodiscard]] const char* name() const noexcept override { return name_; }
  void backward(Gradients& grads, Gradients& to) override {
    std::array<Tensor, S> unpacked;
    if constexpr (S > 0) {
      // A pass on another thread may be giving up what this one is about to read.
      const Held held(lock_);
      if (released_) throw_released();
      for (std::size_t i = 0; i < S; ++i) unpacked[i] = saved_[i].unpack(*this);
    }
    Backward b(*this, grads, to, unpacked);
    backward_(b);
  }
  void release_saved() noexcept override {
    if constexpr (S > 0) {
      std::array<SavedTensor, S> gone;
      const Held held(lock_);
      released_ = true;
      std::swap(gone, saved_);
    }
  }
  void save(std::size_t i, const Tensor& t, bool as_output) { saved_[i] = SavedTensor(t, as_output); }

  static void* operator new(std::size_t /*size*/) { return BlockCache<kBlock>::allocate(); }
  static void operator delete(void* p) noexcept { BlockCache<kBlock>::release(p); }

 private:
  // A spinning lock: held for a few copies of handles.
  class Held {
   public:
    explicit Held(std::atomic_flag& flag) : flag_(flag) {
      while (flag_.test_and_set(std::memory_order_acquire)) {
      }
    }
    ~Held() { flag_.clear(std::memory_order_release); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

   private:
    std::atomic_flag& flag_;
  };

  const char* name_;
  F backward_;
  std::array<SavedTensor, S> saved_;
  std::atomic_flag lock_;
  bool released_ = false;

  // Sizes are rounded up so that nodes of many kinds share few caches.
  static constexpr std::size_t kBlock =
      (sizeof(Node) + sizeof(const char*) + sizeof(F) + sizeof(SavedTensor) * S + 64 + 63) / 64 * 64;
};

/// A scope in which an operation computes its forward: what it calls is not recorded, it itself may be.
template <std::size_t N>
class Tape {
 public:
  template <class... T>
  requires(sizeof...(T) == N) explicit Tape(const T&... inputs) : Tape(false, is_recording(), inputs...) {}
  ~Tape() {
    if (on_) GradMode::set_enabled(true);
  }
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// Whether the operation must be recorded.
  [[nodiscard]] bool on() const noexcept { return on_; }
  /// Whether the gradient of input `i` will be asked for.
  [[nodiscard]] bool wants(std::size_t i) const { return on_ && needs_grad(*inputs_[i]); }

  /// Records that `out` (or several) was computed. To be called once, if on().
  template <std::size_t S, class F>
  void record(const char* name, const Tensor& out, const SaveList<S>& save, F backward) const {
    record_all(name, std::span(&out, 1), save, std::move(backward));
  }
  template <std::size_t S, class F>
  void record_all(const char* name, std::span<const Tensor> outs, const SaveList<S>& save, F backward) const {
    auto* const node = new RecordedNode<F, S>(name, std::move(backward));
    IntrusivePtr<Node> held = IntrusivePtr<Node>::adopt(node);
    for (const Tensor* const t : save) check_may_be_saved(*t);
    for (const Tensor* const t : inputs_) node->add_edge(*t);
    order_node(*node);
    for (const Tensor& out : outs) (inplace_ ? rebase_history : set_history)(out, held);
    for (std::size_t i = 0; i < S; ++i) {
      const auto made_here = [&](const Tensor& out) { return out.is_same(*save[i]); };
      node->save(i, *save[i], save[i]->defined() && std::any_of(outs.begin(), outs.end(), made_here));
    }
  }

 protected:
  template <class... T>
  explicit Tape(bool inplace, bool mode, const T&... inputs)
      : inputs_{static_cast<const Tensor*>(&inputs)...},
        on_(mode && (needs_grad(inputs) || ...) && (is_normal(inputs) || ...)),
        inplace_(inplace) {
    if (on_) GradMode::set_enabled(false);
  }

 private:
  std::array<const Tensor*, N> inputs_;
  bool on_;
  bool inplace_;
};
template <class... T>
Tape(const T&...) -> Tape<sizeof...(T)>;

/// The same for an operation that writes its first input in place.
template <std::size_t N>
class InplaceTape final : public Tape<N> {
 public:
  template <class... T>
  explicit InplaceTape(const Tensor& self, const T&... others)
      : Tape<N>(true, begun(self, (needs_grad(others) || ... || false)), self, others...), self_(self) {}
  /// What is about to be overwritten, with its history: to be saved where the gradient needs it.
  [[nodiscard]] Tensor before() const {
    const AutoGradMode recording(true);
    return self_.clone();
  }

 private:
  static bool begun(const Tensor& self, bool others_need) {
    begin_inplace(self, others_need);
    return is_recording();
  }
  const Tensor& self_;
};
template <class... T>
InplaceTape(const Tensor&, const T&...) -> InplaceTape<sizeof...(T) + 1>;

/// The same for an operation on a list of tensors, of any number.
class ListTape {
 public:
  explicit ListTape(ArrayRef<Tensor> inputs);
  ~ListTape() {
    if (on_) GradMode::set_enabled(true);
  }
  ListTape(const ListTape&) = delete;
  ListTape& operator=(const ListTape&) = delete;
  [[nodiscard]] bool on() const noexcept { return on_; }

  template <class F>
  void record(const char* name, std::span<const Tensor> outs, F backward) const {
    auto* const node = new RecordedNode<F, 0>(name, std::move(backward));
    IntrusivePtr<Node> held = IntrusivePtr<Node>::adopt(node);
    for (const Tensor& t : inputs_) node->add_edge(t);
    order_node(*node);
    for (const Tensor& out : outs) set_history(out, held);
  }

 private:
  ArrayRef<Tensor> inputs_;
  bool on_;
};

}  // namespace ballast::autograd

namespace ballast {
// Operations are defined in this namespace.
using autograd::Backward;
using autograd::InplaceTape;
using autograd::ListTape;
using autograd::saved;
using autograd::Tape;
}  // namespace ballast
