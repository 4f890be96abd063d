#include "tools/ballast/files/conversion.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <unordered_map>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ballast/core/error.h"
#include "ballast/core/tensor.h"

namespace ballast::tool {
namespace {

constexpr std::uint64_t kInMemory = std::uint64_t{64} << 20;  // so many bytes need no file
constexpr std::uint64_t kAlignment = 64;
constexpr std::int64_t kPiece = std::int64_t{4} << 20;  // elements converted at a time

/// Memory of a file without a name, which goes with the mapping.
class Spill {
 public:
  Spill(const std::filesystem::path& beside, std::uint64_t size) : size_(size) {
    std::filesystem::path folder = beside.parent_path();
    if (folder.empty()) folder = ".";
    std::string name = (folder / ".ballast-convert-XXXXXX").string();
    const int fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd < 0) throw IoError("make a temporary file in it", folder.string(), errno);
    ::unlink(name.c_str());
    // All of it now: a disk that is full would end the process later, at a write to the mapping.
    const int error = ::posix_fallocate(fd, 0, static_cast<off_t>(size));
    if (error == 0) data_ = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    const int map_error = errno;
    ::close(fd);
    if (error != 0) throw IoError(fmt::format("make room for {} bytes in it", size), folder.string(), error);
    if (data_ == MAP_FAILED) throw IoError("map a temporary file in it", folder.string(), map_error);
  }
  ~Spill() {
    if (data_ != MAP_FAILED) ::munmap(data_, size_);
  }
  Spill(const Spill&) = delete;
  Spill& operator=(const Spill&) = delete;

  [[nodiscard]] std::byte* data() const { return static_cast<std::byte*>(data_); }

 private:
  void* data_ = MAP_FAILED;
  std::uint64_t size_;
};

/// What becomes one storage: the whole of an old one, or one tensor of a storage that is seen under several types.
struct Piece {
  Tensor from;  // a row of elements, or the tensor
  std::uint64_t bytes = 0;
  Storage to = {};
};

class Conversion {
 public:
  Conversion(const StateDict& state, DType to) : state_(state), to_(to) {
    for (const auto& [name, t] : state) note(t);
    for (const auto& [name, t] : state) {
      if (changes(t)) add(t);
    }
  }

  StateDict run(const std::filesystem::path& beside,
                const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    std::uint64_t total = 0;
    for (const Piece& p : pieces_) total += (p.bytes + kAlignment - 1) / kAlignment * kAlignment;
    const auto spill = total > kInMemory ? std::make_shared<Spill>(beside, total) : nullptr;
    std::uint64_t done = 0;
    for (Piece& p : pieces_) {
      p.to = spill ? Storage::mapped(spill->data() + done, p.bytes, spill) : Storage::allocate(p.bytes);
      fill(p, [&](std::uint64_t bytes) {
        if (progress) progress(done + bytes, total);
      });
      done += (p.bytes + kAlignment - 1) / kAlignment * kAlignment;
    }
    StateDict out;
    out.has_metadata = state_.has_metadata;
    out.metadata = state_.metadata;
    out.reserve(state_.size());
    for (const auto& [name, t] : state_) out.append(name, changes(t) ? replaced(t) : t);
    return out;
  }

 private:
  struct Use {
    DType dtype;
    bool single = true;
  };

  [[nodiscard]] bool changes(const Tensor& t) const {
    return t.is_floating_point() && t.dtype() != to_ && !t.is_meta();
  }
  void note(const Tensor& t) {
    Use& u = uses_.try_emplace(t.storage().id(), Use{t.dtype()}).first->second;
    u.single = u.single && u.dtype == t.dtype();
  }
  [[nodiscard]] const void* key(const Tensor& t) const {
    return uses_.at(t.storage().id()).single ? t.storage().id() : static_cast<const void*>(&t);
  }
  void add(const Tensor& t) {
    if (!places_.try_emplace(key(t), pieces_.size()).second) return;
    const auto width = static_cast<std::uint64_t>(itemsize(to_));
    if (uses_.at(t.storage().id()).single) {
      const auto n = static_cast<std::int64_t>(t.storage().nbytes()) / t.itemsize();
      pieces_.push_back(
          {tensor_on(t.storage(), t.dtype(), {n}, {1}, 0), static_cast<std::uint64_t>(n) * width});
    } else {
      pieces_.push_back({t, static_cast<std::uint64_t>(t.numel()) * width});
    }
  }

  template <class Report>
  void fill(const Piece& p, const Report& report) const {
    const Tensor& from = p.from;
    if (from.sizes().size() != 1) {
      std::vector<std::int64_t> strides(from.sizes().size());
      std::int64_t stride = 1;
      for (std::size_t d = strides.size(); d-- > 0; stride *= from.sizes()[d]) strides[d] = stride;
      copy_elements(tensor_on(p.to, to_, from.sizes(), strides, 0), from);
      return report(p.bytes);
    }
    const std::int64_t n = from.numel(), step = from.strides()[0];
    for (std::int64_t at = 0; at < n; at += kPiece) {
      const std::int64_t count = std::min(kPiece, n - at);
      copy_elements(
          tensor_on(p.to, to_, {count}, {1}, at),
          tensor_on(from.storage(), from.dtype(), {count}, {step}, from.storage_offset() + at * step));
      report(static_cast<std::uint64_t>(at + count) * static_cast<std::uint64_t>(itemsize(to_)));
    }
  }

  [[nodiscard]] Tensor replaced(const Tensor& t) const {
    const Storage& to = pieces_[places_.at(key(t))].to;
    if (uses_.at(t.storage().id()).single)
      return tensor_on(to, to_, t.sizes(), t.strides(), t.storage_offset());
    std::vector<std::int64_t> strides(t.sizes().size());
    std::int64_t stride = 1;
    for (std::size_t d = strides.size(); d-- > 0; stride *= t.sizes()[d]) strides[d] = stride;
    return tensor_on(to, to_, t.sizes(), strides, 0);
  }

  const StateDict& state_;
  DType to_;
  std::unordered_map<const void*, Use> uses_;            // of storages
  std::unordered_map<const void*, std::size_t> places_;  // of storages, or of tensors: their pieces
  std::vector<Piece> pieces_;
};

}  // namespace

StateDict converted(const StateDict& state, DType to, const std::filesystem::path& beside,
                    const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  return Conversion(state, to).run(beside, progress);
}

}  // namespace ballast::tool
