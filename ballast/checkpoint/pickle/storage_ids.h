// The persistent ids by which pickles name storages.
//
//   ("storage", torch.FloatStorage, "0", "cpu", 128)                              zip archives
//   ("storage", torch.FloatStorage, "94731", "cpu", 128, None)                    legacy files; or, for a part of a storage,
//   ("storage", torch.FloatStorage, "94731", "cpu", 128, ("94732", 16, 64))       its own key, first element, elements
//   ("module", class, file, source)                                               legacy: where a class was defined
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ballast/checkpoint/pickle/pickle_globals.h"

namespace ballast::checkpoint {

enum class StorageIdForm : std::uint8_t { kZip, kLegacy };

struct StorageId {
  const GlobalName* type;
  std::string_view key, location;
  std::uint64_t bytes;
  struct Part {
    std::uint64_t begin, bytes;
  };
  std::optional<Part> view = std::nullopt;
};

/// FormatError, without a place, if it is no such id.
[[nodiscard]] StorageId storage_id(const Node* id, StorageIdForm form);
/// The class of a "module" id, which is inert; null for other ids.
[[nodiscard]] Node* source_of_module(const Node* id);
/// Some bytes of a storage as a storage that keeps the whole alive.
[[nodiscard]] Storage part_of_storage(const Storage& whole, std::uint64_t begin, std::uint64_t bytes);

}  // namespace ballast::checkpoint
