// What a pickle would have an unpickler import and call, found without doing any of it.
//
//   const PickleScan scan = scan_pickle(bytes, limits);
//   for (const PickleName& n : scan.names) fmt::print("{}.{} at byte {}\n", n.module, n.name, n.byte);
//
// The instructions are followed as far as names go: texts and names are tracked through the stack and the memo, everything
// else is "some value". All protocols are understood, also those that are refused when a checkpoint is read, and mistakes that
// Python would stop at are passed over where there is a way to go on: what stands behind them may be meant for another reader.
// Nothing recurses; time and memory are linear in the length.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/checkpoint/load.h"

namespace ballast::checkpoint {

struct PickleName {
  enum class Use : std::uint8_t {
    kNamed,   ///< imported, and handed on
    kState,   ///< given a state (BUILD): an unpickler sets its attributes
    kCalled,  ///< called by REDUCE, INST, OBJ, NEWOBJ or NEWOBJ_EX
  };
  std::string_view module, name;  ///< into the pickle, or into `PickleScan::texts`
  std::uint64_t byte = 0;         ///< of the instruction that names it first
  std::uint64_t used_at = 0;      ///< of the first instruction that uses it so
  Use use = Use::kNamed;          ///< the gravest
  std::uint64_t times = 1;        ///< it is named
};

/// Something that calls, or imports, what cannot be said. Of each kind one, the first.
struct PickleUnknown {
  enum class What : std::uint8_t {
    kComputedName,  ///< a name made of values that are no texts
    kLongName,      ///< a name of more bytes than names have
    kComputedCall,  ///< a call of what another call returned
    kExtension,     ///< a number of the extension registry
    kCalledNoName,  ///< a call of something that is neither a name nor the result of a call
  };
  What what;
  std::uint64_t byte = 0;
  std::uint64_t number = 0;  ///< of the extension; bytes of the name; else 0
  std::uint64_t times = 1;
};

struct PickleScan {
  std::vector<PickleName> names;  ///< each once, in the order of the file
  std::vector<PickleUnknown> unknown;
  std::deque<std::string> texts;  ///< of names that were written with escapes
  std::uint64_t end = 0;          ///< behind STOP, or where the scan ended
  std::string problem;            ///< why it ended without STOP; empty if it did not
};

/// Of `limits`, those of the stack, the memo and the instructions.
[[nodiscard]] PickleScan scan_pickle(std::string_view bytes, const LoadLimits& limits);

}  // namespace ballast::checkpoint
