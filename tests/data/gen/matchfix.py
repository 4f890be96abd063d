"""Checkpoints that do not quite fit the model in mine.pth: what people have when they begin to fine-tune."""
import os

import torch
from torch import nn

from .common import ensure, write

README = """# Checkpoints that do not quite fit

What docs/loading.md and the tests of `ballast match` load into `mine.pth`, a small encoder with a head for three classes.

| file | is |
| --- | --- |
| mine.pth | the state dict of the model |
| trained_ddp.pth | the same encoder under DistributedDataParallel, ten classes, in half precision, inside a training checkpoint |
| other_names.pth | other words for the same parts: `blocks`, `attention`, `gamma` and `beta` |
| encoder.pth | the encoder alone, without the names of the parts above it |
| transposed.pth | one matrix the other way round, one squeezed |
| tied.pth, tied_once.pth | the output layer is the embedding; tied_once.pth has it under one of its names |
"""


class Attention(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.qkv = nn.Linear(d, 3 * d)
        self.out = nn.Linear(d, d)


class Layer(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.attn = Attention(d)
        self.up = nn.Linear(d, 2 * d)
        self.norm = nn.LayerNorm(d)


class Encoder(nn.Module):
    def __init__(self, d, layers):
        super().__init__()
        self.embed = nn.Embedding(12, d)
        self.layers = nn.ModuleList(Layer(d) for _ in range(layers))


class Net(nn.Module):
    def __init__(self, classes, d=4, layers=3):
        super().__init__()
        self.encoder = Encoder(d, layers)
        self.head = nn.Linear(d, classes)


def renamed(state, changes):
    out = {}
    for name, value in state.items():
        for old, new in changes:
            name = name.replace(old, new)
        out[name] = value
    return out


def generate(out):
    folder = ensure(out, "match")

    def save(value, name):
        torch.save(value, os.path.join(folder, name))

    torch.manual_seed(0)
    save(Net(3).state_dict(), "mine.pth")
    trained = Net(10)
    save({"epoch": 90, "state_dict": {"module." + k: v.half() for k, v in trained.state_dict().items()}}, "trained_ddp.pth")
    state = {k: v.clone() for k, v in Net(3).state_dict().items()}
    save(renamed(state, [("layers.", "blocks."), (".attn.", ".attention."), ("norm.weight", "norm.gamma"), ("norm.bias", "norm.beta")]), "other_names.pth")
    save(trained.encoder.state_dict(), "encoder.pth")
    turned = {k: v.clone() for k, v in state.items()}
    turned["encoder.layers.0.up.weight"] = turned["encoder.layers.0.up.weight"].t().contiguous()
    turned["head.weight"] = turned["head.weight"].reshape(3, 4, 1, 1)
    save(turned, "transposed.pth")
    embedding = torch.randn(12, 4)
    save({"embedding.weight": embedding, "decoder.weight": embedding, "decoder.bias": torch.zeros(12)}, "tied.pth")
    save({"embedding.weight": embedding, "decoder.bias": torch.zeros(12)}, "tied_once.pth")
    write(os.path.join(folder, "README.md"), README)
    return len(os.listdir(folder))
