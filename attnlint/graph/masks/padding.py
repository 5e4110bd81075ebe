"""Which comparisons tell real tokens from padding: ``tokens == pad`` and ``arange(T) < lengths[:, None]``."""

from __future__ import annotations

from attnlint.graph.domains import Ask
from attnlint.graph.masks.fact import Tokens
from attnlint.graph.masks.numbers import number
from attnlint.graph.values import (
    Arange,
    Attribute,
    Cast,
    Compare,
    Constant,
    Expand,
    Index,
    Parameter,
    Reduce,
    Repeat,
    Slicing,
    Unsqueeze,
    Value,
    View,
    literal,
)

_BEFORE = {"<": True, "<=": True, ">": False, ">=": False}
"""Whether an operator holds for the smaller left side."""


def tokens_named(value: Compare, ask: Ask) -> Tokens | None:
    """The positions at which a comparison holds, where they are all real tokens or all padding."""
    if value.operator == "==":
        return Tokens(real=False) if _is_one_token(value.left, value.right, ask) else None
    before = _BEFORE.get(value.operator)
    if before is None:
        return None
    if _is_positions(value.left, ask) and _is_length_per_sample(value.right, ask):
        return Tokens(real=before)
    if _is_positions(value.right, ask) and _is_length_per_sample(value.left, ask):
        return Tokens(real=not before)
    return None


def _is_one_token(left: Value, right: Value, ask: Ask) -> bool:
    """Whether token ids, which an embedding is read with, are compared with one number: one token is special, and
    special ones are hidden, not all the others."""
    for tokens, token in ((left, right), (right, left)):
        held = ask.resolve(token)
        is_number = number(token, ask) is not None or isinstance(held, (Parameter, Attribute))
        if is_number and ask.shape(token) is None and ask.observed_index(tokens):
            return True
    return False


def _is_positions(value: Value, ask: Ask) -> bool:
    """``arange(T)``, with axes of extent one and copies in front of it."""
    while True:
        match ask.resolve(value):
            case Arange(length=length):
                return length is not None
            case Cast(x=x) | Expand(x=x):
                value = x
            case Unsqueeze(x=x, axis=axis) if number(axis, ask) == 0:
                value = x
            case View(x=x, sizes=sizes) if sizes and number(sizes[-1], ask) != 1:
                value = x
            case Repeat(x=x, times=times) if len(times) == 2 and number(times[-1], ask) == 1:
                value = x
            case Index(x=x, keys=keys) if _leads(keys):
                value = x
            case _:
                return False


def _leads(keys: tuple[Value, ...]) -> bool:
    """``[None]``, ``[None, :]``, ``[None, None, :]``."""
    names = [literal(key) is None and isinstance(key, Constant) for key in keys]
    last = keys[-1]
    return all(names) or (all(names[:-1]) and isinstance(last, Slicing) and _is_all(last))


def _is_all(key: Slicing) -> bool:
    return all(literal(bound) is None for bound in (key.lower, key.upper, key.step))


def _is_length_per_sample(value: Value, ask: Ask) -> bool:
    """A tensor of one number a sample, with a last axis of extent one: ``lengths[:, None]``. A difference may well be
    a number of pads in front."""
    is_column = False
    while True:
        match ask.resolve(value):
            case Cast(x=x) | Expand(x=x):
                value = x
            case Unsqueeze(x=x, axis=axis) if number(axis, ask) in (1, -1, 2, 3):
                value, is_column = x, True
            case View(x=x, sizes=sizes) if len(sizes) > 1 and number(sizes[-1], ask) == 1:
                value, is_column = x, True
            case Index(x=x, keys=keys) if isinstance(keys[-1], Constant) and keys[-1].value is None and len(keys) > 1:
                value, is_column = x, True
            case Parameter() | Attribute():
                return is_column
            case Reduce(function="sum", axis=axis) if literal(axis) is not None:
                return is_column
            case _:
                return False
