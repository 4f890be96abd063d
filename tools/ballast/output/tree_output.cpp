#include "tools/ballast/output/tree_output.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include "tools/ballast/terminal/terminal_text.h"

#include "ballast/core/figures.h"
#include "ballast/core/print.h"
#include "ballast/core/saturating_add.h"

namespace ballast::tool {
namespace {

using checkpoint::Kind;
using checkpoint::Value;
using checkpoint::Visit;
using checkpoint::Walk;

constexpr std::size_t kDepth = 12;
constexpr std::size_t kLines = 2000;
constexpr std::size_t kEntries = 50;    // shown of one container
constexpr std::size_t kItems = 8;       // shown of a list on one line
constexpr std::size_t kTextBytes = 72;  // shown of a text

/// What stands under a container.
struct Content {
  std::uint64_t tensors = 0;
  bool other = false;  ///< anything that is no tensor, or an empty container
};
using Contents = std::unordered_map<const void*, Content>;

/// Looks once into every container. One that stands in itself counts as other content.
Contents contents_of(const Value& root) {
  Contents contents;
  std::vector<const void*> inside;
  const auto add = [&](const Content& c) {
    if (inside.empty()) return;
    Content& parent = contents[inside.back()];
    parent.tensors = saturating_add(parent.tensors, c.tensors);
    parent.other = parent.other || c.other;
  };
  checkpoint::walk(root, [&](const Visit& at) {
    if (at.phase == Visit::Phase::kLeave) {
      inside.pop_back();
      add(contents[at.value.id()]);
      return Walk::kInto;
    }
    if (at.phase == Visit::Phase::kLeaf) {
      const bool tensor = at.value.is(Kind::kTensor);
      add({tensor ? 1u : 0u, !tensor});
      return Walk::kInto;
    }
    if (at.repeated) {
      add(at.cycle ? Content{0, true} : contents[at.value.id()]);
      return Walk::kSkip;
    }
    contents[at.value.id()].other = at.value.size() == 0 && !at.value.is_module();
    inside.push_back(at.value.id());
    return Walk::kInto;
  });
  return contents;
}

/// At most kTextBytes of `text`, not ending inside a character.
std::string_view beginning(std::string_view text) {
  if (text.size() <= kTextBytes) return text;
  std::size_t end = kTextBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;
  return text.substr(0, end);
}

std::string short_str(std::string_view text) {
  if (text.size() <= kTextBytes) return python_repr(text);
  return fmt::format("{}... ({} characters)", python_repr(beginning(text)),
                     with_commas(terminal_width(text)));
}

std::string short_bytes(std::string_view bytes) {
  std::string text = fmt::format("{} bytes", with_commas(bytes.size()));
  if (!bytes.empty()) text += ':';
  for (const char c : bytes.substr(0, 16)) {
    text += fmt::format(" {:02x}", static_cast<unsigned char>(c));
  }
  return bytes.size() > 16 ? text + " ..." : text;
}

std::string short_int(const Value& v) {
  std::string digits = v.int_text();
  if (digits.size() <= kTextBytes) return digits;
  return fmt::format("{}... ({} digits)", digits.substr(0, kTextBytes), with_commas(digits.size()));
}

std::string leaf_text(const Value& v) {
  switch (v.kind()) {
    case Kind::kNone:
      return "None";
    case Kind::kBool:
      return python_repr(v.as_bool());
    case Kind::kInt:
      return short_int(v);
    case Kind::kFloat:
      return python_repr(v.as_float());
    case Kind::kComplex:
      return fmt::format("complex({}, {})", python_repr(v.as_complex().real()),
                         python_repr(v.as_complex().imag()));
    case Kind::kStr:
      return short_str(v.as_text());
    case Kind::kBytes:
    case Kind::kByteArray:
      return short_bytes(v.as_bytes());
    case Kind::kDType:
      return "torch." + terminal_text(beginning(v.as_text()));
    case Kind::kDevice:
    case Kind::kName:
      return terminal_text(beginning(v.as_text()));
    case Kind::kStorage:
      return fmt::format("storage of {}", byte_size(v.storage().storage.nbytes()));
    case Kind::kTensor:
      return "tensor";
    case Kind::kNdArray:
      return fmt::format("NumPy array of {} {}", v.tensor().dtype(), shape_text(v.tensor().sizes()));
    default:
      return std::string(checkpoint::kind_name(v.kind()));
  }
}

/// Whether a sequence or set goes on one line: it holds leaves only, and no tensors.
bool is_flat(const Value& v) {
  if (v.is_mapping() || v.is(Kind::kObject)) return false;
  for (std::size_t i = 0; i < v.size(); ++i) {
    if (v.item(i).is_container() || v.item(i).is(Kind::kTensor)) return false;
  }
  return true;
}

std::string flat_text(const Value& v) {
  const bool round = v.is(Kind::kTuple), curly = v.is_set();
  std::string text;
  for (std::size_t i = 0; i < std::min(v.size(), kItems); ++i) {
    text += (i == 0 ? "" : ", ") + leaf_text(v.item(i));
  }
  if (v.size() > kItems) text += fmt::format(", ... {} more", with_commas(v.size() - kItems));
  if (round && v.size() == 1) text += ',';
  text = (round ? "(" : curly ? "{" : "[") + text + (round ? ")" : curly ? "}" : "]");
  if (v.is(Kind::kFrozenSet)) return "frozenset(" + text + ")";
  return v.is(Kind::kSize) ? "torch.Size(" + text + ")" : text;
}

std::string label(const Visit& at) {
  if (!at.key) return fmt::format("{}", at.index);
  if (at.key->is(Kind::kStr)) {
    const std::string_view text = at.key->as_text();
    return terminal_text(beginning(text)) + (text.size() > kTextBytes ? "..." : "");
  }
  if (!at.key->is_container()) return leaf_text(*at.key);
  return is_flat(*at.key) ? flat_text(*at.key) : fmt::format("({})", checkpoint::kind_name(at.key->kind()));
}

/// "dict", "object argparse.Namespace".
std::string kind_text(const Value& v) {
  if (!v.is(Kind::kObject)) return std::string(checkpoint::kind_name(v.kind()));
  return fmt::format("object {}", terminal_text(beginning(v.as_text())));
}

std::string folded_text(const Value& v, const Content& content) {
  std::string text = kind_text(v);
  if (!v.is(Kind::kObject)) text += fmt::format(" of {}", with_commas(v.size()));
  if (content.tensors > 0) {
    text += fmt::format(", {} tensor{}", with_commas(content.tensors), content.tensors == 1 ? "" : "s");
  }
  return text;
}

/// What every module keeps and few use: hooks that are empty, flags.
bool is_idle_part_of_module(const Visit& at) {
  if (!at.key || !at.key->is(Kind::kStr) || !at.key->as_text().starts_with('_')) return false;
  const Value& v = at.value;
  return v.is_none() || v.is(Kind::kBool) || (v.is_container() && !v.is(Kind::kObject) && v.size() == 0);
}

class TreeWriter {
 public:
  TreeWriter(fmt::memory_buffer& out, Contents contents, std::size_t depth)
      : out_(out), contents_(std::move(contents)), depth_(depth) {}

  Walk visit(const Visit& at) {
    if (at.phase == Visit::Phase::kLeave) {
      if (const std::size_t left_out = left_out_.back(); left_out > 0) {
        line(at.depth, fmt::format("... {} more", with_commas(left_out)));
      }
      left_out_.pop_back();
      shown_.pop_back();
      in_module_.pop_back();
      return Walk::kInto;
    }
    const Value& v = at.value;
    if (v.is(Kind::kTensor)) return Walk::kInto;
    if (at.depth > 0 && in_module_.back() && is_idle_part_of_module(at)) return Walk::kSkip;
    if (at.depth > 0 && ++shown_.back() > kEntries) {
      ++left_out_.back();
      return Walk::kSkip;
    }
    if (lines_ >= kLines) {
      line(0, "... more lines than a person reads: --json has them all");
      return Walk::kStop;
    }
    const std::string name = at.depth == 0 ? "" : label(at) + ": ";
    const std::size_t indent = at.depth == 0 ? 0 : at.depth - 1;
    if (at.phase == Visit::Phase::kLeaf) {
      line(indent, name + leaf_text(v));
    } else if (at.cycle) {
      line(indent, name + fmt::format("{} that this stands in", kind_text(v)));
    } else if (const Content& content = contents_[v.id()]; v.size() == 0 && v.is_mapping()) {
      line(indent, name + "{}");
    } else if (is_flat(v)) {
      line(indent, name + flat_text(v));
    } else if (!content.other || at.depth >= depth_) {
      line(indent, name + folded_text(v, content));
    } else {
      if (at.depth > 0) {
        line(indent, name + (content.tensors > 0 ? folded_text(v, content) : kind_text(v)));
      }
      shown_.push_back(0);
      left_out_.push_back(0);
      in_module_.push_back(v.is_module());
      return Walk::kInto;
    }
    return Walk::kSkip;
  }

 private:
  void line(std::size_t indent, std::string_view text) {
    fmt::format_to(std::back_inserter(out_), "  {:{}}{}\n", "", 2 * indent, text);
    ++lines_;
  }

  fmt::memory_buffer& out_;
  Contents contents_;
  std::size_t depth_;
  std::size_t lines_ = 0;
  std::vector<std::size_t> shown_, left_out_;  // of each container that we are in
  std::vector<bool> in_module_;
};

}  // namespace

void write_tree(fmt::memory_buffer& out, const Value& root, std::optional<std::size_t> depth,
                const Paint& paint) {
  if (root.is(Kind::kTensor)) return;
  Contents contents = contents_of(root);
  if (root.is_container() && root.size() > 0 && !contents[root.id()].other) return;
  fmt::format_to(std::back_inserter(out), "\n{}\n", paint(Style::kHeading, "other content"));
  TreeWriter writer(out, std::move(contents), depth.value_or(kDepth));
  checkpoint::walk(root, [&](const Visit& at) { return writer.visit(at); });
}

}  // namespace ballast::tool
