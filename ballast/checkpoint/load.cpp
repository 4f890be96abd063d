#include "ballast/checkpoint/load.h"

#include <algorithm>
#include <cctype>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/checkpoint/formats/folder.h"
#include "ballast/checkpoint/formats/gguf.h"
#include "ballast/checkpoint/formats/npy.h"
#include "ballast/checkpoint/formats/safetensors.h"
#include "ballast/checkpoint/formats/shard_index.h"
#include "ballast/checkpoint/formats/torch_legacy.h"
#include "ballast/checkpoint/formats/torch_tar.h"
#include "ballast/checkpoint/formats/zip_archive.h"

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kLook = 512;

bool looks_like_a_web_page(std::string_view head) {
  while (!head.empty() && std::isspace(static_cast<unsigned char>(head.front()))) head.remove_prefix(1);
  std::string lower(head.substr(0, 16));
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower.starts_with("<!doctype") || lower.starts_with("<html") || lower.starts_with("<?xml");
}

/// The length of a safetensors header, which such a file begins with, and its first brace.
bool looks_like_safetensors(std::string_view head) { return head.size() > 8 && head[8] == '{'; }

bool looks_like_an_index(std::string_view head, const std::string& name) {
  return head.starts_with('{') || name.ends_with(".index.json");
}

constexpr std::string_view kLfsPointer = "version https://git-lfs";

/// What downloads leave in place of a file.
bool is_no_file_of_data(std::string_view head) {
  return head.starts_with(kLfsPointer) || looks_like_a_web_page(head);
}

/// What a file is that is not read.
std::string_view what_it_is(std::string_view head) {
  using namespace std::string_view_literals;
  if (head.empty()) return "the file is empty";
  if (head.starts_with(kLfsPointer)) {
    return "a pointer of Git LFS in place of the file: fetch the file itself (git lfs pull)";
  }
  if (looks_like_a_web_page(head)) return "a web page, not a checkpoint: the download went wrong";
  if (head.starts_with("\x89HDF\r\n\x1a\n"sv)) return "an HDF5 file: not read";
  if (head.starts_with("\x1f\x8b"sv)) return "a gzip file: unpack it first";
  if (head.size() >= 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5) {
    return "a bare pickle, not a checkpoint that torch.save wrote: not read; nothing was run";
  }
  return "not a checkpoint of a known format (a zip written by torch.save begins with PK)";
}

using ReadFormat = Checkpoint (*)(const std::shared_ptr<InputFile>&, const LoadOptions&);

/// Who reads a file that begins so; null: nobody.
ReadFormat reader_of(std::string_view head, const std::string& name) {
  using namespace std::string_view_literals;
  if (is_no_file_of_data(head)) return nullptr;
  // The one name that is a promise: whoever opens such a file, or let it in, counts on there being no pickle in it.
  if (name.ends_with(".safetensors")) return load_safetensors;
  if (head.starts_with("PK\3\4") || head.starts_with("PK\5\6")) return load_zip;
  if (head.starts_with("GGUF")) return load_gguf;
  if (head.starts_with("\x93NUMPY"sv)) return load_npy;
  // The magic number that the first of the stacked pickles holds.
  if (head.substr(0, 64).find("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv) != std::string_view::npos)
    return load_torch_legacy;
  if (head.size() > 262 && head.substr(257, 5) == "ustar") return load_torch_tar;
  if (looks_like_safetensors(head)) return load_safetensors;
  if (looks_like_an_index(head, name)) return load_shard_index;
  return nullptr;
}

}  // namespace

Checkpoint load(const std::filesystem::path& path, const LoadOptions& options) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) return load_folder(path, options);
  const auto file = InputFile::open(path);
  std::string head(std::min<std::uint64_t>(kLook, file->size()), '\0');
  file->read(0, head.data(), head.size());
  const ReadFormat reader = reader_of(head, file->name());
  if (reader == nullptr || head.empty()) throw FormatError(std::string(what_it_is(head)), file->name());
  return reader(file, options);
}

}  // namespace ballast::checkpoint
