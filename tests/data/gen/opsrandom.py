"""ops/random.jsonl: operations on random tensors of every type and layout, in random but repeatable order.

Rows are those of opsfix.py, but for a tensor stand its own bytes: {"t": [dtype, bytes of the storage, sizes, strides, offset]}.
Results have `strides` too, one list each, and views their `offset`. Numbers are chosen so that no
rounding happens where PyTorch's own depends on the machine.

  python3 -m gen.opsrandom OUT       (in tests/data)
"""
import json
import os
import random
import sys
import warnings

import torch

from .common import ensure, pin_environment
from .opsfix import ALL, CLOSE, number

COMMON = "bool uint8 int8 int32 int64 float16 bfloat16 float32 float64 complex64".split()
EXACT = "float32 float64 int64 int32 float16 complex64".split()
NUMBERS = [True, False, 0, 1, 2, -3, 7, 300, 0.5, 1.5, -2.25, float("inf"), float("nan"), 2j, -0.0]


def hexof(t):
    t = torch.empty(t.shape, dtype=t.dtype).copy_(t.detach()).reshape(-1)
    return bytes(t.view(torch.uint8).tolist()).hex() if t.numel() else ""


class Cases:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.rows = []

    def type(self):
        return self.r.choice(COMMON if self.r.random() < 0.9 else ALL)

    def shape(self, rank=None):
        r = self.r
        rank = r.choice([0, 1, 1, 2, 2, 2, 3]) if rank is None else rank
        return [r.choice([0, 1, 1, 2, 2, 3, 3, 4]) for _ in range(rank)]

    def partner(self, shape):
        """A shape that broadcasts with it, mostly."""
        r = self.r
        s = list(shape)
        if s and r.random() < 0.4:
            s = s[r.randint(0, len(s)) :]
        s = [1 if r.random() < 0.25 else x for x in s]
        if r.random() < 0.06:
            s = [r.randint(1, 3)] + s
        if s and r.random() < 0.06:
            s[r.randrange(len(s))] = r.choice([2, 5])
        return s

    def values(self, dtype, n, special):
        r = self.r
        d = getattr(torch, dtype)
        v = [float(r.randint(-9, 9)) if r.random() < 0.6 else r.randint(-40, 40) / 4 for _ in range(n)]
        if special and not d.is_complex:
            v = [r.choice([0.0, -0.0, 1.0, float("inf"), -float("inf"), float("nan"), 127.0, 255.0]) if r.random() < special else x for x in v]
        t = torch.tensor(v, dtype=torch.float64)
        if d.is_complex:
            return torch.complex(t, t.flip(0)).to(d)
        return t.to(d) if d.is_floating_point else torch.nan_to_num(t, 4, 9, 2).to(torch.int64).to(d)

    def tensor(self, dtype, shape, layouts=("rows", "rows", "permuted", "gaps", "expanded", "offset"), special=0.1):
        r = self.r
        rank = len(shape)
        layout = r.choice(layouts)
        order = list(range(rank))
        if layout == "permuted":
            r.shuffle(order)
        step = [r.choice([1, 2, 3]) if layout == "gaps" else 1 for _ in shape]
        same = [layout == "expanded" and r.random() < 0.4 for _ in shape]
        strides, sizes, extent = [0] * rank, [0] * rank, 1
        for k in reversed(order):
            sizes[k] = shape[k]
            if not same[k]:
                strides[k] = extent * step[k]
                extent *= max(shape[k] * step[k], 1)
        offset = r.choice([1, 3]) if layout == "offset" else 0
        base = self.values(dtype, extent + offset, special)
        return {"t": [dtype, hexof(base), sizes, strides, offset]}

    def case(self, op, *args, **kw):
        inplace = op.endswith("_")
        tensors = {}

        def live(a):
            if isinstance(a, list) and a and isinstance(a[0], dict):
                return [live(x) for x in a]
            if not isinstance(a, dict):
                return a
            if id(a) not in tensors:
                dtype, data, *place = a["t"]
                tensors[id(a)] = torch.tensor(list(bytes.fromhex(data)), dtype=torch.uint8).view(getattr(torch, dtype)).as_strided(*place)
            return tensors[id(a)]

        def shown(a):
            if a is None or isinstance(a, (dict, str)):
                return a
            return list(a) if isinstance(a, (list, tuple)) else number(a)

        row = {"op": op, "args": [shown(a) for a in args]}
        if kw:
            row["kw"] = {k: str(v)[6:] if isinstance(v, torch.dtype) else v for k, v in kw.items()}
        try:
            a = [live(x) for x in args]
            if inplace:
                a[0] = torch.empty_strided(a[0].shape, a[0].stride(), dtype=a[0].dtype).copy_(a[0])
            results = call(op, a, kw)
            results = results if isinstance(results, tuple) else (results,)
            row["out"] = [[str(t.dtype)[6:], list(t.shape), hexof(t)] for t in results]
            if not inplace and op not in PRODUCTS:
                row["strides"] = [list(t.stride()) for t in results]
            if op in VIEWS:
                row["offset"] = results[0].storage_offset()
            if op.rstrip("_") in CLOSE or op in ("rdiv", "rpow", "bmm") or any(t.is_complex() for t in results):
                row["close"] = 1
        except (RuntimeError, IndexError, TypeError, ValueError) as e:
            row["error"] = str(e).split("\n")[0]
        self.rows.append(row)


VIEWS = set("select slice narrow t transpose permute view reshape expand flatten squeeze unsqueeze diagonal as_strided view_as_real".split())
PRODUCTS = set("matmul mm bmm linear addmm".split())
METHODS = (VIEWS - {"slice", "view_as_real"}) | {"clone", "contiguous", "repeat"}


def call(op, a, kw):
    if op == "slice":
        return torch.ops.aten.slice.Tensor(*a)
    if op in METHODS:
        return getattr(a[0], op)(*(a[:-1] if op == "as_strided" and a[-1] is None else a)[1:])
    if op == "to":
        return a[0].to(**kw)
    if op == "linear":
        return torch.nn.functional.linear(*a)
    if op in ("rsub", "rdiv", "rpow", "rremainder"):
        return {"rsub": lambda x, y: y - x, "rdiv": lambda x, y: y / x, "rpow": lambda x, y: y**x, "rremainder": lambda x, y: y % x}[op](*a)
    return getattr(a[0] if op.endswith("_") else torch, op)(*(a[1:] if op.endswith("_") else a), **kw)


def elementwise(c, n):
    r = c.r
    pair = "add sub mul div remainder pow eq ne lt le gt ge maximum minimum bitwise_and bitwise_or bitwise_xor logical_and logical_or logical_xor isclose".split()
    solid = ("rows", "permuted", "gaps", "offset")
    for _ in range(n):
        s = c.shape()
        kind = r.random()
        first = c.type()
        second = first if r.random() < 0.5 else c.type()
        if kind < 0.4:
            a, b = c.tensor(first, s), c.tensor(second, c.partner(s))
            c.case(r.choice(pair), *((a, b) if r.random() < 0.7 else (b, a)))
        elif kind < 0.55:
            op = r.choice("add sub mul div remainder pow eq lt ge rdiv rsub rpow rremainder add_ sub_ mul_ div_".split())
            c.case(op, c.tensor(first, s, solid), r.choice(NUMBERS))
        elif kind < 0.75:
            c.case(r.choice("add_ sub_ mul_ div_ copy_".split()), c.tensor(first, s, solid), c.tensor(second, c.partner(s)))
        elif kind < 0.83:
            op = r.choice("add sub add_ sub_".split())
            c.case(op, c.tensor(first, s, solid), c.tensor(first, c.partner(s)), alpha=r.choice([2, -1, 0.5, True, 0]))
        elif kind < 0.9:
            limits = {k: r.choice([0, 1, -1, 0.5, 2.5, True, 300]) for k in r.choice([["min"], ["max"], ["min", "max"]])}
            c.case(r.choice(["clamp", "clamp_"]), c.tensor(first, s, solid), **limits)
        elif kind < 0.95:
            mask = c.tensor("bool" if r.random() < 0.9 else second, c.partner(s))
            c.case(r.choice(["masked_fill", "masked_fill_"]), c.tensor(first, s, solid), mask, r.choice(NUMBERS))
        else:
            c.case("where", c.tensor("bool" if r.random() < 0.9 else second, c.partner(s)), c.tensor(first, c.partner(s)), c.tensor(second, c.partner(s)))
    for dtype in ("float16", "bfloat16", "float32", "float64"):  # long rows: blocks and what is left of them
        for op in ("add", "sub"):
            c.case(op, c.tensor(dtype, [83], ["rows"], 0), c.tensor(dtype, [83], ["rows"], 0), alpha=0.3)
        c.case("maximum", c.tensor(dtype, [83], ["rows"], 0.8), c.tensor(dtype, [83], ["rows"], 0.8))
        c.case("minimum", c.tensor(dtype, [83], ["rows"], 0.8), c.tensor(dtype, [83], ["rows"], 0.8))


def functions(c, n):
    r = c.r
    unary = "abs neg sign square reciprocal relu exp log1p sqrt rsqrt erf sin tanh sigmoid round floor ceil trunc isnan isinf isfinite logical_not bitwise_not".split()
    for _ in range(n):
        kind = r.random()
        s = c.shape()
        if kind < 0.35:
            c.case(r.choice(unary), c.tensor(c.type(), s, special=0.03))
        elif kind < 0.55:
            op = r.choice("sum mean prod var std max min argmax argmin all any count_nonzero norm".split())
            c.case(op, c.tensor(r.choice(EXACT if op != "prod" else ["float32", "int64"]), s, special=0))
        elif kind < 0.8:
            top = max(len(s), 1)
            dims = [r.randint(-top, top - 1) if r.random() < 0.95 else top for _ in range(r.choice([0, 1, 1, 2]))]
            c.case(r.choice(["sum", "mean"]), c.tensor(r.choice(EXACT), s, special=0), dims, r.random() < 0.5)
        else:
            top = max(len(s), 1)
            c.case(r.choice(["max", "min", "argmax", "argmin"]), c.tensor(c.type(), s, special=0.05), r.randint(-top, top - 1) if r.random() < 0.95 else top)


def products(c, n):
    r = c.r
    for _ in range(n):
        t = r.choice(EXACT)
        if r.random() < 0.7:
            a, b = c.shape(r.choice([1, 1, 2, 2, 3, 4])), c.shape(r.choice([1, 1, 2, 2, 3, 4]))
            if r.random() < 0.9:
                b[0 if len(b) == 1 else -2] = a[-1]
            if len(a) > 2 and len(b) > 2 and r.random() < 0.8:
                b[-3] = r.choice([a[-3], 1])
            c.case(r.choice(["matmul", "matmul", "matmul", "mm", "bmm"]), c.tensor(t, a, special=0), c.tensor(t if r.random() < 0.95 or 0 in a + b else "float64", b, special=0))
        else:
            out, inner = r.randint(0, 4), r.randint(0, 4)
            x = c.shape(r.randint(0, 3)) + [inner if r.random() < 0.9 else 2]
            bias = r.choice([None, [out], [out], [out], [1], [], [2], [1, out], x[:-1] + [out], [out, 1]])
            args = [c.tensor(t, x, special=0), c.tensor(t, [out, inner], special=0)]
            c.case("linear", *args, *([c.tensor(t, bias, special=0)] if bias is not None else []))


def views(c, n):
    r = c.r
    bounds = [-10, -5, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 10, None]
    for _ in range(n):
        t = r.choice("float32 int64 bool complex64 float16".split())
        s = c.shape()
        a = c.tensor(t, s, special=0)
        top = max(len(s), 1)

        def dim():
            return r.randint(-top, top - 1) if r.random() < 0.9 else r.choice([top, -top - 1])

        op = r.choice("slice slice slice select narrow transpose t permute view reshape expand flatten squeeze unsqueeze diagonal as_strided view_as_real repeat to clone contiguous cat stack".split())
        if op == "slice":
            c.case(op, a, dim(), r.choice(bounds), r.choice(bounds), r.choice([1, 1, 1, 2, 3, 7, 0, -1]))
        elif op == "select":
            c.case(op, a, dim(), r.choice([-3, -2, -1, 0, 1, 2, 3]))
        elif op == "narrow":
            c.case(op, a, dim(), r.choice([-3, -1, 0, 1, 2, 3]), r.choice([-1, 0, 1, 2, 3]))
        elif op in ("transpose", "flatten"):
            c.case(op, a, dim(), dim())
        elif op in ("t", "clone", "contiguous", "view_as_real"):
            c.case(op, a)
        elif op == "permute":
            p = r.sample(range(len(s)), len(s))
            c.case(op, a, [x - len(s) if r.random() < 0.3 else x for x in p] if r.random() < 0.85 else p[:-1])
        elif op in ("view", "reshape"):
            total = 1
            for x in s:
                total *= x
            p = r.choice([[total], [-1], [1, -1], [-1, 2], [2, -1], [3, -1], s + [1], [1] + s, s[::-1], [-1, -1], [total, 0], [-2]])
            c.case(op, a, p)
        elif op == "expand":
            p = [-1 if r.random() < 0.2 else x if x != 1 or r.random() < 0.4 else r.choice([2, 3]) for x in s]
            c.case(op, a, ([r.choice([1, 2, 0])] if r.random() < 0.3 else []) + (p if r.random() < 0.85 else p[1:] or [7]))
        elif op in ("squeeze", "unsqueeze"):
            c.case(op, a, dim())
        elif op == "diagonal":
            c.case(op, a, r.choice([-9, -2, -1, 0, 1, 2, 9]), dim(), dim())
        elif op == "as_strided":
            c.case(op, a, [r.choice([0, 1, 2]) for _ in range(2)], [r.choice([0, 1, 2]) for _ in range(2)], r.choice([None, 0, 1, 5]))
        elif op == "repeat":
            c.case(op, a, [r.choice([0, 1, 2]) for _ in range(len(s) + r.choice([0, 0, 1]))])
        elif op == "to":
            c.case(op, c.tensor(c.type(), s, special=0), dtype=getattr(torch, r.choice(ALL)))
        else:
            d = dim()
            others = []
            for _ in range(r.randint(0, 2)):
                o = list(s)
                if o and op == "cat" and -len(o) <= d < len(o):
                    o[d] = r.choice([0, 1, 2])
                if o and r.random() < 0.15:
                    o[r.randrange(len(o))] += 1
                others.append(c.tensor(t if r.random() < 0.8 else c.type(), o, special=0))
            c.case(op, [a] + others, d)


def ranges(c):
    for dtype in ("float16", "bfloat16", "float32", "float64", "int32"):
        d = getattr(torch, dtype)
        for a in ((-1.3, 5.7, 0.1), (2, 30, 0.3), (7, -7, -0.25), (0.1, 9)):
            c.case("arange", *a, dtype=d)
        for a in ((-1.3, 5.7, 37), (0, 1, 3), (9, -2.2, 20)):
            c.case("linspace", *a, dtype=d)
    c.case("linspace", 0.5, 2j, 7)
    c.case("linspace", 0, 2j, 3, dtype=torch.float32)
    c.case("arange", 5.5, dtype=torch.int64)


def generate(out):
    c = Cases(7)
    elementwise(c, 330)
    functions(c, 150)
    products(c, 90)
    views(c, 280)
    ranges(c)
    with open(os.path.join(ensure(out, "ops"), "random.jsonl"), "w") as f:
        for r in c.rows:
            f.write(json.dumps(r, separators=(",", ":")) + "\n")
    return len(c.rows)


if __name__ == "__main__":
    pin_environment()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    print(generate(sys.argv[1]))
