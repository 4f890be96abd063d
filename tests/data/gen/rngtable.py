"""rng/table.json: one call of every sampler at a time, as a hash of all bytes and the place of the generator after it.

Rows: call, args, dtype, n (elements), seed, first (bits of the first three elements), fnv1a (64-bit FNV-1a of the bytes in memory
order), left, next and normal (whether a normal is kept): the generator's state after the call.

  python3 -m gen.rngtable OUT       (in tests/data)
"""
import json
import os
import struct
import sys

import torch

from .common import ensure, pin_environment, write

FLOATS = ("float32", "float64", "float16", "bfloat16")
SEEDS = (42, 0, 2**40 + 7, 2**64 - 1)


def fnv1a(data):
    h = 0xCBF29CE484222325
    for b in data:
        h = ((h ^ b) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


def bytes_of(t):
    t = torch.view_as_real(t) if t.is_complex() else t
    return t.contiguous().view(torch.uint8).numpy().tobytes()


def bits(t, count=3):
    data, size = bytes_of(t), t.itemsize // (2 if t.is_complex() else 1)
    return [data[i * size : (i + 1) * size][::-1].hex() for i in range(min(count, len(data) // size))]


def calls():
    """(call, args, dtype, n, f(n, dtype, generator)): f returns the elements in the order of their memory."""
    e = torch.empty
    out = []

    def add(call, args, dtype, n, f):
        out.append((call, list(args), dtype, n, f))

    def fill(call, args, dtype, n):
        add(call, args, dtype, n, lambda n, d, g: getattr(e(n, dtype=d), call)(*args, generator=g))

    fill("random_", (0, 2**27), "int64", 4)
    fill("random_", (-(2**63), None), "int64", 4)
    fill("random_", (-(2**63), None), "int64", 400)
    for d in FLOATS:
        fill("uniform_", (0, 1), d, 1000)
        fill("uniform_", (-0.37, 0.91), d, 1000)
        fill("normal_", (0, 1), d, 1000)
        fill("normal_", (0.3, 1.7), d, 1007)
        fill("normal_", (0.3, 1.7), d, 15)
        fill("exponential_", (1.7,), d, 1000)
        fill("log_normal_", (0.3, 0.7), d, 1000)
        fill("cauchy_", (0.3, 1.7), d, 1000)
        fill("geometric_", (0.3,), d, 1000)
        for a in ((0, 1, -2, 2), (0, 1, 3, 5)):
            add("trunc_normal_", a, d, 1000, lambda n, d, g, a=a: torch.nn.init.trunc_normal_(e(n, dtype=d), *a, generator=g))
        add("dropout", (0.3,), d, 1000, lambda n, d, g: torch.nn.functional.dropout(torch.ones(n, dtype=d), 0.3))
    add("normal_transposed", (), "float32", 600, lambda n, d, g: e(20, 30, dtype=d).t().normal_(generator=g).t())
    add("randn", (), "complex64", 50, lambda n, d, g: torch.randn(n, dtype=d, generator=g))
    fill("bernoulli_", (0.3,), "uint8", 1000)
    for d in ("float32", "float64"):
        p = torch.full((), 0.3, dtype=getattr(torch, d))
        add("bernoulli_tensor", (d,), "uint8", 1000, lambda n, d, g, p=p: e(n, dtype=d).bernoulli_(p.expand(n), generator=g))
    for a in ((0, 10), (0, 2**28 - 1), (0, 2**28), (-(2**40), 2**41)):
        add("randint", a, "int64", 1000, lambda n, d, g, a=a: torch.randint(*a, (n,), dtype=d, generator=g))
    for d in ("uint8", "int8", "int16", "int32", "int64", "bool") + FLOATS:
        fill("random_", (), d, 1000)
    fill("random_", (0, 65504), "float16", 1000)
    for n in (10, 1000):
        add("randperm", (), "int64", n, lambda n, d, g: torch.randperm(n, generator=g))
    w = [0.1, 0.2, 0.3, 0.4]
    add("multinomial", (*w, True), "int64", 1000, lambda n, d, g: torch.multinomial(torch.tensor(w), n, True, generator=g))
    add("multinomial", (*w, False), "int64", 3, lambda n, d, g: torch.multinomial(torch.tensor(w), n, False, generator=g))
    add("sparse_", (0.9,), "float32", 1000, lambda n, d, g: torch.nn.init.sparse_(e(50, 20, dtype=d), 0.9))
    return out


def state_of(g):
    b = g.get_state().numpy().tobytes()
    return {"left": struct.unpack_from("<i", b, 8)[0], "next": struct.unpack_from("<Q", b, 16)[0], "normal": struct.unpack_from("<i", b, 5040)[0]}


def generate(out):
    rows = []
    for call, args, dtype, n, f in calls():
        for seed in SEEDS:
            g = torch.default_generator  # what dropout and sparse_ draw from in any case
            g.manual_seed(seed)
            t = f(n, getattr(torch, dtype), g)
            rows.append({"call": call, "args": args, "dtype": dtype, "n": n, "seed": seed, "first": bits(t), "fnv1a": fnv1a(bytes_of(t)), **state_of(g)})
    states = []
    for seed in SEEDS:
        g = torch.Generator().manual_seed(seed)
        fresh = fnv1a(g.get_state().numpy().tobytes())
        torch.empty(5).normal_(generator=g)
        b = g.get_state().numpy().tobytes()
        states.append({"seed": seed, "fresh": fresh, "after_normal_5": fnv1a(b), "kept": b[5024:5032][::-1].hex()})
    body = ",\n".join("  " + json.dumps(r) for r in rows)
    write(os.path.join(ensure(out, "rng"), "table.json"), '{"rows": [\n%s\n],\n"states": %s}\n' % (body, json.dumps(states)))
    return len(rows)


if __name__ == "__main__":
    pin_environment()
    torch.set_num_threads(1)
    print(generate(sys.argv[1]))
