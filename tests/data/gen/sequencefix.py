"""Layers over sequences: embeddings, recurrent layers, attention, transformers. What they give and their gradients, in float64.

nn/sequences.npz has for each case NAME the inputs (NAME/inI), the outputs (NAME/outI), the gradients of the inputs that have one
(NAME/grad_inI), and those of all parameters as one vector (NAME/grad_parameters). Layers are made after manual_seed(17), in float32,
each parameter then moved by ((7 i mod 11) - 5) / 64 at element i, and converted. The loss is the sum over all outputs of output times
((5 i + I) mod 13 - 6) / 8 at element i of output I. The same cases, by name, are in tests/nn/sequence_golden_test.cpp.
"""
import os
from collections import OrderedDict

from .common import arr, save_npz


def generate(out):
    import torch
    import torch.nn.functional as F
    from torch import nn
    from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

    arrays = OrderedDict()
    names = []

    def real(*shape, seed=1):
        g = torch.Generator().manual_seed(seed)
        return (torch.randn(*shape, generator=g, dtype=torch.float64) * 4096).round() / 4096

    def flat(x):
        if isinstance(x, torch.Tensor):
            return [x]
        if isinstance(x, PackedSequence):
            return [x.data]
        return [t for y in x if y is not None for t in flat(y)]

    def case(name, build, inputs, call=None):
        names.append(name)
        torch.manual_seed(17)
        m = build() if build else None
        parameters = list(m.parameters()) if m else []
        with torch.no_grad():
            for p in parameters:
                i = torch.arange(p.numel())
                p += (((7 * i) % 11 - 5) / 64).reshape(p.shape)
        if m:
            m.double()
        inputs = [x.clone().requires_grad_() if x.is_floating_point() and not getattr(x, "fixed", False) else x for x in inputs]
        outs = flat((call or (lambda m, *x: m(*x)))(m, *inputs))
        loss = sum((o.reshape(-1) * (((5 * torch.arange(o.numel()) + k) % 13 - 6) / 8).double()).sum() for k, o in enumerate(outs))
        loss.backward()
        for i, x in enumerate(inputs):
            arrays[f"{name}/in{i}"] = arr(x)
            if x.is_floating_point() and x.grad is not None:
                arrays[f"{name}/grad_in{i}"] = arr(x.grad)
        for i, o in enumerate(outs):
            arrays[f"{name}/out{i}"] = arr(o)
        if parameters:
            arrays[f"{name}/grad_parameters"] = arr(torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).reshape(-1) for p in parameters]))

    ids = torch.tensor([[1, 4, 0, 6], [4, 4, 2, 0]])
    case("embedding", lambda: nn.Embedding(7, 3), [ids])
    case("embedding_padding", lambda: nn.Embedding(7, 3, padding_idx=-3), [ids])
    case("embedding_by_freq", lambda: nn.Embedding(7, 3, padding_idx=0, scale_grad_by_freq=True), [ids])
    case("embedding_max_norm", lambda: nn.Embedding(7, 3, max_norm=1.0), [ids])
    case("embedding_max_norm_1", lambda: nn.Embedding(7, 3, max_norm=1.5, norm_type=1.0), [ids])
    flat_ids, offsets = torch.tensor([1, 2, 4, 5, 4, 3, 2, 6, 4]), torch.tensor([0, 4, 4, 7])
    for mode in ("sum", "mean", "max"):
        case(f"bag_{mode}", lambda: nn.EmbeddingBag(7, 3, mode=mode), [flat_ids, offsets])
        case(f"bag_{mode}_padding", lambda: nn.EmbeddingBag(7, 3, mode=mode, padding_idx=4), [flat_ids, offsets])
        case(f"bag_{mode}_2d", lambda: nn.EmbeddingBag(7, 3, mode=mode), [ids])
    case("bag_last_offset", lambda: nn.EmbeddingBag(7, 3, mode="sum", include_last_offset=True), [flat_ids, torch.tensor([0, 3, 9])])
    # Not scale_grad_by_freq: PyTorch 2.13 divides by the counts of other rows there. Nor a last offset before the end of the indices,
    # where its two element types differ.
    case("bag_max_norm", lambda: nn.EmbeddingBag(7, 3, mode="sum", max_norm=1.0), [flat_ids, offsets])
    case("bag_weighted", lambda: nn.EmbeddingBag(7, 3, mode="sum", padding_idx=4), [flat_ids, offsets, real(9)])
    case("bag_weighted_2d", lambda: nn.EmbeddingBag(7, 3, mode="sum"), [ids, real(2, 4)], lambda m, i, w: m(i, None, w))

    x = real(4, 2, 3, seed=2)
    kinds = [("rnn", nn.RNN, {}), ("relu", nn.RNN, {"nonlinearity": "relu"}), ("lstm", nn.LSTM, {}), ("gru", nn.GRU, {})]
    for name, kind, options in kinds:
        def state(layers, hidden=5, batch=2):
            h = real(layers, batch, hidden, seed=3)
            return [h, real(layers, batch, 5, seed=4)] if kind is nn.LSTM else [h]

        def run(m, x, *s):
            return m(x, tuple(s) if kind is nn.LSTM else s[0])

        case(f"{name}", lambda: kind(3, 5, **options), [x])
        case(f"{name}_state", lambda: kind(3, 5, **options), [x] + state(1), run)
        case(f"{name}_no_bias", lambda: kind(3, 5, bias=False, **options), [x] + state(1), run)
        case(f"{name}_2_bi", lambda: kind(3, 5, num_layers=2, bidirectional=True, **options), [x] + state(4), run)
        case(f"{name}_2_batch_first", lambda: kind(3, 5, num_layers=2, batch_first=True, **options), [real(2, 4, 3, seed=5)] + state(2), run)
        case(f"{name}_unbatched", lambda: kind(3, 5, num_layers=2, **options), [real(4, 3, seed=6)] + [s[:, 0] for s in state(2)], run)

        def run_packed(m, x, lengths, *s):
            p = pack_padded_sequence(x, lengths, enforce_sorted=False)
            y, last = m(p, None if not s else tuple(s) if kind is nn.LSTM else s[0])
            return pad_packed_sequence(y)[0], last

        lengths = torch.tensor([2, 4, 1, 4])
        case(f"{name}_packed_bi", lambda: kind(3, 5, num_layers=2, bidirectional=True, **options), [real(4, 4, 3, seed=7), lengths] + state(4, batch=4), run_packed)
        case(f"{name}_packed", lambda: kind(3, 5, **options), [real(4, 4, 3, seed=7), lengths], run_packed)
    case("lstm_proj", lambda: nn.LSTM(3, 5, proj_size=2), [x, real(1, 2, 2, seed=3), real(1, 2, 5, seed=4)], lambda m, x, h, c: m(x, (h, c)))
    case("lstm_proj_2_bi", lambda: nn.LSTM(3, 5, num_layers=2, proj_size=2, bidirectional=True), [x])
    case("lstm_proj_packed", lambda: nn.LSTM(3, 5, proj_size=2, bidirectional=True), [real(4, 3, 3, seed=7)],
         lambda m, x: (lambda r: (pad_packed_sequence(r[0], padding_value=-2.0, total_length=6)[0], r[1]))(m(pack_padded_sequence(x, [4, 3, 1]))))
    for name, cell, n in (("rnn_cell", lambda: nn.RNNCell(3, 5), 1), ("relu_cell", lambda: nn.RNNCell(3, 5, nonlinearity="relu"), 1),
                          ("lstm_cell", lambda: nn.LSTMCell(3, 5), 2), ("gru_cell", lambda: nn.GRUCell(3, 5, bias=False), 1)):
        case(name, cell, [real(2, 3), real(2, 5, seed=2)] + ([real(2, 5, seed=3)] if n == 2 else []), lambda m, x, *s: m(x, s if len(s) == 2 else s[0]))
        case(name + "_unbatched", cell, [real(3)])

    q, k, v = real(2, 3, 3, 4), real(2, 3, 5, 4, seed=2), real(2, 3, 5, 2, seed=3)
    hidden = torch.rand(3, 5, generator=torch.Generator().manual_seed(4)) > 0.4
    hidden[:, 0] = True
    f = F.scaled_dot_product_attention
    case("sdpa", None, [q, k, v], lambda m, q, k, v: f(q, k, v))
    case("sdpa_2d", None, [q[0, 0], k[0, 0], v[0, 0]], lambda m, q, k, v: f(q, k, v))
    case("sdpa_5d", None, [real(2, 1, 2, 3, 4), real(2, 2, 5, 4, seed=2), real(1, 2, 5, 2, seed=3)], lambda m, q, k, v: f(q, k, v, torch.ones(2, 1, 5, dtype=torch.bool)))
    case("sdpa_bool", None, [q, k, v, hidden], lambda m, q, k, v, h: f(q, k, v, h))
    case("sdpa_float", None, [q, k, v, real(2, 1, 3, 5, seed=5)], lambda m, q, k, v, h: f(q, k, v, h))
    case("sdpa_causal", None, [q, k, v], lambda m, q, k, v: f(q, k, v, is_causal=True, scale=0.7))
    case("sdpa_gqa", None, [real(2, 4, 3, 4), real(2, 2, 5, 4, seed=2), real(2, 2, 5, 2, seed=3)], lambda m, q, k, v: f(q, k, v, enable_gqa=True))
    case("sdpa_all_hidden", None, [q, k, v, torch.tensor([[True], [False], [True]])], lambda m, q, k, v, h: f(q, k, v, h))

    seq, mem = real(3, 2, 6), real(5, 2, 6, seed=2)
    pad = torch.tensor([[False, False, True, False, True], [False, True, False, False, False]])
    case("mha_self", lambda: nn.MultiheadAttention(6, 2), [seq], lambda m, x: m(x, x, x))
    case("mha_self_no_weights", lambda: nn.MultiheadAttention(6, 2), [seq], lambda m, x: m(x, x, x, need_weights=False))
    case("mha_cross", lambda: nn.MultiheadAttention(6, 3), [seq, mem], lambda m, x, y: m(x, y, y))
    case("mha_three", lambda: nn.MultiheadAttention(6, 3, bias=False), [seq, mem, real(5, 2, 6, seed=3)], lambda m, x, y, z: m(x, y, z, average_attn_weights=False))
    case("mha_dims", lambda: nn.MultiheadAttention(6, 3, kdim=4, vdim=5), [seq, real(5, 2, 4, seed=2), real(5, 2, 5, seed=3)])
    case("mha_bias_kv", lambda: nn.MultiheadAttention(6, 2, add_bias_kv=True, add_zero_attn=True), [seq, mem, pad], lambda m, x, y, p: m(x, y, y, key_padding_mask=p))
    case("mha_masks", lambda: nn.MultiheadAttention(6, 2), [seq, mem, pad, hidden], lambda m, x, y, p, h: m(x, y, y, key_padding_mask=p, attn_mask=~h | pad.all()))
    case("mha_float_mask_3d", lambda: nn.MultiheadAttention(6, 2), [seq, mem, real(4, 3, 5, seed=5)], lambda m, x, y, h: m(x, y, y, attn_mask=h, need_weights=False))
    case("mha_batch_first", lambda: nn.MultiheadAttention(6, 2, batch_first=True, add_bias_kv=True), [real(2, 3, 6), real(2, 5, 6, seed=2), pad], lambda m, x, y, p: m(x, y, y, key_padding_mask=p))
    case("mha_batch_first_self", lambda: nn.MultiheadAttention(6, 2, batch_first=True), [real(2, 3, 6)], lambda m, x: m(x, x, x, need_weights=False))
    case("mha_unbatched", lambda: nn.MultiheadAttention(6, 2), [seq[:, 0], mem[:, 0], pad[0]], lambda m, x, y, p: m(x, y, y, key_padding_mask=p))

    tgt_pad = torch.tensor([[False, False, True], [False, False, False]])
    causal = nn.Transformer.generate_square_subsequent_mask(3, dtype=torch.float64)
    causal.fixed = True
    options = dict(dim_feedforward=7, dropout=0.0)
    for norm_first in (False, True):
        n = "_norm_first" if norm_first else ""
        for activation in ("relu", "gelu"):
            case(f"encoder_layer_{activation}{n}", lambda: nn.TransformerEncoderLayer(6, 2, activation=activation, norm_first=norm_first, **options),
                 [seq, tgt_pad], lambda m, x, p: m(x, causal, p))
        case(f"decoder_layer{n}", lambda: nn.TransformerDecoderLayer(6, 2, norm_first=norm_first, **options), [seq, mem, pad], lambda m, x, y, p: m(x, y, causal, memory_key_padding_mask=p))
    case("encoder_layer_function", lambda: nn.TransformerEncoderLayer(6, 2, activation=torch.tanh, layer_norm_eps=1e-3, bias=False, **options), [seq])
    case("encoder_layer_batch_first", lambda: nn.TransformerEncoderLayer(6, 2, batch_first=True, **options), [real(2, 3, 6), tgt_pad], lambda m, x, p: m(x, None, p))
    case("encoder", lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, **options), 2, nn.LayerNorm(6)), [seq])
    case("decoder", lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer(6, 2, **options), 2), [seq, mem])
    case("transformer", lambda: nn.Transformer(6, 2, 2, 1, **options), [mem, seq, pad], lambda m, s, t, p: m(s, t, tgt_mask=causal, src_key_padding_mask=p, memory_key_padding_mask=p))
    case("transformer_batch_first", lambda: nn.Transformer(6, 2, 1, 2, batch_first=True, norm_first=True, activation="gelu", **options), [real(2, 5, 6), real(2, 3, 6, seed=2)])
    save_npz(os.path.join(out, "nn", "sequences.npz"), arrays)
    return len(names)
