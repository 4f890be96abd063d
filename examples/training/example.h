// What the training examples share: their data, their settings, and how they report.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <ballast/ballast.h>
#include <fmt/format.h>

namespace example {

using ballast::Tensor;

/// `--quick` trains for a moment only: what the tests run.
inline bool is_quick(int argc, char** argv) { return argc > 1 && std::string_view(argv[1]) == "--quick"; }

struct Digits {
  Tensor train_images, train_labels;  ///< [1500, 1, 8, 8] in [0, 1], and [1500] int64
  Tensor test_images, test_labels;    ///< the other 297
};

inline Digits load_digits() {
  const auto file = ballast::load(BALLAST_EXAMPLE_DATA "/digits.pth").state_dict();
  const Tensor images = file["images"].to(ballast::kFloat32).unsqueeze(1) / 16;
  const Tensor labels = file["labels"].to(ballast::kInt64);
  constexpr std::int64_t kTrain = 1500;
  return {images.slice(0, 0, kTrain), labels.slice(0, 0, kTrain), images.slice(0, kTrain),
          labels.slice(0, kTrain)};
}

/// A text as numbers: each character's place among those that occur.
struct Text {
  std::string characters;
  Tensor codes;  ///< [length] int64
};

inline Text load_text() {
  std::ifstream file(BALLAST_EXAMPLE_DATA "/shakespeare.txt", std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::map<char, std::int64_t> codes;
  for (const char c : text) codes.emplace(c, 0);
  Text out;
  for (auto& [c, code] : codes) {
    code = static_cast<std::int64_t>(out.characters.size());
    out.characters += c;
  }
  std::vector<std::int64_t> numbers;
  for (const char c : text) numbers.push_back(codes[c]);
  out.codes = ballast::tensor(numbers);
  return out;
}

/// Random windows of a text: inputs [length, batch], and the same moved by one as targets.
inline std::pair<Tensor, Tensor> windows(const Text& text, std::int64_t length, std::int64_t batch) {
  const Tensor starts = ballast::randint(0, text.codes.numel() - length - 1, {batch});
  std::vector<Tensor> x, y;
  for (std::int64_t i = 0; i < batch; ++i) {
    const auto at = starts[i].item<std::int64_t>();
    x.push_back(text.codes.slice(0, at, at + length));
    y.push_back(text.codes.slice(0, at + 1, at + length + 1));
  }
  return {ballast::stack(x, 1), ballast::stack(y, 1)};
}

/// The share of rows whose largest score is that of their label.
inline double accuracy(const Tensor& scores, const Tensor& labels) {
  return scores.argmax(1).eq(labels).to(ballast::kFloat64).mean().item<double>();
}

/// The largest difference between two tensors, against the size of the second.
inline double relative_difference(const Tensor& a, const Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

class Clock {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace example
