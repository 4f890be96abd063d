"""safetensors files as the package itself writes them: the bytes that ours must equal."""
import os
import struct
import tempfile

from .checkpoints import Folder, safetensors_entry, sorted_metadata


def all_types():
    """Two tensors of every type that the package writes, not in the order in which it writes them."""
    import torch

    names = "bool uint8 int8 float8_e5m2 float8_e4m3fn float8_e8m0fnu float8_e4m3fnuz float8_e5m2fnuz int16 uint16 float16 bfloat16 int32 uint32 float32 complex64 float64 int64 uint64".split()
    out = {}
    for k, name in enumerate(names):
        dtype = getattr(torch, name)
        size = torch.empty(0, dtype=dtype).element_size()
        for n, count in (("z", 3), ("a", 2)):
            b = torch.tensor([(7 * k + j) % 2 if name == "bool" else (7 * k + j) % 200 for j in range(count * size)], dtype=torch.uint8)
            out[f"{n}.{name}"] = b.view(dtype)
    return out


def saved_model(module, metadata=None):
    from safetensors.torch import save_model

    with tempfile.TemporaryDirectory() as d:
        save_model(module, os.path.join(d, "x"), metadata=metadata)
        return open(os.path.join(d, "x"), "rb").read()


def tied(names=("embedding", "head")):
    import torch
    from torch import nn

    torch.manual_seed(5)
    m = nn.Module()
    first = nn.Embedding(6, 4)
    for n in names:
        layer = nn.Linear(4, 6)
        layer.weight = first.weight
        m.add_module(n, layer)
    m.add_module("other", nn.Linear(4, 2))
    return m


def generate(out):
    import torch
    from safetensors.torch import save

    F = Folder(out, "checkpoints/safetensors_package")

    def put(name, b, note=""):
        F.put(name, b, safetensors_entry(name, b, note))

    put("all_types.safetensors", save(all_types()))
    put("escapes.safetensors", save({'"\\/\b\f\n\r\t\x01\x1f\x7f\u2028\u00e9\U0001f600': torch.ones(1), "": torch.zeros(2), " ": torch.zeros(1)}, metadata={"\x00\"": "\x1b[31m\u4e2d/\\"}))
    put("empty_metadata.safetensors", save({"a": torch.ones(1)}, metadata={}))
    put("tied.safetensors", saved_model(tied()), "head.weight is embedding.weight")
    put("tied_three.safetensors", sorted_metadata(saved_model(tied(("c", "a", "b")), {"format": "pt"})), "b.weight and c.weight are a.weight")
    m = torch.nn.Module()
    m.register_buffer("columns", torch.arange(12, dtype=torch.int32).reshape(3, 4).t())
    m.register_buffer("every_second", torch.arange(12, dtype=torch.float64)[::2].clone())
    m.register_buffer("permuted", torch.arange(24, dtype=torch.int16).reshape(2, 3, 4).permute(2, 0, 1))
    put("not_contiguous.safetensors", saved_model(m), "save_model makes tensors contiguous")
    return F.done()
