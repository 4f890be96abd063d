#include "ballast/ops/convolution_onednn.h"

#include <cstdlib>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include "ballast/core/parallel.h"

namespace ballast::detail {
namespace {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;

enum class Product { kForth, kBack, kWeight };

/// Lets OpenMP's regions in a scope run on the thread that enters them.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { set(1); }
  ~OneThread() { set(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  void set(int n) const {
    if (before_ != 1) omp_set_num_threads(n);
  }
  int before_;
};

/// Memory for layouts in between: one piece for each thread, as large as the largest call needed.
class Arena {
 public:
  ~Arena() { std::free(memory_); }
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  [[nodiscard]] std::byte* take(std::size_t bytes) {
    if (bytes > size_) {
      std::free(memory_);
      size_ = 0;
      memory_ = std::aligned_alloc(kAlignment, bytes);
      if (memory_ == nullptr) throw std::bad_alloc();
      size_ = bytes;
    }
    return static_cast<std::byte*>(memory_);
  }
  static constexpr std::size_t kAlignment = 64;
  [[nodiscard]] static std::size_t rounded(std::size_t n) {
    return (n + kAlignment - 1) / kAlignment * kAlignment;
  }

 private:
  void* memory_ = nullptr;
  std::size_t size_ = 0;
};

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

/// The problem in oneDNN's words.
struct Described {
  explicit Described(const ConvolutionProblem& p) {
    const auto last = [&](const Space& s) {
      return dnnl::memory::dims(s.end() - static_cast<std::ptrdiff_t>(p.rank), s.end());
    };
    const auto with = [&](dnnl::memory::dims lead, const Space& s) {
      const dnnl::memory::dims rest = last(s);
      lead.insert(lead.end(), rest.begin(), rest.end());
      return lead;
    };
    x = with({p.n, p.groups * p.in_channels}, p.in);
    y = with({p.n, p.groups * p.out_channels}, p.out);
    w = p.groups > 1 ? with({p.groups, p.out_channels, p.in_channels}, p.windows.kernel)
                     : with({p.out_channels, p.in_channels}, p.windows.kernel);
    bias = {p.groups * p.out_channels};
    strides = last(p.windows.stride);
    before = last(p.windows.before);
    for (std::size_t d = 3 - p.rank; d < 3; ++d) {
      const Windows& v = p.windows;
      const std::int64_t wanted = (p.out[d] - 1) * v.stride[d] + v.reach(d) - p.in[d] - v.before[d];
      after.push_back(std::max<std::int64_t>(wanted, 0));
      dilation.push_back(v.dilation[d] - 1);
      fits = fits && (p.in[d] + v.before[d] + after.back() - v.reach(d)) / v.stride[d] + 1 == p.out[d];
    }
    constexpr std::array kPlain{Tag::ncw, Tag::nchw, Tag::ncdhw};
    constexpr std::array kWeights{Tag::oiw, Tag::oihw, Tag::oidhw};
    constexpr std::array kGroups{Tag::goiw, Tag::goihw, Tag::goidhw};
    plain = kPlain[p.rank - 1];
    plain_w = (p.groups > 1 ? kGroups : kWeights)[p.rank - 1];
  }
  [[nodiscard]] static Desc desc(const dnnl::memory::dims& dims, Tag tag) {
    return {dims, dnnl::memory::data_type::f32, tag};
  }

  dnnl::memory::dims x, y, w, bias, strides, before, after, dilation;
  Tag plain, plain_w;
  bool fits = true;
};

/// One of the tensors of a call: as it is given, and as the primitive takes it.
struct Argument {
  dnnl::memory given, taken;
  dnnl::reorder reorder;
  bool moves = false;  ///< whether the two differ
  std::size_t at = 0;  ///< of `taken` in the arena

  void prepare(const Desc& as_given, const Desc& as_taken, bool is_result, std::size_t& arena) {
    given = dnnl::memory(as_given, engine(), nullptr);
    moves = as_given != as_taken;
    taken = moves ? dnnl::memory(as_taken, engine(), nullptr) : given;
    if (!moves) return;
    reorder = is_result ? dnnl::reorder(taken, given) : dnnl::reorder(given, taken);
    at = arena;
    arena += Arena::rounded(as_taken.get_size());
  }
  void place(const float* data, std::byte* arena) {
    given.set_data_handle(const_cast<float*>(data));  // NOLINT(*-const-cast): oneDNN has one kind of pointer
    if (moves) taken.set_data_handle(arena + at);
  }
};

/// What is kept for a part of a problem.
struct Kernel {
  Argument from, weight, to;  ///< of kWeight: x, the gradient of w, the gradient of y
  dnnl::memory bias, scratch;
  dnnl::primitive run;
  std::unordered_map<int, dnnl::memory> arguments;
  std::size_t arena = 0, scratch_at = 0;
  bool usable = false;

  Kernel(const ConvolutionProblem& p, Product product, bool with_bias) {
    const Described d(p);
    if (!d.fits) return;
    try {
      build(d, p, product, with_bias);
    } catch (const dnnl::error&) {
      usable = false;  // no such kernel
    }
  }

  void build(const Described& d, const ConvolutionProblem& p, Product product, bool with_bias) {
    using dnnl::prop_kind;
    constexpr auto kDirect = dnnl::algorithm::convolution_direct;
    dnnl::primitive_attr attr;
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    // The gradient of few channels is slow in blocks of 16.
    const bool few = product == Product::kBack && p.in_channels < 4;
    const Tag tag = few ? d.plain : Tag::any;
    const Desc x = Described::desc(d.x, tag), y = Described::desc(d.y, tag),
               w = Described::desc(d.w, Tag::any);
    const Desc plain_x = Described::desc(d.x, d.plain), plain_y = Described::desc(d.y, d.plain);
    const Desc plain_w = Described::desc(d.w, d.plain_w), plain_bias = Described::desc(d.bias, Tag::x);
    using Forward = dnnl::convolution_forward;
    const Forward::desc forward = with_bias
                                      ? Forward::desc(prop_kind::forward_training, kDirect, x, w, plain_bias,
                                                      y, d.strides, d.dilation, d.before, d.after)
                                      : Forward::desc(prop_kind::forward_training, kDirect, x, w, y,
                                                      d.strides, d.dilation, d.before, d.after);
    const Forward::primitive_desc hint(forward, attr, engine());
    const auto keep = [&](const auto& chosen, dnnl::primitive primitive) {
      const std::string_view info(chosen.impl_info_str());
      usable = info.find("ref") == std::string_view::npos;
      run = std::move(primitive);
      scratch = dnnl::memory(chosen.scratchpad_desc(), engine(), nullptr);
      scratch_at = arena;
      arena += Arena::rounded(chosen.scratchpad_desc().get_size());
      arguments[DNNL_ARG_SCRATCHPAD] = scratch;
      if (with_bias) {
        bias = dnnl::memory(plain_bias, engine(), nullptr);
        arguments[product == Product::kWeight ? DNNL_ARG_DIFF_BIAS : DNNL_ARG_BIAS] = bias;
      }
    };
    switch (product) {
      case Product::kForth:
        from.prepare(plain_x, hint.src_desc(), false, arena);
        weight.prepare(plain_w, hint.weights_desc(), false, arena);
        to.prepare(plain_y, hint.dst_desc(), true, arena);
        arguments = {{DNNL_ARG_SRC, from.taken}, {DNNL_ARG_WEIGHTS, weight.taken}, {DNNL_ARG_DST, to.taken}};
        keep(hint, Forward(hint));
        break;
      case Product::kBack: {
        using Back = dnnl::convolution_backward_data;
        const Back::primitive_desc chosen(
            Back::desc(kDirect, x, w, y, d.strides, d.dilation, d.before, d.after), attr, engine(), hint);
        from.prepare(plain_y, chosen.diff_dst_desc(), false, arena);
        weight.prepare(plain_w, chosen.weights_desc(), false, arena);
        to.prepare(plain_x, chosen.diff_src_desc(), true, arena);
        arguments = {
            {DNNL_ARG_DIFF_DST, from.taken}, {DNNL_ARG_WEIGHTS, weight.taken}, {DNNL_ARG_DIFF_SRC, to.taken}};
        keep(chosen, Back(chosen));
        break;
      }
      case Product::kWeight: {
        using Weight = dnnl::convolution_backward_weights;
        const Weight::primitive_desc chosen(
            with_bias ? Weight::desc(kDirect, x, w, plain_bias, y, d.strides, d.dilation, d.before, d.after)
                      : Weight::desc(kDirect, x, w, y, d.strides, d.dilation, d.before, d.after),
            attr, engine(), hint);
        from.prepare(plain_x, chosen.src_desc(), false, arena);
        weight.prepare(plain_w, chosen.diff_weights_desc(), true, arena);
        to.prepare(plain_y, chosen.diff_dst_desc(), false, arena);
        arguments = {
            {DNNL_ARG_SRC, from.taken}, {DNNL_ARG_DIFF_WEIGHTS, weight.taken}, {DNNL_ARG_DIFF_DST, to.taken}};
        keep(chosen, Weight(chosen));
        break;
      }
    }
  }

  /// The result is `to`, or `weight` of kWeight.
  void execute(Product product, const float* from_data, const float* weight_data, const float* to_data,
               const float* bias_data, Arena& memory, const dnnl::stream& stream) {
    std::byte* const base = memory.take(arena);
    from.place(from_data, base);
    weight.place(weight_data, base);
    to.place(to_data, base);
    scratch.set_data_handle(base + scratch_at);
    if (bias) bias.set_data_handle(const_cast<float*>(bias_data));  // NOLINT(*-const-cast)
    Argument& result = product == Product::kWeight ? weight : to;
    for (Argument* a : {&from, &weight, &to}) {
      if (a != &result && a->moves) a->reorder.execute(stream, a->given, a->taken);
    }
    run.execute(stream, arguments);
    if (result.moves) result.reorder.execute(stream, result.taken, result.given);
  }
};

struct Key {
  ConvolutionProblem problem;
  Product product;
  bool with_bias;
  friend bool operator==(const Key&, const Key&) = default;
};
struct Hash {
  std::size_t operator()(const Key& k) const {
    std::uint64_t h = 0xcbf29ce484222325U;
    const auto add = [&h](std::uint64_t v) { h = (h ^ v) * 0x9e3779b97f4a7c15U, h ^= h >> 29; };
    const ConvolutionProblem& p = k.problem;
    for (const std::int64_t v :
         {static_cast<std::int64_t>(p.rank), p.n, p.groups, p.in_channels, p.out_channels,
          static_cast<std::int64_t>(k.product) * 2 + (k.with_bias ? 1 : 0)}) {
      add(static_cast<std::uint64_t>(v));
    }
    for (const Space* s :
         {&p.in, &p.out, &p.windows.kernel, &p.windows.stride, &p.windows.before, &p.windows.dilation}) {
      for (const std::int64_t v : *s) add(static_cast<std::uint64_t>(v));
    }
    return h;
  }
};

/// What a thread keeps.
class Kept {
 public:
  [[nodiscard]] Kernel& kernel(const ConvolutionProblem& p, Product product, bool with_bias) {
    const Key key{p, product, with_bias};
    if (const auto found = kernels_.find(key); found != kernels_.end()) return *found->second;
    if (kernels_.size() >= kMost) kernels_.clear();  // shapes without end: better begin anew than grow
    return *kernels_.emplace(key, std::make_unique<Kernel>(p, product, with_bias)).first->second;
  }
  Arena arena;
  dnnl::stream stream{engine()};

 private:
  static constexpr std::size_t kMost = 1024;
  std::unordered_map<Key, std::unique_ptr<Kernel>, Hash> kernels_;
};
Kept& kept() {
  thread_local Kept own;
  return own;
}

/// How a batch is cut.
struct Parts {
  std::int64_t count, samples;  ///< samples of all but the last, which may have fewer
  explicit Parts(const ConvolutionProblem& p) {
    // Enough to do for a part, and for the weight that each part lays out anew.
    constexpr std::int64_t kPlaces = 1024, kMost = 16;
    constexpr double kWork = 4e6;
    const double each = p.work() / static_cast<double>(p.n);
    const auto by_work = static_cast<std::int64_t>(kWork / each) + 1;
    const std::int64_t by_places = (kPlaces + places(p.out) - 1) / places(p.out);
    samples = std::min(p.n, std::max({by_work, by_places, (p.n + kMost - 1) / kMost}));
    count = (p.n + samples - 1) / samples;
  }
  [[nodiscard]] std::int64_t first(std::int64_t part) const { return part * samples; }
  [[nodiscard]] std::int64_t size(std::int64_t part, std::int64_t n) const {
    return std::min(samples, n - first(part));
  }
};

bool takes(const ConvolutionProblem& p) {
  // Below this the columns are as fast, and cost nothing to set up.
  constexpr double kLeastWork = 2e4;
  return p.n > 0 && p.work() >= kLeastWork;
}

/// Runs `call(part, kernel, stream)` for each part, if there are kernels for all.
template <class F>
bool in_parts(const ConvolutionProblem& p, Product product, bool with_bias, const F& call) {
  if (!takes(p)) return false;
  const OneThread alone;
  const Parts parts(p);
  const auto of_part = [&](std::int64_t part) {
    ConvolutionProblem own = p;
    own.n = parts.size(part, p.n);
    return own;
  };
  for (const std::int64_t part : {std::int64_t{0}, parts.count - 1}) {
    if (!kept().kernel(of_part(part), product, with_bias).usable) return false;
  }
  const auto run = [&](std::int64_t part) {
    Kept& mine = kept();
    call(parts.first(part), part, mine.kernel(of_part(part), product, with_bias), mine);
  };
  constexpr double kWorthThreads = 4e6;
  if (parts.count == 1 || p.work() < kWorthThreads) {
    for (std::int64_t part = 0; part < parts.count; ++part) run(part);
  } else {
    parallel_tasks(static_cast<int>(parts.count), [&](int part) {
      const OneThread here;
      run(part);
    });
  }
  return true;
}

std::int64_t sample_of_x(const ConvolutionProblem& p) { return p.groups * p.in_channels * places(p.in); }
std::int64_t sample_of_y(const ConvolutionProblem& p) { return p.groups * p.out_channels * places(p.out); }

}  // namespace

bool convolve_by_onednn(const ConvolutionProblem& p, const float* x, const float* w, const float* bias,
                        float* y) {
  return in_parts(p, Product::kForth, bias != nullptr,
                  [&](std::int64_t at, std::int64_t, Kernel& k, Kept& mine) {
                    k.execute(Product::kForth, x + at * sample_of_x(p), w, y + at * sample_of_y(p), bias,
                              mine.arena, mine.stream);
                  });
}

bool convolve_back_by_onednn(const ConvolutionProblem& p, const float* y, const float* w, const float* bias,
                             float* x) {
  const std::int64_t channels = p.groups * p.in_channels, each = places(p.in);
  return in_parts(p, Product::kBack, false, [&](std::int64_t at, std::int64_t, Kernel& k, Kept& mine) {
    float* const to = x + at * sample_of_x(p);
    k.execute(Product::kBack, y + at * sample_of_y(p), w, to, nullptr, mine.arena, mine.stream);
    if (bias == nullptr) return;
    const std::int64_t rows = std::min(Parts(p).samples, p.n - at) * channels;
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t i = row * each; i < (row + 1) * each; ++i) to[i] += bias[row % channels];
    }
  });
}

bool convolve_weight_by_onednn(const ConvolutionProblem& p, const float* x, const float* y, float* w,
                               float* bias) {
  if (!takes(p)) return false;
  const std::int64_t weights = p.groups * p.out_channels * p.in_channels * places(p.windows.kernel);
  const std::int64_t filters = bias != nullptr ? p.groups * p.out_channels : 0;
  const std::int64_t parts = Parts(p).count;
  // The first part writes the result itself; the others are added to it, in order.
  const Tensor others = empty((parts - 1) * (weights + filters), kFloat32);
  const auto place = [&](std::int64_t part, float* first, std::int64_t offset) {
    return part == 0 ? first : others.data_ptr<float>() + (part - 1) * (weights + filters) + offset;
  };
  const bool done = in_parts(
      p, Product::kWeight, bias != nullptr, [&](std::int64_t at, std::int64_t part, Kernel& k, Kept& mine) {
        k.execute(Product::kWeight, x + at * sample_of_x(p), place(part, w, 0), y + at * sample_of_y(p),
                  place(part, bias, weights), mine.arena, mine.stream);
      });
  if (!done) return false;
  for (std::int64_t part = 1; part < parts; ++part) {
    const float* const of_w = place(part, w, 0);
    const float* const of_bias = place(part, bias, weights);
    for (std::int64_t i = 0; i < weights; ++i) w[i] += of_w[i];
    for (std::int64_t i = 0; i < filters; ++i) bias[i] += of_bias[i];
  }
  return true;
}

}  // namespace ballast::detail
