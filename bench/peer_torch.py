#!/usr/bin/env python3
"""The workloads of ballast_bench, done by PyTorch: peer_torch.py NAME [THREADS [FOLDER]]. Prints the same line of JSON.

Of the workloads on files there are variants: `NAME@safetensors` does the same with that library, `io.save@nocrc` without checksums.
Status 3: PyTorch (or the variant) has no twin, or safetensors is not installed.
"""
import ctypes
import json
import math
import os
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import init


def tree(device=None):
    def module():
        return nn.Module()

    root = module()
    for s in range(20):
        stage = module()
        for b in range(20):
            block = module()
            for leaf in range(25):
                block.add_module(f"l{leaf}", nn.Linear(4, 4, device=device))
            stage.add_module(f"b{b}", block)
        root.add_module(f"s{s}", stage)
    return root


def walk_named(t):
    return sum(p.numel() + len(n) for n, p in t.named_parameters())


def state(name):
    torch.manual_seed(0)
    if name.startswith("io."):
        return {f"layers.{i}.weight": torch.randn(1280, 1048) for i in range(200)}
    return {f"blocks.{i // 100}.layers.{i % 100}.weight": torch.randn(64) for i in range(20_000)}


def prepared_files(name, folder):
    """The call that is timed, and what is done before each; the files are those of `ballast_bench --write-files`, and their twins."""
    name, _, variant = name.partition("@")
    file = os.path.join(folder, {"io": "a", "many": "many", "million": "million"}[name.partition(".")[0]])
    out = os.path.join(folder, "saved")
    if variant == "safetensors" or name == "io.convert":
        import safetensors.torch
    if variant == "safetensors":
        if name != "io.save" and name != "many.save" and not os.path.exists(file + ".safetensors"):
            safetensors.torch.save_file(state(name), file + ".safetensors")
    kept = []

    def fresh():
        """Drops what the last call loaded; its memory goes back to the system, unless it is to be used again."""
        kept.clear()
        if not name.endswith("_reused"):
            ctypes.CDLL(None).malloc_trim(0)

    def removed():
        if os.path.exists(out):
            os.unlink(out)
        os.sync()

    def one_of_safetensors():
        with safetensors.safe_open(file + ".safetensors", "pt") as f:
            kept.append(f.get_tensor("layers.137.weight").clone())

    load = lambda **options: kept.append(torch.load(file + ".pth", weights_only=True, **options))
    if name in ("io.save", "many.save"):
        data = state(name)
        if variant == "safetensors":
            return lambda: safetensors.torch.save_file(data, out), removed
        torch.serialization.set_crc32_options(variant != "nocrc")
        return lambda: torch.save(data, out), removed
    calls = {
        ("io.load", ""): load,
        ("io.load_reused", ""): load,
        ("many.load", ""): load,
        ("io.load_mmap", ""): lambda: load(mmap=True),
        ("many.load_mmap", ""): lambda: load(mmap=True),
        ("io.load_mmap_one", ""): lambda: kept.append(torch.load(file + ".pth", weights_only=True, mmap=True)["layers.137.weight"].clone()),
        ("io.convert", ""): lambda: safetensors.torch.save_file(torch.load(file + ".pth", weights_only=True, mmap=True), out),
        ("million.load_mmap", "safetensors"): lambda: kept.append(safetensors.torch.load_file(file + ".safetensors")),
        ("io.load_mmap", "safetensors"): lambda: kept.append(safetensors.torch.load_file(file + ".safetensors")),
        ("many.load", "safetensors"): lambda: kept.append(safetensors.torch.load_file(file + ".safetensors")),
        ("io.load_mmap_one", "safetensors"): one_of_safetensors,
    }
    return calls[name, variant], removed if name == "io.convert" else fresh


def prepared(name):
    """The call that is timed; everything before it is not."""
    if name == "iterate.construct":
        return tree
    if name == "iterate.construct_meta":
        return lambda: tree("meta")
    if name == "iterate.parameters":
        t = tree()
        return lambda: sum(p.numel() for p in t.parameters())
    if name == "iterate.named_parameters":
        t = tree()
        return lambda: walk_named(t)
    if name == "iterate.state_dict":
        t = tree()
        return t.state_dict
    if name == "iterate.load_state_dict":
        t, state = tree(), tree().state_dict()
        return lambda: t.load_state_dict(state)
    if name == "construct.linear8x2048":
        return lambda: nn.Sequential(*[nn.Linear(2048, 2048) for _ in range(8)])
    small = name.endswith("_1024")
    w = torch.zeros((1024, 1024) if small else (5000, 10000))
    torch.manual_seed(0)
    calls = {
        "init.uniform": lambda: init.uniform_(w),
        "init.kaiming_uniform": lambda: init.kaiming_uniform_(w),
        "init.normal": lambda: init.normal_(w),
        "init.xavier_normal": lambda: init.xavier_normal_(w),
        "init.trunc_normal": lambda: init.trunc_normal_(w),
        "init.constant": lambda: init.constant_(w, 0.5),
        "init.orthogonal_1024": lambda: init.orthogonal_(w),
        "init.sparse_1024": lambda: init.sparse_(w, 0.9),
    }
    return calls[name]


def main():
    name = sys.argv[1]
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    torch.set_num_threads(threads)
    before = None
    try:
        if name.startswith(("io.", "many.", "million.")):
            call, before = prepared_files(name, sys.argv[3])
        else:
            call = prepared(name)
    except (KeyError, ImportError):
        sys.exit(3)  # a workload that PyTorch has no twin for
    samples = 0 if name.startswith("million.") else 3 if name == "init.trunc_normal" else 7 if name.startswith(("init", "construct")) else 5

    def timed(times):
        if before:
            before()
        start = time.perf_counter()
        for _ in range(times):
            call()
        return (time.perf_counter() - start) * 1e3

    once = timed(1)
    inner = 1 if before or once >= 2 else math.ceil(2 / max(once, 1e-4))
    ms = [timed(inner) / inner for _ in range(samples)] or [once]
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"name": name, "threads": threads, "ms": ms, "peak_rss_MiB": round(rss, 1)}))


main()
