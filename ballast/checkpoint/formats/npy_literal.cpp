#include "ballast/checkpoint/formats/npy_literal.h"

#include <optional>

#include "ballast/checkpoint/shown_name.h"
#include "ballast/core/error.h"
#include "ballast/core/shape.h"

namespace ballast::checkpoint {
namespace {

class LiteralReader {
 public:
  LiteralReader(std::string_view text, std::uint64_t most_dimensions, const NpyFail& fail)
      : text_(text), most_dimensions_(most_dimensions), fail_(fail) {}

  NpyLiteral read() {
    if (!take('{')) refuse("the header should be a dictionary");
    while (!take('}')) {
      read_entry();
      if (take(',')) continue;
      if (!take('}')) refuse("a comma or the end of the dictionary should stand here");
      break;
    }
    skip_blanks();
    if (at_ != text_.size()) refuse("something follows the dictionary");
    const auto need = [&](bool found, std::string_view key) {
      if (!found) refuse(fmt::format("the header has no '{}'", key));
    };
    need(descr_.has_value(), "descr");
    need(fortran_.has_value(), "fortran_order");
    need(shape_.has_value(), "shape");
    return {*std::move(descr_), *fortran_, *std::move(shape_)};
  }

 private:
  void read_entry() {
    skip_blanks();
    const std::size_t begin = at_;
    const std::string key = read_string("a key");
    if (!take(':')) refuse("a colon should follow the key");
    if (key == "descr" && !descr_) {
      descr_ = read_descr();
    } else if (key == "fortran_order" && !fortran_) {
      fortran_ = read_flag();
    } else if (key == "shape" && !shape_) {
      shape_ = read_shape();
    } else {
      at_ = begin;
      const bool known = key == "descr" || key == "fortran_order" || key == "shape";
      refuse(fmt::format("the key '{}' {}", shown_name(key),
                         known ? "stands there twice" : "is none that a header has"));
    }
  }

  std::string read_descr() {
    skip_blanks();
    if (next() == '[' || next() == '(') refuse("a structured type: arrays of records are not read");
    return read_string("the type");
  }

  bool read_flag() {
    skip_blanks();
    for (const bool v : {true, false}) {
      const std::string_view word = v ? "True" : "False";
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return v;
      }
    }
    refuse("fortran_order should be True or False");
  }

  Dims read_shape() {
    if (!take('(')) refuse("the shape should be a tuple");
    Dims out;
    while (!take(')')) {
      check<LimitError>(out.size() < most_dimensions_,
                        "an array of more than {} dimensions: the limit (rank)", most_dimensions_);
      out.push_back(read_size());
      if (take(',')) continue;
      if (!take(')')) refuse("a comma or the end of the shape should stand here");
      if (out.size() == 1) refuse("the shape should be a tuple: (4,), not (4)");
      break;
    }
    return out;
  }

  std::int64_t read_size() {
    skip_blanks();
    if (next() == '-') refuse("a negative size");
    const std::size_t begin = at_;
    std::optional<std::int64_t> size = 0;
    for (; next() >= '0' && next() <= '9'; ++at_) {
      size = checked_mul(*size, 10);
      if (size) size = checked_add(*size, next() - '0');
      if (!size) refuse("a size beyond 2^63");
    }
    if (at_ == begin) refuse("a size should be a whole number");
    if (text_[begin] == '0' && at_ - begin > 1) refuse("a size that begins with 0");
    if (next() == 'L') ++at_;  // a long integer of Python 2
    return *size;
  }

  std::string read_string(std::string_view what) {
    skip_blanks();
    const char quote = next();
    if (quote != '\'' && quote != '"') refuse(fmt::format("{} should be a string in quotes", what));
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) refuse("a string without an end");
    std::string out(text_.substr(at_ + 1, end - at_ - 1));
    if (out.find_first_of("\\\n\r") != std::string::npos)
      refuse("an escape in a string: no type is written so");
    at_ = end + 1;
    return out;
  }

  void skip_blanks() {
    while (at_ < text_.size() && std::string_view(" \t\n\r\f").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }
  [[nodiscard]] char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    skip_blanks();
    if (next() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  [[noreturn]] void refuse(const std::string& reason) const {
    fail_(at_, reason);
    throw FormatError(reason);
  }

  std::string_view text_;
  std::uint64_t most_dimensions_;
  const NpyFail& fail_;
  std::size_t at_ = 0;
  std::optional<std::string> descr_;
  std::optional<bool> fortran_;
  std::optional<Dims> shape_;
};

}  // namespace

NpyLiteral read_npy_literal(std::string_view text, std::uint64_t most_dimensions, const NpyFail& fail) {
  return LiteralReader(text, most_dimensions, fail).read();
}

}  // namespace ballast::checkpoint
