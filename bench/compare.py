#!/usr/bin/env python3
"""Runs the workloads of Ballast and, where torch is installed, the same ones of PyTorch, in turn, and prints the ratios.

  compare.py BALLAST_BENCH BALLAST [--rounds N] [--only TEXT] [--folder FOLDER]

Every workload runs in a process of its own; the rounds of the two sides alternate; a figure is the median of all samples.
Targets are those of docs/performance.md: `ms` at most, or `x` times PyTorch at least.
"""
import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))

# name, threads, target in ms (at most) or None, target as times PyTorch's speed (at least) or None
WORKLOADS = [
    ("iterate.construct", 1, 12, None),
    ("iterate.construct_meta", 1, 8, None),
    ("iterate.parameters", 1, 1, None),
    ("iterate.named_parameters", 1, 2, None),
    ("iterate.state_dict", 1, 4, None),
    ("iterate.load_state_dict", 1, 6, None),
    ("iterate.list_million_meta", 1, 2000, None),
    ("init.uniform", 1, None, 7),
    ("init.uniform", 2, None, None),
    ("init.kaiming_uniform", 1, None, 7),
    ("init.normal", 1, None, 3),
    ("init.normal", 2, None, None),
    ("init.xavier_normal", 1, None, 3),
    ("init.trunc_normal", 1, None, 5),
    ("init.constant", 1, None, 1),
    ("init.orthogonal_1024", 1, None, 1),
    ("init.sparse_1024", 1, None, 3),
    ("construct.linear8x2048", 1, None, 2.5),
]

# name, threads, at most so many times libtorch's time
TRAINING = [
    ("mlp.small", 1, 0.1),
    ("mlp.small_forward", 1, 0.2),
    ("mlp.tied", 1, 0.1),
    ("mlp.medium", 1, 0.5),
    ("mlp.medium", 2, 0.5),
    ("mlp.large", 1, 0.8),
    ("mlp.large", 2, 0.8),
    ("conv.lenet", 1, 0.5),
    ("conv.lenet", 2, 0.5),
    ("conv.resnet20", 1, 0.6),
    ("conv.resnet20", 2, 0.6),
    ("seq.lstm", 1, 0.8),
    ("seq.lstm", 2, 0.8),
    ("seq.transformer", 1, 0.75),
    ("seq.transformer", 2, 0.75),
    ("seq.transformer_dropout", 1, 0.75),
]

# name, threads, target in ms (at most) or the peer whose time is the target, peers
FILES = [
    ("io.save", 1, 320, ("torch", "torch@nocrc", "safetensors", "libtorch")),
    ("io.save_durable", 1, None, ()),
    ("io.load", 1, 260, ("torch",)),
    ("io.load", 2, 260, ("torch",)),
    ("io.load_reused", 1, "libtorch", ("libtorch", "torch")),
    ("io.load_reused", 2, "libtorch", ("libtorch", "torch")),
    ("io.load_mmap", 1, 1, ("torch", "safetensors")),
    ("io.load_mmap_one", 1, 1.5, ("torch", "safetensors")),
    ("io.verify", 1, 130, ()),
    ("io.verify", 2, 130, ()),
    ("io.convert", 1, 400, ("torch",)),
    ("io.convert_durable", 1, None, ()),
    ("many.save", 1, 45, ("torch", "safetensors", "libtorch")),
    ("many.save_durable", 1, None, ()),
    ("many.load", 1, 30, ("torch", "safetensors", "libtorch")),
    ("many.load_mmap", 1, None, ("torch",)),
    ("million.load_mmap", 1, 2000, ("safetensors",)),
]

OPEN_TORCH = """
import sys, torch
for n, t in torch.load(sys.argv[1], weights_only=True, mmap=True).items():
    print(n, tuple(t.shape), t.dtype)
"""


def busy_cores(before, after, own_seconds, wall):
    """Cores that others used meanwhile: a figure above 1 at one thread, or 0.2 at two, was disturbed."""
    ticks = os.sysconf("SC_CLK_TCK")
    return max(0.0, (after - before) / ticks / wall - own_seconds / wall)


def busy_ticks():
    with open("/proc/stat") as f:
        v = [int(x) for x in f.readline().split()[1:9]]
    return sum(v) - v[3] - v[4]


def run(command, threads=1):
    """(milliseconds, peak MiB, output, cores others used) of a whole process."""
    # A numeric library's pool starts, and spins, when it is loaded: before a program can say how many threads it wants.
    environment = os.environ | {v: str(threads) for v in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    before, start = busy_ticks(), time.perf_counter()
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdout=out, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode()
    own = usage.ru_utime + usage.ru_stime
    return child.returncode, wall * 1e3, usage.ru_maxrss / 1024, text, busy_cores(before, busy_ticks(), own, wall)


def sample(command, threads):
    code, _, _, text, others = run(command, threads)
    if code == 3:
        return None
    if code != 0:
        sys.exit(f"{' '.join(command)} failed with {code}")
    return json.loads(text.splitlines()[-1]) | {"others": others}


def row(name, ours, theirs, target_ms, target_x, our_rss, their_rss, others):
    peer = f"{theirs:10.2f}" if theirs else "         -"
    ratio = f"{theirs / ours:7.1f}x" if theirs else "       -"
    target = f"<= {target_ms} ms" if target_ms else f">= {target_x}x" if target_x else ""
    if target_ms:
        verdict = "met" if ours <= target_ms else "missed"
    elif target_x and theirs:
        verdict = "met" if theirs / ours >= target_x else "missed"
    else:
        verdict = ""
    rss = f"{our_rss:6.0f}" + (f" /{their_rss:6.0f}" if their_rss else "")
    print(f"{name:30s} {ours:10.3f} {peer} {ratio}  {target:12s} {verdict:7s} {rss:>15s}  {others:4.1f}", flush=True)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("bench")
    a.add_argument("tool")
    a.add_argument("--rounds", type=int, default=3)
    a.add_argument("--only", default="")
    a.add_argument("--folder", default=None)
    o = a.parse_args()
    torch = importlib.util.find_spec("torch") is not None
    if not torch:
        print("skipped: torch not installed (PyTorch's column)")
    print(f"{'workload (threads)':30s} {'ballast ms':>10s} {'torch ms':>10s} {'ratio':>8s}  {'target':12s} {'':7s} {'peak MiB':>15s}  others")
    for name, threads, target_ms, target_x in WORKLOADS:
        if o.only not in name:
            continue
        ours, theirs = [], []
        for _ in range(o.rounds):
            ours.append(sample([o.bench, name, str(threads)], threads))
            if torch:
                peer = sample([sys.executable, os.path.join(HERE, "peer_torch.py"), name, str(threads)], threads)
                if peer:
                    theirs.append(peer)
        median = lambda rows: statistics.median([m for r in rows for m in r["ms"]]) if rows else None
        peak = lambda rows: max(r["peak_rss_MiB"] for r in rows) if rows else None
        others = max(r["others"] for r in ours + theirs)
        row(f"{name} ({threads})", median(ours), median(theirs), target_ms, target_x, peak(ours), peak(theirs), others)
    training(o)
    files(o, torch)
    if o.only in "open.pth open.many":
        opens(o, torch)
    if o.only in "diff.pth stats.pth":
        looks(o, torch)
    if o.only in "report.html":
        reports(o)


def training(o):
    """Training steps, beside libtorch where its peer was built (a wheel of torch was there when this was configured)."""
    peer = os.path.join(os.path.dirname(o.bench), "peer_libtorch")
    if not os.path.exists(peer):
        peer = None
        print("skipped: peer_libtorch not built (libtorch's column)")
    for name, threads, most in TRAINING:
        if o.only not in name:
            continue
        ours, theirs = [], []
        for _ in range(o.rounds):
            ours.append(sample([o.bench, name, str(threads)], threads))
            if peer:
                theirs.append(sample([peer, name, str(threads)], threads))
        median = lambda rows: statistics.median([m for r in rows for m in r["ms"]]) if rows else None
        peak = lambda rows: max(r["peak_rss_MiB"] for r in rows) if rows else 0
        mine, other = median(ours), median(theirs)
        verdict = "" if other is None else "met" if mine <= most * other else "missed"
        ratio = "       -" if other is None else f"{mine / other:8.3f}"
        print(f"{name} ({threads})".ljust(30), f"{mine:10.4f}", "         -" if other is None else f"{other:10.4f}", ratio,
              f" <= {most}".ljust(13), f"{verdict:7s} {peak(ours):6.0f} /{peak(theirs):6.0f} ", f"{max(r['others'] for r in ours + theirs):4.1f}", flush=True)


def files(o, torch):
    """Saving and loading, beside PyTorch, safetensors and libtorch: a line for each peer. The files are warm in the page cache."""
    wanted = [w for w in FILES if o.only in w[0]]
    if not wanted:
        return
    libtorch = os.path.join(os.path.dirname(o.bench), "peer_libtorch")
    with tempfile.TemporaryDirectory(dir=o.folder) as folder:
        subprocess.run([o.bench, "--write-files", folder], check=True)
        if any(w[0].startswith("million") for w in wanted):
            subprocess.run([o.bench, "--write-million-file", folder], check=True)
        for name, threads, target, peers in wanted:
            arguments = [str(threads), folder]
            commands = {"ballast": [o.bench, name]}
            for peer in peers:
                variant = name + ("@" + peer.partition("@")[2] if "@" in peer else "@safetensors" if peer == "safetensors" else "")
                if peer == "libtorch" and os.path.exists(libtorch):
                    commands[peer] = [libtorch, name]
                elif peer != "libtorch" and torch:
                    commands[peer] = [sys.executable, os.path.join(HERE, "peer_torch.py"), variant]
            rows = {who: [] for who in commands}
            for _ in range(o.rounds):
                for who, command in commands.items():
                    measured = sample(command + arguments, threads)
                    if measured:
                        rows[who].append(measured)
            ms = {who: statistics.median([m for r in each for m in r["ms"]]) for who, each in rows.items() if each}
            peak = {who: max(r["peak_rss_MiB"] for r in each) for who, each in rows.items() if each}
            others = max(r["others"] for each in rows.values() for r in each)
            most = ms.get(target) if isinstance(target, str) else target
            for i, who in enumerate(w for w in ms if w != "ballast" or len(ms) == 1):
                row(f"{name} ({threads})" + ("" if who == "ballast" else f" / {who}"), ms["ballast"],
                    None if who == "ballast" else ms[who], round(most, 1) if most and i == 0 else None, None,
                    peak["ballast"], None if who == "ballast" else peak[who], others)


def processes(o, name, ours, theirs, target, threads=1, times=1, good=(0,)):
    """A line for whole processes, start to exit, the files warm in the page cache: `ours` and, where it is not None, `theirs` in
    turns. A first run of each does not count. Ours is run `times` times as often, as it is shorter."""
    commands = {"ours": ours} | ({"theirs": theirs} if theirs else {})
    runs = {k: [] for k in commands}
    for i in range(1 + times * o.rounds):
        for k, command in commands.items():
            if k == "theirs" and i > o.rounds:
                continue
            code, ms, rss, _, others = run(command, threads)
            if code not in (good if k == "ours" else (0,)):
                sys.exit(f"{' '.join(command)} failed with {code}")
            if i > 0:
                runs[k].append((ms, rss, others))
    middle = {k: statistics.median(r[0] for r in each) for k, each in runs.items()}
    peak = {k: max(r[1] for r in each) for k, each in runs.items()}
    row(name, middle["ours"], middle.get("theirs"), target, None, peak["ours"], peak.get("theirs"), max(r[2] for each in runs.values() for r in each))


def cores_of(threads):
    """What keeps a process to as many cores as it is to have threads; None if there are fewer."""
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", ",".join(map(str, cores[:threads]))] if threads <= len(cores) else None


def opens(o, torch):
    """Names, shapes and dtypes of every tensor."""
    with tempfile.TemporaryDirectory(dir=o.folder) as folder:
        subprocess.run([o.bench, "--write-files", folder], check=True)
        for name, file, target in (("open.pth 1 GiB", "a.pth", 10), ("open.many 20,000", "many.pth", 60)):
            path = os.path.join(folder, file)
            processes(o, name, [o.tool, "show", path], [sys.executable, "-c", OPEN_TORCH, path] if torch else None, target, times=5)


DIFF_TORCH = """
import sys, torch
torch.set_num_threads(int(sys.argv[3]))
a, b = (torch.load(f, mmap=True) for f in sys.argv[1:3])
print({k: (a[k] - b[k]).abs().max().item() for k in a})
"""
STATS_TORCH = """
import sys, torch
torch.set_num_threads(int(sys.argv[2]))
for k, t in torch.load(sys.argv[1], mmap=True).items():
    std, mean = torch.std_mean(t)
    low, high = torch.aminmax(t)
    print(k, mean.item(), std.item(), low.item(), high.item(), max(-low.item(), high.item()), t.numel() - torch.count_nonzero(t).item(),
          t.isnan().sum().item(), t.isinf().sum().item())
"""


def looks(o, torch):
    """The difference of two files of 1 GiB, the statistics of one."""
    with tempfile.TemporaryDirectory(dir=o.folder) as folder:
        subprocess.run([o.bench, "--write-files", folder], check=True)
        subprocess.run([o.bench, "--write-other-file", folder], check=True)
        a, b = os.path.join(folder, "a.pth"), os.path.join(folder, "b.pth")
        for name, command, script, files, target, good in (("diff.pth 2 x 1 GiB", "diff", DIFF_TORCH, [a, b], 330, (1,)),
                                                           ("stats.pth 1 GiB", "stats", STATS_TORCH, [a], 150, (0,))):
            for threads in (1, 2):
                pin = cores_of(threads)
                if pin and o.only in name:
                    theirs = pin + [sys.executable, "-c", script, *files, str(threads)] if torch else None
                    processes(o, f"{name} ({threads})", pin + [o.tool, command, *files], theirs, target, threads, 3, good)


def reports(o):
    """The page of 1 GiB in 2,000 tensors. Hashing has a thread of its own: it is the cores that are counted."""
    with tempfile.TemporaryDirectory(dir=o.folder) as folder:
        subprocess.run([o.bench, "--write-report-file", folder], check=True)
        path, page = os.path.join(folder, "report.pth"), os.path.join(folder, "page.html")
        for threads in (1, 2):
            pin = cores_of(threads)
            if pin:
                processes(o, f"report.html 1 GiB, 2,000 ({threads})", pin + [o.tool, "report", path, "-o", page, "--quiet"], None, 3000, threads)
        print(f"the page has {os.path.getsize(page) / 2**20:.2f} MiB")


main()
