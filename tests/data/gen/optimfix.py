"""What the optimisers, schedules, averages, clipping and the data loader of PyTorch do, step by step."""
import copy
import itertools
import os
from collections import OrderedDict

from .common import arr, ensure, save_npz, write_json

SHAPES = [(3, 5), (7,), (), (2, 3, 2)]
STEPS = 8

UPDATES = [
    ("SGD", dict(lr=0.1)),
    ("SGD", dict(lr=0.1, momentum=0.9)),
    ("SGD", dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.03)),
    ("SGD", dict(lr=0.1, momentum=0.7, dampening=0.2, weight_decay=0.01, maximize=True)),
    ("Adam", dict()),
    ("Adam", dict(lr=0.02, betas=(0.8, 0.95), eps=1e-5, weight_decay=0.1)),
    ("Adam", dict(lr=0.02, amsgrad=True, maximize=True)),
    ("Adam", dict(lr=0.02, betas=(0.4, 0.6), amsgrad=True, weight_decay=0.05)),
    ("AdamW", dict()),
    ("AdamW", dict(lr=0.02, weight_decay=0.2, amsgrad=True)),
    ("AdamW", dict(lr=0.02, betas=(0.5, 0.9), maximize=True)),
    ("RMSprop", dict()),
    ("RMSprop", dict(lr=0.02, momentum=0.9)),
    ("RMSprop", dict(lr=0.02, centered=True, weight_decay=0.01)),
    ("RMSprop", dict(lr=0.02, alpha=0.3, momentum=0.5, centered=True, maximize=True)),
    ("Adagrad", dict()),
    ("Adagrad", dict(lr=0.1, lr_decay=0.05, weight_decay=0.01, initial_accumulator_value=0.1, eps=1e-6, maximize=True)),
    ("Adadelta", dict()),
    ("Adadelta", dict(lr=0.5, rho=0.8, eps=1e-4, weight_decay=0.02, maximize=True)),
    ("Adamax", dict()),
    ("Adamax", dict(lr=0.05, betas=(0.6, 0.9), eps=1e-4, weight_decay=0.02, maximize=True)),
    ("NAdam", dict()),
    ("NAdam", dict(lr=0.05, betas=(0.6, 0.9), weight_decay=0.1, momentum_decay=0.1)),
    ("NAdam", dict(lr=0.05, weight_decay=0.1, decoupled_weight_decay=True, maximize=True)),
    ("RAdam", dict()),
    ("RAdam", dict(lr=0.05, betas=(0.6, 0.9), weight_decay=0.1)),
    ("RAdam", dict(lr=0.05, weight_decay=0.1, decoupled_weight_decay=True, maximize=True)),
]


def numbers(shape, generator):
    import torch

    return (torch.randn(shape, generator=generator, dtype=torch.float32) * 4096).round() / 4096


def problem():
    """Start values and a gradient for each step; parameter 1 has none in step 3."""
    import torch

    g = torch.Generator().manual_seed(7)
    start = [numbers(s, g) for s in SHAPES]
    grads = [[numbers(s, g) for s in SHAPES] for _ in range(STEPS)]
    return start, grads


def flat(tensors):
    import torch

    return torch.cat([t.detach().reshape(-1) for t in tensors])


def set_grads(params, grads, step):
    for i, p in enumerate(params):
        p.grad = None if (step, i) == (2, 1) else grads[step][i].to(p.dtype)


def updates(d):
    import torch

    start, grads = problem()
    arrays, rows = OrderedDict(), []
    arrays["start"] = arr(flat(start))
    arrays["grads"] = arr(torch.stack([flat(g) for g in grads]))
    for n, (cls, kw) in enumerate(UPDATES):
        for dn, dt in (("f32", torch.float32), ("f64", torch.float64)):
            params = [torch.nn.Parameter(s.to(dt).clone()) for s in start]
            opt = getattr(torch.optim, cls)(params, foreach=False, **kw)
            seen = []
            for s in range(STEPS):
                set_grads(params, grads, s)
                opt.step()
                seen.append(flat(params))
            arrays[f"{n}/{dn}/steps"] = arr(torch.stack(seen))
            state = opt.state_dict()["state"]
            for k in state[0] if state else []:
                arrays[f"{n}/{dn}/state/{k}"] = arr(flat([state[i][k] for i in range(len(SHAPES))]))
        rows.append({"class": cls, "arguments": kw})
    save_npz(f"{d}/updates.npz", arrays)
    write_json(f"{d}/updates.json", {"shapes": SHAPES, "steps": STEPS, "cases": rows})
    return len(rows)


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] * x[:-1]) * (x[1:] - x[:-1] * x[:-1])).sum() + ((1 - x[:-1]) * (1 - x[:-1])).sum()


def lbfgs(d):
    import torch

    rows = []
    for dt in (torch.float32, torch.float64):
        for kw in (
            dict(lr=1e-3),
            dict(lr=1e-3, max_iter=4, history_size=3),
            dict(line_search_fn="strong_wolfe"),
            dict(lr=0.5, max_iter=5, history_size=2, line_search_fn="strong_wolfe"),
            dict(lr=1, max_iter=7, max_eval=3, tolerance_grad=1e-3, tolerance_change=1e-5, line_search_fn="strong_wolfe"),
        ):
            x = torch.tensor([-1.25, 1.0, 0.5, -0.75], dtype=dt, requires_grad=True)
            opt = torch.optim.LBFGS([x], **kw)

            def closure():
                opt.zero_grad()
                loss = rosenbrock(x)
                loss.backward()
                return loss

            seen, losses = [], []
            for _ in range(6):
                losses.append(float(opt.step(closure)))
                seen.append([float(v) for v in x.detach()])
            state = opt.state_dict()["state"][0]
            rows.append({"dtype": str(dt).split(".")[1], "arguments": kw, "x": seen, "losses": losses, "n_iter": state["n_iter"], "func_evals": state["func_evals"], "remembered": len(state["old_dirs"])})
    write_json(f"{d}/lbfgs.json", rows)
    return len(rows)


def saved_states(d):
    """torch.save(optimizer.state_dict()) after three steps, and the parameters three steps later."""
    import torch

    start, grads = problem()
    rows = []
    cases = [("SGD", dict(lr=0.1)), ("SGD", dict(lr=0.1, momentum=0.9)), ("Adam", dict(lr=0.02, betas=(0.8, 0.95))), ("Adam", dict(amsgrad=True)), ("AdamW", dict(lr=0.02))]
    cases += [("RMSprop", dict(momentum=0.5, centered=True)), ("Adagrad", dict(lr_decay=0.1)), ("Adadelta", dict()), ("Adamax", dict()), ("NAdam", dict()), ("RAdam", dict())]
    for n, (cls, kw) in enumerate(cases):
        params = [torch.nn.Parameter(s.clone()) for s in start]
        groups = [{"params": params[:1]}, {"params": params[1:], "lr": 0.05, "weight_decay": 0.1}]
        opt = getattr(torch.optim, cls)(groups, foreach=False, **kw)
        schedule = torch.optim.lr_scheduler.StepLR(opt, 2, 0.5) if n % 2 else None
        for s in range(3):
            set_grads(params, grads, s)
            opt.step()
            if schedule:
                schedule.step()
        file = f"state_{n}_{cls.lower()}.pth"
        torch.save(opt.state_dict(), f"{d}/{file}")
        before = [float(v) for v in flat(params)]
        for s in range(3, 6):
            set_grads(params, grads, s)
            opt.step()
        rows.append({"file": file, "class": cls, "arguments": kw, "before": before, "after": [float(v) for v in flat(params)], "groups": [{k: v for k, v in g.items() if k != "params"} for g in opt.state_dict()["param_groups"]]})
    x = torch.tensor([-1.25, 1.0, 0.5, -0.75], requires_grad=True)
    opt = torch.optim.LBFGS([x], max_iter=5, history_size=4, line_search_fn="strong_wolfe")

    def closure():
        opt.zero_grad()
        loss = rosenbrock(x)
        loss.backward()
        return loss

    opt.step(closure)
    torch.save(opt.state_dict(), f"{d}/state_lbfgs.pth")
    before = [float(v) for v in x.detach()]
    opt.step(closure)
    rows.append({"file": "state_lbfgs.pth", "class": "LBFGS", "arguments": dict(max_iter=5, history_size=4, line_search_fn="strong_wolfe"), "before": before, "after": [float(v) for v in x.detach()], "groups": [{k: v for k, v in g.items() if k != "params"} for g in opt.state_dict()["param_groups"]]})
    write_json(f"{d}/states.json", rows)
    return len(rows)


def metric(i):
    return 1.0 / (1 + i) if i < 8 else (0.125 if i % 9 else 0.1 - i / 1000)


def scheduled(cls, kw, optimiser):
    """An optimiser of two groups and a schedule of it."""
    import torch
    from torch.optim import lr_scheduler as L

    a, b = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(3))
    groups = [{"params": [a]}, {"params": [b], "lr": 0.03}]
    opt = torch.optim.Adam(groups, lr=0.1) if optimiser else torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    if cls == "LambdaLR":
        s = L.LambdaLR(opt, [lambda e: 0.95**e, lambda e: 1.0 / (1 + e)])
    elif cls == "SequentialLR" and kw.startswith("LinearLR"):
        s = L.SequentialLR(opt, [L.LinearLR(opt, 0.1, 1.0, 5), L.CosineAnnealingLR(opt, 20), L.ExponentialLR(opt, 0.9)], [5, 30])
    elif cls == "SequentialLR":
        s = L.SequentialLR(opt, [L.ExponentialLR(opt, 0.9), L.StepLR(opt, 3, 0.5)], [20])
    else:
        s = getattr(L, cls)(opt, **kw)
    return opt, s


# Schedules are saved after this many of their fifty steps.
STATES_AFTER = 20


def schedules(d):
    import torch

    cases = [
        ("StepLR", dict(step_size=7, gamma=0.3), None),
        ("StepLR", dict(step_size=1), None),
        ("MultiStepLR", dict(milestones=[3, 3, 10, 41], gamma=0.7), None),
        ("MultiStepLR", dict(milestones=[20, 5]), None),
        ("ExponentialLR", dict(gamma=0.93), None),
        ("CosineAnnealingLR", dict(T_max=13, eta_min=0.001), None),
        ("CosineAnnealingLR", dict(T_max=50), None),
        ("LinearLR", dict(), None),
        ("LinearLR", dict(start_factor=0.25, end_factor=0.75, total_iters=17), None),
        ("LinearLR", dict(start_factor=1.0, end_factor=0.0, total_iters=30), None),
        ("LambdaLR", "0.95 ** epoch", None),
        ("OneCycleLR", dict(max_lr=0.5, total_steps=52), None),
        ("OneCycleLR", dict(max_lr=[0.5, 0.3], epochs=9, steps_per_epoch=6, pct_start=0.4, anneal_strategy="linear", base_momentum=0.8, max_momentum=0.9, div_factor=10.0, final_div_factor=100.0), None),
        ("OneCycleLR", dict(max_lr=0.2, total_steps=60, three_phase=True, cycle_momentum=False), None),
        ("OneCycleLR", dict(max_lr=0.2, total_steps=60, three_phase=True), "Adam"),
        ("ReduceLROnPlateau", dict(patience=2), None),
        ("ReduceLROnPlateau", dict(mode="max", factor=0.4, patience=1, threshold=0.05, threshold_mode="abs", cooldown=3, min_lr=1e-3), None),
        ("ReduceLROnPlateau", dict(factor=0.6, patience=0, threshold=0.01, cooldown=1, min_lr=[1e-2, 1e-4], eps=1e-3), None),
        ("SequentialLR", "LinearLR(0.1, 1.0, 5), CosineAnnealingLR(20), ExponentialLR(0.9) at 5, 30", None),
        ("SequentialLR", "ExponentialLR(0.9), StepLR(3, 0.5) at 20", None),
    ]
    rows, states = [], []
    for cls, kw, optimiser in cases:
        opt, s = scheduled(cls, kw, optimiser)
        lrs, momenta = [[g["lr"] for g in opt.param_groups]], []
        for i in range(50):
            if i == STATES_AFTER:
                states.append(copy.deepcopy({"scheduler": s.state_dict(), "optimizer": opt.state_dict()}))
            opt.step()
            s.step(metric(i)) if cls == "ReduceLROnPlateau" else s.step()
            lrs.append([float(g["lr"]) for g in opt.param_groups])
            momenta.append([g["betas"][0] if optimiser else g["momentum"] for g in opt.param_groups])
        rows.append({"class": cls, "arguments": kw, "optimiser": optimiser or "SGD", "lrs": lrs, "momenta": momenta})
    write_json(f"{d}/schedules.json", {"metrics": [metric(i) for i in range(50)], "cases": rows})
    torch.save(states, f"{d}/schedule_states.pth")
    return len(rows)


def averages(d):
    import torch
    from torch.optim import swa_utils as S

    start, grads = problem()
    rows = []
    for kind in ("mean", "ema", "ema_0.3"):
        for use_buffers in (False, True):

            class Net(torch.nn.Module):
                def __init__(self):
                    super().__init__()
                    self.w = torch.nn.Parameter(start[0].clone())
                    self.b = torch.nn.Parameter(start[1].clone())
                    self.register_buffer("running", start[3].clone())
                    self.register_buffer("count", torch.tensor(5))

            net = Net()
            fn = {"mean": None, "ema": S.get_ema_multi_avg_fn(0.9), "ema_0.3": S.get_ema_multi_avg_fn(0.3)}[kind]
            m = S.AveragedModel(net, multi_avg_fn=fn, use_buffers=use_buffers)
            seen = []
            for s in range(4):
                with torch.no_grad():
                    net.w += grads[s][0]
                    net.b += grads[s][1]
                    net.running += grads[s][3]
                    net.count += 2
                m.update_parameters(net)
                seen.append([float(v) for v in flat([m.module.w, m.module.b, m.module.running])] + [float(m.module.count)])
            rows.append({"kind": kind, "use_buffers": use_buffers, "values": seen, "n_averaged": int(m.n_averaged), "keys": list(m.state_dict())})
    write_json(f"{d}/averages.json", rows)
    return len(rows)


def clipping(d):
    import torch

    start, grads = problem()
    rows = []
    for dt, kind, limit in itertools.product((torch.float32, torch.float64), (2.0, 1.0, 3.5, 0.5, 0.0, -1.0, float("inf")), (0.5, 3.0, 1e6)):
        params = [torch.nn.Parameter(s.to(dt).clone()) for s in start]
        for p, g in zip(params, grads[0]):
            p.grad = g.to(dt).clone()
        params[1].grad = None
        norm = torch.nn.utils.clip_grad_norm_(params, limit, kind, foreach=False)
        rows.append({"dtype": str(dt).split(".")[1], "norm_type": str(kind), "max_norm": limit, "norm": float(norm), "grads": [float(v) for v in flat([p.grad for p in params if p.grad is not None])]})
    write_json(f"{d}/clipping.json", rows)
    return len(rows)


def orders(d):
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    rows = []
    for seed, n, batch, shuffle, drop_last, own in itertools.product((0, 1234), (1, 7, 32), (1, 3, 8), (False, True), (False, True), (False, True)):
        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(seed + 1) if own else None
        loader = DataLoader(TensorDataset(torch.arange(n)), batch_size=batch, shuffle=shuffle, drop_last=drop_last, generator=generator)
        epochs = [[b[0].tolist() for b in loader] for _ in range(3)]
        after = [int(torch.empty((), dtype=torch.int64).random_()), int(torch.empty((), dtype=torch.int64).random_(generator=generator))]
        rows.append({"seed": seed, "n": n, "batch_size": batch, "shuffle": shuffle, "drop_last": drop_last, "generator": own, "length": len(loader), "epochs": epochs, "after": [str(a) for a in after]})
    with open(f"{d}/orders.jsonl", "w") as f:
        import json

        for r in rows:
            f.write(json.dumps(r, separators=(",", ":")) + "\n")
    return len(rows)


def generate(out):
    d = ensure(out, "optim")
    for f in os.listdir(d):
        os.remove(os.path.join(d, f))
    return updates(d), lbfgs(d), saved_states(d), schedules(d), averages(d), clipping(d), orders(ensure(out, "loader"))
