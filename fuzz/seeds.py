#!/usr/bin/env python3
"""Copies the files of tests/data into a seed corpus, a folder per fuzz target: fuzz/seeds.py build/fuzz/corpus

Pickles are taken out of their archives. Files over 64 KiB are left out: what they do, smaller ones do faster.
"""
import hashlib
import pathlib
import sys
import zipfile

MOST_BYTES = 64 << 10
LEGACY_MAGIC = bytes.fromhex("8a0a6cfc9c46f9206aa85019")
BY_SUFFIX = {".safetensors": "safetensors", ".gguf": "gguf", ".npy": "npy", ".npz": "zip", ".json": "index"}


def target_of(path, data):
    """The target that a file goes to, by its content; what is no known format by its name."""
    if data[:2] == b"PK":
        return "zip"
    if LEGACY_MAGIC in data[:64] or data[257:262] == b"ustar" or path.suffix == ".pkl":
        return "legacy"
    if path.suffix in BY_SUFFIX:
        return BY_SUFFIX[path.suffix]
    return "zip" if path.suffix in (".pth", ".pt", ".bin", ".pt2") else None


def pickles_of(path, data):
    if path.suffix == ".pkl" or data[:1] == b"\x80":
        yield data
    if data[:2] != b"PK":
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".pkl"):
                    yield archive.read(name)
    except Exception:  # A broken archive: it is a seed of its own.
        return


def main():
    root = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data"
    corpus = pathlib.Path(sys.argv[1])
    count = {}

    def add(target, data):
        if len(data) > MOST_BYTES:
            return
        folder = corpus / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)
        count[target] = count.get(target, 0) + 1

    for part in ("checkpoints", "hostile", "real"):
        for path in sorted((root / part).rglob("*")):
            if not path.is_file() or path.name in ("expected.json", "README.md"):
                continue
            data = path.read_bytes()
            target = target_of(path, data)
            if target is None:
                continue
            add(target, data)
            if target in ("zip", "legacy"):
                add("scan", data)
            for pickle in pickles_of(path, data):
                add("pickle", pickle)
    print("seeds: " + ", ".join(f"{n} {target}" for target, n in sorted(count.items())))


main()
