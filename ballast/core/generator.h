// The source of random numbers: PyTorch's CPU generator, bit for bit (docs/rng.md). MT19937, Matsumoto &
// Nishimura 1998.
//
//   manual_seed(0);                         // the process-wide generator, which everything uses by default
//   Generator g(42);                        // one of your own
//   t.uniform_(-1, 1, g);
//   Tensor state = g.get_state();           // 5056 bytes, PyTorch's layout
//
// A Generator is a handle: copies share one stream. Functions that draw take the generator's lock for their
// whole run.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "ballast/core/mt19937.h"

namespace ballast {

class Tensor;

class Generator {
 public:
  static constexpr std::uint64_t kDefaultSeed = 67280421310721;
  static constexpr std::int64_t kStateBytes = 5056;

  explicit Generator(std::uint64_t seed = kDefaultSeed);

  /// Restarts the stream and drops the cached normal. All 64 bits are remembered, the low 32 decide the
  /// stream; a negative seed counts modulo 2^64.
  const Generator& manual_seed(std::uint64_t seed) const;
  /// The seed as given.
  [[nodiscard]] std::uint64_t initial_seed() const;
  /// Seeds from the system's entropy and returns that seed.
  std::uint64_t seed() const;

  /// The state as a uint8 tensor of 5056 elements, in the layout of torch.Generator.get_state().
  [[nodiscard]] Tensor get_state() const;
  /// Throws as PyTorch: "RNG state must be a torch.ByteTensor", "RNG state must be contiguous", "Expected a CPUGeneratorImplState of size
  /// 5056 but found the input RNG state size to be 10", "Invalid mt19937 state".
  void set_state(const Tensor& state) const;
  /// An independent generator that goes on from this one's state.
  [[nodiscard]] Generator clone() const;

  [[nodiscard]] std::uint32_t random() const;    ///< one 32-bit output
  [[nodiscard]] std::uint64_t random64() const;  ///< two: the first is the high half

  [[nodiscard]] bool is_same(const Generator& o) const noexcept { return state_ == o.state_; }

  /// What a generator holds. Samplers lock `mutex` and draw from `engine`.
  struct State {
    std::mutex mutex;
    std::uint64_t seed = 0;
    Mt19937 engine;
    std::optional<double> next_double_normal;
    std::optional<float> next_float_normal;  ///< never set by a CPU sampler, kept for states that have it
  };
  [[nodiscard]] State& state() const noexcept { return *state_; }

 private:
  std::shared_ptr<State> state_;
};

/// The process-wide generator; seeded from the system's entropy at the start.
[[nodiscard]] const Generator& default_generator();
/// `generator` if there is one, else the default.
[[nodiscard]] const Generator& generator_or_default(const std::optional<Generator>& generator);

/// Seeds the default generator and returns it.
const Generator& manual_seed(std::uint64_t seed);
[[nodiscard]] std::uint64_t initial_seed();
[[nodiscard]] Tensor get_rng_state();
void set_rng_state(const Tensor& state);

}  // namespace ballast
