#include "tools/ballast/files/sha256.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <fmt/format.h>
#include <nettle/sha2.h>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/core/tensor.h"

namespace ballast::tool {
namespace {

constexpr std::int64_t kPiece = 256 * 1024;  // bytes gathered at a time

class Sha256 {
 public:
  Sha256() { nettle_sha256_init(&state_); }

  void update(const void* data, std::size_t n) {
    nettle_sha256_update(&state_, n, static_cast<const std::uint8_t*>(data));
  }

  [[nodiscard]] std::string hex_digest() {
    std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
    nettle_sha256_digest(&state_, digest.size(), digest.data());
    std::string text;
    for (const std::uint8_t byte : digest) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
    return text;
  }

 private:
  sha256_ctx state_{};
};

/// Feeds the elements of `t` in row-major order; those of a view by way of `buffer`.
void feed(Sha256& hash, const Tensor& t, const Storage& buffer) {
  if (t.numel() == 0) return;
  if (t.is_contiguous()) {
    hash.update(t.data_ptr(), static_cast<std::size_t>(t.nbytes()));
    return;
  }
  if (t.nbytes() <= kPiece) {
    const Tensor piece = tensor_on(buffer, t.dtype(), t.sizes(), contiguous_strides(t.sizes()));
    copy_elements(piece, t);
    hash.update(piece.data_ptr(), static_cast<std::size_t>(t.nbytes()));
    return;
  }
  // Too much for the buffer: as many rows at a time as fit into it, or one row if none does.
  Dims sizes(t.sizes());
  const std::int64_t rows = sizes[0];
  const std::int64_t rows_at_a_time = std::max<std::int64_t>(1, kPiece / (t.nbytes() / rows));
  for (std::int64_t row = 0; row < rows; row += rows_at_a_time) {
    const std::int64_t offset = t.storage_offset() + row * t.stride(0);
    if (rows_at_a_time == 1) {
      feed(hash, t.alias(t.sizes().slice(1), t.strides().slice(1), offset), buffer);
    } else {
      sizes[0] = std::min(rows_at_a_time, rows - row);
      feed(hash, t.alias(sizes, t.strides(), offset), buffer);
    }
  }
}

}  // namespace

std::optional<std::string> tensor_sha256(const checkpoint::TensorValue& value) {
  if (value.sparse || !value.tensor.defined() || value.tensor.is_meta()) return std::nullopt;
  if (value.repeats_without_measure()) return std::nullopt;

  Sha256 hash;
  feed(hash, value.resolved(), Storage::allocate(kPiece));
  return hash.hex_digest();
}

std::string file_sha256(const std::filesystem::path& file) {
  const auto input = checkpoint::InputFile::open(file);
  std::vector<std::byte> buffer(kPiece);
  Sha256 hash;
  for (std::uint64_t at = 0; at < input->size();) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), input->size() - at));
    input->read(at, buffer.data(), n);
    hash.update(buffer.data(), n);
    at += n;
  }
  return hash.hex_digest();
}

}  // namespace ballast::tool
