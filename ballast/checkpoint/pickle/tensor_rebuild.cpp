// The makers of tensors: views of storages, with every bound checked before there is a view.
#include "ballast/checkpoint/pickle/pickle_globals.h"
#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

const StorageValue& storage_argument(const GlobalName& g, Arguments a) {
  return *argument(g, a, 0, Kind::kStorage, "the storage")->storage;
}

bool flag_argument(const GlobalName& g, Arguments a, std::size_t i, std::string_view what) {
  return argument(g, a, i, Kind::kBool, what)->flag;
}

/// PyTorch writes an empty OrderedDict, and nothing else is ever used.
void hooks_argument(const GlobalName& g, Arguments a, std::size_t i) {
  const Kind k = a[i]->kind;
  if (k != Kind::kNone && k != Kind::kOrderedDict && k != Kind::kDict) {
    refuse(g, fmt::format("the backward hooks should be an OrderedDict, not {}", kind_phrase(k)));
  }
}

DType dtype_argument(const GlobalName& g, Arguments a, std::size_t i) {
  const GlobalName* row = global_of(argument(g, a, i, Kind::kDType, "the dtype"));
  if (row == nullptr || !row->dtype)
    refuse(g, fmt::format("tensors of type {} are not read", text_of(*a[i])));
  return *row->dtype;
}

void read_metadata(const GlobalName& g, const Node& n, TensorValue& v) {
  if (n.kind == Kind::kNone) return;
  if (n.kind != Kind::kDict) refuse(g, "the metadata should be a dict");
  for (std::uint32_t i = 0; i < n.size; ++i) {
    const Node& key = *n.dict->pairs[i * 2];
    const Node& value = *n.dict->pairs[i * 2 + 1];
    if (key.kind != Kind::kStr || value.kind != Kind::kBool)
      refuse(g, "the metadata should be flags by name");
    if (text_of(key) == "conj") {
      v.conj = value.flag;
    } else if (text_of(key) == "neg") {
      v.neg = value.flag;
    } else {
      refuse(g, fmt::format("unknown metadata '{}'", shown_name(text_of(key))));
    }
  }
  if (v.conj && !v.tensor.is_complex()) refuse(g, "conjugation of real values");
}

Node* finish(MakerContext& c, TensorValue v, bool requires_grad) {
  v.requires_grad = requires_grad;
  if (requires_grad) v.tensor.requires_grad_();
  return c.arena.tensor(std::move(v));
}

/// storage, offset, size, stride: the first four arguments of every maker of strided tensors.
Tensor view_of(MakerContext& c, const GlobalName& g, Arguments a, DType dtype) {
  const std::int64_t offset = argument(g, a, 1, Kind::kInt, "the storage offset")->integer;
  const Dims size = dims_argument(c, g, a, 2, "the size");
  const Dims stride = dims_argument(c, g, a, 3, "the stride");
  if (size.size() != stride.size()) {
    refuse(g, fmt::format("{} sizes and {} strides", size.size(), stride.size()));
  }
  return tensor_on(storage_argument(g, a).storage, dtype, size, stride, offset);
}

DType storage_dtype(const GlobalName& g, Arguments a) {
  const StorageValue& s = storage_argument(g, a);
  if (!s.dtype) refuse(g, fmt::format("a storage of type {} does not say the type of the elements", s.type));
  return *s.dtype;
}

Node* make_strided(MakerContext& c, const GlobalName& g, Arguments a) {
  TensorValue v;
  switch (g.maker) {
    case Maker::kTensor:
      check_count(g, a, 4, 4);
      v.tensor = view_of(c, g, a, storage_dtype(g, a));
      return finish(c, std::move(v), false);
    case Maker::kTensorV2:
      check_count(g, a, 6, 7);
      v.tensor = view_of(c, g, a, storage_dtype(g, a));
      hooks_argument(g, a, 5);
      if (a.size() == 7) read_metadata(g, *a[6], v);
      return finish(c, std::move(v), flag_argument(g, a, 4, "requires_grad"));
    default:
      check_count(g, a, 7, 8);
      v.tensor = view_of(c, g, a, dtype_argument(g, a, 6));
      hooks_argument(g, a, 5);
      if (a.size() == 8) read_metadata(g, *a[7], v);
      return finish(c, std::move(v), flag_argument(g, a, 4, "requires_grad"));
  }
}

Node* make_meta(MakerContext& c, const GlobalName& g, Arguments a) {
  check_count(g, a, 4, 4);
  const Dims size = dims_argument(c, g, a, 1, "the size");
  const Dims stride = dims_argument(c, g, a, 2, "the stride");
  TensorValue v;
  v.tensor = empty_strided(size, stride, TensorOptions(dtype_argument(g, a, 0)).device(kMeta));
  return finish(c, std::move(v), flag_argument(g, a, 3, "requires_grad"));
}

/// The tensor in argument 0 again, with other flags: a new tensor object on the same bytes.
TensorValue again(const GlobalName& g, Arguments a, std::size_t i) {
  const TensorValue& from = *argument(g, a, i, Kind::kTensor, "the data")->tensor;
  TensorValue v;
  v.tensor = from.tensor;
  v.layout = from.layout;
  v.conj = from.conj;
  v.neg = from.neg;
  v.requires_grad = from.requires_grad;
  v.parameter = from.parameter;
  if (from.sparse) v.sparse = std::make_unique<TensorValue::Sparse>(*from.sparse);
  if (from.quantized) v.quantized = std::make_unique<TensorValue::Quantized>(*from.quantized);
  return v;
}

Node* make_parameter(MakerContext& c, const GlobalName& g, Arguments a) {
  check_count(g, a, 3, g.maker == Maker::kParameterWithState ? 4 : 3);
  TensorValue v = again(g, a, 0);
  v.requires_grad = flag_argument(g, a, 1, "requires_grad");
  v.parameter = true;
  hooks_argument(g, a, 2);
  if (v.layout == Layout::kStrided) v.tensor = Parameter(v.tensor, v.requires_grad);
  return c.arena.tensor(std::move(v));
}

Node* make_device_tensor(MakerContext& c, const GlobalName& g, Arguments a) {
  check_count(g, a, 4, 4);
  TensorValue v = again(g, a, 0);
  const DType dtype = dtype_argument(g, a, 1);
  if (v.layout != Layout::kStrided || v.tensor.dtype() != dtype) {
    refuse(g, "the data should be a strided tensor of the type that is named");
  }
  v.tensor = v.tensor.detach();
  return finish(c, std::move(v), flag_argument(g, a, 3, "requires_grad"));
}

Node* make_from_type(MakerContext& c, const GlobalName& g, Arguments a) {
  check_count(g, a, 4, 4);
  const GlobalName* maker = global_of(a[0]);
  const GlobalName* type = global_of(a[1]);
  const bool makes_tensors =
      maker != nullptr &&
      ((maker->maker >= Maker::kTensor && maker->maker < Maker::kFromType) || maker->maker == Maker::kRecord);
  if (!makes_tensors) {
    refuse(g, "the function should be one that makes a tensor; nothing was run");
  }
  // A class of its own around a tensor: the tensor is read, what the class adds is not.
  const bool known = type != nullptr && (type->name == "Tensor" || type->name == "Parameter");
  if (!known && !is_other_class(*a[1])) refuse(g, "the type should be a class of tensors");
  const Node* arguments = argument(g, a, 2, Kind::kTuple, "the arguments");
  return make_object(c, *maker, {arguments->items, arguments->size});
}

struct QuantizedType {
  std::string_view storage, dtype;
  DType integers;
};
constexpr QuantizedType kQuantizedTypes[] = {{"QUInt8Storage", "quint8", kUInt8},
                                             {"QInt8Storage", "qint8", kInt8},
                                             {"QInt32Storage", "qint32", kInt32}};

void read_quantizer(const GlobalName& g, Arguments p, TensorValue& v) {
  TensorValue::Quantized& q = *v.quantized;
  const GlobalName* scheme = p.empty() ? nullptr : global_of(p[0]);
  if (scheme == nullptr || !scheme->name.starts_with("per_"))
    refuse(g, "the parameters should begin with a scheme");
  q.scheme = scheme->name;
  if (q.scheme == "per_tensor_affine") {
    if (p.size() != 3) refuse(g, "per_tensor_affine takes a scale and a zero point");
    q.scale = argument(g, p, 1, Kind::kFloat, "the scale")->real;
    q.zero_point = argument(g, p, 2, Kind::kInt, "the zero point")->integer;
    return;
  }
  if (q.scheme != "per_channel_affine" && q.scheme != "per_channel_affine_float_qparams") {
    refuse(g, fmt::format("the scheme {} is not read", q.scheme));
  }
  if (p.size() != 4) refuse(g, fmt::format("{} takes scales, zero points and an axis", q.scheme));
  q.scales = tensor_argument(g, p, 1, "the scales").tensor;
  q.zero_points = tensor_argument(g, p, 2, "the zero points").tensor;
  q.axis = argument(g, p, 3, Kind::kInt, "the axis")->integer;
  if (q.axis < 0 || q.axis >= v.tensor.dim()) refuse(g, fmt::format("axis {} of {}", q.axis, v.tensor.dim()));
  for (const Tensor* t : {&q.scales, &q.zero_points}) {
    if (t->dim() != 1 || t->size(0) != v.tensor.size(q.axis)) {
      refuse(g, fmt::format("scales or zero points of shape {} for {} channels", shape_text(t->sizes()),
                            v.tensor.size(q.axis)));
    }
  }
}

Node* make_quantized(MakerContext& c, const GlobalName& g, Arguments a) {
  check_count(g, a, 7, 7);
  const std::string_view storage = storage_argument(g, a).type;
  const QuantizedType* type = nullptr;
  for (const QuantizedType& t : kQuantizedTypes) {
    if (t.storage == storage) type = &t;
  }
  if (type == nullptr) refuse(g, fmt::format("a quantised tensor on a {}", storage));
  TensorValue v;
  v.layout = Layout::kQuantized;
  v.tensor = view_of(c, g, a, type->integers);
  v.quantized = std::make_unique<TensorValue::Quantized>();
  v.quantized->dtype = type->dtype;
  const Node* parameters = argument(g, a, 4, Kind::kTuple, "the quantiser's parameters");
  read_quantizer(g, {parameters->items, parameters->size}, v);
  v.requires_grad = flag_argument(g, a, 5, "requires_grad");
  hooks_argument(g, a, 6);
  return c.arena.tensor(std::move(v));
}

}  // namespace

const TensorValue& tensor_argument(const GlobalName& g, Arguments a, std::size_t i, std::string_view what) {
  const TensorValue& v = *argument(g, a, i, Kind::kTensor, what)->tensor;
  if (v.layout != Layout::kStrided) refuse(g, fmt::format("{} should be a dense tensor", what));
  return v;
}

Node* make_tensor(MakerContext& c, const GlobalName& g, Arguments a) {
  switch (g.maker) {
    case Maker::kTensor:
    case Maker::kTensorV2:
    case Maker::kTensorV3:
      return make_strided(c, g, a);
    case Maker::kParameter:
    case Maker::kParameterWithState:
      return make_parameter(c, g, a);
    case Maker::kQuantized:
      return make_quantized(c, g, a);
    case Maker::kMetaTensor:
      return make_meta(c, g, a);
    case Maker::kDeviceTensor:
      return make_device_tensor(c, g, a);
    case Maker::kFromType:
      return make_from_type(c, g, a);
    default:
      return make_sparse(c, g, a);
  }
}

}  // namespace ballast::checkpoint
