// One forward pass under the eyes of hooks on every module of a tree. Internal.
#pragma once

#include <functional>
#include <string>

#include "ballast/summary/layer_tree.h"
#include "ballast/summary/mult_adds.h"

namespace ballast::detail {

/// Runs `forward` and writes what each call took and gave into the rows of the tree. The hooks are gone afterwards. Errors come
/// out with the layer that was being called; those of types with `on_dtype_error` behind them.
void observe_forward(LayerTree& tree, const CountMultAdds& count, const std::string& on_dtype_error,
                     const std::function<void()>& forward);

}  // namespace ballast::detail
