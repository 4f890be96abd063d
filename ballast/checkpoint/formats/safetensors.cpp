#include "ballast/checkpoint/formats/safetensors.h"

#include <utility>

#include "ballast/checkpoint/checkpoint_builder.h"
#include "ballast/checkpoint/formats/safetensors_header.h"
#include "ballast/checkpoint/formats/safetensors_ties.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/tree/value_arena.h"
#include "ballast/core/shape.h"

namespace ballast::checkpoint {
namespace {

class SafetensorsFile {
 public:
  SafetensorsFile(const std::shared_ptr<InputFile>& file, const LoadOptions& options)
      : file_(file),
        header_(read_safetensors_header(*file, tree(), options.limits)),
        builder_(file->name(), "safetensors", options) {}

  Checkpoint load() {
    root_ = tree().mapping(Kind::kOrderedDict, header_.tensors.size());
    for (const SafetensorsHeader::Entry& e : header_.tensors) {
      if (!tree().insert(root_, e.name, tensor_of(e))) {
        throw FormatError(fmt::format("the name '{}' stands there twice", shown_name(text_of(*e.name))),
                          file_->name(), "", e.at);
      }
    }
    read_metadata();
    const std::size_t made = tree().tensor_count();
    builder_.set_root({arena_, root_});
    builder_.read({.text_bytes = header_.data, .tensors = made});
    return builder_.take();
  }

 private:
  [[nodiscard]] TreeArena& tree() const { return TreeArena::of(arena_); }

  Node* tensor_of(const SafetensorsHeader::Entry& e) {
    const Storage storage = builder_.add_storage("", "cpu",
                                                 {.file = file_,
                                                  .offset = header_.data + e.begin,
                                                  .size = e.end - e.begin,
                                                  .alignment = static_cast<std::uint8_t>(itemsize(e.dtype))});
    const IntArrayRef sizes = header_.shape(e);
    TensorValue v;
    v.tensor = tensor_on(storage, e.dtype, sizes, contiguous_strides(sizes));
    return tree().tensor(std::move(v));
  }

  void read_metadata() {
    if (!header_.has_metadata) return;
    Node* all = tree().mapping(Kind::kDict, header_.metadata.size());
    for (const SafetensorsHeader::Text& t : header_.metadata) {
      if (!tree().insert(all, t.key, t.value)) {
        throw FormatError(fmt::format("'{}' stands there twice", shown_name(text_of(*t.key))), file_->name(),
                          "", t.at);
      }
    }
    builder_.set_metadata({arena_, restore_ties(tree(), root_, *all)});
  }

  std::shared_ptr<InputFile> file_;
  IntrusivePtr<Arena> arena_ = TreeArena::make();
  SafetensorsHeader header_;
  CheckpointBuilder builder_;
  Node* root_ = nullptr;
};

}  // namespace

Checkpoint load_safetensors(const std::shared_ptr<InputFile>& file, const LoadOptions& options) {
  return SafetensorsFile(file, options).load();
}

}  // namespace ballast::checkpoint
