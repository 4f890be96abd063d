#include "ballast/checkpoint/archives/tar_reader.h"

#include <algorithm>
#include <array>
#include <optional>

#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kNameSize = 100, kSizeAt = 124, kSizeSize = 12, kSumAt = 148, kSumSize = 8,
                      kTypeAt = 156;
using Header = std::array<char, kBlock>;

/// A number in octal digits, between spaces or NULs.
std::optional<std::uint64_t> octal(std::string_view field) {
  std::uint64_t v = 0;
  bool digits = false;
  for (const char c : field) {
    if (c >= '0' && c <= '7') {
      v = v << 3 | static_cast<std::uint64_t>(c - '0');
      digits = true;
    } else if ((c == ' ' || c == '\0') && !digits) {
      continue;
    } else if (c == ' ' || c == '\0') {
      break;
    } else {
      return std::nullopt;
    }
  }
  return digits ? std::optional(v) : std::nullopt;
}

/// The sum of all bytes, those of the sum itself taken for spaces.
std::uint64_t sum_of(const Header& h) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool in_sum = i >= kSumAt && i < kSumAt + kSumSize;
    sum += in_sum ? static_cast<unsigned char>(' ') : static_cast<unsigned char>(h[i]);
  }
  return sum;
}

}  // namespace

std::vector<TarMember> read_tar(const InputFile& file, const LoadLimits& limits) {
  std::vector<TarMember> out;
  const auto fail = [&](std::uint64_t at, const std::string& reason) {
    throw FormatError(reason, file.name(), "", at);
  };
  std::uint64_t headers = 0;
  for (std::uint64_t at = 0; file.size() - at >= kBlock;) {
    Header h{};
    file.read(at, h.data(), kBlock);
    if (std::all_of(h.begin(), h.end(), [](char c) { return c == '\0'; })) break;  // the end of the archive
    check<LimitError>(++headers <= limits.entries, "{}: more than {} members, the limit (entries)",
                      file.name(), limits.entries);
    const std::string_view bytes(h.data(), kBlock);
    if (octal(bytes.substr(kSumAt, kSumSize)) != sum_of(h))
      fail(at, "the header of a tar member does not give its checksum");
    const auto size = octal(bytes.substr(kSizeAt, kSizeSize));
    if (!size) fail(at, "the size of a tar member is no number");
    const std::uint64_t data = at + kBlock;
    if (*size > file.size() - data)
      fail(at, fmt::format("a tar member of {} bytes, {} are left: the file was cut short", *size,
                           file.size() - data));
    const std::string_view name = bytes.substr(0, std::min(bytes.find('\0'), kNameSize));
    switch (h[kTypeAt]) {
      case '0':
      case '\0': {
        for (const TarMember& m : out) {
          if (m.name == name) fail(at, fmt::format("two tar members are named {}", shown_name(name)));
        }
        out.push_back({std::string(name), data, *size});
        break;
      }
      case '5':  // a folder
      case 'x':  // pax: more about the next member, or about all
      case 'g':
        break;
      default:
        fail(at, fmt::format("the tar member {} is a link or a device", shown_name(name)));
    }
    const std::uint64_t padded = (*size + kBlock - 1) / kBlock * kBlock;
    at = padded > file.size() - data ? file.size() : data + padded;
  }
  return out;
}

}  // namespace ballast::checkpoint
