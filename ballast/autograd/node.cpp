#include "ballast/autograd/node.h"

#include <algorithm>

#include "ballast/autograd/variable.h"

namespace ballast::autograd {
namespace {

// The clock of this thread: every node is later than those it leads to, also where they were made on another thread, so that
// going through nodes from late to early never meets one before all of its gradients are there.
thread_local constinit std::uint64_t clock = 0;

struct FreeList {
  Node* first = nullptr;
  bool running = false;
};
thread_local constinit FreeList to_free;

}  // namespace

NodeHooks& Node::own_hooks() {
  if (!hooks_) hooks_ = std::make_unique<NodeHooks>();
  return *hooks_;
}

void Node::add_edge(const Tensor& input) { edges_.push_back(gradient_edge(input)); }

std::uint32_t Node::add_output(const Tensor& output) {
  outputs_.push_back(TensorInfo(output));
  return static_cast<std::uint32_t>(outputs_.size() - 1);
}

void Node::take_sequence() noexcept {
  for (const Edge& e : edges_) {
    if (e.function) clock = std::max(clock, e.function->sequence());
  }
  sequence_ = ++clock;
}

void Node::destroy(Node* node) noexcept {
  node->next_to_free_ = to_free.first;
  to_free.first = node;
  if (to_free.running) return;
  to_free.running = true;
  while (Node* const n = to_free.first) {
    to_free.first = n->next_to_free_;
    delete n;  // may put more into the list
  }
  to_free.running = false;
}

}  // namespace ballast::autograd
