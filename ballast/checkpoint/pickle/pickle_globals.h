// The names that a pickle may speak, and the inert things we make of them.
//
// A pickle says "call module.name with these arguments". Here a name is a row of a closed table; what it makes is plain
// data (a set, a size, a tensor on bytes of the file) made by our own code. A name that is not in the table ends reading.
// There is no other way in: nothing is imported, looked up in a process, or called.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/tree/value_arena.h"

namespace ballast::checkpoint {

/// What a name makes when it is called.
enum class Maker : std::uint16_t {
  kNothing,  ///< a name to look at (torch.Tensor, torch.per_tensor_affine): calling it is refused
  kOrderedDict,
  kCounter,
  kSet,
  kFrozenSet,
  kBytes,
  kByteArray,
  kComplex,
  kEncode,  ///< _codecs.encode: how protocol 2 writes bytes
  kSize,
  kDevice,
  kDefaultDict,  ///< a dict; what makes missing entries is forgotten
  kReconstruct,  ///< copyreg._reconstructor: an object of a class
  kRecord,       ///< kept as a record of the call
  kFirst,        ///< the first of its arguments
  kNumpyArray,   ///< numpy_rebuild.cpp, from here to kNumpyType
  kNumpyBuffer,
  kNumpyScalar,
  kNumpyType,

  kTensor,  ///< from here to kFromType: tensors
  kTensorV2,
  kTensorV3,
  kParameter,
  kParameterWithState,
  kSparse,
  kSparseCsr,
  kQuantized,
  kMetaTensor,
  kDeviceTensor,
  kFromType,
  kGetLayout,
};

struct GlobalName {
  std::string_view module, name;
  Maker maker = Maker::kNothing;
  bool is_dtype = false;
  bool is_storage = false;
  std::optional<DType> dtype;  ///< of a storage type; of a dtype that tensors here can have
  std::uint8_t itemsize = 0;   ///< of a storage type

  /// Bytes of one number in a storage: of complex elements, of a part.
  [[nodiscard]] std::uint8_t number_width() const {
    return dtype && is_complex(*dtype) ? static_cast<std::uint8_t>(itemsize / 2u) : itemsize;
  }
};

/// The row of a name, or null.
[[nodiscard]] const GlobalName* find_global(std::string_view module, std::string_view name);
/// The row that a name node came from, or null for any other node.
[[nodiscard]] const GlobalName* global_of(const Node* n);
/// The node of a row: a dtype, or an inert name.
[[nodiscard]] Node* global_node(TreeArena& arena, const GlobalName& g);

/// Keeps work linear: what is made of something that the file holds once, and names again and again, is counted.
class Budget {
 public:
  Budget(std::uint64_t units, std::string_view of_what) : left_(units), of_what_(of_what) {}
  void spend(std::uint64_t units) {
    check<LimitError>(units <= left_, "the file asks for more {} than a file of its size can mean", of_what_);
    left_ -= units;
  }

 private:
  std::uint64_t left_;
  std::string_view of_what_;
};

/// What a maker may use.
struct MakerContext {
  TreeArena& arena;
  const LoadLimits& limits;
  Budget copies;                                           ///< items and bytes copied out of other objects
  Budget indices;                                          ///< indices of sparse tensors looked at
  const std::function<Storage(const Storage&)>& bytes_of;  ///< see Pickle; may be empty
};
using Arguments = std::span<Node* const>;

/// The object that `g` makes of its arguments. Errors are FormatError (or ShapeError, ... of core) without a place, which
/// the caller adds.
[[nodiscard]] Node* make_object(MakerContext& context, const GlobalName& g, Arguments arguments);
/// The part of it that makes tensors (tensor_rebuild.cpp), and of that the part that makes sparse ones.
[[nodiscard]] Node* make_tensor(MakerContext& context, const GlobalName& g, Arguments arguments);
[[nodiscard]] Node* make_sparse(MakerContext& context, const GlobalName& g, Arguments arguments);
/// What NumPy calls: arrays, scalars, types (numpy_rebuild.cpp). An array comes in two steps, the second is its state.
[[nodiscard]] Node* make_numpy(MakerContext& context, const GlobalName& g, Arguments arguments);
[[nodiscard]] bool is_numpy_array_without_state(const Node& n);
void set_numpy_state(MakerContext& context, Node& array, const Node& state);

/// A name that is not in the table, by what pickle_names.h says of it. Calling it makes a record, or is refused.
[[nodiscard]] Node* other_name_node(TreeArena& arena, std::string_view module, std::string_view name,
                                    bool is_class);
[[nodiscard]] bool is_other_class(const Node& n);
[[nodiscard]] bool is_other_name(const Node& n);

/// An argument of the kind that it should be, else FormatError "_rebuild_tensor_v2: size should be a tuple, not a str".
Node* argument(const GlobalName& g, Arguments arguments, std::size_t i, Kind kind, std::string_view what);
/// A tuple, size or list of ints.
[[nodiscard]] Dims dims_argument(MakerContext& context, const GlobalName& g, Arguments arguments,
                                 std::size_t i, std::string_view what);
/// A strided tensor.
[[nodiscard]] const TensorValue& tensor_argument(const GlobalName& g, Arguments arguments, std::size_t i,
                                                 std::string_view what);
[[noreturn]] void refuse(const GlobalName& g, std::string_view reason);
void check_count(const GlobalName& g, Arguments arguments, std::size_t least, std::size_t most);

}  // namespace ballast::checkpoint
