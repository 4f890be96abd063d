#include "ballast/nn/class_name.h"

#include <cstdlib>
#include <memory>

#include <cxxabi.h>

namespace ballast::nn {

std::string cpp_class_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  return status == 0 && text ? std::string(text.get()) : std::string(type.name());
}

std::string python_class_name(std::string_view cpp_name) {
  // The last "::" outside of brackets ends the scope: "main::{lambda()#1}::operator()(int) const::NetImpl".
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t i = 0; i < cpp_name.size(); ++i) {
    const char c = cpp_name[i];
    if (c == '<' || c == '(' || c == '{') ++depth;
    if (c == '>' || c == ')' || c == '}') --depth;
    if (depth == 0 && cpp_name.substr(i, 2) == "::") start = i + 2;
  }
  std::string_view name = cpp_name.substr(start);
  if (const auto suffix = name.find("[abi:"); suffix != std::string_view::npos) name = name.substr(0, suffix);
  if (name.size() > 4 && name.ends_with("Impl")) name.remove_suffix(4);
  return std::string(name);
}

std::string python_class_name(const std::type_info& type) { return python_class_name(cpp_class_name(type)); }

}  // namespace ballast::nn
