"""What PyTorch, torchinfo and torch's counter of operations say of models that tests/summary builds again.

Read by tests/summary. Of each model: what hooks on its modules see (shapes, calls), what its modules hold, counted by identity;
what torchinfo 1.8.0 says where it is right ("torchinfo": it counts the positions of no Linear or normalisation over more than two
dimensions, a transposed convolution by its result, the rows of embeddings as products, and not all of attention); and products,
counted where they are executed ("products": half of what FlopCounterMode counts), beside the biases and scales that were applied
("scales"), which it does not count.
"""
import json

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from .common import write


def mlp():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))


def tied():
    shared = nn.Linear(8, 8)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), shared, nn.ReLU(), shared, nn.Sequential(shared, nn.BatchNorm1d(8)), nn.Linear(8, 1))


def frozen():
    m = nn.Sequential(nn.Conv2d(3, 6, 3, groups=3), nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 16, 5))
    m[0].weight.requires_grad = False
    m[1].requires_grad_(False)
    return m


def convolutions():
    return nn.Sequential(
        nn.Conv2d(4, 8, (3, 2), stride=2, padding=1, dilation=(1, 2), groups=2),
        nn.Conv2d(8, 8, 3, padding="same", groups=8, bias=False),
        nn.Conv2d(8, 6, 1),
        nn.MaxPool2d(2),
        nn.Flatten(2),
        nn.Conv1d(6, 3, 2, bias=False),
    )


def upward():
    return nn.Sequential(nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), nn.Conv2d(6, 4, 3), nn.ConvTranspose2d(4, 2, 2, padding=1, bias=False))


class Steps(nn.Module):
    """Layers in a list, some called twice, one never, one used by its weight alone."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(6, 6), nn.Sequential(nn.Linear(6, 6, bias=False), nn.Tanh())])
        self.act = nn.ReLU()
        self.unused = nn.Linear(6, 2)
        self.register_buffer("scale", torch.ones(6))

    def forward(self, x):
        for layer in self.layers:
            x = self.act(layer(x))
        return self.layers[0](x) * self.scale


class LanguageModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.rnn = nn.LSTM(6, 6, num_layers=2, batch_first=True)
        self.decoder = nn.Linear(6, 11)
        self.decoder.weight = self.embedding.weight

    def forward(self, x):
        return self.decoder(self.rnn(self.embedding(x))[0])


def gru():
    return nn.GRU(3, 4, bidirectional=True)


def projected():
    return nn.LSTM(3, 5, proj_size=2, bias=False, batch_first=True)


def encoder():
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 2, norm=nn.LayerNorm(16), enable_nested_tensor=False)


def transformer():
    return nn.Transformer(16, 4, 1, 2, 24, bias=False)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.cross = nn.MultiheadAttention(8, 2, kdim=3, vdim=5, add_bias_kv=True, add_zero_attn=True)

    def forward(self, q, k, v):
        return self.cross(q, k, v)[0]


class Bottleneck(nn.Module):
    def __init__(self, channels, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or channels != 4 * width:
            self.downsample = nn.Sequential(nn.Conv2d(channels, 4 * width, 1, stride=stride, bias=False), nn.BatchNorm2d(4 * width))

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet50(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        channels = 64
        for i, (width, blocks) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)]):
            stage = nn.Sequential()
            for b in range(blocks):
                stage.append(Bottleneck(channels, width, 2 if b == 0 and i > 0 else 1))
                channels = 4 * width
            setattr(self, f"layer{i + 1}", stage)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(2048, 1000)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.ln_1 = nn.LayerNorm(d)
        self.attn = nn.MultiheadAttention(d, heads, batch_first=True)
        self.ln_2 = nn.LayerNorm(d)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class GPT2(nn.Module):
    """As large as GPT-2; the output is tied to the embedding."""

    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(50257, 768)
        self.wpe = nn.Embedding(1024, 768)
        self.h = nn.ModuleList([Block(768, 12) for _ in range(12)])
        self.ln_f = nn.LayerNorm(768)
        self.lm_head = nn.Linear(768, 50257, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, x):
        x = self.wte(x) + self.wpe(torch.arange(x.shape[1], device=x.device))
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))


# Name, maker, input shapes, of integers?, whether torchinfo's products are right, whether torch counts them.
MODELS = [
    ("mlp", mlp, [[3, 4]], False, True, True),
    ("tied", tied, [[3, 4]], False, True, True),
    ("frozen", frozen, [[2, 3, 6, 6]], False, False, True),
    ("convolutions", convolutions, [[2, 4, 9, 8]], False, True, True),
    ("upward", upward, [[2, 4, 5, 6]], False, False, True),
    ("steps", Steps, [[2, 6]], False, True, True),
    ("language_model", LanguageModel, [[2, 5]], True, False, False),
    ("gru", gru, [[5, 2, 3]], False, True, False),
    ("projected", projected, [[2, 5, 3]], False, True, False),
    ("encoder", encoder, [[2, 5, 16]], False, False, True),
    ("transformer", transformer, [[5, 2, 16], [3, 2, 16]], False, False, True),
    ("attention", Attention, [[5, 2, 8], [7, 2, 3], [7, 2, 5]], False, False, True),
    ("resnet50", ResNet50, [[1, 3, 224, 224]], False, False, True),
    ("gpt2", GPT2, [[1, 1024]], True, False, True),
]


def first_tensor(x):
    while isinstance(x, (tuple, list)):
        x = x[0]
    return x


def scales_of(m, inputs, output):
    """Biases, and weights and biases of normalisations, that a call applied: what no product shows."""
    y = first_tensor(output)
    if isinstance(m, nn.MultiheadAttention):
        if m.in_proj_bias is None:
            return 0
        rows = [t.numel() // t.shape[-1] for t in inputs[:3]]
        return m.embed_dim * (sum(rows) + rows[0])
    parts = [m.bias] if isinstance(m, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d)) else [m.weight, m.bias] if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm)) else []
    return y.numel() * sum(p is not None for p in parts)


def numel(tensors):
    return sum({id(t): t.numel() for t in tensors}.values())


def described(name, make, sizes, integers, torchinfo_is_right, counted):
    import torchinfo

    torch.manual_seed(0)
    on = "meta" if name == "gpt2" else "cpu"
    with torch.device(on):
        model = make().eval()
    inputs = [torch.zeros(s, dtype=torch.int64 if integers else torch.float32, device=on) for s in sizes]
    calls, outputs, scales, depth, leaf_bytes = {}, {}, [], [], []

    def before(m, args):
        if depth:
            depth[-1] = True
        depth.append(False)

    def after(m, args, output):
        y = first_tensor(output)
        calls[m] = calls.get(m, 0) + 1
        outputs[m] = list(y.shape)
        scales.append(scales_of(m, args, output))
        given = {t.untyped_storage()._cdata for t in args if isinstance(t, torch.Tensor)}
        if not depth.pop() and y.untyped_storage()._cdata not in given:
            leaf_bytes.append(y.numel() * y.element_size())

    handles = [h for m in model.modules() for h in (m.register_forward_pre_hook(before), m.register_forward_hook(after))]
    torch.backends.mha.set_fastpath_enabled(False)
    flops = FlopCounterMode(display=False)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), flops:
        model(*inputs)
    for h in handles:
        h.remove()

    modules = []
    for path, m in model.named_modules(remove_duplicate=False):
        own = list(m.parameters(recurse=False))
        e = {
            "path": path,
            "class": type(m).__name__,
            "own": numel(own),
            "parameters": numel(m.parameters()),
            "trainable": numel(p for p in m.parameters() if p.requires_grad),
            "buffers": numel(m.buffers()),
        }
        if m in calls:
            e["calls"] = calls[m]  # through any of its paths
            e["output"] = outputs[m]
        modules.append(e)
    out = {
        "name": name,
        "inputs": sizes,
        "integers": integers,
        "activation_bytes": sum(leaf_bytes),
        "parameter_bytes": sum({id(p): p.numel() * p.element_size() for p in model.parameters()}.values()),
        "buffer_bytes": sum({id(b): b.numel() * b.element_size() for b in model.buffers()}.values()),
        "modules": modules,
    }
    if counted:
        assert flops.get_total_flops() % 2 == 0
        out["products"] = flops.get_total_flops() // 2
        out["scales"] = sum(scales)
    if on == "cpu":
        info = torchinfo.summary(model, input_data=inputs, verbose=0)
        out["torchinfo"] = {"parameters": info.total_params, "trainable": info.trainable_params}
        if torchinfo_is_right:
            out["torchinfo"]["mult_adds"] = info.total_mult_adds
    return out


def generate(out):
    models = [described(*m) for m in MODELS]
    text = "".join(json.dumps(m, separators=(",", ":")) + "\n" for m in models)
    write(f"{out}/summary/models.jsonl", text)
    return len(models)
