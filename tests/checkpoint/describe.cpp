#include "tests/checkpoint/describe.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "tests/checkpoint/craft.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/pickle/numpy_type.h"
#include "ballast/core/print.h"

namespace ballast::testing {
namespace {

using checkpoint::Kind;
using checkpoint::Layout;
using checkpoint::TensorValue;
using checkpoint::Value;

std::string hash_of(const Tensor& t) { return sha256_of(bytes_of(t)); }

std::string float_hex(double v) { return to_hex(std::string(reinterpret_cast<const char*>(&v), sizeof(v))); }

/// Takes out of a golden description what Ballast has no field for: Python's repr, results of arithmetic.
void strip(Json& j) {
  if (j.is_object()) {
    for (const char* field : {"repr", "name", "dense_sha256", "dequantized_sha256", "scales", "zero_points"})
      j.erase(field);
  }
  if (j.is_structured()) {
    for (auto& child : j) strip(child);
  }
}

/// Elements of a set have no order.
void sort_sets(Json& j) {
  if (j.is_structured()) {
    for (auto& child : j) sort_sets(child);
  }
  if (j.is_object() && j.contains("t") && j["t"].is_string() && (j["t"] == "set" || j["t"] == "frozenset")) {
    std::sort(j["items"].begin(), j["items"].end(),
              [](const Json& a, const Json& b) { return a.dump() < b.dump(); });
  }
}

class Describer {
 public:
  Json tree(const Value& v, const Json& path) {
    switch (v.kind()) {
      case Kind::kNone:
        return {{"t", "none"}};
      case Kind::kBool:
        return {{"t", "bool"}, {"v", v.as_bool()}};
      case Kind::kInt:
        return {{"t", "int"}, {"v", v.int_text()}};
      case Kind::kFloat:
        return {{"t", "float"}, {"hex", float_hex(v.as_float())}};
      case Kind::kComplex:
        return {{"t", "complex"},
                {"v", fmt::format("({}{:+}j)", v.as_complex().real(), v.as_complex().imag())}};
      case Kind::kStr:
        return {{"t", "str"}, {"v", std::string(v.as_text())}};
      case Kind::kBytes:
      case Kind::kByteArray:
        return {{"t", kind_name(v.kind())}, {"hex", to_hex(std::string(v.as_bytes()))}};
      case Kind::kDType:
      case Kind::kDevice:
      case Kind::kName:
        return {{"t", kind_name(v.kind())}, {"v", std::string(v.as_text())}};
      case Kind::kSize: {
        Json sizes = Json::array();
        for (std::size_t i = 0; i < v.size(); ++i) sizes.push_back(v.item(i).as_int());
        return {{"t", "size"}, {"v", sizes}};
      }
      case Kind::kStorage: {
        const Storage& s = v.storage().storage;
        return {{"t", "storage"},
                {"nbytes", s.nbytes()},
                {"sha256", sha256_of({reinterpret_cast<const char*>(s.data()), s.nbytes()})}};
      }
      case Kind::kTensor:
        return tensor(v.tensor(), path);
      case Kind::kNdArray: {
        const TensorValue& t = v.tensor();
        return {{"t", "ndarray"},
                {"dtype", *checkpoint::numpy_descr(t.tensor.dtype())},
                {"shape", IntArrayRef(t.sizes()).vec()},
                {"sha256", hash_of(t.tensor)}};
      }
      case Kind::kObject:
        return object(v, path);
      default:
        return container(v, path);
    }
  }
  Json tensors = Json::array();

 private:
  Json object(const Value& v, const Json& path) {
    Json out = {{"t", "object"}, {"class", std::string(v.as_text())}, {"state", tree(v.attributes(), path)}};
    for (std::size_t i = 0; i < v.arguments().size(); ++i)
      out["arguments"].push_back(tree(v.arguments().item(i), path));
    for (std::size_t i = 0; i < v.size(); ++i)
      out["items"].push_back({tree(v.key(i), Json::array()), tree(v.value(i), path)});
    return out;
  }

  Json container(const Value& v, const Json& path) {
    Json items = Json::array();
    for (std::size_t i = 0; i < v.size(); ++i) {
      Json inner = path;
      if (v.is_mapping()) {
        const Value key = v.key(i);
        inner.push_back(key.is(Kind::kInt)   ? Json(key.as_int())
                        : key.is(Kind::kStr) ? Json(key.as_text())
                                             : Json("?"));
        items.push_back({tree(key, Json::array()), tree(v.value(i), inner)});
      } else {
        inner.push_back(i);
        items.push_back(tree(v.item(i), inner));
      }
    }
    return {{"t", kind_name(v.kind())}, {"items", items}};
  }

  Json tensor(const TensorValue& v, const Json& path) {
    Json e = {{"path", path},
              {"dtype", std::string(v.dtype())},
              {"shape", IntArrayRef(v.sizes()).vec()},
              {"requires_grad", v.requires_grad},
              {"parameter", v.parameter},
              {"layout", layout_name(v.layout)}};
    if (v.layout == Layout::kStrided) {
      e["stride"] = v.tensor.strides().vec();
      e["storage_offset"] = v.tensor.storage_offset();
      e["storage"] = numbers_.try_emplace(v.tensor.storage().id(), numbers_.size()).first->second;
      e["storage_nbytes"] = v.tensor.storage().nbytes();
      e["nbytes"] = v.nbytes();
      e["sha256"] = hash_of(v.resolved());
    } else if (v.layout == Layout::kQuantized) {
      const auto& q = *v.quantized;
      e["qscheme"] = "torch." + q.scheme;
      e["stride"] = v.tensor.strides().vec();
      e["int_repr_sha256"] = hash_of(v.tensor);
      if (q.scheme == "per_tensor_affine") {
        e["scale"] = {{"t", "float"}, {"hex", float_hex(q.scale)}};
        e["zero_point"] = q.zero_point;
      } else {
        e["axis"] = q.axis;
      }
    } else if (v.layout == Layout::kSparseCoo) {
      e["coalesced"] = v.sparse->coalesced;
      e["indices_shape"] = v.sparse->indices.sizes().vec();
      e["indices_sha256"] = hash_of(v.sparse->indices);
      e["values_shape"] = v.sparse->values.sizes().vec();
      e["values_sha256"] = hash_of(v.sparse->values);
    } else {
      e["crow_sha256"] = hash_of(v.sparse->compressed);
      e["col_sha256"] = hash_of(v.sparse->plain);
      e["values_sha256"] = hash_of(v.sparse->values);
    }
    tensors.push_back(e);
    return {{"t", "tensor"}, {"i", tensors.size() - 1}};
  }

  std::map<const void*, std::size_t> numbers_;
};

}  // namespace

Json describe(const checkpoint::Checkpoint& c) {
  Describer d;
  Json out;
  out["tree"] = d.tree(c.root(), Json::array());
  std::map<std::size_t, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < d.tensors.size(); ++i) {
    if (d.tensors[i].contains("storage")) groups[d.tensors[i]["storage"]].push_back(i);
  }
  out["shared_storage"] = Json::array();
  for (const auto& [storage, members] : groups) {
    if (members.size() > 1) out["shared_storage"].push_back(members);
  }
  out["tensors"] = d.tensors;
  return out;
}

nlohmann::json plain(Json j) {
  strip(j);
  sort_sets(j);
  return nlohmann::json::parse(j.dump());
}

void expect_content(const checkpoint::Checkpoint& c, const Json& golden) {
  const Json ours = describe(c);
  ASSERT_EQ(ours["tensors"].size(), golden["tensors"].size());
  for (std::size_t i = 0; i < ours["tensors"].size(); ++i) {
    EXPECT_EQ(plain(ours["tensors"][i]), plain(golden["tensors"][i]));
  }
  EXPECT_EQ(plain(ours["shared_storage"]), plain(golden["shared_storage"]));
  EXPECT_EQ(plain(ours["tree"]), plain(golden["tree"]));
}

}  // namespace ballast::testing
