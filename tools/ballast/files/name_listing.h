// The names, shapes and types that a file has: a checkpoint, or a listing of one as `ballast show --json` prints it.
//
//   const NamedShapes names = read_names("model.pth");
//
// A listing is one JSON object. What counts in it are the entries of its array "tensors": "name", "shape", and if they are
// there "dtype" and what says that two are one ("storage", "offset", "stride"). A program in any language can write one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "ballast/core/match/match.h"

namespace ballast::tool {

/// Of a checkpoint: its state dict, or where it has none all its tensors. IoError, FormatError or LimitError where it cannot be
/// read.
[[nodiscard]] NamedShapes read_names(const std::filesystem::path& file);

/// Whether a file that begins like this is a listing: a brace, and behind it a key or nothing.
[[nodiscard]] bool begins_like_json(std::string_view beginning) noexcept;

/// Of the text of a listing. FormatError, naming `file`, with the place where it is none.
[[nodiscard]] NamedShapes names_in_listing(std::string_view json, const std::string& file);

}  // namespace ballast::tool
