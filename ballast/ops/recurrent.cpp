#include "ballast/ops/recurrent.h"

#include <algorithm>
#include <array>
#include <vector>

#include "ballast/autograd/engine.h"
#include "ballast/autograd/tape.h"
#include "ballast/core/parallel.h"
#include "ballast/ops/arithmetic.h"
#include "ballast/ops/blas.h"
#include "ballast/ops/cpu/pointwise_loops.h"
#include "ballast/ops/cpu/recurrent_loops.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/join.h"
#include "ballast/ops/matmul.h"
#include "ballast/ops/packed_product.h"
#include "ballast/ops/reduction.h"
#include "ballast/ops/unary.h"

namespace ballast {
namespace {

using Sizes = std::vector<std::int64_t>;

// ----------------------------------------------------------------------------- with recorded operations

struct State {
  Tensor h, c;
};

/// One step for the sequences still running. `x` is the input's part of the sums, biased.
State step_of(RecurrentKind kind, const Tensor& x, const State& before, const RecurrentWeights& w) {
  const Tensor s = linear(before.h, w.state, w.state_bias);
  const std::int64_t hidden = x.size(1) / gates_of(kind);
  const auto gate = [&](const Tensor& sums, std::int64_t i) { return sums.narrow(1, i * hidden, hidden); };
  switch (kind) {
    case RecurrentKind::kRnnTanh:
      return {x.add(s).tanh(), {}};
    case RecurrentKind::kRnnRelu:
      return {x.add(s).relu(), {}};
    case RecurrentKind::kLstm: {
      const Tensor sums = x.add(s);
      const Tensor kept = gate(sums, 1).sigmoid().mul(before.c);
      const Tensor c = kept.add(gate(sums, 0).sigmoid().mul(gate(sums, 2).tanh()));
      const Tensor h = gate(sums, 3).sigmoid().mul(c.tanh());
      return {w.projection.defined() ? linear(h, w.projection) : h, c};
    }
    case RecurrentKind::kGru: {
      const Tensor r = gate(x, 0).add(gate(s, 0)).sigmoid();
      const Tensor z = gate(x, 1).add(gate(s, 1)).sigmoid();
      const Tensor n = gate(x, 2).add(r.mul(gate(s, 2))).tanh();
      return {n.add(z.mul(before.h.sub(n))), {}};
    }
  }
  return {};
}

/// The whole layer, by operations that can be differentiated any number of times, for any element type.
RecurrentResult layer_by_steps(RecurrentKind kind, const Tensor& input, IntArrayRef batch_sizes,
                               const Tensor& h0, const Tensor& c0, const RecurrentWeights& w) {
  const Tensor sums = linear(input, w.input, w.input_bias);
  State state{h0, c0};
  std::vector<Tensor> outputs, ended_h, ended_c;
  std::int64_t at = 0;
  for (const std::int64_t n : batch_sizes) {
    if (const std::int64_t ended = state.h.size(0) - n; ended > 0) {
      ended_h.push_back(state.h.narrow(0, n, ended));
      state.h = state.h.narrow(0, 0, n);
      if (state.c.defined()) {
        ended_c.push_back(state.c.narrow(0, n, ended));
        state.c = state.c.narrow(0, 0, n);
      }
    }
    state = step_of(kind, sums.narrow(0, at, n), state, w);
    outputs.push_back(state.h);
    at += n;
  }
  const auto joined = [](std::vector<Tensor>& ended, const Tensor& last) {
    ended.push_back(last);
    std::reverse(ended.begin(), ended.end());
    return cat(ended, 0);
  };
  return {cat(outputs, 0), joined(ended_h, state.h), state.c.defined() ? joined(ended_c, state.c) : Tensor()};
}

// ----------------------------------------------------------------------------- in one node

template <class T>
const T* data_of(const Tensor& t) {
  return t.defined() ? t.data_ptr<T>() : nullptr;
}

/// The sizes of a layer, and where its rows are.
struct Plan {
  RecurrentKind kind;
  std::int64_t features, hidden, state, sequences, rows;
  Sizes batch_sizes;

  [[nodiscard]] std::int64_t sums() const { return gates_of(kind) * hidden; }
};

/// What the backward pass needs beside the inputs.
struct Kept {
  Tensor gates;   ///< [rows, sums]; for Elman's layer the output itself, so undefined
  Tensor cells;   ///< LSTM: [rows, hidden]
  Tensor tanh_c;  ///< LSTM: [rows, hidden]
  Tensor inner;   ///< LSTM with projection: what is projected; GRU: the state's part of n; [rows, hidden]
};

/// The sum of both biases; for a GRU only the part of them that is added at one place.
template <class T>
std::vector<T> joined_bias(const Plan& p, const T* input, const T* state) {
  if (input == nullptr && state == nullptr) return {};
  std::vector<T> sum(static_cast<std::size_t>(p.sums()));
  if (input != nullptr) std::copy_n(input, p.sums(), sum.begin());
  const std::int64_t added = p.kind == RecurrentKind::kGru ? 2 * p.hidden : p.sums();
  if (state != nullptr) {
    for (std::int64_t i = 0; i < added; ++i) sum[static_cast<std::size_t>(i)] += state[i];
  }
  return sum;
}

template <class T>
void copy_ended(T* final, const T* state, std::int64_t from, std::int64_t to, std::int64_t width) {
  std::copy(state + from * width, state + to * width, final + from * width);
}

/// f(first, last) for ranges of the sequences, which run independently of each other: side by side where they are many, with all of
/// a step's products on one thread; else one after the other, and the products have the threads.
template <class F>
void over_sequences(const Plan& p, const F& f) {
  constexpr std::int64_t kFew = 8;                        // rows that a product takes at once
  constexpr std::int64_t kWorth = std::int64_t{1} << 20;  // multiplications for which another thread is woken
  if (p.sequences < 2 * kFew) return f(0, p.sequences);
  const std::int64_t work = std::max<std::int64_t>(p.rows / p.sequences * p.sums() * p.state, 1);
  parallel_for(p.sequences, std::max(kFew, kWorth / work), f);
}

/// What Elman's layer makes of its sums.
template <class T>
const detail::PointwiseLoops<T>& elman_loops(RecurrentKind kind) {
  return detail::pointwise_loops<T>(kind == RecurrentKind::kRnnTanh ? detail::Pointwise::kTanh
                                                                    : detail::Pointwise::kRelu);
}

struct Inputs {
  Tensor x, h0, c0, w_input, w_state, b_input, b_state, w_projection;  // all row-major
};

template <class T>
void run_forward(const Plan& p, const Inputs& in, const RecurrentResult& out, const Kept& kept) {
  const auto& loops = detail::recurrent_loops<T>();
  const std::int64_t sums = p.sums();
  const bool gru = p.kind == RecurrentKind::kGru;
  const bool lstm = p.kind == RecurrentKind::kLstm;
  const bool projected = in.w_projection.defined();
  T* const output = out.output.data_ptr<T>();
  // Elman's sums become the output in place.
  T* const gates = kept.gates.defined() ? kept.gates.data_ptr<T>() : output;
  T* const inner = kept.inner.defined() ? kept.inner.data_ptr<T>() : nullptr;
  const T* const w_state = data_of<T>(in.w_state);

  const std::vector<T> bias = joined_bias(p, data_of<T>(in.b_input), data_of<T>(in.b_state));
  PackedMatrix<T>({data_of<T>(in.w_input), p.features, true}, p.features, sums, p.rows)
      .put_product(p.rows, data_of<T>(in.x), p.features, bias.empty() ? nullptr : bias.data(), gates, sums);
  const T* const n_bias = gru && in.b_state.defined() ? data_of<T>(in.b_state) + 2 * p.hidden : nullptr;

  // What a step adds to the sums from the state; of a GRU without its part of n, which is kept apart.
  const std::int64_t joint = gru ? 2 * p.hidden : sums;
  const PackedMatrix<T> from_state({w_state, p.state, true}, p.state, joint, p.rows);
  const PackedMatrix<T> to_n({w_state + joint * p.state, p.state, true}, p.state, sums - joint, p.rows);
  const PackedMatrix<T> projection({data_of<T>(in.w_projection), p.hidden, true}, p.hidden,
                                   projected ? p.state : 0, p.rows);
  over_sequences(p, [&](std::int64_t first, std::int64_t last) {
    const T* h_before = data_of<T>(in.h0);
    const T* c_before = data_of<T>(in.c0);
    std::int64_t running = last;
    std::int64_t at = 0;
    for (const std::int64_t in_step : p.batch_sizes) {
      const std::int64_t end = std::clamp(in_step, first, last);
      copy_ended(out.h.data_ptr<T>(), h_before, end, running, p.state);
      if (lstm) copy_ended(out.c.data_ptr<T>(), c_before, end, running, p.hidden);
      running = end;
      const std::int64_t n = end - first;
      if (n == 0) return;
      const std::int64_t row = at + first;
      T* const sums_here = gates + row * sums;
      T* const h_here = output + row * p.state;
      const T* const h_in = h_before + first * p.state;
      from_state.add_product(n, h_in, p.state, sums_here, sums);
      switch (p.kind) {
        case RecurrentKind::kRnnTanh:
        case RecurrentKind::kRnnRelu:
          elman_loops<T>(p.kind).values({}, sums_here, h_here, n * p.hidden);
          break;
        case RecurrentKind::kGru:
          to_n.put_product(n, h_in, p.state, n_bias, inner + row * p.hidden, p.hidden);
          loops.gru_forward({n, p.hidden, sums_here, inner + row * p.hidden, h_in, h_here});
          break;
        case RecurrentKind::kLstm: {
          T* const c_here = kept.cells.data_ptr<T>() + row * p.hidden;
          T* const unprojected = projected ? inner + row * p.hidden : h_here;
          loops.lstm_forward({n, p.hidden, sums_here, c_before + first * p.hidden, c_here,
                              kept.tanh_c.data_ptr<T>() + row * p.hidden, unprojected});
          if (projected) projection.put_product(n, unprojected, p.hidden, nullptr, h_here, p.state);
          c_before = kept.cells.data_ptr<T>() + at * p.hidden;
          break;
        }
      }
      h_before = output + at * p.state;
      at += in_step;
    }
    copy_ended(out.h.data_ptr<T>(), h_before, first, running, p.state);
    if (lstm) copy_ended(out.c.data_ptr<T>(), c_before, first, running, p.hidden);
  });
}

/// The gradients of the sums of each step, and of the first state; from them the others follow in a few large
/// products.
struct StepGradients {
  Tensor sums;  ///< [rows, sums]
  Tensor
      inner;  ///< GRU: of the state's part of n; LSTM with projection: of the output; [rows, hidden or state]
  Tensor h, c;  ///< of h0 and c0
};

template <class T>
void add_to(T* to, const T* from, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += from[i];
}

/// Back through time. `grad_output`, `grad_h` and `grad_c` may be undefined, for zeros.
template <class T>
StepGradients run_backward(const Plan& p, const Inputs& in, const Tensor& output, const Kept& kept,
                           const Tensor& grad_output, const Tensor& grad_h, const Tensor& grad_c) {
  const auto& loops = detail::recurrent_loops<T>();
  const std::int64_t sums = p.sums();
  const bool gru = p.kind == RecurrentKind::kGru;
  const bool lstm = p.kind == RecurrentKind::kLstm;
  const bool projected = in.w_projection.defined();
  const TensorOptions options = output.options();
  StepGradients g;
  g.sums = empty({p.rows, sums}, options);
  if (gru || projected) g.inner = empty({p.rows, gru ? p.hidden : p.state}, options);
  const auto own_copy = [&](const Tensor& t, std::int64_t width) {
    return t.defined() ? empty({p.sequences, width}, options).copy_(t) : zeros({p.sequences, width}, options);
  };
  g.h = own_copy(grad_h, p.state);
  if (lstm) g.c = own_copy(grad_c, p.hidden);
  const Tensor before_projection = projected ? empty({p.sequences, p.hidden}, options) : Tensor();

  T* const all_dh = g.h.data_ptr<T>();
  const T* const d_output = data_of<T>(grad_output);
  const T* const w_state = data_of<T>(in.w_state);
  const T* const out = output.data_ptr<T>();
  const std::int64_t joint = gru ? 2 * p.hidden : sums;
  const PackedMatrix<T> to_state({w_state, p.state}, joint, p.state, p.rows);
  const PackedMatrix<T> from_n({w_state + joint * p.state, p.state}, sums - joint, p.state, p.rows);
  const PackedMatrix<T> projection({data_of<T>(in.w_projection), p.hidden}, p.state, projected ? p.hidden : 0,
                                   p.rows);
  over_sequences(p, [&](std::int64_t first, std::int64_t last) {
    std::int64_t at = p.rows;
    // Rows of dh that the step after wrote: their output's gradient is in already.
    std::int64_t complete = first;
    for (std::size_t step = p.batch_sizes.size(); step-- > 0;) {
      at -= p.batch_sizes[step];
      const std::int64_t end = std::clamp(p.batch_sizes[step], first, last);
      const std::int64_t n = end - first;
      if (n == 0) continue;
      const std::int64_t row = at + first;
      const std::int64_t row_before = row - (step > 0 ? p.batch_sizes[step - 1] : p.sequences);
      if (d_output != nullptr && end > complete) {
        add_to(all_dh + complete * p.state, d_output + (at + complete) * p.state, (end - complete) * p.state);
      }
      T* const dh = all_dh + first * p.state;
      const T* const h_before = step > 0 ? out + row_before * p.state : data_of<T>(in.h0) + first * p.state;
      T* const d_sums = g.sums.data_ptr<T>() + row * sums;
      // What the state before gets from the step is added to its own output's gradient.
      const auto start_before = [&] {
        if (step > 0 && d_output != nullptr) {
          std::copy_n(d_output + row_before * p.state, n * p.state, dh);
        } else {
          std::fill_n(dh, n * p.state, T(0));
        }
      };
      switch (p.kind) {
        case RecurrentKind::kRnnTanh:
        case RecurrentKind::kRnnRelu:
          elman_loops<T>(p.kind).slopes({}, dh, out + row * p.state, d_sums, n * p.hidden);
          start_before();
          break;
        case RecurrentKind::kGru: {
          T* const d_inner = g.inner.data_ptr<T>() + row * p.hidden;
          loops.gru_backward({n, p.hidden, kept.gates.data_ptr<T>() + row * sums,
                              kept.inner.data_ptr<T>() + row * p.hidden, h_before, dh, d_sums, d_inner});
          if (step > 0 && d_output != nullptr) add_to(dh, d_output + row_before * p.state, n * p.state);
          from_n.add_product(n, d_inner, p.hidden, dh, p.state);
          break;
        }
        case RecurrentKind::kLstm: {
          const T* dh_unprojected = dh;
          if (projected) {
            std::copy_n(dh, n * p.state, g.inner.data_ptr<T>() + row * p.state);
            T* const d = before_projection.data_ptr<T>() + first * p.hidden;
            projection.put_product(n, dh, p.state, nullptr, d, p.hidden);
            dh_unprojected = d;
          }
          const T* const c_before = step > 0 ? kept.cells.data_ptr<T>() + row_before * p.hidden
                                             : data_of<T>(in.c0) + first * p.hidden;
          loops.lstm_backward({n, p.hidden, kept.gates.data_ptr<T>() + row * sums, c_before,
                               kept.tanh_c.data_ptr<T>() + row * p.hidden, dh_unprojected,
                               g.c.data_ptr<T>() + first * p.hidden, d_sums});
          start_before();
          break;
        }
      }
      to_state.add_product(n, d_sums, sums, dh, p.state);
      complete = end;
    }
  });
  return g;
}

/// c += a^T b for `a` of [rows, m] and `b` of [rows, n].
template <class T>
void add_over_rows(std::int64_t rows, const T* a, std::int64_t m, std::int64_t a_step, const T* b,
                   std::int64_t n, T* c) {
  PackedMatrix<T>({b, n}, rows, n, m).add_transposed_product(m, a, a_step, c, n);
}

/// a^T b, where `a` has the rows of all steps and `b` is the states they were multiplied with, of which the
/// first is apart.
template <class T>
Tensor over_states(const Plan& p, const Tensor& a, std::int64_t columns, const Tensor& output,
                   const Tensor& h0) {
  Tensor out = zeros({columns, p.state}, output.options());
  const std::int64_t a_step = a.sizes()[1];
  const T* const from = a.data_ptr<T>();
  const std::int64_t first = p.batch_sizes[0];
  add_over_rows<T>(first, from, columns, a_step, h0.data_ptr<T>(), p.state, out.data_ptr<T>());
  const std::int64_t rest = p.rows - first;
  const T* states = output.data_ptr<T>();
  Tensor before;
  if (p.batch_sizes.back() != first) {
    // The rows before each step, without the sequences that ended.
    before = empty({rest, p.state}, output.options());
    T* to = before.data_ptr<T>();
    for (std::size_t step = 1; step < p.batch_sizes.size(); ++step) {
      to = std::copy_n(states, p.batch_sizes[step] * p.state, to);
      states += p.batch_sizes[step - 1] * p.state;
    }
    states = before.data_ptr<T>();
  }
  add_over_rows<T>(rest, from + first * a_step, columns, a_step, states, p.state, out.data_ptr<T>());
  return out;
}

// The order of the tape's inputs, and of what is saved after them.
enum Place : std::size_t {
  kX,
  kH0,
  kC0,
  kWInput,
  kWState,
  kBInput,
  kBState,
  kWProjection,
  kOutput,
  kGates,
  kCells,
  kTanhC,
  kInner
};

Inputs saved_inputs(const Backward& b) {
  const auto plain = [&](Place i) { return b.saved(i).defined() ? b.saved(i).contiguous() : Tensor(); };
  return {plain(kX),      plain(kH0),     plain(kC0),     plain(kWInput),
          plain(kWState), plain(kBInput), plain(kBState), plain(kWProjection)};
}

template <class T>
void give_gradients(const Plan& p, Backward& b) {
  const Inputs in = saved_inputs(b);
  const Tensor& output = b.saved(kOutput);
  const Kept kept{b.saved(kGates), b.saved(kCells), b.saved(kTanhC), b.saved(kInner)};
  const bool gru = p.kind == RecurrentKind::kGru;
  const bool lstm = p.kind == RecurrentKind::kLstm;
  const auto plain = [](const Tensor& t) { return t.defined() ? t.contiguous() : t; };
  const StepGradients g = run_backward<T>(p, in, output, kept, plain(b.grad(0)), plain(b.grad(1)),
                                          lstm ? plain(b.grad(2)) : Tensor());
  const std::int64_t sums = p.sums();
  const T* const d_sums = g.sums.data_ptr<T>();
  if (b.wants(kX)) {
    Tensor dx = empty({p.rows, p.features}, output.options());
    PackedMatrix<T>({in.w_input.data_ptr<T>(), p.features}, sums, p.features, p.rows)
        .put_product(p.rows, d_sums, sums, nullptr, dx.data_ptr<T>(), p.features);
    b.give(kX, std::move(dx));
  }
  if (b.wants(kH0)) b.give(kH0, g.h);
  if (b.wants(kC0)) b.give(kC0, g.c);
  if (b.wants(kWInput)) {
    Tensor dw = zeros({sums, p.features}, output.options());
    add_over_rows<T>(p.rows, d_sums, sums, sums, in.x.data_ptr<T>(), p.features, dw.data_ptr<T>());
    b.give(kWInput, std::move(dw));
  }
  if (b.wants(kWState)) {
    if (gru) {
      b.give(kWState, cat({over_states<T>(p, g.sums, 2 * p.hidden, output, in.h0),
                           over_states<T>(p, g.inner, p.hidden, output, in.h0)}));
    } else {
      b.give(kWState, over_states<T>(p, g.sums, sums, output, in.h0));
    }
  }
  if (b.wants(kBInput) || b.wants(kBState)) {
    const Tensor of_sums = g.sums.sum(0);
    if (b.wants(kBInput)) b.give(kBInput, of_sums);
    if (b.wants(kBState)) {
      // A tensor of its own: a leaf may keep what it is given.
      b.give(kBState, gru ? cat({of_sums.narrow(0, 0, 2 * p.hidden), g.inner.sum(0)}) : of_sums.clone());
    }
  }
  if (b.wants(kWProjection)) {
    Tensor dw = zeros({p.state, p.hidden}, output.options());
    add_over_rows<T>(p.rows, g.inner.data_ptr<T>(), p.state, p.state, kept.inner.data_ptr<T>(), p.hidden,
                     dw.data_ptr<T>());
    b.give(kWProjection, std::move(dw));
  }
}

/// The gradients as results of recorded operations: the layer is computed again, step by step, from views of
/// its inputs, so that nothing that the inputs came from is differentiated with it.
void give_recorded_gradients(const Plan& p, Backward& b) {
  std::array<Tensor, kWProjection + 1> in;
  autograd::variable_list wanted;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const Tensor& t = b.saved(i);
    in[i] = b.wants(i) ? t.view_as(t) : t;
    if (b.wants(i)) wanted.push_back(in[i]);
  }
  const RecurrentResult again =
      layer_by_steps(p.kind, in[kX], p.batch_sizes, in[kH0], in[kC0],
                     {in[kWInput], in[kWState], in[kBInput], in[kBState], in[kWProjection]});
  autograd::variable_list results, grads;
  const std::array<const Tensor*, 3> all{&again.output, &again.h, &again.c};
  for (std::size_t i = 0; i < (again.c.defined() ? 3U : 2U); ++i) {
    if (!b.grad(i).defined()) continue;
    results.push_back(*all[i]);
    grads.push_back(b.grad(i));
  }
  const autograd::variable_list given = autograd::grad(results, wanted, grads, true, true, true);
  std::size_t next = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (b.wants(i)) b.give(i, given[next++]);
  }
}

const char* node_name(RecurrentKind kind) {
  switch (kind) {
    case RecurrentKind::kRnnTanh:
      return "RnnTanhBackward0";
    case RecurrentKind::kRnnRelu:
      return "RnnReluBackward0";
    case RecurrentKind::kLstm:
      return "LstmBackward0";
    case RecurrentKind::kGru:
      break;
  }
  return "GruBackward0";
}

void check_layer(RecurrentKind kind, const Tensor& input, IntArrayRef batch_sizes, const Tensor& h0,
                 const Tensor& c0, const RecurrentWeights& w) {
  check<ShapeError>(input.dim() == 2 && !batch_sizes.empty() && w.input.dim() == 2 && w.state.dim() == 2,
                    "recurrent_layer(): needs an input and weights of two dimensions, and a step");
  std::int64_t rows = 0;
  for (std::size_t t = 0; t < batch_sizes.size(); ++t) {
    check<ShapeError>(batch_sizes[t] >= 0 && (t == 0 || batch_sizes[t] <= batch_sizes[t - 1]),
                      "recurrent_layer(): batch sizes must not grow, but are {}", Shown{batch_sizes});
    rows += batch_sizes[t];
  }
  const std::int64_t sums = w.input.sizes()[0];
  const std::int64_t hidden = sums / gates_of(kind);
  const std::int64_t state = w.state.sizes()[1];
  const auto is = [](const Tensor& t, std::initializer_list<std::int64_t> sizes) {
    return t.defined() && t.sizes() == IntArrayRef(sizes);
  };
  const auto is_bias = [&](const Tensor& t) { return !t.defined() || is(t, {sums}); };
  const bool lstm = kind == RecurrentKind::kLstm;
  check<ShapeError>(is(input, {rows, w.input.sizes()[1]}),
                    "recurrent_layer(): input of {} does not fit weights of {} and {} rows of all steps",
                    Shown{input.sizes()}, Shown{w.input.sizes()}, rows);
  check<ShapeError>(
      hidden * gates_of(kind) == sums && is(w.state, {sums, state}) && is_bias(w.input_bias) &&
          is_bias(w.state_bias) &&
          (w.projection.defined() ? lstm && is(w.projection, {state, hidden}) : state == hidden),
      "recurrent_layer(): the weights do not fit each other");
  check<ShapeError>(is(h0, {batch_sizes[0], state}) && (!lstm || is(c0, {batch_sizes[0], hidden})),
                    "recurrent_layer(): the first states do not fit {} sequences, {} outputs and {} units",
                    batch_sizes[0], state, hidden);
}

}  // namespace

std::int64_t gates_of(RecurrentKind kind) noexcept {
  return kind == RecurrentKind::kLstm ? 4 : kind == RecurrentKind::kGru ? 3 : 1;
}

RecurrentResult recurrent_layer(RecurrentKind kind, const Tensor& input, IntArrayRef batch_sizes,
                                const Tensor& h0, const Tensor& c0, const RecurrentWeights& w) {
  check_layer(kind, input, batch_sizes, h0, c0, w);
  const bool lstm = kind == RecurrentKind::kLstm;
  const DType dtype = input.dtype();
  const auto fits = [&](const Tensor& t) { return !t.defined() || (t.dtype() == dtype && t.is_cpu()); };
  const bool plain_types = (dtype == kFloat32 || dtype == kFloat64) && input.is_cpu() && fits(h0) &&
                           fits(c0) && fits(w.input) && fits(w.state) && fits(w.input_bias) &&
                           fits(w.state_bias) && fits(w.projection);
  if (!plain_types) return layer_by_steps(kind, input, batch_sizes, h0, c0, w);

  const Tensor first_c = lstm ? c0 : Tensor();
  const Tape tape(input, h0, first_c, w.input, w.state, w.input_bias, w.state_bias, w.projection);
  Plan p{.kind = kind,
         .features = input.sizes()[1],
         .hidden = w.input.sizes()[0] / gates_of(kind),
         .state = w.state.sizes()[1],
         .sequences = batch_sizes[0],
         .rows = input.sizes()[0],
         .batch_sizes = batch_sizes.vec()};
  const TensorOptions options = input.options();
  RecurrentResult out{empty({p.rows, p.state}, options), empty({p.sequences, p.state}, options), {}};
  Kept kept;
  if (lstm || kind == RecurrentKind::kGru) kept.gates = empty({p.rows, p.sums()}, options);
  if (w.projection.defined() || kind == RecurrentKind::kGru) kept.inner = empty({p.rows, p.hidden}, options);
  if (lstm) {
    out.c = empty({p.sequences, p.hidden}, options);
    kept.cells = empty({p.rows, p.hidden}, options);
    kept.tanh_c = empty({p.rows, p.hidden}, options);
  }
  const auto plain = [](const Tensor& t) { return t.defined() ? t.contiguous() : t; };
  const Inputs in{plain(input),   plain(h0),           plain(first_c),      plain(w.input),
                  plain(w.state), plain(w.input_bias), plain(w.state_bias), plain(w.projection)};
  if (dtype == kFloat32) {
    run_forward<float>(p, in, out, kept);
  } else {
    run_forward<double>(p, in, out, kept);
  }
  if (tape.on()) {
    const std::array<Tensor, 3> results{out.output, out.h, out.c};
    tape.record_all(node_name(kind), std::span(results.data(), lstm ? 3 : 2),
                    saved(input, h0, first_c, w.input, w.state, w.input_bias, w.state_bias, w.projection,
                          out.output, kept.gates, kept.cells, kept.tanh_c, kept.inner),
                    [p = std::move(p)](Backward& b) {
                      if (GradMode::is_enabled()) {
                        give_recorded_gradients(p, b);
                      } else if (b.saved(kX).dtype() == kFloat32) {
                        give_gradients<float>(p, b);
                      } else {
                        give_gradients<double>(p, b);
                      }
                    });
  }
  return out;
}

}  // namespace ballast
