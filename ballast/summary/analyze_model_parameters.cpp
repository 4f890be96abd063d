#include "ballast/summary/analyze_model_parameters.h"

namespace ballast {

ParameterTable analyze_model_parameters(const nn::Module& model) {
  ParameterTable table;
  for (const auto& [name, parameter] : model.named_parameters()) table.add(name, parameter);
  return table;
}

}  // namespace ballast
