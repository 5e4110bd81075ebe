"""Strings that say what a call computes: einsum equations and einops patterns."""

from __future__ import annotations

from typing import TypeAlias

Axes: TypeAlias = tuple[str, ...]
"""Letters of one operand, in order; ``...`` stands for any number of axes."""


MERGED = "(...)"
"""The letter for any number of axes that are merged into one."""


def parse_einsum(equation: str, einops: bool) -> tuple[tuple[Axes, ...], Axes] | None:
    """Operands' axes and the result's. ``einops``: axes are words (``b h i d, b h j d -> b h i j``).

    None where the result is left implicit or the equation is malformed.
    """
    left, arrow, right = equation.partition("->")
    if not arrow:
        return None
    split = _words if einops else _letters
    operands = [split(part) for part in left.split(",")]
    result = split(right)
    if result is None or any(operand is None for operand in operands):
        return None
    return tuple(operand for operand in operands if operand is not None), result


def _letters(text: str) -> Axes | None:
    axes: list[str] = []
    rest = "".join(text.split())
    while rest:
        if rest.startswith("..."):
            axes.append("...")
            rest = rest[3:]
        elif rest[0].isalpha():
            axes.append(rest[0])
            rest = rest[1:]
        else:
            return None
    return tuple(axes)


def _words(text: str) -> Axes | None:
    words = text.split()
    return tuple(words) if all(w == "..." or w.isidentifier() for w in words) else None


def parse_pattern(pattern: str) -> tuple[tuple[Axes, ...], tuple[Axes, ...]] | None:
    """Both sides of an einops pattern: each axis is the tuple of the letters it is made of.

    ``b n (h d) -> b h n d`` gives ``((b,), (n,), (h, d))`` and ``((b,), (h,), (n,), (d,))``; ``1`` and ``()`` are
    empty tuples, ``...`` is ``("...",)``, merged ``(`MERGED`,)``. None where the pattern is malformed.
    """
    left, arrow, right = pattern.partition("->")
    sides = _side(left), _side(right)
    if not arrow or sides[0] is None or sides[1] is None:
        return None
    return sides[0], sides[1]


def _side(text: str) -> tuple[Axes, ...] | None:
    axes: list[Axes] = []
    group: list[str] | None = None
    for word in text.replace("(", " ( ").replace(")", " ) ").replace("…", "...").split():
        if word == "(":
            if group is not None:
                return None
            group = []
        elif word == ")":
            if group is None:
                return None
            axes.append(tuple(group))
            group = None
        elif group is not None:
            group.extend([] if word == "1" else [MERGED if word == "..." else word])
        else:
            axes.append(() if word == "1" else (word,))
    return None if group is not None else tuple(axes)
