#include "tests/ops/op_cases.h"

#include <cmath>
#include <iostream>

#include "tests/ops/op_table.h"
#include <gtest/gtest.h>

#include "ballast/core/convert_element.h"
#include "ballast/core/print.h"
#include "ballast/core/strided_loop.h"
#include "ballast/ops/factories.h"

namespace ballast::testing {
namespace {

bool is_nan_element(const Tensor& t, std::int64_t i) {
  return visit_dtype(t.dtype(), [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_integral_v<T> || detail::is_complex_element<T>) {
      return false;
    } else {
      return std::isnan(
          static_cast<double>(load<T>(static_cast<const std::byte*>(t.data_ptr()) + i * t.itemsize())));
    }
  });
}

double tolerance(DType real) {
  switch (real) {
    case kFloat64:
      return 1e-13;
    case kFloat32:
      return 3e-6;
    case kFloat16:
      return 2e-3;
    case kBFloat16:
      return 1.6e-2;
    default:
      return is_float8(real) ? 0.13 : 0;
  }
}

/// As real numbers: equal, or close for the type, or both NaN.
bool close_values(const Tensor& got, const Tensor& expected) {
  const double relative = tolerance(to_real_dtype(got.dtype()));
  const Tensor a =
      got.is_complex() ? got.to(kComplex128).view_as_real().contiguous() : got.to(kFloat64).contiguous();
  const Tensor b = expected.is_complex() ? expected.to(kComplex128).view_as_real().contiguous()
                                         : expected.to(kFloat64).contiguous();
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const double x = a.data_ptr<double>()[i];
    const double y = b.data_ptr<double>()[i];
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const double scale = got.is_complex()
                             ? std::hypot(b.data_ptr<double>()[i | 1], b.data_ptr<double>()[i & ~1])
                             : std::abs(y);
    if (!(std::abs(x - y) <= relative * scale + 1e-30)) return false;
  }
  return true;
}

std::string check_case(const Json& row) {
  Results got;
  try {
    got = operations().at(row["op"])(Call(row));
  } catch (const Error& e) {
    if (!row.contains("error")) return std::string("threw: ") + e.what();
    const std::string want = row["error"];
    return want == e.what() ? "" : "threw \"" + std::string(e.what()) + "\", not \"" + want + "\"";
  }
  if (row.contains("error"))
    return "did not throw \"" + row["error"].get<std::string>() + "\" but gave " + got[0].repr();
  if (got.size() != row["out"].size()) return "gave another number of results";
  for (std::size_t i = 0; i < got.size(); ++i) {
    const Json& want = row["out"][i];
    if (dtype_name(got[i].dtype()) != want[0])
      return "gave type " + std::string(dtype_name(got[i].dtype())) + ", not " + want[0].get<std::string>();
    if (got[i].sizes().vec() != want[1].get<std::vector<std::int64_t>>())
      return "gave shape " + shape_text(got[i].sizes());
    const Tensor expected = tensor_of_bytes(from_hex(want[2]), got[i].dtype(), want[1]);
    const bool fine = row.contains("close") ? close_values(got[i], expected) : same_values(got[i], expected);
    if (!fine) return "gave " + got[i].repr() + ", not " + expected.repr();
    if (row.contains("strides") &&
        got[i].strides().vec() != row["strides"][i].get<std::vector<std::int64_t>>())
      return "gave strides " + shape_text(got[i].strides()) + ", not " + row["strides"][i].dump();
    if (row.contains("offset") && got[i].storage_offset() != row["offset"].get<std::int64_t>())
      return fmt::format("gave offset {}, not {}", got[i].storage_offset(),
                         row["offset"].get<std::int64_t>());
  }
  return "";
}

}  // namespace

Tensor op_input(const std::string& name) {
  static const Json inputs = read_json("ops/inputs.json");
  const Json& j = inputs.at(name);
  const Tensor base =
      tensor_of_bytes(from_hex(j["hex"]), *dtype_from_name(j["dtype"].get<std::string>()), j["base"]);
  return base.alias(j["sizes"].get<std::vector<std::int64_t>>(),
                    j["strides"].get<std::vector<std::int64_t>>(), j["offset"]);
}

bool same_values(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.sizes() != b.sizes()) return false;
  const Tensor x = a.contiguous();
  const Tensor y = b.contiguous();
  const auto size = static_cast<std::size_t>(a.itemsize());
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const auto* p = static_cast<const std::byte*>(x.data_ptr()) + static_cast<std::size_t>(i) * size;
    const auto* q = static_cast<const std::byte*>(y.data_ptr()) + static_cast<std::size_t>(i) * size;
    if (std::memcmp(p, q, size) != 0 && !(is_nan_element(x, i) && is_nan_element(y, i))) return false;
  }
  return true;
}

Tensor scattered(IntArrayRef sizes) {
  Dims reversed(sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) reversed[i] = 2 * sizes[sizes.size() - 1 - i];
  Dims order(sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) order[i] = static_cast<std::int64_t>(sizes.size() - 1 - i);
  Tensor t = arange(numel_of(reversed), kFloat32).sub(7.5).reshape(reversed).permute(order);
  for (std::int64_t d = 0; d < t.dim(); ++d) t = t.slice(d, d % 2, std::nullopt, 2);
  return t;
}

void run_op_cases(const std::string& file) {
  const auto rows = read_json_lines("ops/" + file + ".jsonl");
  std::size_t wrong = 0;
  for (const Json& row : rows) {
    const std::string problem = check_case(row);
    if (problem.empty() || ++wrong > 200) continue;
    const std::string keywords = row.contains("kw") ? row["kw"].dump() : "";
    ADD_FAILURE() << row["op"].get<std::string>() << ' ' << row["args"].dump() << keywords << ": " << problem;
  }
  std::cout << "[ cases ] " << rows.size() << " of ops/" << file << ".jsonl\n";
  EXPECT_EQ(wrong, 0U) << "of " << rows.size();
  EXPECT_FALSE(rows.empty());
}

}  // namespace ballast::testing
