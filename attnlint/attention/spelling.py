"""From values back to the syntax that a report points at and a fix edits."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from attnlint.findings import Replacement
from attnlint.graph.facts import Facts
from attnlint.graph.values import Attribute, Constant, Origin, Parameter, Product, Value
from attnlint.syntax.walk import holds

ATOMS = (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.Integer, cst.Float, cst.SimpleString)
"""Expressions that no operator beside them takes apart."""
_TERMS = (cst.Multiply, cst.MatrixMultiply, cst.Divide)
_NUMBERS = (cst.Integer, cst.Float)


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


def with_keyword(call: Origin, keyword: str, value: str) -> Replacement | None:
    """The replacement that gives a call ``keyword=value``; None where it takes keywords from a dict."""
    node = call.node
    if not isinstance(node, cst.Call) or not node.args or any(arg.star == "**" for arg in node.args):
        return None
    given = argument(call, None, keyword)
    last = replace(call, node=node.args[-1])
    return rewritten(last, f"{{0}}, {keyword}={value}", last) if given is None else Replacement(given, value)


def written(origin: Origin, value: Value, keyword: str | None = None) -> Origin | None:
    """What stands for ``value`` in the call or operation at ``origin``: an argument, the receiver, a side.

    It is told by its syntax, where the value is made right there; else by the ``keyword`` it is given with, or by
    the name that it is bound to. None unless exactly one part of the call stands for it.
    """
    parts = _parts(origin.node)
    found = [part for part in parts if value.origin is not None and part is value.origin.node]
    by_keyword = argument(origin, None, keyword) if keyword is not None else None
    if not found and by_keyword is not None:
        return by_keyword
    name = value.label if isinstance(value, Parameter) else value.name
    if not found and name is not None:
        found = [part for part in parts if isinstance(part, cst.Name) and part.value == name]
    return replace(origin, node=found[0]) if len(found) == 1 else None


def _parts(node: cst.CSTNode) -> list[cst.BaseExpression]:
    if isinstance(node, cst.BinaryOperation):
        return [node.left, node.right]
    if not isinstance(node, cst.Call):
        return []
    receiver = [node.func.value] if isinstance(node.func, cst.Attribute) else []
    return [*receiver, *(arg.value for arg in node.args if not arg.star)]


def filler(origin: Origin, fill: Value, arm: Value | None = None) -> Origin | None:
    """The number that the call or assignment at ``origin`` fills in, as written there.

    ``arm`` is the tensor that holds nothing but this number (``zeros_like(x)``), where it is given as one.
    """
    literal = fill.origin.node if fill.origin is not None else None
    if isinstance(origin.node, cst.Subscript):
        assigned = _assigned(origin)
        return replace(origin, node=assigned) if assigned is not None and assigned is literal else None
    for value in (fill, arm):
        at = written(origin, value) if value is not None else None
        if at is not None and is_argument(at):
            return at
    is_number = isinstance(literal, _NUMBERS) or (
        isinstance(literal, cst.UnaryOperation) and isinstance(literal.expression, _NUMBERS)
    )
    return replace(origin, node=literal) if literal is not None and is_number and holds(origin.node, literal) else None


def _assigned(item: Origin) -> cst.BaseExpression | None:
    """What an item is set to."""
    statement = assignment(item)
    return statement.value if statement is not None else None


def assignment(target: Origin) -> cst.Assign | cst.AnnAssign | None:
    """The statement that sets a target and nothing else."""
    parent = target.slice.parent(target.node)
    if isinstance(parent, cst.AssignTarget):
        statement = target.slice.parent(parent)
        return statement if isinstance(statement, cst.Assign) and len(statement.targets) == 1 else None
    return parent if isinstance(parent, cst.AnnAssign) and parent.target is target.node else None


def is_argument(origin: Origin) -> bool:
    """Whether an expression is all that an argument of a call consists of."""
    return isinstance(origin.slice.parent(origin.node), cst.Arg)


def stands_alone(origin: Origin) -> bool:
    """Whether no operator stands beside an expression: an argument, what is assigned or returned, or bracketed."""
    if is_bracketed(origin):
        return True
    whole = origin.slice.parent(origin.node)
    return isinstance(whole, (cst.Arg, cst.Assign, cst.AnnAssign, cst.AugAssign, cst.Return)) and (
        whole.value is origin.node
    )


def rewritten(at: Origin, text: str, *parts: Origin) -> Replacement:
    """The replacement of an expression by ``text``, with brackets around every part that ``text`` would take apart."""
    return Replacement(at, text.format(*(_part(i, part, at, text) for i, part in enumerate(parts))), parts)


def _part(number: int, part: Origin, at: Origin, text: str) -> str:
    place = f"{{{number}}}"
    node = part.node
    is_torn = is_bracketed(part) and node is not at.node and "\n" in part.slice.code(node)
    leads = text.lstrip("(").startswith((f"{place} / ", f"{place} * "))
    is_term = leads and isinstance(node, cst.BinaryOperation) and isinstance(node.operator, _TERMS)
    before, _, after = text.partition(place)
    is_enclosed = before.endswith(("(", ", ")) and after.startswith((")", ","))
    is_whole = isinstance(node, cst.Arg) or (is_enclosed and not isinstance(node, (cst.Tuple, cst.NamedExpr)))
    is_safe = is_whole or ((isinstance(node, ATOMS) or is_term) and not is_torn)
    return place if is_safe else f"({place})"


def appended(call: Origin, text: str) -> Replacement | None:
    """The replacement that gives a call one more argument, last; None for a call without any, or with ``**x``."""
    node = call.node
    if not isinstance(node, cst.Call) or not node.args or any(arg.star for arg in node.args):
        return None
    last = replace(call, node=node.args[-1])
    return rewritten(last, f"{{0}}, {text}", last)


def operator_changed(at: Origin, operator: str) -> Replacement | None:
    """The replacement of the operator between two operands, and of nothing else."""
    return (
        Replacement(replace(at, node=at.node.operator), operator) if isinstance(at.node, cst.BinaryOperation) else None
    )


def operands(product: Product) -> tuple[Origin, Origin] | None:
    """Both operands of a product as written there, the equation left out; None where they are not told apart."""
    origin = product.origin
    if origin is None:
        return None
    found: list[cst.BaseExpression] = []
    match origin.node:
        case cst.BinaryOperation(left=left, right=right):
            found = [left, right]
        case cst.Call(func=func, args=args) if all(_is_positional(arg) for arg in args):
            given = [arg.value for arg in args if not isinstance(arg.value, (cst.SimpleString, cst.FormattedString))]
            found = [func.value, *given] if isinstance(func, cst.Attribute) and len(given) == 1 else given
    return (replace(origin, node=found[0]), replace(origin, node=found[1])) if len(found) == 2 else None


def contracted_extent(product: Product) -> tuple[str, Origin] | None:
    """The extent that a product sums over, read off its first operand where that is a name or an attribute: a format
    such as ``{}.size(-1)``, and the operand."""
    found = operands(product)
    if found is None or not isinstance(found[0].node, (cst.Name, cst.Attribute)):
        return None
    if product.equation is None:
        return "{}.size(-1)", found[0]
    left, right, result = product.equation
    summed = [letter for letter in left if letter in right and letter not in result]
    if len(summed) != 1 or summed == ["..."]:
        return None
    axis = left.index(summed[0])
    is_counted_back = axis == len(left) - 1 or "..." in left[:axis]
    return f"{{}}.size({axis - len(left) if is_counted_back else axis})", found[0]


def _is_positional(arg: cst.Arg) -> bool:
    return arg.keyword is None and not arg.star and not isinstance(arg.value, (cst.Tuple, cst.List))


def definition_of(scalar: Value, facts: Facts) -> Origin | None:
    """Where a scale is defined: the expression an attribute holds, often in ``__init__``.

    None where it is a literal or comes in as a parameter.
    """
    value = facts.resolve(scalar)
    if isinstance(value, (Parameter, Constant, Attribute)) or value.origin is None:
        return None
    return value.origin


def is_bracketed(origin: Origin) -> bool:
    """Whether an expression stands in parentheses of its own."""
    return bool(getattr(origin.node, "lpar", ()))


def literally(text: str) -> str:
    """Source text as a part of a format."""
    return text.replace("{", "{{").replace("}", "}}")
