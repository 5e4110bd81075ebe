"""What attention keeps: what a token may depend on, what the weights are, what the numbers are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

Attention = Callable[..., Any]
Inputs = tuple[Any, ...]

_MASKED_SCORE = -5_000.0
"""A score below this counts as masked: people fill with −1e4, −1e9, finfo.min and −inf."""
_REFERENCE_DRAWS = 32
_SEED = 2_718


@dataclass(frozen=True)
class Measurement:
    """How far an invariant is broken.

    ``value`` is in ``unit``, 0 where the invariant is held. It is infinite where the callable raised, and then
    ``error`` holds the error's type and text; or where a result was not a finite number.
    """

    value: float
    unit: str
    error: str | None = None


@dataclass(frozen=True)
class Invariant:
    """A named check. ``measure`` takes the attention and its arguments and returns a number in ``unit``."""

    name: str
    unit: str
    measure: Callable[[Attention, Inputs], float]

    def __call__(self, attention: Attention, *inputs: Any) -> Measurement:
        """Measure ``attention`` on ``inputs``. Whatever the callable raises becomes the measurement's ``error``."""
        with _evaluating(attention):
            try:
                value = self.measure(attention, inputs)
            except Exception as error:
                return Measurement(math.inf, self.unit, describe_error(error))
        return Measurement(math.inf if math.isnan(value) else value, self.unit)


def describe_error(error: Exception) -> str:
    """One line: the type of ``error`` and the first sentence-long line of its text."""
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__


# What a token may depend on


def causal(tokens: Sequence[int] = (0,), axis: int = -2) -> Invariant:
    """The last token is changed; the outputs of all earlier tokens stay.

    Arguments ``tokens``: (…, T, …) with T on ``axis``. Unit: the largest absolute change of an earlier output.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        changed = _change(inputs, tokens, lambda tensor: _at(tensor, axis, -1))
        before, after = _output(attention, inputs), _output(attention, changed)
        return _distance(_without(before, axis, -1), _without(after, axis, -1))

    return Invariant("causal", "change of earlier outputs", measure)


def tokens_mix(tokens: Sequence[int] = (0,), axis: int = -2) -> Invariant:
    """The first token is changed; every later output follows, in causal and in bidirectional attention alike.

    Arguments ``tokens``: (…, T, …) with T on ``axis``. Unit: the share of later tokens whose output did not change.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        changed = _change(inputs, tokens, lambda tensor: _at(tensor, axis, 0))
        before, after = _output(attention, inputs), _output(attention, changed)
        same = (_without(before, axis, 0) == _without(after, axis, 0)).movedim(axis, 0).flatten(1)
        return same.all(dim=1).double().mean().item() if same.numel() else 0.0

    return Invariant("tokens mix", "share of tokens that see no other", measure)


def padding_ignored(mask: int = 1, tokens: Sequence[int] = (0,), axis: int = -2, keep: bool = True) -> Invariant:
    """The padded tokens are changed; the outputs of the real ones stay.

    Argument ``mask``: (B, T), bool or 0/1, its true entries being the tokens to keep (or, with ``keep=False``, to
    ignore). Arguments ``tokens``: (B, …, T, …) with T on ``axis``. Unit: the largest absolute change of a real
    token's output. Raises nothing; inputs without padding measure 0.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        padded = inputs[mask].bool() ^ keep
        changed = _change(inputs, tokens, lambda tensor: _per_token(padded, tensor, axis))
        before, after = _output(attention, inputs), _output(attention, changed)
        real = ~_per_token(padded, before, axis)
        return _distance(before[real], after[real])

    return Invariant("padding ignored", "change of real outputs", measure)


def batch_independent() -> Invariant:
    """Each sample alone gives what it gives inside the batch. Every tensor argument has the batch on axis 0.

    Unit: the largest absolute difference between the two outputs.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        together = _output(attention, inputs)
        alone = [_output(attention, _sample(inputs, index)) for index in range(len(together))]
        return _distance(together, torch.cat(alone))

    return Invariant("batch independent", "change with the batch", measure)


def permutation_equivariant(tokens: Sequence[int] = (0,), axis: int = -2) -> Invariant:
    """The tokens are reversed; the outputs come reversed. Holds for attention with neither mask nor positions.

    Arguments ``tokens``: (…, T, …) with T on ``axis``. Unit: the largest absolute difference.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        reversed_inputs = _replace(inputs, tokens, lambda tensor: tensor.flip(axis))
        return _distance(_output(attention, inputs), _output(attention, reversed_inputs).flip(axis))

    return Invariant("permutation equivariant", "change with the order", measure)


def shift_invariant(positions: int = 1, by: int = 3) -> Invariant:
    """All tokens move on together, as with a longer prefix that is not seen: no output changes.

    Argument ``positions``: integer positions, of any shape. Unit: the largest absolute change of an output.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        shifted = _replace(inputs, [positions], lambda tensor: tensor + by)
        return _distance(_output(attention, inputs), _output(attention, shifted))

    return Invariant("shift invariant", "change of outputs", measure)


def rank_agnostic() -> Invariant:
    """One more leading axis of extent 1 on every tensor argument changes nothing but the output's rank.

    Unit: the largest absolute difference.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        raised = _replace(inputs, range(len(inputs)), lambda tensor: tensor.unsqueeze(0))
        return _distance(_output(attention, inputs), _output(attention, raised).squeeze(0))

    return Invariant("rank agnostic", "change with the rank", measure)


# What the weights are


def rows_sum_to_one(value: int = 2) -> Invariant:
    """The output for a value of ones is ones, as each is the sum of one row of weights.

    Argument ``value``: the position of the value tensor. Unit: the largest absolute deviation of a sum from 1.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        output = _output(attention, _replace(inputs, (value,), torch.ones_like))
        return _distance(output, torch.ones_like(output))

    return Invariant("rows sum to one", "deviation of a row's sum", measure)


def no_future_weight() -> Invariant:
    """No query gives weight to a later key. Measured on what `attention_weights` sees: (…, T, T).

    Unit: the weight on later keys, as a share of all weight (0.44 for uniform weights over 8 keys).
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        shares = (site.weights.double().triu(1).sum(-1).mean().item() for site in _sites(attention, inputs))
        return max(shares)

    return Invariant("no future weight", "share on later keys", measure)


def scale_entropy() -> Invariant:
    """The weights are as spread as unit-variance scores make them, which is what the factor 1/√head_dim is for.

    Measured on what `attention_weights` sees, against the softmax of standard normal scores under the same mask.
    The query and key must have unit variance: for a fresh `nn.Linear`, whose default initialisation divides the
    variance by 3, give hidden states of variance 3. Unit: nats, between the mean entropies of the rows. Over 8 keys
    the reference is 1.71, uniform weights have 2.08.
    Source: Vaswani et al. 2017, section 3.2.1.
    """
    measure = _against_reference(_entropy, lambda measured, reference: abs(measured - reference))
    return Invariant("scale entropy", "nats from unit-variance scores", measure)


def scale_gradient() -> Invariant:
    """As `scale_entropy`, with the mean of p(1 − p): how much gradient the softmax lets through to the scores.

    Unit: the relative difference from what unit-variance scores give (0.095 over 8 keys): 1 lets nothing through.
    """
    measure = _against_reference(_slope, lambda measured, reference: abs(measured / reference - 1))
    return Invariant("scale gradient", "relative change of p(1-p)", measure)


# What the numbers are


def eval_deterministic() -> Invariant:
    """Two runs in eval mode agree. Unit: the RMS of their difference, relative to the RMS of the output."""

    def measure(attention: Attention, inputs: Inputs) -> float:
        first, second = (_output(attention, inputs).double() for _ in range(2))
        return ((first - second).square().mean() / first.square().mean()).sqrt().item()

    return Invariant("eval deterministic", "relative RMS between runs", measure)


def dtype_kept() -> Invariant:
    """The output has the dtype of the first floating-point argument. Unit: 1 where it has another."""

    def measure(attention: Attention, inputs: Inputs) -> float:
        given = next(tensor.dtype for tensor in inputs if _is_floating(tensor))
        return float(_output(attention, inputs).dtype != given)

    return Invariant("dtype kept", "1 if changed", measure)


def runs() -> Invariant:
    """The call does not raise, and every output is finite. Unit: the share of outputs that are not."""

    def measure(attention: Attention, inputs: Inputs) -> float:
        return (~_output(attention, inputs).isfinite()).double().mean().item()

    return Invariant("runs", "share not finite", measure)


def equals_reference(reference: Attention) -> Invariant:
    """The output equals that of ``reference`` on the same arguments. Unit: the largest absolute difference."""

    def measure(attention: Attention, inputs: Inputs) -> float:
        return _distance(_output(attention, inputs), _output(reference, inputs))

    return Invariant("equals reference", "largest difference", measure)


def exact_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """Attention in float64, with the signature of `F.scaled_dot_product_attention`; a causal call ANDs its mask.

    Shapes: query (…, T, D), key (…, S, D), value (…, S, E), mask broadcastable to (…, T, S): bool (True attends) or
    added. Returns (…, T, E) in the query's dtype. Drops nothing: raises ValueError where ``dropout_p`` is not 0.
    """
    if dropout_p:
        raise ValueError("exact attention has no dropout")
    scores = query.double() @ key.double().transpose(-2, -1)
    scores = scores * (query.shape[-1] ** -0.5 if scale is None else scale)
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, -math.inf)
    elif attn_mask is not None:
        scores = scores + attn_mask.double()
    if is_causal:
        scores = scores.masked_fill(torch.ones_like(scores, dtype=torch.bool).triu(1), -math.inf)
    return (scores.softmax(dim=-1) @ value.double()).to(query.dtype)


# Reading the weights of a call


@dataclass(frozen=True)
class Weights:
    """One softmax over keys: ``weights`` (…, T, S) and, of the same shape, which keys were ``visible``."""

    weights: Tensor
    visible: Tensor


def attention_weights(attention: Attention, *inputs: Any) -> tuple[Weights, ...]:
    """The weights of every softmax and SDPA call that ``attention`` makes on ``inputs``, in order.

    Sees `torch.softmax`, `F.softmax`, `nn.Softmax`, the method and `F.scaled_dot_product_attention`. Does not see
    a softmax spelled with exp and sum, nor inside `nn.MultiheadAttention` and kernels of other packages.
    """
    recorder = _Recorder()
    with _evaluating(attention), recorder:
        attention(*inputs)
    return tuple(recorder.seen)


class _Recorder(TorchFunctionMode):
    """Notes the weights of the calls made while it is entered, and changes none."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Weights] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in _SOFTMAXES:
            self.seen.append(_softmax_weights(result, *args, **(kwargs or {})))
        elif func is F.scaled_dot_product_attention:
            self.seen.append(_fused_weights(*args, **(kwargs or {})))
        return result


_SOFTMAXES = {torch.softmax, torch.special.softmax, Tensor.softmax, F.softmax}


def _softmax_weights(weights: Tensor, input: Tensor, dim: int | None = None, *_: Any, **__: Any) -> Weights:
    axis = -1 if dim is None else dim
    return Weights(weights.movedim(axis, -1), (input > _MASKED_SCORE).movedim(axis, -1))


def _fused_weights(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    **_: Any,
) -> Weights:
    """The weights of an SDPA call: its output for a value that is the identity. Without scores, all visible."""
    identity = torch.eye(key.shape[-2], dtype=key.dtype, device=key.device).expand(*key.shape[:-1], -1)
    weights = exact_attention(query, key, identity, attn_mask, 0.0, is_causal, scale)
    flat = exact_attention(torch.zeros_like(query), key, identity, attn_mask, 0.0, is_causal, scale)
    return Weights(weights, flat > 0)


def _sites(attention: Attention, inputs: Inputs) -> tuple[Weights, ...]:
    sites = attention_weights(attention, *inputs)
    if not sites:
        raise LookupError("no softmax and no scaled_dot_product_attention was called")
    return sites


Statistic = Callable[[Tensor, Tensor], float]


def _against_reference(
    statistic: Statistic, compare: Callable[[float, float], float]
) -> Callable[[Attention, Inputs], float]:
    """The largest ``compare(measured, reference)`` over the softmaxes that a call makes."""

    def measure(attention: Attention, inputs: Inputs) -> float:
        return max(
            compare(statistic(site.weights, site.visible), _reference(statistic, site))
            for site in _sites(attention, inputs)
        )

    return measure


def _entropy(weights: Tensor, visible: Tensor) -> float:
    """Mean entropy, in nats, of the rows that see more than one key."""
    return float(torch.special.entr(weights.double()).sum(-1)[visible.sum(-1) > 1].mean())


def _slope(weights: Tensor, visible: Tensor) -> float:
    """Mean p(1 − p) over the visible keys of the rows that see more than one key."""
    exact = weights.double()
    return (exact * (1 - exact))[visible & (visible.sum(-1, keepdim=True) > 1)].mean().item()


def _reference(statistic: Statistic, site: Weights) -> float:
    """The statistic of the softmax of standard normal scores that see the same keys."""
    generator = torch.Generator().manual_seed(_SEED)
    visible = site.visible.cpu()
    scores = torch.randn(_REFERENCE_DRAWS, *visible.shape, generator=generator)
    weights = scores.masked_fill(~visible, torch.finfo(scores.dtype).min).softmax(dim=-1)
    return statistic(weights, visible.expand_as(weights))


# Calling and comparing


@contextmanager
def _evaluating(attention: Attention) -> Iterator[None]:
    """Gradients off and, for a module, eval mode; both are restored."""
    modules = list(attention.modules()) if isinstance(attention, nn.Module) else []
    modes = [module.training for module in modules]
    if isinstance(attention, nn.Module):
        attention.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode


def _output(attention: Attention, inputs: Inputs) -> Tensor:
    result = attention(*inputs)
    output = result[0] if isinstance(result, (tuple, list)) else result
    if not isinstance(output, Tensor):
        raise TypeError(f"the attention returned {type(output).__name__}, not a tensor")
    return output


def _distance(left: Tensor, right: Tensor) -> float:
    """The largest absolute difference, in float64; not a number where either holds one."""
    if left.shape != right.shape:
        raise ValueError(f"outputs of shapes {tuple(left.shape)} and {tuple(right.shape)} cannot be compared")
    return (left.double() - right.double()).abs().max().item() if left.numel() else 0.0


def _is_floating(candidate: Any) -> bool:
    return isinstance(candidate, Tensor) and candidate.is_floating_point()


def _replace(inputs: Inputs, positions: Sequence[int], change: Callable[[Tensor], Tensor]) -> Inputs:
    """``inputs`` with ``change`` applied to the tensors at ``positions``."""
    return tuple(
        change(given) if index in positions and isinstance(given, Tensor) else given
        for index, given in enumerate(inputs)
    )


def _change(inputs: Inputs, positions: Sequence[int], where: Callable[[Tensor], Tensor]) -> Inputs:
    """Other tokens in ``inputs`` where the bool mask that ``where`` gives is true."""
    return _replace(inputs, positions, lambda tensor: torch.where(where(tensor), _other(tensor), tensor))


def _other(tensor: Tensor) -> Tensor:
    """Values as large as the tensor's own, none of them the same; for token ids, other ids that occur."""
    if tensor.is_floating_point():
        noise = torch.randn(tensor.shape, generator=torch.Generator().manual_seed(_SEED))
        size = tensor.double().square().mean().sqrt().item() or 1.0
        return tensor + 2 * size * noise.to(tensor)
    low, high = tensor.min(), tensor.max()
    return low + (tensor - low + 1) % (high - low + 1)


def _at(tensor: Tensor, axis: int, index: int) -> Tensor:
    """A bool mask of ``tensor``'s shape, true at ``index`` of ``axis``."""
    marked = torch.zeros_like(tensor, dtype=torch.bool)
    marked.select(axis, index).fill_(True)
    return marked


def _without(tensor: Tensor, axis: int, index: int) -> Tensor:
    """``tensor`` without its first (0) or last (−1) slice along ``axis``."""
    return tensor.narrow(axis, int(index == 0), tensor.shape[axis] - 1)


def _per_token(marked: Tensor, tensor: Tensor, axis: int) -> Tensor:
    """``marked`` (B, T) spread to the shape of ``tensor``: batch on axis 0, T on ``axis``."""
    shape = [1] * tensor.dim()
    shape[0], shape[axis] = marked.shape
    return marked.view(shape).expand_as(tensor)


def _sample(inputs: Inputs, index: int) -> Inputs:
    return _replace(inputs, range(len(inputs)), lambda tensor: tensor[index : index + 1])
