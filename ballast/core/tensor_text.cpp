// The text of one tensor: brackets, lines, the dots of a summary, and what follows the values.
#include <algorithm>
#include <array>

#include "ballast/core/convert_element.h"
#include "ballast/core/number_format.h"
#include "ballast/core/print.h"

namespace ballast {
namespace {

using ReadReal = double (*)(const std::byte*);

ReadReal reader_of(DType dtype) {
  return visit_dtype(dtype, []<class T>(std::type_identity<T>) -> ReadReal {
    return [](const std::byte* p) { return convert_element<double>(load_element<T>(p)); };
  });
}

void append_integer(std::string& out, const std::byte* p, DType dtype) {
  visit_dtype(dtype, [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_same_v<T, bool>) {
      out += load_element<T>(p) ? "True" : "False";
    } else if constexpr (std::is_integral_v<T>) {
      out += fmt::format_int(load_element<T>(p)).c_str();
    }
  });
}

/// The text of single elements, all as wide as the widest.
class Cells {
 public:
  Cells(DType dtype, const PrintOptions& options)
      : dtype_(dtype), real_(options), imag_(options), imag_at_(itemsize(dtype) / 2) {
    if (is_number()) read_ = reader_of(to_real_dtype(dtype));
  }

  /// Whether `see` has to be called for all elements before `measure` is.
  [[nodiscard]] bool is_number() const { return is_floating_point(dtype_) || is_complex(dtype_); }

  void see(const std::byte* p) {
    if (dtype_ == kFloat8_e8m0fnu) return see_power(p);
    real_.see(read_(p));
    if (is_complex(dtype_)) imag_.see(read_(p + imag_at_));
  }
  void measure(const std::byte* p) {
    if (dtype_ == kFloat8_e8m0fnu && *p == kLeastPower) return;
    if (is_number()) {
      real_.measure(read_(p));
      if (is_complex(dtype_)) imag_.measure(read_(p + imag_at_));
    } else {
      std::string text;
      append_integer(text, p, dtype_);
      width_ = std::max(width_, text.size());
    }
  }
  [[nodiscard]] std::size_t width() const {
    if (!is_number()) return width_;
    return real_.width() + (is_complex(dtype_) ? imag_.width() + 1 : 0);
  }
  void append(std::string& out, const std::byte* p) const {
    if (!is_number()) {
      const std::size_t before = out.size();
      append_integer(out, p, dtype_);
      const std::size_t length = out.size() - before;
      if (length < width_) out.insert(before, width_ - length, ' ');
      return;
    }
    real_.append(out, read_(p));
    if (!is_complex(dtype_)) return;
    std::string imag;
    imag_.append(imag, read_(p + imag_at_));
    imag.erase(0, imag.find_first_not_of(' '));
    if (imag.front() != '-') out += '+';
    out += imag;
    out += 'j';
  }

 private:
  // float8_e8m0fnu has neither zero nor infinity. When PyTorch chooses the notation it takes the least value,
  // 2^-127, for zero, and NaN for finite.
  static constexpr std::byte kLeastPower{0};
  static constexpr std::byte kPowerNan{0xFF};
  void see_power(const std::byte* p) {
    if (*p == kPowerNan) {
      real_.count_nan();
    } else if (*p != kLeastPower) {
      real_.see(read_(p));
    }
  }

  DType dtype_;
  ReadReal read_ = nullptr;
  detail::NumberFormat real_;
  detail::NumberFormat imag_;
  std::int64_t imag_at_;
  std::size_t width_ = 1;
};

/// The values between `tensor(` and the suffixes.
class Values {
 public:
  Values(const Tensor& t, const PrintOptions& options)
      : tensor_(t),
        options_(options),
        summarised_(t.numel() > options.threshold),
        cells_(t.dtype(), options) {}

  std::string text(std::int64_t indent) {
    if (summarised_ && options_.edgeitems == 0 && tensor_.dim() > 0) return "[...]";
    const auto* first = static_cast<const std::byte*>(tensor_.data_ptr());
    if (cells_.is_number()) {
      for_each_shown(0, first, [this](const std::byte* p) { cells_.see(p); });
    }
    for_each_shown(0, first, [this](const std::byte* p) { cells_.measure(p); });
    write(0, first, indent);
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::size_t rank() const { return tensor_.sizes().size(); }
  [[nodiscard]] std::int64_t size(std::size_t d) const { return tensor_.sizes()[d]; }
  [[nodiscard]] std::int64_t step(std::size_t d) const { return tensor_.strides()[d] * tensor_.itemsize(); }
  /// Whether the middle of dimension `d` is left out.
  [[nodiscard]] bool cut(std::size_t d) const {
    return summarised_ && options_.edgeitems <= (size(d) - 1) / 2;
  }
  /// The position that follows `i` among those shown.
  [[nodiscard]] std::int64_t next(std::size_t d, std::int64_t i) const {
    return cut(d) && i + 1 == options_.edgeitems ? size(d) - options_.edgeitems : i + 1;
  }

  template <class F>
  void for_each_shown(std::size_t d, const std::byte* p, const F& f) const {
    if (d == rank()) return f(p);
    for (std::int64_t i = 0; i < size(d); i = next(d, i)) for_each_shown(d + 1, p + i * step(d), f);
  }

  void write(std::size_t d, const std::byte* p, std::int64_t indent) {
    if (d == rank()) return cells_.append(out_, p);
    if (d + 1 == rank()) return write_row(p, indent);
    out_ += '[';
    const auto separate = [&] {
      out_ += ',';
      out_.append(rank() - d - 1, '\n');
      out_.append(static_cast<std::size_t>(indent) + 1, ' ');
    };
    for (std::int64_t i = 0; i < size(d);) {
      if (i > 0) separate();
      write(d + 1, p + i * step(d), indent + 1);
      const std::int64_t after = next(d, i);
      if (after != i + 1) {
        separate();
        out_ += "...";
      }
      i = after;
    }
    out_ += ']';
  }

  void write_row(const std::byte* p, std::int64_t indent) {
    const std::size_t d = rank() - 1;
    const auto wide = static_cast<std::int64_t>(cells_.width()) + 2;
    const std::int64_t per_line = std::max<std::int64_t>(1, (options_.linewidth - indent) / wide);
    std::int64_t in_line = 0;
    const auto begin_cell = [&](bool first) {
      if (!first && in_line == per_line) {
        out_ += ",\n";
        out_.append(static_cast<std::size_t>(indent) + 1, ' ');
        in_line = 0;
      } else if (!first) {
        out_ += ", ";
      }
      ++in_line;
    };
    out_ += '[';
    for (std::int64_t i = 0; i < size(d);) {
      begin_cell(i == 0);
      cells_.append(out_, p + i * step(d));
      const std::int64_t after = next(d, i);
      if (after != i + 1) {
        begin_cell(false);
        out_ += " ...";
      }
      i = after;
    }
    out_ += ']';
  }

  const Tensor& tensor_;
  const PrintOptions& options_;
  bool summarised_;
  Cells cells_;
  std::string out_;
};

/// Whether a reader infers the type from the values alone.
bool goes_without_saying(DType dtype) {
  const DType real = get_default_dtype();
  return dtype == real || dtype == (real == kFloat64 ? kComplex128 : kComplex64) || dtype == kInt64 ||
         dtype == kBool;
}

std::vector<std::string> suffixes_of(const Tensor& t, const PrintOptions& options) {
  std::vector<std::string> out;
  const auto size = [&] { out.push_back("size=" + python_tuple(t.sizes())); };
  const auto dtype = [&] { out.push_back(fmt::format("dtype={}", t.dtype())); };
  if (t.is_meta()) {
    out.push_back("device='" + t.device().str() + "'");
    size();
    if (t.dtype() != get_default_dtype()) dtype();
  } else if (t.numel() == 0) {
    if (t.dim() != 1) size();
    if (t.dtype() != get_default_dtype()) dtype();
  } else {
    if (options.edgeitems == 0) size();
    if (!goes_without_saying(t.dtype())) dtype();
  }
  const AutogradMeta* const meta = t.impl().autograd.get();
  if (const char* const made_by = meta != nullptr ? meta->function_name(t.impl()) : nullptr) {
    out.push_back(fmt::format("grad_fn=<{}>", made_by));
  } else if (t.requires_grad()) {
    out.emplace_back("requires_grad=True");
  }
  return out;
}

}  // namespace

std::string repr(const Tensor& t, const PrintOptions& options) {
  if (!t.defined()) return "None";
  constexpr std::string_view kPrefix = "tensor(";
  constexpr auto kIndent = static_cast<std::int64_t>(kPrefix.size());
  std::string text(kPrefix);
  if (t.is_meta()) {
    text += "...";
  } else if (t.numel() == 0) {
    text += "[]";
  } else {
    text += Values(t, options).text(kIndent);
  }

  // A suffix that does not fit behind the last line begins one of its own. PyTorch counts two characters too
  // many for the line that the values end.
  const std::size_t line_start = text.rfind('\n');
  const std::size_t line_length = text.size() - (line_start == std::string::npos ? 0 : line_start + 1);
  auto used = static_cast<std::int64_t>(line_length) + 2;
  for (const std::string& suffix : suffixes_of(t, options)) {
    const auto length = static_cast<std::int64_t>(suffix.size());
    if (used + length + 2 > options.linewidth) {
      text += ",\n";
      text.append(kPrefix.size(), ' ');
      used = kIndent + length;
    } else {
      text += ", ";
      used += length + 2;
    }
    text += suffix;
  }
  text += ')';
  return t.is_parameter() ? "Parameter containing:\n" + text : text;
}

}  // namespace ballast
