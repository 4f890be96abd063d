// Pages of a mapped file, many at a time. For whoever walks over more of it than should stay in memory, or be faulted in page by
// page. All of it is hints: where the system does not know them, pages come and go one by one.
//
//   expect_pages(bytes, n);      // they are going to be read
//   release_pages(bytes, n);     // they were
#pragma once

#include <cstddef>

namespace ballast {

/// Brings in the pages under these bytes with one call instead of one fault each.
void expect_pages(const std::byte* data, std::size_t size) noexcept;
/// Gives the pages that lie wholly in these bytes back to the system, as if they had not been touched; what was written to them
/// is lost.
void release_pages(std::byte* data, std::size_t size) noexcept;

}  // namespace ballast
