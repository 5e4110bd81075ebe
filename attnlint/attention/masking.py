"""Questions that several mask rules ask about a path."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import replace

from attnlint.attention.conventions import adds_floats, bool_convention
from attnlint.attention.site import AttentionPath, MaskUse
from attnlint.attention.trail import softmaxes_behind
from attnlint.attention.transparent import LAYOUT, PARTS, beneath
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.masks import VERY_NEGATIVE, MaskFact, number
from attnlint.graph.matrices import keeps_matrix
from attnlint.graph.values import (
    Add,
    Arange,
    Attribute,
    Cast,
    Compare,
    Constant,
    Convolution,
    Dropout,
    Embedding,
    Expand,
    Full,
    Index,
    Linear,
    MaskedFill,
    MultiHead,
    Multiply,
    Not,
    Parameter,
    Pointwise,
    Product,
    Slicing,
    Softmax,
    Subtract,
    Tri,
    Unsqueeze,
    Value,
    Where,
    key,
    literal,
)

_BOOL = ("external", "torch.bool")
_ELEMENTWISE = (Add, Cast, Compare, MaskedFill, Multiply, Not, Pointwise, Subtract, Where)
"""Operations in which a matrix meets what it is lined up with: the result has its rows and columns."""


def scores_are_raw(path: AttentionPath) -> bool:
    """Whether softmax is certainly taken of scores that no softmax made: a product or a projection."""
    source = path.scores_from
    if not isinstance(source, (Product, Linear, Convolution)):
        return False
    return not isinstance(source, Product) or not _weighted(source, path)


def _weighted(product: Product, path: AttentionPath) -> bool:
    return any(softmaxes_behind(side, path.graph.softmaxes) for side in (product.left, product.right))


def hides_elsewhere(path: AttentionPath, index: int) -> bool:
    """Whether another step on the way hides positions: a mask that is added, or a fill near −inf."""
    return any(_hides(use, path) for place, use in enumerate(path.masks) if place != index)


def _hides(use: MaskUse, path: AttentionPath) -> bool:
    if use.how == "add":
        return use.mask is None or not is_computed(use.mask, path)
    fill = number(use.fill, path.facts) if use.fill is not None else None
    return use.how == "fill" and fill is not None and fill <= VERY_NEGATIVE


def is_computed(term: Value, path: AttentionPath) -> bool:
    """Whether an added term is computed by layers, so that it is a bias and hides nothing."""
    value = beneath(term, path.facts)
    return isinstance(value, (Linear, Embedding, Convolution))


def is_renormalised(path: AttentionPath) -> bool:
    """Whether the weights are masked again after softmax, as AllenNLP's masked softmax does."""
    return any(path.anchor in behind for behind in _masked_weights(path.graph))


def _masked_weights(graph: DefinitionGraph) -> list[frozenset[Softmax]]:
    """The softmaxes behind what is multiplied, chosen from or filled."""
    memo = "masked weights"
    known: list[frozenset[Softmax]] | None = graph.world.memo.get(memo)
    if known is None:
        operands: list[Value] = [fill.x for fill in graph.all(MaskedFill)]
        operands += [side for product in graph.all(Multiply) for side in (product.left, product.right)]
        operands += [side for where in graph.all(Where) for side in (where.then, where.otherwise)]
        behind = (softmaxes_behind(operand, graph.softmaxes) for operand in operands)
        known = graph.world.memo[memo] = [softmaxes for softmaxes in behind if softmaxes]
    return known


def kept(use: MaskUse, facts: Facts) -> MaskFact | None:
    """The positions that a mask leaves to attention at this sink, as a mask of bools; None where that is not known,
    or where the sink does not read such a mask at all."""
    fact = facts.mask(use.mask) if use.mask is not None else None
    if fact is None or not fact.has_region:
        return None
    if fact.representation == "additive":
        return replace(fact.complement(), representation="bool") if adds_floats(use) else None
    if use.how != "fill" and fact.representation != "bool":
        return None
    convention = bool_convention(use, facts)
    if convention is None:
        return None
    return replace(fact if convention == "keeps" else fact.complement(), representation="bool")


def denies_bool(path: AttentionPath) -> bool:
    """Whether some tensor is taken not to be bool here. Code that asks for the dtype of a mask converts it, and a path
    on which a mask of bools is denied to be one is none."""
    return any(
        kind == "compare" and operator == "==" and not truth and _BOOL in operands and _is_dtype(operands)
        for (kind, operator, operands), truth in path.facts.world.assumed.items()
        if isinstance(operands, tuple)
    )


def _is_dtype(operands: tuple[Hashable, ...]) -> bool:
    return any(isinstance(side, tuple) and side[0] == "attribute" and side[2] == "dtype" for side in operands)


def rows_are_queries(path: AttentionPath) -> bool:
    """Whether the last two axes of the scores, wherever they are masked, are certainly queries and keys."""
    if not isinstance(path.anchor, Softmax):
        return True
    shape = path.facts.shape(path.anchor.x)
    axis = literal(path.anchor.axis)
    is_last = axis == -1 or (isinstance(axis, int) and shape is not None and shape.rank == axis + 1)
    return is_last and _keeps_matrices(path.steps, path.facts) and _keys_are_contracted(path)


def _keeps_matrices(steps: list[Value], facts: Facts) -> bool:
    moved = (step for step in steps if isinstance(step, (*LAYOUT, *PARTS)) and not isinstance(step, Cast))
    return all(keeps_matrix(step, facts) for step in moved)


def _keys_are_contracted(path: AttentionPath) -> bool:
    """Whether the last axis of the weights, and it alone, meets the value."""
    output, weights = path.output, path.weights
    if output is None or weights is None:
        return False
    steps = [path.facts.resolve(weights)]
    while isinstance(steps[-1], (*LAYOUT, Dropout)):
        steps.append(path.facts.resolve(next(steps[-1].operands())))
    if steps[-1] is not path.anchor or not _keeps_matrices(steps, path.facts):
        return False
    if output.equation is None:
        return output.left is weights
    letters = output.equation[0] if output.left is weights else output.equation[1]
    other = output.equation[1] if output.left is weights else output.equation[0]
    result = output.equation[2]
    if len(letters) < 2 or "..." in letters[-2:]:
        return False
    return letters[-1] in other and letters[-1] not in result and letters[-2] in result


def is_square(mask: Value, facts: Facts) -> bool:
    """Whether a mask certainly has as many rows as columns: it, or what it is made of element by element."""
    return bool(facts.once("is square", mask, _is_square))


def _is_square(value: Value, facts: Facts) -> bool:
    shape = facts.shape(value)
    if shape is not None and len(shape.axes) >= 2:
        rows, columns = shape.axes[-2:]
        if rows is not None and columns is not None and not rows.is_one:
            return rows.equals(columns)
    return isinstance(value, _ELEMENTWISE) and any(is_square(operand, facts) for operand in value.operands())


def is_self_attention(path: AttentionPath) -> bool:
    """Whether query, key and value are certainly made of one tensor, so that rows and columns count the same tokens."""
    if isinstance(path.anchor, MultiHead):
        sources = [path.anchor.query, path.anchor.key, path.anchor.value]
    elif path.query is None or path.key is None or path.value is None:
        return False
    else:
        sources = [path.query.source, path.key.source, path.value]
    origins = {key(_projected(source, path.facts)) for source in sources}
    return len(origins) == 1


def _projected(value: Value, facts: Facts) -> Value:
    """What a projection is taken of."""
    value = beneath(value, facts, (*LAYOUT, *PARTS, Dropout))
    return facts.resolve(value.x) if isinstance(value, (Linear, Convolution)) else value


def adds_nothing_hidden(path: AttentionPath) -> bool:
    """Whether no mask was applied to the scores: what is added to them, if anything, is computed by layers."""
    return all(
        use.how == "add" and use.mask is not None and is_computed(use.mask, path) and path.facts.mask(use.mask) is None
        for use in path.masks
    )


def is_of_keys(mask: Value, path: AttentionPath) -> bool:
    """Whether a mask certainly names keys: a triangle, or a comparison of tokens or positions that varies over the
    last axis. One that is made of random numbers, of scores or of what is not understood is not known to."""
    fact = path.facts.mask(mask)
    if fact is not None and (fact.everywhere or fact.region is not None):
        return fact.region is not None
    return _compares_tokens(mask, path) and _varies_over_keys(mask, path.facts)


def _compares_tokens(mask: Value, path: AttentionPath) -> bool:
    value = beneath(mask, path.facts, (*LAYOUT, *PARTS, Not))
    if not isinstance(value, Compare):
        return False
    leaves = []
    for side in (value.left, value.right):
        leaf = beneath(side, path.facts)
        leaves.append(leaf)
    given = [leaf for leaf in leaves if isinstance(leaf, (Parameter, Arange))]
    return bool(given) and all(isinstance(leaf, (Parameter, Arange, Attribute, Constant)) for leaf in leaves)


def _varies_over_keys(mask: Value, facts: Facts) -> bool:
    """Whether a mask is told from another of rows by how it is laid out."""
    return bool(facts.once("varies over keys", mask, _says_keys))


def _says_keys(value: Value, facts: Facts) -> bool:
    match value:
        case Index(keys=keys):
            return isinstance(keys[-1], Slicing)
        case Unsqueeze(axis=axis):
            return literal(axis) in (1, -2, -3)
        case Not(x=x) | Cast(x=x) | Expand(x=x):
            return _varies_over_keys(x, facts)
        case Compare(left=left, right=right):
            return _varies_over_keys(left, facts) or _varies_over_keys(right, facts)
        case Arange():
            return True
    return False


def is_of_infinities(mask: Value, facts: Facts) -> bool:
    """Whether a mask certainly holds 0 and −inf, and nothing between."""
    value = beneath(mask, facts, (*LAYOUT, *PARTS, Tri))
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
