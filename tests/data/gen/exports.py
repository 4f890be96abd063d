"""torch.export archives: what several models become, and archives as PyTorch 2.1 to 2.7 laid them out."""
import io
import json
import os
import warnings
import zipfile
from collections import OrderedDict

from .checkpoints import Folder
from .common import TorchZip, describe, rezip, save_bytes, sha


def types_model():
    import torch
    from torch import nn

    from .common import dtypes

    class Types(nn.Module):
        def __init__(self):
            super().__init__()
            g = torch.Generator().manual_seed(21)
            self.weight = nn.Parameter(torch.randn(3, 4, generator=g))
            self.narrow = nn.Parameter(torch.randn(5, generator=g).to(torch.bfloat16))
            self.frozen = nn.Parameter(torch.randn(2, generator=g), requires_grad=False)
            self.empty = nn.Parameter(torch.empty(0, 3))
            for n, t in dtypes().items():
                raw = torch.randint(0, 2 if n == "bool" else 100, (6 * t.itemsize,), generator=g, dtype=torch.uint8)
                self.register_buffer("of_" + n, raw.view(t) if n != "bool" else raw.bool())
            self.register_buffer("scalar", torch.tensor(7))
            self.register_buffer("passing", torch.arange(4.0), persistent=False)

        def forward(self, x):
            return x @ self.weight.t() + self.passing[:3] + torch.tensor([1.0, 2.0, 3.0])

    return Types(), torch.zeros(2, 4)


def ties_model():
    import torch
    from torch import nn

    class Ties(nn.Module):
        def __init__(self):
            super().__init__()
            g = torch.Generator().manual_seed(22)
            self.embed = nn.Embedding(6, 4)
            self.embed.weight = nn.Parameter(torch.randn(6, 4, generator=g))
            self.head = nn.Linear(4, 6, bias=False)
            self.head.weight = self.embed.weight
            base = torch.randn(4, 6, generator=g)
            self.register_buffer("base", base)
            self.register_buffer("rows", base[1:3])
            self.register_buffer("turned", base.t())
            self.register_buffer("column", base[:, 2])

        def forward(self, x):
            return self.head(self.embed(x)) + self.base[0] + self.rows[0] + self.turned[:, 0] + self.column.sum()

    return Ties(), torch.zeros(3, dtype=torch.int64)


def program(made):
    import torch

    module, example = made
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.export.export(module.eval(), (example,))


def packed(programs):
    """Bytes of a new archive, without the programs, which nothing here reads."""
    from torch.export.pt2_archive._package import package_pt2

    f = io.BytesIO()
    package_pt2(f, exported_programs=programs)

    def fix(name, data):
        if "/models/" in name or name.startswith("models/"):
            return b"{}"
        return None if "sample_inputs" in name else data

    return rezip(f.getvalue(), fix)


def old(ep, state_end=".pt", constants=True):
    """The archive of PyTorch 2.1 to 2.7: made by zipfile, with no folder."""
    f = io.BytesIO()
    with zipfile.ZipFile(f, "w") as z:
        def put(name, data):
            z.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)

        put("version", "8.2")
        put("serialized_exported_program.json", "{}")
        put("serialized_state_dict" + state_end, save_bytes(dict(ep.state_dict)))
        if constants:
            put("serialized_constants" + state_end, save_bytes({k: v for k, v in ep.constants.items()}))
    return f.getvalue()


def big_endian(b):
    """The same archive with swapped weights and a byteorder record that says so."""
    import numpy as np

    z = zipfile.ZipFile(io.BytesIO(b))
    width = {}
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 2, 7: 4, 8: 8, 9: 2, 10: 4, 11: 8, 12: 1, 13: 2, 28: 2, 29: 1, 30: 1, 31: 1, 32: 1, 33: 1, 34: 4, 35: 8}
    for n in z.namelist():
        if n.endswith("_config.json"):
            for w in json.loads(z.read(n))["config"].values():
                width[n.rsplit("/", 1)[0] + "/" + w["path_name"]] = sizes[w["tensor_meta"]["dtype"]]

    def fix(name, data):
        if name.endswith("byteorder"):
            return b"big"
        w = width.get(name, 1)
        return np.frombuffer(data, dtype=f"<u{w}").byteswap().tobytes() if w > 1 else data

    return rezip(b, fix)


def entry(name, b, tree, note):
    return {"file": name, "bytes": len(b), "sha256": sha(b), "format": "pt2", "note": note, **describe(tree)}


def state_of(ep):
    return OrderedDict(ep.state_dict.items())


def read_back(b, name="model"):
    """What PyTorch itself reads: the order of the file, its flags, its ties."""
    import torch
    from torch.export.pt2_archive import _package as p

    reader = p.PT2ArchiveReader(io.BytesIO(b))
    weights, constants = OrderedDict(p._load_state_dict(reader, name)), OrderedDict(p._load_constants(reader, name))
    del torch
    return {"state_dict": weights, "constants": constants} if constants else weights


def generate(out):
    import torch
    from torch.export.pt2_archive import _package as p

    f = Folder(out, "checkpoints/export")
    types, ties = program(types_model()), program(ties_model())

    b = packed({"model": types})
    f.put("types.pt2", b, entry("types.pt2", b, read_back(b), "all types, a constant, a buffer that is not persistent"))
    swapped = big_endian(b)
    e = entry("types_big_endian.pt2", swapped, read_back(b), "the same, big-endian")
    f.put("types_big_endian.pt2", swapped, e)
    b = packed({"model": ties})
    f.put("ties.pt2", b, entry("ties.pt2", b, read_back(b), "tied parameters, views of one buffer"))
    both = packed({"small": ties, "large": types})
    f.put("two_models.pt2", both, entry("two_models.pt2", both, {n: read_back(both, n) for n in ("small", "large")}, "two models"))

    keep = p._should_use_pickle
    try:
        p._should_use_pickle = lambda t: t.dtype in (torch.float64, torch.bfloat16)  # as for subclasses of Tensor
        b = packed({"model": types})
    finally:
        p._should_use_pickle = keep
    f.put("pickled_weights.pt2", b, entry("pickled_weights.pt2", b, read_back(b), "some weights are archives of torch.save"))

    z = zipfile.ZipFile(io.BytesIO(packed({"model": ties})))
    o = TorchZip()
    for n in z.namelist():
        if "/data/weights/" not in n:
            o.add(n, z.read(n))
    root = z.namelist()[0].split("/")[0]
    o.add(f"{root}/data/weights/model.pt", save_bytes(state_of(ties)))
    b = o.finish()
    f.put("pickled_state.pt2", b, entry("pickled_state.pt2", b, state_of(ties), "weights as one archive of torch.save, as 2.7 began"))

    for name, end, constants in (("old_pt.pt2", ".pt", True), ("old_json.pt2", ".json", False)):
        b = old(types, end, constants)
        tree = {"state_dict": dict(types.state_dict), "constants": dict(types.constants)} if constants else dict(types.state_dict)
        f.put(name, b, entry(name, b, tree, "laid out as PyTorch 2.1 to 2.7 did"))
    return f.done()
