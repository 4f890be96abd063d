// Transfer learning: a trunk trained on the digits 0 to 4 reads 5 to 9 with a new head. What is shared: the trunk, through a
// file; it is loaded by name, frozen, and only the head is trained.
#include <filesystem>

#include "examples/training/example.h"

namespace data = ballast::data;
namespace nn = ballast::nn;
namespace F = ballast::nn::functional;
using ballast::Tensor;

struct ReaderImpl : nn::Cloneable<ReaderImpl> {
  nn::Sequential trunk{nn::Conv2d(nn::Conv2dOptions(1, 16, 3).padding(1)),  nn::ReLU(), nn::MaxPool2d(2),
                       nn::Conv2d(nn::Conv2dOptions(16, 32, 3).padding(1)), nn::ReLU(), nn::Flatten()};
  nn::Linear head;

  explicit ReaderImpl(std::int64_t classes) : head(512, classes) {
    bind_module("trunk", trunk);
    bind_module("head", head);
  }
  Tensor forward(const Tensor& x) { return head(trunk(x)); }
};
BALLAST_MODULE(Reader);

/// The images of some digits, labelled from 0.
std::pair<Tensor, Tensor> only(const Tensor& images, const Tensor& labels, std::int64_t first) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < labels.numel(); ++i) {
    const auto label = labels[i].item<std::int64_t>();
    if (label >= first && label < first + 5) rows.push_back(i);
  }
  const Tensor chosen = ballast::tensor(rows);
  return {ballast::index_select(images, 0, chosen), ballast::index_select(labels, 0, chosen) - first};
}

void train(const Reader& net, const Tensor& x, const Tensor& y, int epochs) {
  std::vector<Tensor> trained;
  for (const Tensor& p : net->parameters()) {
    if (p.requires_grad()) trained.push_back(p);
  }
  ballast::optim::SGD sgd(trained, ballast::optim::SGDOptions(0.02).momentum(0.9));
  const data::DataLoader batches(data::TensorDataset(x, y), {.batch_size = 64, .shuffle = true});
  for (int epoch = 0; epoch < epochs; ++epoch) {
    for (const auto& [images, labels] : batches) {
      sgd.zero_grad();
      F::cross_entropy(net(images), labels).backward();
      sgd.step();
    }
  }
}

int main(int argc, char** argv) {
  const bool quick = example::is_quick(argc, argv);
  const example::Digits digits = example::load_digits();
  const auto [low_x, low_y] = only(digits.train_images, digits.train_labels, 0);
  const auto [high_x, high_y] = only(digits.train_images, digits.train_labels, 5);
  const auto [test_x, test_y] = only(digits.test_images, digits.test_labels, 5);
  const example::Clock clock;

  ballast::manual_seed(0);
  Reader low(5);
  train(low, low_x, low_y, quick ? 1 : 20);
  const auto file = std::filesystem::temp_directory_path() / "ballast_transfer_trunk.pth";
  ballast::save(low->state_dict(), file);

  // A few examples only: 50 images of the new digits.
  const Tensor few_x = high_x.slice(0, 0, 50);
  const Tensor few_y = high_y.slice(0, 0, 50);
  ballast::manual_seed(1);
  Reader from_file(5);
  ballast::StateDict pretrained;
  for (const auto& [name, value] : ballast::load(file).state_dict()) {
    if (name.starts_with("trunk.")) pretrained.insert(name, value);
  }
  const auto report = from_file->load_state_dict(pretrained, {.strict = false});
  fmt::print("{}\n", report);
  from_file->trunk->requires_grad_(false);
  std::int64_t trained = 0;
  std::int64_t all = 0;
  for (const Tensor& p : from_file->parameters()) {
    all += p.numel();
    trained += p.requires_grad() ? p.numel() : 0;
  }
  fmt::print("{} of {} parameters are trained; {} bytes of gradients and momentum are not needed\n", trained,
             all, (all - trained) * 8);
  train(from_file, few_x, few_y, quick ? 5 : 20);
  bool frozen = true;
  for (const auto& [name, p] : from_file->named_parameters()) {
    if (name.starts_with("trunk.")) frozen = frozen && p.equal(pretrained[name]);
  }
  fmt::print("the trunk is as it was loaded: {}\n", frozen);

  ballast::manual_seed(1);
  Reader from_nothing(5);
  train(from_nothing, few_x, few_y, quick ? 5 : 20);
  const ballast::NoGradGuard no_grad;
  fmt::print("test accuracy from 50 images: {:.4f} with the trunk, {:.4f} without, in {:.1f} s\n",
             example::accuracy(from_file(test_x), test_y), example::accuracy(from_nothing(test_x), test_y),
             clock.seconds());
  std::filesystem::remove(file);
}
