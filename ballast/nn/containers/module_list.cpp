#include "ballast/nn/containers/module_list.h"

#include "ballast/nn/module_text.h"

namespace ballast::nn {

ModuleListImpl::ModuleListImpl(const std::vector<std::shared_ptr<Module>>& modules) { extend(modules); }

ModuleList ModuleListImpl::slice(SliceBound start, SliceBound stop, std::int64_t step) const {
  ModuleList out;
  for (const std::size_t i : python_slice(start, stop, step, size())) out->push_back(item(i));
  return out;
}

std::string ModuleListImpl::repr() const {
  const std::vector<std::string> texts = child_texts(*this);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < texts.size();) {
    std::size_t end = i + 1;
    while (end < texts.size() && texts[end] == texts[i]) ++end;
    const std::string line = end - i == 1 ? fmt::format("({}): {}", i, texts[i])
                                          : fmt::format("({}-{}): {} x {}", i, end - 1, end - i, texts[i]);
    lines.push_back(indent_following_lines(line));
    i = end;
  }
  return block_text(class_name(), lines);
}

}  // namespace ballast::nn
