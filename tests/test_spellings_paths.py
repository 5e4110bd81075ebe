"""Arms, caches and positions through several spellings: the wrong code is seen, the right code is silent."""

from __future__ import annotations

import textwrap

import pytest

from attnlint import lint_source

PRELUDE = """
import math
import torch
from torch import nn
from torch.nn import functional as F

"""


def codes(text: str) -> list[str]:
    """What is reported on a source."""
    return [diagnostic.code for diagnostic in lint_source(PRELUDE + textwrap.dedent(text))]


# Opposite arms

HEAD = """
class Attention(nn.Module):
    def __init__(self, dim=64, heads=4, dropout=0.1, causal=False, fused=True):
        super().__init__()
        self.heads, self.dropout, self.causal, self.fused = heads, dropout, causal, fused
        self.qkv = nn.Linear(dim, 3 * dim)
        self.drop = nn.Dropout(dropout)

    def by_hand(self, q, k, v, causal):
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
        if causal:
            future = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).triu(1)
            scores = scores.masked_fill(future, float("-inf"))
        return F.softmax(scores, dim=-1) @ v

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
"""

CAUSALITY = {
    "if and else": """
        if self.fused:
            return {fused}
        else:
            return self.by_hand(q, k, v, self.causal)
    """,
    "early return": """
        if not self.fused:
            return self.by_hand(q, k, v, self.causal)
        return {fused}
    """,
    "conditional expression": """
        return {fused} if self.fused else self.by_hand(q, k, v, self.causal)
    """,
    "two ifs": """
        if self.fused:
            y = {fused}
        if not self.fused:
            y = self.by_hand(q, k, v, self.causal)
        return y
    """,
    "together with another condition": """
        if self.fused and x.is_cuda:
            return {fused}
        return self.by_hand(q, k, v, self.causal)
    """,
}


def spelled(body: str, fused: str) -> str:
    return HEAD + textwrap.indent(textwrap.dedent(body.replace("{fused}", fused)), "        ")


@pytest.mark.parametrize("body", CAUSALITY.values(), ids=CAUSALITY)
def test_causality_of_the_fused_arm(body: str) -> None:
    assert codes(spelled(body, "F.scaled_dot_product_attention(q, k, v)")) == ["ATN408"]
    assert codes(spelled(body, "F.scaled_dot_product_attention(q, k, v, is_causal=False)")) == ["ATN408"]
    assert codes(spelled(body, "F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)")) == []


@pytest.mark.parametrize("body", CAUSALITY.values(), ids=CAUSALITY)
def test_scale_of_the_fused_arm(body: str) -> None:
    call = "F.scaled_dot_product_attention(q, k, v, is_causal=self.causal, scale={})"
    assert codes(spelled(body, call.format("2 * q.shape[-1] ** -0.5"))) == ["ATN408"]
    assert codes(spelled(body, call.format("q.shape[-1] ** -0.5"))) == []
    assert codes(spelled(body, call.format("self.scale"))) == []


def test_an_arm_that_the_length_chooses_may_differ() -> None:
    body = """
        if x.size(1) == 1:
            return F.scaled_dot_product_attention(q, k, v)
        return self.by_hand(q, k, v, self.causal)
    """
    assert codes(spelled(body, "")) == []


DROPOUT = """
        if self.fused:
            return F.scaled_dot_product_attention(q, k, v{})
        return self.drop(F.softmax(q @ k.transpose(-2, -1) / math.sqrt(q.size(-1)), dim=-1)) @ v
"""


def test_dropout_on_one_arm_alone() -> None:
    assert codes(HEAD + DROPOUT.format("")) == ["ATN408"]
    assert codes(HEAD + DROPOUT.format(", dropout_p=0.0")) == ["ATN408"]
    assert codes(HEAD + DROPOUT.format(", dropout_p=self.dropout if self.training else 0.0")) == []
    assert codes(HEAD.replace("nn.Dropout(dropout)", "nn.Dropout(0.0)") + DROPOUT.format("")) == []


# Masks that are not read

FUNCTION = """
def attention(q, k, v, {mask}):
    {before}
    return F.softmax(q @ k.transpose(-2, -1) / math.sqrt(q.size(-1)), dim=-1) @ v
"""


@pytest.mark.parametrize(
    "mask", ["mask=None", "attn_mask: torch.Tensor", "key_padding_mask: torch.Tensor | None = None", "*, src_mask=None"]
)
def test_a_mask_that_is_not_read(mask: str) -> None:
    assert codes(FUNCTION.format(mask=mask, before="pass")) == ["ATN215"]
    name = mask.removeprefix("*, ").partition(":")[0].partition("=")[0]
    assert codes(FUNCTION.format(mask=mask, before=f"del {name}")) == []
    assert codes(FUNCTION.format(mask=mask, before=f"assert {name} is None")) == []


@pytest.mark.parametrize("mask", ["_mask=None", "mask: bool = False", "mask=0.5", "mask_token=None", "**mask"])
def test_what_may_be_no_mask(mask: str) -> None:
    assert codes(FUNCTION.format(mask=mask, before="pass")) == []


LAYER = """
class RotaryLayer({base}):
    def __init__(self, d_model=64, nhead=4):
        super().__init__(d_model, nhead, dropout=0.0, batch_first=True)
        self.heads = nhead
        self.qkv = nn.Linear(d_model, 3 * d_model)

    def _sa_block(self, x, attn_mask, key_padding_mask, is_causal=False):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=attn_mask, is_causal=is_causal)
        return out.transpose(1, 2).reshape(B, T, C)
"""


def test_a_layer_of_torch_hands_its_masks_on() -> None:
    assert codes(LAYER.format(base="nn.TransformerEncoderLayer")) == ["ATN215"]
    assert codes(LAYER.format(base="library.Layer")) == []


# Causality over a cache

CACHED = """
class Attention(nn.Module):
    def __init__(self, dim=64, heads=4, causal=True):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv = nn.Linear(dim, 3 * dim)
        self.k_cache = self.v_cache = None
        self.register_buffer("keys", torch.zeros(2, heads, 128, dim // heads), persistent=False)

    def forward(self, x, start: int = 0, past=None, past_k=None, past_v=None):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        {join}
        y = F.scaled_dot_product_attention(q, k, v, is_causal={flag})
        return y.transpose(1, 2).reshape(B, T, C)
"""

JOINED = {
    "two arguments": """
        if past_k is not None:
            k = torch.cat([past_k, k], dim=-2)
            v = torch.cat([past_v, v], dim=-2)
    """,
    "a tuple's items": """
        if past is not None:
            k, v = torch.cat((past[0], k), dim=2), torch.cat((past[1], v), dim=2)
    """,
    "a dict's items": """
        if past:
            k, v = torch.cat((past["k"], k), dim=2), torch.cat((past["v"], v), dim=2)
    """,
    "an attribute": """
        if self.k_cache is not None:
            k = torch.concat([self.k_cache, k], dim=2)
            v = torch.concat([self.v_cache, v], dim=2)
        self.k_cache, self.v_cache = k, v
    """,
    "a conditional expression": """
        k = k if past is None else torch.cat((past[0], k), dim=2)
        v = v if past is None else torch.cat((past[1], v), dim=2)
    """,
    "its own update": """
        if past is not None:
            k, v = past.update(k, v, 0)
    """,
}


def with_cache(join: str, flag: str) -> str:
    return CACHED.replace("{join}", textwrap.indent(textwrap.dedent(join), "        ").strip()).replace("{flag}", flag)


@pytest.mark.parametrize("join", JOINED.values(), ids=JOINED)
def test_causal_over_a_cache(join: str) -> None:
    assert codes(with_cache(join, "True")) == ["ATN403"]
    assert codes(with_cache(join, "self.causal")) == ["ATN403"]
    assert codes(with_cache(join, "self.causal and q.shape[-2] > 1")) == ["ATN403"]
    for right in ("False", "q.size(2) == k.size(2)", "past is None and past_k is None", "start == 0", "T > self.chunk"):
        assert codes(with_cache(join, right)) == []


def test_a_guard_on_the_length_is_a_warning() -> None:
    join = JOINED["two arguments"]
    for flag, severity in (("True", "error"), ("q.shape[-2] > 1", "warning"), ("T != 1", "warning")):
        found = lint_source(PRELUDE + with_cache(join, flag))
        assert [(d.code, d.severity.value) for d in found] == [("ATN403", severity)]


# The order in which a cache is joined

ORDER = """
class Attention(nn.Module):
    def forward(self, q, k, v, mask, past=None, past_v=None):
        if past is not None:
            k, v = {keys}, {values}
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask{causal})
        return y, {present}
"""


@pytest.mark.parametrize(
    "present", ["(k, v)", "torch.stack((k, v))", '{"k": k, "v": v}', "(k, v) if self.keep else None"]
)
def test_new_keys_before_old_ones(present: str) -> None:
    def order(keys: str, values: str, present: str, causal: str = "") -> list[str]:
        return codes(
            ORDER.replace("{keys}", keys)
            .replace("{values}", values)
            .replace("{present}", present)
            .replace("{causal}", causal)
        )

    keys, values = "torch.cat((k, past[0]), dim=-2)", "torch.cat((v, past[1]), dim=-2)"
    assert order(keys, values, present) == ["ATN505"]
    assert order("torch.cat((past[0], k), dim=-2)", "torch.cat((past[1], v), dim=-2)", present) == []
    assert order("torch.cat((past[0], k), dim=-2)", values, present) == ["ATN505"]
    assert order(keys, values, "None") == []


@pytest.mark.parametrize("axis", ["-1", "-3", "-4"])
def test_a_cache_along_another_axis(axis: str) -> None:
    text = """
    def attention(q, k, v, past=None):
        if past is not None:
            k, v = torch.cat((past[0], k), dim={axis}), torch.cat((past[1], v), dim={axis})
        {site}
    """
    for site in (
        "return F.scaled_dot_product_attention(q, k, v), (k, v)",
        "return (q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))).softmax(dim=-1) @ v, (k, v)",
    ):
        assert codes(text.replace("{site}", site).replace("{axis}", axis)) == ["ATN505"]
        assert codes(text.replace("{site}", site.replace(", (k, v)", "")).replace("{axis}", axis)) == []
        assert codes(text.replace("{site}", site).replace("{axis}", "-2")) == []


# Rotary embeddings

ROTARY = {
    "rotate_half": """
def rotate(x, cos, sin):
    x1, x2 = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-x2, x1), dim=-1) * sin
""",
    "slices": """
def rotate_half(x):
    return torch.cat([-x[..., x.shape[-1] // 2 :], x[..., : x.shape[-1] // 2]], dim=-1)

def rotate(x, cos, sin):
    return (rotate_half(x) * sin) + (cos * x)
""",
    "pairs": """
def rotate(x, cos, sin):
    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2)
""",
    "a part of the features": """
def rotate(x, cos, sin):
    n = cos.shape[-1]
    x, rest = x[..., :n], x[..., n:]
    x1, x2 = x.chunk(2, dim=-1)
    return torch.cat((x * cos + torch.cat((x2 * -1, x1), dim=-1) * sin, rest), dim=-1)
""",
    "two at once": """
def rotate_both(q, k, cos, sin):
    half = lambda x: torch.cat((-x.chunk(2, -1)[1], x.chunk(2, -1)[0]), dim=-1)
    return q * cos + half(q) * sin, k * cos + half(k) * sin

def rotate(x, cos, sin):
    return rotate_both(x, x, cos, sin)[0]
""",
}
USE = """
def attention(q, k, v, cos, sin):
    {rotated}
    return F.scaled_dot_product_attention(q, k, v)
"""


@pytest.mark.parametrize("rotary", ROTARY.values(), ids=ROTARY)
def test_rotated_values(rotary: str) -> None:
    def use(rotated: str) -> list[str]:
        return codes(rotary + USE.replace("{rotated}", rotated))

    assert use("q, k, v = (rotate(t, cos, sin) for t in (q, k, v))") == ["ATN601"]
    assert use("q, k, v = map(lambda t: rotate(t, cos, sin), (q, k, v))") == ["ATN601"]
    assert use("q, k, v = rotate(q, cos, sin), rotate(k, cos, sin), rotate(v, cos, sin)") == ["ATN601"]
    assert use("q, k = (rotate(t, cos, sin) for t in (q, k))") == []
    assert use("v = rotate(v, cos, sin)") == []


def test_a_gate_is_no_rotation() -> None:
    gated = "def rotate(x, a, b):\n    return x * a + torch.cat((x.chunk(2, -1)[0], x.chunk(2, -1)[1]), -1) * b\n"
    assert codes(gated + USE.replace("{rotated}", "q, k, v = (rotate(t, cos, sin) for t in (q, k, v))")) == []


OFFSET = """
def attention(q, k, v, past=None):
    n = q.shape[-2]
    start = 0 if past is None else past[0].shape[-2]
    positions = {positions}
    table = torch.einsum("i,j->ij", positions, 10000.0 ** (-torch.arange(0, 64, 2) / 64)).repeat(1, 2)
    q, k = (rotate(t, table.cos(), table.sin()) for t in (q, k))
    if past is not None:
        k, v = torch.cat((past[0], k), dim=-2), torch.cat((past[1], v), dim=-2)
    return F.scaled_dot_product_attention(q, k, v), (k, v)
"""


@pytest.mark.parametrize("positions", ["torch.arange(n)", "torch.arange(0, n, device=q.device).float()"])
def test_positions_that_begin_again(positions: str) -> None:
    text = ROTARY["rotate_half"] + OFFSET.replace("{positions}", positions)
    assert codes(text) == ["ATN602"]
    assert codes(text.replace(", (k, v)\n", "\n")) == []


@pytest.mark.parametrize(
    "positions", ["torch.arange(start, start + n)", "torch.arange(n) + start", "torch.arange(start + n)[start:]"]
)
def test_positions_that_go_on(positions: str) -> None:
    assert codes(ROTARY["rotate_half"] + OFFSET.replace("{positions}", positions)) == []
