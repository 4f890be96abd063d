// Random tensors with PyTorch's bits: the same seed gives what PyTorch gives on x86-64, whatever the CPU and the number of
// threads (docs/rng.md).
//
//   manual_seed(42);
//   Tensor x = randn({64, 10});
//   Tensor i = randint(0, 10, {64}, Generator(7));
//   weight.uniform_(-0.1, 0.1);
//
// The fills (uniform_, normal_, exponential_, ...) are members, declared in core/tensor.h; this page tells what they draw.
// Without a generator they draw from default_generator(). They throw Error for a leaf that requires grad while gradients are
// recorded, ShapeError for an expanded tensor, ValueError for parameters out of range and NotImplementedError for types
// that the distribution has no meaning for, all with PyTorch's texts. On meta nothing is drawn.
//
//   uniform_(from, to)       [from, to); floating and complex types
//   normal_(mean, std)       std >= 0; Box & Muller 1958. Complex: std is that of the modulus
//   log_normal_(mean, std)   exp of a normal of these
//   cauchy_(median, sigma), exponential_(lambda)   floating types
//   geometric_(p)            trials until the first success, 1, 2, ...; 0 < p < 1
//   bernoulli_(p)            1 with probability p, else 0; p is a number, or a floating tensor that broadcasts
//   random_(), random_(to), random_(from, to)      integers of [from, to), or all that the type holds; of floating types,
//                            those up to 2^24 and the like. The number drawn modulo the range: a known, tiny skew
//   multinomial(n)           indices drawn with given weights
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// Uniform on [0, 1).
[[nodiscard]] Tensor rand(IntArrayRef sizes, const TensorOptions& options = {});
[[nodiscard]] Tensor rand(IntArrayRef sizes, const std::optional<Generator>& generator,
                          const TensorOptions& options = {});
/// Standard normal.
[[nodiscard]] Tensor randn(IntArrayRef sizes, const TensorOptions& options = {});
[[nodiscard]] Tensor randn(IntArrayRef sizes, const std::optional<Generator>& generator,
                           const TensorOptions& options = {});
/// Integers of [low, high), low 0 by default; int64 unless options say otherwise.
[[nodiscard]] Tensor randint(std::int64_t high, IntArrayRef sizes, const TensorOptions& options = {});
[[nodiscard]] Tensor randint(std::int64_t high, IntArrayRef sizes, const std::optional<Generator>& generator,
                             const TensorOptions& options = {});
[[nodiscard]] Tensor randint(std::int64_t low, std::int64_t high, IntArrayRef sizes,
                             const TensorOptions& options = {});
[[nodiscard]] Tensor randint(std::int64_t low, std::int64_t high, IntArrayRef sizes,
                             const std::optional<Generator>& generator, const TensorOptions& options = {});
/// The numbers 0 to n - 1 in random order; int64 unless options say otherwise.
[[nodiscard]] Tensor randperm(std::int64_t n, const TensorOptions& options = {});
[[nodiscard]] Tensor randperm(std::int64_t n, const std::optional<Generator>& generator,
                              const TensorOptions& options = {});

/// Shape, type and device of `like` (except where options say otherwise), and its strides where it is dense.
[[nodiscard]] Tensor rand_like(const Tensor& like, const TensorOptions& options = {});
[[nodiscard]] Tensor rand_like(const Tensor& like, const std::optional<Generator>& generator,
                               const TensorOptions& options = {});
[[nodiscard]] Tensor randn_like(const Tensor& like, const TensorOptions& options = {});
[[nodiscard]] Tensor randn_like(const Tensor& like, const std::optional<Generator>& generator,
                                const TensorOptions& options = {});
[[nodiscard]] Tensor randint_like(const Tensor& like, std::int64_t high, const TensorOptions& options = {});
[[nodiscard]] Tensor randint_like(const Tensor& like, std::int64_t high,
                                  const std::optional<Generator>& generator,
                                  const TensorOptions& options = {});
[[nodiscard]] Tensor randint_like(const Tensor& like, std::int64_t low, std::int64_t high,
                                  const TensorOptions& options = {});
[[nodiscard]] Tensor randint_like(const Tensor& like, std::int64_t low, std::int64_t high,
                                  const std::optional<Generator>& generator,
                                  const TensorOptions& options = {});

/// Normal with each element's own mean and standard deviation, which broadcast; the type is that of `mean` if it is a
/// tensor, else that of `std`.
[[nodiscard]] Tensor normal(const Tensor& mean, double std = 1,
                            const std::optional<Generator>& generator = {});
[[nodiscard]] Tensor normal(double mean, const Tensor& std, const std::optional<Generator>& generator = {});
[[nodiscard]] Tensor normal(const Tensor& mean, const Tensor& std,
                            const std::optional<Generator>& generator = {});
[[nodiscard]] Tensor normal(double mean, double std, IntArrayRef sizes,
                            const std::optional<Generator>& generator = {},
                            const TensorOptions& options = {});

/// 1 with the probability that stands in `p`, else 0; shape and type of `p`.
[[nodiscard]] Tensor bernoulli(const Tensor& p, const std::optional<Generator>& generator = {});
/// The same with one probability; `like` gives shape and type.
[[nodiscard]] Tensor bernoulli(const Tensor& like, double p, const std::optional<Generator>& generator = {});
/// Indices of `weights` [n] or of each row of [rows, n], drawn with probabilities in proportion to the weights: int64 [num_samples]
/// or [rows, num_samples]. Without replacement no index comes twice; num_samples must then be at most n.
[[nodiscard]] Tensor multinomial(const Tensor& weights, std::int64_t num_samples, bool replacement = false,
                                 const std::optional<Generator>& generator = {});

/// What dropout multiplies its input with: 0 with probability p, else 1 / (1 - p); 0 < p < 1.
/// For `feature_dropout_mask` one number for each sample and channel of `input` [N, C, ...], of shape [N, C, 1, ...].
[[nodiscard]] Tensor dropout_mask(const Tensor& input, double p,
                                  const std::optional<Generator>& generator = {});
[[nodiscard]] Tensor feature_dropout_mask(const Tensor& input, double p,
                                          const std::optional<Generator>& generator = {});

}  // namespace ballast
