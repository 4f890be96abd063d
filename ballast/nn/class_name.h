// The name of a C++ class, as C++ and as Python would have it.
#pragma once

#include <string>
#include <string_view>
#include <typeinfo>

namespace ballast::nn {

/// With its namespaces: "ballast::nn::LinearImpl".
[[nodiscard]] std::string cpp_class_name(const std::type_info& type);
/// Without namespaces, enclosing functions and a trailing "Impl": "Linear".
[[nodiscard]] std::string python_class_name(const std::type_info& type);
/// The same from a C++ name.
[[nodiscard]] std::string python_class_name(std::string_view cpp_name);

}  // namespace ballast::nn
