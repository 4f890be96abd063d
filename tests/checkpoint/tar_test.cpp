// Tar archives of the oldest PyTorch, against what PyTorch 2.13 reads in them.
#include <iostream>
#include <map>

#include "tests/checkpoint/craft.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/load.h"

namespace ballast::testing {
namespace {

const std::string kTars = "checkpoints/tar/";

void expect_entry(const checkpoint::Value& v, const Json& e, std::map<const void*, int>& storages) {
  if (e.contains("value")) {
    if (e["value"].is_string()) {
      EXPECT_EQ(v.as_text(), e["value"].get<std::string>());
    } else {
      EXPECT_EQ(v.as_int(), e["value"].get<std::int64_t>());
    }
    return;
  }
  const Tensor& t = v.tensor().tensor;
  EXPECT_EQ(dtype_name(t.dtype()), e["dtype"].get<std::string>());
  EXPECT_EQ(Json(t.sizes().vec()), e["shape"]);
  EXPECT_EQ(Json(t.strides().vec()), e["stride"]);
  EXPECT_EQ(sha256_of(bytes_of(t)), e["sha256"].get<std::string>());
  EXPECT_EQ(storages.try_emplace(t.storage().id(), static_cast<int>(storages.size())).first->second,
            e["storage"].get<int>());
}

TEST(Tar, HoldsWhatPyTorchReads) {
  int entries = 0;
  for (const Json& file : read_json(kTars + "expected.json")) {
    const std::string name = file["file"];
    SCOPED_TRACE(name);
    for (const bool mmap : {true, false}) {
      const auto c = load(data_path(kTars + name), {.mmap = mmap});
      EXPECT_EQ(c.format(), "torch-tar");
      std::map<const void*, int> storages;
      ASSERT_EQ(c.root().size(), file["entries"].size());
      for (std::size_t i = 0; i < c.root().size(); ++i, ++entries) {
        EXPECT_EQ(c.root().key(i).as_text(), file["entries"][i]["name"].get<std::string>());
        expect_entry(c.root().value(i), file["entries"][i], storages);
      }
    }
  }
  std::cout << "[ cases ] " << entries << " entries of " << kTars << "expected.json\n";
  EXPECT_GT(entries, 0);
}

bool loads(const std::filesystem::path& path) {
  try {
    for (const auto& t : load(path).tensors()) static_cast<void>(bytes_of(t.value.tensor().resolved()));
    return true;
  } catch (const FormatError&) {
  } catch (const LimitError&) {
  }
  return false;
}

TEST(Tar, DamageIsRefusedOrHarmless) {
  const std::string good = read_file(data_path(kTars + "old.tar"));
  const TemporaryFolder folder;
  std::size_t refused = 0;
  // Blocks of NULs at the end may be missing: no reader minds.
  const std::size_t used = good.find_last_not_of('\0') + 1;
  for (std::size_t n = 0; n < used; n += 7, ++refused)
    EXPECT_FALSE(loads(folder.file("cut.tar", good.substr(0, n)))) << "cut at " << n;
  std::size_t flips = 0;
  for (std::size_t at = 0; at < used; at += 3, ++flips) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
    static_cast<void>(loads(folder.file("flipped.tar", bad)));
  }
  std::cout << "[ cases ] " << refused << " cuts, " << flips << " flipped bits\n";
}

}  // namespace
}  // namespace ballast::testing
