// What may be said of a name in a pickle that is not in the table of pickle_globals.h.
//
//   judge("torch.nn.modules.linear", "Linear")      kClass: an object of it is kept as an inert record
//   judge("torch.nn.functional", "relu")            kFunction: may be named; a file that calls it is refused
//   judge("builtins", "int")                        kType: one of Python's own; may be named, and is plain data
//   judge("os", "system")                           kForbidden: a file that names it is refused
//
// Nothing is looked up: the judgement is about the text. Python's own modules are forbidden but for a short list of classes
// that only hold data, because everything that runs a program is in them; of other packages, what is written like a class
// can be a record, and what is written like a function is not called.
#pragma once

#include <cstdint>
#include <string_view>

namespace ballast::checkpoint {

enum class NameKind : std::uint8_t { kClass, kFunction, kType, kForbidden };

[[nodiscard]] NameKind judge(std::string_view module, std::string_view name) noexcept;

}  // namespace ballast::checkpoint
