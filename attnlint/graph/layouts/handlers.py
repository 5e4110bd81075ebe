"""Layouts of operations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from attnlint.graph import equations
from attnlint.graph.domains import Ask
from attnlint.graph.layouts.atoms import Atom, Axis, Layout
from attnlint.graph.layouts.registry import LAYOUTS
from attnlint.graph.layouts.regroup import Crossing, Regrouped, Target, regroup
from attnlint.graph.layouts.source import rest
from attnlint.graph.shapes import ExtentOf, integer
from attnlint.graph.shapes.arguments import is_number, sizes
from attnlint.graph.shapes.layout import rearranged
from attnlint.graph.values import (
    Add,
    Assigned,
    Cast,
    Cat,
    Constant,
    Convolution,
    Divide,
    Dropout,
    Expand,
    Flatten,
    FloorDivide,
    Index,
    Linear,
    MaskedFill,
    Multiply,
    Negate,
    Normalize,
    Permute,
    Piece,
    Pointwise,
    Product,
    Rearrange,
    Reduce,
    Reorder,
    RepeatInterleave,
    ReverseDims,
    Sdpa,
    Select,
    Slicing,
    Softmax,
    Squeeze,
    Subtract,
    Transpose,
    Tri,
    Unflatten,
    Unsqueeze,
    Value,
    View,
    Where,
    literal,
)

# --- what makes features ------------------------------------------------------------------------------------------


@LAYOUTS.of(Linear)
def _linear(value: Linear, ask: Ask) -> Layout | None:
    before = ask.layout(value.x)
    width = ask.scalar(value.out_features)
    atom = Atom(("features", id(value)), "features", width, value)
    features: Axis = () if width is not None and width.is_one else (atom,)
    if before is None:
        return Layout(((rest(value.x),), features), True)
    if before.open and len(before.axes) == 1:
        return Layout((*before.axes, features), True)
    return Layout((*map(_kept, before.axes[:-1]), features), before.open)


def _kept(axis: Axis) -> Axis:
    """An axis that a projection keeps holds positions."""
    return tuple(replace(atom, kind="axis") if atom.kind == "other" else atom for atom in axis)


@LAYOUTS.of(Convolution)
def _convolution(value: Convolution, ask: Ask) -> Layout | None:
    shape = ask.shape(value)
    if shape is None or shape.rank != value.axes + 2:
        return None
    identity = ("convolution", id(value))
    axes: list[Axis] = []
    for place, known in enumerate(shape.axes):
        atom = Atom((identity, place), "features" if place == 1 else "axis", known, value)
        axes.append(() if known is not None and known.is_one else (atom,))
    before = ask.layout(value.x)
    if before is not None and before.rank == shape.rank:
        axes[0] = _kept(before.axes[0])
    return Layout(tuple(axes))


# --- what keeps axes ----------------------------------------------------------------------------------------------


@LAYOUTS.of(MaskedFill, Softmax, Dropout, Cast, Negate, Tri, Assigned, Normalize, Pointwise)
def _same(value: Any, ask: Ask) -> Layout | None:
    return ask.layout(value.x)


@LAYOUTS.of(Add, Subtract, Multiply, Divide, FloorDivide)
def _elementwise(value: Any, ask: Ask) -> Layout | None:
    left, right = ask.layout(value.left), ask.layout(value.right)
    if left is not None and right is not None:
        return _broadcast(left, right)
    known, other = (left, value.right) if left is not None else (right, value.left)
    return known if known is not None and (len(known.axes) > 2 or is_number(other, ask)) else None


@LAYOUTS.of(Where)
def _where(value: Where, ask: Ask) -> Layout | None:
    return _broadcast(ask.layout(value.then), ask.layout(value.otherwise))


def _broadcast(left: Layout | None, right: Layout | None) -> Layout | None:
    """The axes of the side that has more of them; axes of extent one give way."""
    if left is None or right is None:
        return left or right
    if (len(right.axes), left.open) > (len(left.axes), right.open):
        left, right = right, left
    axes = list(left.axes)
    for offset in range(1, len(right.axes) + 1):
        if not axes[-offset] and right.index(-offset) is not None:
            axes[-offset] = right.axes[-offset]
    return Layout(tuple(axes), left.open)


# --- what moves axes ----------------------------------------------------------------------------------------------


@LAYOUTS.of(Transpose)
def _transpose(value: Transpose, ask: Ask) -> Layout | None:
    before, first, second = ask.layout(value.x), integer(value.first, ask), integer(value.second, ask)
    if before is None or first is None or second is None:
        return None
    one, two = before.index(first), before.index(second)
    if one is None or two is None:
        return None
    axes = list(before.axes)
    axes[one], axes[two] = axes[two], axes[one]
    return Layout(tuple(axes), before.open)


@LAYOUTS.of(ReverseDims)
def _reverse(value: ReverseDims, ask: Ask) -> Layout | None:
    before = ask.layout(value.x)
    return None if before is None or before.open else Layout(tuple(reversed(before.axes)))


@LAYOUTS.of(Reorder)
def _reorder(value: Reorder, ask: Ask) -> Layout | None:
    return ask.layout(value.x)


@LAYOUTS.of(Permute)
def _permute(value: Permute, ask: Ask) -> Layout | None:
    before, order = ask.layout(value.x), [integer(axis, ask) for axis in value.order]
    if before is None or before.rank != len(order) or None in order:
        return None
    places = [before.index(axis) for axis in order if axis is not None]
    return None if None in places else Layout(tuple(before.axes[place] for place in places if place is not None))


@LAYOUTS.of(Unsqueeze)
def _unsqueeze(value: Unsqueeze, ask: Ask) -> Layout | None:
    before, axis = ask.layout(value.x), integer(value.axis, ask)
    if before is None or axis is None or (before.open and axis >= 0):
        return None
    place = axis if axis >= 0 else len(before.axes) + 1 + axis
    if place < int(before.open) or place > len(before.axes):
        return None
    return Layout((*before.axes[:place], (), *before.axes[place:]), before.open)


@LAYOUTS.of(Squeeze)
def _squeeze(value: Squeeze, ask: Ask) -> Layout | None:
    before, axis = ask.layout(value.x), integer(value.axis, ask)
    place = before.index(axis) if before is not None and axis is not None else None
    if before is None or place is None or before.axes[place]:
        return None
    return Layout((*before.axes[:place], *before.axes[place + 1 :]), before.open)


@LAYOUTS.of(Expand)
def _expand(value: Expand, ask: Ask) -> Layout | None:
    before, shape = ask.layout(value.x), ask.shape(value)
    if before is None or shape is None or before.rank is None or shape.rank != before.rank:
        return None
    return Layout(
        tuple(axis or _new(value, place, shape.axes[place]) for place, axis in enumerate(before.axes)), before.open
    )


def _new(value: Value, place: int, known: ExtentOf) -> Axis:
    """An axis that begins here."""
    one = known is not None and known.is_one
    return () if one else (Atom(("new", id(value), place), "other", known, value),)


@LAYOUTS.of(RepeatInterleave)
def _repeat_interleave(value: RepeatInterleave, ask: Ask) -> Layout | None:
    before, axis, times = ask.layout(value.x), integer(value.axis, ask), ask.scalar(value.times)
    place = before.index(axis) if before is not None and axis is not None else None
    if before is None or place is None:
        return None
    longer = (*before.axes[place], *_new(value, 0, times))
    return Layout((*before.axes[:place], longer, *before.axes[place + 1 :]), before.open)


# --- what takes apart and joins -----------------------------------------------------------------------------------


@LAYOUTS.of(Piece)
def _piece(value: Piece, ask: Ask) -> Layout | None:
    before, axis, shape = ask.layout(value.x), integer(value.axis, ask), ask.shape(value)
    place = before.index(axis) if before is not None and axis is not None else None
    if before is None or place is None or axis is None:
        return None
    known = shape.axis(axis) if shape is not None else None
    return Layout(
        (*before.axes[:place], _cut(before.axes[place], value, known), *before.axes[place + 1 :]), before.open
    )


def _cut(axis: Axis, value: Value, known: ExtentOf) -> Axis:
    """A part of an axis: of the same kind, but another one."""
    if not axis:
        return ()
    kind = axis[0].kind if len({atom.kind for atom in axis}) == 1 else "other"
    return () if known is not None and known.is_one else (Atom(("part", id(value)), kind, known, value),)


@LAYOUTS.of(Select)
def _select(value: Select, ask: Ask) -> Layout | None:
    before, axis = ask.layout(value.x), integer(value.axis, ask)
    place = before.index(axis) if before is not None and axis is not None else None
    if before is None or place is None:
        return None
    return Layout((*before.axes[:place], *before.axes[place + 1 :]), before.open)


@LAYOUTS.of(Index)
def _index(value: Index, ask: Ask) -> Layout | None:
    before, shape = ask.layout(value.x), ask.shape(value)
    if before is None or before.open or shape is None or shape.open:
        return None
    axes: list[Axis] = []
    keys = [ask.resolve(k) for k in value.keys]
    if any(isinstance(k, Constant) and k.value is ... for k in keys):
        return None
    waiting = list(before.axes)
    for k in keys:
        match k:
            case Constant(value=None):
                axes.append(())
            case Constant(value=int()) if waiting:
                waiting.pop(0)
            case Slicing(lower=low, upper=high) if waiting:
                axis, known = waiting.pop(0), shape.axes[len(axes)] if len(axes) < len(shape.axes) else None
                whole = all(isinstance(ask.resolve(v), Constant) and literal(v) is None for v in (low, high))
                axes.append(axis if whole else _cut(axis, value, known))
            case _:
                return None
    return Layout((*axes, *waiting))


@LAYOUTS.of(Cat)
def _cat(value: Cat, ask: Ask) -> Layout | None:
    layouts = [ask.layout(item) for item in value.items]
    before = next((known for known in reversed(layouts) if known is not None), None)
    axis, shape = integer(value.axis, ask), ask.shape(value)
    place = before.index(axis) if before is not None and axis is not None else None
    if before is None or place is None or axis is None:
        return None
    known = shape.axis(axis) if shape is not None else None
    joined = before.axes[place]
    kind = joined[0].kind if joined else "other"
    axes = (*before.axes[:place], (Atom(("joined", id(value)), kind, known, value),), *before.axes[place + 1 :])
    return Layout(axes, before.open)


@LAYOUTS.of(Reduce)
def _reduce(value: Reduce, ask: Ask) -> Layout | None:
    before, axis = ask.layout(value.x), integer(value.axis, ask)
    place = before.index(axis) if before is not None and axis is not None else None
    if before is None or place is None:
        return None
    middle: tuple[Axis, ...] = ((),) if literal(value.keepdim) is True else ()
    return Layout((*before.axes[:place], *middle, *before.axes[place + 1 :]), before.open)


# --- what regroups ------------------------------------------------------------------------------------------------


def crossing(value: View, ask: Ask) -> Crossing | None:
    """What a view tears apart, None where it keeps axes whole or that is not known."""
    regrouped = _regrouped(value, ask)
    return regrouped.crossing if regrouped is not None else None


@LAYOUTS.of(View)
def _view(value: View, ask: Ask) -> Layout | None:
    regrouped = _regrouped(value, ask)
    return Layout(regrouped.axes) if regrouped is not None else None


def _regrouped(value: View, ask: Ask) -> Regrouped | None:
    before, wanted = ask.layout(value.x), sizes(value.sizes, ask)
    if before is None or wanted is None or None in wanted or wanted.count(-1) > 1:
        return None
    targets: list[Target] = [None if isinstance(size, int) else size for size in wanted]
    return regroup(before.atoms, targets, value)


@LAYOUTS.of(Flatten)
def _flatten(value: Flatten, ask: Ask) -> Layout | None:
    before, start, end = ask.layout(value.x), integer(value.start, ask), integer(value.end, ask)
    if before is None or start is None or end is None:
        return None
    first, last = before.index(start), before.index(end)
    if first is None or last is None or first > last:
        return None
    merged = tuple(atom for axis in before.axes[first : last + 1] for atom in axis)
    return Layout((*before.axes[:first], merged, *before.axes[last + 1 :]), before.open)


@LAYOUTS.of(Unflatten)
def _unflatten(value: Unflatten, ask: Ask) -> Layout | None:
    before, axis, wanted = ask.layout(value.x), integer(value.axis, ask), sizes(value.sizes, ask)
    place = before.index(axis) if before is not None and axis is not None else None
    if before is None or place is None or wanted is None or None in wanted or wanted.count(-1) > 1:
        return None
    parts = regroup(before.axes[place], [None if isinstance(size, int) else size for size in wanted], value)
    if parts is None:
        return None
    return Layout((*before.axes[:place], *parts.axes, *before.axes[place + 1 :]), before.open)


@LAYOUTS.of(Rearrange)
def _rearrange(value: Rearrange, ask: Ask) -> Layout | None:
    parsed, before = equations.parse_pattern(value.pattern), ask.layout(value.x)
    if parsed is None or before is None or value.kind == "reduce":
        return None
    left, right = parsed
    if before.rank != len(left) or any("..." in axis for axis in (*left, *right)):
        return None
    extents = rearranged(value, left, ask)
    letters: dict[str, Axis] = {}
    for group, axis in zip(left, before.axes, strict=True):
        parts = _lettered(group, axis, extents, value)
        if parts is None:
            return None
        letters.update(parts)
    axes: list[Axis] = []
    for place, group in enumerate(right):
        whole: Axis = ()
        for letter in group:
            whole += letters[letter] if letter in letters else _new(value, place, extents.get(letter))
        axes.append(whole)
    return Layout(tuple(axes))


def _lettered(
    group: tuple[str, ...], axis: Axis, extents: dict[str, ExtentOf], value: Rearrange
) -> dict[str, Axis] | None:
    """The atoms that each letter of a group stands for."""
    if len(group) == 1:
        return {group[0]: axis}
    targets: list[Target] = [extents.get(letter) for letter in group]
    if targets.count(None) > 1:
        return None
    parts = regroup(axis, targets, value) if group else None
    return {} if not group else None if parts is None else dict(zip(group, parts.axes, strict=True))


# --- products -----------------------------------------------------------------------------------------------------


@LAYOUTS.of(Product)
def _product(value: Product, ask: Ask) -> Layout | None:
    left, right = ask.layout(value.left), ask.layout(value.right)
    if value.equation is not None:
        return _einsum(value.equation, left, right)
    if left is None or right is None or len(left.axes) < 2 or len(right.axes) < 2:
        return None
    rows, columns = left.axis(-2), right.axis(-1)
    if rows is None or columns is None:
        return None
    batch = _broadcast(
        Layout(left.axes[:-2], left.open and len(left.axes) > 2),
        Layout(right.axes[:-2], right.open and len(right.axes) > 2),
    )
    assert batch is not None
    return Layout((*batch.axes, _apart(rows, "rows"), _apart(columns, "columns")), batch.open)


def _apart(axis: Axis, side: str) -> Axis:
    """The tokens of self-attention stand on two axes of the scores: they are told apart by the side they come from."""
    return tuple(replace(atom, root=(side, atom.root)) if atom.kind == "axis" else atom for atom in axis)


def _einsum(equation: tuple[tuple[str, ...], ...], left: Layout | None, right: Layout | None) -> Layout | None:
    if any("..." in letters for letters in equation):
        return None
    axes: dict[str, Axis] = {}
    for letters, known in zip(equation[:2], (left, right), strict=True):
        if known is None or known.rank != len(letters):
            return None
        axes.update(
            {letter: axis for letter, axis in zip(letters, known.axes, strict=True) if axis or letter not in axes}
        )
    return Layout(tuple(axes[letter] for letter in equation[2])) if all(x in axes for x in equation[2]) else None


@LAYOUTS.of(Sdpa)
def _sdpa(value: Sdpa, ask: Ask) -> Layout | None:
    query, last = ask.layout(value.query), ask.layout(value.value)
    if query is None or len(query.axes) < 2:
        return None
    width = last.axis(-1) if last is not None else None
    return Layout((*query.axes[:-1], width if width is not None else query.axes[-1]), query.open)
