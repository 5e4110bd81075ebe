"""Finding the attention sites of a module in the graphs of its roots."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from fractions import Fraction

from attnlint.attention.site import Anchor, AttentionPath, AttentionSite, Factor, Kind, MaskUse
from attnlint.attention.trail import Walk, softmaxes_behind
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.values import (
    Constant,
    Dispatched,
    Flash,
    MultiHead,
    Product,
    Sdpa,
    Softmax,
    Value,
)
from attnlint.graph.worlds import TooManyWorlds, worlds_of

_KINDS: dict[type[Value], Kind] = {
    Softmax: "hand-written", Sdpa: "sdpa", MultiHead: "mha", Flash: "flash", Dispatched: "dispatched",
}  # fmt: skip


def recognise(graphs: Iterable[DefinitionGraph]) -> list[AttentionSite]:
    """All attention sites, each with its paths from every root that reaches it."""
    sites: dict[Hashable, AttentionSite] = {}
    for graph in graphs:
        outputs = _outputs(graph)
        for anchor in _anchors(graph):
            assert anchor.origin is not None
            site = sites.setdefault(anchor.origin.place, AttentionSite(anchor, _KINDS[type(anchor)], [], None, True))
            site.output = site.output or outputs.get(id(anchor))
            try:
                site.paths.extend(_paths(graph, anchor, outputs.get(id(anchor))))
            except TooManyWorlds:
                site.exhaustive = False
    return list(sites.values())


def _anchors(graph: DefinitionGraph) -> Iterator[Anchor]:
    for value in graph.values:
        if isinstance(value, (Softmax, Sdpa, MultiHead, Flash, Dispatched)):
            yield value


def _outputs(graph: DefinitionGraph) -> dict[int, Product]:
    """The product with the value, by softmax."""
    outputs: dict[int, Product] = {}
    seen: dict[int, frozenset[Softmax]] = {}
    for product in graph.all(Product):
        for side in (product.left, product.right):
            for softmax in softmaxes_behind(side, seen):
                outputs.setdefault(id(softmax), product)
    return outputs


def _paths(graph: DefinitionGraph, anchor: Anchor, output: Product | None) -> Iterator[AttentionPath]:
    guard = anchor.origin.guard if anchor.origin is not None else ()
    found = worlds_of(guard, lambda world: _path(graph, anchor, output, Facts(world, graph.observations)), graph.world)
    yield from (path for _, path in found)


def _path(graph: DefinitionGraph, anchor: Anchor, output: Product | None, facts: Facts) -> AttentionPath:
    if isinstance(anchor, Softmax):
        return _hand_written(graph, anchor, output, facts)
    walk = Walk(facts)
    if isinstance(anchor, MultiHead):
        masks = [MaskUse("argument", anchor, anchor.mask)]
        return AttentionPath(graph, facts, "mha", anchor, None, None, anchor.value, None, [], masks, [])
    query, key = walk.operand(anchor.query, "query"), walk.operand(anchor.key, "key")
    path = AttentionPath(
        graph, facts, _KINDS[type(anchor)], anchor, query, key, anchor.value, None, [], [_argument(anchor)], []
    )
    path.factors.append(_own_scale(anchor, path))
    return path


def _argument(anchor: Sdpa | Flash | Dispatched) -> MaskUse:
    return MaskUse("argument", anchor, anchor.mask)


def _own_scale(anchor: Sdpa | Flash | Dispatched, path: AttentionPath) -> Factor:
    """The factor that a fused call applies: its ``scale``, or head_dim^-1/2 where none is given."""
    given = path.facts.resolve(anchor.scale)
    if isinstance(given, Constant) and given.value is None:
        head_dim = path.head_dim
        return Factor(anchor, None, head_dim.to(Fraction(-1, 2)) if head_dim is not None else None, "call")
    return Factor(anchor, anchor.scale, path.facts.scalar(anchor.scale), "call")


def _hand_written(graph: DefinitionGraph, anchor: Softmax, output: Product | None, facts: Facts) -> AttentionPath:
    walk = Walk(facts)
    trail = walk.scores(anchor.x)
    query = key = None
    opaque: list[Value] = []
    if trail.product is None:
        if trail.origin is not None:
            opaque.append(trail.origin)
    else:
        query = walk.operand(trail.product.left, "query")
        key = walk.operand(trail.product.right, "key")
    weights, value = _sides(output)
    return AttentionPath(
        graph, facts, "hand-written", anchor, query, key, value, trail.product, trail.factors, trail.masks, opaque,
        trail.origin, weights, trail.dropouts,
    )  # fmt: skip


def _sides(output: Product | None) -> tuple[Value | None, Value | None]:
    """The weights and the value of the product that they meet in."""
    if output is None:
        return None, None
    if softmaxes_behind(output.left, {}):
        return output.left, output.right
    return output.right, output.left
