// What running a model could change, put back at the end of a scope. Internal.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "ballast/core/tensor.h"
#include "ballast/nn/module.h"

namespace ballast::detail {

/// In the scope: eval mode. At its end every module is in its own mode again, the default generator is where it was, and
/// embeddings rescale rows again (which they do also in eval mode, writing to their weights).
class AsItWas {
 public:
  explicit AsItWas(const std::vector<nn::Module*>& modules);
  ~AsItWas();
  AsItWas(const AsItWas&) = delete;
  AsItWas& operator=(const AsItWas&) = delete;

 private:
  AsItWas();  // with which the object is there, so that its destructor runs

  std::vector<std::pair<std::shared_ptr<nn::Module>, bool>> modes_;
  std::vector<std::function<void()>> undo_;
  Tensor generator_;
};

}  // namespace ballast::detail
