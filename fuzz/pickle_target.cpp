// The interpreter by itself, without an archive around it: storages of any name are there, with as many bytes as the pickle
// says, up to a limit.
#include <cstddef>
#include <cstdint>

#include "fuzz/consume.h"

#include "ballast/checkpoint/checkpoint_builder.h"
#include "ballast/checkpoint/pickle/pickle_globals.h"
#include "ballast/checkpoint/pickle/pickle_machine.h"

namespace {

using namespace ballast;
using namespace ballast::checkpoint;

constexpr std::uint64_t kMostBytes = 1 << 16;

class Storages {
 public:
  Storages(TreeArena& tree, CheckpointBuilder& builder) : tree_(tree), builder_(builder) {}

  /// ("storage", type, key, location, number of elements)
  Node* operator()(const Node* id) const {
    if (id->kind != Kind::kTuple || id->size != 5)
      throw FormatError("a persistent id: should be a tuple of five");
    const GlobalName* type = global_of(id->items[1]);
    const Node& elements = *id->items[4];
    if (type == nullptr || !type->is_storage || elements.kind != Kind::kInt || elements.flag ||
        elements.integer < 0)
      throw FormatError("a persistent id: no storage type, or no number of elements");
    const auto n = static_cast<std::uint64_t>(elements.integer);
    if (n > kMostBytes / type->itemsize)
      throw FormatError("a persistent id: more elements than this file has");
    const std::uint64_t bytes = n * type->itemsize;
    StorageSource source{.file = nullptr, .offset = 0, .size = bytes, .in_place = false};
    source.read = [bytes](std::byte* out) { std::fill(out, out + bytes, std::byte{1}); };
    return tree_.storage(
        {builder_.add_storage("0", "cpu", std::move(source)), "0", "cpu", type->name, type->dtype});
  }

 private:
  TreeArena& tree_;
  CheckpointBuilder& builder_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const LoadOptions options;
  CheckpointBuilder builder("input", "pickle", options);
  try {
    IntrusivePtr<Arena> arena = TreeArena::make();
    TreeArena& tree = TreeArena::of(arena);
    const auto bytes = std::make_shared<const std::string>(reinterpret_cast<const char*>(data), size);
    tree.keep(bytes);
    Node* root = run_pickle(tree,
                            {.bytes = *bytes,
                             .place = {"input", ""},
                             .limits = options.limits,
                             .file_size = size,
                             .bytes_of = [&](const Storage& s) { return builder.bytes_of(s); }},
                            Storages(tree, builder));
    const std::size_t made = tree.tensor_count();
    builder.set_root({std::move(arena), root});
    builder.read({.text_bytes = size, .tensors = made});
    fuzz::consume(builder.take());
  } catch (const Error&) {
    // Refused, with a reason.
  }
  return 0;
}
