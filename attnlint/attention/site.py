"""What a rule sees of one attention computation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypeAlias, TypeVar

from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.scalars import Monomial, extent_of
from attnlint.graph.values import (
    Dispatched,
    Divide,
    Dropout,
    Flash,
    MultiHead,
    Multiply,
    Normalize,
    Origin,
    Product,
    Sdpa,
    Softmax,
    TransformerCall,
    Unknown,
    Value,
)
from attnlint.graph.worlds import TRAINING, World, worlds_of

T = TypeVar("T")
Kind: TypeAlias = Literal["hand-written", "sdpa", "mha", "transformer", "flash", "dispatched"]
Where: TypeAlias = Literal["query", "key", "scores", "call"]
Anchor: TypeAlias = "Softmax | Sdpa | MultiHead | TransformerCall | Flash | Dispatched"


@dataclass(frozen=True)
class Factor:
    """Something the scores are multiplied with. ``monomial`` is None where it is not understood."""

    at: Value
    """The operation: a multiplication or division, or the fused call."""
    operand: Value | None
    """The scalar; None for a fused call's own default."""
    monomial: Monomial | None
    where: Where
    divides: bool = False


@dataclass(frozen=True)
class MaskUse:
    """A mask on the way to softmax, in the order of the code.

    ``how`` is ``fill`` (masked_fill, where, item assignment), ``add``, ``multiply``, ``triangle`` (``tril(scores)``)
    or ``argument`` (of a fused call). ``fill`` is what stands where the mask is true; for ``where(keep, scores, x)``
    it stands where it is false (``inverted``). ``slot`` is ``keys`` for a mask of the keys alone, as the
    ``key_padding_mask`` of ``nn.MultiheadAttention``.
    """

    how: Literal["fill", "add", "multiply", "triangle", "argument"]
    at: Value
    mask: Value | None
    fill: Value | None = None
    inverted: bool = False
    negated: bool = False
    """Whether the filled tensor is negated before softmax sees it."""
    slot: Literal["scores", "keys"] = "scores"
    """What the mask is about: pairs of a query and a key, or keys alone (``key_padding_mask``)."""


@dataclass
class Operand:
    """The query or the key: from the projection that makes it to the product that reads it."""

    value: Value
    source: Value
    """Where the trail ends: a `Linear`, a `Convolution`, or something that is not understood."""
    factors: list[Factor] = field(default_factory=list)
    norms: list[Value] = field(default_factory=list)
    opaque: list[Value] = field(default_factory=list)
    """What stands between source and product and is not understood."""
    steps: list[Value] = field(default_factory=list)
    """Every value of the trail, last first."""
    alternatives: list[Value] = field(default_factory=list)
    """What other branches would have put in place of a step: an optional norm, an optional rotary embedding."""

    @property
    def is_rescaled(self) -> bool:
        """Whether it is multiplied or divided by something that is not understood, such as its own length."""
        return any(isinstance(value, (Multiply, Divide)) for value in self.opaque)

    @property
    def is_sometimes_opaque(self) -> bool:
        """Whether on another branch something that is not understood, a norm or a further scale stands on the
        trail."""
        return any(isinstance(value, (Unknown, Normalize, Multiply, Divide)) for value in self.alternatives)


@dataclass
class Trail:
    """The way from softmax back to the product of query and key."""

    product: Product | None = None
    factors: list[Factor] = field(default_factory=list)
    masks: list[MaskUse] = field(default_factory=list)
    dropouts: list[Dropout] = field(default_factory=list)
    """On the scores; last first."""
    origin: Value | None = None
    """Where the trail ends: the product, or whatever else the scores come from."""
    steps: list[Value] = field(default_factory=list)
    """Every value of the trail, last first."""


@dataclass
class AttentionPath:
    """A site on one path through the branches: what is true there, all of it at once."""

    graph: DefinitionGraph
    facts: Facts
    kind: Kind
    anchor: Anchor
    query: Operand | None
    key: Operand | None
    value: Value | None
    product: Product | None
    factors: list[Factor]
    masks: list[MaskUse]
    """In the order in which they are applied."""
    opaque: list[Value]
    """What stands on the way and is not understood."""
    scores_from: Value | None = None
    """What softmax is taken of, traced back: the product, or whatever else the trail ends at."""
    weights: Value | None = None
    """What meets the value: the weights after dropout, casts and all."""
    output: Product | None = None
    """The product with the value; None for fused calls, and where the weights are not followed that far."""
    steps: list[Value] = field(default_factory=list)
    """Every value from the argument of softmax back to ``scores_from``."""
    stream: Value | None = None
    """What the hidden states that one of torch's own modules reads are traced back to."""
    score_dropouts: list[Dropout] = field(default_factory=list)
    """Dropouts between the product and softmax."""
    _further: dict[World, AttentionPath] = field(default_factory=dict, repr=False)
    """The path under further assumptions."""

    @property
    def result(self) -> Value | None:
        """What the site computes: the product with the value, or the fused call."""
        return self.output if isinstance(self.anchor, Softmax) else self.anchor

    @cached_property
    def head_dim(self) -> Monomial | None:
        """Extent of the axis that query and key are contracted over, None where unknown."""
        if self.query is None:
            return None
        scaled = [factor.at for factor in self.query.factors]
        tensor = next((step for step in self.query.steps if step not in scaled), self.query.value)
        if self.product is None or self.product.equation is None:
            return extent_of(tensor, -1, self.facts)
        left, right, result = self.product.equation
        contracted = [letter for letter in left if letter in right and letter not in result]
        if len(contracted) != 1:
            return None
        place = left.index(contracted[0])
        behind = "..." in left[:place] or self.facts.shape(tensor) is None
        return extent_of(tensor, place - len(left) if behind and "..." not in left[place:] else place, self.facts)

    @cached_property
    def scale(self) -> Monomial | None:
        """All factors together; None where one is not understood."""
        total = Monomial.number(1)
        for factor in self.all_factors:
            if factor.monomial is None:
                return None
            total = total * factor.monomial
        return total

    @cached_property
    def all_factors(self) -> list[Factor]:
        """Factors on query, key and scores, and the fused call's own."""
        operands = [o.factors for o in (self.query, self.key) if o is not None]
        return [factor for group in (*operands, self.factors) for factor in group]

    @property
    def understood(self) -> bool:
        """Whether nothing on the way from the projections to softmax is opaque."""
        operands = [o for o in (self.query, self.key) if o is not None]
        return not self.opaque and not any(o.opaque for o in operands)

    def ask(self, question: Callable[[AttentionPath], T], in_eval: bool = False) -> Iterator[T]:
        """Answers to a further question on this path; where it depends on more conditions, one for each outcome.
        Raises `TooManyWorlds` after the last of too many.

        ``in_eval``: only where modules may be in evaluation mode, assuming that they are.
        """
        start = self.facts.world
        guard: tuple[Value, ...] = ()
        if in_eval:
            if start.known(TRAINING):
                return
            start = start.assume(TRAINING, False)
            guard = self.anchor.origin.guard if self.anchor.origin is not None else ()

        yield from (answer for _, answer in worlds_of(guard, lambda world: question(self._in(world)), start))

    def _in(self, world: World) -> AttentionPath:
        """This path under further assumptions."""
        if world is self.facts.world:
            return self
        known = self._further.get(world)
        if known is None:
            known = self._further[world] = replace(self, facts=Facts(world, self.graph.observations))
        return known


@dataclass
class AttentionSite:
    """One attention computation of the source, with all paths to it from one root that reaches it."""

    anchor: Anchor
    kind: Kind
    paths: list[AttentionPath]
    output: Product | None
    """The product with the value; None for fused calls, and where the weights are not followed that far."""
    exhaustive: bool
    """Whether ``paths`` are all there are. Rules about something absent hold on every path, and need this."""

    @property
    def at(self) -> Origin:
        """Where the site is: the fused call, or the softmax."""
        assert self.anchor.origin is not None
        return self.anchor.origin
