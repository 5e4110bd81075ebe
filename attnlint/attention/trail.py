"""Following values backwards through what neither scales nor mixes them up."""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.attention.rotary import rotation
from attnlint.attention.site import Factor, MaskUse, Operand, Trail, Where
from attnlint.attention.transparent import LAYOUT, PARTS
from attnlint.graph.facts import Facts
from attnlint.graph.masks import number
from attnlint.graph.scalars import Monomial
from attnlint.graph.values import (
    Add,
    Assigned,
    Cat,
    Convolution,
    Divide,
    Dropout,
    FloorDivide,
    Full,
    Index,
    Learned,
    Linear,
    MaskedFill,
    Multiply,
    Negate,
    Normalize,
    Phi,
    Pointwise,
    Product,
    Reduce,
    Select,
    Softmax,
    Subtract,
    Tri,
    Value,
    strip,
)
from attnlint.graph.values import (
    Where as WhereValue,
)

_LONGEST = 40
"""Steps that hidden states are followed back."""
AFTER_SOFTMAX = (*LAYOUT, *PARTS, Dropout, MaskedFill, Assigned, Tri)
"""What weights go through before they meet the value."""


def factor_of(value: Value, facts: Facts) -> tuple[Value, Value, Monomial | None, bool] | None:
    """``value`` as tensor times scalar: the tensor, the scalar operand, its monomial, whether it divides.

    The monomial is None for a learned or otherwise unknown scalar. None where no side is a scalar.
    """
    match value:
        case Multiply(left=left, right=right):
            for tensor, other in ((left, right), (right, left)):
                if is_scalar(other, facts):
                    return tensor, other, facts.scalar(other), False
        case Divide(left=left, right=right) | FloorDivide(left=left, right=right):
            if is_scalar(right, facts):
                known = facts.scalar(right)
                return left, right, None if known is None else Monomial.number(1) / known, True
        case Negate(x=x):
            return x, value, Monomial.number(-1), False
    return None


def is_scalar(value: Value, facts: Facts) -> bool:
    """Whether a value is certainly a number, not a tensor with axes."""
    if facts.scalar(value) is None:
        return False
    shape = facts.shape(value)
    return shape is None or shape.rank == 0


class Walk:
    """One attempt to follow values back, in one world."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    # -- scores

    def scores(self, start: Value) -> Trail:
        """From softmax's argument back to the product."""
        trail = Trail()
        value: Value | None = start
        while value is not None:
            value = self._score_step(self.facts.resolve(value), trail)
        trail.masks.reverse()
        trail.factors.reverse()
        return trail

    def _score_step(self, value: Value, trail: Trail) -> Value | None:
        trail.origin = value
        trail.steps.append(value)
        facts = self.facts
        match value:
            case Product():
                trail.product = value
                return None
            case MaskedFill(x=x, mask=mask, fill=fill):
                trail.masks.append(MaskUse("fill", value, mask, fill, negated=_sign(trail) < 0))
                return x
            case WhereValue():
                return self._where_step(value, trail)
            case Tri(x=x):
                trail.masks.append(MaskUse("triangle", value, None))
                return x
            case Add(left=left, right=right):
                return self._add_step(value, left, right, trail)
            case Subtract(left=left, right=right):
                if not isinstance(facts.resolve(right), Reduce):
                    trail.masks.append(MaskUse("add", value, right))
                return left
            case Multiply() | Divide() | FloorDivide() | Negate():
                return self._factor_step(value, trail)
            case Pointwise(function="tanh" | "clamp" | "nan_to_num", x=x):
                return x
            case Dropout(x=x):
                trail.dropouts.append(value)
                return x
            case Cat(items=items):
                return next((item for item in items if self.reaches_product(item)), None)
            case Index(x=x) | Select(x=x):
                return x
        if isinstance(value, LAYOUT):
            return next(value.operands())
        return None

    def _where_step(self, value: WhereValue, trail: Trail) -> Value | None:
        for scores, fill, inverted in ((value.then, value.otherwise, True), (value.otherwise, value.then, False)):
            filler = self.facts.resolve(fill)
            literal = filler.fill if isinstance(filler, Full) else filler
            if number(literal, self.facts) is not None:
                trail.masks.append(MaskUse("fill", value, value.condition, literal, inverted, _sign(trail) < 0))
                return scores
        return None

    def _add_step(self, value: Value, left: Value, right: Value, trail: Trail) -> Value | None:
        for scores, other in ((left, right), (right, left)):
            if self.reaches_product(scores):
                trail.masks.append(MaskUse("add", value, other))
                return scores
        return None

    def _factor_step(self, value: Value, trail: Trail) -> Value | None:
        found = factor_of(value, self.facts)
        if found is not None:
            tensor, operand, monomial, divides = found
            trail.factors.append(Factor(value, operand, monomial, "scores", divides))
            return tensor
        assert isinstance(value, (Multiply, Divide, FloorDivide))
        for scores, other in ((value.left, value.right), (value.right, value.left)):
            if self.reaches_product(scores):
                if isinstance(value, Multiply) and self.facts.mask(other) is not None:
                    trail.masks.append(MaskUse("multiply", value, other))
                else:
                    trail.factors.append(Factor(value, other, None, "scores", not isinstance(value, Multiply)))
                return scores
        return None

    def reaches_product(self, value: Value) -> bool:
        """Whether scores are followed to a product from here."""
        waiting, seen = [value], set[int]()
        while waiting:
            resolved = self.facts.resolve(waiting.pop())
            if isinstance(resolved, Product):
                return True
            if id(resolved) not in seen:
                seen.add(id(resolved))
                waiting.extend(_on_the_way(resolved))
        return False

    # -- query and key

    def operand(self, start: Value, where: Where) -> Operand:
        """From the product, or the fused call, back to the projection."""
        operand = Operand(start, start)
        value: Value | None = start
        while value is not None:
            operand.alternatives.extend(self._not_taken(value))
            operand.source = self.facts.resolve(value)
            operand.steps.append(operand.source)
            value = self._operand_step(operand.source, operand, where)
        operand.factors.reverse()
        return operand

    def hidden(self, start: Value) -> Value:
        """Where hidden states come from, through norms, projections and changes of layout, along the residuals."""
        value = self.facts.resolve(start)
        for _ in range(_LONGEST):
            if not isinstance(value, (*LAYOUT, Normalize, Dropout, Linear, Add)):
                break
            value = self.facts.resolve(next(value.operands()))
        return value

    def _not_taken(self, value: Value) -> Iterator[Value]:
        """The arms that this world leaves out on the way to what ``value`` is."""
        value = strip(value)
        while isinstance(value, Phi):
            taken = self.facts.truth(value.condition)
            yield from _leaves(value.otherwise if taken else value.then)
            value = strip(value.then if taken else value.otherwise)

    def _operand_step(self, value: Value, operand: Operand, where: Where) -> Value | None:
        turned = rotation(value, self.facts)
        if turned is not None:
            return turned.x
        match value:
            case Linear() | Convolution():
                return None
            case Normalize(x=x):
                operand.norms.append(value)
                return x
            case Multiply() | Divide() | FloorDivide() | Negate():
                found = factor_of(value, self.facts)
                if found is None:
                    return self._learned_gain(value, operand, where)
                operand.factors.append(Factor(value, found[1], found[2], where, found[3]))
                return found[0]
            case Dropout(x=x):
                return x
            case Cat(items=items):
                projected = next((item for item in reversed(items) if self._reaches_projection(item)), None)
                if projected is not None:
                    return projected
        if isinstance(value, (*LAYOUT, *PARTS)):
            return next(value.operands())
        operand.opaque.append(value)
        return None

    def _learned_gain(self, value: Value, operand: Operand, where: Where) -> Value | None:
        """``x * gain`` with a learned gain whose initial value is one number counts as that number."""
        if isinstance(value, Multiply):
            for tensor, other in ((value.left, value.right), (value.right, value.left)):
                gain = self.facts.resolve(other)
                if isinstance(gain, Learned):
                    initial = self.facts.resolve(gain.initial)
                    known = self.facts.scalar(initial.fill) if isinstance(initial, Full) else None
                    operand.factors.append(Factor(value, other, known, where))
                    return tensor
        operand.opaque.append(value)
        return None

    def _reaches_projection(self, value: Value, budget: int = 40) -> bool:
        resolved = self.facts.resolve(value)
        while budget and isinstance(resolved, (*LAYOUT, *PARTS, Normalize, Dropout, Multiply, Divide)):
            budget -= 1
            resolved = self.facts.resolve(next(resolved.operands()))
        return isinstance(resolved, (Linear, Convolution))


def _on_the_way(scores: Value) -> Iterator[Value]:
    """What scores may come from in one step."""
    match scores:
        case Add(left=left, right=right) | Multiply(left=left, right=right):
            yield from (right, left)
        case WhereValue(then=then, otherwise=otherwise):
            yield from (otherwise, then)
        case Cat(items=items):
            yield from items
        case Subtract(left=x) | Divide(left=x) | FloorDivide(left=x):
            yield x
        case MaskedFill(x=x) | Tri(x=x) | Negate(x=x) | Dropout(x=x) | Index(x=x) | Select(x=x):
            yield x
        case Pointwise(function="tanh" | "clamp" | "nan_to_num", x=x):
            yield x
        case _ if isinstance(scores, LAYOUT):
            yield next(scores.operands())


def _leaves(value: Value, depth: int = 4) -> Iterator[Value]:
    """What a value may be, on any branch."""
    value = strip(value)
    if isinstance(value, Phi) and depth:
        yield from _leaves(value.then, depth - 1)
        yield from _leaves(value.otherwise, depth - 1)
    else:
        yield value


def _sign(trail: Trail) -> int:
    """Sign of what the scores are multiplied with between here and softmax."""
    sign = 1
    for factor in trail.factors:
        if factor.monomial is not None and factor.monomial.coefficient < 0:
            sign = -sign
    return sign


def softmaxes_behind(value: Value, seen: dict[int, frozenset[Softmax]]) -> frozenset[Softmax]:
    """Softmaxes whose weights a value may be, on any path."""
    value = strip(value)
    known = seen.get(id(value))
    if known is not None:
        return known
    seen[id(value)] = frozenset()
    if isinstance(value, Softmax):
        found = frozenset({value})
    elif isinstance(value, Phi):
        found = softmaxes_behind(value.then, seen) | softmaxes_behind(value.otherwise, seen)
    elif isinstance(value, (Multiply, Divide, Add, Subtract)):
        found = softmaxes_behind(value.left, seen) | softmaxes_behind(value.right, seen)
    elif isinstance(value, WhereValue):
        found = softmaxes_behind(value.then, seen) | softmaxes_behind(value.otherwise, seen)
    elif isinstance(value, Cat):
        found = frozenset().union(*(softmaxes_behind(item, seen) for item in value.items))
    elif isinstance(value, AFTER_SOFTMAX) or (isinstance(value, Pointwise) and value.function == "nan_to_num"):
        found = softmaxes_behind(next(value.operands()), seen)
    else:
        found = frozenset()
    seen[id(value)] = found
    return found
