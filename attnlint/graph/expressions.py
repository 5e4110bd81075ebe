"""Expressions to values."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import libcst as cst

from attnlint.graph import ops
from attnlint.graph.machine import CallArguments, Machine
from attnlint.graph.scope import Scope
from attnlint.graph.values import (
    Add,
    Compare,
    Constant,
    Divide,
    FloorDivide,
    Function,
    IsNone,
    Items,
    Mapping,
    Modulo,
    Multiply,
    Negate,
    Not,
    Pointwise,
    Power,
    Product,
    Repeating,
    Spread,
    Subtract,
    Value,
    literal,
    strip,
)
from attnlint.syntax.quiet import quietly

_BINARY: dict[type, Callable[[Value, Value], Value]] = {
    cst.Add: Add,
    cst.Subtract: Subtract,
    cst.Multiply: Multiply,
    cst.Divide: Divide,
    cst.FloorDivide: FloorDivide,
    cst.Modulo: Modulo,
    cst.Power: Power,
    cst.MatrixMultiply: Product,
    cst.BitAnd: lambda left, right: Pointwise("and", left, (right,)),
    cst.BitOr: lambda left, right: Pointwise("or", left, (right,)),
    cst.BitXor: lambda left, right: Pointwise("xor", left, (right,)),
}
_AUGMENTED: dict[type, type] = {
    cst.AddAssign: cst.Add,
    cst.SubtractAssign: cst.Subtract,
    cst.MultiplyAssign: cst.Multiply,
    cst.DivideAssign: cst.Divide,
    cst.FloorDivideAssign: cst.FloorDivide,
    cst.PowerAssign: cst.Power,
    cst.MatrixMultiplyAssign: cst.MatrixMultiply,
    cst.BitAndAssign: cst.BitAnd,
    cst.BitOrAssign: cst.BitOr,
}
_COMPARISONS: dict[type, tuple[str, bool]] = {
    cst.Equal: ("==", False),
    cst.NotEqual: ("==", True),
    cst.LessThan: ("<", False),
    cst.LessThanEqual: ("<=", False),
    cst.GreaterThan: (">", False),
    cst.GreaterThanEqual: (">=", False),
    cst.In: ("in", False),
    cst.NotIn: ("in", True),
    cst.Is: ("is", False),
    cst.IsNot: ("is", True),
}
_MAX_CHAIN = 64
"""Comparisons chained in one expression; more are not followed."""
_LITERALS = {"True": True, "False": False, "None": None}

Evaluator: TypeAlias = Callable[[Any, Any], Value]

_ESCAPED = re.compile(r"[\\\r]")
"""What makes the value of a string another than what stands between its quotes."""


class Expressions(Machine):
    """The part of the interpreter that evaluates expressions."""

    def evaluate(self, node: cst.BaseExpression) -> Value:
        """The value of an expression."""
        evaluator = _EVALUATORS.get(type(node))
        if evaluator is None or self.exhausted:
            return self.unknown(node)
        return evaluator(self, node)

    def lookup(self, name: str) -> Value:
        """The value of a name: local, enclosing, of the module, builtin."""
        local = self.scope.lookup(name)
        return local if local is not None else self.global_value(name)

    # -- leaves

    def _name(self, node: cst.Name) -> Value:
        if node.value in _LITERALS:
            return self.made(Constant(_LITERALS[node.value]), node)
        return self.lookup(node.value)

    def _number(self, node: cst.Integer | cst.Float | cst.Imaginary) -> Value:
        text = node.value
        if text.isdecimal():
            return self.made(Constant(int(text)), node)
        if isinstance(node, cst.Float):
            return self.made(Constant(float(text)), node)
        with quietly():
            return self.made(Constant(ast.literal_eval(text)), node)

    def _string(self, node: cst.SimpleString | cst.ConcatenatedString) -> Value:
        if isinstance(node, cst.SimpleString) and not node.prefix and not _ESCAPED.search(node.value):
            return self.made(Constant(node.raw_value), node)
        with quietly():
            value = node.evaluated_value
        return self.unknown(node) if value is None else self.made(Constant(value), node)

    def _formatted(self, node: cst.FormattedString) -> Value:
        text = ""
        for part in node.parts:
            if isinstance(part, cst.FormattedStringText):
                text += part.value
                continue
            assert isinstance(part, cst.FormattedStringExpression)
            inner = strip(self.evaluate(part.expression))
            if not (isinstance(inner, Constant) and isinstance(inner.value, (str, int))):
                return self.unknown(node)
            text += str(inner.value)
        return self.made(Constant(text), node)

    def _ellipsis(self, node: cst.Ellipsis) -> Value:
        return self.made(Constant(...), node)

    # -- operators

    def _binary(self, node: cst.BinaryOperation) -> Value:
        return self.binary(type(node.operator), self.evaluate(node.left), self.evaluate(node.right), node)

    def binary(self, operator: type, left: Value, right: Value, node: cst.CSTNode) -> Value:
        """The value of ``left operator right``."""
        left_items, right_items = strip(left), strip(right)
        if operator is cst.Add and isinstance(left_items, Items) and isinstance(right_items, Items):
            return self.made(Items(left_items.items + right_items.items), node)
        if operator is cst.Add and (isinstance(left_items, Items) or isinstance(right_items, Items)):
            return self.made(Items((*self._spread(left_items, node), *self._spread(right_items, node))), node)
        if operator is cst.Add and isinstance(literal(left), str) and isinstance(literal(right), str):
            return self.made(Constant(literal(left) + literal(right)), node)
        if operator is cst.Multiply and isinstance(left_items, Items):
            return self._repeated(left_items, right_items, node)
        if operator is cst.Multiply and isinstance(right_items, Items):
            return self._repeated(right_items, left_items, node)
        make = _BINARY.get(operator)
        return self.unknown(node, left, right) if make is None else self.made(make(left, right), node)

    def _spread(self, value: Value, node: cst.CSTNode) -> tuple[Value, ...]:
        return value.items if isinstance(value, Items) else (self.made(Spread(value), node),)

    def _repeated(self, items: Items, times: Value, node: cst.CSTNode) -> Value:
        if isinstance(times, Constant) and isinstance(times.value, int) and times.value * len(items.items) <= 16:
            return self.made(Items(items.items * times.value), node)
        if len(items.items) != 1:
            return self.unknown(node, items)
        return self.made(Repeating(items.items[0], same=True), node)

    def _unary(self, node: cst.UnaryOperation) -> Value:
        x = self.evaluate(node.expression)
        if isinstance(node.operator, cst.Minus):
            if ops.is_number(x):
                return self.made(Constant(-literal(x)), node)
            return self.made(Negate(x), node)
        if isinstance(node.operator, (cst.Not, cst.BitInvert)):
            return self.made(Not(x), node)
        return x

    def _boolean(self, node: cst.BooleanOperation) -> Value:
        left = self.evaluate(node.left)
        keeps_left = isinstance(node.operator, cst.Or)
        with self.assuming(Not(left) if keeps_left else left):
            right = self.evaluate(node.right)
        return self.choose(left, left, right, node) if keeps_left else self.choose(left, right, left, node)

    def _comparison(self, node: cst.Comparison) -> Value:
        left = self.evaluate(node.left)
        if len(node.comparisons) > _MAX_CHAIN:
            return self.unknown(node, left)
        result: Value | None = None
        for target in node.comparisons:
            right = self.evaluate(target.comparator)
            one = self._compared(type(target.operator), left, right, node)
            result = one if result is None else self.choose(result, one, result, node)
            left = right
        return result if result is not None else self.unknown(node)

    def _compared(self, operator: type, left: Value, right: Value, node: cst.CSTNode) -> Value:
        spelled, negated = _COMPARISONS[operator]
        nothing = [literal(v) is None for v in (left, right)]
        if spelled in ("is", "==") and any(nothing):
            value: Value = IsNone(left if nothing[1] else right)
        else:
            value = Compare(spelled, left, right)
        value = self.made(value, node)
        return self.made(Not(value), node) if negated else value

    def _conditional(self, node: cst.IfExp) -> Value:
        condition = self.evaluate(node.test)
        with self.assuming(condition):
            then = self.evaluate(node.body)
        with self.assuming(Not(condition)):
            otherwise = self.evaluate(node.orelse)
        return self.choose(condition, then, otherwise, node)

    def _walrus(self, node: cst.NamedExpr) -> Value:
        value = self.evaluate(node.value)
        self.assign(node.target, value)
        return value

    # -- containers

    def _sequence(self, node: cst.Tuple | cst.List | cst.Set) -> Value:
        items: list[Value] = []
        for element in node.elements:
            value = self.evaluate(element.value)
            if isinstance(element, cst.StarredElement):
                items.extend(self.spread_items(value, node))
            else:
                items.append(value)
        return self.made(Items(tuple(items)), node)

    def spread_items(self, value: Value, node: cst.CSTNode) -> tuple[Value, ...]:
        """``*value``: its items, of which some may stand for any number of further ones."""
        known = self.iterate(value)
        if known is not None:
            return known
        inner = strip(value)
        return inner.items if isinstance(inner, Items) else (self.made(Spread(value), node),)

    def _dict(self, node: cst.Dict) -> Value:
        keys: list[str] = []
        items: list[Value] = []
        for element in node.elements:
            value = self.evaluate(element.value)
            if isinstance(element, cst.StarredDictElement):
                inner = strip(value)
                if not isinstance(inner, Mapping):
                    return self.unknown(node, value)
                keys.extend(inner.keys)
                items.extend(inner.items)
                continue
            assert isinstance(element, cst.DictElement)
            key = strip(self.evaluate(element.key))
            if not (isinstance(key, Constant) and isinstance(key.value, str)):
                return self.unknown(node, value)
            keys.append(key.value)
            items.append(value)
        return self.made(Mapping(tuple(keys), tuple(items)), node)

    def _comprehension(self, node: cst.ListComp | cst.GeneratorExp | cst.SetComp) -> Value:
        clause = node.for_in
        source = self.evaluate(clause.iter)
        known = self.iterate(source)
        outer = self.scope
        self.scope = Scope(outer.slice, outer.frame, {}, outer, outer.receiver, outer.owner)
        try:
            if known is None or clause.ifs or clause.inner_for_in is not None or len(known) > 16:
                return self._alike(node, source)
            return self.made(Items(tuple(self._element(node, item) for item in known)), node)
        finally:
            self.scope = outer

    def _element(self, node: cst.ListComp | cst.GeneratorExp | cst.SetComp, item: Value) -> Value:
        self.assign(node.for_in.target, item)
        return self.evaluate(node.elt)

    def _alike(self, node: cst.ListComp | cst.GeneratorExp | cst.SetComp, source: Value) -> Value:
        inner = strip(source)
        clause: cst.CompFor | None = node.for_in
        first = True
        while clause is not None:
            item = inner.item if first and isinstance(inner, Repeating) else self.unknown(node, source)
            self.assign(clause.target, item)
            first = False
            clause = clause.inner_for_in
        return self.made(Repeating(self.evaluate(node.elt)), node)

    def _lambda(self, node: cst.Lambda) -> Value:
        return self.made(Function(self.scope.slice, node, self.scope, defaults=self.defaults(node.params)), node)

    # -- access

    def _attribute(self, node: cst.Attribute) -> Value:
        return self.attribute(self.evaluate(node.value), node.attr.value, node)

    def _subscripted(self, node: cst.Subscript) -> Value:
        return self.subscript(self.evaluate(node.value), self.keys_of(node), node)

    def call_arguments(self, nodes: Sequence[cst.Arg]) -> CallArguments:
        """The arguments of a call as values."""
        positional: list[Value] = []
        keywords: dict[str, Value] = {}
        open_ended = False
        spread: tuple[Value, ...] = ()
        for argument in nodes:
            value = self.evaluate(argument.value)
            if argument.star == "*":
                open_ended = open_ended or self.iterate(value) is None
                positional.extend(self.spread_items(value, argument.value))
            elif argument.star == "**":
                inner = strip(value)
                if isinstance(inner, Mapping):
                    keywords.update(zip(inner.keys, inner.items, strict=True))
                else:
                    open_ended = True
                    spread += (value,)
            elif argument.keyword is not None:
                keywords[argument.keyword.value] = value
            else:
                positional.append(value)
        return CallArguments(tuple(positional), keywords, open_ended, spread)

    def _call(self, node: cst.Call) -> Value:
        function = self.evaluate(node.func)
        return self.call(function, self.call_arguments(node.args), node)

    def _await(self, node: cst.Await) -> Value:
        return self.unknown(node, self.evaluate(node.expression))

    def _yield(self, node: cst.Yield) -> Value:
        self.scope.is_generator = True
        if node.value is not None and isinstance(node.value, cst.BaseExpression):
            self.recorder.kept.append(self.evaluate(node.value))
        return self.unknown(node)


def augmented(operator: cst.BaseAugOp) -> type | None:
    """The binary operator of an augmented assignment."""
    return _AUGMENTED.get(type(operator))


_EVALUATORS: dict[type, Evaluator] = {
    cst.Name: Expressions._name,
    cst.Integer: Expressions._number,
    cst.Float: Expressions._number,
    cst.Imaginary: Expressions._number,
    cst.SimpleString: Expressions._string,
    cst.ConcatenatedString: Expressions._string,
    cst.FormattedString: Expressions._formatted,
    cst.Ellipsis: Expressions._ellipsis,
    cst.BinaryOperation: Expressions._binary,
    cst.UnaryOperation: Expressions._unary,
    cst.BooleanOperation: Expressions._boolean,
    cst.Comparison: Expressions._comparison,
    cst.IfExp: Expressions._conditional,
    cst.NamedExpr: Expressions._walrus,
    cst.Tuple: Expressions._sequence,
    cst.List: Expressions._sequence,
    cst.Set: Expressions._sequence,
    cst.Dict: Expressions._dict,
    cst.ListComp: Expressions._comprehension,
    cst.GeneratorExp: Expressions._comprehension,
    cst.SetComp: Expressions._comprehension,
    cst.Lambda: Expressions._lambda,
    cst.Attribute: Expressions._attribute,
    cst.Subscript: Expressions._subscripted,
    cst.Call: Expressions._call,
    cst.Await: Expressions._await,
    cst.Yield: Expressions._yield,
}
