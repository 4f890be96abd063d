#include "tests/tools/sample_files.h"

#include <cmath>
#include <random>

#include "ballast/checkpoint/save.h"
#include "ballast/core/state_dict.h"

namespace ballast::testing {

Tensor numbers(const std::vector<double>& values, const std::vector<std::int64_t>& sizes, DType dtype) {
  Tensor wide = empty(sizes, TensorOptions(kFloat64));
  std::copy(values.begin(), values.end(), static_cast<double*>(wide.data_ptr()));
  Tensor out = empty(sizes, TensorOptions(dtype));
  copy_elements(out, wide);
  return out;
}

Tensor layer_weights(std::int64_t out, std::int64_t in, int seed) {
  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  std::vector<double> values(static_cast<std::size_t>(out * in));
  const double bound = 1 / std::sqrt(static_cast<double>(in));
  // Not std::uniform_real_distribution, which is another on every library.
  for (double& v : values) v = bound * (2 * (static_cast<double>(random() >> 11) * 0x1p-53) - 1);
  return numbers(values, {out, in});
}

Tensor edited(const Tensor& t, double factor, const std::vector<std::pair<std::size_t, double>>& changes) {
  Tensor wide = empty(t.sizes(), TensorOptions(kFloat64));
  copy_elements(wide, t);
  auto* const p = static_cast<double*>(wide.data_ptr());
  for (std::int64_t i = 0; i < t.numel(); ++i) p[i] *= factor;
  for (const auto& [at, value] : changes) p[at] = value;
  Tensor out = empty(t.sizes(), TensorOptions(t.dtype()));
  copy_elements(out, wide);
  return out;
}

std::string saved(const std::string& folder, const std::string& name,
                  const std::vector<std::pair<std::string, Tensor>>& entries) {
  StateDict state;
  for (const auto& [key, tensor] : entries) state.insert(key, tensor);
  std::string path = folder + "/" + name;
  save(state, path);
  return path;
}

}  // namespace ballast::testing
