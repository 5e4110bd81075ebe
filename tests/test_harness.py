"""Every fixture through variations of its text: what is found depends on what the code means alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

import pytest
from rewriting import (
    Rewriting,
    aliased_imports,
    cramped,
    full_paths,
    imported_members,
    own,
    renamed,
    sigmoid_for_softmax,
    spread,
    tabs,
)

import attnlint
from attnlint import Diagnostic, Edit, Span
from attnlint.rule import discover, select

FOLDER = Path(__file__).parent.parent / "fixtures"
FIXTURES = sorted(path for path in FOLDER.glob("[!_]*.py"))
RULES = discover()
OF_SCORES = {
    "ATN101", "ATN102", "ATN103", "ATN104", "ATN105", "ATN106", "ATN108", "ATN201", "ATN202", "ATN205", "ATN207",
    "ATN211", "ATN214", "ATN215", "ATN218", "ATN301", "ATN302", "ATN303", "ATN304", "ATN305", "ATN306", "ATN408",
    "ATN901",
}  # fmt: skip
"""Rules that have nothing to say where weights are made by another function than softmax."""
SAME_MEANING: dict[str, Rewriting] = {
    "as it is": own,
    "imports aliased": aliased_imports,
    "full paths": full_paths,
    "members imported": imported_members,
    "names changed": renamed,
    "calls spread": spread,
    "cramped": cramped,
    "tabs": tabs,
    "all of it": lambda text: tabs(spread(renamed(aliased_imports(text)))),
}

every_fixture = pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
Statement = tuple[str, int]
"""A code and the number of the statement that it is about, counted from the top."""


@dataclass(frozen=True)
class Lines:
    """The physical lines of a simple statement, or of a compound statement's header."""

    first: int
    last: int


def lint_source(text: str, path: str = "<string>") -> list[Diagnostic]:
    """By the rules that are on by default, and by the one that the text says it is a fixture of."""
    of_fixture = re.match(r'"""(ATN\d{3}) ', text)
    rules = [*select(RULES), *([RULES[of_fixture[1]]] if of_fixture else [])]
    return attnlint.lint_source(text, path, list(dict.fromkeys(rules)))


@cache
def statements(text: str) -> Sequence[Lines]:
    """The statements of a module in the order of the text."""
    nodes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt))
    spans = (Lines(node.lineno, _end(node)) for node in nodes)
    return sorted(spans, key=lambda lines: (lines.first, -lines.last))


def _end(node: ast.stmt) -> int:
    body = getattr(node, "body", None)
    return max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno


def statement_at(text: str, line: int) -> int:
    """The number of the statement that a line belongs to."""
    return next(n for n, lines in enumerate(statements(text)) if lines.first <= line <= lines.last)


def marked(text: str) -> list[Statement]:
    """What the comments expect."""
    rows = enumerate(re.split(r"\r\n|\r|\n", text), 1)
    found = ((code, line) for line, row in rows for code in re.findall(r"# expect: (ATN\d{3})", row))
    return sorted((code, statement_at(text, line)) for code, line in found)


def reported(text: str, diagnostics: Sequence[Diagnostic] | None = None) -> list[Statement]:
    """What the linter says."""
    found = lint_source(text) if diagnostics is None else diagnostics
    return sorted((diagnostic.code, statement_at(text, diagnostic.span.line)) for diagnostic in found)


@cache
def source(path: Path) -> str:
    return path.read_text("utf-8")


@cache
def findings(path: Path) -> tuple[Diagnostic, ...]:
    return tuple(lint_source(source(path), str(path)))


def offset(text: str, line: int, column: int) -> int:
    starts = [0, *accumulate(map(len, text.splitlines(keepends=True)))]
    return starts[line - 1] + column - 1


def at(text: str, span: Span) -> str:
    """The text of a span."""
    return text[offset(text, span.line, span.column) : offset(text, span.end_line, span.end_column)]


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text with edits applied, last first."""
    for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
        start = offset(text, edit.span.line, edit.span.column)
        end = offset(text, edit.span.end_line, edit.span.end_column)
        text = text[:start] + edit.replacement + text[end:]
    return text


def shifted(text: str, found: list[Statement], edits: Sequence[Edit]) -> list[Statement]:
    """Codes and numbers of statements as they are once whole statements are gone."""
    whole = {edit.span for edit in edits if not edit.replacement and edit.span.column == edit.span.end_column == 1}
    gone = [statement_at(text, span.line) for span in whole]
    return [(code, number - sum(other < number for other in gone)) for code, number in found]


# What is found


def test_the_fixtures_are_found() -> None:
    assert len(FIXTURES) >= 13


@pytest.mark.parametrize("rewriting", SAME_MEANING.values(), ids=SAME_MEANING)
@every_fixture
def test_marked_lines_are_reported_and_nothing_else(path: Path, rewriting: Rewriting) -> None:
    text = rewriting(source(path))
    expected = marked(text)
    assert len(expected) == source(path).count("# expect: ")
    assert reported(text) == expected


@every_fixture
def test_without_comments_and_with_the_layout_of_another_printer(path: Path) -> None:
    text = ast.unparse(ast.parse(source(path)))
    assert reported(text) == marked(source(path))


@pytest.mark.parametrize("ends", ["\r\n", "\r"], ids=repr)
@every_fixture
def test_line_ends(path: Path, ends: str) -> None:
    changed = lint_source(source(path).replace("\n", ends), str(path))
    assert [(d.code, d.span, d.related) for d in changed] == [(d.code, d.span, d.related) for d in findings(path)]


@every_fixture
def test_wide_characters_before_the_finding(path: Path) -> None:
    text, prefix = source(path), '"🙂語𝕏é"; '
    rows = text.splitlines(keepends=True)
    for line in {statements(text)[number].first for _, number in reported(text, findings(path))}:
        if not re.match(r"\s*(if|for|while|with|def|class|@)\b", rows[line - 1]):
            rows[line - 1] = re.sub(r"^(\s*)", rf"\1{prefix}", rows[line - 1])
    changed = "".join(rows)
    assert prefix in changed
    after = lint_source(changed, str(path))
    assert [(d.code, at(changed, d.span)) for d in after] == [(d.code, at(text, d.span)) for d in findings(path)]
    assert [[at(changed, r.span) for r in d.related] for d in after] == [
        [at(text, r.span) for r in d.related] for d in findings(path)
    ]


# What is not


@every_fixture
def test_suppressed_on_any_line_of_the_statement(path: Path) -> None:
    text, comments = spread(source(path)), ("  # attnlint: ignore[{}]", "  # noqa: {}")
    owners = {statements(text)[number]: code for code, number in reported(text)}
    for place in range(max(lines.last - lines.first for lines in owners) + 1):
        rows = text.splitlines()
        for number, (lines, code) in enumerate(owners.items(), place):
            rows[min(lines.first + place, lines.last) - 1] += comments[number % 2].format(code)
        assert lint_source("\n".join(rows)) == []


@every_fixture
def test_scores_without_softmax_are_no_attention(path: Path) -> None:
    text = source(path)
    changed = sigmoid_for_softmax(text)
    assert "softmax(" not in changed.lower()
    fused = [
        range(node.lineno, (node.end_lineno or 0) + 1)
        for node in ast.parse(text).body
        if "softmax" not in ast.unparse(node).lower() and "super().forward" not in ast.unparse(node)
    ]
    after = {(code, statements(changed)[number].first) for code, number in reported(changed)}
    before = {(code, statements(text)[number].first) for code, number in marked(text)}
    assert after <= before
    assert {(code, line) for code, line in after if code in OF_SCORES} == {
        (code, line) for code, line in before if code in OF_SCORES and any(line in lines for lines in fused)
    }


# What is said


@every_fixture
def test_messages_name_the_codes_own_names(path: Path) -> None:
    for diagnostic in lint_source(renamed(source(path))):
        assert re.search(r"\b[vw]\d+\b", diagnostic.message), diagnostic


@every_fixture
def test_what_is_reported_is_complete(path: Path) -> None:
    rows = source(path).splitlines()
    for diagnostic in findings(path):
        rule = RULES[diagnostic.code]
        assert diagnostic.name == rule.name
        assert diagnostic.path == str(path)
        assert diagnostic.message.strip()
        assert at(source(path), diagnostic.span).strip()
        for related in diagnostic.related:
            assert related.path == str(path)
            assert related.message.strip()
            assert 1 <= related.span.line <= len(rows)
            assert at(source(path), related.span).strip()


# What is mended


@every_fixture
def test_fixes_are_of_a_tier_that_the_rule_declares(path: Path) -> None:
    for diagnostic in findings(path):
        if diagnostic.fix is not None:
            assert diagnostic.fix.tier in RULES[diagnostic.code].tiers
            assert diagnostic.fix.title.strip()
            assert diagnostic.fix.edits


@every_fixture
def test_a_fix_parses_and_ends_its_finding_and_no_other(path: Path) -> None:
    text = source(path)
    for number, diagnostic in enumerate(findings(path)):
        if diagnostic.fix is not None:
            mended = edited(text, diagnostic.fix.edits)
            others = [d for n, d in enumerate(findings(path)) if n != number]
            assert reported(mended) == shifted(text, reported(text, others), diagnostic.fix.edits), diagnostic


@every_fixture
def test_all_fixes_together(path: Path) -> None:
    mendable = [diagnostic for diagnostic in findings(path) if diagnostic.fix is not None]
    edits = [edit for diagnostic in mendable if diagnostic.fix for edit in diagnostic.fix.edits]
    rest = [diagnostic for diagnostic in findings(path) if diagnostic.fix is None]
    assert reported(edited(source(path), edits)) == shifted(source(path), reported(source(path), rest), edits)


def test_related_places_are_shown_by_every_rule() -> None:
    """At least one finding of every rule has evidence outside of its own expression."""
    shown = {diagnostic.code for path in FIXTURES for diagnostic in findings(path) if diagnostic.related}
    found = {diagnostic.code for path in FIXTURES for diagnostic in findings(path)}
    assert found == shown
