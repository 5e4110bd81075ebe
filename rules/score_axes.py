"""ATN108 score-axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from attnlint.attention import AttentionPath
from attnlint.attention.spelling import rewritten
from attnlint.diagnostics import Tier
from attnlint.graph.layouts import Axis, Layout, extent, is_features, is_position
from attnlint.graph.values import Linear, Origin, Product, Transpose, Value, literal
from attnlint.rule import Finding, Mend, Rule
from attnlint.triggers import SITE


class ScoreAxes(Rule):
    """The product of query and key contracts the wrong axes.

    **What it finds.** A key that was not transposed (``q @ k`` with both (…, T, D)), a key whose heads meet the query's
    head_dim, an ``einsum`` whose letters do not fit the rank of an operand, and scores between the samples of a batch,
    where the features were taken away and the tokens are contracted.

    **Why it hurts.** The product raises, or, where the two extents happen to be equal, compares what cannot be
    compared. Attention over the batch never raises: a sample's output changes by 2.3 with the other samples.

    **Silent when** the axes of either operand are not known; for channel attention, channel-first layouts with the
    query transposed instead, and keys that were made transposed.

    **Mend.** ``k.transpose(-2, -1)`` where the key has the query's layout.
    """

    code = "ATN108"
    name = "score-axes"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.matmul.html",)

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report products whose axes do not agree."""
        product = path.product
        if product is not None and _is_swapped_with_itself(path.facts.resolve(product.right)):
            return
        if product is None or product.origin is None or path.query is None or path.key is None:
            return
        found = _ranks(product, path) if product.equation is not None else _axes(product, path)
        if found is not None:
            related = [(v.origin, f"{v.text} gets its layout here") for v in _sides(path) if v.origin is not None]
            yield Finding(product.origin, found[0], related=tuple(related), mend=found[1])


def _is_swapped_with_itself(value: Value) -> bool:
    """``transpose(-1, -1)``: it changes nothing, and ATN107 says so."""
    return isinstance(value, Transpose) and literal(value.first) == literal(value.second) is not None


def _sides(path: AttentionPath) -> list[Value]:
    return [operand.value for operand in (path.query, path.key) if operand is not None]


def _ranks(product: Product, path: AttentionPath) -> tuple[str, Mend | None] | None:
    """An operand of another rank than the equation has letters."""
    assert product.equation is not None
    for operand, letters in zip((product.left, product.right), product.equation, strict=False):
        layout, shape = path.facts.layout(operand), path.facts.shape(operand)
        rank = layout.rank if layout is not None else None
        is_certain = rank is not None and shape is not None and shape.rank == rank
        if is_certain and "..." not in letters and rank != len(letters):
            return (
                f"{operand.text} has {rank} axes and the equation gives it {len(letters)} "
                f"({' '.join(letters)}): einsum raises",
                None,
            )
    return None


def _axes(product: Product, path: AttentionPath) -> tuple[str, Mend | None] | None:
    left, right = path.facts.layout(product.left), path.facts.layout(product.right)
    if left is None or right is None:
        return None
    contracted, rows = left.axis(-1), left.axis(-2)
    against, columns = right.axis(-2), right.axis(-1)
    if contracted is None or rows is None or against is None or columns is None:
        return None
    if _is_between_samples(path, left, right):
        return (
            f"{product.left.text} and {product.right.text} are {_names(left)}: their features are gone, so the product "
            f"contracts the tokens ({extent(contracted)}) and the softmax runs over {extent(columns)}, the samples of "
            "the batch",
            None,
        )
    if not is_features(contracted) or _may_agree(contracted, against):
        return None
    if is_position(against) and is_features(columns) and not columns[0].is_outer and is_position(rows):
        return (
            f"{product.right.text} is not transposed: the product contracts head_dim ({extent(contracted)}) of "
            f"{product.left.text} with the tokens ({extent(against)}) of {product.right.text}; it raises, or is wrong "
            "where the two are equal",
            _transposed(product),
        )
    if is_features(against) and against[0].is_outer and not contracted[0].is_outer and is_features(columns):
        return (
            f"the product contracts head_dim ({extent(contracted)}) of {product.left.text} with the heads "
            f"({extent(against)}) of {product.right.text}: it raises, or is wrong where the two are equal",
            None,
        )
    return None


def _may_agree(one: Axis, two: Axis) -> bool:
    first, second = extent(one), extent(two)
    return first is None or second is None or first.equals(second) or (first.is_number and second.is_number)


def _is_between_samples(path: AttentionPath, left: Layout, right: Layout) -> bool:
    """Matrices of positions alone, out of a projection that had features."""
    if left.rank != 2 or right.rank != 2 or path.query is None or path.key is None:
        return False
    if not all(isinstance(operand.source, Linear) for operand in (path.query, path.key)):
        return False
    axes = (*left.axes, *right.axes)
    return all(is_position(axis) for axis in axes) and left.axes == tuple(reversed(right.axes))


def _names(layout: Layout) -> str:
    return f"({', '.join(str(extent(axis)) for axis in layout.axes)})"


def _transposed(product: Product) -> Mend | None:
    at = _right(product)
    if at is None:
        return None
    return Mend("Transpose the key", Tier.UNSAFE, (rewritten(at, "{0}.transpose(-2, -1)", at),))


def _right(product: Product) -> Origin | None:
    """The second operand as written."""
    origin = product.origin
    if origin is None:
        return None
    node: cst.CSTNode | None = None
    match origin.node:
        case cst.BinaryOperation(right=right):
            node = right
        case cst.Call(args=[_, cst.Arg(value=second)]):
            node = second
        case cst.Call(func=cst.Attribute(), args=[cst.Arg(value=only)]):
            node = only
    return replace(origin, node=node) if node is not None else None
