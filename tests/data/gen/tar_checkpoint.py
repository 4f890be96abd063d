"""A checkpoint in the tar format that torch.save wrote before PyTorch 0.1.2, and what PyTorch reads from it.

Run as `python3 -m gen.tar_checkpoint` in tests/data: writes checkpoints/tar/*.tar and expected.json beside them.
"""

import hashlib
import io
import json
import pathlib
import pickle
import struct
import tarfile

import torch

FOLDER = pathlib.Path(__file__).parent.parent / "checkpoints" / "tar"
PROTOCOL = 2


class Pickler(pickle.Pickler):
    """Names tensors by their keys, as the old torch.save did."""

    def __init__(self, out, keys):
        super().__init__(out, protocol=PROTOCOL)
        self.keys = keys

    def persistent_id(self, obj):
        return self.keys.get(id(obj)) if isinstance(obj, torch.Tensor) else None


def storages_of(tensors):
    """Storages by first use: (key, tensor that shows it)."""
    found = {}
    for t in tensors:
        found.setdefault(t.untyped_storage()._cdata, t)
    return [(1000 + i, t) for i, t in enumerate(found.values())]


def write(name, obj, tensors, views=()):
    storages = storages_of(tensors)
    key_of_storage = {t.untyped_storage()._cdata: key for key, t in storages}
    out = io.BytesIO()
    pickle.dump(len(storages), out, protocol=PROTOCOL)
    for key, t in storages:
        kind = getattr(torch, torch.storage._dtype_to_storage_type_map()[t.dtype])
        pickle.dump((key, "cpu", kind), out, protocol=PROTOCOL)
        raw = bytes(t.untyped_storage())
        out.write(struct.pack("<q", len(raw) // t.element_size()) + raw)
    pickle.dump(list(views), out, protocol=PROTOCOL)
    members = {"storages": out.getvalue()}

    out = io.BytesIO()
    pickle.dump(len(tensors), out, protocol=PROTOCOL)
    keys = {}
    for i, t in enumerate(tensors):
        keys[id(t)] = 2000 + i
        pickle.dump((2000 + i, key_of_storage[t.untyped_storage()._cdata], torch.FloatTensor), out, protocol=PROTOCOL)
        out.write(struct.pack("<ii", t.dim(), 0))
        out.write(struct.pack(f"<{2 * t.dim() + 1}q", *t.shape, *t.stride(), t.storage_offset()))
    members["tensors"] = out.getvalue()

    out = io.BytesIO()
    Pickler(out, keys).dump(obj)
    members["pickle"] = out.getvalue()

    path = FOLDER / name
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for member, raw in members.items():
            info = tarfile.TarInfo(member)
            info.size = len(raw)
            tar.addfile(info, io.BytesIO(raw))
    return path


def describe(path):
    entries = []
    seen = {}
    for key, t in torch.load(path, weights_only=False).items():
        if not isinstance(t, torch.Tensor):
            entries.append({"name": key, "value": t})
            continue
        entries.append({
            "name": key,
            "dtype": str(t.dtype).removeprefix("torch."),
            "shape": list(t.shape),
            "stride": list(t.stride()),
            "storage": seen.setdefault(t.untyped_storage()._cdata, len(seen)),
            "sha256": hashlib.sha256(t.contiguous().numpy().tobytes()).hexdigest(),
        })
    return {"file": path.name, "entries": entries}


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    weight, counts = torch.randn(3, 4), torch.arange(5)
    double = torch.randn(2, 2, dtype=torch.float64)
    tensors = [weight, weight.t(), weight[1], counts, double]
    state = {"weight": weight, "turned": tensors[1], "row": tensors[2], "counts": counts, "double": double,
             "again": weight, "epoch": 7, "name": "old"}
    files = [write("old.tar", state, tensors), write("empty.tar", {"epoch": 1}, [])]
    (FOLDER / "expected.json").write_text(json.dumps([describe(f) for f in files], indent=1) + "\n")


if __name__ == "__main__":
    main()
