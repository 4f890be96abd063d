#include "ballast/autograd/view.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace ballast::autograd {
namespace {

Layout layout_of(const Tensor& base) { return {Dims(base.sizes()), Dims(base.strides())}; }

Window window_in(const Tensor& base, const Tensor& view) {
  return {Dims(view.sizes()), Dims(view.strides()), view.storage_offset() - base.storage_offset()};
}

/// Elements of `t` in the layout of the base; its window is then as_strided.
Tensor laid_out(const Tensor& t, const Layout& base) {
  Tensor out = empty_strided(base.sizes, base.strides, t.options());
  copy_elements(out, t);
  return out;
}

Tensor alias_window(const Tensor& whole, const Window& w) {
  return whole.alias(w.sizes, w.strides, w.offset);
}

/// Whether no address stands under two indices, as far as the strides tell at a glance.
bool surely_disjoint(IntArrayRef sizes, IntArrayRef strides) {
  std::vector<std::pair<std::int64_t, std::int64_t>> steps;  // stride and size
  for (std::size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] > 1) steps.emplace_back(strides[d], sizes[d]);
  }
  std::sort(steps.begin(), steps.end());
  std::int64_t reach = 0;  // of the dimensions with smaller steps
  for (const auto& [stride, size] : steps) {
    if (stride <= reach) return false;
    reach += stride * (size - 1);
  }
  return true;
}

/// to += part, element by element where the window overlaps itself.
void add_elements(const Tensor& to, const Tensor& part) {
  if (part.numel() == 0) return;
  if (surely_disjoint(to.sizes(), to.strides())) {
    to.add_(part);
    return;
  }
  const auto slice_of = [](const Tensor& t, std::int64_t i) {
    Dims sizes(t.sizes());
    Dims strides(t.strides());
    sizes.erase(0);
    strides.erase(0);
    return t.alias(sizes, strides, t.storage_offset() + i * t.strides()[0]);
  };
  for (std::int64_t i = 0; i < part.size(0); ++i) add_elements(slice_of(to, i), slice_of(part, i));
}

/// The gradient of a base after its window was written by `written`: what the rest of it keeps, and the written part's.
class CopySlices final : public Node {
 public:
  CopySlices(const Tensor& base, const Tensor& view, IntrusivePtr<Node> written)
      : base_(layout_of(base)), window_(window_in(base, view)), written_(std::move(written)) {
    add_edge(base);
    for (std::size_t i = 1; i < written_->next_edges().size(); ++i) add_edge(Edge(written_->next_edges()[i]));
    take_sequence();
    written_->add_output(view);
  }
  [[nodiscard]] const char* name() const noexcept override { return "CopySlices"; }

  void backward(Gradients& grads, Gradients& to) override {
    const Tensor& grad = grads[0];
    Gradients part;
    part.push_back(window_of(grad, base_, window_));
    const Tensor outside = grad.sub(spread_window(part[0], base_, window_));
    // Its first edge must be there for the operation to want that gradient.
    Gradients inner(written_->next_edges().size());
    written_->backward(part, inner);
    if (next_edges()[0].function) {
      Tensor inside = inner[0];
      if (inside.defined() && inside.sizes() != window_.sizes.ref()) inside = inside.expand(window_.sizes);
      to[0] = inside.defined() ? outside.add(spread_window(inside, base_, window_)) : outside;
    }
    for (std::size_t i = 1; i < inner.size(); ++i) to[i] = std::move(inner[i]);
  }
  void release_saved() noexcept override { written_->release_saved(); }

 private:
  Layout base_;
  Window window_;
  IntrusivePtr<Node> written_;
};

}  // namespace

bool begin_view(const Tensor& self, const Tensor& view) {
  view.impl().is_inference = self.is_inference();
  if (self.is_inference()) return false;
  view.impl().version.share(self.impl().version);
  const bool differentiable = view.is_floating_point() || view.is_complex();
  if (!differentiable || view.dtype() != self.dtype()) return is_recording() && needs_grad(self);
  const bool wants = needs_grad(self);
  if (!GradMode::is_enabled() && !InferenceMode::is_enabled() && !wants) return false;
  VariableMeta& meta = meta_of(view);
  const VariableMeta* const above = find_meta(self);
  const bool of_view = above != nullptr && above->base.defined();
  meta.base = of_view ? above->base : self;
  if (InferenceMode::is_enabled()) {
    meta.made = ViewMade::kInInference;
  } else if (of_view && above->made != ViewMade::kRecorded) {
    meta.made = above->made;
  } else if (!GradMode::is_enabled()) {
    meta.made = ViewMade::kWithoutGrad;
  }
  meta.seen_version = version_of(self);
  return is_recording() && wants;
}

Tensor window_of(const Tensor& grad, const Layout& base, const Window& window) {
  Tape tape(grad);
  const Tensor whole = grad.sizes() == base.sizes.ref() ? grad : grad.expand(base.sizes);
  Tensor out = empty(window.sizes, grad.options());
  copy_elements(out, alias_window(laid_out(whole, base), window));
  if (tape.on()) {
    tape.record("AsStridedBackward0", out, saved(),
                [base, window](Backward& b) { b.give(0, spread_window(b.grad(), base, window)); });
  }
  return out;
}

Tensor spread_window(const Tensor& part, const Layout& base, const Window& window) {
  Tape tape(part);
  Tensor out = empty_strided(base.sizes, base.strides, part.options()).zero_();
  add_elements(alias_window(out, window), part);
  if (!out.is_contiguous()) {
    Tensor plain = empty(base.sizes, part.options());
    copy_elements(plain, out);
    out = std::move(plain);
  }
  if (tape.on()) {
    tape.record("SpreadWindowBackward", out, saved(),
                [base, window](Backward& b) { b.give(0, window_of(b.grad(), base, window)); });
  }
  return out;
}

void refresh_view(const Tensor& view, VariableMeta& meta) {
  const Tensor base = meta.base;
  const Layout layout = layout_of(base);
  const Window window = window_in(base, view);
  const auto backward = [layout, window](Backward& b) { b.give(0, spread_window(b.grad(), layout, window)); };
  auto* const node = new RecordedNode<decltype(backward), 0>("AsStridedBackward0", backward);
  const IntrusivePtr<Node> held = IntrusivePtr<Node>::adopt(node);
  node->add_edge(base);
  order_node(*node);
  set_history(view, held);
  meta.seen_version = version_of(view);
}

void write_through_view(const Tensor& view, VariableMeta& meta, IntrusivePtr<Node> node) {
  const Tensor base = meta.base;
  set_history(base, IntrusivePtr<Node>::adopt(new CopySlices(base, view, std::move(node))));
  refresh_view(view, meta);
}

}  // namespace ballast::autograd
