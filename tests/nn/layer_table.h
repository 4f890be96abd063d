// The C++ twin of every call of tests/data/gen/reprs.py, by the Python text.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "ballast/nn/module.h"

namespace ballast::testing {

using MakeLayer = std::shared_ptr<nn::Module> (*)();

[[nodiscard]] const std::map<std::string, MakeLayer>& layer_table();

}  // namespace ballast::testing
