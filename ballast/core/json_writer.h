// JSON, written piece by piece into one buffer: nothing is held but the text itself.
//
//   JsonWriter json(out);
//   json.begin_object(JsonWriter::Layout::kLines);
//   json.key("name");
//   json.string("encoder.weight");
//   json.end_object();
//
// Commas, line ends and indentation are the writer's; what is opened must be closed by the caller.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace ballast {

class JsonWriter {
 public:
  /// All on one line, an entry a line, or on one line without spaces.
  enum class Layout : std::uint8_t { kInline, kLines, kTight };

  explicit JsonWriter(fmt::memory_buffer& out) : out_(out) {}

  void begin_object(Layout layout = Layout::kInline) { open('{', layout); }
  void end_object() { close('}'); }
  void begin_array(Layout layout = Layout::kInline) { open('[', layout); }
  void end_array() { close(']'); }
  void key(std::string_view name);

  /// UTF-8 text. A byte that is no UTF-8 and a lone surrogate become a `\udXXX`, which is what Python's json writes.
  void string(std::string_view utf8);
  /// The digits of a number, as they are.
  void number(std::string_view digits);
  void number(std::integral auto n) { number(std::string_view(fmt::format_int(n).c_str())); }
  /// The shortest digits that read back as the same number. JSON has no word for the others: NaN becomes null, infinities the
  /// strings "Infinity" and "-Infinity".
  void real(double value);
  void boolean(bool b) { number(b ? "true" : "false"); }
  void null() { number("null"); }

 private:
  struct Level {
    Layout layout;
    bool empty = true;
  };

  void open(char bracket, Layout layout);
  void close(char bracket);
  void before_value();
  void new_line();
  void append_quoted(std::string_view utf8);
  void append(std::string_view text) { out_.append(text.data(), text.data() + text.size()); }

  fmt::memory_buffer& out_;
  std::vector<Level> levels_;
  bool after_key_ = false;
};

}  // namespace ballast
