"""ATN210 half-overflow-fill."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from attnlint.attention import AttentionPath, MaskUse
from attnlint.attention.importing import Spelled, spelled
from attnlint.attention.spelling import argument, filler, rewritten, written
from attnlint.attention.transparent import LAYOUT, PARTS
from attnlint.diagnostics import Severity, Tier
from attnlint.graph.dtypes import HALVES, named
from attnlint.graph.facts import Facts
from attnlint.graph.masks import number
from attnlint.graph.values import (
    Add,
    Attribute,
    Cast,
    Full,
    MaskedFill,
    Multiply,
    Negate,
    Origin,
    Pure,
    Subtract,
    Tri,
    Value,
    Where,
)
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.triggers import SITE

_LARGEST = {
    "float16": 65504.0, "bfloat16": 3.3895313892515355e38, "float32": 3.4028234663852886e38,
    "float64": 1.7976931348623157e308,
}  # fmt: skip
_STEPS = 32


@dataclass(frozen=True)
class _Overflow:
    """A number put into a tensor of a half type that cannot hold it."""

    at: Value
    """The operation that puts it there."""
    fill: Value
    number: float
    dtype: str
    raises: bool
    like: Value | None = None
    """A tensor of that type which the operation is given."""


class HalfOverflowFill(Rule):
    """Masked scores are filled with a number that half precision cannot hold.

    **What it finds.** −1e9, −1e10 or ``torch.finfo(torch.float32).min`` filled into scores, or into a mask, that a cast
    or a ``dtype=`` proves to be float16; into bfloat16, which reaches almost as far as float32, only
    ``finfo(float32).min``.

    **Why it hurts.** The largest float16 number is 65504. ``masked_fill``, ``full`` and ``fill_`` raise "value cannot
    be converted without overflow"; ``where``, item assignment, a product and a cast give −inf instead (a warning), and
    a row that is masked as a whole becomes NaN.

    **Silent when** the dtype is not known from the code, the mask is of float32 (the sum is promoted), the number fits,
    or the −inf stands in a causal mask, which leaves something in every row. CPU autocast is bfloat16.

    **Mend.** ``torch.finfo(scores.dtype).min``: safe for ``masked_fill``, which always raises; ``full`` and ``fill_``
    let tensors of one element through, as −inf.
    """

    code = "ATN210"
    name = "half-overflow-fill"
    tiers = frozenset({Tier.SAFE, Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE
    references = ("https://docs.pytorch.org/docs/stable/type_info.html#torch.torch.finfo",)

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report numbers that overflow on the way to softmax."""
        for use in path.masks:
            for found in _overflows(use, path.facts):
                origin = found.at.origin
                if origin is None or (not found.raises and _is_causal(use, path.facts)):
                    continue
                effect = "raises" if found.raises else "gives -inf, and NaN in every row that is masked as a whole"
                yield Finding(
                    filler(origin, found.fill) or origin,
                    f"{found.number:g} is put into {_tensor(found)}, which is {found.dtype} and ends at "
                    f"{-_LARGEST[found.dtype]:g}: this {effect}; fill with torch.finfo(…).min of its own dtype",
                    related=tuple(_evidence(found, path)),
                    mend=_mend(found, origin, path),
                    severity=None if found.raises else Severity.WARNING,
                )


def _overflows(use: MaskUse, facts: Facts) -> Iterator[_Overflow]:
    """What overflows in a mask or where it is applied."""
    waiting: list[tuple[Value, str | None]] = []
    if use.how == "fill":
        yield from _one(use.at, None, facts)
        if isinstance(use.at, Where):
            yield from _one(facts.resolve(use.at.then), None, facts)
            yield from _one(facts.resolve(use.at.otherwise), None, facts)
    elif use.mask is not None:
        waiting.append((use.mask, None))
    for _ in range(_STEPS):
        if not waiting:
            return
        value, cast = waiting.pop()
        value = facts.resolve(value)
        yield from _one(value, cast, facts)
        if isinstance(value, Cast):
            waiting.append((value.x, _half(named(value.dtype, facts)) or cast))
        elif isinstance(value, (*LAYOUT, *PARTS, Tri, MaskedFill)):
            waiting.append((next(value.operands()), cast))
        elif isinstance(value, Where):
            waiting += [(value.then, cast), (value.otherwise, cast)]
        elif isinstance(value, (Add, Subtract, Multiply)):
            waiting += [(value.left, cast), (value.right, cast)]


def _half(dtype: str | None) -> str | None:
    return dtype if dtype in HALVES else None


def _one(value: Value, cast: str | None, facts: Facts) -> Iterator[_Overflow]:
    """The overflow of one operation. ``cast``: the half type that what it makes is cast to later."""
    match value:
        case MaskedFill(x=x, fill=fill):
            by_call = value.origin is not None and isinstance(value.origin.node, cst.Call)
            candidates = [(fill, x, by_call)]
        case Where(then=then, otherwise=otherwise):
            candidates = [(then, otherwise, False), (otherwise, then, False)]
        case Multiply(left=left, right=right):
            candidates = [(left, right, False), (right, left, False)]
        case Full(fill=fill, like=like):
            shape = facts.shape(value)
            total = shape.total() if shape is not None else None
            candidates = [(fill, like or value, total is None or not total.is_one)]
        case _:
            return
    for fill, tensor, raises in candidates:
        known = _number(fill, facts)
        own = _half(facts.dtype(tensor if not isinstance(value, Full) else value))
        dtype = own or cast
        if known is not None and dtype is not None and -math.inf < known < -_LARGEST[dtype]:
            yield _Overflow(value, fill, known, dtype, raises and own is not None, None if tensor is value else tensor)


def _number(value: Value, facts: Facts) -> float | None:
    """The number that is filled in, ``finfo(dtype).min`` of a known dtype as what it is."""
    match facts.resolve(value):
        case Negate(x=x):
            inner = _number(x, facts)
            return None if inner is None else -inner
        case Attribute(base=base, member="min" | "max" as end):
            limits = facts.resolve(base)
            if not isinstance(limits, Pure) or limits.function != "finfo" or not limits.inputs:
                return None
            largest = _LARGEST.get(named(limits.inputs[0], facts) or "")
            return None if largest is None else largest if end == "max" else -largest
    return number(value, facts)


def _is_causal(use: MaskUse, facts: Facts) -> bool:
    """Whether a mask is triangular, so that every row keeps something."""
    fact = facts.mask(use.mask) if use.mask is not None else None
    return fact is not None and fact.region is not None


def _tensor(found: _Overflow) -> str:
    return found.like.text if found.like is not None else found.at.text


def _evidence(found: _Overflow, path: AttentionPath) -> Iterator[tuple[Origin, str]]:
    """Where the dtype comes from, by the first operands, else the softmax."""
    value, steps = found.like if found.like is not None else found.at, 0
    while steps < _STEPS and not isinstance(value, Cast):
        operand = next(path.facts.resolve(value).operands(), None)
        if operand is None:
            break
        value, steps = path.facts.resolve(operand), steps + 1
    if isinstance(value, Cast) and value.origin is not None:
        yield value.origin, f"the dtype is {found.dtype} from here"
    elif path.anchor.origin is not None:
        yield path.anchor.origin, "the weights are made here"


def _mend(found: _Overflow, origin: Origin, path: AttentionPath) -> Mend | None:
    torch, at = spelled("torch.finfo", path.graph), filler(origin, found.fill)
    if torch is None or at is None or isinstance(found.at, Multiply):
        return None
    tier = Tier.SAFE if found.raises and isinstance(found.at, MaskedFill) else Tier.UNSAFE
    dtype = argument(origin, None, "dtype") if isinstance(found.at, Full) else None
    if dtype is not None:
        return _filled(rewritten(at, f"{torch.text}({{0}}).min", dtype), torch, tier)
    tensor = written(origin, found.like) if found.like is not None else None
    if tensor is None or not isinstance(tensor.node, (cst.Name, cst.Attribute)):
        return None
    return _filled(rewritten(at, f"{torch.text}({{0}}.dtype).min", tensor), torch, tier)


def _filled(edit: Replacement, torch: Spelled, tier: Tier) -> Mend:
    return Mend("Fill with the smallest number of the dtype", tier, (edit, *torch.imports))
