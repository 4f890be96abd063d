#include "tests/support/golden.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace ballast::testing {
namespace {

template <class T>
T read_at(const std::string& bytes, std::size_t at) {
  T v{};
  if (at + sizeof(T) > bytes.size()) throw std::runtime_error("a golden file is shorter than it says");
  std::memcpy(&v, bytes.data() + at, sizeof(T));
  return v;
}

DType dtype_of_numpy(const std::string& descr) {
  static const std::map<std::string, DType> kTable{
      {"|b1", kBool},    {"|u1", kUInt8},   {"|i1", kInt8},      {"<i2", kInt16},      {"<i4", kInt32},
      {"<i8", kInt64},   {"<u2", kUInt16},  {"<u4", kUInt32},    {"<u8", kUInt64},     {"<f2", kFloat16},
      {"<f4", kFloat32}, {"<f8", kFloat64}, {"<c8", kComplex64}, {"<c16", kComplex128}};
  return kTable.at(descr);
}

std::string quoted_after(const std::string& header, const std::string& key) {
  const auto k = header.find("'" + key + "'");
  const auto a = header.find('\'', header.find(':', k));
  return header.substr(a + 1, header.find('\'', a + 1) - a - 1);
}

Tensor parse_npy(const std::string& npy) {
  const auto length = read_at<std::uint16_t>(npy, 8);
  const std::string header = npy.substr(10, length);
  const auto open = header.find('(', header.find("'shape'"));
  std::vector<std::int64_t> sizes;
  for (const char* p = header.c_str() + open + 1; *p != ')';) {
    char* end = nullptr;
    const long long n = std::strtoll(p, &end, 10);
    if (end == p) {
      ++p;
    } else {
      sizes.push_back(n);
      p = end;
    }
  }
  return tensor_of_bytes(npy.substr(10 + length), dtype_of_numpy(quoted_after(header, "descr")), sizes);
}

}  // namespace

std::string data_path(const std::string& relative) { return std::string(BALLAST_TEST_DATA) + "/" + relative; }

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Json read_json(const std::string& relative) { return Json::parse(read_file(data_path(relative))); }

std::vector<Json> read_json_lines(const std::string& relative) {
  std::vector<Json> out;
  std::ifstream in(data_path(relative));
  for (std::string line; std::getline(in, line);) out.push_back(Json::parse(line));
  if (out.empty()) throw std::runtime_error("no cases in " + relative);
  return out;
}

std::map<std::string, Tensor> read_npz(const std::string& relative) {
  const std::string z = read_file(data_path(relative));
  std::map<std::string, Tensor> out;
  // Stored members in a row, as gen/common.py writes them; the directory ends the walk.
  for (std::size_t at = 0; read_at<std::uint32_t>(z, at) == 0x04034B50u;) {
    const auto size = read_at<std::uint32_t>(z, at + 18);
    const auto name_size = read_at<std::uint16_t>(z, at + 26);
    const auto extra_size = read_at<std::uint16_t>(z, at + 28);
    const std::string name = z.substr(at + 30, name_size);
    const std::size_t data = at + 30 + name_size + extra_size;
    out.emplace(name.substr(0, name.size() - 4), parse_npy(z.substr(data, size)));
    at = data + size;
  }
  return out;
}

std::map<std::string, Tensor> read_safetensors(const std::string& relative) {
  static const std::map<std::string, DType> kTable{
      {"F64", kFloat64}, {"F32", kFloat32}, {"F16", kFloat16}, {"BF16", kBFloat16}, {"I64", kInt64},
      {"I32", kInt32},   {"I16", kInt16},   {"I8", kInt8},     {"U8", kUInt8},      {"BOOL", kBool}};
  const std::string f = read_file(data_path(relative));
  const auto n = read_at<std::uint64_t>(f, 0);
  const Json header = Json::parse(f.substr(8, n));
  std::map<std::string, Tensor> out;
  for (const auto& [name, e] : header.items()) {
    if (name == "__metadata__") continue;
    const std::size_t begin = e["data_offsets"][0];
    const std::size_t end = e["data_offsets"][1];
    out.emplace(name,
                tensor_of_bytes(f.substr(8 + n + begin, end - begin), kTable.at(e["dtype"]), e["shape"]));
  }
  return out;
}

std::string bytes_of(const Tensor& t) {
  Tensor row_major = empty(t.sizes(), TensorOptions(t.dtype()).device(Device(kCPU)));
  copy_elements(row_major, t);
  if (t.numel() == 0) return {};
  return {static_cast<const char*>(row_major.data_ptr()), static_cast<std::size_t>(row_major.nbytes())};
}

std::string to_hex(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char c : bytes) {
    out += kDigits[c >> 4];
    out += kDigits[c & 15];
  }
  return out;
}

std::string from_hex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return out;
}

Tensor tensor_of_bytes(const std::string& bytes, DType dtype, const std::vector<std::int64_t>& sizes) {
  Tensor t = empty(sizes, dtype);
  if (static_cast<std::size_t>(t.nbytes()) != bytes.size())
    throw std::runtime_error("golden bytes do not fill their shape");
  if (!bytes.empty()) std::memcpy(t.data_ptr(), bytes.data(), bytes.size());
  return t;
}

}  // namespace ballast::testing
