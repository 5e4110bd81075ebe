"""Questions that several mask rules ask about a path."""

from __future__ import annotations

from attnlint.attention.site import AttentionPath, MaskUse
from attnlint.attention.trail import LAYOUT, PARTS, softmaxes_behind
from attnlint.graph.masks import VERY_NEGATIVE, number
from attnlint.graph.values import (
    Arange,
    Attribute,
    Cast,
    Compare,
    Constant,
    Convolution,
    Embedding,
    Expand,
    Index,
    Linear,
    MaskedFill,
    Multiply,
    Not,
    Parameter,
    Product,
    Slicing,
    Softmax,
    Unsqueeze,
    Value,
    Where,
    literal,
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


def adds_nothing_hidden(path: AttentionPath) -> bool:
    """Whether no mask was applied to the scores: what is added to them, if anything, is computed by layers."""
    return all(
        use.how == "add" and use.mask is not None and _is_computed(use.mask, path) and path.facts.mask(use.mask) is None
        for use in path.masks
    )


def is_of_keys(mask: Value, path: AttentionPath) -> bool:
    """Whether a mask certainly names keys: a triangle, or a comparison of tokens or positions that varies over the
    last axis. One that is made of random numbers, of scores or of what is not understood is not known to."""
    fact = path.facts.mask(mask)
    if fact is not None and (fact.everywhere or fact.region is not None):
        return fact.region is not None
    return _compares_tokens(mask, path) and _varies_over_keys(mask, path)


def _compares_tokens(mask: Value, path: AttentionPath) -> bool:
    value = path.facts.resolve(mask)
    while isinstance(value, (*LAYOUT, *PARTS, Not)):
        value = path.facts.resolve(next(value.operands()))
    if not isinstance(value, Compare):
        return False
    leaves = []
    for side in (value.left, value.right):
        leaf = path.facts.resolve(side)
        while isinstance(leaf, (*LAYOUT, *PARTS)):
            leaf = path.facts.resolve(next(leaf.operands()))
        leaves.append(leaf)
    given = [leaf for leaf in leaves if isinstance(leaf, (Parameter, Arange))]
    return bool(given) and all(isinstance(leaf, (Parameter, Arange, Attribute, Constant)) for leaf in leaves)


def _varies_over_keys(mask: Value, path: AttentionPath) -> bool:
    value = path.facts.resolve(mask)
    match value:
        case Index(keys=keys):
            return isinstance(keys[-1], Slicing)
        case Unsqueeze(axis=axis):
            return literal(axis) in (1, -2, -3)
        case Not(x=x) | Cast(x=x) | Expand(x=x):
            return _varies_over_keys(x, path)
        case Compare(left=left, right=right):
            return _varies_over_keys(left, path) or _varies_over_keys(right, path)
        case Arange():
            return True
    return False
