// A tree of values as a pickle of protocol 2, in the words that PyTorch's own loader accepts with weights_only=True.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "ballast/checkpoint/tree/identity_map.h"
#include "ballast/checkpoint/value.h"

namespace ballast::checkpoint {

/// A storage of the file that is written: bytes [begin, end) of a storage in memory, under its key.
struct WrittenStorage {
  Storage storage;
  std::uint64_t begin = 0, end = 0;
};

class PickleWriter {
 public:
  /// `compact`: see SaveOptions.
  explicit PickleWriter(bool compact) : compact_(compact) {}

  /// The pickle of a tree. Its persistent ids name `storages()`, "0" the first.
  [[nodiscard]] std::string write(const Value& root);
  [[nodiscard]] const std::vector<WrittenStorage>& storages() const noexcept { return storages_; }

 private:
  /// Looks at every tensor before the first word is written.
  void survey(const Value& root);
  void survey_key(const Value& key);
  /// A storage class of PyTorch's; of types that came after those classes, none: such storages are untyped.
  struct StorageClass {
    std::string_view name;
    std::int64_t itemsize = 1;
    friend bool operator==(const StorageClass&, const StorageClass&) = default;
  };
  static StorageClass class_of(DType dtype);
  static StorageClass class_of(const StorageValue& s);
  static StorageClass class_of(const TensorValue::Quantized& q);
  void survey_tensor(const TensorValue& t);
  void survey_view(const Tensor& t, StorageClass type);
  void note_use(const Storage& s, StorageClass type);
  void note_range(const Storage& s, std::uint64_t begin, std::uint64_t end);
  void put_tree(const Value& v);
  void enter(const Value& v);
  void leave(const Value& v);
  void after_item();
  void leaf(const Value& v);

  void put_tensor(const TensorValue& t);
  void put_view(const TensorValue& t, bool requires_grad);
  /// A tensor without flags, as a part of another.
  void put_part(const Tensor& t);
  void put_sparse(const TensorValue& t);
  void put_quantized(const TensorValue& t);
  /// The offset in what is written of the tensor's storage.
  [[nodiscard]] std::int64_t written_offset(const Tensor& t);
  /// The persistent id of a storage of elements of a type that has a storage class; else untyped.
  void put_storage(const Storage& s, StorageClass type);
  void put_bytes(std::string_view bytes);
  void put_int(std::int64_t v);
  void put_integer(const Value& v);
  void put_float(double v);
  void put_dims(IntArrayRef dims);
  void put_bool(bool v) { out_ += v ? '\x88' : '\x89'; }
  void put_text(std::string_view text);
  /// A text or a global that every file says often: written once, fetched from the memo afterwards.
  void put_word(std::string_view text);
  void put_global(std::string_view module, std::string_view name);
  void put_empty_ordered_dict();
  [[nodiscard]] bool fetch(const void* id);
  void remember(const void* id);
  void put_memo(std::uint32_t at);
  void get_memo(std::uint32_t at);
  [[nodiscard]] std::size_t storage_index(const Storage& s);
  [[nodiscard]] bool is_of_several_types(const Storage& s) const;

  std::string out_;
  std::string word_;  // room for the one that is looked up
  bool compact_;
  std::uint32_t memo_size_ = 0;
  IdentityMap<std::uint32_t> memo_;
  std::map<std::string, std::uint32_t, std::less<>> words_;
  std::vector<WrittenStorage> storages_;
  IdentityMap<std::size_t> storage_at_;
  IdentityMap<std::pair<std::uint64_t, std::uint64_t>> ranges_;  // compact: bytes seen
  struct Uses {
    StorageClass type;
    bool of_several_types = false;
  };
  IdentityMap<Uses> uses_;  // of each storage
  std::unordered_set<const void*> surveyed_;
  std::vector<Kind> open_;  // the containers that we are inside of
  int depth_ = 0;           // of trees inside keys and attributes
};

}  // namespace ballast::checkpoint
