"""More cases of torch's tensor printing: random tensors of every type, layout and print option.

  python3 -m gen.printmore OUT [COUNT [SEED]]     (in tests/data; OUT is print/more_cases.jsonl, COUNT 400, SEED 1)

Rows are those of printcases.py, with three fields more where they apply: `stride` (the bytes are those of a whole
storage, seen through these strides), `device` ("meta": no bytes) and `default_dtype`.
"""
import json
import random
import sys

import torch
from torch import nn

from . import pythonrepr
from .common import dname, dtypes, raw, write

FLOATS = [d for d in dtypes().values() if d.is_floating_point]
COMPLEX = [d for d in dtypes().values() if d.is_complex]
INTEGERS = [d for d in dtypes().values() if d not in FLOATS and d not in COMPLEX]


def random_bytes(r, n):
    return bytes(r.getrandbits(8) for _ in range(n))


def from_bytes(data, dtype, shape):
    if dtype == torch.bool:
        data = bytes(b & 1 for b in data)
    out = torch.empty(shape, dtype=dtype)
    out.untyped_storage().copy_(torch.frombuffer(bytearray(data), dtype=torch.uint8).untyped_storage())
    return out


def numbers(r, n):
    """Real numbers of one of the kinds that decide about notation and width."""
    kind = r.randrange(12)
    if kind == 0:
        v = [r.gauss(0, 1) for _ in range(n)]
    elif kind == 1:
        v = [float(r.randint(-9, 9)) for _ in range(n)]
    elif kind == 2:
        v = [float(r.randint(-(10**r.randrange(1, 12)), 10**9)) for _ in range(n)]
    elif kind == 3:
        v = [r.gauss(0, 1) * 10 ** r.uniform(-8, 8) for _ in range(n)]
    elif kind == 4:
        scale = 10 ** r.uniform(-6, 9)
        v = [r.gauss(0, 1) * scale for _ in range(n)]
    elif kind == 5:  # decimal halves
        v = [r.randint(-2000, 2000) / 2.0 ** r.randrange(0, 8) for _ in range(n)]
    elif kind == 6:  # about the borders of scientific notation
        v = [r.choice([1e-4, 1e-3, 1.0, 1000.0, 1e8, 0.1, 1001.0, 99999999.0]) * r.choice([1, 1, 0.9999999, 1.0000001, -1]) for _ in range(n)]
    elif kind == 7:
        v = [0.0 * r.choice([1, -1]) for _ in range(n)]
    elif kind == 8:
        v = [10 ** r.uniform(-300, 300) * r.choice([1, -1]) for _ in range(n)]
    elif kind == 9:
        v = [2.0 ** r.randrange(-20, 20) for _ in range(n)]
    elif kind == 10:
        v = [r.choice([9.99995, 99.99995, 0.99995, 0.00005, 999.99995, 1.00005]) * r.choice([1, -1]) for _ in range(n)]
    else:
        v = [r.uniform(-1, 1) for _ in range(n)]
    if r.random() < 0.3:
        special = [float("inf"), -float("inf"), float("nan"), 0.0, -0.0]
        p = r.choice([0.02, 0.2, 1.0])
        v = [r.choice(special) if r.random() < p else x for x in v]
    return v


def values(r, dtype, shape):
    n = 1
    for s in shape:
        n *= s
    if n == 0:
        return torch.empty(shape, dtype=dtype)
    if r.random() < 0.15 and n < 5000:
        return from_bytes(random_bytes(r, n * dtype.itemsize), dtype, shape)
    if dtype.is_complex:
        t = torch.complex(torch.tensor(numbers(r, n), dtype=torch.float64), torch.tensor(numbers(r, n), dtype=torch.float64))
        return t.reshape(shape).to(dtype)
    if dtype.is_floating_point:
        return torch.tensor(numbers(r, n), dtype=torch.float64).reshape(shape).to(dtype)
    if dtype == torch.bool:
        return torch.tensor([r.random() < 0.5 for _ in range(n)]).reshape(shape)
    hi = torch.iinfo(dtype).max
    lo = torch.iinfo(dtype).min
    top = min(hi, 10 ** r.randrange(0, 20))
    bottom = max(lo, -top) if r.random() < 0.6 else 0
    return torch.tensor([r.randint(bottom, top) for _ in range(n)], dtype=dtype).reshape(shape)


def shape_of(r):
    kind = r.random()
    if kind < 0.08:
        return ()
    if kind < 0.35:
        return (r.choice([1, 2, 3, 7, 12, 20, 40]),)
    if kind < 0.6:
        return (r.randint(1, 7), r.randint(1, 9))
    if kind < 0.7:
        return (r.randint(1, 3), r.randint(1, 3), r.randint(1, 5))
    if kind < 0.78:
        return tuple(r.randint(1, 3) for _ in range(r.randint(4, 6)))
    if kind < 0.84:
        return tuple(r.choice([0, 0, 1, 2, 5]) for _ in range(r.randint(1, 4)))
    if kind < 0.9:
        return (r.choice([1001, 1000, 1500, 3000]),)
    if kind < 0.96:
        return (r.choice([5, 6, 7, 40, 300]), r.choice([4, 6, 7, 50, 260]))
    return (r.randint(1, 9), r.randint(1, 9), r.randint(20, 40))


def options(r):
    o = {}
    if r.random() < 0.25:
        return {"profile": r.choice(["short", "full", "default"])}
    if r.random() < 0.5:
        o["precision"] = r.choice([0, 1, 2, 3, 6, 8, 12, 17])
    if r.random() < 0.4:
        o["threshold"] = r.choice([0, 1, 5, 10, 100, 5000])
    if r.random() < 0.4:
        o["edgeitems"] = r.choice([0, 1, 2, 4, 10])
    if r.random() < 0.4:
        o["linewidth"] = r.choice([0, 1, 10, 20, 40, 79, 81, 120, 200])
    if r.random() < 0.4:
        o["sci_mode"] = r.choice([True, False])
    return o


def storage_bytes(t):
    n = 1 + sum((s - 1) * st for s, st in zip(t.shape, t.stride()))
    return raw(t.detach().as_strided((n,), (1,)))


def one(r, number):
    dtype = r.choice(r.choice([FLOATS, FLOATS, COMPLEX, INTEGERS, [torch.float32]]))
    shape = shape_of(r)
    t = values(r, dtype, shape)
    row = {"name": f"random_{number}", "kind": "tensor"}
    layout = r.random()
    if layout < 0.1 and t.dim() >= 2 and t.numel():
        t = t.transpose(0, t.dim() - 1)
        row["stride"] = list(t.stride())
    elif layout < 0.15 and t.numel() and t.dim() >= 1:
        t = t[:1].expand((4,) + tuple(t.shape[1:]))
        row["stride"] = list(t.stride())
    elif layout < 0.2 and t.dim() == 1 and t.numel() > 2:
        t = t[::2]
        row["stride"] = list(t.stride())
    if r.random() < 0.06:
        t = torch.empty(shape, dtype=dtype, device="meta")
        row.pop("stride", None)
        row["device"] = "meta"
    differentiable = dtype.is_floating_point or dtype.is_complex
    if r.random() < 0.3:
        on = differentiable and r.random() < 0.8
        t = nn.Parameter(t, requires_grad=on)
        row["kind"] = "parameter"
    elif differentiable and r.random() < 0.2:
        t = t.detach().requires_grad_()
    if t.numel() and t.is_cpu and "stride" not in row:
        t_bytes = raw(t)
    elif "stride" in row:
        t_bytes = storage_bytes(t)
        if sum(s > 1 for s in t.shape) == 0:
            t_bytes = raw(t)
    else:
        t_bytes = b""
    row.update(dtype=dname(dtype), shape=list(t.shape), data=t_bytes.hex(), requires_grad=t.requires_grad)
    if "stride" in row:
        row["storage"] = len(t_bytes) // dtype.itemsize
    if r.random() < 0.5:
        o = options(r)
        if o:
            row["printoptions"] = o
    default = torch.float32
    if r.random() < 0.06:
        default = r.choice([torch.float64, torch.float16, torch.bfloat16])
        row["default_dtype"] = dname(default)
    try:
        torch.set_default_dtype(default)
        torch.set_printoptions(profile="default")
        if "printoptions" in row:
            torch.set_printoptions(**row["printoptions"])
        row["expected"] = repr(t)
    except Exception as e:  # torch itself cannot print it: no case
        print("no text:", dtype, tuple(t.shape), type(e).__name__, str(e)[:80], file=sys.stderr)
        return None
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_printoptions(profile="default", sci_mode=None)
    return row


def main(path, count=400, seed=1, longest=13000):
    r = random.Random(seed)
    rows = []
    while len(rows) < count:
        row = one(r, len(rows))
        if row is not None and len(row["data"]) <= longest:
            rows.append(row)
    write(path, "".join(json.dumps(row) + "\n" for row in rows))
    return len(rows)


README = """
`more_cases.jsonl`: 400 random cases of the same form (`gen/printmore.py`), over all types, layouts and options. Fields that appear only there: `stride` and
`storage` (the bytes are those of `storage` elements, seen through these strides), `device` (`meta`: no bytes), `default_dtype`. `printoptions` may hold
`profile`. They add:

- float8_e8m0fnu: 2^-127 counts as zero and NaN as finite when mode and width are chosen (so NaN alone makes neither int_mode nor sci_mode).
- A meta tensor is `tensor(..., device='meta', size=(2, 3))`; its dtype is shown unless it is the default one.
- With edgeitems 0, `size=` is shown for every tensor, summarised or not.

`python_repr.json`: Python's repr of floats and strings (`gen/pythonrepr.py` says how to read it).
"""


def generate(out):
    """Both files, and what print/README.md says of them."""
    n = main(f"{out}/print/more_cases.jsonl")
    pythonrepr.main(f"{out}/print/python_repr.json")
    with open(f"{out}/print/README.md", "a") as f:
        f.write(README)
    return n


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
