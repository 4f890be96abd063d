// Archives of torch.save that stand inside a checkpoint: weights of a torch.export archive, objects of a checkpoint of
// torch.distributed.
//
//   TorchInside inside(builder, options);
//   const auto part = InputFile::part_of(file, offset, size, "data/weights/weight_3");
//   const Value v = inside.load(part, "encoder.weight");      // to be set under that name; its storages are the builder's
//   ...
//   builder.read({.text_bytes = text.size() + inside.made().text_bytes, .tensors = count + inside.made().tensors});
//
// What stands inside such an archive is not opened in turn: nothing nests deeper than this.
#pragma once

#include <memory>
#include <string_view>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/checkpoint/checkpoint_builder.h"
#include "ballast/checkpoint/load.h"

namespace ballast::checkpoint {

/// One archive by itself. FormatError if it is none that torch.save wrote.
[[nodiscard]] Checkpoint load_torch_inside(const std::shared_ptr<InputFile>& part,
                                           const LoadOptions& options);

class TorchInside {
 public:
  TorchInside(CheckpointBuilder& builder, const LoadOptions& options)
      : builder_(builder), options_(options) {}

  /// The object of an archive, whose tensors will have names that begin with `name`. An empty name: it is all that there is, and
  /// progress is told.
  [[nodiscard]] Value load(const std::shared_ptr<InputFile>& part, std::string_view name);
  /// The tensors of all of them, and the length of their names.
  [[nodiscard]] const CheckpointBuilder::Source& made() const noexcept { return made_; }
  [[nodiscard]] std::size_t without_checksum() const noexcept { return without_checksum_; }

 private:
  CheckpointBuilder& builder_;
  const LoadOptions& options_;
  CheckpointBuilder::Source made_{};
  std::size_t without_checksum_ = 0;
};

}  // namespace ballast::checkpoint
