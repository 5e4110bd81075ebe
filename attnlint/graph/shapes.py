"""Symbolic shapes: the extent of every axis as a monomial, named by where it came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from attnlint.graph import equations
from attnlint.graph.domains import Ask
from attnlint.graph.scalars import Monomial, Symbol
from attnlint.graph.values import (
    Add,
    Arange,
    Assigned,
    Attribute,
    Carried,
    Cast,
    Cat,
    Compare,
    Constant,
    Convolution,
    Divide,
    Dropout,
    Embedding,
    Expand,
    Extent,
    Flatten,
    FloorDivide,
    FromData,
    Full,
    Index,
    Items,
    Learned,
    Linear,
    MaskedFill,
    Multiply,
    Negate,
    Normalize,
    Not,
    Parameter,
    Permute,
    Piece,
    Pointwise,
    Power,
    Product,
    Random,
    Rearrange,
    Reduce,
    Repeat,
    RepeatInterleave,
    ReverseDims,
    Sdpa,
    Select,
    Shape,
    Slicing,
    Softmax,
    Spread,
    Squeeze,
    Stack,
    Subtract,
    Transpose,
    Tri,
    Unflatten,
    Unknown,
    Unsqueeze,
    Value,
    View,
    Where,
    key,
)

ExtentOf: TypeAlias = "Monomial | None"
ONE = Monomial.number(1)


@dataclass(frozen=True)
class TensorShape:
    """Extents of the axes, None where an extent is not known. ``open``: any number of further axes stand in front,
    so that the rank is not known and only axes counted from the end can be named."""

    axes: tuple[ExtentOf, ...]
    open: bool = False

    @property
    def rank(self) -> int | None:
        """Number of axes, None where unknown."""
        return None if self.open else len(self.axes)

    def index(self, axis: int) -> int | None:
        """Position in ``axes`` of an axis counted from either end, None where it has no known place."""
        if axis < 0:
            place = len(self.axes) + axis
            return place if place >= 0 else None
        return None if self.open or axis >= len(self.axes) else axis

    def axis(self, axis: int) -> ExtentOf:
        """Extent of an axis, None where unknown."""
        place = self.index(axis)
        return None if place is None else self.axes[place]

    def total(self) -> ExtentOf:
        """Number of elements."""
        if self.open:
            return None
        product = ONE
        for extent in self.axes:
            if extent is None:
                return None
            product = product * extent
        return product

    def with_axis(self, axis: int, extent: ExtentOf) -> TensorShape:
        """The same with one extent replaced; unchanged where the axis has no known place."""
        place = self.index(axis)
        if place is None:
            return TensorShape((), True) if self.open else self
        return TensorShape((*self.axes[:place], extent, *self.axes[place + 1 :]), self.open)

    def __str__(self) -> str:
        inner = ", ".join("?" if e is None else str(e) for e in self.axes)
        return f"(…, {inner})" if self.open else f"({inner})"


UNKNOWN = TensorShape((), True)


def shape(value: Value, ask: Ask) -> TensorShape | None:
    """The shape of a value, refined by what the code relies on elsewhere; None for what is no tensor."""
    handler = _HANDLERS.get(type(value))
    found = handler(value, ask) if handler else None
    return _observed(value, found, ask)


def _observed(value: Value, found: TensorShape | None, ask: Ask) -> TensorShape | None:
    rank = ask.observed_rank(value)
    if found is None and rank is None and ask.observed_extent(value, -1) is None:
        return None
    found = found or UNKNOWN
    axes = list(found.axes)
    if found.open and rank is not None and rank >= len(axes):
        axes = [None] * (rank - len(axes)) + axes
        found = TensorShape(tuple(axes))
    if found.open and not axes:
        axes = [None]
    for place, extent in enumerate(axes):
        if extent is None:
            axes[place] = _symbolic(value, place, len(axes), found.open, ask)
    return TensorShape(tuple(axes), found.open)


def _symbolic(value: Value, place: int, count: int, is_open: bool, ask: Ask) -> ExtentOf:
    for axis in (place - count, place):
        if axis < 0 or not is_open:
            seen = ask.observed_extent(value, axis)
            known = ask.scalar(seen) if seen is not None else None
            if known is not None:
                return known
    axis = place - count if is_open else place
    return Monomial.of(Symbol(("extent", key(value), axis), value, axis))


# --- helpers ------------------------------------------------------------------------------------------------------


def integer(value: Value, ask: Ask) -> int | None:
    """A literal integer, through attributes and branches."""
    resolved = ask.resolve(value)
    number = ask.scalar(resolved)
    if number is None or not number.is_number or number.coefficient != int(number.coefficient):
        return None
    return int(number.coefficient)


def sizes(values: Sequence[Value], ask: Ask) -> list[ExtentOf | int] | None:
    """The arguments of ``view`` and kin: monomials, None where unknown, -1 for what is inferred.

    None where not even their number is known.
    """
    out: list[ExtentOf | int] = []
    for value in values:
        resolved = ask.resolve(value)
        if isinstance(resolved, Items):
            inner = sizes(resolved.items, ask)
            if inner is None:
                return None
            out.extend(inner)
        elif isinstance(resolved, (Spread, Shape, Index)) or isinstance(resolved, Slicing):
            part = leading(resolved, ask)
            if part is None:
                return None
            out.extend(part)
        else:
            extent = ask.scalar(resolved)
            out.append(-1 if extent is not None and extent.is_number and extent.coefficient == -1 else extent)
    return out


def leading(value: Value, ask: Ask) -> tuple[ExtentOf, ...] | None:
    """``x.shape``, ``x.shape[:-1]`` and kin as extents, None where the rank is not known."""
    match ask.resolve(value):
        case Spread(x=x):
            return leading(x, ask)
        case Shape(x=x):
            whole = ask.shape(x)
            return None if whole is None or whole.open else whole.axes
        case Index(x=x, keys=(Slicing(lower=low, upper=high),)):
            part = leading(x, ask)
            if part is None:
                return None
            start, stop = ask.resolve(low), ask.resolve(high)
            if isinstance(start, Constant) and isinstance(stop, Constant):
                return part[start.value : stop.value]
    return None


def broadcast(left: TensorShape | None, right: TensorShape | None) -> TensorShape:
    """The shape of an elementwise operation; a side that is None is a scalar or unknown."""
    if left is None or right is None:
        return left or right or UNKNOWN
    count = max(len(left.axes), len(right.axes))
    if (left.open and len(left.axes) < count) or (right.open and len(right.axes) < count):
        count = min(len(s.axes) for s in (left, right) if s.open)
    axes: list[ExtentOf] = []
    for offset in range(-count, 0):
        one = left.axis(offset) if left.index(offset) is not None else ONE
        two = right.axis(offset) if right.index(offset) is not None else ONE
        axes.append(two if one is not None and one.is_one else one)
    return TensorShape(tuple(axes), left.open or right.open)


# --- one handler a node -------------------------------------------------------------------------------------------

Handler: TypeAlias = Callable[[Any, Ask], "TensorShape | None"]
_HANDLERS: dict[type[Value], Handler] = {}


def _for(*kinds: type[Value]) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        for kind in kinds:
            _HANDLERS[kind] = handler
        return handler

    return register


@_for(MaskedFill, Softmax, Pointwise, Dropout, Cast, Negate, Not, Tri, Assigned, Normalize)
def _same(value: Any, ask: Ask) -> TensorShape | None:
    return ask.shape(value.x)


@_for(Add, Subtract, Multiply, Divide, FloorDivide)
def _elementwise(value: Any, ask: Ask) -> TensorShape | None:
    left, right = ask.shape(value.left), ask.shape(value.right)
    if left is None and right is None:
        return None
    scalar_left, scalar_right = ask.scalar(value.left), ask.scalar(value.right)
    if (left is None and scalar_left is None) or (right is None and scalar_right is None):
        known = left or right
        return UNKNOWN if known is None else TensorShape(known.axes, True)
    return broadcast(left, right)


@_for(Compare)
def _compare(value: Compare, ask: Ask) -> TensorShape | None:
    return _elementwise(value, ask)


@_for(Power)
def _power(value: Power, ask: Ask) -> TensorShape | None:
    return ask.shape(value.base)


@_for(Parameter, Attribute, Unknown, Carried, Extent)
def _opaque(value: Value, ask: Ask) -> TensorShape | None:
    return None


@_for(Linear)
def _linear(value: Linear, ask: Ask) -> TensorShape | None:
    source = ask.shape(value.x) or UNKNOWN
    width = ask.scalar(value.out_features)
    axes = (*source.axes[:-1], width) if source.axes else (width,)
    return TensorShape(axes, source.open)


@_for(Embedding)
def _embedding(value: Embedding, ask: Ask) -> TensorShape | None:
    source = ask.shape(value.x) or UNKNOWN
    return TensorShape((*source.axes, ask.scalar(value.width)), source.open)


@_for(Convolution)
def _convolution(value: Convolution, ask: Ask) -> TensorShape | None:
    source = ask.shape(value.x)
    width = ask.scalar(value.out_channels)
    tail: tuple[ExtentOf, ...] = (width, *(None for _ in range(value.axes)))
    if source is not None and source.rank == value.axes + 2:
        return TensorShape((source.axes[0], *tail))
    return TensorShape((None, *tail))


@_for(Product)
def _product(value: Product, ask: Ask) -> TensorShape | None:
    left, right = ask.shape(value.left), ask.shape(value.right)
    if value.equation is not None:
        return _einsum(value.equation, left, right)
    left, right = left or UNKNOWN, right or UNKNOWN
    batch = broadcast(
        TensorShape(left.axes[:-2], left.open or len(left.axes) < 2),
        TensorShape(right.axes[:-2], right.open or len(right.axes) < 2),
    )
    return TensorShape((*batch.axes, left.axis(-2), right.axis(-1)), batch.open)


def _einsum(
    equation: tuple[tuple[str, ...], ...], left: TensorShape | None, right: TensorShape | None
) -> TensorShape | None:
    extents: dict[str, ExtentOf] = {}
    for letters, known in ((equation[0], left), (equation[1], right)):
        extents.update(letter_extents(letters, known))
    result = equation[2]
    if "..." in result:
        tail = result[result.index("...") + 1 :]
        return TensorShape(tuple(extents.get(x) for x in tail), True)
    return TensorShape(tuple(extents.get(letter) for letter in result))


def letter_extents(letters: Sequence[str], known: TensorShape | None) -> dict[str, ExtentOf]:
    """Extents by letter of an einsum operand."""
    if known is None:
        return {}
    count = len(letters)
    cut = letters.index("...") if "..." in letters else count
    out: dict[str, ExtentOf] = {letter: known.axis(i) for i, letter in enumerate(letters[:cut])}
    out.update({letter: known.axis(i - count) for i, letter in enumerate(letters) if i > cut})
    if cut == count:
        out.update({letter: known.axis(i - count) for i, letter in enumerate(letters) if out.get(letter) is None})
    return out


@_for(Transpose)
def _transpose(value: Transpose, ask: Ask) -> TensorShape | None:
    source = ask.shape(value.x)
    first, second = integer(value.first, ask), integer(value.second, ask)
    if source is None or first is None or second is None:
        return UNKNOWN
    one, two = source.index(first), source.index(second)
    if one is None or two is None:
        return UNKNOWN if source.open else None
    axes = list(source.axes)
    axes[one], axes[two] = axes[two], axes[one]
    return TensorShape(tuple(axes), source.open)


@_for(ReverseDims)
def _reverse(value: ReverseDims, ask: Ask) -> TensorShape | None:
    source = ask.shape(value.x)
    return UNKNOWN if source is None or source.open else TensorShape(tuple(reversed(source.axes)))


@_for(Permute)
def _permute(value: Permute, ask: Ask) -> TensorShape | None:
    order = [integer(axis, ask) for axis in value.order]
    if any(axis is None for axis in order):
        return UNKNOWN
    source = ask.shape(value.x)
    if source is None or source.open or len(source.axes) != len(order):
        return TensorShape((None,) * len(order))
    return TensorShape(tuple(source.axis(axis) for axis in order if axis is not None))


@_for(View)
def _view(value: View, ask: Ask) -> TensorShape | None:
    wanted = sizes(value.sizes, ask)
    if wanted is None:
        return _open_view(value, ask)
    return _inferred(wanted, ask.shape(value.x))


def _open_view(value: View, ask: Ask) -> TensorShape:
    """``view(*x.shape[:-1], heads, head_dim)``: only what follows the unknown part is known."""
    tail: list[ExtentOf] = []
    flat: list[Value] = []
    for size in value.sizes:
        resolved = ask.resolve(size)
        flat.extend(resolved.items if isinstance(resolved, Items) else (resolved,))
    for size in reversed(flat):
        if sizes((size,), ask) is None:
            break
        extent = ask.scalar(size)
        tail.insert(0, None if extent is not None and extent.is_number and extent.coefficient == -1 else extent)
    if tail and all(extent is None for extent in tail):
        return UNKNOWN
    source = ask.shape(value.x)
    if len(tail) >= 1 and tail.count(None) == 1 and source is not None and source.axes:
        given = ONE
        for extent in tail:
            given = given * extent if extent is not None else given
        last = source.axis(-1)
        if last is not None:
            tail[tail.index(None)] = last / given
    return TensorShape(tuple(tail), True)


def _inferred(wanted: list[ExtentOf | int], source: TensorShape | None) -> TensorShape:
    axes: list[ExtentOf] = [None if isinstance(size, int) else size for size in wanted]
    if -1 in [size for size in wanted if isinstance(size, int)] and axes.count(None) == 1:
        total = source.total() if source is not None else None
        given = ONE
        for extent in axes:
            given = given * extent if extent is not None else given
        if total is not None:
            axes[axes.index(None)] = total / given
    return TensorShape(tuple(axes))


@_for(Flatten)
def _flatten(value: Flatten, ask: Ask) -> TensorShape | None:
    source = ask.shape(value.x)
    start, end = integer(value.start, ask), integer(value.end, ask)
    if source is None or start is None or end is None:
        return UNKNOWN
    first, last = source.index(start), source.index(end)
    if first is None or last is None or source.open or first > last:
        return UNKNOWN
    merged = TensorShape(source.axes[first : last + 1]).total()
    return TensorShape((*source.axes[:first], merged, *source.axes[last + 1 :]))


@_for(Unflatten)
def _unflatten(value: Unflatten, ask: Ask) -> TensorShape | None:
    source, axis = ask.shape(value.x), integer(value.axis, ask)
    place = source.index(axis) if source is not None and axis is not None else None
    wanted = sizes(value.sizes, ask)
    if source is None or place is None or wanted is None:
        return UNKNOWN
    parts = _inferred(wanted, TensorShape((source.axes[place],)))
    return TensorShape((*source.axes[:place], *parts.axes, *source.axes[place + 1 :]), source.open)


@_for(Rearrange)
def _rearrange(value: Rearrange, ask: Ask) -> TensorShape | None:
    parsed = equations.parse_pattern(value.pattern)
    if parsed is None:
        return UNKNOWN
    extents = rearranged(value, parsed[0], ask)
    right = parsed[1]
    cut = next((i + 1 for i, axis in enumerate(right) if "..." in axis), 0)
    axes: list[ExtentOf] = []
    for axis in right[cut:]:
        product: ExtentOf = ONE
        for letter in axis:
            known = ONE if letter == "1" else Monomial.number(int(letter)) if letter.isdigit() else extents.get(letter)
            product = None if product is None or known is None else product * known
        axes.append(product)
    return TensorShape(tuple(axes), bool(cut))


def rearranged(value: Rearrange, left: Sequence[tuple[str, ...]], ask: Ask) -> dict[str, ExtentOf]:
    """Extents by letter on the left side of an einops pattern, with the given sizes and what they imply."""
    known = ask.shape(value.x)
    given = dict(zip(value.letters, value.sizes, strict=True))
    extents: dict[str, ExtentOf] = {name: ask.scalar(size) for name, size in given.items()}
    count = len(left)
    spread_at = next((i for i, axis in enumerate(left) if "..." in axis), count)
    for i, axis in enumerate(left):
        if i == spread_at or known is None:
            continue
        whole = known.axis(i if i < spread_at and not known.open else i - count)
        missing = [letter for letter in axis if extents.get(letter) is None]
        if whole is not None and len(missing) == 1:
            rest: ExtentOf = whole
            for letter in axis:
                other = extents.get(letter)
                rest = rest / other if rest is not None and other is not None else rest
            extents[missing[0]] = rest
    return extents


@_for(Piece)
def _piece(value: Piece, ask: Ask) -> TensorShape | None:
    source, axis = ask.shape(value.x), integer(value.axis, ask)
    if source is None or axis is None:
        return UNKNOWN
    size = ask.scalar(value.size) if value.size is not None else None
    whole, count = source.axis(axis), ask.scalar(value.count) if value.count is not None else None
    if size is None and whole is not None and count is not None:
        size = whole / count
    return source.with_axis(axis, size)


@_for(Select)
def _select(value: Select, ask: Ask) -> TensorShape | None:
    source, axis = ask.shape(value.x), integer(value.axis, ask)
    place = source.index(axis) if source is not None and axis is not None else None
    if source is None or axis is None:
        return UNKNOWN
    if place is None:
        return TensorShape(source.axes, True) if axis == 0 and source.open else UNKNOWN
    return TensorShape((*source.axes[:place], *source.axes[place + 1 :]), source.open)


@_for(Index)
def _index(value: Index, ask: Ask) -> TensorShape | None:
    source = ask.shape(value.x)
    if isinstance(ask.resolve(value.x), Shape):
        return None
    keys = [ask.resolve(k) for k in value.keys]
    simple = all(
        isinstance(k, Slicing) or (isinstance(k, Constant) and (k.value is None or k.value is ... or type(k.value) is int))
        for k in keys
    )
    if source is None or not simple:
        return UNKNOWN
    cut = next((i for i, k in enumerate(keys) if isinstance(k, Constant) and k.value is ...), None)
    if cut is None:
        return _indexed_front(source, keys, ask)
    tail = [k for k in keys[cut + 1 :] if not (isinstance(k, Constant) and k.value is None)]
    kept = len(source.axes) - len(tail)
    if kept < 0:
        return UNKNOWN
    front = _indexed_front(TensorShape(source.axes[:kept], source.open), keys[:cut], ask)
    back = _indexed_front(TensorShape(source.axes[kept:]), keys[cut + 1 :], ask)
    return TensorShape((*front.axes, *back.axes), front.open)


def _indexed_front(source: TensorShape, keys: Sequence[Value], ask: Ask) -> TensorShape:
    if not keys:
        return source
    if source.open:
        return UNKNOWN
    axes: list[ExtentOf] = []
    waiting = list(source.axes)
    for k in keys:
        if isinstance(k, Constant) and k.value is None:
            axes.append(ONE)
        elif not waiting:
            return UNKNOWN
        elif isinstance(k, Slicing):
            axes.append(_sliced(waiting.pop(0), k, ask))
        else:
            waiting.pop(0)
    return TensorShape((*axes, *waiting))


def _sliced(extent: ExtentOf, cut: Slicing, ask: Ask) -> ExtentOf:
    lower, upper, step = (ask.resolve(v) for v in (cut.lower, cut.upper, cut.step))
    none = [isinstance(v, Constant) and v.value is None for v in (lower, upper, step)]
    if all(none):
        return extent
    starts = none[0] or (isinstance(lower, Constant) and lower.value == 0)
    bound = ask.scalar(upper) if starts and none[2] and not none[1] else None
    return bound if bound is not None and bound.coefficient > 0 else None


@_for(Cat)
def _cat(value: Cat, ask: Ask) -> TensorShape | None:
    first, axis = ask.shape(value.items[0]) if value.items else None, integer(value.axis, ask)
    if first is None or axis is None:
        return UNKNOWN
    return first.with_axis(axis, None)


@_for(Stack)
def _stack(value: Stack, ask: Ask) -> TensorShape | None:
    first, axis = ask.shape(value.items[0]) if value.items else None, integer(value.axis, ask)
    if first is None or axis is None:
        return UNKNOWN
    return _inserted(first, axis, Monomial.number(len(value.items)))


def _inserted(source: TensorShape, axis: int, extent: ExtentOf) -> TensorShape:
    place = axis if axis >= 0 else len(source.axes) + 1 + axis
    if place < 0 or (axis >= 0 and source.open) or place > len(source.axes):
        return UNKNOWN
    return TensorShape((*source.axes[:place], extent, *source.axes[place:]), source.open)


@_for(Unsqueeze)
def _unsqueeze(value: Unsqueeze, ask: Ask) -> TensorShape | None:
    source, axis = ask.shape(value.x), integer(value.axis, ask)
    return UNKNOWN if source is None or axis is None else _inserted(source, axis, ONE)


@_for(Squeeze)
def _squeeze(value: Squeeze, ask: Ask) -> TensorShape | None:
    source, axis = ask.shape(value.x), integer(value.axis, ask)
    place = source.index(axis) if source is not None and axis is not None else None
    if source is None or place is None:
        return UNKNOWN
    extent = source.axes[place]
    if extent is None or not extent.is_one:
        return UNKNOWN
    return TensorShape((*source.axes[:place], *source.axes[place + 1 :]), source.open)


@_for(Expand)
def _expand(value: Expand, ask: Ask) -> TensorShape | None:
    wanted, source = sizes(value.sizes, ask), ask.shape(value.x)
    if wanted is None:
        return UNKNOWN
    axes: list[ExtentOf] = []
    for place, size in enumerate(wanted):
        kept = source.axis(place - len(wanted)) if source is not None else None
        axes.append(kept if isinstance(size, int) else size)
    return TensorShape(tuple(axes))


@_for(Repeat)
def _repeat(value: Repeat, ask: Ask) -> TensorShape | None:
    times, source = sizes(value.times, ask), ask.shape(value.x)
    if times is None or source is None:
        return UNKNOWN
    axes: list[ExtentOf] = []
    for place, factor in enumerate(times):
        offset = place - len(times)
        kept = source.axis(offset) if source.index(offset) is not None else (None if source.open else ONE)
        axes.append(kept * factor if kept is not None and isinstance(factor, Monomial) else None)
    return TensorShape(tuple(axes))


@_for(RepeatInterleave)
def _repeat_interleave(value: RepeatInterleave, ask: Ask) -> TensorShape | None:
    source, axis, times = ask.shape(value.x), integer(value.axis, ask), ask.scalar(value.times)
    if source is None or axis is None:
        return UNKNOWN
    old = source.axis(axis)
    return source.with_axis(axis, old * times if old is not None and times is not None else None)


@_for(Reduce)
def _reduce(value: Reduce, ask: Ask) -> TensorShape | None:
    source, axis, kept = ask.shape(value.x), integer(value.axis, ask), ask.resolve(value.keepdim)
    place = source.index(axis) if source is not None and axis is not None else None
    if source is None or place is None or not isinstance(kept, Constant):
        return UNKNOWN
    middle: tuple[ExtentOf, ...] = (ONE,) if kept.value else ()
    return TensorShape((*source.axes[:place], *middle, *source.axes[place + 1 :]), source.open)


@_for(Full, Random)
def _new(value: Full | Random, ask: Ask) -> TensorShape | None:
    like = value.like if isinstance(value, Full) else None
    if value.sizes is None:
        return ask.shape(like) if like is not None else UNKNOWN
    wanted = sizes(value.sizes, ask)
    return UNKNOWN if wanted is None else TensorShape(tuple(None if isinstance(s, int) else s for s in wanted))


@_for(Learned)
def _learned(value: Learned, ask: Ask) -> TensorShape | None:
    return ask.shape(value.initial)


@_for(FromData)
def _data(value: FromData, ask: Ask) -> TensorShape | None:
    data = ask.resolve(value.data)
    return TensorShape(()) if isinstance(data, Constant) else UNKNOWN


@_for(Arange)
def _arange(value: Arange, ask: Ask) -> TensorShape | None:
    return TensorShape((ask.scalar(value.length) if value.length is not None else None,))


@_for(Where)
def _where(value: Where, ask: Ask) -> TensorShape | None:
    parts = [ask.shape(part) for part in (value.condition, value.then, value.otherwise)]
    return broadcast(broadcast(parts[0], parts[1]), parts[2])


@_for(Sdpa)
def _sdpa(value: Sdpa, ask: Ask) -> TensorShape | None:
    query, last = ask.shape(value.query), ask.shape(value.value)
    if query is None or not query.axes:
        return UNKNOWN
    return query.with_axis(-1, last.axis(-1) if last is not None else None)
