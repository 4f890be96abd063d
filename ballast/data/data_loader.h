// Batches of a dataset, in order or shuffled, as torch.utils.data.DataLoader gives them.
//
//   data::DataLoader loader(data::TensorDataset(images, labels), {.batch_size = 64, .shuffle = true});
//   for (int epoch = 0; epoch < 10; ++epoch) {
//     for (const auto& [x, y] : loader) { ... }
//   }
//
// **The order is PyTorch's.** Each pass over the loader first draws, from `generator` or else the default
// one, a 64-bit number that PyTorch's workers would be seeded with (even where there are none). To shuffle
// without a generator of its own, it draws a second one and seeds a new generator with it; that one, or
// `generator`, draws the permutation with the first batch, and once more when the positions run out. So the
// same seed gives the same batches, pass after pass, and leaves the generators where PyTorch leaves them.
//
// A loader works on the calling thread and makes each batch when it is asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "ballast/core/generator.h"

namespace ballast::data {

struct DataLoaderOptions {
  std::int64_t batch_size = 1;
  bool shuffle = false;
  bool drop_last = false;  ///< leaves out a last batch that is not full
  std::optional<Generator> generator = std::nullopt;
};

/// The positions of one pass, batch by batch.
class BatchOrder {
 public:
  /// Draws what a pass draws at its start.
  BatchOrder(std::int64_t size, const DataLoaderOptions& options);
  /// The next batch's positions; empty at the end. Valid until the next call.
  [[nodiscard]] std::span<const std::int64_t> next();

 private:
  void draw_permutation();
  void run_out();

  std::int64_t size_, batch_size_, at_ = 0;
  bool shuffle_, drop_last_, started_ = false, ran_out_ = false;
  std::optional<Generator> generator_;
  std::vector<std::int64_t> order_;  // the permutation, or room for a batch of positions in a row
};

/// The number of batches of a pass. ValueError unless batch_size is positive.
[[nodiscard]] std::int64_t batch_count(std::int64_t size, const DataLoaderOptions& options);

template <class Dataset>
class DataLoader {
 public:
  using Batch = decltype(std::declval<const Dataset&>().get_batch(std::span<const std::int64_t>()));

  /// ValueError "batch_size should be a positive integer value, but got batch_size=0".
  explicit DataLoader(Dataset dataset, DataLoaderOptions options = {})
      : dataset_(std::move(dataset)),
        options_(std::move(options)),
        batches_(batch_count(dataset_.size(), options_)) {}

  /// The number of batches.
  [[nodiscard]] std::int64_t size() const noexcept { return batches_; }
  [[nodiscard]] const Dataset& dataset() const noexcept { return dataset_; }
  [[nodiscard]] const DataLoaderOptions& options() const noexcept { return options_; }

  /// One pass. It can be walked once.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    Iterator(const Dataset& dataset, const DataLoaderOptions& options)
        : dataset_(&dataset), order_(std::make_shared<BatchOrder>(dataset.size(), options)) {
      ++*this;
    }
    [[nodiscard]] const Batch& operator*() const noexcept { return *batch_; }
    [[nodiscard]] const Batch* operator->() const noexcept { return &*batch_; }
    Iterator& operator++() {
      const std::span<const std::int64_t> indices = order_->next();
      if (indices.empty()) {
        order_.reset();
        batch_.reset();
      } else {
        batch_.emplace(dataset_->get_batch(indices));
      }
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.order_ == b.order_; }

   private:
    const Dataset* dataset_ = nullptr;
    std::shared_ptr<BatchOrder> order_;  // null at the end
    std::optional<Batch> batch_;
  };
  /// Starts a new pass: draws from the generator.
  [[nodiscard]] Iterator begin() const { return Iterator(dataset_, options_); }
  [[nodiscard]] Iterator end() const { return {}; }

 private:
  Dataset dataset_;
  DataLoaderOptions options_;
  std::int64_t batches_;
};

}  // namespace ballast::data
