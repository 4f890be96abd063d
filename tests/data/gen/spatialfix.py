"""Convolutions, pooling, normalisation, padding, interpolation and folds: results and gradients in float64.

Inputs are not kept: element i of input number s is ((389 i + 211 s + 17) % 1009 - 504) / 256, exactly so in float32 too (with "positive" its
absolute value plus 1/8). The loss is the sum of results times such numbers (s = 90, 91, ... for the first, second, ... result).
"""
import itertools
import json
import os

import numpy as np

from .common import save_npz, write


def numbers(sizes, s, positive=False):
    import torch

    n = 1
    for k in sizes:
        n *= k
    v = torch.tensor([((389 * i + 211 * s + 17) % 1009 - 504) / 256 for i in range(n)], dtype=torch.float64)
    if positive:
        v = v.abs() + 0.125
    return v.reshape(list(sizes))


class Cases:
    def __init__(self):
        self.lines = []
        self.values = []
        self.at = 0

    def keep(self, t):
        import torch

        v = t.detach().to(torch.float64).contiguous().reshape(-1).numpy()
        self.values.append(v)
        e = {"sizes": list(t.shape), "at": self.at}
        self.at += v.size
        return e

    def run(self, op, args, inputs, f, positive=False, fixed=(), more=None, with_grads=True):
        """`inputs`: sizes of each (None: absent); `fixed`: numbers of those that get no gradient; f(inputs) gives tensors, of which those that
        cannot be differentiated come last."""
        import torch

        tensors = []
        for s, sizes in enumerate(inputs):
            if sizes is None:
                tensors.append(None)
                continue
            t = numbers(sizes, s, positive or (s in fixed))
            tensors.append(t.requires_grad_(s not in fixed))
        out = f(*tensors)
        out = list(out) if isinstance(out, (tuple, list)) else [out]
        loss = sum((y * numbers(y.shape, 90 + k)).sum() for k, y in enumerate(out) if y.requires_grad)
        wanted = [t for t in tensors if t is not None and t.requires_grad]
        grads = torch.autograd.grad(loss, wanted)
        case = {"op": op, "args": args, "inputs": inputs}
        if positive:
            case["positive"] = True
        if fixed:
            case["fixed"] = list(fixed)
        case["results"] = [self.keep(y) for y in out]
        if with_grads:
            case["grads"] = [self.keep(g) for g in grads]
        if more:
            case["after"] = [self.keep(t) for t in more(tensors)]
        self.lines.append(case)


def convolutions(c):
    import torch.nn.functional as F

    def conv(rank, x, w, bias=True, stride=1, padding=0, dilation=1, groups=1):
        f = getattr(F, f"conv{rank}d")
        a = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        c.run(f"conv{rank}d", a, [x, w, [w[0]] if bias else None], lambda x, w, b: f(x, w, b, **a))

    for stride, padding, dilation in itertools.product([1, 2, 3], [0, 1, 2, "same"], [1, 2]):
        if padding == "same" and stride != 1:
            continue
        conv(1, [2, 2, 7], [3, 2, 3], True, stride, padding, dilation)
        conv(2, [2, 2, 6, 7], [3, 2, 3, 2], stride != 2, stride, padding, dilation)
    conv(1, [2, 7], [4, 1, 4], True, 1, "same", 1, 2)
    conv(1, [1, 4, 5], [4, 1, 3], True, 1, 1, 1, 4)
    conv(2, [4, 5, 5], [6, 2, 3, 3], True, 1, 1, 1, 2)
    conv(2, [2, 4, 5, 5], [4, 1, 3, 3], False, 2, 1, 1, 4)
    conv(2, [1, 3, 4, 4], [5, 3, 1, 1], True)
    conv(2, [3, 3, 4, 4], [5, 3, 1, 1], False, 2)
    conv(2, [2, 1, 5, 6], [2, 1, 2, 3], True, [2, 1], [1, 0], [1, 2])
    conv(2, [2, 2, 5, 5], [2, 2, 4, 2], True, 1, "same", [1, 3])
    conv(2, [2, 2, 3, 3], [2, 2, 3, 3], True, 1, "valid")
    conv(2, [1, 2, 2, 2], [2, 2, 4, 4], True, 1, 2)
    conv(3, [1, 2, 3, 4, 4], [2, 2, 2, 3, 2])
    conv(3, [2, 1, 4, 3, 4], [2, 1, 2, 2, 3], True, [2, 1, 2], [1, 0, 1])
    conv(3, [2, 3, 3, 3], [2, 1, 3, 2, 2], False, 1, "same", 1, 2)
    conv(3, [1, 2, 5, 4, 3], [2, 1, 2, 2, 1], True, 1, 1, 2, 2)

    def turned(rank, x, w, bias=True, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
        f = getattr(F, f"conv_transpose{rank}d")
        a = {"stride": stride, "padding": padding, "output_padding": output_padding, "groups": groups, "dilation": dilation}
        c.run(f"conv_transpose{rank}d", a, [x, w, [w[1] * groups] if bias else None], lambda x, w, b: f(x, w, b, **a))

    for stride, padding, more, dilation in itertools.product([1, 2, 3], [0, 1], [0, 1], [1, 2]):
        if more >= stride and more >= dilation:
            continue
        turned(1, [2, 2, 4], [2, 3, 3], True, stride, padding, more, 1, dilation)
        turned(2, [1, 2, 3, 4], [2, 3, 3, 2], stride != 2, stride, padding, more, 1, dilation)
    turned(1, [4, 5], [4, 1, 3], True, 2, 1, 1, 4)
    turned(2, [2, 4, 3, 3], [4, 2, 3, 3], True, 2, 1, 1, 2)
    turned(2, [4, 3, 3], [4, 1, 1, 1], True)
    turned(2, [2, 1, 3, 2], [1, 2, 2, 3], False, [2, 3], [1, 0], [1, 2], 1, [1, 2])
    turned(3, [1, 2, 2, 3, 2], [2, 2, 2, 2, 3], True, 2, 1, 1)
    turned(3, [2, 2, 3, 2], [2, 1, 3, 2, 2], False, 1, 0, 0, 2)


def pooling(c):
    import torch.nn.functional as F

    def pool(kind, rank, x, **a):
        f = getattr(F, f"{kind}_pool{rank}d")
        c.run(f"{kind}_pool{rank}d", a, [x], lambda x: f(x, **a))

    def max_pool(rank, x, **a):
        f = getattr(F, f"max_pool{rank}d")
        c.run(f"max_pool{rank}d", a, [x], lambda x: f(x, return_indices=True, **a))

    sizes = {1: [2, 2, 9], 2: [2, 2, 7, 8], 3: [1, 2, 5, 4, 6]}
    for rank in (1, 2, 3):
        for k, stride, padding, ceil in itertools.product([2, 3], [None, 1, 2], [0, 1], [False, True]):
            a = {"kernel_size": k, "padding": padding, "ceil_mode": ceil}
            if stride:
                a["stride"] = stride
            max_pool(rank, sizes[rank], **a)
            pool("avg", rank, sizes[rank], count_include_pad=k == 2, **a)
        max_pool(rank, sizes[rank], kernel_size=2, dilation=2, stride=1, padding=1)
        max_pool(rank, sizes[rank][1:], kernel_size=3, stride=2, padding=1, ceil_mode=True)
        pool("avg", rank, sizes[rank][1:], kernel_size=2)
        for out in (1, 2, 3, 5):
            pool("adaptive_avg", rank, sizes[rank], output_size=out)
            f = getattr(F, f"adaptive_max_pool{rank}d")
            c.run(f"adaptive_max_pool{rank}d", {"output_size": out}, [sizes[rank]], lambda x: f(x, out, return_indices=True))
    max_pool(2, [2, 3, 8, 8], kernel_size=2)
    max_pool(2, [1, 1, 9, 7], kernel_size=[2, 3], stride=[1, 2], padding=[1, 0], dilation=[2, 1])
    pool("avg", 2, [2, 2, 6, 5], kernel_size=[3, 2], stride=[2, 1], padding=[1, 0], count_include_pad=False, ceil_mode=True)
    pool("avg", 2, [2, 2, 6, 5], kernel_size=2, divisor_override=3)
    pool("avg", 3, [1, 2, 4, 4, 4], kernel_size=2, padding=1, divisor_override=5)
    pool("adaptive_avg", 2, [2, 2, 7, 5], output_size=[3, 4])
    for rank in (1, 2, 3):
        for p, k, stride, ceil in ((2, 2, None, False), (3, 3, 2, True), (1, 2, 1, False)):
            f = getattr(F, f"lp_pool{rank}d")
            a = {"norm_type": p, "kernel_size": k, "ceil_mode": ceil}
            if stride:
                a["stride"] = stride
            c.run(f"lp_pool{rank}d", a, [sizes[rank]], lambda x: f(x, **a), positive=True)

        def unpool(x):
            y, at = getattr(F, f"max_pool{rank}d")(x, 2, return_indices=True)
            return getattr(F, f"max_unpool{rank}d")(y, at, 2, output_size=list(x.shape[2:]))

        c.run(f"max_unpool{rank}d", {}, [sizes[rank]], unpool)
    for rank in (2, 3):
        f = getattr(F, f"fractional_max_pool{rank}d")
        x = {2: [2, 2, 7, 9], 3: [1, 2, 6, 7, 5]}[rank]
        for out in (2, 3):
            # Samples in [0, 1), from numbers in (0, 2.1].
            c.run(f"fractional_max_pool{rank}d", {"kernel_size": 2, "output_size": out}, [x, x[:2] + [rank]],
                  lambda x, u: f(x, 2, output_size=out, return_indices=True, _random_samples=u / 4), fixed=(1,))


def normalisation(c):
    import torch.nn.functional as F
    from torch import nn

    for x in ([4, 3], [3, 2, 5], [2, 3, 3, 4], [2, 2, 2, 3, 2]):
        for training, tracked, affine in itertools.product([True, False], [True, False], [0, 1, 2]):
            if not training and not tracked:
                continue
            n = [x[1]]
            inputs = [x, n if affine else None, n if affine == 2 else None, n if tracked else None, n if tracked else None]
            a = {"training": training, "momentum": 0.25, "eps": 1e-3}
            c.run("batch_norm", a, inputs,
                  lambda x, w, b, m, v: F.batch_norm(x, m, v, w, b, training=training, momentum=0.25, eps=1e-3),
                  fixed=(3, 4) if tracked else (), more=(lambda t: t[3:]) if tracked else None)
            if len(x) > 2:
                a = {"use_input_stats": training, "momentum": 0.25, "eps": 1e-3}
                c.run("instance_norm", a, inputs,
                      lambda x, w, b, m, v: F.instance_norm(x, m, v, w, b, use_input_stats=training, momentum=0.25, eps=1e-3),
                      fixed=(3, 4) if tracked else (), more=(lambda t: t[3:]) if tracked else None)
    for x, k in (([3, 7], 1), ([2, 3, 5], 1), ([2, 3, 5], 2), ([4, 20], 1), ([6], 1), ([2, 2, 3, 2], 3)):
        shape = x[len(x) - k:]
        for affine in (0, 1, 2):
            c.run("layer_norm", {"shape": shape, "eps": 1e-3}, [x, shape if affine else None, shape if affine == 2 else None],
                  lambda x, w, b: F.layer_norm(x, shape, w, b, 1e-3))
        for affine in (False, True):
            for eps in (None, 1e-3):
                c.run("rms_norm", {"shape": shape, "eps": eps}, [x, shape if affine else None], lambda x, w: F.rms_norm(x, shape, w, eps))
    for x, groups in (([2, 4, 5], 2), ([3, 4, 2, 3], 4), ([2, 6, 2, 2], 1), ([2, 6], 3), ([1, 4, 2, 2, 3], 2)):
        for affine in (0, 1, 2):
            n = [x[1]]
            c.run("group_norm", {"groups": groups, "eps": 1e-3}, [x, n if affine else None, n if affine == 2 else None],
                  lambda x, w, b: F.group_norm(x, groups, w, b, 1e-3))
    for x, size in (([2, 5, 3], 2), ([1, 6, 2, 3], 3), ([2, 4, 2, 2, 2], 5), ([2, 3, 4], 1)):
        c.run("local_response_norm", {"size": size, "alpha": 0.5, "beta": 0.75, "k": 1.5}, [x],
              lambda x: F.local_response_norm(x, size, 0.5, 0.75, 1.5))
    # PyTorch's backward of this one is not the derivative of its forward: its own gradcheck fails.
    for size in (3, 5):
        c.run("cross_map_lrn", {"size": size, "alpha": 0.5, "beta": 0.75, "k": 1.5}, [[2, 5, 2, 3]],
              lambda x: nn.CrossMapLRN2d(size, 0.5, 0.75, 1.5)(x), with_grads=False)


def padding(c):
    import torch.nn.functional as F

    def pad(x, amounts, mode="constant", value=0.0):
        a = {"pad": amounts, "mode": mode, "value": value}
        c.run("pad", a, [x], lambda x: F.pad(x, amounts, mode, value))

    for amounts in ([1, 2], [0, 0], [-1, 2], [3, -2], [1, 0, 2, 1], [0, 1, -1, 0, 2, 0], [-1, -1, -1, 0]):
        pad([2, 3, 4], amounts, value=0.5)
    pad([3], [1, 1])
    for mode in ("reflect", "replicate", "circular"):
        for x, amounts in (([2, 2, 4], [1, 2]), ([2, 5], [3, 0]), ([2, 2, 4, 5], [2, 1, 1, 3]), ([2, 4, 4], [0, 1, 2, 0]),
                           ([1, 2, 3, 4, 3], [1, 1, 2, 1, 1, 2]), ([2, 3, 3, 3], [2, 0, 0, 1, 1, 0])):
            pad(x, amounts, mode)
    pad([2, 2, 5], [-1, 2], "reflect")
    pad([2, 2, 5], [2, -2], "replicate")
    pad([2, 2, 3], [3, 3], "circular")


def images(c):
    import torch.nn.functional as F

    def interpolate(x, mode, **a):
        c.run("interpolate", {"mode": mode, **a}, [x], lambda x: F.interpolate(x, mode=mode, **a))

    sizes = {1: [2, 2, 5], 2: [2, 2, 4, 5], 3: [1, 2, 3, 4, 3]}
    modes = {1: ["nearest", "nearest-exact", "linear", "area"], 2: ["nearest", "nearest-exact", "bilinear", "bicubic", "area"],
             3: ["nearest", "nearest-exact", "trilinear", "area"]}
    for rank in (1, 2, 3):
        for mode in modes[rank]:
            for out in (1, 3, 7):
                interpolate(sizes[rank], mode, size=[out] * rank)
            for factor in (2.0, 0.6, 1.7):
                interpolate(sizes[rank], mode, scale_factor=[factor] * rank)
                interpolate(sizes[rank], mode, scale_factor=[factor] * rank, recompute_scale_factor=True)
            if "near" not in mode and mode != "area":
                for out in (1, 3, 7):
                    interpolate(sizes[rank], mode, size=[out] * rank, align_corners=True)
                interpolate(sizes[rank], mode, scale_factor=[1.7] * rank, align_corners=True)
    interpolate([1, 2, 5, 6], "bilinear", size=[3, 9], align_corners=False)
    for mode in ("bilinear", "bicubic"):
        for out in ([2, 3], [7, 4], [12, 12]):
            interpolate([1, 2, 7, 6], mode, size=out, antialias=True)
    for k, dilation, pad, stride in itertools.product([2, 3], [1, 2], [0, 1], [1, 2]):
        a = {"kernel_size": k, "dilation": dilation, "padding": pad, "stride": stride}
        c.run("unfold", a, [[2, 2, 5, 6]], lambda x: F.unfold(x, **a))
        columns = F.unfold(numbers([2, 2, 5, 6], 0), **a).shape
        c.run("fold", {"output_size": [5, 6], **a}, [list(columns)], lambda x: F.fold(x, (5, 6), **a))
    c.run("unfold", {"kernel_size": [2, 3], "dilation": 1, "padding": [1, 0], "stride": [1, 2]}, [[2, 4, 5]],
          lambda x: F.unfold(x, (2, 3), 1, (1, 0), (1, 2)))
    for x, r in (([1, 8, 2, 3], 2), ([9, 2, 2], 3), ([2, 2, 4, 2, 2], 2), ([2, 3, 2, 2], 1)):
        c.run("pixel_shuffle", {"factor": r}, [x], lambda x: F.pixel_shuffle(x, r))
    for x, r in (([1, 2, 4, 6], 2), ([1, 6, 3], 3), ([2, 3, 2, 2], 1)):
        c.run("pixel_unshuffle", {"factor": r}, [x], lambda x: F.pixel_unshuffle(x, r))
    for x, g in (([2, 6, 3], 2), ([1, 6, 2, 2], 3)):
        c.run("channel_shuffle", {"groups": g}, [x], lambda x: F.channel_shuffle(x, g))


def layers(c):
    """Layers with numbered parameters, called with one input: the C++ twin of each name is in the test."""
    import torch
    from torch import nn

    def layer(name, m, *xs, train=True, calls=1, kw={}):
        m = m.to(torch.float64)
        m.train(train)
        params = dict(m.named_parameters())
        with torch.no_grad():
            for s, p in enumerate(params.values()):
                p.copy_(numbers(p.shape, 10 + s))
        inputs = list(xs)

        def f(*x):
            for _ in range(calls):
                y = m(*x, **kw)
            return y

        tensors = [numbers(s, i).requires_grad_() for i, s in enumerate(inputs)]
        out = f(*tensors)
        out = list(out) if isinstance(out, tuple) else [out]
        loss = sum((y * numbers(y.shape, 90 + k)).sum() for k, y in enumerate(out) if y.requires_grad)
        wanted = tensors + list(params.values())
        grads = torch.autograd.grad(loss, wanted)
        case = {"op": "layer", "name": name, "inputs": inputs, "train": train, "calls": calls}
        case["results"] = [c.keep(y) for y in out]
        case["grads"] = [c.keep(g) for g in grads]
        case["after"] = [c.keep(b) for b in m.buffers()]
        c.lines.append(case)

    layer("conv1d circular", nn.Conv1d(2, 3, 3, padding=2, padding_mode="circular"), [2, 2, 6])
    layer("conv2d reflect same", nn.Conv2d(2, 3, (3, 2), padding="same", dilation=(1, 2), padding_mode="reflect"), [2, 2, 5, 6])
    layer("conv2d groups", nn.Conv2d(4, 4, 3, stride=2, padding=1, groups=2, bias=False), [2, 4, 5, 5])
    layer("conv3d replicate", nn.Conv3d(1, 2, 2, padding=(1, 0, 1), padding_mode="replicate"), [1, 1, 3, 3, 3])
    layer("conv_transpose1d", nn.ConvTranspose1d(2, 3, 3, stride=2), [2, 2, 4])
    layer("conv_transpose2d to size", nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1), [1, 2, 3, 4], kw={"output_size": [6, 7]})
    layer("conv_transpose3d", nn.ConvTranspose3d(2, 2, 2, stride=2, output_padding=1, groups=2), [1, 2, 2, 2, 2])
    layer("max_pool2d", nn.MaxPool2d(3, stride=2, padding=1, return_indices=True), [2, 2, 6, 7])
    layer("avg_pool2d", nn.AvgPool2d((3, 2), stride=(2, 1), padding=(1, 1), count_include_pad=False), [2, 2, 6, 5])
    layer("adaptive_avg_pool2d", nn.AdaptiveAvgPool2d((None, 3)), [2, 2, 4, 7])
    layer("adaptive_max_pool3d", nn.AdaptiveMaxPool3d((2, None, 1), return_indices=True), [1, 2, 3, 2, 4])
    layer("batch_norm1d", nn.BatchNorm1d(3), [4, 3], calls=2)
    layer("batch_norm1d 3d", nn.BatchNorm1d(3, momentum=None), [4, 3, 2], calls=3)
    layer("batch_norm2d", nn.BatchNorm2d(3, eps=1e-3, momentum=0.3), [2, 3, 3, 2], calls=2)
    layer("batch_norm2d eval", nn.BatchNorm2d(3), [2, 3, 3, 2], train=False)
    layer("batch_norm2d untracked eval", nn.BatchNorm2d(3, track_running_stats=False), [2, 3, 3, 2], train=False)
    layer("batch_norm3d plain", nn.BatchNorm3d(2, affine=False), [2, 2, 2, 2, 3])
    layer("instance_norm1d", nn.InstanceNorm1d(3), [3, 5])
    layer("instance_norm2d tracked", nn.InstanceNorm2d(3, affine=True, track_running_stats=True), [2, 3, 3, 2], calls=2)
    layer("instance_norm2d tracked eval", nn.InstanceNorm2d(3, affine=True, track_running_stats=True), [2, 3, 3, 2], train=False)
    layer("group_norm", nn.GroupNorm(2, 4), [2, 4, 3])
    layer("layer_norm", nn.LayerNorm((3, 4)), [2, 3, 4])
    layer("layer_norm without bias", nn.LayerNorm(5, bias=False), [2, 3, 5])
    layer("rms_norm", nn.RMSNorm(6), [2, 6])
    layer("local_response_norm", nn.LocalResponseNorm(3, alpha=0.5), [2, 5, 3])
    layer("reflection_pad2d", nn.ReflectionPad2d((1, 2, 0, 1)), [1, 2, 3, 4])
    layer("zero_pad1d", nn.ZeroPad1d((2, 1)), [2, 3])
    layer("constant_pad3d", nn.ConstantPad3d(1, 2.5), [1, 1, 2, 2, 2])
    layer("upsample", nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), [1, 2, 3, 4])
    layer("upsampling_nearest2d", nn.UpsamplingNearest2d(size=(5, 3)), [1, 2, 3, 4])
    layer("fold", nn.Fold((4, 5), 2, padding=1), [1, 8, 30])
    layer("unfold", nn.Unfold((2, 3), stride=2), [1, 2, 4, 5])
    layer("unflatten", nn.Unflatten(1, (2, -1)), [2, 6, 3])
    layer("channel_shuffle", nn.ChannelShuffle(2), [1, 4, 2, 2])


def generate(out):
    c = Cases()
    for part in (convolutions, pooling, normalisation, padding, images, layers):
        part(c)
    write(os.path.join(out, "nn", "spatial.jsonl"), "".join(json.dumps(x, separators=(",", ":")) + "\n" for x in c.lines))
    save_npz(os.path.join(out, "nn", "spatial.npz"), {"values": np.concatenate(c.values)})
    return len(c.lines)
