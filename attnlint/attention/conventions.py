"""Which way round a site reads its mask: what happens where the tensor that the mask is made of is true.

One table says what each kind of sink does with a mask of bools and with one of floats (`bool_convention`); `reading`
follows a mask back through ``~``, ``== 0``, ``1 -``, casts and changes of layout to the tensor that it is made of, and
says what the site does where that tensor is true (or not zero).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from attnlint.attention.site import AttentionPath, MaskUse
from attnlint.attention.transparent import LAYOUT, PARTS, beneath
from attnlint.graph.facts import Facts
from attnlint.graph.masks import VERY_NEGATIVE, number
from attnlint.graph.ops import FUNCTIONS
from attnlint.graph.values import (
    Cast,
    Compare,
    Constant,
    External,
    Flash,
    Full,
    MaskedFill,
    MultiHead,
    Multiply,
    Negate,
    Not,
    Sdpa,
    Subtract,
    Value,
    key,
)
from attnlint.graph.values import (
    Where as WhereValue,
)

Polarity: TypeAlias = Literal["keeps", "drops"]


@dataclass(frozen=True)
class Reading:
    """How a site reads the tensor that its mask is made of."""

    source: Value
    """The tensor itself, with inversions, casts and changes of layout undone."""
    polarity: Polarity
    """What the site does with positions where ``source`` is true, or not zero."""
    needs_bool: bool = False
    """Whether that holds for a bool source alone: a float one would be added to the scores."""
    proves_bool: bool = False
    """Whether the site would raise for a source that is not bool."""

    def contradicts(self, other: Reading) -> bool:
        """Whether two sites certainly read the same tensor the opposite way round."""
        if key(self.source) != key(other.source) or self.polarity == other.polarity:
            return False
        return not (self.needs_bool and not other.proves_bool) and not (other.needs_bool and not self.proves_bool)


def opposite(polarity: Polarity) -> Polarity:
    """The other way round."""
    return "drops" if polarity == "keeps" else "keeps"


def bool_convention(use: MaskUse, facts: Facts) -> Polarity | None:
    """What a sink does with positions where a mask of bools is True; None for a sink that takes no bools."""
    if use.how == "fill":
        return ("keeps" if use.inverted else "drops") if is_hidden(use, facts) else None
    if use.how == "argument" and isinstance(use.at, Sdpa):
        return "keeps"
    if use.how == "argument" and isinstance(use.at, MultiHead):
        return "drops"
    return None


def adds_floats(use: MaskUse) -> bool:
    """Whether a sink adds a mask of floats to the scores."""
    return use.how == "add" or (use.how == "argument" and isinstance(use.at, (Sdpa, MultiHead, Flash)))


def is_hidden(use: MaskUse, facts: Facts) -> bool:
    """Whether a fill is meant to hide: a very negative number, or one that lost its value (``-np.abs``)."""
    if use.fill is None:
        return False
    known = number(use.fill, facts)
    if known is not None:
        return (-known if use.negated else known) <= VERY_NEGATIVE
    value = facts.resolve(use.fill)
    function = facts.resolve(value.x) if isinstance(value, Negate) else None
    return isinstance(function, External) and function.path in FUNCTIONS and not use.negated


def polarity(use: MaskUse, path: AttentionPath) -> Polarity | None:
    """What a site does with positions where the tensor behind its mask is true (or not zero).

    ``keeps`` for ``masked_fill(mask == 0, -inf)`` and for a bool mask given to SDPA, ``drops`` for
    ``masked_fill(mask, -inf)``, for a mask that is added and for one given to ``nn.MultiheadAttention``. None where it
    is not known, as for an SDPA mask that may be bool or float. Two uses are of one tensor where the keys of their
    `reading`'s sources are equal; `Reading.contradicts` compares them, and knows what one arm proves about the other.
    """
    known = reading(use, path)
    return None if known is None or known.needs_bool else known.polarity


def reading(use: MaskUse, path: AttentionPath) -> Reading | None:
    """How a site reads the tensor behind a mask, None where it is not known. See `polarity`."""
    return reading_in(use, path.facts)


def reading_in(use: MaskUse, facts: Facts) -> Reading | None:
    """The same in one world."""
    if use.mask is None:
        return None
    value = facts.resolve(use.mask)
    if isinstance(value, Constant) or facts.world.known(("none", key(value), None)):
        return None
    if use.how == "fill":
        convention = bool_convention(use, facts)
        return None if convention is None else _behind(Reading(value, convention, proves_bool=True), facts)
    if not adds_floats(use):
        return None
    added = _additive(value, facts)
    if added is not None:
        return _behind(added, facts)
    convention = bool_convention(use, facts)
    if convention is None or convention == "drops":
        return _behind(Reading(value, "drops"), facts)
    return _behind(Reading(value, convention, needs_bool=facts.dtype(value) != "bool"), facts)


def _additive(value: Value, facts: Facts) -> Reading | None:
    """``zeros.masked_fill(m, -inf)``, ``where(m, 0, -inf)``, ``(1 - m) * -1e9``: what they are made of."""
    value = beneath(value, facts)
    match value:
        case MaskedFill(x=x, mask=mask, fill=fill):
            base = facts.resolve(x)
            is_zero = isinstance(base, Full) and number(base.fill, facts) == 0
            return Reading(mask, "drops", proves_bool=True) if is_zero and _is_low(fill, facts) else None
        case WhereValue(condition=condition, then=then, otherwise=otherwise):
            if number(then, facts) == 0 and _is_low(otherwise, facts):
                return Reading(condition, "keeps", proves_bool=True)
            if number(otherwise, facts) == 0 and _is_low(then, facts):
                return Reading(condition, "drops", proves_bool=True)
        case Multiply(left=left, right=right):
            for mask, factor in ((left, right), (right, left)):
                if _is_low(factor, facts):
                    return Reading(mask, "drops")
                difference, known = facts.resolve(mask), number(factor, facts)
                is_high = known is not None and known >= -VERY_NEGATIVE
                if is_high and isinstance(difference, Subtract) and number(difference.right, facts) == 1:
                    return Reading(difference.left, "keeps")
    return None


def _is_low(value: Value, facts: Facts) -> bool:
    resolved = facts.resolve(value)
    known = number(resolved.fill if isinstance(resolved, Full) else resolved, facts)
    return known is not None and known <= VERY_NEGATIVE


def _behind(start: Reading, facts: Facts) -> Reading:
    """The same reading of what the mask is made of."""
    known = replace(start, source=facts.resolve(start.source))
    while True:
        step = _step(known, facts)
        if step is None:
            return known
        known = replace(step, source=facts.resolve(step.source))


def _step(known: Reading, facts: Facts) -> Reading | None:
    value = known.source
    match value:
        case Not(x=x):
            return Reading(x, opposite(known.polarity), proves_bool=True)
        case Compare(left=left):
            turned = _turned(value, facts)
            return None if turned is None else Reading(left, opposite(known.polarity) if turned else known.polarity)
        case Subtract(left=left, right=right) if number(left, facts) == 1:
            return Reading(right, opposite(known.polarity))
        case Cast(x=x, dtype=dtype) if dtype is not None:
            return _before_cast(known, x, value, facts)
    if isinstance(value, (*LAYOUT, *PARTS)):
        return replace(known, source=next(value.operands()))
    return None


def _before_cast(known: Reading, x: Value, cast: Cast, facts: Facts) -> Reading | None:
    """``.bool()`` says the same of what is not zero; whatever else needs a mask of bools would get no bools."""
    if facts.dtype(cast) == "bool" and facts.dtype(x) != "bool":
        return Reading(x, known.polarity)
    return None if known.needs_bool else replace(known, source=x, proves_bool=False)


def _turned(test: Compare, facts: Facts) -> bool | None:
    """Whether a comparison is true of 0 and false of 1, or the other way round; None where it does not tell them
    apart."""
    bound = number(test.right, facts)
    if bound is None or math.isinf(bound):
        return None
    tests = {"==": lambda x: x == bound, "<": lambda x: x < bound, "<=": lambda x: x <= bound,
             ">": lambda x: x > bound, ">=": lambda x: x >= bound}  # fmt: skip
    holds = tests.get(test.operator)
    if holds is None or holds(0) == holds(1):
        return None
    return bool(holds(0))
