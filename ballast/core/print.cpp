#include "ballast/core/print.h"

#include <mutex>
#include <ostream>

namespace ballast {
namespace {

std::mutex options_mutex;
PrintOptions process_options;

}  // namespace

PrintOptions get_printoptions() {
  const std::lock_guard lock(options_mutex);
  return process_options;
}

void set_printoptions(const PrintOptions& options) {
  const auto check_not_negative = [](std::int64_t value, std::string_view name) {
    check<ValueError>(value >= 0, "set_printoptions: {} must not be negative, but is {}", name, value);
  };
  check_not_negative(options.precision, "precision");
  check_not_negative(options.threshold, "threshold");
  check_not_negative(options.edgeitems, "edgeitems");
  check_not_negative(options.linewidth, "linewidth");
  const std::lock_guard lock(options_mutex);
  process_options = options;
}

std::string repr(const Tensor& t) { return repr(t, get_printoptions()); }
std::string Tensor::repr() const { return ballast::repr(*this); }

std::string repr(const OrderedDict<std::string, Tensor>& dict) {
  if (dict.is_empty()) return "OrderedDict()";
  const PrintOptions options = get_printoptions();
  std::string out = "OrderedDict([";
  bool first = true;
  for (const auto& [key, value] : dict) {
    if (!first) out += ", ";
    first = false;
    out += '(';
    out += python_repr(key);
    out += ", ";
    out += repr(value, options);
    out += ')';
  }
  return out += "])";
}

std::ostream& operator<<(std::ostream& os, const Tensor& t) { return os << repr(t); }
std::ostream& operator<<(std::ostream& os, const Size& size) { return os << fmt::format("{}", size); }
std::ostream& operator<<(std::ostream& os, IntArrayRef values) { return os << shape_text(values); }
std::ostream& operator<<(std::ostream& os, const OrderedDict<std::string, Tensor>& dict) {
  return os << repr(dict);
}
std::ostream& operator<<(std::ostream& os, DType dtype) { return os << fmt::format("{}", dtype); }
std::ostream& operator<<(std::ostream& os, const Device& device) { return os << device.str(); }

}  // namespace ballast
