"""Other spellings of a module that mean the same: other imports, other names, other whitespace."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count

import libcst as cst

Rewriting = Callable[[str], str]

_OUTSIDE = ("torch", "math", "einops", "numpy")
_NEWLINE = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace("  "))


def own(text: str) -> str:
    """The text as it is."""
    return text


# Imports


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names that the module imports from libraries, each with its full path."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _of_libraries(text: str) -> dict[str, str]:
    return {name: path for name, path in _imports(ast.parse(text)) if path.split(".")[0] in _OUTSIDE}


class _Imports(cst.CSTTransformer):
    """Replaces the library imports by ``lines`` and reads of what they bound by ``reads`` and ``members``."""

    def __init__(self, lines: Iterable[str], reads: Mapping[str, str], members: Mapping[tuple[str, str], str]) -> None:
        self._lines, self._reads, self._members = list(lines), reads, members

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        return not isinstance(node.value, cst.Name) or (node.value.value, node.attr.value) not in self._members

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        if isinstance(original_node.value, cst.Name):
            member = self._members.get((original_node.value.value, original_node.attr.value))
            if member is not None:
                return cst.parse_expression(member)
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return cst.parse_expression(self._reads.get(updated_node.value, updated_node.value))

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.SimpleStatementLine] | cst.RemovalSentinel:
        statement = original_node.body[0]
        if not isinstance(statement, (cst.Import, cst.ImportFrom)):
            return updated_node
        bound = _imports(ast.parse(cst.Module([original_node]).code))
        if not any(path.split(".")[0] in _OUTSIDE for _, path in bound):
            return updated_node
        lines, self._lines = self._lines, []
        parsed = (cst.parse_statement(line) for line in lines)
        return cst.FlattenSentinel([line for line in parsed if isinstance(line, cst.SimpleStatementLine)])


def _import(path: str, name: str) -> str:
    home, _, member = path.rpartition(".")
    return f"from {home} import {member} as {name}" if home else f"import {path} as {name}"


def aliased_imports(text: str) -> str:
    """``from torch.nn import functional as F_``: every import bound to another name."""
    known = _of_libraries(text)
    lines = [_import(path, f"{name}_") for name, path in known.items()]
    return cst.parse_module(text).visit(_Imports(lines, {name: f"{name}_" for name in known}, {})).code


def full_paths(text: str) -> str:
    """``torch.nn.functional.softmax``: packages imported, everything read by its full path."""
    known = _of_libraries(text)
    packages = dict.fromkeys(["torch.nn.functional", *(path.split(".")[0] for path in known.values())])
    return cst.parse_module(text).visit(_Imports((f"import {name}" for name in packages), known, {})).code


def imported_members(text: str) -> str:
    """``from torch.nn.functional import softmax as softmax_F``: members of modules imported one by one."""
    known = _of_libraries(text)
    modules = {name: path for name, path in known.items() if name in ("torch", "F", "nn", "math", "einops")}
    members = {
        (node.value.id, node.attr): f"{node.attr}_{node.value.id}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
    }
    lines = [f"from {modules[base]} import {member} as {name}" for (base, member), name in members.items()]
    return cst.parse_module(text).visit(_Imports([_import(p, n) for n, p in known.items()] + lines, {}, members)).code


# Names


class _Names(ast.NodeVisitor):
    """The module's own names: of locals and parameters, of attributes, of functions, and which attributes are
    instances of its own classes."""

    def __init__(self) -> None:
        self.locals: dict[str, None] = {}
        self.attributes: dict[str, None] = {}
        self.callables: set[str] = set()
        self.global_names: set[str] = set()
        self.telling: set[str] = set()
        """Parameters that are never read: nothing but the name says what they are."""
        self._functions = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.callables.add(node.name)
        if not self._functions:
            self.global_names.add(node.name)
        read = {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
        arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        self.telling.update(argument.arg for argument in arguments if argument.arg not in read)
        self._functions += 1
        self.generic_visit(node)
        self._functions -= 1

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._functions += 1
        self.generic_visit(node)
        self._functions -= 1

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.callables.add(node.name)
        self.global_names.add(node.name)
        self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> None:
        self.locals[node.arg] = None
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            if self._functions:
                self.locals[node.id] = None
            else:
                self.global_names.add(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id == "self":
            self.attributes[node.attr] = None
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        made = node.value.func if isinstance(node.value, ast.Call) else None
        if isinstance(made, ast.Name) and made.id in self.callables and isinstance(node.targets[0], ast.Attribute):
            self.callables.add(node.targets[0].attr)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        match node:
            case ast.Call(
                func=ast.Attribute(attr="register_buffer" | "register_parameter"), args=[ast.Constant(name), *_]
            ):
                self.attributes[str(name)] = None
        self.generic_visit(node)


class _Renamed(cst.CSTTransformer):
    """Renames locals, parameters and attributes; keywords of calls that are not the module's own stay."""

    def __init__(self, names: _Names, outside: Iterable[str]) -> None:
        fixed = {"self", "cls", *names.telling, *names.global_names, *outside}
        fresh = count()
        self._locals = {name: f"v{next(fresh)}" for name in names.locals if name not in fixed}
        self._attributes = {name: f"w{next(fresh)}" for name in names.attributes}
        self._callables = names.callables
        self._functions = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._functions += 1

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        self._functions -= 1
        return updated_node.with_changes(name=original_node.name)

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.Attribute:
        base, attr = original_node.value, original_node.attr.value
        of_self = isinstance(base, cst.Name) and base.value == "self"
        return updated_node.with_changes(attr=cst.Name(self._attributes.get(attr, attr) if of_self else attr))

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        known = self._locals if self._functions else {}
        return updated_node.with_changes(value=known.get(updated_node.value, updated_node.value))

    def leave_AnnAssign(self, original_node: cst.AnnAssign, updated_node: cst.AnnAssign) -> cst.AnnAssign:
        target = original_node.target
        if not self._functions and isinstance(target, cst.Name):
            return updated_node.with_changes(target=cst.Name(self._attributes.get(target.value, target.value)))
        return updated_node

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        func = original_node.func
        callee = func.attr if isinstance(func, cst.Attribute) else func
        name = callee.value if isinstance(callee, cst.Name) else ""
        args = [
            after if name in self._callables else after.with_changes(keyword=before.keyword)
            for before, after in zip(original_node.args, updated_node.args, strict=True)
        ]
        if name in ("register_buffer", "register_parameter", "getattr", "setattr"):
            args = [arg.with_changes(value=self._quoted(arg.value)) for arg in args]
        return updated_node.with_changes(args=args)

    def _quoted(self, node: cst.BaseExpression) -> cst.BaseExpression:
        name = node.evaluated_value if isinstance(node, cst.SimpleString) else None
        return cst.SimpleString(repr(self._attributes[name])) if name in self._attributes else node


def renamed(text: str) -> str:
    """Locals and parameters become ``v0``, ``v1`` …, attributes ``w7`` …, each by itself; parameters that are never
    read keep their names."""
    names, tree = _Names(), ast.parse(text)
    names.visit(tree)
    imported = [name for name, _ in _imports(tree)]
    return cst.parse_module(text).visit(_Renamed(names, imported)).code


# Whitespace


class _Spread(cst.CSTTransformer):
    """Every argument on a line of its own, every sum and product in brackets over two lines."""

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        if not updated_node.args:
            return updated_node
        comma = cst.Comma(whitespace_after=_NEWLINE)
        args = [arg.with_changes(comma=comma) for arg in updated_node.args[:-1]]
        return updated_node.with_changes(whitespace_before_args=_NEWLINE, args=[*args, updated_node.args[-1]])

    def leave_BinaryOperation(
        self, original_node: cst.BinaryOperation, updated_node: cst.BinaryOperation
    ) -> cst.BinaryOperation:
        if isinstance(updated_node.operator, (cst.Power, cst.BitOr)) or not updated_node.lpar:
            return updated_node
        operator = updated_node.operator.with_changes(whitespace_before=_NEWLINE)
        return updated_node.with_changes(operator=operator)


class _Cramped(cst.CSTTransformer):
    """No blank that the grammar does not ask for around operators, commas and keywords' equal signs."""

    def leave_BinaryOperation(
        self, original_node: cst.BinaryOperation, updated_node: cst.BinaryOperation
    ) -> cst.BinaryOperation:
        nothing = cst.SimpleWhitespace("")
        operator = updated_node.operator.with_changes(whitespace_before=nothing, whitespace_after=nothing)
        return updated_node.with_changes(operator=operator)

    def leave_Comma(self, original_node: cst.Comma, updated_node: cst.Comma) -> cst.Comma:
        return updated_node.with_changes(whitespace_after=cst.SimpleWhitespace(""))


def spread(text: str) -> str:
    """Calls over many lines."""
    return cst.parse_module(text).visit(_Spread()).code


def cramped(text: str) -> str:
    """No blanks around operators."""
    return cst.parse_module(text).visit(_Cramped()).code


def tabs(text: str) -> str:
    """Indented by tabs."""
    return cst.parse_module(text).with_changes(default_indent="\t").code


# Softmax


class _Sigmoid(cst.CSTTransformer):
    """``softmax(x, dim)`` becomes ``sigmoid(x)`` in every spelling."""

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        func = updated_node.func
        if not isinstance(func, cst.Attribute) or func.attr.value not in ("softmax", "Softmax"):
            return updated_node
        name = "Sigmoid" if func.attr.value == "Softmax" else "sigmoid"
        on_module = isinstance(func.value, cst.Name) and func.value.value in ("F", "torch", "special")
        args = [updated_node.args[0].with_changes(comma=cst.MaybeSentinel.DEFAULT)] if on_module else []
        return updated_node.with_changes(func=func.with_changes(attr=cst.Name(name)), args=args)


def sigmoid_for_softmax(text: str) -> str:
    """What is no attention any more, although nothing else changed."""
    return cst.parse_module(text).visit(_Sigmoid()).code
