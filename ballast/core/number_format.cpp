#include "ballast/core/number_format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace ballast::detail {
namespace {

/// printf's %.*f or %.*e in the C locale, whatever the process has set: correctly rounded, halves to even.
void append_digits(std::string& out, double value, std::chars_format notation, int precision) {
  const std::size_t before = out.size();
  for (std::size_t room = 32;; room = std::max(room * 2, static_cast<std::size_t>(precision) + 330)) {
    out.resize(before + room);
    char* first = out.data() + before;
    const auto [end, error] = std::to_chars(first, first + room, value, notation, precision);
    if (error != std::errc{}) continue;
    out.resize(static_cast<std::size_t>(end - out.data()));
    return;
  }
}

bool counts(double value) noexcept { return std::isfinite(value) && value != 0; }

}  // namespace

void NumberFormat::see(double value) noexcept {
  if (!counts(value)) return;
  const double magnitude = std::abs(value);
  least_ = any_ ? std::min(least_, magnitude) : magnitude;
  greatest_ = std::max(greatest_, magnitude);
  all_whole_ = all_whole_ && value == std::ceil(value);
  any_ = true;
}

void NumberFormat::count_nan() noexcept {
  least_ = greatest_ = std::numeric_limits<double>::quiet_NaN();  // which min and max in `see` keep
  all_whole_ = false;
  any_ = true;
  width_ = std::max<std::size_t>(width_, 3);
}

bool NumberFormat::scientific() const noexcept {
  if (!any_) return false;
  return options_.sci_mode.value_or(greatest_ / least_ > 1000.0 || greatest_ > 1.0e8 || least_ < 1.0e-4);
}

void NumberFormat::measure(double value) {
  if (!counts(value)) return;
  std::string text;
  append_bare(text, value);
  width_ = std::max(width_, text.size());
}

void NumberFormat::append(std::string& out, double value) const {
  const std::size_t before = out.size();
  append_bare(out, value);
  const std::size_t length = out.size() - before;
  if (length < width_) out.insert(before, width_ - length, ' ');
}

void NumberFormat::append_bare(std::string& out, double value) const {
  if (std::isnan(value)) {
    out += "nan";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-inf" : "inf";
  } else if (scientific()) {
    append_digits(out, value, std::chars_format::scientific, options_.precision);
  } else if (all_whole_) {
    append_digits(out, value, std::chars_format::fixed, 0);
    out += '.';
  } else {
    append_digits(out, value, std::chars_format::fixed, options_.precision);
  }
}

}  // namespace ballast::detail
