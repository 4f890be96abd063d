// Making files by hand: archives and pickles that no honest program writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace ballast::testing {

/// A folder of its own, gone when the test is.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Writes a file into it.
  [[nodiscard]] std::filesystem::path file(const std::string& name, const std::string& bytes) const;

 private:
  std::filesystem::path path_;
};

/// A member of an archive; what is not given is computed.
struct CraftedMember {
  std::string name;
  std::string bytes;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::int64_t size = -1;  ///< unpacked, in both headers
  std::int64_t crc = -1;
  std::string local_name{};      ///< in the local header, if it differs
  std::string behind{};          ///< bytes after the data: a descriptor, or what should not be there
  std::uint32_t attributes = 0;  ///< external attributes, of a Unix system if not zero
  bool aligned = true;           ///< data at a multiple of 64
};
[[nodiscard]] std::string crafted_zip(const std::vector<CraftedMember>& members,
                                      const std::string& comment = {});
[[nodiscard]] std::string deflated(const std::string& bytes);
[[nodiscard]] std::uint32_t crc_of(const std::string& bytes);
/// A little-endian integer of `size` bytes.
[[nodiscard]] std::string little(std::uint64_t v, int size);

/// Pieces of pickles.
[[nodiscard]] std::string text(const std::string& s);
[[nodiscard]] std::string integer(std::int64_t v);
[[nodiscard]] std::string global(const std::string& module, const std::string& name);
[[nodiscard]] std::string tuple(const std::vector<std::string>& items);
/// A call of `_rebuild_tensor_v2` on a float32 storage "0" of `numel` elements.
[[nodiscard]] std::string tensor(std::int64_t numel, const std::vector<std::int64_t>& size,
                                 const std::vector<std::int64_t>& stride, std::int64_t offset = 0);
/// PROTO 2, the body, STOP.
[[nodiscard]] std::string pickle(const std::string& body);

/// A checkpoint of one pickle and storages "0", "1", ...
[[nodiscard]] std::string checkpoint_of(const std::string& pickle,
                                        const std::vector<std::string>& storages = {});

[[nodiscard]] std::string sha256_of(const std::string& bytes);

}  // namespace ballast::testing
