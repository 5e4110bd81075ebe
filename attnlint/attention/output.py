"""Following the weights forwards: from softmax to the products in which they weigh something."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from attnlint.attention.site import AttentionPath
from attnlint.attention.trail import Walk, factor_of, softmaxes_behind
from attnlint.attention.transparent import LAYOUT, PARTS, beneath
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.axes import Place, carried, place_of
from attnlint.graph.shapes import integer
from attnlint.graph.values import (
    Add,
    Attribute,
    Cast,
    Cat,
    Divide,
    Dropout,
    Learned,
    MaskedFill,
    Multiply,
    Normalize,
    Phi,
    Pointwise,
    Product,
    Reduce,
    Softmax,
    Subtract,
    Value,
    Where,
    strip,
)

_BOTH = (Multiply, Divide, Add, Subtract)
_ROWS_KEPT = (Cast, Dropout, MaskedFill, Where)
"""What is done to weights and leaves open over which axis they add up to 1."""


@dataclass(frozen=True)
class Meeting:
    """A product of weights with what they weigh, and the way of the weights to it."""

    product: Product
    weights: Value
    """The operand that the weights are."""
    value: Value
    """The other operand."""
    steps: tuple[Value, ...]
    """From softmax, which is left out, to the operand, in the order in which they are computed."""

    @property
    def is_left(self) -> bool:
        """Whether the weights are the first operand."""
        return self.weights is self.product.left


def meetings(path: AttentionPath) -> list[Meeting]:
    """The products that the path's weights go into on this path."""
    anchor = path.anchor
    if not isinstance(anchor, Softmax):
        return []
    found: list[Meeting] = []
    for product, side, other in _uses(path.graph).get(id(anchor), ()):
        if not _is_reached(product, path) or not _is_weighed(other, path):
            continue
        steps = steps_from(anchor, side, path)
        if steps is not None:
            found.append(Meeting(product, side, other, tuple(steps)))
    return found


def _uses(graph: DefinitionGraph) -> dict[int, list[tuple[Product, Value, Value]]]:
    """The products that the weights of a softmax may go into, by its identity, with the side that they are on and the
    other one."""
    memo = "uses of weights"
    known: dict[int, list[tuple[Product, Value, Value]]] | None = graph.world.memo.get(memo)
    if known is None:
        known = graph.world.memo[memo] = defaultdict(list)
        for product in graph.all(Product):
            for side, other in ((product.left, product.right), (product.right, product.left)):
                for softmax in softmaxes_behind(side, graph.softmaxes):
                    known[id(softmax)].append((product, side, other))
    return known


def _is_weighed(value: Value, path: AttentionPath) -> bool:
    """Whether a value may be what weights average: no learned matrix that mixes heads, no weights themselves."""
    source = beneath(value, path.facts)
    return not isinstance(source, (Learned, Attribute)) and not softmaxes_behind(value, path.graph.softmaxes)


def _is_reached(value: Value, path: AttentionPath) -> bool:
    return value.origin is not None and path.facts.world.holds(value.origin.guard)


def steps_from(anchor: Softmax, value: Value, path: AttentionPath) -> list[Value] | None:
    """What lies between a softmax and a value that may be its weights; None where on this path it is not."""
    return _steps_from(anchor, value, path, set())


def _steps_from(anchor: Softmax, value: Value, path: AttentionPath, seen: set[int]) -> list[Value] | None:
    """See `steps_from`; from what was ``seen`` no way leads to the softmax."""
    resolved = path.facts.resolve(value)
    if resolved is anchor:
        return []
    if id(resolved) in seen:
        return None
    for operand in _carrying(resolved):
        if anchor in softmaxes_behind(operand, path.graph.softmaxes):
            before = _steps_from(anchor, operand, path, seen)
            if before is not None:
                return [*before, resolved]
    seen.add(id(resolved))
    return None


def _carrying(value: Value) -> Iterator[Value]:
    """The operands through which weights may come."""
    match value:
        case Softmax() | Phi():
            return
        case Where(then=then, otherwise=otherwise):
            yield from (then, otherwise)
        case Cat(items=items):
            yield from items
        case _ if isinstance(value, _BOTH):
            yield from (value.left, value.right)
        case _:
            yield from list(value.operands())[:1]


def softmax_place(path: AttentionPath) -> Place | None:
    """The axis over which softmax is taken; None where it is not known."""
    assert isinstance(path.anchor, Softmax)
    axis = integer(path.anchor.axis, path.facts)
    return None if axis is None else place_of(axis, _rank(path))


def _rank(path: AttentionPath) -> int | None:
    """The rank of the scores: what is added to the product has no more axes than it."""
    assert isinstance(path.anchor, Softmax)
    walk, value = Walk(path.facts), path.facts.resolve(path.anchor.x)
    while True:
        shape = path.facts.shape(value)
        if shape is not None and shape.rank is not None:
            return shape.rank
        if isinstance(value, (MaskedFill, Cast, Dropout)):
            value = path.facts.resolve(value.x)
        elif isinstance(value, _BOTH):
            sides = (path.facts.resolve(value.left), path.facts.resolve(value.right))
            scores = next((side for side in sides if walk.reaches_product(side)), None)
            if scores is None:
                return None
            value = scores
        else:
            return None


def followed(place: Place | None, meeting: Meeting, path: AttentionPath) -> Place | None:
    """Where an axis of the softmax stands in the operand of a product; None where the way is not understood."""
    for step in meeting.steps:
        if place is None or not (_is_layout(step) or _keeps_rows(step, path)):
            return None
        place = carried(step, place, path.facts)
    return place


def _is_layout(step: Value) -> bool:
    return not isinstance(step, (*_BOTH, Pointwise, Normalize, Reduce))


def _keeps_rows(step: Value, path: AttentionPath) -> bool:
    """Whether a step cannot be a division by sums over another axis."""
    if isinstance(step, Pointwise):
        return step.function == "nan_to_num"
    return isinstance(step, _ROWS_KEPT) or (isinstance(step, _BOTH) and factor_of(step, path.facts) is not None)


def is_contracted(place: Place, meeting: Meeting, path: AttentionPath) -> bool | None:
    """Whether a product sums over an axis of the operand that the weights are; None where it is not known."""
    product = meeting.product
    if product.equation is None:
        return _in_matrices(place, meeting, path)
    left, right, result = product.equation
    own, other = (left, right) if meeting.is_left else (right, left)
    letter = _letter(place, own)
    contracted = [x for x in own if x in other and x not in result and x != "..."]
    if letter is None or not contracted:
        return None
    if letter not in result and letter not in other:
        return None
    return letter in contracted


def _in_matrices(place: Place, meeting: Meeting, path: AttentionPath) -> bool | None:
    """The second operand of a product may be a vector, of which the last axis is summed over."""
    if meeting.is_left or place.axis == -2:
        return place.axis == (-1 if meeting.is_left else -2)
    shape = path.facts.shape(meeting.weights)
    is_matrix = (place.rank or 0) >= 2 or (shape is not None and len(shape.axes) >= 2)
    return False if is_matrix else None


def _letter(place: Place, letters: tuple[str, ...]) -> str | None:
    """The letter of an axis, the ellipsis among them; None where it lies in front of one."""
    cut = letters.index("...") if "..." in letters else 0
    behind = letters[cut + 1 :] if "..." in letters else letters
    if -place.axis <= len(behind):
        return behind[place.axis]
    return "..." if letters[0] == "..." else None


def has_sibling(path: AttentionPath) -> bool:
    """Whether another softmax is taken of the same scores: weights for both sides of a mutual attention."""
    assert isinstance(path.anchor, Softmax)
    taken = _taken_of(path.graph)
    place = path.anchor.origin.place if path.anchor.origin is not None else None
    return any(other != place for source in _sources(path.anchor.x) for other in taken.get(source, ()))


def _taken_of(graph: DefinitionGraph) -> dict[int, set[Hashable]]:
    """Where softmaxes are taken of a value, by its identity."""
    memo = "softmaxes taken of"
    known: dict[int, set[Hashable]] | None = graph.world.memo.get(memo)
    if known is None:
        known = graph.world.memo[memo] = defaultdict(set)
        for softmax in graph.all(Softmax):
            if softmax.origin is not None:
                for source in _sources(softmax.x):
                    known[source].add(softmax.origin.place)
    return known


def _sources(value: Value) -> set[int]:
    """Values that a value may be but for its layout, on any path."""
    found: set[int] = set()
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        inner = strip(waiting.pop())
        if id(inner) in seen:
            continue
        seen.add(id(inner))
        if isinstance(inner, Phi):
            waiting.extend((inner.then, inner.otherwise))
        elif isinstance(inner, (*LAYOUT, *PARTS)):
            waiting.append(next(inner.operands()))
        else:
            found.add(id(inner))
    return found


def is_summed_up(path: AttentionPath) -> bool:
    """Whether the sums or norms of the weights, over whatever axis, are computed anywhere: they may be divided by."""
    graph, anchor = path.graph, path.anchor
    summed = [*(value.x for value in graph.all(Reduce)), *(value.x for value in graph.all(Normalize))]
    return any(anchor in softmaxes_behind(x, graph.softmaxes) for x in summed)
