"""Checkpoints with objects in them: of Python's, of NumPy's, of classes of one's own, and tensors of unusual kinds.

Run as `python3 -m gen.objects` in tests/data: writes checkpoints/objects/*.pth and expected.json, in the notation of the other
checkpoints: {"t": kind, ...}, an object as {"t": "object", "class", "state", "arguments", "items"}.
"""

import collections
import dataclasses
import datetime
import decimal
import enum
import functools
import hashlib
import json
import pathlib
import struct
import sys
import types
import uuid

import numpy
import torch

FOLDER = pathlib.Path(__file__).parent.parent / "checkpoints" / "objects"

# Classes of a package that no reader has.
package = types.ModuleType("their_package")
sys.modules["their_package"] = package


def of_package(cls):
    cls.__module__ = "their_package"
    cls.__qualname__ = cls.__name__
    setattr(package, cls.__name__, cls)
    return cls


@of_package
@dataclasses.dataclass
class Settings:
    rate: float
    names: list


@of_package
class Colour(enum.Enum):
    RED = "red"


@of_package
class Registry(dict):
    pass


@of_package
class Row(list):
    pass


@of_package
class Point(collections.namedtuple("Point", "x y")):
    pass


@of_package
class Slotted:
    __slots__ = ("weight",)


@of_package
class Marked(torch.Tensor):
    pass


def array(a):
    little = numpy.ascontiguousarray(a.astype(a.dtype.newbyteorder("<")))
    return {"t": "ndarray", "dtype": little.dtype.str, "shape": list(a.shape),
            "sha256": hashlib.sha256(little.tobytes()).hexdigest()}


def number(v):
    if isinstance(v, bool):
        return {"t": "bool", "v": v}
    if isinstance(v, int):
        return {"t": "int", "v": str(v)}
    if isinstance(v, float):
        return {"t": "float", "hex": struct.pack("<d", v).hex()}
    return {"t": "complex", "v": f"({v.real:g}{v.imag:+g}j)"}


def text(v):
    return {"t": "str", "v": v}


def obj(name, state=None, arguments=(), items=()):
    out = {"t": "object", "class": name, "state": state or {"t": "none"}}
    if arguments:
        out["arguments"] = list(arguments)
    if items:
        out["items"] = list(items)
    return out


def dictionary(pairs):
    return {"t": "dict", "items": [[text(k), v] for k, v in pairs]}


def cases():
    row = Row([1, 2])
    row.note = "n"
    registry = Registry(a=1)
    slotted = Slotted()
    slotted.weight = 3
    counts = collections.defaultdict(int, {"a": 1})
    floats = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
    yield "settings", Settings(0.1, ["x"]), obj("their_package.Settings", dictionary(
        [("rate", number(0.1)), ("names", {"t": "list", "items": [text("x")]})]))
    yield "enum", Colour.RED, obj("their_package.Colour", arguments=[text("red")])
    yield "registry", registry, obj("their_package.Registry", items=[[text("a"), number(1)]])
    yield "row", row, obj("their_package.Row", dictionary([("note", text("n"))]),
                          items=[[number(0), number(1)], [number(1), number(2)]])
    yield "point", Point(1, 2), obj("their_package.Point", arguments=[number(1), number(2)])
    yield "slotted", slotted, obj("their_package.Slotted", {"t": "tuple", "items": [{"t": "none"}, dictionary([("weight", number(3))])]})
    yield "defaultdict", counts, {"t": "dict", "items": [[text("a"), number(1)]]}
    yield "deque", collections.deque([1, 2]), None
    yield "path", pathlib.PurePosixPath("a/b"), obj("pathlib.PurePosixPath", arguments=[text("a"), text("b")])
    yield "timedelta", datetime.timedelta(1), obj("datetime.timedelta", arguments=[number(1), number(0), number(0)])
    yield "decimal", decimal.Decimal("1.5"), obj("decimal.Decimal", arguments=[text("1.5")])
    yield "uuid", uuid.UUID(int=5), obj("uuid.UUID", dictionary([("int", number(5))]))
    yield "partial", functools.partial(torch.nn.Linear, 3), None
    yield "activation", torch.nn.functional.relu, {"t": "name", "v": "torch.nn.functional.relu"}
    yield "np_f32", floats, array(floats)
    yield "np_fortran", numpy.asfortranarray(floats), array(floats)
    yield "np_big", floats.astype(">f4"), array(floats)
    yield "np_bool", numpy.array([True, False]), array(numpy.array([True, False]))
    yield "np_complex", numpy.array([1 + 2j]), array(numpy.array([1 + 2j]))
    yield "np_empty", numpy.zeros((0, 3), dtype=numpy.int16), array(numpy.zeros((0, 3), dtype=numpy.int16))
    yield "np_scalar", numpy.array(7), array(numpy.array(7))
    yield "np_f16", numpy.float16(0.5), number(0.5)
    yield "np_i32", numpy.int32(-5), number(-5)
    yield "np_u64", numpy.uint64(2**64 - 1), number(2**64 - 1)
    yield "np_true", numpy.bool_(True), number(True)
    yield "np_c64", numpy.complex64(1 - 2j), number(1 - 2j)
    yield "np_texts", numpy.array(["a", "bc"]), None
    yield "np_objects", numpy.array([{"a": 1}], dtype=object), None


def tensors():
    """Tensors of unusual kinds: file, object, what it shows."""
    marked = torch.arange(4.0).as_subclass(Marked)
    yield "subclass", {"w": marked}, ["w"]
    nested = torch.nested.nested_tensor([torch.arange(2.0), torch.arange(3.0)])
    yield "nested", {"w": nested}, []


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    expected = []
    for name, value, tree in cases():
        for protocol in (2, 4, 5):
            file = f"{name}_{protocol}.pth"
            torch.save({"value": value}, FOLDER / file, pickle_protocol=protocol)
            expected.append({"file": file, "value": tree})
    for name, value, names in tensors():
        torch.save(value, FOLDER / f"{name}.pth")
        expected.append({"file": f"{name}.pth", "tensors": names})
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
