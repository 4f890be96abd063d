// A pickle is a program for a small stack machine. This is the machine, without its instruction "call anything": it can
// make plain data, and what the table of pickle_globals.h makes.
//
//   Node* root = run_pickle(arena, {bytes, place, limits, file_size}, [&](Node* id) { return storage_node(id); });
//
// Protocols 2 to 5 (PEP 307, PEP 3154, PEP 574). Names that are not in the table are judged by pickle_names.h: objects of
// classes become inert records. Refused, with the byte where it happened: forbidden names, calls of functions, text
// instructions of protocol 0, the extension registry, out-of-band buffers, bytes after STOP, values left on the stack, a key
// twice in one dictionary. Nothing recurses; time and memory are linear in the length of the pickle.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "ballast/checkpoint/bytes/byte_reader.h"
#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/tree/value_arena.h"

namespace ballast::checkpoint {

struct Pickle {
  std::string_view bytes;  ///< must outlive the arena: strings point into it
  Place place;
  const LoadLimits& limits;
  std::uint64_t file_size;
  bool refuse_objects = false;  ///< see LoadOptions
  /// The bytes of a storage, also of one that is going to be read later or never: what makes sparse tensors looks at their
  /// indices. An undefined storage where there are none.
  std::function<Storage(const Storage&)> bytes_of = {};
};

/// The object of a pickle. `persistent` turns what a persistent id names into a node.
[[nodiscard]] Node* run_pickle(TreeArena& arena, const Pickle& pickle,
                               const std::function<Node*(Node*)>& persistent);

}  // namespace ballast::checkpoint
