// What docs/summary.md shows: the summaries of three models.
//
//   describe net | shared | gpt2
#include <string_view>

#include <ballast/ballast.h>
#include <fmt/format.h>

namespace nn = ballast::nn;
using ballast::Tensor;

namespace {

void net() {
  nn::Sequential net{nn::Conv2d(1, 8, 5), nn::BatchNorm2d(8),          nn::ReLU(), nn::MaxPool2d(2),
                     nn::Flatten(),       nn::Linear(8 * 12 * 12, 32), nn::ReLU(), nn::Linear(32, 10)};
  net[0]->requires_grad_(false);
  fmt::print("{}", ballast::summary(net, {.input_size = {16, 1, 28, 28}}));
}

void shared() {
  const nn::Linear hidden(8, 8);
  nn::Sequential net{nn::Linear(4, 8), hidden, nn::ReLU(), hidden, nn::Linear(8, 4)};
  net[4]->as<nn::Linear>()->weight = ballast::Parameter(net[0]->as<nn::Linear>()->weight.data().t());
  fmt::print("{}", ballast::summary(net));
}

struct BlockImpl : nn::Cloneable<BlockImpl> {
  explicit BlockImpl(std::int64_t width) {
    bind_module("ln_1", ln_1, nn::LayerNorm(width));
    bind_module("attn", attn,
                nn::MultiheadAttention(nn::MultiheadAttentionOptions(width, 12).batch_first(true)));
    bind_module("ln_2", ln_2, nn::LayerNorm(width));
    bind_module("mlp", mlp,
                nn::Sequential{nn::Linear(width, 4 * width), nn::GELU(), nn::Linear(4 * width, width)});
  }
  Tensor forward(const Tensor& x) {
    const Tensor y = ln_1(x);
    const Tensor z = x + std::get<0>(attn(y, y, y));
    return z + mlp(ln_2(z));
  }
  nn::LayerNorm ln_1{nullptr}, ln_2{nullptr};
  nn::MultiheadAttention attn{nullptr};
  nn::Sequential mlp{nullptr};
};
BALLAST_MODULE(Block);

struct GPT2Impl : nn::Cloneable<GPT2Impl> {
  GPT2Impl() {
    bind_module("wte", wte, nn::Embedding(50257, 768));
    bind_module("wpe", wpe, nn::Embedding(1024, 768));
    nn::Sequential blocks;
    for (int i = 0; i < 12; ++i) blocks->push_back(Block(768));
    bind_module("h", h, blocks);
    bind_module("ln_f", ln_f, nn::LayerNorm(768));
    bind_module("lm_head", lm_head, nn::Linear(nn::LinearOptions(768, 50257).bias(false)));
    lm_head->weight = wte->weight;
  }
  Tensor forward(const Tensor& tokens) {
    return lm_head(ln_f(h(wte(tokens) + wpe(ballast::arange(tokens.size(1))))));
  }
  nn::Embedding wte{nullptr}, wpe{nullptr};
  nn::Sequential h{nullptr};
  nn::LayerNorm ln_f{nullptr};
  nn::Linear lm_head{nullptr};
};
BALLAST_MODULE(GPT2);

void gpt2() {
  ballast::DefaultDeviceGuard on_meta(ballast::kMeta);
  GPT2 gpt2;
  fmt::print("{}",
             ballast::summary(gpt2, {.input_size = {1, 1024}, .dtypes = {ballast::kInt64}, .depth = 1}));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view which = argc == 2 ? argv[1] : "";
  if (which == "net") return net(), 0;
  if (which == "shared") return shared(), 0;
  if (which == "gpt2") return gpt2(), 0;
  fmt::print(stderr, "usage: describe net | shared | gpt2\n");
  return 2;
}
