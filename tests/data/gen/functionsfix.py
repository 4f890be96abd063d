"""Activations, losses, distances and dropout: values and gradients in float64 and float32, of the functions of torch.nn.functional.

functions/cases.jsonl, one case a line: `fn` with `args` of `inputs` (by name, hex of little-endian bytes); `seed` is the gradient that
comes in; f64 and f32 hold `out` and the gradients `grad` of the inputs named in `wants`; `node` is the name of the result's grad_fn.
`check`: no kink is near, so that differences tell the gradient; `twice`: PyTorch has the gradient of the gradient.
functions/dropout.jsonl: what dropout makes of numbers, for seeds. functions/adaptive_softmax.jsonl: the layer of that name.
"""
import json
import os


def hexed(t):
    return {"dtype": str(t.dtype)[6:], "shape": list(t.shape), "hex": t.detach().contiguous().numpy().tobytes().hex()}


class Maker:
    def __init__(self):
        import torch

        self.g = torch.Generator().manual_seed(2024)
        self.cases = []

    def randn(self, *shape, scale=1.0):
        import torch

        return (torch.randn(shape, generator=self.g, dtype=torch.float64) * scale * 4096).round() / 4096

    def rand(self, *shape, low=0.0, high=1.0):
        import torch

        return (torch.rand(shape, generator=self.g, dtype=torch.float64) * (high - low) * 4096).round() / 4096 + low

    def ints(self, high, *shape, low=0):
        import torch

        return torch.randint(low, high, shape, generator=self.g)

    def signs(self, *shape):
        return self.ints(2, *shape).double() * 2 - 1

    def apart(self, t, *points, by=0.02):
        """t moved away from kinks."""
        import torch

        for p in points:
            d = t - p
            t = torch.where(d.abs() < by, p + torch.where(d < 0, -1.0, 1.0) * 2 * by, t)
        return (t * 4096).round() / 4096

    def case(self, fn, wants=("x",), check=True, twice=True, call=None, **kw):
        import torch
        import torch.nn.functional as F

        inputs = {k: v for k, v in kw.items() if isinstance(v, torch.Tensor)}
        args = {k: v for k, v in kw.items() if not isinstance(v, torch.Tensor)}
        row = {"fn": fn, "args": {k: "inf" if v == float("inf") else v for k, v in args.items()}, "wants": list(wants), "check": check, "twice": twice, "inputs": {k: hexed(v) for k, v in inputs.items()}}
        for name, dtype in (("f64", torch.float64), ("f32", torch.float32)):
            ts = {k: v.to(dtype).clone().requires_grad_(k in wants) if v.is_floating_point() else v for k, v in inputs.items()}
            positional = [ts.pop(k) for k in ("x", "y", "z") if k in ts]
            plain = dict(args)
            if "dtype" in plain:
                plain["dtype"] = getattr(torch, plain["dtype"])
            used = positional + list(ts.values())
            out = (call or getattr(F, fn))(*positional, **ts, **plain)
            if "seed" not in row:
                seed = self.randn(*out.shape) if out.dim() else torch.tensor(1.5, dtype=torch.float64)
                row["seed"] = hexed(seed)
                row["node"] = out.grad_fn.name() if out.grad_fn else ""
            grads = torch.autograd.grad(out, [t for t in used if t.requires_grad], seed.to(out.dtype))
            row[name] = {"out": hexed(out), "grad": [hexed(g) for g in grads]}
        self.cases.append(row)


def activations(m):
    import torch

    kinks = torch.tensor([-100, -30, -6, -3, -1, -0.5, -0.25, 0, 0.25, 0.5, 1, 3, 6, 21, 30, 100], dtype=torch.float64).reshape(4, 4)
    shapes = [(3, 4), (2, 3, 5), (7,)]
    plain = "elu selu celu gelu hardshrink hardtanh hardsigmoid hardswish leaky_relu relu relu6 silu mish softplus softshrink softsign tanhshrink logsigmoid tanh sigmoid".split()
    for f in plain:
        for s in shapes:
            m.case(f, x=m.apart(m.randn(*s, scale=2), 0, 1, -1, 0.5, -0.5, 3, -3, 6))
        m.case(f, x=kinks, check=False)
        m.case(f, x=m.randn(17, scale=10), check=False)
    x = m.apart(m.randn(3, 5, scale=2), 0, 0.75, -0.75, 2, 0.5, -0.5, -0.25)
    for f, kw in (("elu", {"alpha": 0.5}), ("celu", {"alpha": 0.5}), ("celu", {"alpha": -1.5}), ("gelu", {"approximate": "tanh"}), ("hardshrink", {"lambd": 0.75}),
                  ("softshrink", {"lambd": 0.75}), ("hardtanh", {"min_val": -0.25, "max_val": 2.0}), ("leaky_relu", {"negative_slope": 0.2}),
                  ("leaky_relu", {"negative_slope": -0.5}), ("softplus", {"beta": 2.0, "threshold": 1.5}), ("softplus", {"beta": 0.5}), ("rrelu", {}),
                  ("rrelu", {"lower": 0.1, "upper": 0.7})):
        m.case(f, x=x, **kw)
    m.case("gelu", x=kinks, approximate="tanh", check=False)
    m.case("threshold", x=x, threshold=0.5, value=20.0)
    m.case("threshold", x=kinks, threshold=0.5, value=-3.0, check=False)
    for s, d in (((4,), -1), ((4, 3), 0), ((2, 6, 3), 1), ((2, 3, 4), -1)):
        m.case("glu", x=m.randn(*s), dim=d)
    for s, n in (((5,), 1), ((3, 4), 4), ((2, 3, 4), 3), ((2, 3, 2, 2), 1), ((), 1)):
        m.case("prelu", wants=("x", "weight"), x=m.apart(m.randn(*s), 0), weight=m.rand(n))
    for s, d in (((5,), 0), ((3, 4), 1), ((3, 4), 0), ((2, 3, 4), 1), ((2, 3, 4), -1), ((2, 20, 3), 1), ((2, 37), 1), ((), 0)):
        for f in ("softmax", "log_softmax", "softmin"):
            m.case(f, x=m.randn(*s, scale=2), dim=d)
    for f in ("softmax", "log_softmax"):
        m.case(f, x=m.randn(2, 3), dim=1, dtype="float64", check=False)
        m.case(f, x=m.randn(1, 1030, scale=3), dim=1, check=False)
        m.case(f, x=m.randn(3, 4, scale=3) + 1000, dim=1, check=False)
        m.case(f, x=torch.tensor([[0.0, -float("inf"), 1.0], [-float("inf")] * 3, [1.0, float("inf"), 0.0]], dtype=torch.float64), dim=1, check=False)


REDUCTIONS = ("mean", "sum", "none")


def losses(m):
    import torch
    import torch.nn.functional as F

    for r in REDUCTIONS:
        two = {"wants": ("x", "y"), "reduction": r}
        for s in ((3, 4), (2, 3, 2), (5,), ()):
            x = m.randn(*s)
            y = x - m.apart(m.randn(*s, scale=1.5), 0, 1, -1, 0.5, -0.5)
            m.case("l1_loss", x=x, y=y, **two)
            m.case("mse_loss", x=x, y=y, **two)
            m.case("smooth_l1_loss", x=x, y=y, **two)
            m.case("smooth_l1_loss", x=x, y=y, beta=0.5, **two)
            m.case("huber_loss", x=x, y=y, **two)
            m.case("huber_loss", x=x, y=y, delta=0.5, **two)
            m.case("soft_margin_loss", x=x, y=m.signs(*s), reduction=r)
            m.case("binary_cross_entropy", wants=("x", "y"), x=m.rand(*s, low=0.05, high=0.95), y=m.rand(*s, low=0.1, high=0.9), reduction=r)
            m.case("binary_cross_entropy_with_logits", x=x * 3, y=m.rand(*s), **two)
            m.case("poisson_nll_loss", x=x, y=m.rand(*s, high=5), reduction=r)
            m.case("hinge_embedding_loss", x=m.apart(x, 1), y=m.signs(*s), reduction=r)
            m.case("kl_div", x=x, y=m.rand(*s, low=0.1), reduction=r, wants=("x", "y"))
            m.case("kl_div", x=x, y=m.randn(*s), reduction=r, log_target=True, wants=("x", "y"))
        m.case("smooth_l1_loss", x=m.randn(3, 4), y=m.randn(3, 4), beta=0.0, **two)
        m.case("mse_loss", x=m.randn(3, 1), y=m.randn(3, 4), **two)
        m.case("huber_loss", x=m.randn(4), y=m.randn(3, 4), **two)
        m.case("kl_div", x=m.randn(3, 4), y=torch.tensor([[0, 1, 0.5, 0]] * 3).double(), reduction=r)
        # the ends of the range
        m.case("binary_cross_entropy", x=torch.tensor([0.0, 1.0, 0.0, 1.0, 2.0**-12, 0.5]).double(), y=torch.tensor([0, 0, 1.0, 1, 0, 1]).double(), reduction=r, check=False)
        m.case("binary_cross_entropy", wants=("x", "y"), x=m.rand(3, 4, low=0.05, high=0.95), y=m.rand(3, 4, low=0.1, high=0.9), weight=m.rand(4), reduction=r)
        m.case("binary_cross_entropy_with_logits", x=m.randn(3, 4), y=m.rand(3, 4), weight=m.rand(4), **two)
        m.case("binary_cross_entropy_with_logits", x=m.randn(3, 4), y=m.rand(3, 4), pos_weight=m.rand(4, high=3), **two)
        m.case("binary_cross_entropy_with_logits", x=m.randn(2, 3, 4), y=m.rand(2, 3, 4), pos_weight=m.rand(3, 1), weight=m.rand(2, 3, 1), **two)
        m.case("binary_cross_entropy_with_logits", x=m.randn(12, scale=50), y=m.ints(2, 12).double(), reduction=r, check=False)
        m.case("poisson_nll_loss", x=m.rand(3, 4, low=0.1), y=m.rand(3, 4, high=5), log_input=False, reduction=r)
        m.case("poisson_nll_loss", x=m.randn(3, 4), y=m.rand(3, 4, low=0.1, high=5), full=True, reduction=r)
        m.case("hinge_embedding_loss", x=m.apart(m.randn(3, 4), 2), y=m.signs(3, 4), margin=2.0, reduction=r)
        m.case("gaussian_nll_loss", wants=("x", "y", "z"), x=m.randn(3, 4), y=m.randn(3, 4), z=m.rand(3, 4, low=0.1), reduction=r)
        m.case("gaussian_nll_loss", wants=("x", "z"), x=m.randn(3, 4), y=m.randn(3, 4), z=m.rand(3, 1, low=0.1), full=True, reduction=r)
        m.case("gaussian_nll_loss", x=m.randn(3, 4), y=m.randn(3, 4), z=m.rand(3, low=0.1), eps=0.25, reduction=r)
        m.case("multilabel_soft_margin_loss", x=m.randn(3, 4), y=m.ints(2, 3, 4).double(), reduction=r)
        m.case("multilabel_soft_margin_loss", x=m.randn(3, 4), y=m.ints(2, 3, 4).double(), weight=m.rand(4), reduction=r)
        m.case("cosine_embedding_loss", wants=("x", "y"), x=m.randn(4, 3), y=m.randn(4, 3), z=torch.tensor([1.0, -1, -1, 1]).double(), reduction=r)
        m.case("cosine_embedding_loss", wants=("x", "y"), x=m.randn(3), y=m.randn(3), z=torch.tensor(-1.0).double(), margin=-0.9, reduction=r)
        m.case("margin_ranking_loss", wants=("x", "y"), x=m.randn(3, 4), y=m.randn(3, 4), z=m.signs(3, 4), margin=0.25, reduction=r)
        m.case("triplet_margin_loss", wants=("x", "y", "z"), x=m.randn(3, 4), y=m.randn(3, 4), z=m.randn(3, 4), reduction=r)
        m.case("triplet_margin_loss", wants=("x", "y", "z"), x=m.randn(3, 4), y=m.randn(3, 4), z=m.randn(3, 4), p=1.5, margin=2.0, swap=True, reduction=r)
        m.case("triplet_margin_with_distance_loss", wants=("x", "y", "z"), x=m.randn(3, 4), y=m.randn(3, 4), z=m.randn(3, 4), swap=True, margin=3.0, reduction=r)
        # classes
        for s, t, c in (((3, 4), (3,), 4), ((4,), (), 4), ((2, 3, 2, 3), (2, 2, 3), 3), ((2, 3, 4), (2, 4), 3), ((2, 3, 1, 2, 2), (2, 1, 2, 2), 3), ((20, 10), (20,), 10)):
            y = m.ints(c, *t)
            for f, x in (("nll_loss", m.randn(*s)), ("cross_entropy", m.randn(*s, scale=2))):
                m.case(f, x=x, y=y, reduction=r)
                m.case(f, x=x, y=y, weight=m.rand(c, low=0.1), reduction=r)
                if y.dim():
                    z = y.clone()
                    z.view(-1)[0] = -100
                    m.case(f, x=x, y=z, reduction=r)
                    m.case(f, x=x, y=z, weight=m.rand(c, low=0.1), reduction=r)
                m.case(f, x=x, y=y, ignore_index=1, reduction=r, check=False)
            x = m.randn(*s, scale=2)
            m.case("cross_entropy", x=x, y=y, label_smoothing=0.1, reduction=r)
            m.case("cross_entropy", x=x, y=y, label_smoothing=0.3, weight=m.rand(c, low=0.1), reduction=r)
            if y.dim():
                m.case("cross_entropy", x=x, y=z, label_smoothing=0.3, weight=m.rand(c, low=0.1), reduction=r)
            p = torch.softmax(m.randn(*s), 0 if len(s) == 1 else 1)
            p = (p * 4096).round() / 4096
            m.case("cross_entropy", wants=("x", "y"), x=x, y=p, reduction=r)
            m.case("cross_entropy", x=x, y=p, weight=m.rand(c, low=0.1), label_smoothing=0.2, reduction=r)
        m.case("cross_entropy", x=m.randn(2, 4), y=torch.tensor([-100, -100]), reduction=r, check=False)
        m.case("cross_entropy", x=m.randn(2, 4, scale=100), y=torch.tensor([0, 3]), reduction=r, check=False)
        m.case("cross_entropy", x=m.randn(2, 4) + 5000, y=torch.tensor([0, 3]), reduction=r, check=False)
        for p in (1, 2):
            m.case("multi_margin_loss", x=m.randn(4, 3), y=m.ints(3, 4), p=p, reduction=r, twice=False)
            m.case("multi_margin_loss", x=m.randn(4, 3), y=m.ints(3, 4), p=p, margin=0.5, weight=m.rand(3), reduction=r, twice=False)
            m.case("multi_margin_loss", x=m.randn(3), y=m.ints(3, 1)[0], p=p, reduction=r, twice=False)
        m.case("multilabel_margin_loss", x=m.randn(3, 4), y=torch.tensor([[1, 3, -1, 0], [-1, 0, 0, 0], [2, 0, 1, 3]]), reduction=r, twice=False)
        m.case("multilabel_margin_loss", x=m.randn(4), y=torch.tensor([3, 0, -1, 1]), reduction=r, twice=False)
    m.case("kl_div", x=m.randn(3, 4), y=m.rand(3, 4, low=0.1), reduction="batchmean")
    m.case("mse_loss", wants=("x", "y"), x=m.randn(300), y=m.randn(300), check=False)

    def ctc(x, y, **kw):
        kw["input_lengths"] = tuple(kw["input_lengths"])
        kw["target_lengths"] = tuple(kw["target_lengths"])
        return F.ctc_loss(x.log_softmax(-1), y, **kw)

    for r in REDUCTIONS:
        k = {"call": ctc, "twice": False, "reduction": r}
        m.case("ctc_loss", x=m.randn(6, 2, 4), y=torch.tensor([[1, 2, 2], [3, 1, 0]]), input_lengths=[6, 5], target_lengths=[3, 2], **k)
        m.case("ctc_loss", x=m.randn(6, 3, 4), y=torch.tensor([0, 1, 0, 0, 2]), input_lengths=[6, 4, 5], target_lengths=[2, 0, 3], blank=3, **k)
        m.case("ctc_loss", x=m.randn(5, 4), y=torch.tensor([1, 2]), input_lengths=[5], target_lengths=[2], **k)
        m.case("ctc_loss", x=m.randn(3, 2, 4), y=torch.tensor([[1, 1, 1], [1, 2, 3]]), input_lengths=[3, 3], target_lengths=[3, 3], zero_infinity=True, **k)
        m.case("ctc_loss", x=m.randn(2, 2, 3), y=torch.tensor([[1, 1], [1, 2]]), input_lengths=[2, 2], target_lengths=[2, 2], check=False, **k)


def distances(m):
    two = {"wants": ("x", "y")}
    for s, t in (((3, 4), (3, 4)), ((2, 3, 4), (3, 4)), ((4,), (4,))):
        for p in (2.0, 1.0, 3.0, 1.5):
            m.case("pairwise_distance", x=m.randn(*s), y=m.randn(*t), p=p, **two)
        m.case("pairwise_distance", x=m.randn(*s), y=m.randn(*t), p=float("inf"), **two)
        m.case("pairwise_distance", x=m.randn(*s), y=m.randn(*t), keepdim=True, eps=0.25, **two)
        m.case("cosine_similarity", x=m.randn(*s), y=m.randn(*t), dim=-1, **two)
        m.case("normalize", x=m.randn(*s), dim=-1)
        m.case("normalize", x=m.randn(*s), p=3.0, dim=0)
        m.case("normalize", x=m.randn(*s), p=1.0, dim=0, eps=100.0)
    m.case("cosine_similarity", x=m.randn(3, 4), y=m.randn(3, 4), dim=0, **two)
    m.case("cosine_similarity", x=m.randn(3, 4), y=m.randn(3, 4), dim=1, eps=5.0, check=False, **two)
    x = m.randn(3, 4)
    x[1] = 0
    m.case("cosine_similarity", x=x, y=m.randn(3, 4), check=False, **two)
    m.case("normalize", x=x, check=False)


def dropouts(folder):
    import torch
    import torch.nn.functional as F

    rows = []
    x = torch.arange(1.0, 121)
    for fn, shape in (("dropout", [120]), ("dropout", [3, 5]), ("dropout", [2, 3, 4]), ("alpha_dropout", [120]), ("alpha_dropout", [2, 3, 4]), ("dropout1d", [3, 4]), ("dropout1d", [5, 3, 4]),
                      ("dropout2d", [5, 3, 2, 2]), ("dropout2d", [5, 3, 4]), ("dropout3d", [5, 3, 2, 2, 1]), ("dropout3d", [5, 3, 2, 2]), ("feature_alpha_dropout", [5, 3, 2, 2])):
        n = 1
        for s in shape:
            n *= s
        for dtype in ("float32", "float64", "bfloat16", "float16"):
            for seed, p in ((0, 0.5), (7, 0.2), (1, 0.9), (3, 0.0), (3, 1.0)):
                if n > 60 and (dtype.endswith("16") or p > 0.5):
                    continue
                torch.manual_seed(seed)
                v = x[:n].reshape(shape).to(getattr(torch, dtype))
                out = getattr(F, fn)(v, p, training=True)
                after = torch.rand(1, dtype=torch.float64).item()
                bits = out.contiguous().view(torch.int16).numpy() if dtype.endswith("16") else out.contiguous().numpy()
                rows.append({"fn": fn, "shape": shape, "dtype": dtype, "seed": seed, "p": p, "hex": bits.tobytes().hex(), "after": after})
    for seed in (0, 5):
        torch.manual_seed(seed)
        v = (x[:24].reshape(4, 6) - 12) / 8
        rows.append({"fn": "rrelu", "shape": [4, 6], "dtype": "float32", "seed": seed, "p": 0, "hex": F.rrelu(v, training=True).numpy().tobytes().hex(), "after": torch.rand(1, dtype=torch.float64).item()})
    with open(os.path.join(folder, "dropout.jsonl"), "w") as f:
        for r in rows:
            f.write(json.dumps(r, separators=(",", ":")) + "\n")
    return len(rows)


def generate(out):
    folder = os.path.join(out, "functions")
    os.makedirs(folder, exist_ok=True)
    m = Maker()
    for part in (activations, losses, distances):
        part(m)
    with open(os.path.join(folder, "cases.jsonl"), "w") as f:
        for c in m.cases:
            f.write(json.dumps(c, separators=(",", ":")) + "\n")
    return len(m.cases) + dropouts(folder) + adaptive(folder)


def adaptive(folder):
    """AdaptiveLogSoftmaxWithLoss: weights, results and gradients in float64."""
    import torch

    m = Maker()
    rows = []
    for n, classes, cutoffs, div, bias in ((8, 20, [5, 10, 15], 2.0, False), (6, 12, [4], 4.0, True)):
        layer = torch.nn.AdaptiveLogSoftmaxWithLoss(n, classes, cutoffs, div_value=div, head_bias=bias).double()
        with torch.no_grad():
            for p in layer.parameters():
                p.copy_(m.randn(*p.shape))
        x = m.randn(9, n).requires_grad_()
        y = m.ints(classes, 9)
        out = layer(x, y)
        grads = torch.autograd.grad(out.loss, [x, *layer.parameters()])
        rows.append({"in_features": n, "n_classes": classes, "cutoffs": cutoffs, "div_value": div, "head_bias": bias,
                     "parameters": {k: hexed(p) for k, p in layer.named_parameters()}, "x": hexed(x), "y": hexed(y), "output": hexed(out.output), "loss": hexed(out.loss),
                     "grads": [hexed(g) for g in grads], "log_prob": hexed(layer.log_prob(x)), "predict": hexed(layer.predict(x))})
    with open(os.path.join(folder, "adaptive_softmax.jsonl"), "w") as f:
        for r in rows:
            f.write(json.dumps(r, separators=(",", ":")) + "\n")
    return len(rows)
