// What a torch.export archive says of its weights: model_weights_config.json and its like (docs/formats.md).
//
//   for (const ExportedWeight& w : read_export_config(text, place, limits)) ...    // in the order of the file
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/checkpoint/bytes/byte_reader.h"
#include "ballast/checkpoint/load.h"
#include "ballast/core/dims.h"
#include "ballast/core/dtype.h"

namespace ballast::checkpoint {

struct ExportedWeight {
  /// A view of the elements in the member.
  struct View {
    DType dtype = kFloat32;
    Dims sizes, strides;
    std::int64_t offset = 0;
    bool requires_grad = false;
  };

  std::string name;
  std::string member;  ///< in the folder of the file that says so
  bool parameter = false;
  std::optional<View> view;  ///< none: the member is an archive of torch.save, or an object that is no tensor
};

/// FormatError, with the name of the weight, for sizes that are expressions, unknown types and layouts, and what is missing.
[[nodiscard]] std::vector<ExportedWeight> read_export_config(std::string_view text, const Place& place,
                                                             const LoadLimits& limits);

}  // namespace ballast::checkpoint
