#include "ballast/data/data_loader.h"

#include <algorithm>
#include <mutex>
#include <numeric>

#include "ballast/core/error.h"
#include "ballast/ops/random.h"

namespace ballast::data {

namespace {

/// What `torch.empty((), dtype=torch.int64).random_()` draws: 63 bits.
std::uint64_t draw_seed(const std::optional<Generator>& generator) {
  const Tensor seed = empty({}, TensorOptions(kInt64));
  seed.random_(generator);
  return static_cast<std::uint64_t>(*seed.data_ptr<std::int64_t>());
}

}  // namespace

std::int64_t batch_count(std::int64_t size, const DataLoaderOptions& options) {
  check<ValueError>(options.batch_size > 0,
                    "batch_size should be a positive integer value, but got batch_size={}",
                    options.batch_size);
  const std::int64_t full = size / options.batch_size;
  return full + (!options.drop_last && size % options.batch_size != 0 ? 1 : 0);
}

BatchOrder::BatchOrder(std::int64_t size, const DataLoaderOptions& options)
    : size_(size),
      batch_size_(options.batch_size),
      shuffle_(options.shuffle),
      drop_last_(options.drop_last),
      generator_(options.generator) {
  static_cast<void>(draw_seed(generator_));
}

void BatchOrder::draw_permutation() {
  const Generator generator = generator_ ? *generator_ : Generator(draw_seed(std::nullopt));
  const Tensor order = randperm(size_, generator);
  order_.assign(order.data_ptr<std::int64_t>(), order.data_ptr<std::int64_t>() + size_);
}

void BatchOrder::run_out() {
  // PyTorch's sampler draws a permutation more, of which it uses nothing. It can be seen in the caller's
  // generator only.
  if (shuffle_ && generator_ && !ran_out_) static_cast<void>(randperm(size_, *generator_));
  ran_out_ = true;
}

std::span<const std::int64_t> BatchOrder::next() {
  if (!started_ && shuffle_) draw_permutation();
  started_ = true;
  const std::int64_t left = size_ - at_;
  const std::int64_t n = std::min(left, batch_size_);
  if (n < batch_size_) run_out();
  if (n <= 0 || (drop_last_ && n < batch_size_)) return {};
  const auto count = static_cast<std::size_t>(n);
  const std::int64_t begin = std::exchange(at_, at_ + n);
  if (shuffle_) return std::span(order_).subspan(static_cast<std::size_t>(begin), count);
  order_.resize(count);
  std::iota(order_.begin(), order_.end(), begin);
  return order_;
}

}  // namespace ballast::data
