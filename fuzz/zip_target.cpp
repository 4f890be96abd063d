// Archives: torch.save's, TorchScript's, torch.export's, NumPy's. Half of the changes are made to the bytes of a member, and
// the archive is put together around them again, with the checksum that they have now: otherwise hardly any would get past it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>

#include "fuzz/file_input.h"
#include "fuzz/zip_members.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned int seed) {
  using namespace ballast::fuzz;
  std::minstd_rand random(seed);
  if (random() % 2 == 0) return LLVMFuzzerMutate(data, size, max_size);
  std::vector<ZipMember> members = zip_members({reinterpret_cast<const char*>(data), size});
  if (members.empty()) return LLVMFuzzerMutate(data, size, max_size);

  std::string& bytes = members[random() % members.size()].bytes;
  const std::size_t before = bytes.size(),
                    most = before + std::min<std::size_t>(max_size - std::min(size, max_size), 256);
  bytes.resize(std::max<std::size_t>(most, 1));
  // The bytes of storages keep their number, which the pickle states, more often than not.
  const bool keep = random() % 4 != 0 && before > 0;
  bytes.resize(
      LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), before, keep ? before : bytes.size()));
  const std::string archive = zip_of(members);
  if (archive.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, archive.data(), archive.size());
  return archive.size();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ballast::fuzz::load_input({data, size});
  return 0;
}
