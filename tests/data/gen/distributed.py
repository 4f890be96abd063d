"""Folders of torch.distributed.checkpoint: of one process, and of four whose tensors are cut in several ways."""
import os
import shutil
import tempfile
import warnings
from collections import OrderedDict

from .common import describe, ensure, sha, write_json

PORT = "29533"


def fixed_names():
    """Nothing of this machine and this moment stands in the metadata."""
    import torch.distributed.checkpoint.filesystem as fs

    fs._generate_uuid = lambda: "00000000-0000-4000-8000-000000000000"


def single_state():
    import torch

    g = torch.Generator().manual_seed(31)
    w = torch.randn(3, 4, generator=g)
    return {
        "model": OrderedDict(w=w, narrow=torch.randn(5, generator=g).to(torch.bfloat16)[1:], turned=torch.randn(2, 3, generator=g).t(), scalar=torch.tensor(2.5), empty=torch.empty(0, 3), flags=torch.tensor([True, False]), complex=torch.tensor([1 + 2j, -3j]), small=torch.tensor([1.5, -2.0]).to(torch.float8_e4m3fn)),
        "optim": {"state": {0: {"step": torch.tensor(3.0), "moments": [torch.zeros(2), torch.ones(2)]}}, "param_groups": [{"lr": 0.1, "betas": (0.9, 0.999), "params": [0]}]},
        "epoch": 5,
        "name": "x",
        "big": 2**70,
        "dotted": {"a.b": torch.ones(1)},
        "pair": (1, torch.ones(2)),
        "nothing": None,
    }


def flat_state():
    import torch

    g = torch.Generator().manual_seed(32)
    return OrderedDict((name, torch.randn(2, 3, generator=g)) for name in FLAT)


def save_single(folder, state):
    import torch.distributed.checkpoint as dcp

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcp.save(state, checkpoint_id=folder, no_dist=True)


def save_flat(folder, state):
    """Without planner_data, as planners that do not flatten leave it."""
    import torch.distributed.checkpoint as dcp
    from torch.distributed.checkpoint.default_planner import DefaultSavePlanner

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcp.save(state, checkpoint_id=folder, no_dist=True, planner=DefaultSavePlanner(flatten_state_dict=False))


def sharded_parts():
    import torch

    g = torch.Generator().manual_seed(33)
    return {n: torch.randn(*s, generator=g) for n, s in (("rows", (10, 3)), ("columns", (3, 7)), ("grid", (5, 6)), ("cube", (4, 5, 3)), ("uneven", (3, 2)), ("whole", (2, 2)))}


def shard(rank, world, folder):
    import torch
    import torch.distributed as dist
    import torch.distributed.checkpoint as dcp
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Replicate, Shard, distribute_tensor

    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=PORT)
    torch.set_num_threads(1)
    fixed_names()
    warnings.simplefilter("ignore")
    dist.init_process_group("gloo", rank=rank, world_size=world)
    line = init_device_mesh("cpu", (world,))
    plane = init_device_mesh("cpu", (2, 2))
    t = sharded_parts()
    state = {
        "model": {
            "rows": distribute_tensor(t["rows"], line, [Shard(0)]),
            "columns": distribute_tensor(t["columns"], line, [Shard(1)]),
            "grid": distribute_tensor(t["grid"], plane, [Shard(0), Shard(1)]),
            "cube": distribute_tensor(t["cube"], plane, [Shard(2), Shard(1)]),
            "uneven": distribute_tensor(t["uneven"], line, [Shard(0)]),
            "whole": distribute_tensor(t["whole"], plane, [Replicate(), Replicate()]),
        },
        "step": 7,
    }
    dcp.save(state, checkpoint_id=folder)
    dist.destroy_process_group()


def read_back(folder):
    import torch.distributed.checkpoint as dcp
    from torch.distributed.checkpoint.default_planner import _EmptyStateDictLoadPlanner
    from torch.distributed.checkpoint.state_dict_loader import _load_state_dict

    state = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _load_state_dict(state, storage_reader=dcp.FileSystemReader(folder), planner=_EmptyStateDictLoadPlanner(), no_dist=True)
    return state if state.keys() - FLAT.keys() else OrderedDict(state)  # nothing says what a flat one was


FLAT = {f"layer.{i}.weight": None for i in range(3)}


def entry(folder, note):
    tree = describe(read_back(folder))
    for t in tree["tensors"]:
        for k in ("storage", "storage_nbytes", "storage_offset", "stride"):
            t.pop(k, None)
    del tree["shared_storage"]
    files = {n: sha(open(os.path.join(folder, n), "rb").read()) for n in sorted(os.listdir(folder))}
    return {"folder": folder, "files": files, "format": "torch-distributed", "note": note, **tree}


def generate(out):
    import torch.multiprocessing as mp

    out = ensure(out, "checkpoints", "distributed")
    back, work = os.getcwd(), tempfile.mkdtemp()
    rows = []
    try:
        os.chdir(work)  # the metadata says where it was written
        fixed_names()
        save_single("single", single_state())
        save_flat("flat", flat_state())
        mp.spawn(shard, args=(4, "sharded"), nprocs=4)
        for name, note in (("single", "one process, nested data"), ("flat", "no planner data"), ("sharded", "four processes; rows, columns, blocks; one tensor that all have")):
            rows.append(entry(name, note))
            shutil.rmtree(os.path.join(out, name), ignore_errors=True)
            shutil.copytree(name, os.path.join(out, name))
    finally:
        os.chdir(back)
        shutil.rmtree(work)
    write_json(os.path.join(out, "expected.json"), rows)
    return len(rows)
