#include <ballast/checkpoint/load.h>
#include <ballast/checkpoint/save.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

int main() {
  ballast::StateDict weights;
  weights.insert("w", ballast::empty({2, 3}));
  ballast::save(weights, "weights.pth");
  for (const auto& t : ballast::load("weights.pth").tensors()) {
    fmt::print("{} {} {}\n", t.name, t.value.tensor().sizes().vec(), t.value.tensor().dtype());
  }
}
