"""Masks as they are made: full tensors, triangles, comparisons."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from attnlint.graph.domains import Ask
from attnlint.graph.dtypes import FLOATS
from attnlint.graph.masks.fact import VERY_NEGATIVE, MaskFact, Triangle
from attnlint.graph.masks.numbers import number
from attnlint.graph.masks.padding import tokens_named
from attnlint.graph.masks.registry import MASKS
from attnlint.graph.values import (
    Add,
    Arange,
    Compare,
    Constant,
    Full,
    Index,
    Learned,
    Subtract,
    Tri,
    Unsqueeze,
    Value,
    View,
    literal,
)


@MASKS.of(Full)
def _full(value: Full, ask: Ask) -> MaskFact | None:
    fill, dtype = number(value.fill, ask), ask.dtype(value)
    if fill == 1:
        like = ask.mask(value.like) if value.like is not None and value.dtype is None else None
        is_bool = dtype == "bool" or (like is not None and like.representation == "bool")
        return MaskFact("bool" if is_bool else "binary", everywhere=True)
    if fill is not None and fill <= VERY_NEGATIVE and (dtype is None or dtype in FLOATS):
        return MaskFact("additive", everywhere=True)
    return None


@MASKS.of(Tri)
def _tri(value: Tri, ask: Ask) -> MaskFact | None:
    source, diagonal = ask.mask(value.x), number(value.diagonal, ask)
    if source is None:
        return None
    if diagonal is None:
        triangle = Triangle(value.upper, None)
        within = (triangle, *source.outer)
        return MaskFact(source.representation, within=within, covers=(triangle,) if source.everywhere else ())
    return source.both(MaskFact(source.representation, Triangle(value.upper, int(diagonal))))


@MASKS.of(Learned)
def _learned(value: Learned, ask: Ask) -> MaskFact | None:
    return ask.mask(value.initial)


@MASKS.of(Compare)
def _compare(value: Compare, ask: Ask) -> MaskFact | None:
    named = tokens_named(value, ask)
    if named is not None:
        return MaskFact("bool", within=(named,), covers=(named,))
    if not _is_tensor(value.left, ask) and not _is_tensor(value.right, ask):
        return None
    region = _arange_region(value, ask)
    if region is not None:
        return MaskFact("bool", region)
    source, constant = ask.mask(value.left), number(value.right, ask)
    if source is None or not source.has_region or constant is None:
        return MaskFact("bool")
    inside = -math.inf if source.representation == "additive" else 1.0
    test = comparison(value.operator, constant)
    if test is None or test(inside) == test(0.0):
        return MaskFact("bool")
    return replace(source if test(inside) else source.complement(), representation="bool")


def comparison(operator: str, bound: float) -> Callable[[float], bool] | None:
    """A comparison with a number as a function."""
    tests: dict[str, Callable[[float], bool]] = {
        "==": lambda x: x == bound, "<": lambda x: x < bound, "<=": lambda x: x <= bound,
        ">": lambda x: x > bound, ">=": lambda x: x >= bound,
    }  # fmt: skip
    return tests.get(operator)


def _is_tensor(value: Value, ask: Ask) -> bool:
    return ask.shape(value) is not None or ask.mask(value) is not None


def _arange_region(value: Compare, ask: Ask) -> Triangle | None:
    """``arange(T)[:, None] >= arange(T)[None, :]`` and its kin, with a number added on either side."""
    (left, up), (right, down) = _shifted(value.left, ask), _shifted(value.right, ask)
    rows, columns = _position(left, ask), _position(right, ask)
    if rows is None or columns is None or rows == columns:
        return None
    lower = {"<": (True, 1), "<=": (True, 0), ">": (False, -1), ">=": (False, 0)}.get(value.operator)
    if lower is None:
        return None
    upper, diagonal = lower
    shift = int(up - down)
    return Triangle(upper, diagonal + shift) if rows == "row" else Triangle(not upper, -diagonal - shift)


def _shifted(value: Value, ask: Ask) -> tuple[Value, float]:
    """``positions + 1`` as the positions and the number."""
    resolved = ask.resolve(value)
    if isinstance(resolved, (Add, Subtract)):
        known = number(resolved.right, ask)
        if known is not None and math.isfinite(known):
            return resolved.left, known if isinstance(resolved, Add) else -known
    return value, 0


def _position(value: Value, ask: Ask) -> str | None:
    match ask.resolve(value):
        case Unsqueeze(x=x, axis=axis) if _counts(x, ask):
            return {0: "column", -2: "column", 1: "row", -1: "row"}.get(int(number(axis, ask) or 0))
        case Index(x=x, keys=(only,)) if _counts(x, ask) and literal(only) is None:
            return "column"
        case Index(x=x, keys=keys) if _counts(x, ask) and len(keys) == 2:
            none = [isinstance(k, Constant) and k.value is None for k in keys]
            return "column" if none == [True, False] else "row" if none == [False, True] else None
        case View(x=x, sizes=sizes) if _counts(x, ask) and len(sizes) == 2:
            ones = [number(s, ask) == 1 for s in sizes]
            return "column" if ones == [True, False] else "row" if ones == [False, True] else None
        case Arange(length=length) if length is not None:
            return "column"
    return None


def _counts(value: Value, ask: Ask) -> bool:
    """``arange(n)``: 0, 1, 2 …"""
    resolved = ask.resolve(value)
    return isinstance(resolved, Arange) and resolved.length is not None
