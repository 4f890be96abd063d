#include "ballast/checkpoint/pickle/pickle_scan.h"

#include <charconv>
#include <optional>
#include <unordered_map>
#include <utility>

#include "ballast/checkpoint/bytes/byte_reader.h"
#include "ballast/checkpoint/pickle/pickle_ops.h"

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kLongestName =
    1024;  // bytes of a module or a name; beyond, it is not compared with others
constexpr unsigned kHexDigits = 16, kOctalDigits = 8;

/// The value of a digit; nullopt if it is none of that base.
std::optional<unsigned> digit(char c, unsigned base) {
  unsigned v = kHexDigits;
  if (c >= '0' && c <= '9') v = static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') v = static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') v = static_cast<unsigned>(c - 'A') + 10;
  return v < base ? std::optional(v) : std::nullopt;
}

/// Takes up to `most` digits off the front.
std::uint32_t take_digits(std::string_view& text, std::size_t most, unsigned base) {
  std::uint32_t v = 0;
  for (std::size_t i = 0; i < most && !text.empty(); ++i, text.remove_prefix(1)) {
    const std::optional<unsigned> d = digit(text.front(), base);
    if (!d) break;
    v = v * base + *d;
  }
  return v;
}

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
  } else if (c < 0x10000) {
    out += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
            static_cast<char>(0x80 | (c & 0x3F))};
  } else {
    out += {static_cast<char>(0xF0 | (c >> 18 & 7)), static_cast<char>(0x80 | (c >> 12 & 0x3F)),
            static_cast<char>(0x80 | (c >> 6 & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
  }
}

/// The text between the quotes of protocol 0's STRING, or the whole of its UNICODE, whose escapes are \u and \U only.
std::string unescaped(std::string_view text, bool unicode) {
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\' || text.empty()) {
      out += c;
      continue;
    }
    const char kind = text.front();
    if (unicode && kind != 'u' && kind != 'U') {
      out += c;
      continue;
    }
    if (!unicode && kind >= '0' && kind < '8') {
      out += static_cast<char>(take_digits(text, 3, kOctalDigits));
      continue;
    }
    text.remove_prefix(1);
    switch (kind) {
      case 'u':
      case 'U':
        unicode ? append_utf8(out, take_digits(text, kind == 'u' ? 4 : 8, kHexDigits))
                : void(out += {c, kind});
        break;
      case 'x':
        out += static_cast<char>(take_digits(text, 2, kHexDigits));
        break;
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      case '\\':
      case '\'':
      case '"':
        out += kind;
        break;
      default:
        out += {c, kind};
    }
  }
  return out;
}

/// A value as far as it matters here, in four bytes: many millions of them may lie on the stack.
class Tracked {
 public:
  enum class Kind : std::uint8_t { kOther, kText, kName, kResult };

  Tracked() = default;
  Tracked(Kind kind, std::uint32_t at) : bits_(static_cast<std::uint32_t>(kind) << kShift | at) {}
  [[nodiscard]] Kind kind() const { return static_cast<Kind>(bits_ >> kShift); }
  [[nodiscard]] bool is(Kind k) const { return kind() == k; }
  [[nodiscard]] std::uint32_t at() const { return bits_ & ((1u << kShift) - 1); }

 private:
  static constexpr unsigned kShift = 30;
  std::uint32_t bits_ = 0;
};
using Kind = Tracked::Kind;
using Use = PickleName::Use;
using What = PickleUnknown::What;

class Scanner {
 public:
  Scanner(std::string_view bytes, const LoadLimits& limits) : read_(bytes, {}), limits_(limits) {}

  PickleScan run() {
    try {
      for (std::uint64_t count = 0; read_.left() > 0; ++count) {
        check<LimitError>(count < limits_.opcodes, "more than {} instructions (opcodes)", limits_.opcodes);
        check<LimitError>(stack_.size() < limits_.stack && marks_.size() < limits_.stack,
                          "more than {} values on the stack (stack)", limits_.stack);
        check<LimitError>(memo_.size() + far_memo_.size() < limits_.memo,
                          "more than {} values are remembered (memo)", limits_.memo);
        at_ = read_.position();
        const auto op = static_cast<char>(read_.u8());
        if (op == '.') return finish({});
        step(op);
      }
      at_ = read_.position();
      return finish("the pickle ends without STOP");
    } catch (const FormatError& e) {
      return finish(e.reason());
    } catch (const LimitError& e) {
      return finish(e.what());
    }
  }

 private:
  PickleScan finish(std::string problem) {
    out_.end = problem.empty() ? read_.position() : at_;
    out_.problem = std::move(problem);
    return std::move(out_);
  }

  // The stack. What is taken from an empty one is some value.
  void push(Tracked v = {}) { stack_.push_back(v); }
  [[nodiscard]] std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  Tracked pop() {
    if (stack_.size() <= floor()) return {};
    const Tracked v = stack_.back();
    stack_.pop_back();
    return v;
  }
  [[nodiscard]] Tracked top() const { return stack_.size() <= floor() ? Tracked() : stack_.back(); }
  /// Drops what stands above the last mark, and the mark; the lowest of it.
  Tracked pop_marked() {
    const std::size_t from = floor();
    const Tracked lowest = stack_.size() > from ? stack_[from] : Tracked();
    stack_.resize(from);
    if (!marks_.empty()) marks_.pop_back();
    return lowest;
  }
  void replace(std::size_t n, Tracked by = {}) {
    for (std::size_t i = 0; i < n; ++i) static_cast<void>(pop());
    push(by);
  }

  // The memo. Writers number from 0 on.
  void put(std::uint64_t key) {
    if (key == memo_.size()) {
      memo_.push_back(top());
    } else {
      (key < memo_.size() ? memo_[key] : far_memo_[key]) = top();
    }
  }
  void get(std::uint64_t key) {
    if (key < memo_.size()) return push(memo_[key]);
    const auto it = far_memo_.find(key);
    push(it == far_memo_.end() ? Tracked() : it->second);
  }
  static std::uint64_t decimal(std::string_view line) {
    std::uint64_t v = 0;
    std::from_chars(line.data(), line.data() + line.size(), v);
    return v;
  }

  void push_text(std::string_view text) {
    texts_.push_back(text);
    push({Kind::kText, static_cast<std::uint32_t>(texts_.size() - 1)});
  }
  void push_escaped(std::string_view text, bool unicode) {
    if (text.find('\\') == std::string_view::npos) return push_text(text);
    push_text(out_.texts.emplace_back(unescaped(text, unicode)));
  }
  void quoted(std::string_view line) {
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
    if (line.size() >= 2) line = line.substr(1, line.size() - 2);
    push_escaped(line, false);
  }

  [[nodiscard]] Tracked named(std::string_view module, std::string_view name) {
    if (module.size() > kLongestName || name.size() > kLongestName) {
      unknown(What::kLongName, module.size() + name.size());
      return {};
    }
    std::string key(module);
    key += '\0';
    key += name;
    const auto [it, first] =
        known_.try_emplace(std::move(key), static_cast<std::uint32_t>(out_.names.size()));
    if (first) {
      out_.names.push_back({.module = module, .name = name, .byte = at_, .used_at = at_});
    } else {
      ++out_.names[it->second].times;
    }
    return {Kind::kName, it->second};
  }
  Tracked stack_global() {
    const Tracked name = pop(), module = pop();
    if (name.is(Kind::kText) && module.is(Kind::kText)) return named(texts_[module.at()], texts_[name.at()]);
    unknown(What::kComputedName, 0);
    return {};
  }
  void unknown(What what, std::uint64_t number) {
    for (PickleUnknown& u : out_.unknown) {
      if (u.what == what) return void(++u.times);
    }
    out_.unknown.push_back({what, at_, number});
  }

  void use(Tracked callable, Use how) {
    if (callable.is(Kind::kName)) {
      PickleName& n = out_.names[callable.at()];
      if (n.use < how) n.use = how, n.used_at = at_;
    } else if (how == Use::kCalled) {
      unknown(callable.is(Kind::kResult) ? What::kComputedCall : What::kCalledNoName, 0);
    }
  }
  void call(Tracked callable) {
    use(callable, Use::kCalled);
    push({Kind::kResult, 0});
  }

  void step(char op) {
    switch (op) {
      // Names and calls.
      case 'c': {
        const std::string_view module = read_.line();
        return push(named(module, read_.line()));
      }
      case '\x93':
        return push(stack_global());
      case 'i': {
        const std::string_view module = read_.line();
        const Tracked callable = named(module, read_.line());
        static_cast<void>(pop_marked());
        return call(callable);
      }
      case 'o':
        return call(pop_marked());
      case 'R':
      case '\x81':
        static_cast<void>(pop());
        return call(pop());
      case '\x92':
        static_cast<void>(pop()), static_cast<void>(pop());
        return call(pop());
      case 'b':
        static_cast<void>(pop());
        return use(top(), Use::kState);
      case '\x82':
        return extension(read_.u8());
      case '\x83':
        return extension(read_.u16());
      case '\x84':
        return extension(read_.u32());

      // Texts.
      case '\x8c':
      case 'U':
        return push_text(read_.bytes(read_.u8()));
      case 'X':
      case 'T':
        return push_text(read_.bytes(read_.u32()));
      case '\x8d':
        return push_text(read_.bytes(read_.u64()));
      case 'V':
        return push_escaped(read_.line(), true);
      case 'S':
        return quoted(read_.line());

      // The stack and the memo.
      case '(':
        return marks_.push_back(stack_.size());
      case '0':
        if (stack_.size() == floor() && !marks_.empty()) return marks_.pop_back();
        return static_cast<void>(pop());
      case '1':
        return static_cast<void>(pop_marked());
      case '2':
        return push(top());
      case 'q':
        return put(read_.u8());
      case 'r':
        return put(read_.u32());
      case 'p':
        return put(decimal(read_.line()));
      case '\x94':
        return put(memo_.size() + far_memo_.size());
      case 'h':
        return get(read_.u8());
      case 'j':
        return get(read_.u32());
      case 'g':
        return get(decimal(read_.line()));
      default:
        return other(op);
    }
  }

  /// Instructions that only move data.
  void other(char op) {
    switch (op) {
      case '\x80':
      case '\x95':
        return skip_argument(op);
      case 'N':
      case '\x88':
      case '\x89':
      case '}':
      case ']':
      case ')':
      case '\x8f':
      case '\x97':
        return push();
      case '\x98':
        return;
      case 'K':
      case 'M':
      case 'J':
      case 'G':
      case 'C':
      case '\x8a':
      case 'B':
      case '\x8b':
      case '\x8e':
      case '\x96':
      case 'I':
      case 'L':
      case 'F':
        skip_argument(op);
        return push();
      case 'P':  // what a persistent id gives may be a class
        static_cast<void>(read_.line());
        return push({Kind::kResult, 0});
      case 'Q':
        return replace(1, {Kind::kResult, 0});
      case 'a':
        return static_cast<void>(pop());
      case 's':
        static_cast<void>(pop());
        return static_cast<void>(pop());
      case 'e':
      case 'u':
      case '\x90':
        return static_cast<void>(pop_marked());
      case 't':
      case 'l':
      case 'd':
      case '\x91':
        static_cast<void>(pop_marked());
        return push();
      case '\x85':
        return replace(1);
      case '\x86':
        return replace(2);
      case '\x87':
        return replace(3);
      default:
        throw FormatError(fmt::format("{:#04x} is no pickle instruction", static_cast<unsigned char>(op)));
    }
  }
  void skip_argument(char op) {
    const PickleArgument argument = argument_of(static_cast<std::uint8_t>(op));
    std::uint64_t size = argument.bytes;
    if (argument.counts)
      size = argument.bytes == 1 ? read_.u8() : argument.bytes == 4 ? read_.u32() : read_.u64();
    static_cast<void>(read_.bytes(size));
    for (int line = 0; line < argument.lines; ++line) static_cast<void>(read_.line());
  }
  void extension(std::uint64_t number) {
    unknown(What::kExtension, number);
    push();
  }

  ByteReader read_;
  const LoadLimits& limits_;
  PickleScan out_;
  std::vector<Tracked> stack_;
  std::vector<std::size_t> marks_;
  std::vector<Tracked> memo_;
  std::unordered_map<std::uint64_t, Tracked> far_memo_;
  std::vector<std::string_view> texts_;
  std::unordered_map<std::string, std::uint32_t> known_;  // names, "module\0name", to their places
  std::uint64_t at_ = 0;                                  // of the instruction
};

}  // namespace

PickleScan scan_pickle(std::string_view bytes, const LoadLimits& limits) {
  return Scanner(bytes, limits).run();
}

}  // namespace ballast::checkpoint
