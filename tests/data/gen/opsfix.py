"""Operations on tensors: what each gives for types, shapes, numbers and layouts, or how it refuses."""
import json
import math
import os

NINE = "bool uint8 int32 int64 float16 bfloat16 float32 float64 complex64".split()
ALL = (
    "bool uint8 int8 int16 int32 int64 uint16 uint32 uint64 float16 bfloat16 float32 float64 complex32 complex64 complex128 "
    "float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu"
).split()
CLOSE = set("pow exp log log1p sqrt rsqrt erf erfinv sin cos tanh sigmoid reciprocal sum mean prod var std norm matmul mm addmm linear "
            "linspace logspace square abs".split())


def hexof(t):
    import torch

    t = t.detach().contiguous()
    return bytes(t.reshape(-1).view(torch.uint8).tolist()).hex() if t.numel() else ""


def number(x):
    if isinstance(x, complex):
        return {"c": [x.real, x.imag]}
    if isinstance(x, float) and not math.isfinite(x):
        return {"x": str(x)}
    return {"n": x}


def generate(out):
    import torch

    folder = os.path.join(out, "ops")
    os.makedirs(folder, exist_ok=True)
    inputs = {}
    tensors = {}

    def add_input(name, base, sizes=None, strides=None, offset=0):
        """A view of a row-major base."""
        t = base if sizes is None else base.as_strided(sizes, strides, offset)
        inputs[name] = {"dtype": str(base.dtype)[6:], "base": list(base.shape), "hex": hexof(base), "sizes": list(t.shape),
                        "strides": list(t.stride()), "offset": offset}
        tensors[name] = t

    def values(dtype, which):
        d = getattr(torch, dtype)
        v = {"a": [3.0, 0.0, 7.0, 1.0, 5.0, 2.0, 100.0, 6.0], "b": [2.0, 5.0, 3.0, 1.0, 4.0, 0.5, 64.0, 2.0],
             "c": [-3.5, -0.0, 7.3, 1.1, -5.7, 2.5, 1000.1, float("nan")],
             "d": [2.1, -5.0, 3.0, -1.0, 0.3, 0.5, 64.3, float("inf")]}[which]
        t = torch.tensor(v, dtype=torch.float64)
        if d.is_complex:
            return torch.complex(t, t.flip(0).nan_to_num(1.5, 2.5)).to(d)
        if not d.is_floating_point:
            t = t.nan_to_num(4, 9)
            return (t.abs() if "uint" in dtype else t).to(torch.int64).to(d)
        return t.to(d)

    for dt in ALL:
        for w in "abcd":
            add_input(f"{dt}:{w}3", values(dt, w)[:3])
            add_input(f"{dt}:{w}", values(dt, w))
        add_input(f"{dt}:s", values(dt, "c")[3].clone())
        add_input(f"{dt}:m", values(dt, "a")[:6].reshape(2, 3).clone())
        add_input(f"{dt}:e", values(dt, "a")[:0].clone())
    for dt in ("float32", "float16", "int64"):
        v = values(dt, "c")
        long = torch.cat([v, v.flip(0), values(dt, "d")])
        add_input(f"{dt}:v23", long, [2, 3], [3, 1])
        add_input(f"{dt}:t23", long, [2, 3], [1, 2])
        add_input(f"{dt}:x23", long, [2, 3], [9, 2], 1)
        add_input(f"{dt}:r3", long, [3], [1], 4)
        add_input(f"{dt}:c21", long, [2, 1], [1, 1], 3)
        add_input(f"{dt}:o1", long, [1], [1], 6)
        add_input(f"{dt}:n", long, [], [], 9)
        add_input(f"{dt}:z03", long, [0, 3], [3, 1])
        add_input(f"{dt}:w423", long, [4, 2, 3], [1, 3, 2])
        add_input(f"{dt}:b23", long, [2, 3], [0, 1], 8)

    def run(op, args, kw):
        a = [tensors[x] if isinstance(x, str) else x for x in args]
        if op.endswith("_"):
            t = torch.empty_strided(a[0].shape, a[0].stride(), dtype=a[0].dtype).copy_(a[0])
            return getattr(t, op)(*a[1:], **kw)
        if op == "linear":
            return torch.nn.functional.linear(*a, **kw)
        if op in ("rdiv", "rsub_", "rpow", "rremainder", "rsub"):
            f = {"rdiv": lambda x, y: y / x, "rpow": lambda x, y: y**x, "rremainder": lambda x, y: y % x, "rsub": lambda x, y: y - x}[op]
            return f(*a)
        return getattr(torch, op)(*a, **kw)

    files = {}

    def case(file, op, *args, **kw):
        row = {"op": op, "args": [x if isinstance(x, str) else number(x) if not isinstance(x, (list, tuple)) else list(x) for x in args]}
        if kw:
            row["kw"] = {k: str(v)[6:] if isinstance(v, torch.dtype) else v for k, v in kw.items()}
        try:
            r = run(op, args, kw)
            rs = r if isinstance(r, tuple) else (r,)
            row["out"] = [[str(t.dtype)[6:], list(t.shape), hexof(t)] for t in rs]
            if op.rstrip("_") in CLOSE or op in ("rdiv", "rpow") or any(t.is_complex() for t in rs):
                row["close"] = 1
        except Exception as e:  # noqa: BLE001
            row["error"] = str(e).split("\n")[0]
        files.setdefault(file, []).append(row)

    # every pair of types
    for op in ("add", "mul", "div", "eq"):
        for x in ALL:
            for y in ALL:
                if op in ("add", "mul") or x <= y:
                    case("promotion", op, f"{x}:a3", f"{y}:b3")
    for op in ("sub", "remainder", "pow", "lt", "ge", "maximum", "bitwise_and", "bitwise_or"):
        for x in NINE:
            for y in NINE:
                case("promotion", op, f"{x}:a3", f"{y}:b3")
    for op in ("add_", "mul_", "div_"):
        for x in NINE:
            for y in NINE:
                case("promotion", op, f"{x}:a3", f"{y}:b3")
    for op in ("add", "mul", "eq"):
        for x in NINE:
            for y in NINE:
                case("promotion", op, f"{x}:a3", f"{y}:s")
                case("promotion", op, f"{y}:s", f"{x}:a3")
    # numbers
    for x in ALL:
        for n in (True, 3, -2, 300, 1.5, 1e30, 2j):
            for op in ("add", "sub", "mul", "div", "remainder", "pow", "eq", "lt"):
                if x in NINE or n in (3, 1.5):
                    case("numbers", op, f"{x}:a3", n)
    for x in NINE:
        for n in (3, 1.5):
            for op in ("rdiv", "rsub", "rpow", "rremainder"):
                case("numbers", op, f"{x}:b3", n)
        for n in (True, 2, 0.3):
            for op in ("add_", "sub_", "mul_", "div_"):
                case("numbers", op, f"{x}:a3", n)
    for x in ("float32", "float64", "float16", "bfloat16", "int32", "bool", "complex64"):
        for alpha in (2, 0.3, True):
            case("numbers", "add", f"{x}:c", f"{x}:d", alpha=alpha)
            case("numbers", "sub", f"{x}:c", f"{x}:d", alpha=alpha)
    # values and layouts
    shapes = "v23 t23 x23 r3 c21 o1 n z03 w423 b23".split()
    for dt in ("float32", "int64"):
        for i, x in enumerate(shapes):
            for j, y in enumerate(shapes):
                for k, op in enumerate(("add", "mul", "lt", "sub", "maximum")):
                    if (i + j + k) % 3 == 0 or (dt == "float32" and op == "mul"):
                        case("elementwise", op, f"{dt}:{x}", f"{dt}:{y}")
        for x in shapes:
            for y in shapes:
                case("elementwise", "mul_", f"{dt}:{x}", f"{dt}:{y}")
    for dt in "float16 bfloat16 float32 float64 int32 uint8 complex64".split():
        for op in "add sub mul div remainder eq lt ge maximum minimum".split():
            case("elementwise", op, f"{dt}:c", f"{dt}:d")
            case("elementwise", op, f"{dt}:d", f"{dt}:c")
    for op in ("abs neg sign square reciprocal relu exp log log1p sqrt rsqrt erf erfinv sin cos tanh sigmoid round floor ceil trunc isnan "
               "isinf isfinite logical_not bitwise_not").split():
        for dt in ALL:
            if dt in NINE or op in ("abs", "neg", "sign", "exp", "floor", "isnan", "isfinite", "relu", "logical_not"):
                case("elementwise", op, f"{dt}:c")
    for dt in NINE:
        for op in ("abs_", "neg_", "sqrt_", "erfinv_"):
            case("elementwise", op, f"{dt}:c3")
        for lo, hi in ((0, 1), (0.5, None), (None, 2), (2, 1), (float("nan"), None), (-1, 300)):
            kw = {k: v for k, v in (("min", lo), ("max", hi)) if v is not None and v == v}
            if kw:
                case("elementwise", "clamp", f"{dt}:c", **kw)
        case("elementwise", "masked_fill", f"{dt}:a3", "bool:a3", 7)
        case("elementwise", "masked_fill", f"{dt}:a3", "bool:a3", 1.5)
        case("elementwise", "masked_fill", f"{dt}:a3", "int32:a3", 1)
        case("elementwise", "where", "bool:a3", f"{dt}:a3", "float32:b3")
        for op in ("logical_and", "logical_or", "logical_xor", "bitwise_xor"):
            case("elementwise", op, f"{dt}:a3", f"{dt}:b3")
    # reductions
    for op in "sum mean prod var std norm max min argmax argmin all any count_nonzero".split():
        for dt in ALL:
            for x in ("a", "m", "e"):
                if dt in NINE or x == "a":
                    if op == "norm" and dt == "bool" and x == "e":
                        continue
                    case("reduction", op, f"{dt}:{x}")
    for dt in ("float32", "int64", "float16"):
        for x in ("v23", "t23", "x23", "w423", "z03", "n", "c21"):
            for op in "sum mean prod std norm max argmax any".split():
                case("reduction", op, f"{dt}:{x}")
            for dims in ([0], [1], [-1], [0, 1], [0, 0], [3], []):
                for keep in (False, True):
                    case("reduction", "sum", f"{dt}:{x}", dims, keep)
                case("reduction", "mean", f"{dt}:{x}", dims, True)
            for d in (0, 1, -1, 3):
                for op in ("max", "min", "argmax"):
                    case("reduction", op, f"{dt}:{x}", d)
    for p in (0, 1, 3, -1, 2.5, float("inf"), float("-inf")):
        case("reduction", "norm", "float32:b", p)
        case("reduction", "norm", "complex64:b", p)
        case("reduction", "norm", "float32:e", p)
    case("reduction", "sum", "float32:a", dtype=torch.float64)
    case("reduction", "mean", "int64:a", dtype=torch.float32)
    case("reduction", "std", "float32:a", False)
    case("reduction", "var", "float32:a", False)
    # products
    for dt in ALL:
        add_input(f"{dt}:p23", values(dt, "a")[:6].reshape(2, 3).clone())
        add_input(f"{dt}:p32", values(dt, "b")[:6].reshape(3, 2).clone())
        for x, y in (("p23", "p32"), ("p23", "a3"), ("a3", "p32"), ("a3", "b3"), ("p23", "p23")):
            case("matmul", "matmul", f"{dt}:{x}", f"{dt}:{y}")
    g = torch.Generator().manual_seed(1)
    mats = {"f44": [4, 4], "f45": [4, 5], "f4": [4], "f5": [5], "f345": [3, 4, 5], "f354": [3, 5, 4], "f2145": [2, 1, 4, 5],
            "f354b": [3, 5, 4], "f0": [0, 4], "f40": [4, 0], "f1": [1], "fs": [], "f245": [2, 4, 5]}
    for n, s in mats.items():
        add_input(n, torch.randint(-8, 9, s, generator=g).float() / 4)
    add_input("f54", tensors["f45"].clone(), [5, 4], [1, 5])
    add_input("f44x", torch.arange(64.0) / 8, [4, 4], [16, 3], 1)
    names = [n for n in mats] + ["f54", "f44x"]
    for x in names:
        for y in names:
            case("matmul", "matmul", x, y)
    for x, y in (("f44", "f44"), ("f44", "f4"), ("f4", "f44"), ("f45", "f54"), ("f44", "f44x")):
        case("matmul", "mm", x, y)
    for b in ("f4", "f44", "f5", "fs", "f1"):
        case("matmul", "addmm", b, "f44", "f44x")
        case("matmul", "addmm", b, "f44", "f44x", beta=0.5, alpha=2)
        case("matmul", "linear", "f44", "f44x", b)
        case("matmul", "linear", "f345", "f45", b)
    for x, y in (("f45", "f45"), ("f5", "f45"), ("f5", "f5"), ("f345", "f245"), ("f44", "f45")):
        case("matmul", "linear", x, y)
    case("matmul", "mm", "float32:p23", "float64:p32")
    # factories
    for a in ((5,), (5.0,), (2, 9), (2, 9, 3), (9, 2, -2), (0, 1, 0.25), (1, 5, -1), (0, 1, 0), (0,), (3.5,), (-3, 3), (True,)):
        for dt in (None, "float16", "int32", "float64", "bool", "uint16"):
            case("factories", "arange", *a, **({"dtype": getattr(torch, dt)} if dt else {}))
    for a in ((0, 1, 5), (0, 1, 1), (0, 1, 0), (0, 1, -1), (-3, 7.5, 8), (5, 1, 4)):
        for dt in ("float32", "float64", "int64", "float16"):
            case("factories", "linspace", *a, dtype=getattr(torch, dt))
            if dt.startswith("float"):
                case("factories", "logspace", *a, dtype=getattr(torch, dt))
    for a in ((3,), (2, 3), (3, 2), (0,), (-1,), (2, -3)):
        for dt in ("float32", "bool", "int64", "float8_e5m2"):
            case("factories", "eye", *a, dtype=getattr(torch, dt))
    for v in (0, 1, True, 2.5, 300, -1, 1e10, 1e300, 3j, float("nan")):
        case("factories", "full", [2], v)
        for dt in NINE + ["float8_e4m3fn", "uint16", "int8"]:
            case("factories", "full", [2], v, dtype=getattr(torch, dt))

    n = 0
    with open(os.path.join(folder, "inputs.json"), "w") as f:
        f.write(json.dumps(inputs, separators=(",", ":")).replace("},", "},\n") + "\n")
    for name, rows in files.items():
        n += len(rows)
        with open(os.path.join(folder, name + ".jsonl"), "w") as f:
            for r in rows:
                f.write(json.dumps(r, separators=(",", ":")) + "\n")
    return n


if __name__ == "__main__":
    import sys
    import warnings

    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from gen.common import pin_environment

    pin_environment()
    warnings.simplefilter("ignore")
    print(generate(sys.argv[1]))
