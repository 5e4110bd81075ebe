"""The invariants of what modules are built of and of what calls cost: held by right code, broken by wrong code."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attnlint.invariants import (
    Invariant,
    aligned_heads,
    economical,
    equals_with_weights,
    heads_distinct,
    moves_with_module,
    parameters_read_once,
    parameters_registered,
)


class Plain(nn.Module):
    """Two projections and a causal table, all of them registered."""

    def __init__(self, dim: int = 16) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(dim, dim), nn.Linear(dim, dim)])
        self.register_buffer("keep", torch.ones(8, 8, dtype=torch.bool).tril(), persistent=False)
        self.keep: Tensor

    def forward(self, x: Tensor) -> Tensor:
        q, k = (layer(x) for layer in self.layers)
        return F.scaled_dot_product_attention(q, k, x, attn_mask=self.keep[: x.size(1), : x.size(1)])


class Hidden(Plain):
    """Neither the projections nor the table is registered."""

    def __init__(self, dim: int = 16) -> None:
        nn.Module.__init__(self)
        self.__dict__["layers"] = [nn.Linear(dim, dim), nn.Linear(dim, dim)]
        self.__dict__["keep"] = torch.ones(8, 8, dtype=torch.bool).tril()


class Shared(Plain):
    """One projection in two places."""

    def __init__(self, dim: int = 16) -> None:
        super().__init__(dim)
        self.layers = nn.ModuleList([nn.Linear(dim, dim)] * 2)


class PerHead(nn.Module):
    """Each of two heads projected, by weights of its own or by those of the first."""

    def __init__(self, own: bool = True) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 8)] if own else [nn.Linear(8, 8)] * 2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([layer(part) for layer, part in zip(self.layers, x.chunk(2, -1), strict=True)], dim=-1)


X = torch.randn(2, 6, 16, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize(
    ("invariant", "right", "wrong", "value"),
    [
        (parameters_registered(), Plain(), Hidden(), 1.0),
        (parameters_read_once(), Plain(), Shared(), 0.5),
        (moves_with_module(), Plain(), Hidden(), 2.0),
        (heads_distinct(2), PerHead(), PerHead(own=False), 1.0),
    ],
    ids=lambda value: value.name if isinstance(value, Invariant) else None,
)
def test_modules(invariant: Invariant, right: nn.Module, wrong: nn.Module, value: float) -> None:
    assert (invariant(right, X).value, invariant(right, X).error) == (0.0, None)
    assert invariant(wrong, X).value == pytest.approx(value, abs=1.0 if invariant.name == "moves with module" else 1e-6)
    assert invariant(wrong, X).error is None


@pytest.mark.parametrize("invariant", [parameters_registered(), parameters_read_once(), moves_with_module()])
def test_functions_have_no_parameters(invariant: Invariant) -> None:
    measured = invariant(torch.relu, X)
    assert measured.error is not None
    assert "no module" in measured.error


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def attend_masked(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    mask = torch.ones(q.size(-2), k.size(-2), dtype=torch.bool).tril()
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def attend_all(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v)


def test_memory_is_counted() -> None:
    heads = [torch.randn(1, 2, 32, 8) for _ in range(3)]
    assert economical(attend)(attend, *heads).value == 0
    assert economical(attend)(attend_masked, *heads).value > 0.5
    assert economical(attend_masked)(attend, *heads).value == 0
    assert economical(attend)(attend_masked, *heads) == economical(attend)(attend_masked, *heads)


def test_another_output_is_no_saving() -> None:
    measured = economical(attend)(attend_all, *(torch.randn(1, 2, 32, 8) for _ in range(3)))
    assert measured.error == "ValueError: the output is another than the reference's"


@pytest.mark.parametrize(
    ("size", "dtype", "padded"), [(16, torch.half, 0), (20, torch.half, 0.2), (20, torch.float, 0)]
)
def test_padding(size: int, dtype: torch.dtype, padded: float) -> None:
    measured = aligned_heads()(attend, *(torch.randn(1, 2, 4, size).to(dtype) for _ in range(3)))
    assert measured.value == pytest.approx(padded)


def test_padding_needs_a_call() -> None:
    assert "LookupError" in str(aligned_heads()(torch.relu, X).error)


def test_weights_of_one_serve_the_other() -> None:
    torch.manual_seed(0)
    assert equals_with_weights(Plain)(Plain(), X).value == 0
    assert "RuntimeError" in str(equals_with_weights(PerHead)(Plain(), X).error)
