// The page around the data: made of page/ and of D3 when Ballast is built (embed_page.cmake). Internal.
#pragma once

#include <string>
#include <string_view>

namespace ballast::inspect::detail {

// Parts of the page, before and after what is put in.
extern const std::string_view kPageBeforeTitle, kPageBeforeData, kPageAfterData;

/// Bytes of the page without its data.
[[nodiscard]] std::size_t empty_page_bytes();
/// The page with a title, any text, and data that `script_safe` has made fit for it.
[[nodiscard]] std::string page_with(std::string_view title, std::string_view data);

}  // namespace ballast::inspect::detail
