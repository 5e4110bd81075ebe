"""Mends of what concerns caches and positions: applied, they end the finding, and the mended code holds."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from test_harness import edited

from attnlint import lint_source

HEAD = """
import torch
from torch.nn import functional as F

"""
CAUSAL = """
def attention(q, k, v, past=None):
    if past is not None:
        k = torch.cat([past[0], k], dim=2)
        v = torch.cat([past[1], v], dim=2)
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)
"""


def mended(text: str) -> str:
    """The text with every fix applied; each finding must have one."""
    found = lint_source(text)
    assert found
    edits = [edit for diagnostic in found if diagnostic.fix is not None for edit in diagnostic.fix.edits]
    assert all(diagnostic.fix is not None for diagnostic in found)
    after = edited(text, edits)
    assert lint_source(after) == []
    return after


def built(text: str) -> Any:
    """The function that a source defines."""
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    return namespace["attention"]


def test_a_triangle_that_ends_at_the_last_key() -> None:
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 4, 10, 8) for _ in range(3))
    whole = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    wrong, right = built(HEAD + CAUSAL), built(mended(HEAD + CAUSAL))
    new, old = (slice(None), slice(None), slice(6, None)), (slice(None), slice(None), slice(6))
    arguments = q[new], k[new], v[new], (k[old], v[old])
    assert (wrong(*arguments) - whole[new]).abs().max() > 0.5
    assert torch.allclose(right(*arguments), whole[new], atol=1e-5)
    assert torch.allclose(right(q, k, v), whole, atol=1e-5)


@pytest.mark.parametrize(
    "call",
    [
        "F.scaled_dot_product_attention(q, k, v, None, 0.0, True)",
        "F.scaled_dot_product_attention(q * 1.0, k, v, is_causal=True)",
    ],
)
def test_no_mend_where_none_can_be_derived(call: str) -> None:
    text = HEAD + CAUSAL.replace("F.scaled_dot_product_attention(q, k, v, is_causal=True)", call)
    found = lint_source(text.replace("def attention(q", "def attention(self, q"))
    assert [(diagnostic.code, diagnostic.fix) for diagnostic in found] == [("ATN403", None)]


ORDER = """
def attention(q, k, v, mask, past=None):
    if past is not None:
        k = torch.cat([k, past[0]], dim=2)
        v = torch.cat((v, past[1]), dim=2)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask), (k, v)
"""


def test_the_cache_goes_first() -> None:
    after = mended(HEAD + ORDER)
    assert "torch.cat([past[0], k], dim=2)" in after
    assert "torch.cat((past[1], v), dim=2)" in after
    unpacked = ORDER.replace("torch.cat([k, past[0]], dim=2)", "torch.cat([k, *past[:1]], dim=2)")
    assert lint_source(HEAD + unpacked) == []
