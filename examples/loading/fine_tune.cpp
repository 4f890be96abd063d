// Fine-tuning begins with a checkpoint that does not quite fit: what the report says, and a load that takes what there is.
//
//   fine_tune tests/data/match/trained_ddp.pth
//
// docs/loading.md shows what it prints.
#include <ballast/ballast.h>
#include <fmt/format.h>

namespace nn = ballast::nn;
using ballast::OnShapeMismatch;

namespace {

struct AttentionImpl : nn::Cloneable<AttentionImpl> {
  explicit AttentionImpl(std::int64_t d = 4) {
    bind_module("qkv", qkv, nn::Linear(d, 3 * d));
    bind_module("out", out, nn::Linear(d, d));
  }
  nn::Linear qkv{nullptr}, out{nullptr};
};
BALLAST_MODULE(Attention);

struct LayerImpl : nn::Cloneable<LayerImpl> {
  explicit LayerImpl(std::int64_t d = 4) {
    bind_module("attn", attn, Attention(d));
    bind_module("up", up, nn::Linear(d, 2 * d));
    bind_module("norm", norm, nn::LayerNorm(d));
  }
  Attention attn{nullptr};
  nn::Linear up{nullptr};
  nn::LayerNorm norm{nullptr};
};
BALLAST_MODULE(Layer);

struct EncoderImpl : nn::Cloneable<EncoderImpl> {
  explicit EncoderImpl(int count = 3) {
    bind_module("embed", embed, nn::Embedding(12, 4));
    bind_module("layers", layers, nn::ModuleList());
    for (int i = 0; i < count; ++i) layers->push_back(Layer());
  }
  nn::Embedding embed{nullptr};
  nn::ModuleList layers{nullptr};
};
BALLAST_MODULE(Encoder);

struct NetImpl : nn::Cloneable<NetImpl> {
  explicit NetImpl(std::int64_t classes = 3) {
    bind_module("encoder", encoder, Encoder());
    bind_module("head", head, nn::Linear(4, classes));
  }
  Encoder encoder{nullptr};
  nn::Linear head{nullptr};
};
BALLAST_MODULE(Net);

}  // namespace

int main(int argc, char** argv) {
  const auto state = ballast::load(argc > 1 ? argv[1] : "trained_ddp.pth").state_dict();
  Net net;
  fmt::print("{}\n", nn::match(*net, state));  // changes nothing

  ballast::MatchReport report;
  net->load_state_dict(
      state,
      {.rules = {.strip_prefix = "module.", .on_shape_mismatch = OnShapeMismatch::kSkip}, .report = &report});
  fmt::print("{}\n", report);

  for (const auto& m : report.loaded) net->get_parameter(m.name).requires_grad_(false);
  for (const auto& [name, p] : net->named_parameters()) {
    if (p.requires_grad()) fmt::print("to train: {}\n", name);
  }
}
