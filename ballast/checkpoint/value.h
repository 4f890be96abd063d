// What a checkpoint holds: a tree of plain data and tensors, with the order of entries, the types of keys and
// the identity of shared objects kept.
//
//   Value root = load("training.pth").root();
//   root.at("epoch").as_int();
//   for (std::size_t i = 0; i < root.size(); ++i) root.key(i), root.value(i);
//
//   Value mine = Value::dict();
//   mine.set("epoch", 12);
//   mine.set("model", model->state_dict());
//   save(mine, "mine.pth");
//
// A Value is a handle, as a variable is in Python: two handles may name one list, and a list may hold itself.
// The nodes of a tree live in one arena, which goes when the last handle to any of them goes; nothing is
// walked to destroy it. Linking a value into another tree joins the two arenas. A tree may be read from
// several threads; it is built on one.
//
// Asking a value for what it is not throws DTypeError ("expected a str but found an int").
#pragma once

#include <complex>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/core/intrusive_ptr.h"
#include "ballast/core/state_dict.h"
#include "ballast/core/tensor.h"

namespace ballast::checkpoint {

enum class Kind : std::uint8_t {
  kNone,
  kBool,
  kInt,    ///< of any size
  kFloat,  ///< a double
  kComplex,
  kStr,  ///< valid UTF-8
  kBytes,
  kByteArray,
  kList,
  kTuple,
  kSize,  ///< torch.Size: a tuple of ints
  kDict,
  kOrderedDict,
  kCounter,  ///< collections.Counter
  kSet,
  kFrozenSet,
  kDType,   ///< text "float16"; also the quantised types, "quint8"
  kDevice,  ///< text "cpu", "cuda:0"
  kName,    ///< an inert name, such as "torch.sparse_coo" or "torch.FloatStorage": never what it names
  kStorage,
  kTensor,
  kNdArray,  ///< a NumPy array: read as a tensor is, and not among the tensors of a checkpoint
  kObject,  ///< an inert record of an object whose class is not data: its name, its attributes, never the object
};

/// "none", "bool", "int", "float", "complex", "str", "bytes", "bytearray", "list", "tuple", "size", "dict",
/// "OrderedDict", "Counter", "set", "frozenset", "dtype", "device", "name", "storage", "tensor", "ndarray", "object".
[[nodiscard]] std::string_view kind_name(Kind kind) noexcept;
/// The same in a sentence: "an int", "a str", "None".
[[nodiscard]] std::string kind_phrase(Kind kind);

/// What keeps the nodes of a tree; value_arena.h knows the rest.
class Arena : public RefCounted<Arena> {
 public:
  static void destroy(Arena* a) noexcept;

 protected:
  Arena() = default;
  ~Arena() = default;
};
struct Node;
struct TensorValue;
struct StorageValue;

class Value {
 public:
  /// None.
  Value() noexcept;
  Value(std::same_as<bool> auto v) : Value(of_bool(v)) {}  // NOLINT(*-explicit-*)
  template <std::integral I>
  requires(!std::same_as<I, bool>) Value(I v)
      : Value(of_int(static_cast<std::int64_t>(v))) {}               // NOLINT(*-explicit-*)
  Value(double v);                                                   // NOLINT(*-explicit-*)
  Value(std::complex<double> v);                                     // NOLINT(*-explicit-*)
  Value(std::string_view text);                                      // NOLINT(*-explicit-*)
  Value(const char* text) : Value(std::string_view(text)) {}         // NOLINT(*-explicit-*)
  Value(const std::string& text) : Value(std::string_view(text)) {}  // NOLINT(*-explicit-*)
  Value(DType dtype);                                                // NOLINT(*-explicit-*)
  /// The handle's tensor itself: ties of the tensors of a tree are ties of what is saved.
  Value(const Tensor& tensor);  // NOLINT(*-explicit-*)
  /// An OrderedDict, with the attribute `_metadata` where the dictionary has it.
  Value(const StateDict& dict);  // NOLINT(*-explicit-*)

  [[nodiscard]] static Value list(const std::vector<Value>& items = {});
  [[nodiscard]] static Value tuple(const std::vector<Value>& items);
  /// Empty; entries are `set`.
  [[nodiscard]] static Value dict();
  [[nodiscard]] static Value ordered_dict();
  [[nodiscard]] static Value bytes(std::string_view raw);
  [[nodiscard]] static Value size(IntArrayRef sizes);
  /// "cpu", "cuda:0": text that is kept, and not looked at.
  [[nodiscard]] static Value device(std::string_view text);
  /// An integer from decimal digits, of any size. ValueError if it is none.
  [[nodiscard]] static Value integer(std::string_view decimal);

  [[nodiscard]] Kind kind() const noexcept;
  [[nodiscard]] bool is(Kind k) const noexcept { return kind() == k; }
  [[nodiscard]] bool is_none() const noexcept { return kind() == Kind::kNone; }
  [[nodiscard]] bool is_mapping() const noexcept;   ///< dict, OrderedDict, Counter
  [[nodiscard]] bool is_sequence() const noexcept;  ///< list, tuple, size
  [[nodiscard]] bool is_set() const noexcept;       ///< set, frozenset
  [[nodiscard]] bool is_container() const noexcept {
    return is_mapping() || is_sequence() || is_set() || is(Kind::kObject);
  }
  /// The identity: equal for two handles exactly if they name one object.
  [[nodiscard]] const void* id() const noexcept { return node_; }

  [[nodiscard]] bool as_bool() const;
  /// LimitError if the integer does not fit into 64 bits.
  [[nodiscard]] std::int64_t as_int() const;
  [[nodiscard]] bool fits_int64() const;
  /// The decimal digits of an integer. Quadratic in its length, as printing big integers is; lengths are
  /// limited on load.
  [[nodiscard]] std::string int_text() const;
  [[nodiscard]] double as_float() const;  ///< of a float
  [[nodiscard]] std::complex<double> as_complex() const;
  /// The text of a str, dtype, device or name; the class of an object, "argparse.Namespace". Valid as long as a handle to the
  /// tree is.
  [[nodiscard]] std::string_view as_text() const;
  /// The bytes of a bytes or bytearray. Valid as long as a handle to the tree is.
  [[nodiscard]] std::string_view as_bytes() const;

  /// The number of items of a container; of an object, of the entries that it has as a dict or list of its own kind.
  [[nodiscard]] std::size_t size() const;
  /// The item of a list, tuple, size or set. IndexError out of range.
  [[nodiscard]] Value item(std::size_t i) const;
  /// The key and value of entry `i` of a mapping or object, in order of insertion.
  [[nodiscard]] Value key(std::size_t i) const;
  [[nodiscard]] Value value(std::size_t i) const;
  /// The value of a str key of a mapping.
  [[nodiscard]] std::optional<Value> find(std::string_view key) const;
  /// The same, or KeyError.
  [[nodiscard]] Value at(std::string_view key) const;
  /// What Python keeps in the `__dict__` of an OrderedDict (state dicts: `_metadata`), and the state of an object, which is a
  /// dict in most; None if nothing.
  [[nodiscard]] Value attributes() const;
  /// What an object was made of: a tuple, empty for most.
  [[nodiscard]] Value arguments() const;
  /// Whether an object is a pickled torch.nn.Module: its attributes hold `_parameters`, `_buffers` and `_modules`.
  [[nodiscard]] bool is_module() const;

  /// Of a tensor, or of a NumPy array.
  [[nodiscard]] const TensorValue& tensor() const;
  [[nodiscard]] const StorageValue& storage() const;

  /// Appends to a list.
  void append(const Value& v);
  /// Sets an entry of a mapping: appends, or replaces the value of an equal key (1, 1.0 and True are equal,
  /// as in Python). DTypeError for keys that are not hashable.
  void set(const Value& key, const Value& v);
  /// Replaces what `attributes()` gives; only those of an OrderedDict are saved.
  void set_attributes(const Value& mapping);

  // For the rooms' own readers.
  Value(IntrusivePtr<Arena> arena, Node* node) noexcept;
  [[nodiscard]] Node* node() const noexcept { return node_; }
  [[nodiscard]] const IntrusivePtr<Arena>& arena() const noexcept { return arena_; }

 private:
  static Value of_bool(bool v) noexcept;
  static Value of_int(std::int64_t v);
  const Node& expect(Kind kind) const;

  IntrusivePtr<Arena> arena_;  // null for the constants None, True, False
  Node* node_;
};

/// How a tensor's elements are laid out.
enum class Layout : std::uint8_t {
  kStrided,
  kSparseCoo,
  kSparseCsr,
  kSparseCsc,
  kSparseBsr,
  kSparseBsc,
  kQuantized
};
/// "strided", "sparse_coo", ..., "quantized".
[[nodiscard]] std::string_view layout_name(Layout layout) noexcept;

/// The scheme of tensors that GGUF keeps in blocks of numbers with common scales.
inline constexpr std::string_view kGgmlBlocks = "ggml";

/// A tensor as a file holds it.
struct TensorValue {
  /// Strided: the view, on storage shared as in the file. Quantised: its integers (uint8, int8, int32), as
  /// they are; in blocks of GGUF, their bytes: uint8, [rows ..., bytes of a row]. On meta: no memory. Sparse: undefined; see
  /// `sparse`.
  Tensor tensor;
  Layout layout = Layout::kStrided;
  bool conj = false;  ///< the values are the conjugates of what is stored
  bool neg = false;   ///< the values are the negatives of what is stored
  bool requires_grad = false;
  bool parameter = false;

  struct Sparse {
    Dims sizes;
    Tensor indices;            ///< COO: [sparse_dim, nnz], int64
    Tensor compressed, plain;  ///< CSR, BSR: crow and col; CSC, BSC: ccol and row
    Tensor values;
    bool coalesced = false;  ///< COO only
  };
  std::unique_ptr<Sparse> sparse;

  struct Quantized {
    std::string dtype;   ///< "quint8", "qint8", "qint32"; of blocks ggml's names, "q4_0", "q6_K"
    std::string scheme;  ///< "per_tensor_affine", "per_channel_affine", ..., "ggml" (kGgmlBlocks)
    double scale = 1;    ///< per tensor
    std::int64_t zero_point = 0;
    std::int64_t axis = 0;                     ///< per channel
    Tensor scales, zero_points;                ///< per channel
    std::optional<Dims> sizes = std::nullopt;  ///< of the numbers, where `tensor` holds blocks of them
  };
  std::unique_ptr<Quantized> quantized;

  /// "float32", "quint8", "q4_0".
  [[nodiscard]] std::string_view dtype() const;
  /// Of the tensor that this stands for.
  [[nodiscard]] IntArrayRef sizes() const {
    if (quantized && quantized->sizes) return quantized->sizes->ref();
    return sparse ? sparse->sizes.ref() : tensor.sizes();
  }
  [[nodiscard]] std::int64_t numel() const { return numel_of(sizes()); }
  /// Bytes of the elements (numel * itemsize); sparse: of the parts that are stored; in blocks: of these. Saturates at 2^63 - 1.
  [[nodiscard]] std::int64_t nbytes() const;
  /// Whether a view shows few elements again and again: more than a gibibyte, and more than 64 times what is stored. A few bytes
  /// of a hostile file can say so, and nobody should walk through that.
  [[nodiscard]] bool repeats_without_measure() const;
  /// The tensor with `conj` and `neg` applied: itself where neither is set, else a copy of the stored extent,
  /// with the same strides (so that a view that repeats elements costs what it stores). Undefined for sparse
  /// tensors.
  [[nodiscard]] Tensor resolved() const;
};

/// A storage that stands in the tree by itself, or under a tensor.
struct StorageValue {
  Storage storage;
  std::string_view key;        ///< its name in the file, "0"
  std::string_view location;   ///< where it was saved from: "cpu", "cuda:0"
  std::string_view type;       ///< "FloatStorage", "UntypedStorage"
  std::optional<DType> dtype;  ///< of the type; none for untyped and quantised storages
};

/// One visit of `walk`.
struct Visit {
  enum class Phase : std::uint8_t { kLeaf, kEnter, kLeave };
  Phase phase;
  Value value;
  std::optional<Value>
      key;  ///< of an entry of a mapping or attribute of an object; none at the root and in sequences and sets
  std::size_t index;  ///< position in the container it stands in
  std::size_t depth;  ///< 0: the root
  bool repeated;      ///< the container was entered before, somewhere else
  bool cycle;         ///< the container is one that we are inside of: it is not entered, and has no kLeave
};
enum class Walk : std::uint8_t { kInto, kSkip, kStop };

/// Walks a tree in order, depth first, without recursion. The children of an object are its attributes, its entries, and what
/// it was made of. `visit` answers a kEnter with kInto, or kSkip (no
/// children, no kLeave); kStop ends the walk. A container that stands in several places is offered in each of
/// them: a visitor that enters a repeated one each time may do work exponential in the size of the tree, so
/// give it a budget.
void walk(const Value& root, const std::function<Walk(const Visit&)>& visit);

}  // namespace ballast::checkpoint
