"""The ``with`` statements and decorators under which code runs."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from attnlint.graph.values import Origin

_UNTRACKED = ("no_grad", "inference_mode", "set_grad_enabled")
_CASTING = ("autocast", "custom_fwd")


def is_untracked(at: Origin) -> bool:
    """Whether a place stands under ``torch.no_grad()``, or where gradients are switched."""
    return any(called(context) in _UNTRACKED for context in contexts(at))


def is_autocast(at: Origin) -> bool:
    """Whether a place stands under ``torch.autocast``, in which dtypes are not what casts say."""
    return any(called(context) in _CASTING and not _is_disabled(context) for context in contexts(at))


def _is_disabled(context: cst.BaseExpression) -> bool:
    """``torch.autocast("cuda", enabled=False)``."""
    given = context.args if isinstance(context, cst.Call) else ()
    return any(
        argument.keyword is not None
        and argument.keyword.value == "enabled"
        and isinstance(argument.value, cst.Name)
        and argument.value.value == "False"
        for argument in given
    )


def contexts(at: Origin) -> Iterator[cst.BaseExpression]:
    """What stands around a place, and around each call on the way to it."""
    place: Origin | None = at
    while place is not None:
        definition = place.slice.node
        if isinstance(definition, cst.FunctionDef):
            yield from (item.decorator for item in definition.decorators)
        for inner, outer in surroundings(place):
            if isinstance(outer, cst.With) and inner is outer.body:
                yield from (item.item for item in outer.items)
        place = place.frame.call if place.frame is not None else None


def surroundings(at: Origin) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """The nodes around a place, from the inside out, each with the node in it that holds the place."""
    inner, outer = at.node, at.slice.parent(at.node)
    while outer is not None:
        yield inner, outer
        inner, outer = outer, at.slice.parent(outer)


def called(node: cst.BaseExpression) -> str | None:
    """The last part of what is called or named."""
    if isinstance(node, cst.Call):
        node = node.func
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else None
