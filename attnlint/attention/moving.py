"""Mends that move an operation from one side of the softmax to the other."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from attnlint.attention.spelling import ATOMS, is_argument, is_bracketed, literally, rewritten, written
from attnlint.attention.statements import taken_off
from attnlint.findings import Replacement
from attnlint.graph.values import Attribute, Constant, Instance, Origin, Parameter, Softmax, Value
from attnlint.syntax.walk import holds


def moved_before(
    at: Origin, weights: Origin, softmax: Softmax, spelled: str, mask: Origin, value: Value
) -> tuple[Replacement, ...]:
    """What is done to the weights at ``at`` done to the softmax's argument instead, as ``spelled`` says ({0} is the
    argument, {1} the mask); nothing where the mask is not at hand there, or one of the two stands under a condition.

    ``value`` is what ``mask`` stands for.
    """
    place = softmax.origin
    given = written(place, softmax.x, "input") if place is not None else None
    if place is None or given is None or place.slice is not at.slice or place.frame is not at.frame:
        return ()
    changed = rewritten(given, spelled, given, mask)
    if holds(at.node, place.node):
        before, behind = map(literally, place.slice.around(place.node, given.node))
        return (replace(changed, at=at, text=before + changed.text + behind),) if weights.node is place.node else ()
    if not _is_at_hand(value, at, place) or list(map(id, at.guard)) != list(map(id, place.guard)):
        return ()
    return (taken_off(at, weights), changed)


def _is_at_hand(value: Value, at: Origin, before: Origin) -> bool:
    """Whether a value that is used at ``at`` can be computed at an earlier place."""
    if isinstance(value, Attribute):
        return _is_at_hand(value.base, at, before)
    if isinstance(value, (Parameter, Constant, Instance)):
        return True
    if value.origin is None or value.origin.frame is not at.frame:
        return False
    if holds(at.node, value.origin.node):
        return all(_is_at_hand(operand, at, before) for operand in value.operands())
    return value.origin.slice.span(value.origin.node) < before.slice.span(before.node)


def moved_after(at: Origin, given: Origin, softmax: Origin) -> tuple[Replacement, ...]:
    """The call at ``at``, of which ``given`` is an argument, taken off there and put around the softmax instead."""
    call = at.node
    if at.slice is not softmax.slice or at.frame is not softmax.frame or not isinstance(call, cst.Call):
        return ()
    places = [i for i, arg in enumerate(call.args) if arg.value is given.node]
    if len(places) != 1:
        return ()
    given_arguments = [_argument(at, arg) for arg in call.args]
    before = literally(at.slice.code(call.func)) + "("
    inner = at.slice.code(given.node)

    def around(text: str) -> str:
        arguments = (text if i == places[0] else literally(arg) for i, arg in enumerate(given_arguments))
        return before + ", ".join(arguments) + ")"

    if not holds(softmax.node, call):
        return (taken_off(at, given), Replacement(softmax, around("{0}"), (softmax,)))
    first, last = map(literally, softmax.slice.around(softmax.node, call))
    inner = inner if isinstance(given.node, ATOMS) or is_argument(at) else f"({inner})"
    return (Replacement(softmax, around(first + literally(inner) + last)),)


def _argument(at: Origin, arg: cst.Arg) -> str:
    """An argument as it is written, without its comma."""
    value = at.slice.code(arg.value)
    value = f"({value})" if is_bracketed(replace(at, node=arg.value)) else value
    return f"{arg.keyword.value}={value}" if arg.keyword is not None else arg.star + value
