// The text of tensors, against what PyTorch printed for the same bytes.
#include "ballast/core/print.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <iomanip>
#include <iostream>
#include <sstream>
#include <thread>

#include "tests/support/golden.h"

namespace ballast {
namespace {

using testing::Json;

/// Puts PyTorch's defaults back when a test ends.
class PrintTest : public ::testing::Test {
 protected:
  void TearDown() override { set_printoptions({}); }
};

PrintOptions options_of(const Json& j) {
  PrintOptions o;
  const std::string profile = j.value("profile", "default");
  if (profile == "short") o = PrintOptions::short_profile();
  if (profile == "full") o = PrintOptions::full_profile();
  o.precision = j.value("precision", o.precision);
  o.threshold = j.value("threshold", o.threshold);
  o.edgeitems = j.value("edgeitems", o.edgeitems);
  o.linewidth = j.value("linewidth", o.linewidth);
  if (j.contains("sci_mode") && !j["sci_mode"].is_null()) o.sci_mode = j["sci_mode"].get<bool>();
  return o;
}

Tensor tensor_of(const Json& j) {
  const DType dtype = dtype_from_name(j["dtype"].get<std::string>()).value();
  const auto shape = j["shape"].get<std::vector<std::int64_t>>();
  Tensor t = j.value("device", "cpu") == "meta"
                 ? empty(shape, TensorOptions(dtype).device(kMeta))
                 : testing::tensor_of_bytes(testing::from_hex(j["data"]), dtype, shape);
  if (j.contains("stride")) {  // a view: the bytes are those of the whole storage
    t = tensor_on(t.storage(), dtype, shape, j["stride"].get<std::vector<std::int64_t>>());
  }
  const bool requires_grad = j["requires_grad"];
  if (j["kind"] == "parameter") return Parameter(t, requires_grad);
  t.requires_grad_(requires_grad);
  return t;
}

std::string text_of(const Json& row) {
  if (row["kind"] != "ordered_dict") return repr(tensor_of(row));
  OrderedDict<std::string, Tensor> dict;
  for (const auto& e : row["entries"]) dict.insert(e[0], tensor_of(e[1]));
  return repr(dict);
}

void expect_golden(const std::string& file) {
  std::size_t n = 0;
  for (const Json& row : testing::read_json_lines(file)) {
    set_printoptions(options_of(row.value("printoptions", Json::object())));
    if (row.contains("default_dtype")) set_default_dtype(dtype_from_name(row["default_dtype"].get<std::string>()).value());
    EXPECT_EQ(text_of(row), row["expected"].get<std::string>()) << row["name"];
    set_default_dtype(kFloat32);
    ++n;
  }
  std::cout << "[ cases ] " << n << " of " << file << "\n";
  EXPECT_GT(n, 0u);
}

TEST_F(PrintTest, GivesTheTextOfPyTorch) { expect_golden("print/cases.jsonl"); }

}  // namespace
}  // namespace ballast
