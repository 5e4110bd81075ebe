"""Every invariant is held by right attention, measures how far wrong attention is, and can therefore fail."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attnlint import invariants
from attnlint.invariants import Invariant, Measurement, attention_weights, exact_attention
from attnlint.proof import ROUNDING

HEADS = (2, 4, 8, 16)
"""Batch, heads, tokens, head_dim."""
Attention = Callable[..., Tensor]


def heads(*shape: int, count: int = 3) -> list[Tensor]:
    generator = torch.Generator().manual_seed(7)
    return [torch.randn(shape or HEADS, generator=generator) for _ in range(count)]


def attend(query: Tensor, key: Tensor, value: Tensor, factor: float = 1.0, causal: bool = False) -> Tensor:
    scores = query @ key.transpose(-2, -1) * (factor * query.shape[-1] ** -0.5)
    if causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1), -math.inf)
    return torch.matmul(scores.softmax(dim=-1), value)


def attend_causally(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return attend(query, key, value, causal=True)


def attend_unscaled(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return attend(query, key, value, factor=query.shape[-1] ** 0.5)


def attend_real(query: Tensor, key: Tensor, value: Tensor, keep: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(query, key, value, attn_mask=keep[:, None, None, :])


def attend_padding_too(query: Tensor, key: Tensor, value: Tensor, keep: Tensor) -> Tensor:
    return attend(query, key, value)


def attend_relatively(query: Tensor, key: Tensor, value: Tensor, positions: Tensor) -> Tensor:
    near = -(positions[:, None] - positions[None, :]).abs().to(query.dtype)
    return F.scaled_dot_product_attention(query, key, value, attn_mask=near)


def attend_absolutely(query: Tensor, key: Tensor, value: Tensor, positions: Tensor) -> Tensor:
    return attend(query, key, value * positions[:, None].cos())


def attend_itself(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return value + 0 * attend(query, key, value)


def attend_across_batch(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return attend(query, key, value.flip(0))


def attend_over_axis_1(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
    return torch.matmul(scores.softmax(dim=1), value)


def attend_unnormalised(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    weights = (query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5).softmax(dim=-1)
    return torch.matmul(weights.tril(), value)


def attend_in_double(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return attend(query, key, value).double()


def attend_with_noise(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return F.dropout(attend(query, key, value), 0.1)


class DroppingScores(nn.Module):
    """Attention with dropout in front of the softmax."""

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
        return torch.matmul(F.dropout(scores, 0.5, self.training).softmax(dim=-1), value)


class CausalTable(nn.Module):
    """Attention with an additive causal mask that is trained, or not."""

    def __init__(self, trained: bool) -> None:
        super().__init__()
        length = HEADS[-2]
        self.table = nn.Parameter(torch.full((length, length), -4.0).triu(1), requires_grad=trained)

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(query, key, value, attn_mask=self.table)


def attend_nothing(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """A fully masked first row, as −inf by hand gives it."""
    scores = query @ key.transpose(-2, -1)
    scores[..., 0, :] = -math.inf
    return scores.softmax(dim=-1) @ value


def attend_fused(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(query, key, value)


def attend_with_old_names(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    warnings.warn("this is to be removed", FutureWarning, stacklevel=2)
    return attend(query, key, value)


def keep_mask() -> Tensor:
    return torch.arange(8) < torch.tensor([8, 5])[:, None]


TOKENS = (0, 1, 2)
CASES: list[tuple[Invariant, Attention, Attention, list[Tensor]]] = [
    (invariants.causal(TOKENS), attend_causally, attend, heads()),
    (invariants.tokens_mix(TOKENS), attend_causally, attend_itself, heads()),
    (invariants.padding_ignored(3, TOKENS), attend_real, attend_padding_too, [*heads(), keep_mask()]),
    (invariants.batch_independent(), attend, attend_across_batch, heads()),
    (invariants.permutation_equivariant(TOKENS), attend, attend_causally, heads()),
    (invariants.shift_invariant(3), attend_relatively, attend_absolutely, [*heads(), torch.arange(HEADS[-2])]),
    (invariants.rank_agnostic(), attend, attend_over_axis_1, heads()),
    (invariants.rows_sum_to_one(), attend, attend_unnormalised, heads()),
    (invariants.no_future_weight(), attend_causally, attend, heads()),
    (invariants.scale_entropy(), attend, attend_unscaled, heads(64, 2, 8, 64)),
    (invariants.scale_gradient(), attend, attend_unscaled, heads(64, 2, 8, 64)),
    (invariants.eval_deterministic(), attend, attend_with_noise, heads()),
    (invariants.dropout_unbiased(), attend, DroppingScores(), heads()),
    (invariants.dtype_kept(), attend, attend_in_double, heads()),
    (invariants.everything_used(), attend, attend_itself, heads()),
    (invariants.tables_kept(), CausalTable(trained=False), CausalTable(trained=True), heads()),
    (invariants.runs(), attend, attend_nothing, heads()),
    (invariants.equals_reference(exact_attention), attend, attend_unscaled, heads()),
    (invariants.not_deprecated(), attend, attend_with_old_names, heads()),
    (invariants.weights_not_made(), attend_fused, attend, heads()),
]
NAMES = [case[0].name for case in CASES]


@pytest.mark.parametrize(("invariant", "right", "wrong", "inputs"), CASES, ids=NAMES)
def test_right_attention_holds_it_and_wrong_attention_does_not(
    invariant: Invariant, right: Attention, wrong: Attention, inputs: list[Tensor]
) -> None:
    held, broken = invariant(right, *inputs), invariant(wrong, *inputs)
    assert held.error is None
    assert held.value < 0.02
    assert broken.error is None
    assert broken.value > 0.08
    assert held.unit == broken.unit == invariant.unit


def test_every_invariant_is_tried() -> None:
    makers = {
        name
        for name, maker in vars(invariants).items()
        if getattr(maker, "__annotations__", {}).get("return") == "Invariant"
    }
    texts = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert len(set(NAMES)) == len(CASES)
    assert {name for name in makers if not re.search(rf"\b{name}\(", texts)} == set()


@pytest.mark.parametrize("invariant", [case[0] for case in CASES], ids=NAMES)
def test_a_callable_that_raises_is_broken_and_its_error_told(invariant: Invariant) -> None:
    def refuse(*inputs: Tensor) -> Tensor:
        raise RuntimeError("the heads do not fit\nand a second line")

    measured = invariant(refuse, *heads(), keep_mask())
    assert measured == Measurement(math.inf, invariant.unit, "RuntimeError: the heads do not fit")


def test_an_error_without_text_is_told_by_its_type() -> None:
    def refuse(*inputs: Tensor) -> Tensor:
        raise NotImplementedError

    assert invariants.runs()(refuse).error == "NotImplementedError"


def test_what_is_not_a_tensor_is_an_error() -> None:
    assert invariants.runs()(lambda x: "weights", *heads(count=1)).error == (
        "TypeError: the attention returned str, not a tensor"
    )


def test_numbers_that_are_not_finite_are_broken() -> None:
    assert invariants.causal(TOKENS)(attend_nothing, *heads()).value == math.inf
    assert invariants.runs()(attend_nothing, *heads()).value == 1 / 8


class Dropping(nn.Module):
    """Attention whose dropout obeys the mode; notes the modes in which it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(16, 48)
        self.drop = nn.Dropout(0.5)
        self.drop.eval()
        self.modes: set[tuple[bool, bool]] = set()

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        self.modes.add((self.training, torch.is_grad_enabled()))
        query, key, value = self.qkv(x).chunk(3, dim=-1)
        return self.drop(F.scaled_dot_product_attention(query, key, value)), None


def test_modules_are_measured_in_eval_mode_and_get_their_modes_back() -> None:
    module = Dropping()
    assert invariants.eval_deterministic()(module, *heads(2, 8, 16, count=1)).value == 0
    assert module.modes == {(False, False)}
    assert module.training
    assert not module.drop.training


def test_modules_get_their_modes_back_after_an_error() -> None:
    module = Dropping()
    assert invariants.runs()(module, torch.zeros(3)).error
    assert module.training


def test_the_first_element_of_a_tuple_is_the_output() -> None:
    assert invariants.runs()(Dropping(), *heads(2, 8, 16, count=1)) == Measurement(0.0, "share not finite")


def test_token_ids_can_be_perturbed_too() -> None:
    torch.manual_seed(0)
    embedding = nn.Embedding(10, 16)

    def model(tokens: Tensor) -> Tensor:
        x = embedding(tokens)
        return attend(x, x, x)

    def causal_model(tokens: Tensor) -> Tensor:
        x = embedding(tokens)
        return attend(x, x, x, causal=True)

    tokens = torch.arange(10)[None]
    # Ids are (B, T) and outputs (B, T, C): the sequence is axis 1 of both.
    assert invariants.causal(axis=1)(causal_model, tokens).value == 0
    assert invariants.causal(axis=1)(model, tokens).value > 0.1


def test_inputs_are_not_changed() -> None:
    inputs = heads()
    before = [tensor.clone() for tensor in inputs]
    for invariant in (invariants.causal(TOKENS), invariants.rows_sum_to_one(), invariants.rank_agnostic()):
        invariant(attend, *inputs)
    assert all(torch.equal(left, right) for left, right in zip(before, inputs, strict=True))


def test_a_mask_of_what_to_ignore_is_understood() -> None:
    inputs = [*heads(), ~keep_mask()]
    ignoring = invariants.padding_ignored(3, TOKENS, keep=False)
    assert ignoring(lambda q, k, v, ignore: attend_real(q, k, v, ~ignore), *inputs).value == 0
    assert ignoring(attend_padding_too, *inputs).value > 0.1


def spelled(softmax: Callable[[Tensor], Tensor]) -> Attention:
    return lambda query, key, value: softmax(query @ key.mT / query.shape[-1] ** 0.5) @ value


@pytest.mark.parametrize(
    "attention",
    [
        spelled(lambda scores: torch.softmax(scores, -1)),
        spelled(lambda scores: F.softmax(scores, dim=-1)),
        spelled(lambda scores: scores.softmax(dim=-1)),
        spelled(nn.Softmax(dim=-1)),
        spelled(lambda scores: scores.mT.softmax(-2).mT),
        F.scaled_dot_product_attention,
    ],
)
def test_weights_are_seen_in_every_spelling(attention: Attention) -> None:
    query, key, value = heads()
    (site,) = attention_weights(attention, query, key, value)
    torch.testing.assert_close(site.weights @ value, exact_attention(query, key, value))
    assert site.visible.all()


def test_masked_keys_are_seen_as_such() -> None:
    query, key, value = heads()
    future = torch.ones(8, 8, dtype=torch.bool).triu(1)

    def by_hand(query: Tensor, key: Tensor, fill: float) -> Tensor:
        return (query @ key.mT).masked_fill(future, fill).softmax(dim=-1)

    seen = [attention_weights(by_hand, query, key, fill) for fill in (-1e4, -1e9, torch.finfo().min, -math.inf)]
    seen += [attention_weights(F.scaled_dot_product_attention, query, key, value, None, 0.0, True)]
    assert all(torch.equal(site.visible, ~future.expand(2, 4, 8, 8)) for (site,) in seen)


def test_attention_without_a_softmax_has_no_scale_to_measure() -> None:
    measured = invariants.scale_entropy()(lambda q, k, v: torch.sigmoid(q @ k.mT) @ v, *heads())
    assert measured.error == "LookupError: no softmax and no scaled_dot_product_attention was called"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("scale", [None, 0.5])
def test_exact_attention_is_sdpa(dtype: torch.dtype, causal: bool, scale: float | None) -> None:
    query, key, value = (tensor.to(dtype) for tensor in heads())
    for mask in (None, keep_mask()[:, None, None, :], torch.randn(8, 8).to(dtype)):
        if mask is not None and causal:
            continue
        expected = F.scaled_dot_product_attention(query, key, value, mask, is_causal=causal, scale=scale)
        exact = exact_attention(query, key, value, mask, 0.0, causal, scale)
        torch.testing.assert_close(exact, expected, atol=ROUNDING.of(dtype), rtol=0.01)


def test_exact_attention_takes_both_masks_and_no_dropout() -> None:
    query, key, value = heads()
    keep = keep_mask()[:, None, None, :]
    both = exact_attention(query, key, value, keep & torch.ones(8, 8, dtype=torch.bool).tril())
    torch.testing.assert_close(exact_attention(query, key, value, keep, is_causal=True), both)
    with pytest.raises(ValueError, match="no dropout"):
        exact_attention(query, key, value, dropout_p=0.1)
