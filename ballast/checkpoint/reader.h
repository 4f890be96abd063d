// Tensors one at a time, or a slice of one, from a file of any size: what is not asked for is not read.
//
//   checkpoint::Reader file("model.pth");
//   for (const auto& e : file.entries()) fmt::print("{} {} {}\n", e.name, e.dtype, e.bytes);
//   Tensor weight = file.read("encoder.weight");
//   Tensor rows = file.read("embedding.weight", {{0, 10}});              // rows 0 to 9
//   Tensor block = file.read("cube", {{}, {4, 8}, {16}});                // [:, 4:8, 16:]
//   file.read_into("encoder.weight", model->named_parameters()["encoder.weight"]);
//
// Every format that `load` reads is read. Unlike the tensors of `load`, these have memory of their own, and nothing is mapped: a
// file that somebody cuts short meanwhile ends in a FormatError. Of storages that are packed (compressed members, quantised
// blocks) a slice costs the whole storage, each time.
//
// Reading from several threads at once is fine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ballast/checkpoint/load.h"
#include "ballast/core/array_ref.h"

namespace ballast::checkpoint {

/// The positions begin, begin + 1, ..., end - 1 of a dimension; without an end, to the last; without both, all.
struct Range {
  static constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

  std::int64_t begin = 0;
  std::int64_t end = kEnd;
};

class Reader {
 public:
  struct Entry {
    std::string name;   ///< as in `Checkpoint::tensors()`
    std::string dtype;  ///< "float32"; of quantised tensors "quint8", "q4_0": read as integers, as blocks
    Dims sizes;
    std::uint64_t bytes = 0;  ///< of the elements; of sparse tensors, of what is stored
    Layout layout = Layout::kStrided;
  };

  /// Reads what describes the tensors, and no tensor. `mmap`, `progress` and `map_location` of the options mean nothing here;
  /// `verify` only if it is kAll. Errors are those of `load`.
  explicit Reader(const std::filesystem::path& path, const LoadOptions& options = {});

  /// The tensors, in the order of the file.
  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }
  [[nodiscard]] bool contains(std::string_view name) const { return index_.contains(name); }
  /// The description of the file: its tree with tensors on meta, its format, its metadata.
  [[nodiscard]] const Checkpoint& checkpoint() const noexcept { return checkpoint_; }

  /// A tensor, or a part of it: one range for each of its first dimensions, the others are whole. Row-major, but that elements
  /// which several positions share (of an expanded view) are read and kept once; conjugates and negatives are resolved;
  /// converted if `options.dtype` says so. Of a whole storage the checksum is compared, where it has one.
  ///
  /// KeyError if there is no such tensor; IndexError for ranges that do not lie in it; NotImplementedError for sparse tensors,
  /// and for a part of a quantised one: `load` with a filter reads those.
  [[nodiscard]] Tensor read(std::string_view name, ArrayRef<Range> ranges = {}) const;
  /// The same into a tensor of the same sizes, of any type. Where it is row-major and of the type in the file, straight into it.
  /// If reading fails midway, it holds some of the elements.
  void read_into(std::string_view name, const Tensor& out, ArrayRef<Range> ranges = {}) const;

 private:
  [[nodiscard]] const NamedTensor& find(std::string_view name) const;

  std::optional<DType> dtype_;
  Checkpoint checkpoint_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string_view, std::size_t> index_;  // into entries_, whose names it points to
};

}  // namespace ballast::checkpoint
