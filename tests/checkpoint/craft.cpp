#include "tests/checkpoint/craft.h"

#include <atomic>
#include <fstream>
#include <stdexcept>

#include "tests/support/golden.h"
#include <libdeflate.h>
#include <nettle/sha2.h>
#include <unistd.h>

namespace ballast::testing {

TemporaryFolder::TemporaryFolder() {
  static std::atomic<int> count{0};
  path_ = std::filesystem::temp_directory_path() /
          ("ballast-test-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
  std::filesystem::create_directories(path_);
}
TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}
std::filesystem::path TemporaryFolder::file(const std::string& name, const std::string& bytes) const {
  auto path = path_ / name;
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
  return path;
}

std::string little(std::uint64_t v, int size) {
  std::string out;
  for (int i = 0; i < size; ++i, v >>= 8) out += static_cast<char>(v & 0xFF);
  return out;
}

std::uint32_t crc_of(const std::string& bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

std::string deflated(const std::string& bytes) {
  libdeflate_compressor* c = libdeflate_alloc_compressor(9);
  std::string out(libdeflate_deflate_compress_bound(c, bytes.size()), '\0');
  out.resize(libdeflate_deflate_compress(c, bytes.data(), bytes.size(), out.data(), out.size()));
  libdeflate_free_compressor(c);
  return out;
}

std::string crafted_zip(const std::vector<CraftedMember>& members, const std::string& comment) {
  std::string out;
  std::string directory;
  for (const CraftedMember& m : members) {
    const std::uint64_t size = m.size >= 0 ? static_cast<std::uint64_t>(m.size) : m.bytes.size();
    const std::uint64_t crc = m.crc >= 0 ? static_cast<std::uint64_t>(m.crc) : crc_of(m.bytes);
    const std::string local = m.local_name.empty() ? m.name : m.local_name;
    std::string extra;
    if (m.aligned) {
      const std::size_t fill = (64 - (out.size() + 34 + local.size()) % 64) % 64;
      extra = "FB" + little(fill, 2) + std::string(fill, 'Z');
    }
    const std::uint64_t header = out.size();
    const std::string middle = little(m.flags, 2) + little(m.method, 2) + little(0, 4) + little(crc, 4) +
                               little(m.bytes.size(), 4) + little(size, 4);
    out += "PK\3\4" + little(0, 2) + middle + little(local.size(), 2) + little(extra.size(), 2) + local +
           extra + m.bytes + m.behind;
    directory += "PK\1\2" + little(m.attributes != 0 ? 3 << 8 : 0, 2) + little(0, 2) + middle +
                 little(m.name.size(), 2) + little(0, 8) + little(m.attributes, 4) + little(header, 4) +
                 m.name;
  }
  const std::string count = little(members.size(), 2);
  return out + directory + "PK\5\6" + little(0, 4) + count + count + little(directory.size(), 4) +
         little(out.size(), 4) + little(comment.size(), 2) + comment;
}

std::string text(const std::string& s) { return "X" + little(s.size(), 4) + s; }
std::string integer(std::int64_t v) {
  return std::string("\x8a\x08") + little(static_cast<std::uint64_t>(v), 8);
}
std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
std::string tuple(const std::vector<std::string>& items) {
  std::string out = "(";
  for (const auto& i : items) out += i;
  return out + "t";
}
std::string tensor(std::int64_t numel, const std::vector<std::int64_t>& size,
                   const std::vector<std::int64_t>& stride, std::int64_t offset) {
  const auto dims = [](const std::vector<std::int64_t>& values) {
    std::vector<std::string> items;
    for (const auto v : values) items.push_back(integer(v));
    return tuple(items);
  };
  const std::string storage =
      tuple({text("storage"), global("torch", "FloatStorage"), text("0"), text("cpu"), integer(numel)}) + "Q";
  return global("torch._utils", "_rebuild_tensor_v2") +
         tuple({storage, integer(offset), dims(size), dims(stride), "\x89",
                global("collections", "OrderedDict") + ")R"}) +
         "R";
}
std::string pickle(const std::string& body) { return "\x80\x02" + body + "."; }

std::string checkpoint_of(const std::string& p, const std::vector<std::string>& storages) {
  std::vector<CraftedMember> members{{"archive/data.pkl", p}, {"archive/byteorder", "little"}};
  for (std::size_t i = 0; i < storages.size(); ++i)
    members.push_back({"archive/data/" + std::to_string(i), storages[i]});
  members.push_back({"archive/version", "3\n"});
  return crafted_zip(members);
}

std::string sha256_of(const std::string& bytes) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
  std::string digest(SHA256_DIGEST_SIZE, '\0');
  sha256_digest(&context, digest.size(), reinterpret_cast<std::uint8_t*>(digest.data()));
  return to_hex(digest);
}

}  // namespace ballast::testing
