"""The outline of a module: its imports, classes, functions and assignments, with the lines they stand on.

``ast`` reads the whole file, but only module bodies, class bodies and the blocks inside them are looked at; what a
function does is the business of whoever asks for its definition.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from attnlint.syntax.limits import MAX_DEPTH
from attnlint.syntax.nesting import nesting
from attnlint.syntax.parser import parse_module
from attnlint.syntax.patterns import MAX_BRACKETS, brackets
from attnlint.syntax.reads import Reads
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceText, line_end, split_lines, unified
from attnlint.syntax.weight import is_heavy

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(eq=False)
class LineRange:
    """Lines from ``first`` to ``last``, 1-based, both included."""

    first: int
    last: int


@dataclass(eq=False)
class Definition:
    """A function or a class and where it stands; its lines begin at the first decorator."""

    name: str
    qualname: str
    kind: Literal["function", "class", "module"]
    lines: LineRange
    outline: ModuleOutline = field(repr=False)
    parent: ClassOutline | None = field(repr=False)
    decorators: tuple[str, ...]
    tree: ast.AST = field(repr=False)

    @property
    def text(self) -> str:
        """The raw text of its lines."""
        self.note()
        return self._text

    @property
    def searched(self) -> str:
        """The text with every line end as ``\n``, for patterns that know of lines."""
        self.note()
        return self._searched

    def note(self) -> None:
        """Tell whoever wants to know that the text is read."""
        if self.outline.reads is not None:
            self.outline.reads.note(self)

    @cached_property
    def _text(self) -> str:
        return self.outline.plain.slice(self.lines.first, self.lines.last)

    @cached_property
    def _searched(self) -> str:
        return unified(self._text)

    @cached_property
    def depth(self) -> int:
        """The deepest nesting of expressions inside; each operator of ``a + b + c`` is one level."""
        return self.nesting_above(0)

    def nesting_above(self, floor: int) -> int:
        """``depth``, or ``floor`` where that is more: told without looking at code too short to nest deeper."""
        if self.length <= floor:
            return floor
        return nesting(self.tree, self.outline.plain.lines, floor, self._blanked)

    @cached_property
    def excess(self) -> str:
        """What of it libcst's parser would not survive, in words; nothing for what may be parsed."""
        self.note()
        text, lines = self._text, self.outline.plain.lines
        depth = self.nesting_above(MAX_DEPTH)
        if depth > MAX_DEPTH:
            return f"nests expressions {depth} deep"
        around = brackets(self.tree, lines, self._blanked) if "match" in text and "case" in text else 0
        if around > MAX_BRACKETS:
            return f"nests patterns {around} deep"
        return "holds too much code in nested brackets" if is_heavy(text) else ""

    @property
    def length(self) -> int:
        """How many characters the text has at most."""
        return len(self.text)

    @property
    def _blanked(self) -> Container[int]:
        """The ids of the definitions inside ``tree`` that ``text`` leaves out."""
        return ()


@dataclass(eq=False)
class ClassOutline(Definition):
    """A class, with what its body defines; of several definitions of one name the last wins."""

    bases: tuple[str, ...]
    methods: dict[str, Definition] = field(default_factory=dict, repr=False)
    classes: dict[str, ClassOutline] = field(default_factory=dict, repr=False)
    assignments: dict[str, list[LineRange]] = field(default_factory=dict, repr=False)

    @property
    def _blanked(self) -> Container[int]:
        return {id(d.tree) for d in (*self.methods.values(), *self.classes.values())}


@dataclass(eq=False)
class _Blank:
    """A definition at module level, blanked in the module's own text."""

    definition: Definition
    in_block: bool


@dataclass(eq=False)
class ModuleBody(Definition):
    """The statements of a module without its definitions, on their own lines."""

    blanks: list[_Blank] = field(default_factory=list, repr=False)

    @cached_property
    def _text(self) -> str:
        """The module with each definition emptied; inside a block ``pass`` takes its place."""
        lines = list(self.outline.plain.lines)
        for blank in self.blanks:
            where = blank.definition.lines
            head = lines[where.first - 1]
            lines[where.first - 1 : where.last] = map(line_end, lines[where.first - 1 : where.last])
            if blank.in_block:
                indent = head[: len(head) - len(head.lstrip(" \t\f"))]
                lines[where.first - 1] = f"{indent}pass{line_end(head)}"
        return "".join(lines)

    @property
    def length(self) -> int:
        """How many characters the text has at most."""
        return len(self.outline.plain.text)

    @property
    def code(self) -> str:
        """``text`` up to its last statement."""
        blanked = self._blanked
        statements = self.tree.body if isinstance(self.tree, ast.Module) else []
        last = max((each.end_lineno or 0 for each in statements if id(each) not in blanked), default=0)
        return "".join(split_lines(self.text)[:last])

    @property
    def _blanked(self) -> Container[int]:
        return {id(blank.definition.tree) for blank in self.blanks}


@dataclass(eq=False)
class ModuleOutline:
    """What a module imports, defines and assigns at its top level, blocks included.

    ``functions`` and ``classes`` hold the last definition of a name; ``alternatives`` holds all of them where a
    function has several, ``versions`` all classes of a name. Overload stubs and property setters are in
    ``definitions()`` alone. An import is left out if a definition takes its name over in any case.
    """

    plain: SourceText
    """The source, for those who answer for what they read of it."""
    plain_body: ModuleBody = field(init=False, repr=False)
    """The module's own statements, for the same."""
    imports: dict[str, str] = field(default_factory=dict)
    star_imports: list[str] = field(default_factory=list)
    functions: dict[str, Definition] = field(default_factory=dict, repr=False)
    alternatives: dict[str, list[Definition]] = field(default_factory=dict, repr=False)
    classes: dict[str, ClassOutline] = field(default_factory=dict, repr=False)
    versions: dict[str, list[ClassOutline]] = field(default_factory=dict, repr=False)
    assignments: dict[str, list[LineRange]] = field(default_factory=dict, repr=False)
    callables: list[Definition] = field(default_factory=list, repr=False)
    every_class: list[ClassOutline] = field(default_factory=list, repr=False)
    reads: Reads | None = field(default=None, init=False, repr=False)
    """Who wants to know what is read."""

    @property
    def source(self) -> SourceText:
        """The whole source."""
        self._note_whole()
        return self.plain

    @property
    def body(self) -> ModuleBody:
        """The module's own statements."""
        self._note_whole()
        return self.plain_body

    def _note_whole(self) -> None:
        if self.reads is not None:
            self.reads.note_whole()

    @contextmanager
    def noting(self) -> Iterator[Reads | None]:
        """Note what is read inside on its own; None if nobody wants to know."""
        outer = self.reads
        self.reads = Reads() if outer is not None else None
        try:
            yield self.reads
        finally:
            self.reads = outer

    def release(self) -> None:
        """Let go of the syntax trees, which the cycles between definitions and module would keep alive."""
        nothing = ast.Pass()
        for definition in (*self.definitions(), *self.all_classes(), self.plain_body):
            definition.tree = nothing

    def all_classes(self) -> Iterator[ClassOutline]:
        """Every class, also inside other classes and those whose name another one took over, in source order."""
        return iter(self.every_class)

    def base(self, name: str, of: ClassOutline) -> ClassOutline | None:
        """The class of this module that a name means where it stands as a base: of several the nearest one above."""
        versions = self.versions.get(name, ())
        above = bisect_left(versions, of.lines.first, key=lambda version: version.lines.first)
        if above:
            return versions[above - 1]
        return next((version for version in reversed(versions) if version is not of), None)

    @property
    def expression_lines(self) -> frozenset[int]:
        """Lines on which an expression statement begins, anywhere in the module."""
        return self._statement_lines[0]

    def begin_of(self, line: int) -> int:
        """The line on which the statement begins that a line is part of; of a compound one, the line itself."""
        return self._statement_lines[1].get(line, line)

    @cached_property
    def _statement_lines(self) -> tuple[frozenset[int], dict[int, int]]:
        """Where expression statements begin; and the first lines of simple statements, by their further ones."""
        expressions, begins = set[int](), dict[int, int]()
        for statement in _statements(self.plain_body.tree):
            if isinstance(statement, ast.Expr):
                expressions.add(statement.lineno)
            if not _blocks_of(type(statement)):
                last = statement.end_lineno or statement.lineno
                begins.update(dict.fromkeys(range(statement.lineno + 1, last + 1), statement.lineno))
        return frozenset(expressions), begins

    def definitions(self) -> Iterator[Definition]:
        """Every function and method, those of nested classes too, in source order."""
        return iter(self.callables)


def outline(source: SourceText) -> ModuleOutline:
    """Index ``source``; code that Python does not parse raises ``SourceError``."""
    return on_big_stack(lambda: _outline(source))


def _outline(source: SourceText) -> ModuleOutline:
    tree = parse_module(source.text)
    module = ModuleOutline(source)
    whole = LineRange(1, max(1, len(source.lines)))
    module.plain_body = ModuleBody("<module>", "<module>", "module", whole, module, None, (), tree)
    _Reader(module).read(tree.body, None, in_block=False)
    return module


def _statements(root: ast.AST) -> Iterator[ast.stmt]:
    """All statements below a node; expressions are not entered."""
    waiting: list[ast.AST] = [root]
    while waiting:
        node = waiting.pop()
        for name in _blocks_of(type(node)):
            waiting.extend(getattr(node, name))
        if isinstance(node, ast.stmt):
            yield node


_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_known_blocks: dict[type[ast.AST], tuple[str, ...]] = {}


def _blocks_of(kind: type[ast.AST]) -> tuple[str, ...]:
    """The fields in which a kind of node holds statements, or what holds some."""
    if kind not in _known_blocks:
        _known_blocks[kind] = tuple(name for name in _BLOCKS if name in kind._fields)
    return _known_blocks[kind]


class _Reader:
    """Fills an outline from the bodies of a module and its classes."""

    def __init__(self, module: ModuleOutline) -> None:
        self.module = module

    def read(self, body: list[ast.stmt], owner: ClassOutline | None, *, in_block: bool) -> None:
        for statement, lines in _with_lines(body):
            if isinstance(statement, _FUNCTION):
                self._blank(self._function(statement, owner), owner, in_block)
            elif isinstance(statement, ast.ClassDef):
                self._blank(self._class(statement, owner), owner, in_block)
            elif isinstance(statement, (ast.Import, ast.ImportFrom)):
                if owner is None:
                    self._import(statement)
            elif isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
                assignments = (owner or self.module).assignments
                for name in _assigned(statement):
                    assignments.setdefault(name, []).append(lines)
            else:
                for block in _blocks(statement):
                    self.read(block, owner, in_block=True)

    def _blank(self, definition: Definition, owner: ClassOutline | None, in_block: bool) -> None:
        if owner is None:
            self.module.plain_body.blanks.append(_Blank(definition, in_block))
            if not in_block:
                self.module.imports.pop(definition.name, None)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, owner: ClassOutline | None) -> Definition:
        decorators = tuple(_dotted(decorator) for decorator in node.decorator_list)
        definition = Definition(
            node.name, _qualname(node.name, owner), "function", self._lines(node), self.module, owner, decorators, node
        )
        self.module.callables.append(definition)
        if not _is_secondary(decorators):
            self._bind(definition, owner)
        return definition

    def _bind(self, function: Definition, owner: ClassOutline | None) -> None:
        if owner is not None:
            owner.methods[function.name] = function
            return
        earlier = self.module.functions.get(function.name)
        if earlier is not None:
            self.module.alternatives.setdefault(function.name, [earlier]).append(function)
        self.module.functions[function.name] = function

    def _class(self, node: ast.ClassDef, owner: ClassOutline | None) -> ClassOutline:
        definition = ClassOutline(
            node.name,
            _qualname(node.name, owner),
            "class",
            self._lines(node),
            self.module,
            owner,
            tuple(_dotted(decorator) for decorator in node.decorator_list),
            node,
            bases=tuple(_dotted_name(base) for base in node.bases),
        )
        (owner or self.module).classes[node.name] = definition
        self.module.every_class.append(definition)
        if owner is None:
            self.module.versions.setdefault(node.name, []).append(definition)
        self.read(node.body, definition, in_block=False)
        return definition

    def _lines(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> LineRange:
        first = node.lineno
        if node.decorator_list:
            first = node.decorator_list[0].lineno
            while first > 1 and not self.module.plain.lines[first - 1].lstrip(" \t\f").startswith("@"):
                first -= 1  # `@(` and `@\` stand above the expression itself
        return LineRange(first, node.end_lineno or node.lineno)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        imports = self.module.imports
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                imports[alias.asname or top] = alias.name if alias.asname else top
            return
        origin = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self.module.star_imports.append(origin)
            else:
                imports[alias.asname or alias.name] = f"{origin}{'.' if node.module else ''}{alias.name}"


def _with_lines(body: list[ast.stmt]) -> Iterator[tuple[ast.stmt, LineRange]]:
    """Each statement with its lines; statements joined by semicolons share one range."""
    lines: LineRange | None = None
    for statement in body:
        last = statement.end_lineno or statement.lineno
        if lines is not None and statement.lineno <= lines.last:
            lines.last = max(lines.last, last)
        else:
            lines = LineRange(statement.lineno, last)
        yield statement, lines


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The blocks directly inside a compound statement, in source order; a chain of ``elif`` is one statement."""
    if isinstance(statement, ast.If):
        yield statement.body
        while len(statement.orelse) == 1 and isinstance(statement.orelse[0], ast.If):
            statement = statement.orelse[0]
            yield statement.body
        yield statement.orelse
        return
    yield getattr(statement, "body", [])
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield part.body
    yield getattr(statement, "orelse", [])
    yield getattr(statement, "finalbody", [])


def _assigned(statement: ast.Assign | ast.AnnAssign | ast.AugAssign) -> Iterator[str]:
    """The names that an assignment binds, those in tuple targets too."""
    if isinstance(statement, ast.AnnAssign) and statement.value is None:
        return
    pending: list[ast.expr] = statement.targets[::-1] if isinstance(statement, ast.Assign) else [statement.target]
    while pending:
        target = pending.pop()
        if isinstance(target, ast.Name):
            yield target.id
        elif isinstance(target, (ast.Tuple, ast.List)):
            pending.extend(reversed(target.elts))
        elif isinstance(target, ast.Starred):
            pending.append(target.value)


def _is_secondary(decorators: tuple[str, ...]) -> bool:
    """Whether a function is an overload stub or a property's setter: not what its name calls."""
    last_parts = {decorator.rpartition(".")[2] for decorator in decorators if "." in decorator}
    return "overload" in decorators or "overload" in last_parts or not last_parts.isdisjoint(("setter", "deleter"))


def _qualname(name: str, owner: ClassOutline | None) -> str:
    return f"{owner.qualname}.{name}" if owner else name


def _dotted(node: ast.expr) -> str:
    """The dotted name of a decorator, call parentheses dropped."""
    while isinstance(node, ast.Call):
        node = node.func
    return _dotted_name(node)


def _dotted_name(node: ast.expr) -> str:
    """``a.b.c`` as text, or nothing for any other expression."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join((node.id, *reversed(parts)))
