#include "tests/inspect/samples.h"

#include <cstring>

#include "ballast/core/convert_element.h"

namespace ballast::testing {
namespace {

template <class T>
void append(std::vector<double>& out, const std::byte* p) {
  if constexpr (std::is_same_v<T, ComplexHalf>) {
    append<Half>(out, p);
    append<Half>(out, p + sizeof(Half));
  } else if constexpr (detail::is_complex_element<T>) {
    append<typename T::value_type>(out, p);
    append<typename T::value_type>(out, p + sizeof(typename T::value_type));
  } else {
    out.push_back(convert_element<double>(load_element<T>(p)));
  }
}

std::int64_t parts(DType dtype) { return is_complex(dtype) ? 2 : 1; }

}  // namespace

std::vector<DType> all_dtypes() {
  std::vector<DType> all;
  for (int i = 0; i < kDTypeCount; ++i) all.push_back(static_cast<DType>(i));
  return all;
}

std::vector<double> values_of(const Tensor& t) {
  std::vector<double> out;
  std::vector<std::int64_t> at(static_cast<std::size_t>(t.dim()));
  const auto* const base = static_cast<const std::byte*>(t.data_ptr());
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    std::int64_t place = 0;
    for (std::size_t d = 0; d < at.size(); ++d) place += at[d] * t.strides()[d];
    visit_dtype(t.dtype(), [&]<class T>(std::type_identity<T>) {
      append<T>(out, base + place * static_cast<std::int64_t>(sizeof(T)));
    });
    for (std::size_t d = at.size(); d-- > 0;) {
      if (++at[d] < t.sizes()[d]) break;
      at[d] = 0;
    }
  }
  return out;
}

Tensor tensor_of(const std::vector<double>& values, DType dtype, const std::vector<std::int64_t>& sizes) {
  Tensor t = empty(sizes, TensorOptions(dtype));
  auto* p = static_cast<std::byte*>(t.data_ptr());
  const auto each = static_cast<std::size_t>(t.itemsize() / parts(dtype));
  for (const double value : values) {
    visit_dtype(to_real_dtype(dtype), [&]<class T>(std::type_identity<T>) {
      const T x = convert_element<T>(value);
      std::memcpy(p, &x, each);
    });
    p += each;
  }
  return t;
}

Tensor weights(std::mt19937_64& random, DType dtype, const std::vector<std::int64_t>& sizes, double scale) {
  std::normal_distribution<double> normal(0, scale);
  const int most = dtype == kBool ? 1 : 100;
  std::uniform_int_distribution<int> whole(is_signed(dtype) ? -most : 0, most);
  std::int64_t n = parts(dtype);
  for (const std::int64_t size : sizes) n *= size;
  std::vector<double> values;
  for (std::int64_t i = 0; i < n; ++i) {
    values.push_back(is_integral(dtype, true) ? whole(random) : normal(random));
  }
  return tensor_of(values, dtype, sizes);
}

Tensor random_bits(std::mt19937_64& random, DType dtype, const std::vector<std::int64_t>& sizes) {
  Tensor t = empty(sizes, TensorOptions(dtype));
  auto* const p = static_cast<std::byte*>(t.data_ptr());
  std::uniform_int_distribution<int> byte(0, 255);
  for (std::int64_t i = 0; i < t.nbytes(); ++i) p[i] = static_cast<std::byte>(byte(random));
  return t;
}

std::vector<Layout> layouts() {
  const auto shape = [](const Tensor& m) { return std::pair(m.size(0), m.size(1)); };
  return {
      {"whole", [](const Tensor& m) { return m; }},
      {"transposed",
       [=](const Tensor& m) {
         const auto [rows, columns] = shape(m);
         return m.alias({columns, rows}, {1, columns}, 0);
       }},
      {"every other column",
       [=](const Tensor& m) {
         const auto [rows, columns] = shape(m);
         return m.alias({rows, columns / 2}, {columns, 2}, 1);
       }},
      {"some columns",
       [=](const Tensor& m) {
         const auto [rows, columns] = shape(m);
         return m.alias({rows, columns - 3}, {columns, 1}, 2);
       }},
      {"a column",
       [=](const Tensor& m) {
         const auto [rows, columns] = shape(m);
         return m.alias({rows}, {columns}, columns - 1);
       }},
      {"in three dimensions, permuted",
       [=](const Tensor& m) {
         const auto [rows, columns] = shape(m);
         return m.alias({3, columns, rows / 3}, {columns, 1, 3 * columns}, 0);
       }},
      {"expanded",
       [=](const Tensor& m) {
         const auto [rows, columns] = shape(m);
         return m.alias({rows, 4, columns}, {columns, 0, 1}, 0);
       }},
      {"empty",
       [](const Tensor& m) {
         return m.alias({0, 5}, {5, 1}, 0);
       }},
      {"a scalar", [](const Tensor& m) { return m.alias({}, {}, 7); }},
      {"sixteen", [](const Tensor& m) { return m.alias({16}, {1}, 3); }},
  };
}

void at_every_level(const std::function<void(SimdLevel, int)>& f) {
  const SimdLevel level = simd_level();
  const int threads = get_num_threads();
  for (int l = 0; l <= static_cast<int>(best_simd_level()); ++l) {
    for (const int n : {1, 2}) {
      set_simd_level(static_cast<SimdLevel>(l));
      set_num_threads(n);
      f(static_cast<SimdLevel>(l), n);
    }
  }
  set_simd_level(level);
  set_num_threads(threads);
}

}  // namespace ballast::testing
