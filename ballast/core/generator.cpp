#include "ballast/core/generator.h"

#include <cstring>
#include <random>

#include "ballast/core/error.h"
#include "ballast/core/tensor.h"

namespace ballast {
namespace {

// The saved state: a struct of PyTorch's, here by its offsets. What lies between is unused and zero.
constexpr std::size_t kSeedAt = 0;
constexpr std::size_t kLeftAt = 8;
constexpr std::size_t kSeededAt = 12;
constexpr std::size_t kNextAt = 16;
constexpr std::size_t kWordsAt = 24;
constexpr std::size_t kDoubleNormalAt = 5024;
constexpr std::size_t kHasDoubleNormalAt = 5040;
constexpr std::size_t kFloatNormalAt = 5048;
constexpr std::size_t kHasFloatNormalAt = 5052;

template <class T>
void put(std::byte* state, std::size_t at, T value) {
  std::memcpy(state + at, &value, sizeof value);
}

template <class T>
T get(const std::byte* state, std::size_t at) {
  T value;
  std::memcpy(&value, state + at, sizeof value);
  return value;
}

void restart(Generator::State& s, std::uint64_t seed) {
  s.seed = seed;
  s.engine = Mt19937(static_cast<std::uint32_t>(seed));
  s.next_double_normal.reset();
  s.next_float_normal.reset();
}

std::uint64_t entropy() {
  std::random_device device;
  const std::uint64_t high = device();
  return high << 32 | device();
}

}  // namespace

Generator::Generator(std::uint64_t seed) : state_(std::make_shared<State>()) { restart(*state_, seed); }

const Generator& Generator::manual_seed(std::uint64_t seed) const {
  const std::lock_guard lock(state_->mutex);
  restart(*state_, seed);
  return *this;
}

std::uint64_t Generator::initial_seed() const {
  const std::lock_guard lock(state_->mutex);
  return state_->seed;
}

std::uint64_t Generator::seed() const {
  const std::uint64_t fresh = entropy();
  manual_seed(fresh);
  return fresh;
}

Tensor Generator::get_state() const {
  Tensor out = empty(kStateBytes, TensorOptions(kUInt8).device(kCPU));
  auto* bytes = static_cast<std::byte*>(out.data_ptr());
  std::memset(bytes, 0, kStateBytes);
  const std::lock_guard lock(state_->mutex);
  const State& s = *state_;
  put(bytes, kSeedAt, s.seed);
  put(bytes, kLeftAt, s.engine.left);
  put(bytes, kSeededAt, std::int32_t{1});
  put(bytes, kNextAt, std::uint64_t{s.engine.next});
  for (std::size_t i = 0; i < Mt19937::kWords; ++i) {
    put(bytes, kWordsAt + i * sizeof(std::uint64_t), std::uint64_t{s.engine.words[i]});
  }
  put(bytes, kDoubleNormalAt, s.next_double_normal.value_or(0.0));
  put(bytes, kHasDoubleNormalAt, std::int32_t{s.next_double_normal.has_value()});
  put(bytes, kFloatNormalAt, s.next_float_normal.value_or(0.0f));
  put(bytes, kHasFloatNormalAt, std::uint8_t{s.next_float_normal.has_value()});
  return out;
}

void Generator::set_state(const Tensor& state) const {
  check<DTypeError>(state.dtype() == kUInt8 && state.is_cpu(), "RNG state must be a torch.ByteTensor");
  check<ValueError>(state.is_contiguous(), "RNG state must be contiguous");
  check<ValueError>(state.numel() == kStateBytes,
                    "Expected a CPUGeneratorImplState of size {} but found the input RNG state size to be {}",
                    kStateBytes, state.numel());
  const auto* bytes = static_cast<const std::byte*>(state.data_ptr());

  const auto left = get<std::int32_t>(bytes, kLeftAt);
  const auto next = get<std::uint64_t>(bytes, kNextAt);
  // The sum: PyTorch takes such a state too, and then reads past its last word.
  const bool valid = get<std::int32_t>(bytes, kSeededAt) != 0 && left > 0 && left <= Mt19937::kWords &&
                     next <= Mt19937::kWords &&
                     static_cast<std::uint64_t>(left) + next <= Mt19937::kWords + 1;
  check<ValueError>(valid, "Invalid mt19937 state");

  const std::lock_guard lock(state_->mutex);
  State& s = *state_;
  s.seed = get<std::uint64_t>(bytes, kSeedAt);
  s.engine.left = left;
  s.engine.next = static_cast<std::uint32_t>(next);
  for (std::size_t i = 0; i < Mt19937::kWords; ++i) {
    s.engine.words[i] =
        static_cast<std::uint32_t>(get<std::uint64_t>(bytes, kWordsAt + i * sizeof(std::uint64_t)));
  }
  s.next_double_normal.reset();
  s.next_float_normal.reset();
  if (get<std::int32_t>(bytes, kHasDoubleNormalAt) != 0)
    s.next_double_normal = get<double>(bytes, kDoubleNormalAt);
  if (get<std::uint8_t>(bytes, kHasFloatNormalAt) != 0)
    s.next_float_normal = get<float>(bytes, kFloatNormalAt);
}

Generator Generator::clone() const {
  Generator out(0);
  const std::lock_guard lock(state_->mutex);
  out.state_->seed = state_->seed;
  out.state_->engine = state_->engine;
  out.state_->next_double_normal = state_->next_double_normal;
  out.state_->next_float_normal = state_->next_float_normal;
  return out;
}

std::uint32_t Generator::random() const {
  const std::lock_guard lock(state_->mutex);
  return state_->engine();
}

std::uint64_t Generator::random64() const {
  const std::lock_guard lock(state_->mutex);
  return state_->engine.next64();
}

const Generator& default_generator() {
  static const Generator generator(entropy());
  return generator;
}

const Generator& generator_or_default(const std::optional<Generator>& generator) {
  return generator ? *generator : default_generator();
}

const Generator& manual_seed(std::uint64_t seed) { return default_generator().manual_seed(seed); }
std::uint64_t initial_seed() { return default_generator().initial_seed(); }
Tensor get_rng_state() { return default_generator().get_state(); }
void set_rng_state(const Tensor& state) { default_generator().set_state(state); }

}  // namespace ballast
