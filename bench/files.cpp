#include "bench/workload.h"
#include <fmt/format.h>

#include "ballast/ballast.h"

namespace ballast::bench {

void write_files(const std::string& folder) {
  manual_seed(0);
  StateDict large;
  for (int i = 0; i < 200; ++i) large.append(fmt::format("layers.{}.weight", i), randn({1280, 1048}));
  save(large, folder + "/a.pth");
  StateDict many;
  for (int i = 0; i < 20'000; ++i) {
    many.append(fmt::format("blocks.{}.layers.{}.weight", i / 100, i % 100), randn({64}));
  }
  save(many, folder + "/many.pth");
}

}  // namespace ballast::bench
