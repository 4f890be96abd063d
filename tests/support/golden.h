// Reading the golden files under tests/data.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "ballast/core/tensor.h"

namespace ballast::testing {

using Json = nlohmann::ordered_json;

/// The absolute path of a file under tests/data.
[[nodiscard]] std::string data_path(const std::string& relative);
/// The bytes of a file. Fails the test run with the name if it cannot be read.
[[nodiscard]] std::string read_file(const std::string& path);
[[nodiscard]] Json read_json(const std::string& relative);
/// One JSON document a line.
[[nodiscard]] std::vector<Json> read_json_lines(const std::string& relative);

/// The arrays of an .npz of stored members, by name. dtypes NumPy lacks come as unsigned integers, as they were saved.
[[nodiscard]] std::map<std::string, Tensor> read_npz(const std::string& relative);
/// The tensors of a .safetensors file, by name.
[[nodiscard]] std::map<std::string, Tensor> read_safetensors(const std::string& relative);

/// The elements' bytes in row-major order.
[[nodiscard]] std::string bytes_of(const Tensor& t);
/// The bytes as text of two digits each, and back.
[[nodiscard]] std::string to_hex(const std::string& bytes);
[[nodiscard]] std::string from_hex(const std::string& hex);
/// A tensor of given bytes.
[[nodiscard]] Tensor tensor_of_bytes(const std::string& bytes, DType dtype,
                                     const std::vector<std::int64_t>& sizes);

}  // namespace ballast::testing
