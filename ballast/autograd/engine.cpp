#include "ballast/autograd/engine.h"

#include <algorithm>
#include <exception>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "ballast/autograd/accumulate_grad.h"
#include "ballast/autograd/anomaly_mode.h"
#include "ballast/autograd/variable.h"
#include "ballast/core/warning.h"

namespace ballast::autograd {
namespace {

/// One backward pass. Nodes are visited from the latest to the earliest: every node is later than those its edges lead to
/// (Node::sequence), so when one is reached all of its gradients have arrived. Nothing recurses, however deep the graph.
class Pass {
 public:
  Pass(bool keep_graph, bool create_graph) : keep_graph_(keep_graph), mode_(create_graph) {}

  /// Only nodes on the way to these edges are visited, and their gradients are kept for taken().
  void want(std::vector<Edge> edges, const InlineVector<Edge, 1>& roots);
  /// Hands `grad` on along an edge: to wait until the node there is visited, or to be added to a leaf's `.grad` at once.
  void send(const Edge& to, Tensor grad);
  void run();
  [[nodiscard]] std::vector<Tensor>& taken() { return taken_; }

 private:
  struct Waiting {
    std::uint64_t sequence;
    Node* node;
    std::size_t slot;
    friend bool operator<(const Waiting& a, const Waiting& b) { return a.sequence < b.sequence; }
  };

  void visit(Node& node, Gradients grads);
  void call_hooks(Node& node, Gradients& grads) const;
  void take(Node& node, const Gradients& grads);
  [[nodiscard]] std::size_t slot_of(Node& node);

  bool keep_graph_;
  AutoGradMode mode_;
  InlineVector<Waiting, 8> waiting_;  // a heap: the latest first
  InlineVector<Gradients, 8> slots_;
  InlineVector<std::size_t, 8> free_slots_;
  std::unordered_map<const Node*, std::size_t> slot_of_;
  // With want():
  std::vector<Edge> wanted_;
  std::vector<Tensor> taken_;
  std::unordered_set<const Node*> on_the_way_;
};

/// `grad` summed over the dimensions along which a tensor of `sizes` was broadcast.
Tensor summed_to(const Tensor& grad, IntArrayRef sizes) {
  const std::int64_t added = grad.dim() - static_cast<std::int64_t>(sizes.size());
  std::vector<std::int64_t> dims;
  for (std::int64_t d = 0; d < grad.dim(); ++d) {
    if (d < added || (sizes[static_cast<std::size_t>(d - added)] == 1 && grad.size(d) != 1))
      dims.push_back(d);
  }
  const Tensor sum = dims.empty() ? grad : grad.sum(dims, true);
  return added > 0 ? sum.reshape(sizes) : sum;
}

/// Brings a gradient to the shape and type of the tensor it belongs to.
Tensor fitted(const TensorInfo& info, Tensor grad, const char* from) {
  if (grad.sizes() != info.sizes.ref()) {
    check<ShapeError>(
        is_expandable_to(info.sizes, grad.sizes()),
        "Function {} returned an invalid gradient at index 0 - got {} but expected shape compatible with {}",
        from, Shown{grad.sizes()}, Shown{info.sizes});
    grad = summed_to(grad, info.sizes);
  }
  if (grad.dtype() != info.dtype) {
    if (grad.is_complex() && !is_complex(info.dtype)) grad = grad.view_as_real().select(-1, 0);
    grad = grad.to(info.dtype);
  }
  return grad;
}

void check_no_nan(const Node& node, const Gradients& to) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (!to[i].defined() || !(to[i].is_floating_point() || to[i].is_complex()) || to[i].is_meta()) continue;
    check(!to[i].isnan().any().item<bool>(), "Function '{}' returned nan values in its {}th output.",
          node.name(), i);
  }
}

std::size_t Pass::slot_of(Node& node) {
  // Few nodes wait at a time, as a rule.
  if (waiting_.size() <= 8 && slot_of_.empty()) {
    for (const Waiting& w : waiting_) {
      if (w.node == &node) return w.slot;
    }
  } else {
    if (slot_of_.empty()) {
      for (const Waiting& w : waiting_) slot_of_.emplace(w.node, w.slot);
    }
    if (const auto found = slot_of_.find(&node); found != slot_of_.end()) return found->second;
  }
  std::size_t slot = slots_.size();
  if (free_slots_.empty()) {
    slots_.push_back(Gradients());
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  slots_[slot].resize(node.num_outputs());
  waiting_.push_back({node.sequence(), &node, slot});
  std::push_heap(waiting_.begin(), waiting_.end());
  if (!slot_of_.empty()) slot_of_.emplace(&node, slot);
  return slot;
}

void Pass::send(const Edge& to, Tensor grad) {
  Node& node = *to.function;
  if (!on_the_way_.empty() || !wanted_.empty()) {
    if (!on_the_way_.contains(&node)) return;
  } else if (node.hooks() == nullptr && node.sequence() == 0) {
    // A leaf that nobody watches takes its gradients as they come.
    static_cast<AccumulateGrad&>(node).add(std::move(grad));
    return;
  }
  accumulate(slots_[slot_of(node)][to.input_nr], std::move(grad));
}

void Pass::call_hooks(Node& node, Gradients& grads) const {
  const NodeHooks* const hooks = node.hooks();
  if (hooks == nullptr) return;
  for (const bool retaining : {false, true}) {
    // By index: a hook may add hooks.
    for (std::size_t i = 0; i < hooks->tensors.size(); ++i) {  // NOLINT(modernize-loop-convert)
      if (hooks->tensors[i].retains_grad != retaining) continue;
      Tensor& grad = grads[hooks->tensors[i].input_nr];
      if (!grad.defined()) continue;
      const TensorHook hook = hooks->tensors[i].hook;
      const Tensor replaced = hook(grad);
      if (replaced.defined()) grad = replaced;
    }
  }
}

void Pass::take(Node& node, const Gradients& grads) {
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    if (wanted_[i].function.get() == &node) taken_[i] = grads[wanted_[i].input_nr];
  }
}

void Pass::visit(Node& node, Gradients grads) {
  call_hooks(node, grads);
  if (!wanted_.empty()) {
    take(node, grads);
    const auto leads_on = [&](const Edge& e) { return e.function && on_the_way_.contains(e.function.get()); };
    if (std::none_of(node.next_edges().begin(), node.next_edges().end(), leads_on)) return;
  }
  Gradients to(node.next_edges().size());
  try {
    node.backward(grads, to);
    if (AnomalyMode::is_enabled() && AnomalyMode::should_check_nan()) check_no_nan(node, to);
  } catch (...) {
    if (AnomalyMode::is_enabled())
      warn(
          fmt::format("Error detected in {}. Traceback of forward call that caused the error: {} made a "
                      "tensor of shape {}",
                      node.name(), node.name(),
                      node.num_outputs() > 0 ? shape_text(node.output_info(0).sizes) : std::string("[]")));
    throw;
  }
  grads.clear();
  if (!keep_graph_) node.release_saved();
  for (std::size_t i = 0; i < to.size(); ++i) {
    const Edge& edge = node.next_edges()[i];
    if (!edge.function || !to[i].defined()) continue;
    send(edge, fitted(edge.function->output_info(edge.input_nr), std::move(to[i]), node.name()));
  }
}

void Pass::run() {
  while (!waiting_.empty()) {
    std::pop_heap(waiting_.begin(), waiting_.end());
    const Waiting next = waiting_.back();
    waiting_.pop_back();
    Gradients grads = std::move(slots_[next.slot]);
    free_slots_.push_back(next.slot);
    if (!slot_of_.empty()) slot_of_.erase(next.node);
    if (waiting_.empty()) slot_of_.clear();
    visit(*next.node, std::move(grads));
  }
}

void Pass::want(std::vector<Edge> edges, const InlineVector<Edge, 1>& roots) {
  wanted_ = std::move(edges);
  taken_.resize(wanted_.size());
  for (const Edge& e : wanted_) {
    if (e.function) on_the_way_.insert(e.function.get());
  }
  // All that can be reached, early nodes first: a node is on the way if one it leads to is.
  std::unordered_set<const Node*> seen;
  std::vector<const Node*> reached;
  for (const Edge& e : roots) {
    if (seen.insert(e.function.get()).second) reached.push_back(e.function.get());
  }
  for (std::size_t i = 0; i < reached.size(); ++i) {
    for (const Edge& e : reached[i]->next_edges()) {
      if (e.function && seen.insert(e.function.get()).second) reached.push_back(e.function.get());
    }
  }
  std::sort(reached.begin(), reached.end(),
            [](const Node* a, const Node* b) { return a->sequence() < b->sequence(); });
  for (const Node* const node : reached) {
    for (const Edge& e : node->next_edges()) {
      if (e.function && on_the_way_.contains(e.function.get())) {
        on_the_way_.insert(node);
        break;
      }
    }
  }
}

/// Backward passes may be started from inside one, by hooks and by user functions. A thread's stack bounds how deep that goes,
/// so every so often another thread goes on.
thread_local constinit int nesting = 0;
constexpr int kNestingOfThread = 60;

template <class F>
void nested(const F& run) {
  if (nesting < kNestingOfThread) {
    ++nesting;
    try {
      run();
    } catch (...) {
      --nesting;
      throw;
    }
    --nesting;
    return;
  }
  std::exception_ptr error;
  std::thread([&] {
    try {
      nested(run);
    } catch (...) {
      error = std::current_exception();
    }
  }).join();
  if (error) std::rethrow_exception(error);
}

struct Roots {
  InlineVector<Edge, 1> edges;
  InlineVector<Tensor, 1> grads;
};

Roots roots_of(ArrayRef<Tensor> tensors, ArrayRef<Tensor> grads) {
  check<ValueError>(grads.empty() || grads.size() == tensors.size(), "got {} tensors and {} gradients",
                    tensors.size(), grads.size());
  Roots roots;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& t = tensors[i];
    check(needs_grad(t), "element {} of tensors does not require grad and does not have a grad_fn", i);
    Tensor grad = i < grads.size() ? grads[i] : Tensor();
    if (!grad.defined()) {
      check<ShapeError>(t.numel() == 1, "grad can be implicitly created only for scalar outputs");
      grad = empty(t.sizes(), t.options()).fill_(1);
    } else {
      check<ShapeError>(
          grad.sizes() == t.sizes(),
          "Mismatch in shape: grad_output[{}] has a shape of {} and output[{}] has a shape of {}.", i,
          Shown{grad.sizes()}, i, Shown{t.sizes()});
      if (grad.dtype() != t.dtype()) grad = grad.to(t.dtype());
    }
    roots.edges.push_back(gradient_edge(t));
    roots.grads.push_back(std::move(grad));
  }
  return roots;
}

void start(Pass& pass, Roots& roots) {
  nested([&] {
    for (std::size_t i = 0; i < roots.edges.size(); ++i) pass.send(roots.edges[i], std::move(roots.grads[i]));
    pass.run();
  });
}

std::vector<Tensor> gradients_at(ArrayRef<Tensor> inputs, Roots& roots, bool keep_graph, bool create_graph) {
  std::vector<Edge> wanted;
  for (const Tensor& t : inputs) {
    check(needs_grad(t), "One of the differentiated Tensors does not require grad");
    wanted.push_back(gradient_edge(t));
  }
  Pass pass(keep_graph, create_graph);
  pass.want(std::move(wanted), roots.edges);
  start(pass, roots);
  return std::move(pass.taken());
}

}  // namespace

void backward(ArrayRef<Tensor> tensors, ArrayRef<Tensor> grad_tensors, std::optional<bool> retain_graph,
              bool create_graph, ArrayRef<Tensor> inputs) {
  const bool keep = retain_graph.value_or(create_graph);
  if (create_graph) {
    warn(
        "Using backward() with create_graph=True will create a reference cycle between the parameter and "
        "its gradient which can cause a memory leak. We recommend using autograd.grad when creating the "
        "graph to avoid this. If you have to use this function, make sure to reset the .grad fields of your "
        "parameters to None after use to break the cycle and avoid the leak.");
  }
  Roots roots = roots_of(tensors, grad_tensors);
  if (inputs.empty()) {
    Pass pass(keep, create_graph);
    start(pass, roots);
    return;
  }
  std::vector<Tensor> grads = gradients_at(inputs, roots, keep, create_graph);
  const AutoGradMode mode(create_graph);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!grads[i].defined()) continue;
    if (inputs[i].is_leaf()) {
      accumulator_of(inputs[i]).add(std::move(grads[i]));
    } else {
      accumulate(meta_of(inputs[i]).own_grad(), std::move(grads[i]));
    }
  }
}

void backward(const variable_list& tensors, const variable_list& grad_tensors,
              std::optional<bool> retain_graph, bool create_graph, const variable_list& inputs) {
  backward(ArrayRef<Tensor>(tensors), ArrayRef<Tensor>(grad_tensors), retain_graph, create_graph,
           ArrayRef<Tensor>(inputs));
}

variable_list grad(const variable_list& outputs, const variable_list& inputs,
                   const variable_list& grad_outputs, std::optional<bool> retain_graph, bool create_graph,
                   bool allow_unused) {
  check<ValueError>(!inputs.empty(), "grad requires non-empty inputs.");
  Roots roots = roots_of(outputs, grad_outputs);
  std::vector<Tensor> grads = gradients_at(inputs, roots, retain_graph.value_or(create_graph), create_graph);
  if (!allow_unused) {
    for (const Tensor& g : grads) {
      check(g.defined(),
            "One of the differentiated Tensors appears to not have been used in the graph. Set "
            "allow_unused=True if this is the desired behavior.");
    }
  }
  return grads;
}

}  // namespace ballast::autograd
