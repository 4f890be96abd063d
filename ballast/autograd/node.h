// The tape: one node for each recorded operation, with edges to the nodes that made its inputs. A backward pass
// (autograd/engine.h) walks it from the result to the leaves.
//
//   y.grad_fn()->name();              // "MulBackward0"
//   y.grad_fn()->next_edges();        // where the gradients of its inputs go
//
// Operations do not write nodes themselves; they describe their gradient to autograd/tape.h.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "ballast/core/inline_vector.h"
#include "ballast/core/tensor.h"

namespace ballast::autograd {

class Node;

/// Where a gradient goes: to input number `input_nr` of a node, which is the gradient of that node's output number `input_nr`.
struct Edge {
  IntrusivePtr<Node> function;
  std::uint32_t input_nr = 0;
};

/// Gradients on their way into a node, or out of it. Undefined where there is none.
using Gradients = InlineVector<Tensor, 2>;

/// What a backward pass must know of a tensor whose gradient a node takes: gradients are brought to this shape and type.
struct TensorInfo {
  Dims sizes;
  DType dtype = kFloat32;
  Device device = kCPU;

  TensorInfo() = default;
  explicit TensorInfo(const Tensor& t) : sizes(t.sizes()), dtype(t.dtype()), device(t.device()) {}
};

/// Takes the gradient of a tensor and may replace it; an undefined result keeps it.
using TensorHook = std::function<Tensor(const Tensor&)>;

/// What users hang onto a node. Most have nothing.
struct NodeHooks {
  struct OnTensor {
    std::uint32_t input_nr;
    std::uint32_t id;
    TensorHook hook;
    bool retains_grad = false;  ///< keeps the gradient instead of changing it; runs after the others
  };
  std::vector<OnTensor> tensors;
  /// After a leaf's gradient has been accumulated.
  std::vector<std::function<void(const Tensor&)>> after_accumulation;
  std::uint32_t next_id = 0;
};

/// One recorded operation.
class Node : public RefCounted<Node> {
 public:
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// As PyTorch calls it: "MulBackward0".
  [[nodiscard]] virtual const char* name() const noexcept = 0;
  /// From the gradients of the operation's outputs (undefined where none arrived) those of its inputs: `to` has one place for
  /// each edge, and may be left undefined.
  virtual void backward(Gradients& grads, Gradients& to) = 0;
  /// Gives up what was saved for backward: a second pass through this node is then an error if anything was.
  virtual void release_saved() noexcept {}

  [[nodiscard]] const InlineVector<Edge, 2>& next_edges() const noexcept { return edges_; }
  [[nodiscard]] const TensorInfo& output_info(std::size_t i) const noexcept { return outputs_[i]; }
  [[nodiscard]] std::size_t num_outputs() const noexcept { return outputs_.size(); }
  /// Larger than that of every node its edges lead to.
  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
  [[nodiscard]] NodeHooks* hooks() const noexcept { return hooks_.get(); }
  NodeHooks& own_hooks();

  /// Adds the edge to what made `input`, or an empty one if it needs no gradient.
  void add_edge(const Tensor& input);
  void add_edge(Edge edge) { edges_.push_back(std::move(edge)); }
  /// Makes this node the one that takes the gradient of `output`; gives its number.
  std::uint32_t add_output(const Tensor& output);
  void set_output_info(std::size_t i, const Tensor& output) { outputs_[i] = TensorInfo(output); }

  /// Nodes that only the node before them holds are freed one after the other, however long the chain.
  static void destroy(Node* node) noexcept;

 protected:
  Node() = default;
  /// To be called when all edges are there, before outputs are made: gives the node its place in the order.
  void take_sequence() noexcept;
  friend void order_node(Node& node) noexcept;

 private:
  InlineVector<Edge, 2> edges_;
  InlineVector<TensorInfo, 1> outputs_;
  std::unique_ptr<NodeHooks> hooks_;
  std::uint64_t sequence_ = 0;
  Node* next_to_free_ = nullptr;
};

/// What Node::take_sequence does, for those who build nodes.
inline void order_node(Node& node) noexcept { node.take_sequence(); }

}  // namespace ballast::autograd
