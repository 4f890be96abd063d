"""Checkpoints for the tests of reports, as safetensors files: a header in JSON, then the bytes."""
import array
import json
import random
import struct


def write(path, tensors):
    """`tensors`: (name, shape, floats) each."""
    header, at = {}, 0
    for name, shape, values in tensors:
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [at, at + 4 * len(values)]}
        at += 4 * len(values)
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % 64)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, values in tensors:
            file.write(array.array("f", values).tobytes())


def weights(shape, seed, scale=0.1):
    draw = random.Random(seed)
    n = 1
    for size in shape:
        n *= size
    return [draw.gauss(0, scale) for _ in range(n)]


def small_model(moved=0.0):
    """A few layers; one weight has a NaN. `moved`: how far the layers have gone, the later ones farther."""
    tensors = []
    for i in range(4):
        values = weights((24, 16), i)
        step = weights((24, 16), 100 + i, moved * (i + 1))
        tensors.append((f"encoder.layers.{i}.weight", (24, 16), [x + y for x, y in zip(values, step)]))
        tensors.append((f"encoder.layers.{i}.bias", (24,), [0.01 * k for k in range(24)]))
    tensors.append(("head.weight", (10, 24), weights((10, 24), 9)))
    tensors[2][2][5] = float("nan")
    return tensors


HOSTILE = [
    "</script><script>window.hit = 1</script>",
    '"><img src=x onerror="window.hit = 2">',
    "<!--<script>",
    "javascript:alert(1).weight",
    "{{title}}.{{data}}",
    "rtl\u202e\u2066gnp.exe",
    "line\u2028end\u2029.next\n.x\x1b[2J",
    "__proto__.constructor.prototype",
    "__proto__",
    "toString",
    "a..b.",
    ".",
    "emoji \U0001f600.\u0301\u0301\u0301",
    "x" * 5000,
    ".".join("d" * 300),
    "",
    " ",
    "&lt;b&gt;&amp;",
    "${window.hit = 3}",
    "#data",
]


def hostile_model():
    return [(name, (3, 4), weights((3, 4), i)) for i, name in enumerate(HOSTILE)]


def many_tensors(count, shape=(48, 48)):
    """Of one set of random values, each tensor from another place on: it is their number that counts."""
    n = shape[0] * shape[1]
    values = weights((n + count,), 1)
    return [(f"blocks.{i // 20}.layers.{i % 20}.weight", shape, values[i:i + n]) for i in range(count)]
