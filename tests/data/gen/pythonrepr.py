"""Python's repr of floats and strings: print/python_repr.json.

  python3 -m gen.pythonrepr OUT        (in tests/data)

`floats`: [the 8 bytes, little-endian, in hexadecimal; repr]. `strings`: [UTF-8 bytes in hexadecimal, surrogates passed;
repr]. `printable`: for each of the 4352 blocks of 256 code points, how many of them str.isprintable() accepts.
"""
import json
import math
import random
import struct
import sys

from .common import write


def floats(r):
    out = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 5e-324, sys.float_info.max, sys.float_info.min, 2.0**53, 2.0**53 + 2]
    out += [10.0**e for e in range(-30, 31)] + [-(10.0**e) for e in (-5, -4, 15, 16)]
    out += [9.999999999999999e15, 9007199254740993.0, 123456789012345680.0, 0.0001, 0.00012345, 9.9999e-05, 1e22, 1e23]
    out += [r.gauss(0, 1) for _ in range(100)] + [round(r.uniform(-1000, 1000), r.randrange(6)) for _ in range(100)]
    out += [float(r.randrange(10 ** r.randrange(1, 20))) for _ in range(60)]
    out += [struct.unpack("<d", struct.pack("<Q", r.getrandbits(64)))[0] for _ in range(300)]
    return [[struct.pack("<d", v).hex(), repr(v)] for v in out]


def strings(r):
    out = ["", "a", "it's", 'say "hi"', "it's \"both\"", "\\", "a\\'b", "\n\r\t", "\0\x01\x1f\x7f\x80\x9f\xa0\xad", "\u00e9\u00df\u0378", "\u4e16\u754c", "\U0001f600"]
    out += ["\u200b\u200e\u2028\u2029\u3000", "\ue000\uf8ff\ufeff\uffff", "\ud800", "a\udfffb", "\U000e0001\U000e0100\U0010ffff", "\U0003ffff", "0.weight"]
    alphabet = "ab'\"\\\n\x00\x7f\u00a0\u00e9\u0301\u05d0\u200d\u2029\ud834\U0001d11e\U000f0000\U00020000"
    out += ["".join(r.choice(alphabet) for _ in range(r.randrange(1, 12))) for _ in range(100)]
    return [[s.encode("utf-8", "surrogatepass").hex(), repr(s)] for s in out]


def invalid_utf8():
    raw = [b"\xff", b"a\x80b", b"\xc0\x80", b"\xe0\x80\x80", b"\xf5\x80\x80\x80", b"\xe4\xb8", b"\xf0\x9f\x98", b"\xc3\xc3\xa9", b"\xf4\x90\x80\x80"]
    return [[b.hex(), repr(b.decode("utf-8", "surrogateescape"))] for b in raw]


def main(path):
    r = random.Random(3)
    printable = [sum(chr(c).isprintable() for c in range(b, b + 256)) for b in range(0, 0x110000, 256)]
    write(path, json.dumps({"floats": floats(r), "strings": strings(r) + invalid_utf8(), "printable": printable}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
