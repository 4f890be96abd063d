#include "ballast/checkpoint/pickle/find_pickles.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include <libdeflate.h>

#include "ballast/checkpoint/bytes/byte_reader.h"
#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kLook = 512;
constexpr std::size_t kStacked = 5;  // pickles of an old PyTorch file, one after the other
constexpr std::size_t kTarBlock = 512;
constexpr std::size_t kTarMagic = 257;
constexpr std::uint64_t kWorkLeast = std::uint64_t{64} << 20;
constexpr std::uint64_t kWorkPerByte = 8;  // bytes looked at for each byte of the file, beyond the least
constexpr std::uint64_t kLeastUnpacked =
    1 << 16;                                // of a packed member whose size is not said: room for so much,
constexpr std::uint64_t kMostPacking = 32;  // and so much for each of its bytes
constexpr std::size_t kLocalHeader = 30;
constexpr std::string_view kLocal = "PK\3\4"sv;
constexpr std::string_view kNumpyMagic = "\x93NUMPY"sv;
constexpr std::string_view kLegacyMagic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv;
constexpr std::uint8_t kNewestProtocol = 5;

FileContent content_of(std::string_view head) {
  if (head.starts_with(kLocal) || head.starts_with("PK\5\6"sv)) return FileContent::kZip;
  if (head.starts_with(kNumpyMagic)) return FileContent::kNpy;
  if (head.size() > kTarMagic && head.substr(kTarMagic, 5) == "ustar") return FileContent::kTar;
  const bool protocol = head.size() >= 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= kNewestProtocol;
  if (protocol || head.substr(0, 64).find(kLegacyMagic) != std::string_view::npos)
    return FileContent::kPickles;
  return FileContent::kOther;
}

class Finder {
 public:
  using Use = std::function<std::uint64_t(const FoundPickle&)>;

  Finder(std::string_view file, const LoadLimits& limits, const Use& use)
      : file_(file), limits_(limits), use_(use), work_(kWorkLeast + kWorkPerByte * file.size()) {}

  FoundPickles run(FileContent content) {
    switch (content) {
      case FileContent::kZip:
        zip(file_, "", false);
        break;
      case FileContent::kTar:
        tar();
        break;
      case FileContent::kNpy:
        npy(file_, "");
        break;
      default:
        stack(file_, "", 0);
    }
    return found_;
  }

 private:
  /// Whether so many bytes may still be looked at.
  bool spend(std::uint64_t bytes) {
    if (bytes > work_) return found_.all = false;
    work_ -= bytes;
    return true;
  }

  void stack(std::string_view bytes, const std::string& member, std::uint64_t begin) {
    for (std::size_t i = 0; i < kStacked && begin < bytes.size(); ++i) {
      ++found_.count;
      const std::uint64_t used = use_({bytes.substr(begin), member, begin});
      if (used == 0) return;
      begin += used;
    }
  }

  void one(std::string_view bytes, const std::string& member, std::uint64_t begin) {
    ++found_.count;
    static_cast<void>(use_({bytes.substr(begin), member, begin}));
  }

  /// An array whose type names objects is a pickle behind its header.
  void npy(std::string_view bytes, const std::string& member) {
    constexpr std::size_t kVersion = 6, kLength = 8;
    if (bytes.size() < kLength + 4) return;
    const bool wide = bytes[kVersion] > 1;
    const std::size_t width = wide ? 4 : 2, header = kLength + width;
    const std::uint64_t length = number(bytes, kLength, width);
    if (length > bytes.size() - header) return;
    const std::string_view text = bytes.substr(header, length);
    const std::size_t type = text.find("descr");
    // 'O' may stand anywhere in the type of a structure; no other type is written with it.
    if (type == std::string_view::npos || text.find('O', type) == std::string_view::npos) return;
    one(bytes, member, header + length);
  }

  void tar() {
    std::uint64_t at = 0;
    while (file_.size() - at >= kTarBlock) {
      const std::string_view header = file_.substr(at, kTarBlock);
      std::string_view name = header.substr(0, 100), octal = header.substr(124, 12);
      name = name.substr(0, name.find('\0'));
      octal.remove_prefix(std::min(octal.find_first_not_of(' '), octal.size()));
      std::uint64_t size = 0;
      std::from_chars(octal.data(), octal.data() + octal.size(), size, 8);
      if (name.empty()) return;
      const std::uint64_t data = at + kTarBlock;
      if (size > file_.size() - data) size = file_.size() - data;
      if (size > 0) stack(file_.substr(data, size), shown_name(name), 0);
      at = data + (size + kTarBlock - 1) / kTarBlock * kTarBlock;
      if (at > file_.size()) return;
    }
  }

  /// Follows local headers, wherever they stand: the directory may say something else to each reader.
  void zip(std::string_view bytes, const std::string& outer, bool nested) {
    for (std::size_t at = bytes.find(kLocal);
         at != std::string_view::npos && bytes.size() - at >= kLocalHeader;) {
      const std::uint64_t name_size = number(bytes, at + 26, 2), extra = number(bytes, at + 28, 2);
      const std::size_t data = at + kLocalHeader + name_size + extra;
      if (data > bytes.size()) return;
      const std::string_view name = bytes.substr(at + kLocalHeader, name_size);
      std::uint64_t stored = number(bytes, at + 18, 4), size = number(bytes, at + 22, 4);
      constexpr std::uint64_t kInExtra = 0xFFFFFFFF;
      if (stored == kInExtra || size == kInExtra)
        zip64_sizes(bytes.substr(at + kLocalHeader + name_size, extra), stored, size);
      const bool behind = (number(bytes, at + 6, 2) & 8u) != 0 && stored == 0;  // sizes stand in a descriptor
      if (behind || stored > bytes.size() - data) stored = bytes.size() - data;
      if (!spend(kLocalHeader + name_size)) return;
      member(bytes.substr(data, stored), size, number(bytes, at + 8, 2) == 0, outer + shown_name(name), name,
             nested);
      at = bytes.find(kLocal, behind ? data : data + stored);
    }
  }

  static void zip64_sizes(std::string_view extra, std::uint64_t& stored, std::uint64_t& size) {
    while (extra.size() >= 4) {
      const std::uint64_t id = number(extra, 0, 2), length = number(extra, 2, 2);
      if (length > extra.size() - 4) return;
      if (id == 1 && length >= 16) {
        size = number(extra, 4, 8);
        stored = number(extra, 12, 8);
        return;
      }
      extra.remove_prefix(4 + length);
    }
  }

  void member(std::string_view data, std::uint64_t size, bool is_stored, const std::string& shown,
              std::string_view name, bool nested) {
    const bool pickle = name.ends_with(".pkl"), array = name.ends_with(".npy");
    const bool archive = !nested && (name.ends_with(".pt") || name.ends_with(".pth"));
    if (!pickle && !array && !archive) return;
    if (!spend(data.size())) return;
    std::string unpacked;
    if (!is_stored) {
      if (size == 0) size = std::min(limits_.pickle_bytes, kLeastUnpacked + kMostPacking * data.size());
      const std::uint64_t most = std::max<std::uint64_t>(size, data.size());
      if (most > limits_.pickle_bytes || !spend(most)) {
        found_.all = false;
        return;
      }
      unpacked = inflate(data, size);
      data = unpacked;
    }
    if (data.empty()) return;
    if (pickle) return one(data, shown, 0);
    if (array && data.starts_with(kNumpyMagic)) return npy(data, shown);
    if (archive && data.starts_with(kLocal)) return zip(data, shown + ": ", true);
    if (archive && data.front() == '\x80') return stack(data, shown, 0);
  }

  /// What comes out, however much of it that is.
  static std::string inflate(std::string_view packed, std::uint64_t size) {
    struct Free {
      void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
    };
    const std::unique_ptr<libdeflate_decompressor, Free> d(libdeflate_alloc_decompressor());
    if (d == nullptr) throw std::bad_alloc();
    std::string out(size, '\0');
    std::size_t used = 0, made = 0;
    const auto result = libdeflate_deflate_decompress_ex(d.get(), packed.data(), packed.size(), out.data(),
                                                         out.size(), &used, &made);
    out.resize(result == LIBDEFLATE_SUCCESS ? made : 0);
    return out;
  }

  static std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint64_t v = 0;
    for (std::size_t i = width; i-- > 0;) v = v << 8 | static_cast<unsigned char>(bytes[at + i]);
    return v;
  }

  std::string_view file_;
  const LoadLimits& limits_;
  const Use& use_;
  std::uint64_t work_;
  FoundPickles found_;
};

}  // namespace

FileContent content_of(const InputFile& file) {
  std::string head(std::min<std::uint64_t>(kLook, file.size()), '\0');
  file.read(0, head.data(), head.size());
  return content_of(head);
}

FoundPickles find_pickles(InputFile& file, const LoadLimits& limits,
                          const std::function<std::uint64_t(const FoundPickle&)>& use) {
  FileContent content = content_of(file);
  if (content == FileContent::kOther && file.name().ends_with(".pkl")) content = FileContent::kPickles;
  if (content == FileContent::kOther || file.size() == 0) return {};
  const std::string_view bytes(reinterpret_cast<const char*>(file.map()), file.size());
  return Finder(bytes, limits, use).run(content);
}

}  // namespace ballast::checkpoint
