#include "ballast/checkpoint/archives/zip_writer.h"
#include "ballast/checkpoint/bytes/atomic_file.h"
#include "ballast/checkpoint/bytes/tensor_pieces.h"
#include "ballast/checkpoint/formats/torch_zip.h"
#include "ballast/checkpoint/pickle/pickle_writer.h"

namespace ballast::checkpoint {

void save_torch_zip(const Value& value, const std::filesystem::path& path, const SaveOptions& options) {
  PickleWriter pickle(options.compact);
  const std::string program = pickle.write(value);
  std::uint64_t total = 0;
  for (const WrittenStorage& s : pickle.storages()) total += s.end - s.begin;

  AtomicFile file(path);
  ZipWriter zip(file);
  constexpr std::uint64_t kRecords = 5, kRecordBytes = 64, kLongestName = 40;
  const std::uint64_t members = pickle.storages().size() + kRecords;
  zip.expect(members, members * kLongestName, program.size() + total + kRecordBytes);
  zip.add("archive/data.pkl", program);
  zip.add("archive/.format_version", "1");
  zip.add("archive/.storage_alignment", "64");
  zip.add("archive/byteorder", "little");
  std::uint64_t done = 0;
  for (std::size_t i = 0; i < pickle.storages().size(); ++i) {
    const WrittenStorage& s = pickle.storages()[i];
    zip.begin(fmt::format("archive/data/{}", i));
    each_piece(s.storage, s.begin, s.end, [&](const std::byte* bytes, std::size_t n) {
      zip.append(bytes, n);
      done += n;
    });
    zip.end();
    if (options.progress) options.progress(done, total);
  }
  zip.add("archive/version", "3\n");
  zip.finish();
  file.commit(options.fsync);
}

}  // namespace ballast::checkpoint
