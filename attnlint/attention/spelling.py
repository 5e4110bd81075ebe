"""From values back to the syntax that a report points at and a fix edits."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from attnlint.graph.facts import Facts
from attnlint.graph.values import Attribute, Constant, Origin, Parameter, Product, Value, strip


def argument(origin: Origin, position: int | None, keyword: str) -> Origin | None:
    """The argument of the call at ``origin``, by keyword or else by position."""
    if not isinstance(origin.node, cst.Call):
        return None
    for arg in origin.node.args:
        if arg.keyword is not None and arg.keyword.value == keyword:
            return replace(origin, node=arg.value)
    plain = [arg for arg in origin.node.args if arg.keyword is None and not arg.star]
    if position is not None and len(plain) > position and not any(arg.star for arg in origin.node.args):
        return replace(origin, node=plain[position].value)
    return None


def left_operand(product: Product) -> Origin | None:
    """The first operand of a product as written at the product, where it is a name or an attribute."""
    origin = product.origin
    if origin is None or product.equation is not None:
        return None
    node = origin.node
    written: cst.CSTNode | None = None
    if isinstance(node, cst.BinaryOperation):
        written = node.left
    elif isinstance(node, cst.Call) and len(node.args) == 2:
        written = node.args[0].value
    elif isinstance(node, cst.Call) and len(node.args) == 1 and isinstance(node.func, cst.Attribute):
        written = node.func.value
    return replace(origin, node=written) if isinstance(written, (cst.Name, cst.Attribute)) else None


def definition_of(scalar: Value, facts: Facts) -> Origin | None:
    """Where a scale is defined: the expression an attribute holds, often in ``__init__``.

    None where it is a literal or comes in as a parameter.
    """
    value = facts.resolve(scalar)
    if isinstance(value, (Parameter, Constant, Attribute)) or value.origin is None:
        return None
    return value.origin


def read_of(value: Value) -> Origin | None:
    """Where a value is read in the code that uses it: the attribute read, else where it was made."""
    return value.origin if value.origin is not None else strip(value).origin


def is_bracketed(origin: Origin) -> bool:
    """Whether an expression stands in parentheses of its own."""
    return bool(getattr(origin.node, "lpar", ()))
