// Pickles that stand one after the other in a file, as old PyTorch files have them, followed by bytes that are none.
//
//   PickleStream in(file, 0, options);
//   Node* magic = in.next(tree, refuse_all);
//   Node* object = in.next(tree, storage_of);
//   in.offset();                                // behind the last
//
// Where a pickle ends is found by stepping over its instructions, so that no more than the pickles is read.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/checkpoint/pickle/pickle_machine.h"

namespace ballast::checkpoint {

/// The length of the pickle that begins at `offset`. FormatError if there is no STOP before the end of the file, or an instruction
/// that does not exist; LimitError beyond `limits.pickle_bytes`.
[[nodiscard]] std::uint64_t pickle_length(const InputFile& file, std::uint64_t offset,
                                          const LoadLimits& limits);

class PickleStream {
 public:
  PickleStream(std::shared_ptr<InputFile> file, std::uint64_t offset, const LoadOptions& options)
      : file_(std::move(file)), options_(options), offset_(offset) {}

  using Persistent = std::function<Node*(Node*)>;
  /// The next pickle's object. Its texts are kept by the arena.
  [[nodiscard]] Node* next(TreeArena& tree, std::string_view what, const Persistent& persistent,
                           const std::function<Storage(const Storage&)>& bytes_of = {});
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  /// Goes on behind bytes that are no pickle.
  void skip_to(std::uint64_t offset) noexcept { offset_ = offset; }
  /// Bytes of all pickles so far.
  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }

 private:
  std::shared_ptr<InputFile> file_;
  const LoadOptions& options_;
  std::uint64_t offset_;
  std::uint64_t total_ = 0;
};

}  // namespace ballast::checkpoint
