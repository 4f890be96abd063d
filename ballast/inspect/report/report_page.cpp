#include "ballast/inspect/report/report_page.h"

namespace ballast::inspect::detail {
namespace {

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

std::size_t empty_page_bytes() {
  return kPageBeforeTitle.size() + kPageBeforeData.size() + kPageAfterData.size();
}

std::string page_with(std::string_view title, std::string_view data) {
  const std::string shown = html_text(title);
  std::string page;
  page.reserve(empty_page_bytes() + shown.size() + data.size());
  page.append(kPageBeforeTitle).append(shown).append(kPageBeforeData).append(data).append(kPageAfterData);
  return page;
}

}  // namespace ballast::inspect::detail
