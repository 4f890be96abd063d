// The JSON document of `ballast match --json`; docs/loading.md describes it.
#pragma once

#include <string_view>

#include <fmt/format.h>

#include "ballast/core/match/match_report.h"

namespace ballast::tool {

void write_match_json(fmt::memory_buffer& out, std::string_view checkpoint, std::string_view model,
                      const MatchReport& report);

}  // namespace ballast::tool
