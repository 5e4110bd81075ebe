"""Finding the attention sites of a module in the graphs of its roots."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from attnlint.attention.site import Anchor, AttentionPath, AttentionSite, Factor, Kind, MaskUse
from attnlint.attention.trail import Walk, softmaxes_behind
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.values import (
    NONE,
    Constant,
    Dispatched,
    Flash,
    MultiHead,
    Product,
    Sdpa,
    Softmax,
    TransformerCall,
    Value,
    strip,
)
from attnlint.graph.worlds import TooManyWorlds, World, worlds_of

_KINDS: dict[type[Value], Kind] = {
    Softmax: "hand-written", Sdpa: "sdpa", MultiHead: "mha", TransformerCall: "transformer", Flash: "flash",
    Dispatched: "dispatched",
}  # fmt: skip


def recognise(graph: DefinitionGraph) -> list[AttentionSite]:
    """The attention sites that a root reaches, each with all its paths."""
    sites: dict[Hashable, AttentionSite] = {}
    for found in activations(graph):
        anchor = found.anchor
        assert anchor.origin is not None
        site = sites.setdefault(anchor.origin.place, AttentionSite(anchor, found.kind, [], None, True))
        site.output = site.output or found.output
        try:
            worlds = worlds_of(found.guard, found.path, graph.world)
            site.paths.extend(path for _, path in worlds)
        except TooManyWorlds:
            site.exhaustive = False
    return list(sites.values())


@dataclass(frozen=True)
class Activation:
    """A site as one graph reaches it."""

    graph: DefinitionGraph
    anchor: Anchor
    output: Product | None
    _paths: dict[World, AttentionPath] = field(default_factory=dict, repr=False, compare=False)

    @property
    def kind(self) -> Kind:
        """How the attention is written."""
        return _KINDS[type(self.anchor)]

    @property
    def guard(self) -> tuple[Value, ...]:
        """The conditions under which control gets there."""
        return self.anchor.origin.guard if self.anchor.origin is not None else ()

    def path(self, world: World) -> AttentionPath:
        """The site in one world. Raises `attnlint.graph.worlds.Undecided`."""
        known = self._paths.get(world)
        if known is None:
            facts = Facts(world, self.graph.observations)
            known = self._paths[world] = _path(self.graph, self.anchor, self.output, facts)
        return known


def activations(graph: DefinitionGraph) -> Iterator[Activation]:
    """The sites that one graph reaches, in the order of the code."""
    outputs = _outputs(graph)
    for anchor in anchors(graph):
        output = outputs.get(id(anchor))
        if output is not None or not _is_dead(anchor, graph):
            yield Activation(graph, anchor, output)


def _is_dead(anchor: Anchor, graph: DefinitionGraph) -> bool:
    """Whether nobody reads the weights that a function computes: whatever is wrong with them has no effect."""
    is_function = graph.definition.kind == "function"
    return is_function and graph.is_whole and isinstance(anchor, Softmax) and id(anchor) not in graph.alive


def anchors(graph: DefinitionGraph) -> Iterator[Anchor]:
    """The fused calls and softmaxes of a graph."""
    for value in graph.values:
        if isinstance(value, (Softmax, Sdpa, MultiHead, TransformerCall, Flash, Dispatched)):
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


def _path(graph: DefinitionGraph, anchor: Anchor, output: Product | None, facts: Facts) -> AttentionPath:
    if isinstance(anchor, Softmax):
        return _hand_written(graph, anchor, output, facts)
    walk = Walk(facts)
    if isinstance(anchor, (MultiHead, TransformerCall)):
        return _of_module(graph, anchor, walk)
    query, key = walk.operand(anchor.query, "query"), walk.operand(anchor.key, "key")
    path = AttentionPath(
        graph, facts, _KINDS[type(anchor)], anchor, query, key, anchor.value, None, [], [_argument(anchor)], []
    )
    path.factors.append(_own_scale(anchor, path))
    return path


def _of_module(graph: DefinitionGraph, anchor: MultiHead | TransformerCall, walk: Walk) -> AttentionPath:
    """A call of one of torch's own modules, whose projections are its own."""
    value, stream = (anchor.value, anchor.query) if isinstance(anchor, MultiHead) else (None, anchor.stream)
    return AttentionPath(
        graph, walk.facts, _KINDS[type(anchor)], anchor, None, None, value, None, [], list(_masks(anchor)), [],
        stream=walk.hidden(stream),
    )  # fmt: skip


def _masks(anchor: MultiHead | TransformerCall) -> Iterator[MaskUse]:
    """The masks that a module is given, those of keys last."""
    if isinstance(anchor, MultiHead):
        yield MaskUse("argument", anchor, anchor.mask)
        if strip(anchor.padding) is not NONE:
            yield MaskUse("argument", anchor, anchor.padding, slot="keys")
        return
    named = [(n, v) for n, v in zip(anchor.names, anchor.arguments, strict=True) if v is not NONE]
    yield from (MaskUse("argument", anchor, v) for n, v in named if n.endswith("mask") and "padding" not in n)
    yield from (MaskUse("argument", anchor, v, slot="keys") for n, v in named if n.endswith("padding_mask"))


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
        trail.origin, weights, output, trail.steps, score_dropouts=trail.dropouts,
    )  # fmt: skip


def _sides(output: Product | None) -> tuple[Value | None, Value | None]:
    """The weights and the value of the product that they meet in."""
    if output is None:
        return None, None
    if softmaxes_behind(output.left, {}):
        return output.left, output.right
    return output.right, output.left
