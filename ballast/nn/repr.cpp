// The text of a module tree, as Python's print(model) shows it.
#include <ostream>

#include "ballast/core/error.h"
#include "ballast/nn/module.h"
#include "ballast/nn/module_text.h"

namespace ballast::nn {

namespace {

constexpr int kDeepestText = 1000;
thread_local constinit int text_depth = 0;

class OneLevelDeeper {
 public:
  OneLevelDeeper() {
    check<LimitError>(text_depth < kDeepestText, "a module tree deeper than {} levels cannot be printed",
                      kDeepestText);
    ++text_depth;
  }
  ~OneLevelDeeper() { --text_depth; }
  OneLevelDeeper(const OneLevelDeeper&) = delete;
  OneLevelDeeper& operator=(const OneLevelDeeper&) = delete;
};

}  // namespace

std::string indent_following_lines(std::string_view text) {
  std::size_t end = text.find('\n');
  std::string out(text.substr(0, end));
  while (end != std::string_view::npos) {
    const std::size_t start = end + 1;
    end = text.find('\n', start);
    const std::string_view line = text.substr(start, end == std::string_view::npos ? end : end - start);
    out += '\n';
    if (line.find_first_not_of(" \t\r\v\f") != std::string_view::npos) out.append("  ").append(line);
  }
  return out;
}

std::vector<std::string> child_texts(const Module& module) {
  const OneLevelDeeper guard;
  std::vector<std::string> out;
  out.reserve(module.child_entries().size());
  for (const ChildEntry& e : module.child_entries()) {
    const auto& child = module.slot(e).module_ptr();
    out.push_back(child ? child->repr() : "None");
  }
  return out;
}

std::string block_text(const std::string& name, const std::vector<std::string>& lines) {
  std::string out = name + "(";
  for (const std::string& line : lines) out.append("\n  ").append(line);
  if (!lines.empty()) out += '\n';
  out += ')';
  return out;
}

std::string Module::repr() const {
  const std::string extra = extra_repr();
  std::vector<std::string> lines;
  for (std::size_t start = 0; !extra.empty() && start <= extra.size();) {
    const std::size_t end = std::min(extra.find('\n', start), extra.size());
    lines.push_back(extra.substr(start, end - start));
    start = end + 1;
  }
  if (lines.size() == 1 && children_.empty()) return class_name() + "(" + lines[0] + ")";
  const std::vector<std::string> texts = child_texts(*this);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    lines.push_back("(" + children_[i].name + "): " + indent_following_lines(texts[i]));
  }
  return block_text(class_name(), lines);
}

std::ostream& operator<<(std::ostream& os, const Module& module) { return os << module.repr(); }

}  // namespace ballast::nn
