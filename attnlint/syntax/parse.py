"""Single definitions in libcst, and where their nodes stand in the file.

An indented definition is parsed behind a line ``if 1:``, as it stands: no dedent, so that columns, strings and comments
stay what they are. Trees are shared between definitions with the same text; positions are each definition's own.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from threading import Lock
from typing import cast
from weakref import WeakKeyDictionary, WeakValueDictionary

import libcst as cst

from attnlint.diagnostics import Span
from attnlint.syntax.limits import MAX_DEFINITION, MAX_DEPTH
from attnlint.syntax.nesting import nesting
from attnlint.syntax.outline import Definition, LineRange, ModuleBody, ModuleOutline
from attnlint.syntax.parser import parse_tree
from attnlint.syntax.patterns import MAX_BRACKETS, brackets
from attnlint.syntax.positions import Offsets, node_offsets
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceError, SourceText, line_end, split_lines
from attnlint.syntax.walk import parents_in
from attnlint.syntax.weight import is_heavy

__all__ = ["MAX_DEPTH", "Slice", "TooDeep", "on_big_stack", "parse_definition", "parse_lines"]

_SHARED_TREES = 1024
_PLACE = re.compile(r"error at (\d+):\d+: ")
_LONE_RETURN = re.compile(r"\r(?!\n)")


class TooLong(SourceError):
    """A definition, or a statement, of more characters than ``MAX_DEFINITION``, which was kept from libcst."""

    def __init__(self, line: int, length: int) -> None:
        super().__init__(line, f"{length:,} characters, and at most {MAX_DEFINITION:,} are read at once")


class TooDeep(Exception):
    """A definition that nests deeper than libcst's parser survives, and was kept from it; ``excess`` says how."""

    def __init__(self, definition: Definition, excess: str) -> None:
        super().__init__(definition, excess)
        self.definition = definition

    def __str__(self) -> str:
        return f"{self.definition.qualname} {self.args[1]}"


@dataclass(eq=False)
class Slice:
    """A definition, or a few lines, in libcst; ``node`` is the definition itself, a module for lines."""

    source: SourceText
    first_line: int
    module: cst.Module
    node: cst.FunctionDef | cst.ClassDef | cst.Module
    statements: Sequence[cst.BaseStatement]
    _tree: _Tree = field(repr=False)
    _cut: _Cut = field(repr=False)
    _is_body: bool = False

    @property
    def place(self) -> int:
        """What tells it from others with the same text: its line; nothing for the module's own statements."""
        return 0 if self._is_body else self.first_line

    def span(self, node: cst.CSTNode) -> Span:
        """Where ``node`` stands in the file, without the parentheses around it."""
        start, end = self._offsets(node)
        return Span(*self._place(start), *self._place(end))

    def code(self, node: cst.CSTNode) -> str:
        """The source text of ``node``, without the parentheses around it."""
        start, end = self._offsets(node)
        return self._cut.raw[start:end]

    def around(self, outer: cst.CSTNode, inner: cst.CSTNode) -> tuple[str, str]:
        """The source text of ``outer`` before and behind ``inner``, a node in it."""
        (start, end), (before, behind) = self._offsets(outer), self._offsets(inner)
        return self._cut.raw[start:before], self._cut.raw[behind:end]

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The node that ``node`` stands in; None for the outermost, and for white space and brackets."""
        return self._tree.parents.get(node)

    def _offsets(self, node: cst.CSTNode) -> Offsets:
        start, end = self._tree.offsets(self.first_line)[node]
        return self._cut.raw_start(start), self._cut.raw_end(end)

    def _place(self, offset: int) -> tuple[int, int]:
        starts = self._cut.line_starts
        index = bisect_right(starts, offset) - 1
        return self.first_line + index, offset - starts[index] + 1


def parse_definition(definition: Definition) -> Slice:
    """``definition`` in libcst, parsed once.

    Raises ``TooDeep`` before libcst sees code nested too deeply, ``SourceError`` where libcst cannot parse it.
    """
    definition.note()
    known = _slices.get(definition)
    if known is None:
        known = _slices[definition] = on_big_stack(lambda: _parse_definition(definition))
    return _noted(known, definition.outline)


def parse_lines(outline: ModuleOutline, lines: LineRange) -> Slice:
    """The statements on ``lines`` of a module or class body in libcst; ``TooDeep`` then names the module's body."""
    return _noted(on_big_stack(lambda: _parse_lines(outline, lines)), outline)


def _noted(slice_: Slice, outline: ModuleOutline) -> Slice:
    if outline.reads is not None:
        outline.reads.trees.add(slice_._tree)
    return slice_


_slices: WeakKeyDictionary[Definition, Slice] = WeakKeyDictionary()


def _parse_definition(definition: Definition) -> Slice:
    if definition.excess:
        raise TooDeep(definition, definition.excess)
    first = definition.lines.first
    source = definition.outline.plain
    if isinstance(definition, ModuleBody):
        # libcst loses blank lines before an indented comment at the end of a module: it gets nothing after the code.
        body = _slice(source, first, _cut(definition.code, first, definition.tree, indented=False))
        body._is_body = True
        return body
    cut = _cut(definition.text, first, definition.tree, indented=_is_indented(definition.text))
    parsed = _slice(source, first, cut)
    if len(parsed.statements) != 1 or not isinstance(parsed.statements[0], (cst.FunctionDef, cst.ClassDef)):
        raise SourceError(first, f"{definition.qualname} cannot be told from the code around it")
    parsed.node = parsed.statements[0]
    return parsed


def _parse_lines(outline: ModuleOutline, lines: LineRange) -> Slice:
    text = outline.plain.slice(lines.first, lines.last)
    indented = _is_indented(text)
    try:
        tree = parse_tree(f"if 1:\n{text}" if indented else text)
    except SourceError as error:
        raise SourceError(lines.first, error.reason) from None
    ast.increment_lineno(tree, lines.first - 1 - indented)
    depth, around = nesting(tree, outline.plain.lines, MAX_DEPTH), brackets(tree, outline.plain.lines)
    if depth > MAX_DEPTH or around > MAX_BRACKETS:
        raise TooDeep(outline.plain_body, f"nests {max(depth, around)} deep")
    if is_heavy(text):
        raise SourceError(lines.first, "too much code in nested brackets")
    return _slice(outline.plain, lines.first, _cut(text, lines.first, tree, indented=indented))


def _slice(source: SourceText, first_line: int, cut: _Cut) -> Slice:
    if len(cut.text) > MAX_DEFINITION:
        raise TooLong(first_line, len(cut.text))
    tree = _parse(cut, first_line)
    statements = cast("Sequence[cst.BaseStatement]", tree.module.body)
    if cut.wrapper:
        statements = cast("Sequence[cst.BaseStatement]", cast(cst.If, statements[0]).body.body)
    return Slice(source, first_line, tree.module, tree.module, statements, tree, cut)


# --- the text that libcst is given -----------------------------------------------------------------------------------


@dataclass(eq=False)
class _Cut:
    """Raw lines of a file, and the text libcst is given for them.

    That text is wrapped, has no form feeds before its indents, and a lone carriage return, at which libcst loses
    blank lines, is a line feed in it.

    ``gaps`` are the offsets in ``text`` where characters were left out, ``missing`` how many up to and with each gap.
    """

    raw: str
    text: str
    wrapper: str
    gaps: list[int]
    missing: list[int]

    def raw_start(self, offset: int) -> int:
        """The offset in ``raw`` of what begins at ``offset`` in ``text``."""
        return self._raw(offset, bisect_right(self.gaps, offset))

    def raw_end(self, offset: int) -> int:
        """The offset in ``raw`` of what ends at ``offset`` in ``text``."""
        return self._raw(offset, bisect_left(self.gaps, offset))

    def _raw(self, offset: int, gaps: int) -> int:
        return min(max(0, offset - len(self.wrapper) + (self.missing[gaps - 1] if gaps else 0)), len(self.raw))

    @cached_property
    def line_starts(self) -> list[int]:
        """The offset in ``raw`` where each line begins, and its end."""
        return [0, *accumulate(map(len, split_lines(self.raw)))]


def _cut(raw: str, first_line: int, tree: ast.AST, *, indented: bool) -> _Cut:
    plain = _LONE_RETURN.sub("\n", raw) if "\r" in raw else raw
    wrapper = f"if 1:{line_end(split_lines(plain)[0]) or chr(10)}" if indented else ""
    if "\f" not in raw:
        return _Cut(raw, wrapper + plain, wrapper, [], [])
    strings = _lines_in_strings(tree)
    cut = _Cut(raw, wrapper, wrapper, [], [])
    kept = [wrapper]
    offset, missing = len(wrapper), 0
    for number, line in enumerate(split_lines(plain), first_line):
        skipped = 0 if number in strings else _form_feed_prefix(line)
        if skipped:
            missing += skipped
            cut.gaps.append(offset)
            cut.missing.append(missing)
        kept.append(line[skipped:])
        offset += len(line) - skipped
    cut.text = "".join(kept)
    return cut


def _is_indented(text: str) -> bool:
    return text[_form_feed_prefix(text) :][:1] in (" ", "\t")


def _form_feed_prefix(line: str) -> int:
    """How many characters up to a form feed Python ignores at the start of ``line``: the indent begins after it."""
    return line[: len(line) - len(line.lstrip(" \t\f"))].rfind("\f") + 1


def _lines_in_strings(tree: ast.AST) -> set[int]:
    """The lines that begin inside a string literal."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Constant, ast.JoinedStr)):
            found.update(range(node.lineno + 1, (node.end_lineno or node.lineno) + 1))
    return found


# --- libcst ----------------------------------------------------------------------------------------------------------


class _Tree:
    """What libcst made of a text; shared by every slice with that text."""

    def __init__(self, text: str, module: cst.Module) -> None:
        self.text = text
        self.module = module
        self._found: dict[cst.CSTNode, Offsets] | None = None

    @cached_property
    def parents(self) -> dict[cst.CSTNode, cst.CSTNode]:
        """The node that each node stands in."""
        return parents_in(self.module)

    def offsets(self, line: int) -> dict[cst.CSTNode, Offsets]:
        """The offsets of every node, found on first use; ``line`` is named should libcst have lost some text."""
        if self._found is None:
            code, found = on_big_stack(lambda: node_offsets(self.module))
            if code != self.text:
                raise SourceError(line, "libcst does not reproduce this code, so nothing in it can be placed")
            self._found = found
        return self._found


def _parse(cut: _Cut, first_line: int) -> _Tree:
    """libcst's tree of ``cut``, which begins at ``first_line`` of the file."""
    try:
        return _trees.of(cut.text)
    except cst.ParserSyntaxError as error:
        message = error.message.partition("\n")[0]
        place = _PLACE.search(message)
        line = first_line + (int(place[1]) - 1 - bool(cut.wrapper) if place else 0)
        raise SourceError(max(first_line, line), f"libcst: {_PLACE.sub('', message)}") from None
    except Exception as error:
        raise SourceError(first_line, f"libcst: {type(error).__name__}: {error}") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how a panic of libcst's parser shows; it has no public class
            raise
        raise SourceError(first_line, "libcst: its parser gave up") from None


class _Trees:
    """The trees of texts: those that were wanted last, no more than so many, and those that others hold."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[str, _Tree] = {}
        self._held: WeakValueDictionary[str, _Tree] = WeakValueDictionary()
        self._wanted: set[str] = set()
        self._lock = Lock()

    def of(self, text: str) -> _Tree:
        """The tree of a text, parsed where it is not known."""
        known = self._held.get(text) or _Tree(text, _parsed(text))
        with self._lock:
            tree = self._held.setdefault(text, known)  # another thread may have been quicker
            self._known.pop(text, None)
            self._known[text] = tree
            self._wanted.add(text)
            if len(self._known) > self._most:
                del self._known[next(iter(self._known))]
        return tree

    def forget(self) -> None:
        """Let go of all that nobody wanted since this was called last."""
        with self._lock:
            self._known = {text: tree for text, tree in self._known.items() if text in self._wanted}
            self._wanted.clear()


_trees = _Trees(_SHARED_TREES)


def forget_trees(module: ModuleOutline) -> None:
    """Let go of the trees of a module that nobody asks about any more, but for those that the next version of it may
    want: all that were parsed since this was called last. Nothing frees them as soon as that: they hang on definitions,
    which hang on each other."""
    for definition in (*module.definitions(), *module.all_classes(), module.plain_body):
        _slices.pop(definition, None)
    _trees.forget()


def _parsed(text: str) -> cst.Module:
    with _trusting_the_parser():
        return cst.parse_module(text)


@contextmanager
def _trusting_the_parser() -> Iterator[None]:
    """Leave out libcst's check of every node it constructs: what its parser makes is valid.

    The check takes two fifths of a parse. Nodes made by other threads meanwhile are not checked either; none of this
    package's are made by hand.
    """
    with _parsing:
        checked = cst.CSTNode.__post_init__
        cst.CSTNode.__post_init__ = staticmethod(tuple)  # type: ignore[method-assign,assignment]
        try:
            yield
        finally:
            cst.CSTNode.__post_init__ = checked  # type: ignore[method-assign]


_parsing = Lock()
