// The makers of sparse tensors. Their indices are looked at on loading: one that is out of bounds would read or write
// elsewhere the first time the tensor is used.
#include <array>
#include <optional>

#include "ballast/checkpoint/pickle/pickle_globals.h"
#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

constexpr std::array kLayouts{std::pair<std::string_view, Layout>{"torch.strided", Layout::kStrided},
                              std::pair<std::string_view, Layout>{"torch.sparse_coo", Layout::kSparseCoo},
                              std::pair<std::string_view, Layout>{"torch.sparse_csr", Layout::kSparseCsr},
                              std::pair<std::string_view, Layout>{"torch.sparse_csc", Layout::kSparseCsc},
                              std::pair<std::string_view, Layout>{"torch.sparse_bsr", Layout::kSparseBsr},
                              std::pair<std::string_view, Layout>{"torch.sparse_bsc", Layout::kSparseBsc}};

Node* make_layout(MakerContext& c, const GlobalName& g, Arguments a) {
  check_count(g, a, 1, 1);
  const std::string_view name = text_of(*argument(g, a, 0, Kind::kStr, "the layout"));
  for (const auto& [known, layout] : kLayouts) {
    if (known == name) return c.arena.text(Kind::kName, known, false);
  }
  refuse(g, fmt::format("the layout '{}' is not known", shown_name(name)));
}

std::int64_t index_at(const Tensor& t, std::int64_t element) {
  const void* p = static_cast<const std::byte*>(t.data_ptr()) + element * t.itemsize();
  return t.dtype() == kInt32 ? *static_cast<const std::int32_t*>(p) : *static_cast<const std::int64_t*>(p);
}

void check_indices(const GlobalName& g, const Tensor& t, std::int64_t rank, std::string_view what) {
  if (t.dim() != rank)
    refuse(g, fmt::format("{} of shape {}: {} dimensions are wanted", what, shape_text(t.sizes()), rank));
  if (t.dtype() != kInt64 && t.dtype() != kInt32)
    refuse(g, fmt::format("{} of type {}", what, dtype_name(t.dtype())));
}

/// The indices with their values, also where tensors are made without memory; none where there are no values.
std::optional<Tensor> looked_at(MakerContext& c, const Tensor& t) {
  c.indices.spend(static_cast<std::uint64_t>(t.numel()));
  if (!t.is_meta() && !c.bytes_of) return t;
  const Storage bytes = c.bytes_of ? c.bytes_of(t.storage()) : Storage();
  if (!bytes.defined()) return std::nullopt;
  return tensor_on(bytes, t.dtype(), t.sizes(), t.strides(), t.storage_offset());
}

void check_range(const GlobalName& g, std::int64_t index, std::int64_t size, std::string_view what) {
  if (index < 0 || index >= size)
    refuse(g, fmt::format("{} {} is out of range for a size of {}", what, index, size));
}

void check_coo(MakerContext& c, const GlobalName& g, const TensorValue::Sparse& s) {
  check_indices(g, s.indices, 2, "the indices");
  const std::int64_t sparse_dim = s.indices.size(0);
  const std::int64_t nnz = s.indices.size(1);
  const auto rank = static_cast<std::int64_t>(s.sizes.size());
  if (s.values.dim() < 1 || s.values.size(0) != nnz || sparse_dim + s.values.dim() - 1 != rank ||
      IntArrayRef(s.values.sizes()).slice(1) != s.sizes.ref().slice(static_cast<std::size_t>(sparse_dim))) {
    refuse(g, fmt::format("indices {} and values {} do not fit a tensor of shape {}",
                          shape_text(s.indices.sizes()), shape_text(s.values.sizes()), shape_text(s.sizes)));
  }
  const auto indices = looked_at(c, s.indices);
  if (!indices) return;
  for (std::int64_t d = 0; d < sparse_dim; ++d) {
    for (std::int64_t i = 0; i < nnz; ++i) {
      const std::int64_t index = index_at(*indices, d * indices->stride(0) + i * indices->stride(1));
      check_range(g, index, s.sizes[static_cast<std::size_t>(d)], "the index");
    }
  }
}

void check_compressed(MakerContext& c, const GlobalName& g, const TensorValue::Sparse& s, Layout layout) {
  if (s.compressed.dim() != 1) refuse(g, "batches of compressed sparse tensors are not read");
  check_indices(g, s.compressed, 1, "the compressed indices");
  check_indices(g, s.plain, 1, "the plain indices");
  const bool blocks = layout == Layout::kSparseBsr || layout == Layout::kSparseBsc;
  const bool by_column = layout == Layout::kSparseCsc || layout == Layout::kSparseBsc;
  const std::int64_t nnz = s.plain.size(0);
  if (s.sizes.size() < 2 || s.values.dim() < (blocks ? 3 : 1) || s.values.size(0) != nnz) {
    refuse(g, fmt::format("values {} and {} indices do not fit a tensor of shape {}",
                          shape_text(s.values.sizes()), nnz, shape_text(s.sizes)));
  }
  std::int64_t lines[2] = {s.sizes[0], s.sizes[1]};
  for (std::int64_t d = 0; blocks && d < 2; ++d) {
    const std::int64_t block = s.values.size(d + 1);
    if (block <= 0 || lines[d] % block != 0)
      refuse(g, fmt::format("blocks of {} in a size of {}", block, lines[d]));
    lines[d] /= block;
  }
  const std::int64_t compressed = lines[by_column ? 1 : 0];
  const std::int64_t plain = lines[by_column ? 0 : 1];
  if (s.compressed.size(0) - 1 != compressed) {
    refuse(g, fmt::format("{} compressed indices for {} lines", s.compressed.size(0), compressed));
  }
  const auto pointers = looked_at(c, s.compressed);
  const auto indices = looked_at(c, s.plain);
  if (!pointers || !indices) return;
  std::int64_t before = 0;
  for (std::int64_t i = 0; i <= compressed; ++i) {
    const std::int64_t at = index_at(*pointers, i * pointers->stride(0));
    if (at < before || (i == 0 && at != 0) || (i == compressed && at != nnz)) {
      refuse(g,
             fmt::format("compressed index {} is {}, after {}; the last should be {}", i, at, before, nnz));
    }
    before = at;
  }
  for (std::int64_t i = 0; i < nnz; ++i)
    check_range(g, index_at(*indices, i * indices->stride(0)), plain, "the index");
}

Layout layout_argument(const GlobalName& g, Arguments a) {
  const std::string_view name = text_of(*argument(g, a, 0, Kind::kName, "the layout"));
  for (const auto& [known, layout] : kLayouts) {
    if (known == name && layout != Layout::kStrided) return layout;
  }
  refuse(g, fmt::format("{} is no sparse layout", name));
}

}  // namespace

Node* make_sparse(MakerContext& c, const GlobalName& g, Arguments a) {
  if (g.maker == Maker::kGetLayout) return make_layout(c, g, a);
  check_count(g, a, 2, 2);
  TensorValue v;
  v.layout = layout_argument(g, a);
  v.sparse = std::make_unique<TensorValue::Sparse>();
  TensorValue::Sparse& s = *v.sparse;
  const Node* node = argument(g, a, 1, Kind::kTuple, "the data");
  const Arguments data{node->items, node->size};
  const bool coo = v.layout == Layout::kSparseCoo;
  check_count(g, data, coo ? 3 : 4, 4);
  s.values = tensor_argument(g, data, coo ? 1 : 2, "the values").tensor;
  s.sizes = dims_argument(c, g, data, coo ? 2 : 3, "the size");
  static_cast<void>(numel_of(s.sizes));
  if (coo) {
    s.indices = tensor_argument(g, data, 0, "the indices").tensor;
    if (data.size() == 4 && data[3]->kind != Kind::kNone) {
      s.coalesced = argument(g, data, 3, Kind::kBool, "is_coalesced")->flag;
    }
    check_coo(c, g, s);
  } else {
    s.compressed = tensor_argument(g, data, 0, "the compressed indices").tensor;
    s.plain = tensor_argument(g, data, 1, "the plain indices").tensor;
    check_compressed(c, g, s, v.layout);
  }
  return c.arena.tensor(std::move(v));
}

}  // namespace ballast::checkpoint
