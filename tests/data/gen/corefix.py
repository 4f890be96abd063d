"""Element types: what promotes to what, what converts to what, what the small formats mean.

core/promotion.json    for all 21 types: size, kind, and for all pairs promote_types (null: torch refuses) and can_cast
core/minifloat.json    the float value (bytes, hexadecimal) of every bit pattern of the 8-bit formats; and floats with
                       their encodings in all small formats ("nan" where the result is any NaN)
core/conversions.jsonl for each pair of types: elements (bytes, hexadecimal) before and after Tensor.to

  python3 -m gen.corefix OUT       (in tests/data)
"""
import json
import os
import random
import sys
import warnings

import torch

from .common import dname, dtypes, ensure, write

SMALL = "float16 bfloat16 float8_e5m2 float8_e4m3fn float8_e5m2fnuz float8_e4m3fnuz float8_e8m0fnu".split()


def hexes(t):
    """Each element's bytes."""
    t = t.contiguous().clone()
    if t.dtype.is_complex:
        b, n = torch.view_as_real(t).contiguous(), t.itemsize
    else:
        b, n = t, t.itemsize
    data = b.reshape(-1).view(torch.uint8).numpy().tobytes()
    return [data[i : i + n].hex() for i in range(0, len(data), n)]


def promotion():
    names = list(dtypes())

    def promote(a, b):
        try:
            return dname(torch.promote_types(a, b))
        except RuntimeError:
            return None

    d = dtypes()
    return {
        "types": [{"name": n, "itemsize": d[n].itemsize, "floating": d[n].is_floating_point, "complex": d[n].is_complex, "signed": d[n].is_signed} for n in names],
        "promote": {a: {b: promote(d[a], d[b]) for b in names} for a in names},
        "can_cast": {a: {b: torch.can_cast(d[a], d[b]) for b in names} for a in names},
    }


def minifloat():
    d = dtypes()
    decode = {}
    for n in SMALL:
        if d[n].itemsize == 1:
            decode[n] = hexes(torch.arange(256, dtype=torch.int32).to(torch.uint8).view(d[n]).float())
    r = random.Random(4)
    bits = [r.getrandbits(32) for _ in range(400)]
    for n in SMALL:  # values, the middles between them and their neighbours, and what is too large
        k = 256 if d[n].itemsize == 1 else 65536
        t = torch.arange(k, dtype=torch.int32).to(torch.uint8 if k == 256 else torch.int16).view(d[n]).float()
        v = t[torch.isfinite(t)].unique().double()
        pick = torch.tensor(sorted(r.sample(range(len(v) - 1), 30)) + [len(v) - 2])
        points = torch.cat([v[pick], (v[pick] + v[pick + 1]) / 2, v[-1:] * 1.0625, v[-1:] * 1.125, v[-1:] * 2, v[v > 0][:1] / 2, v[v > 0][:1] / 4])
        p = points.float().view(torch.int32).tolist()
        bits += [(b + e) & 0xFFFFFFFF for b in p for e in (-1, 0, 1)]
    bits += [e << 23 for e in range(512)] + [0x7F7FFFFF, 0xFF7FFFFF, 0x7FC00000, 0xFFC00000, 0x7F800001, 1, 0x80000001]
    f = torch.tensor([b - (1 << 32) if b >> 31 else b for b in bits], dtype=torch.int32).view(torch.float32)
    encode = {}
    for n in SMALL:
        e = f.to(d[n])
        encode[n] = ["nan" if bad else h for h, bad in zip(hexes(e), torch.isnan(e.float()).tolist())]
    return {"decode": decode, "floats": hexes(f), "encode": encode}


def samples(dtype, r):
    if dtype == torch.bool:
        return torch.tensor([True, False])
    numbers = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 100.25, -100.0, 127.0, 448.0, 40000.0, 65519.0, 65520.0, 16777217.0, 1e-8, 1e-6, 1e300, -1e30]
    # out of an integer's range too, where the processor decides
    numbers += [255.0, 256.0, 300.0, -300.0, 40000.0, 70000.0, -70000.0, 2.0**31, -(2.0**31), 3e9, 2.0**53 + 2, 2.0**63, -(2.0**63), 1.5e19, 2e19, float("inf"), float("-inf"), float("nan")]
    numbers += [r.gauss(0, 1) * 10 ** r.uniform(-6, 6) for _ in range(10)]
    if dtype.is_complex:
        t = torch.complex(torch.tensor(numbers, dtype=torch.float64), torch.tensor(numbers[::-1], dtype=torch.float64))
        return t.to(dtype)
    if dtype.is_floating_point:
        return torch.tensor(numbers, dtype=torch.float64).to(dtype)
    i = torch.iinfo(dtype)
    whole = [0, 1, 2, 100, i.max, i.max - 1, i.min, i.min + 1] + [r.randint(i.min, i.max) for _ in range(6)]
    return torch.tensor(whole, dtype=dtype)


def part_nan(t):
    parts = torch.view_as_real(t) if t.dtype.is_complex else t.reshape(-1, 1)
    return torch.isnan(parts.float() if "float8" in str(t.dtype) else parts) if t.dtype.is_floating_point or t.dtype.is_complex else torch.zeros(parts.shape, dtype=torch.bool)


def conversions():
    r = random.Random(6)
    rows = []
    for a, da in dtypes().items():
        s = samples(da, r)
        for b, db in dtypes().items():
            # One at a time: with several elements torch's uint32 of what is out of range depends on their number.
            out = torch.cat([s[i : i + 1].clone().to(db) for i in range(len(s))]) if "float8" not in b else None
            if out is None:
                out = s.to(db)
            width = db.itemsize * 2 // (2 if db.is_complex else 1)
            after = []
            for h, bad in zip(hexes(out), part_nan(out).tolist()):
                after.append("".join("n" * width if x else h[k * width : (k + 1) * width] for k, x in enumerate(bad)))
            rows.append({"from": a, "to": b, "before": "".join(hexes(s)), "after": "".join(after)})
    return rows


def generate(out):
    folder = ensure(out, "core")
    warnings.simplefilter("ignore")
    write(os.path.join(folder, "promotion.json"), json.dumps(promotion()) + "\n")
    write(os.path.join(folder, "minifloat.json"), json.dumps(minifloat()) + "\n")
    write(os.path.join(folder, "conversions.jsonl"), "".join(json.dumps(r) + "\n" for r in conversions()))
    write(os.path.join(folder, "README.md"), README)
    return len(dtypes()) ** 2


README = """# core/

| file | holds |
| --- | --- |
| promotion.json | `types` (name, itemsize, floating, complex, signed); `promote[a][b]`: torch.promote_types, null where torch refuses; `can_cast[from][to]` |
| minifloat.json | `decode[format]`: the float of each of the 256 bit patterns; `floats` and `encode[format]`: floats and what they become ("nan": any NaN). All values as little-endian bytes in hexadecimal |
| conversions.jsonl | a line for each of the 441 pairs of types: elements before and after `Tensor.to`, little-endian bytes in hexadecimal, end to end; a NaN (of a complex number: the part) is written as letters n, since its bits are not compared |

Floating numbers out of an integer's range have no right answer: these are torch's on x86-64, each element converted alone.
"""

if __name__ == "__main__":
    generate(sys.argv[1])
