#include "ballast/checkpoint/reader.h"

#include "ballast/checkpoint/bytes/storage_source.h"
#include "ballast/checkpoint/bytes/view_reader.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/core/shape.h"

namespace ballast::checkpoint {
namespace {

LoadOptions describing(const LoadOptions& options) {
  LoadOptions out = options;
  out.map_location = kMeta;
  out.dtype = std::nullopt;
  out.dequantize = options.dequantize || (options.dtype && is_floating_point(*options.dtype));
  out.progress = {};
  if (out.verify != Verify::kAll) out.verify = Verify::kNone;
  return out;
}

/// The part of a tensor that ranges say.
StridedView part_of(const Tensor& t, std::string_view name, ArrayRef<Range> ranges) {
  StridedView view{t.sizes(), t.strides(), t.storage_offset()};
  check<IndexError>(ranges.size() <= view.sizes.size(), "{} ranges for '{}', which has sizes {}",
                    ranges.size(), shown_name(name), Shown{t.sizes()});
  for (std::size_t d = 0; d < ranges.size(); ++d) {
    const std::int64_t size = view.sizes[d];
    const std::int64_t begin = ranges[d].begin;
    const std::int64_t end = ranges[d].end == Range::kEnd ? size : ranges[d].end;
    check<IndexError>(begin >= 0 && begin <= end && end <= size,
                      "positions {} to {} of dimension {} of '{}', which has sizes {}", begin, end, d,
                      shown_name(name), Shown{t.sizes()});
    view.sizes[d] = end - begin;
    // Of nothing, the place is no matter, and may lie outside.
    if (view.sizes[d] > 0) view.offset += begin * view.strides[d];
  }
  return view;
}

}  // namespace

Reader::Reader(const std::filesystem::path& path, const LoadOptions& options)
    : dtype_(options.dtype), checkpoint_(load(path, describing(options))) {
  entries_.reserve(checkpoint_.tensors().size());
  for (const NamedTensor& t : checkpoint_.tensors()) {
    const TensorValue& v = t.value.tensor();
    Entry e{t.name, std::string(v.dtype()), v.sizes(), static_cast<std::uint64_t>(v.nbytes()), v.layout};
    if (dtype_ && v.layout == Layout::kStrided && v.tensor.is_floating_point()) {
      e.dtype = dtype_name(*dtype_);
      e.bytes = e.bytes / static_cast<std::uint64_t>(v.tensor.itemsize()) *
                static_cast<std::uint64_t>(itemsize(*dtype_));
    }
    entries_.push_back(std::move(e));
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) index_.emplace(entries_[i].name, i);
}

const NamedTensor& Reader::find(std::string_view name) const {
  const auto it = index_.find(name);
  check<KeyError>(it != index_.end(), "{}: there is no tensor '{}' among its {}", checkpoint_.file().string(),
                  shown_name(name), entries_.size());
  return checkpoint_.tensors()[it->second];
}

Tensor Reader::read(std::string_view name, ArrayRef<Range> ranges) const {
  const NamedTensor& t = find(name);
  const TensorValue& v = t.value.tensor();
  check<NotImplementedError>(!v.sparse, "{}: '{}' is sparse: load with a filter reads it, as a whole",
                             checkpoint_.file().string(), shown_name(name));
  check<NotImplementedError>(
      !v.quantized || ranges.empty(),
      "{}: '{}' is quantised: it is read as a whole, or, with `dequantize`, as numbers",
      checkpoint_.file().string(), shown_name(name));
  const StridedView view = part_of(v.tensor, name, ranges);
  if (t.storage == NamedTensor::kNoStorage)
    return empty_strided(view.sizes, view.strides, TensorOptions(v.tensor.dtype()).device(kMeta));
  TensorValue out;
  out.tensor = read_view(*checkpoint_.storages()[t.storage].source, v.tensor.dtype(), view);
  out.conj = v.conj;
  out.neg = v.neg;
  Tensor elements = out.resolved();
  if (!dtype_ || v.quantized || !elements.is_floating_point() || elements.dtype() == *dtype_) return elements;
  Tensor converted = empty(view.sizes, TensorOptions(*dtype_));
  copy_elements(converted, elements);
  return converted;
}

void Reader::read_into(std::string_view name, const Tensor& out, ArrayRef<Range> ranges) const {
  const NamedTensor& t = find(name);
  const TensorValue& v = t.value.tensor();
  check<DeviceError>(!out.is_meta(), "'{}' cannot be read into a tensor on meta, which has no memory",
                     shown_name(name));
  if (!v.sparse) {
    const StridedView view = part_of(v.tensor, name, ranges);
    check<ShapeError>(out.sizes() == view.sizes.ref(),
                      "'{}' has sizes {} there, and is read into a tensor of sizes {}", shown_name(name),
                      Shown{view.sizes}, Shown{out.sizes()});
    const bool plain = !v.quantized && !v.conj && !v.neg && t.storage != NamedTensor::kNoStorage;
    const bool same = out.dtype() == v.tensor.dtype() && is_contiguous(out.sizes(), out.strides()) &&
                      (!dtype_ || *dtype_ == out.dtype() || !out.is_floating_point());
    if (plain && same) {
      std::byte* to = out.storage().mutable_data() + out.storage_offset() * out.itemsize();
      if (read_view_into(*checkpoint_.storages()[t.storage].source, out.dtype(), view, to)) return;
    }
  }
  copy_elements(out, read(name, ranges));
}

}  // namespace ballast::checkpoint
