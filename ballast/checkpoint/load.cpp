#include "ballast/checkpoint/load.h"

#include <algorithm>
#include <cctype>

#include "ballast/checkpoint/formats/torch_zip.h"
#include "ballast/checkpoint/input_file.h"

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kLook = 512;

bool looks_like_a_web_page(std::string_view head) {
  while (!head.empty() && std::isspace(static_cast<unsigned char>(head.front()))) head.remove_prefix(1);
  std::string lower(head.substr(0, 16));
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower.starts_with("<!doctype") || lower.starts_with("<html") || lower.starts_with("<?xml");
}

/// What a file is that is not read, or "" for a zip.
std::string_view what_it_is(std::string_view head) {
  using namespace std::string_view_literals;
  if (head.empty()) return "the file is empty";
  if (head.starts_with("PK\3\4") || head.starts_with("PK\5\6")) return {};
  // The magic number that the first of the stacked pickles holds.
  if (head.find("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv) != std::string_view::npos) {
    return "a legacy (pre-1.6) PyTorch file: not read yet";
  }
  if (head.starts_with("version https://git-lfs")) {
    return "a pointer of Git LFS in place of the file: fetch the file itself (git lfs pull)";
  }
  if (looks_like_a_web_page(head)) return "a web page, not a checkpoint: the download went wrong";
  if (head.starts_with("GGUF")) return "a GGUF file: not read yet";
  if (head.starts_with("\x93NUMPY"sv)) return "a NumPy .npy file: not read yet";
  if (head.starts_with("\x89HDF\r\n\x1a\n"sv)) return "an HDF5 file: not read";
  if (head.starts_with("\x1f\x8b"sv)) return "a gzip file: unpack it first";
  if (head.size() > 262 && head.substr(257, 5) == "ustar")
    return "a tar archive (a legacy PyTorch file, perhaps): not read yet";
  if (head.size() > 8 && head[8] == '{' && head.substr(4, 4) == "\0\0\0\0"sv)
    return "a safetensors file: not read yet";
  if (head.size() >= 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5) {
    return "a bare pickle, not a checkpoint that torch.save wrote: not read; nothing was run";
  }
  return "not a checkpoint of a known format (a zip written by torch.save begins with PK)";
}

}  // namespace

Checkpoint load(const std::filesystem::path& path, const LoadOptions& options) {
  const auto file = InputFile::open(path);
  std::string head(std::min<std::uint64_t>(kLook, file->size()), '\0');
  file->read(0, head.data(), head.size());
  const std::string_view what = what_it_is(head);
  if (!what.empty()) throw FormatError(std::string(what), file->name());
  return load_torch_zip(file, options);
}

}  // namespace ballast::checkpoint
