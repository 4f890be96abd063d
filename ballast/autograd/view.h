// Views under the tape: gradients pass through them, and writing into one is written through to its base.
//
//   Tensor Tensor::transpose(...) const {
//     return record_view("TransposeBackward0", *this, alias(sizes, strides, offset), [a, b](Backward& back) {
//       back.give(0, back.grad().transpose(a, b));
//     });
//   }
#pragma once

#include "ballast/autograd/tape.h"

namespace ballast::autograd {

/// Makes `view`, a fresh alias of `self`, known as its view: both count changes together. Gives whether it must be recorded.
[[nodiscard]] bool begin_view(const Tensor& self, const Tensor& view);

template <class F>
[[nodiscard]] Tensor record_view(const char* name, const Tensor& self, Tensor view, F backward) {
  if (begin_view(self, view)) {
    Tape tape(self);
    tape.record(name, view, saved(), std::move(backward));
  }
  return view;
}

/// Where in its base a view lies: as Tensor::as_strided takes it, with the offset counted from the base's first element.
struct Window {
  Dims sizes;
  Dims strides;
  std::int64_t offset = 0;
};

/// `t` laid out as a base of sizes and strides that need not be contiguous, so that a window of the base is one of `t`.
struct Layout {
  Dims sizes;
  Dims strides;
};

/// The window of `grad`, the gradient of a base laid out as `base`. Can be differentiated.
[[nodiscard]] Tensor window_of(const Tensor& grad, const Layout& base, const Window& window);
/// Zeros of the base with `part` added at the window, also where elements of the window overlap. Can be differentiated.
[[nodiscard]] Tensor spread_window(const Tensor& part, const Layout& base, const Window& window);

/// Gives a view the node that belongs to the state of its base.
void refresh_view(const Tensor& view, VariableMeta& meta);
/// Lets the base of `view`, which was just written by the operation of `node`, be made by that operation, in the window.
void write_through_view(const Tensor& view, VariableMeta& meta, IntrusivePtr<Node> node);

}  // namespace ballast::autograd

namespace ballast {
using autograd::record_view;
}
