"""Definitions in libcst: round trips, positions in the file, hostile input."""

from __future__ import annotations

import argparse
import ast
import asyncio.base_events
import contextlib
import dataclasses
import inspect
import re
import sys
import threading
import time
import typing
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import libcst as cst
import pytest
from depths import MANY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from libcst.metadata import MetadataWrapper, PositionProvider

from attnlint.diagnostics import Span
from attnlint.syntax.outline import ClassOutline, Definition, LineRange, ModuleBody, ModuleOutline, outline
from attnlint.syntax.parse import MAX_DEPTH, Slice, TooDeep, on_big_stack, parse_definition, parse_lines
from attnlint.syntax.text import SourceError, SourceText

REAL = [argparse, asyncio.base_events, dataclasses, inspect, typing]

AWKWARD = '''\
class Outer(nn.Module):
    """Doc
at column 0, "😀".
    """
# a comment at column 0

    @first  # why
    # between
    @second(1,
        2)
    async def attend(self, q, k):  # 😀
        s = """
    deep
at column 0
"""; t = '😀' + f(q @ k)
        if s:
            async with x as y:
                pass
# the end
        def nested(a, b=(q)):
            return (((a)))
        return [
  q,
        ]

    class Inner:
        def method(self): return self.x
'''


def outlined(text: str) -> ModuleOutline:
    return outline(SourceText.from_text("module.py", text))


def everything(module: ModuleOutline) -> Iterator[Definition]:
    yield module.body
    yield from module.definitions()
    pending = list(module.classes.values())
    while pending:
        each: ClassOutline = pending.pop()
        yield each
        pending += each.classes.values()


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    pending = [node]
    while pending:
        each = pending.pop()
        yield each
        pending += each.children


def find(parsed: Slice, code: str) -> cst.CSTNode:
    return next(
        node for node in walk(parsed.node) if parsed.code(node) == code and isinstance(node, cst.BaseExpression)
    )


def variants(text: str) -> dict[str, str]:
    return {
        "lf": text,
        "crlf": text.replace("\n", "\r\n"),
        "cr": text.replace("\n", "\r"),
        "tabs": text.replace("    ", "\t"),
        "no newline at the end": text.rstrip("\n"),
    }


def check(module: ModuleOutline) -> None:
    """Every definition comes back as it was, and every node covers its own text in the file."""
    for definition in everything(module):
        parsed = parse_definition(definition)
        assert parsed.first_line == definition.lines.first
        text = definition.code if isinstance(definition, ModuleBody) else definition.text
        assert parsed.code(parsed.module).lstrip(" \t\f") == text.lstrip(" \t\f")
        if "\f" not in text and not re.search(r"\r(?!\n)", text):
            assert parsed.module.code.endswith(text)
        for node in walk(parsed.node):
            if isinstance(node, cst.Name):
                span = parsed.span(node)
                assert parsed.code(node) == node.value
                assert module.source.extract(span) == node.value


@pytest.mark.parametrize("text", variants(AWKWARD).values(), ids=list(variants(AWKWARD)))
def test_awkward_code_round_trips(text: str) -> None:
    module = outlined(text)
    check(module)
    attend = module.classes["Outer"].methods["attend"]
    parsed = parse_definition(attend)
    assert isinstance(parsed.node, cst.FunctionDef)
    assert parsed.node.asynchronous
    product = find(parsed, "q @ k")
    line = next(number for number, line in enumerate(module.source.lines, 1) if "q @ k" in line)
    column = module.source.lines[line - 1].index("q @ k") + 1
    assert parsed.span(product) == Span(line, column, line, column + 5)
    assert {definition.name for definition in module.definitions()} == {"attend", "method"}


@pytest.mark.parametrize("real", REAL, ids=lambda module: module.__name__)
def test_real_code_round_trips(real: ModuleType) -> None:
    check(outline(SourceText.from_bytes("real.py", Path(real.__file__ or "").read_bytes())))


def test_positions_are_those_of_libcst() -> None:
    text = Path(dataclasses.__file__).read_text(encoding="utf-8")
    for definition in outlined(text).definitions():
        parsed = parse_definition(definition)
        offset = definition.lines.first - 1 - (parsed.module.body[0] is not parsed.node)
        found = MetadataWrapper(parsed.module, unsafe_skip_copy=True).resolve(PositionProvider)
        for node in walk(parsed.node):
            start, end = found[node].start, found[node].end
            span = Span(start.line + offset, start.column + 1, end.line + offset, end.column + 1)
            assert parsed.span(node) == span or not parsed.code(node)


def test_parentheses_are_not_part_of_a_node() -> None:
    parsed = parse_definition(outlined("def f():\n    return (((a)))\n").functions["f"])
    assert parsed.span(find(parsed, "a")) == Span(2, 15, 2, 16)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_form_feeds_before_code(end: str) -> None:
    text = (
        "import x\n\f\nclass A:\n\f    def f(self):\n        a = 1\n \f        b = 'é'; s = '''\n\f  in'''\n"
        "\f# c\n\n\f        return (a,\n\f b)\n\fdef g(): return 1\n  \fx = 1\n\f    # end"
    ).replace("\n", end)
    module = outlined(text)
    method = module.classes["A"].methods["f"]
    check(module)
    parsed = parse_definition(method)
    strings = [node.value for node in walk(parsed.node) if isinstance(node, cst.SimpleString)]
    inner = "\n" if end == "\r" else end
    assert sorted(strings) == [f"'''{inner}\f  in'''", "'é'"]
    assert parsed.span(find(parsed, "'é'")) == Span(6, 15, 6, 18)
    assert parsed.span(parsed.node).line == 4
    assert module.source.extract(parsed.span(parsed.node)) == parsed.code(parsed.node)
    assert parse_lines(module, module.assignments["x"][0]).code(parse_lines(module, LineRange(13, 13)).statements[0])


def test_latin_1_and_byte_order_mark() -> None:
    for data in (
        "# coding: latin-1\ndef f(): return 'é', x\n".encode("latin-1"),
        "\ufeff\ndef f(): return 'é', x\n".encode(),
    ):
        module = outline(SourceText.from_bytes("a.py", data))
        parsed = parse_definition(module.functions["f"])
        assert parsed.span(find(parsed, "x")) == Span(2, 22, 2, 23)


def test_columns_count_code_points() -> None:
    module = outlined("class A:\n    def f(self): return '😀👨‍👩‍👧', x\n")
    parsed = parse_definition(module.classes["A"].methods["f"])
    assert module.source.extract(parsed.span(find(parsed, "x"))) == "x"
    assert parsed.span(find(parsed, "x")).column == module.source.lines[1].index("x") + 1


def test_equal_texts_share_a_tree_but_not_their_places() -> None:
    module = outlined("def f():\n    return x\nif y:\n    pass\ndef f():\n    return x\n")
    first, second = map(parse_definition, module.alternatives["f"])
    assert first.node is second.node
    assert parse_definition(module.functions["f"]) is second
    x = find(first, "x")
    assert (first.span(x).line, second.span(x).line) == (2, 6)


def test_lines_at_module_and_class_level() -> None:
    module = outlined("class A:\r\n    size: int = 4; b = (\r\n 1)\r\nif x:\r\n    a = [1,\r\n2]\r\n")
    size = parse_lines(module, module.classes["A"].assignments["b"][0])
    assert len(size.statements) == 1
    assert isinstance(size.statements[0], cst.SimpleStatementLine)
    assert len(size.statements[0].body) == 2
    assert size.code(size.statements[0].body[0]) == "size: int = 4"
    a = parse_lines(module, module.assignments["a"][0])
    assert a.node is a.module
    assert a.module.default_newline == "\r\n"
    assert a.span(a.statements[0]) == Span(5, 5, 6, 3)


@pytest.mark.parametrize(
    "text", ["if a: x = 1\nelse: x = 2\n", "try: x = 1\nfinally: pass\n", "if (a and\n b): x = 1\n"]
)
def test_lines_that_cannot_be_cut_out_are_refused(text: str) -> None:
    module = outlined(text)
    with pytest.raises(SourceError) as caught:
        parse_lines(module, module.assignments["x"][-1 if "else" in text else 0])
    assert caught.value.line is not None


def test_one_liners() -> None:
    module = outlined("class A: x = 1; y = 2\nfor i in a: z = i\n@d\nclass B(A): pass;\n\\\ndef f(): pass\n")
    for name in ("A", "B"):
        assert isinstance(parse_definition(module.classes[name]).node, cst.ClassDef)
    assert isinstance(parse_definition(module.functions["f"]).node, cst.FunctionDef)
    assert parse_lines(module, module.classes["A"].assignments["y"][0]).statements
    assert parse_lines(module, module.assignments["z"][0]).statements


def test_many_chained_terms_never_reach_libcst(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = " + ".join(["a"] * MANY)
    module = outlined(
        f"def ok(): return 1\ndef deep():\n    return {chain}\nclass A:\n    x = {chain}\n    def ok(self): return 2\n"
    )
    seen: list[str] = []
    parse = cst.parse_module

    def watched(text: str) -> cst.Module:
        seen.append(text)
        return parse(text)

    monkeypatch.setattr(cst, "parse_module", watched)
    with pytest.raises(TooDeep) as caught:
        parse_definition(module.functions["deep"])
    assert caught.value.definition is module.functions["deep"]
    assert str(MANY) in str(caught.value)
    for hostile in (module.classes["A"], module.functions["deep"]):
        with pytest.raises(TooDeep):
            parse_definition(hostile)
    with pytest.raises(TooDeep) as caught:
        parse_lines(module, module.classes["A"].assignments["x"][0])
    assert caught.value.definition is module.body
    for fine in (module.functions["ok"], module.classes["A"].methods["ok"], module.body):
        parse_definition(fine)
    assert all(len(text) < 1000 for text in seen)


@pytest.mark.parametrize(("left", "right"), [("(", ")"), ("[", "]"), ("f(", ")"), ("a[", "]"), ("{1:", "}")])
def test_180_brackets_parse(left: str, right: str) -> None:
    module = outlined(f"class A:\n    def f(self):\n        return {left * 180}x{right * 180}\n")
    parsed = parse_definition(module.classes["A"].methods["f"])
    assert parsed.span(find(parsed, "x")).column == 16 + 180 * len(left)


@pytest.mark.parametrize("joiner", [" + ", " and ", ".", " if c else ", "() + -"])
def test_just_below_the_limit_parses(joiner: str) -> None:
    module = outlined(f"def f():\n    return {joiner.join(['a'] * (MAX_DEPTH // 2 - 10))}\n")
    began = time.monotonic()
    parsed = parse_definition(module.functions["f"])
    assert parsed.span(parsed.node).end_line == 2
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "tail", ["\n\n    # c\n", "\n\n    \n", "def f(): pass\n\n\n   # c\n\n#", "if x:\n  def f(): pass\n\n    # c"]
)
def test_what_follows_the_last_statement_does_no_harm(tail: str) -> None:
    module = outlined("x = 1\n" + tail)
    check(module)
    assert len(module.body.text.splitlines()) == len(module.source.lines)
    check(outlined(tail))


@pytest.mark.parametrize(
    ("message", "line", "reason"),
    [
        ("parser error: error at 3:8: expected x\nmore", 5, "libcst: parser error: expected x"),
        (
            "tokenizer error: no matching outer block for dedent",
            4,
            "libcst: tokenizer error: no matching outer block for dedent",
        ),
    ],
)
def test_what_libcst_refuses_is_a_source_error(
    message: str, line: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = outlined(f"x = 1\n\nclass A:\n    def refused():\n        return {message!r}\n")

    def refuse(text: str) -> cst.Module:
        raise cst.ParserSyntaxError(message, lines=text.splitlines(), raw_line=1, raw_column=0)

    monkeypatch.setattr(cst, "parse_module", refuse)
    with pytest.raises(SourceError) as caught:
        parse_definition(module.classes["A"].methods["refused"])
    assert (caught.value.line, caught.value.reason) == (line, reason)


def test_real_refusals_name_the_line() -> None:
    module = outlined("def f():\n    pass\n\nclass A:\n    x = 1\n\n    (y): int = 1\n")
    with pytest.raises(SourceError) as caught:
        parse_definition(module.classes["A"])
    assert caught.value.line in (4, 7)
    with pytest.raises(SourceError) as caught:
        parse_lines(module, LineRange(7, 7))
    assert caught.value.line == 7


def test_a_big_stack_returns_raises_and_nests() -> None:
    def depth(n: int) -> int:
        return n and 1 + depth(n - 1)

    limit, size = sys.getrecursionlimit(), threading.stack_size()
    assert on_big_stack(lambda: depth(50_000)) == 50_000
    assert on_big_stack(lambda: on_big_stack(threading.current_thread) is threading.current_thread())
    with pytest.raises(KeyError):
        on_big_stack(lambda: {"y": 1}["x"])
    assert (sys.getrecursionlimit(), threading.stack_size()) == (limit, size)


def test_a_smaller_stack_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    granted = threading.stack_size

    def stingy(size: int = 0) -> int:
        if size > 1 << 26:
            raise ValueError("too big")
        return granted(size)

    monkeypatch.setattr(threading, "stack_size", stingy)
    assert on_big_stack(lambda: 1) == 1


NAMES = st.sampled_from(["q", "k", "v", "attn", "é"])
EXPRESSIONS = st.recursive(
    NAMES | st.sampled_from(["'😀'", '"""a\nb"""', "0.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" @ ", "*", " if q else ", " and ", ".x + "]), inner).map(
            lambda t: f"({t[0]}){t[1]}({t[2]})"
        ),
        st.lists(inner, max_size=3).map(lambda items: f"F({', '.join(items)})"),
        inner.map(lambda each: f"[\n{each}  # note\n]"),
    ),
    max_leaves=8,
)
SIMPLE = st.one_of(
    st.tuples(NAMES, EXPRESSIONS).map(lambda t: [f"{t[0]} = {t[1]}"]),
    st.just(["# comment"]),
    st.just([""]),
    st.just(["pass"]),
)


def block(header: str, body: list[list[str]], indent: str) -> list[str]:
    return [header, *(indent + line if line else line for lines in [*body, ["pass"]] for line in lines)]


def compound(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    headers = st.sampled_from(["def f(self, q=1):", "async def g():", "class A(nn.Module):", "if q:", "with k as v:"])
    blocks = st.builds(block, headers, st.lists(inner, max_size=4), st.sampled_from(["  ", "    ", "\t"]))
    decorated = blocks.map(lambda lines: ["@wraps", "# 😀", *lines] if lines[0].startswith(("def", "class")) else lines)
    return st.one_of(blocks, decorated)


MODULES = st.lists(st.recursive(SIMPLE, compound, max_leaves=12), max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MODULES, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_generated_modules_round_trip(statements: list[list[str]], end: str, newline: bool) -> None:
    text = "\n".join(line for lines in statements for line in lines) + "\n" * newline
    ast.parse(text)
    module = outlined(text.replace("\n", end))
    check(module)
    blanked = ast.parse(module.body.text)
    names = {n.lineno for n in ast.walk(blanked) if isinstance(n, ast.Name)}
    assert names <= {n.lineno for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="x=1 \t\n\r\f:()'\"#\\;@if\u2028😀\0"))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(SourceError, TooDeep):
        check(outlined(text))
