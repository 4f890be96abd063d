// Programs that must not compile, and what the compiler says of them. mistakes.cmake compiles this file as it is, and then
// once with each of the mistakes.
#include <ballast/autograd/grad_mode.h>
#include <ballast/checkpoint/load.h>
#include <ballast/nn/containers/sequential.h>
#include <ballast/nn/layers/linear.h>

namespace nn = ballast::nn;

struct NetImpl : nn::Cloneable<NetImpl> {
  explicit NetImpl(int width) : width(width) {}
  int width;
};
BALLAST_MODULE(Net);

struct Plain {};

void use(nn::Sequential& model, ballast::Tensor& t) {
#if MISTAKE == 1
  // says: apply takes a function of Module& or of const std::shared_ptr<Module>&
  model->apply([](int) {});
#elif MISTAKE == 2
  // says: this module has no default constructor: give its arguments, or nullptr for an empty holder
  Net net;
#elif MISTAKE == 3
  // says: no matching function for call to .*Linear
  nn::Linear layer(Plain{});
#elif MISTAKE == 4
  // says: data_ptr<Plain>
  static_cast<void>(t.data_ptr<Plain>());
#elif MISTAKE == 5
  // says: deleted function .*AutoGradMode
  const ballast::NoGradGuard guard;
  const ballast::NoGradGuard copy = guard;
#elif MISTAKE == 6
  // says: discards? qualifiers|ignoring return value|nodiscard
  ballast::load("model.pth");
#endif
  static_cast<void>(model);
  static_cast<void>(t);
}
