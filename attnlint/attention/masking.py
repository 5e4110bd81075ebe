"""Questions that several mask rules ask about a path."""

from __future__ import annotations

import math

from attnlint.attention.site import AttentionPath, MaskUse
from attnlint.attention.trail import LAYOUT, PARTS, softmaxes_behind
from attnlint.graph.facts import Facts
from attnlint.graph.masks import VERY_NEGATIVE, number
from attnlint.graph.values import (
    Attribute,
    Convolution,
    Embedding,
    Full,
    Linear,
    MaskedFill,
    Multiply,
    Product,
    Softmax,
    Tri,
    Value,
    Where,
)


def scores_are_raw(path: AttentionPath) -> bool:
    """Whether softmax is certainly taken of scores that no softmax made: a product or a projection."""
    source = path.scores_from
    if not isinstance(source, (Product, Linear, Convolution)):
        return False
    return not isinstance(source, Product) or not _weighted(source)


def _weighted(product: Product) -> bool:
    seen: dict[int, frozenset[Softmax]] = {}
    return any(softmaxes_behind(side, seen) for side in (product.left, product.right))


def hides_elsewhere(path: AttentionPath, index: int) -> bool:
    """Whether another step on the way hides positions: a mask that is added, or a fill near −inf."""
    return any(_hides(use, path) for place, use in enumerate(path.masks) if place != index)


def _hides(use: MaskUse, path: AttentionPath) -> bool:
    if use.how == "add":
        return use.mask is None or not _is_computed(use.mask, path)
    fill = number(use.fill, path.facts) if use.fill is not None else None
    return use.how == "fill" and fill is not None and fill <= VERY_NEGATIVE


def _is_computed(term: Value, path: AttentionPath) -> bool:
    """Whether an added term is computed by layers, so that it is a bias and hides nothing."""
    value = path.facts.resolve(term)
    while isinstance(value, (*LAYOUT, *PARTS)):
        value = path.facts.resolve(next(value.operands()))
    return isinstance(value, (Linear, Embedding, Convolution))


def is_renormalised(path: AttentionPath) -> bool:
    """Whether the weights are masked again after softmax, as AllenNLP's masked softmax does."""
    seen: dict[int, frozenset[Softmax]] = {}
    for value in path.graph.values:
        match value:
            case Multiply(left=left, right=right) | Where(then=left, otherwise=right):
                operands = [left, right]
            case MaskedFill(x=x):
                operands = [x]
            case _:
                continue
        if any(path.anchor in softmaxes_behind(operand, seen) for operand in operands):
            return True
    return False


def is_of_infinities(mask: Value, facts: Facts) -> bool:
    """Whether a mask certainly holds 0 and −inf, and nothing between."""
    value = facts.resolve(mask)
    while isinstance(value, (*LAYOUT, *PARTS, Tri)):
        value = facts.resolve(next(value.operands()))
    match value:
        case Full(fill=fill):
            numbers = [fill]
        case MaskedFill(x=x, fill=fill):
            base = facts.resolve(x)
            numbers = [fill, base.fill] if isinstance(base, Full) else []
        case Where(then=then, otherwise=otherwise):
            numbers = [then, otherwise]
        case _:
            return False
    return bool(numbers) and all(number(n, facts) in (0, -math.inf) and not _is_finfo(n, facts) for n in numbers)


def _is_finfo(value: Value, facts: Facts) -> bool:
    """``finfo(…).min`` counts as −∞ elsewhere; a cast tells the two apart."""
    return isinstance(facts.resolve(value), Attribute)
