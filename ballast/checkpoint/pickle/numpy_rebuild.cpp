// The makers of what NumPy pickles: types, scalars and arrays of numbers. Everything else of NumPy's stays a record.
//
// An array is pickled in two steps: `_reconstruct(ndarray, (0,), b'b')` makes an empty one, and its state
// (version, shape, type, fortran order, bytes) fills it. The type is `dtype('f8', False, True)` with a state that begins
// (version, byte order, ...).
#include <cstring>

#include "ballast/checkpoint/bytes/storage_source.h"
#include "ballast/checkpoint/pickle/numpy_type.h"
#include "ballast/checkpoint/pickle/pickle_globals.h"

namespace ballast::checkpoint {
namespace {

constexpr std::string_view kTypeName = "numpy.dtype";
constexpr std::string_view kArrayName = "numpy.ndarray";
constexpr std::uint32_t kStateParts = 5;

bool is_object_of(const Node& n, std::string_view class_name) {
  return n.kind == Kind::kObject && text_of(*n.dict->class_name) == class_name;
}

Node* object_of(MakerContext& c, std::string_view class_name, Arguments a) {
  Node* name = c.arena.text(Kind::kName, class_name, false);
  return c.arena.object(name, c.arena.sequence(Kind::kTuple, a.data(), a.size()));
}

/// The type that a dtype object names: "f8" and the byte order of its state.
std::optional<NumpyType> type_of(const Node& n) {
  if (!is_object_of(n, kTypeName) || n.dict->arguments->size == 0) return std::nullopt;
  const Node& text = *n.dict->arguments->items[0];
  if (text.kind != Kind::kStr) return std::nullopt;
  const Node* state = n.dict->attributes;
  std::string_view order = "=";
  if (state != nullptr && state->kind == Kind::kTuple && state->size > 1 &&
      state->items[1]->kind == Kind::kStr)
    order = text_of(*state->items[1]);
  return numpy_type(order, text_of(text));
}

/// An array on a copy of bytes.
Node* array_on(MakerContext& c, const NumpyType& type, const Dims& shape, bool fortran,
               std::string_view bytes) {
  c.copies.spend(bytes.size());
  const Storage storage = Storage::allocate(bytes.size());
  if (!bytes.empty()) std::memcpy(storage.mutable_data(), bytes.data(), bytes.size());
  swap_bytes(storage.mutable_data(), bytes.size(), type.swap);
  TensorValue v;
  v.tensor = tensor_on(storage, type.dtype, shape, numpy_strides(shape, fortran), 0);
  return c.arena.tensor(std::move(v), Kind::kNdArray);
}

std::int64_t checked_bytes(const GlobalName& g, const NumpyType& type, const Dims& shape) {
  const auto bytes = checked_mul(numel_of(shape), itemsize(type.dtype));
  if (!bytes) refuse(g, fmt::format("the shape {} is impossible", shape_text(shape)));
  return *bytes;
}

Node* make_scalar(MakerContext& c, const GlobalName& g, Arguments a) {
  check_count(g, a, 2, 2);
  const auto type = type_of(*a[0]);
  if (!type || a[1]->kind != Kind::kBytes) return object_of(c, "numpy.generic", a);
  const std::string_view bytes = text_of(*a[1]);
  if (static_cast<std::int64_t>(bytes.size()) != itemsize(type->dtype))
    refuse(g, fmt::format("{} bytes for a scalar of type {}", bytes.size(), dtype_name(type->dtype)));
  const Node* array = array_on(c, *type, {}, false, bytes);
  const Scalar s = array->tensor->tensor.item();
  if (is_complex(type->dtype)) return c.arena.complex(s.to<std::complex<double>>());
  if (is_floating_point(type->dtype)) return c.arena.real(s.to<double>());
  if (type->dtype == kBool) return bool_node(s.to<bool>());
  if (type->dtype == kUInt64) {
    std::string wide(reinterpret_cast<const char*>(array->tensor->tensor.data_ptr()), sizeof(std::uint64_t));
    return c.arena.big_integer(wide + '\0', true);
  }
  return c.arena.integer(s.to<std::int64_t>());
}

/// _frombuffer(bytes, type, shape, order)
Node* make_from_buffer(MakerContext& c, const GlobalName& g, Arguments a) {
  check_count(g, a, 4, 4);
  const auto type = type_of(*a[1]);
  const bool is_bytes = a[0]->kind == Kind::kBytes || a[0]->kind == Kind::kByteArray;
  if (!type || !is_bytes) return object_of(c, kArrayName, a);
  const Dims shape = dims_argument(c, g, a, 2, "the shape");
  const std::string_view order = text_of(*argument(g, a, 3, Kind::kStr, "the order"));
  const std::string_view bytes = text_of(*a[0]);
  if (checked_bytes(g, *type, shape) != static_cast<std::int64_t>(bytes.size()))
    refuse(g, fmt::format("{} bytes for an array of shape {}", bytes.size(), shape_text(shape)));
  return array_on(c, *type, shape, order == "F", bytes);
}

}  // namespace

Node* make_numpy(MakerContext& c, const GlobalName& g, Arguments a) {
  switch (g.maker) {
    case Maker::kNumpyType:
      check_count(g, a, 1, 3);
      return object_of(c, kTypeName, a);
    case Maker::kNumpyScalar:
      return make_scalar(c, g, a);
    case Maker::kNumpyBuffer:
      return make_from_buffer(c, g, a);
    default: {
      check_count(g, a, 3, 3);
      const GlobalName* array = global_of(a[0]);
      if (array == nullptr || array->name != "ndarray") return object_of(c, "numpy.generic", a);
      return object_of(c, kArrayName, {});
    }
  }
}

bool is_numpy_array_without_state(const Node& n) {
  return is_object_of(n, kArrayName) && n.dict->arguments->size == 0 && n.dict->attributes == nullptr;
}

void set_numpy_state(MakerContext& c, Node& array, const Node& state) {
  const GlobalName& g = *find_global("numpy", "ndarray");
  if (state.kind != Kind::kTuple || state.size != kStateParts)
    refuse(g, "the state should be a tuple of five");
  const Arguments a(state.items, state.size);
  const auto type = type_of(*a[2]);
  if (!type || a[4]->kind != Kind::kBytes) {  // of objects, texts, records: kept as it is
    array.dict->attributes = c.arena.sequence(Kind::kTuple, a.data(), a.size());
    return;
  }
  const Dims shape = dims_argument(c, g, a, 1, "the shape");
  const bool fortran = argument(g, a, 3, Kind::kBool, "the order")->flag;
  const std::string_view bytes = text_of(*a[4]);
  if (checked_bytes(g, *type, shape) != static_cast<std::int64_t>(bytes.size()))
    refuse(g, fmt::format("{} bytes for an array of shape {}", bytes.size(), shape_text(shape)));
  array = *array_on(c, *type, shape, fortran, bytes);  // the node that others may name already
}

}  // namespace ballast::checkpoint
