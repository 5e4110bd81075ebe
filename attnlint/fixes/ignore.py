"""Writing the comments that silence findings: one a statement, an existing one extended."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from attnlint.config import Configuration
from attnlint.diagnostics import Diagnostic, Edit, Span
from attnlint.documents import open_document
from attnlint.documents.base import Document
from attnlint.failures import Failures
from attnlint.fixes.fixer import Fixed, Lint, Refusal, Wanted, in_time, lint_anew
from attnlint.rule import Rule
from attnlint.suppressions import Suppressions
from attnlint.syntax.logical import Statement
from attnlint.syntax.parser import parse_tree
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceError, SourceText

_STAYS = "no comment can stand on its statement"


def ignore_source(
    data: bytes,
    path: str,
    failures: Failures | None = None,
    *,
    rules: Sequence[type[Rule]] | None = None,
    reason: str = "",
    config: Configuration | None = None,
    wanted: Wanted = lambda found: True,
) -> Fixed:
    """Give every finding that is ``wanted`` a comment that silences it, with a reason after ``--``; those in ``made``
    are silent now.

    Findings about such comments get none: they are there to be mended. Nothing but comments changes. Raises
    `SourceError` where the source cannot be decoded or parsed, or cannot hold the reason in its encoding.
    """
    settled = config or Configuration(isolated=True)

    def lint(text: bytes) -> list[Diagnostic]:
        return lint_anew(text, path, rules, failures, settled)

    found = lint(data)
    result = Fixed(data, data, found, left=found)
    asked = settled.checks(path, rules).rules
    about_comments = {one.code for one in asked if type(one).check_suppressions is not Rule.check_suppressions}
    chosen = [diagnostic for diagnostic in found if diagnostic.code not in about_comments and wanted(diagnostic)]
    with in_time(found, path, rules, settled):
        _silence(result, open_document(path, data), chosen, reason, lint)
    return result


def _silence(result: Fixed, document: Document, chosen: Sequence[Diagnostic], reason: str, lint: Lint) -> None:
    """Write comments for findings; those that do not silence theirs are left out until the others do."""
    while chosen:
        edits = _edits(document, chosen, reason)
        written = document.edited(edit for edit in edits.values() if isinstance(edit, Edit))
        left = lint(written)
        loud = set(map(_identity, left))
        silent = [diagnostic for diagnostic in chosen if _identity(diagnostic) not in loud]
        if len(silent) == len(chosen):
            _check(document, open_document(document.source.path, written))
            result.data, result.made, result.left = written, silent, left
            return
        for diagnostic in chosen:
            if diagnostic not in silent:
                edit = edits[diagnostic]
                result.refused.append(Refusal(diagnostic, edit if isinstance(edit, str) else _STAYS))
        chosen = silent


def comment_for(document: Document, diagnostic: Diagnostic, reason: str = "") -> Edit | str:
    """The edit of a document that silences one finding in it, or why there is none."""
    return _edits(document, [diagnostic], reason)[diagnostic]


def _identity(diagnostic: Diagnostic) -> tuple[str, int | None, Span]:
    return diagnostic.code, diagnostic.cell, diagnostic.span


def _edits(document: Document, chosen: Sequence[Diagnostic], reason: str) -> dict[Diagnostic, Edit | str]:
    """For each finding the edit that silences it, the same one for all of a statement, or why there is none."""
    comments = Suppressions(document.source)
    statements: dict[Statement, list[Diagnostic]] = {}
    for diagnostic in chosen:
        statements.setdefault(comments.lines.statement(document.line(diagnostic)), []).append(diagnostic)
    edits: dict[Diagnostic, Edit | str] = {}
    for statement, inside in statements.items():
        codes = sorted({diagnostic.code for diagnostic in inside})
        edit = _edit(comments, statement, document.line(inside[0]), codes, reason)
        edits.update(dict.fromkeys(inside, _STAYS if edit is None else document.placed(edit)))
    return edits


def _edit(comments: Suppressions, statement: Statement, begin: int, codes: Sequence[str], reason: str) -> Edit | None:
    """The edit for a statement: at a comment that names codes, or at the end of a line that takes a comment, the one of
    the finding first."""
    for comment in comments.on(statement):
        if comment.selectors and not comment.is_noqa:
            return comment.extended(codes)
    for line in (*range(begin, statement.last + 1), *range(begin - 1, statement.first - 1, -1)):
        if comments.lines.takes_comment(line):
            return _appended(comments.source, line, codes, reason)
    return None


def _appended(source: SourceText, line: int, codes: Iterable[str], reason: str) -> Edit:
    """A new comment at the end of a line, in the place of blanks there."""
    row = source.lines[line - 1].rstrip("\r\n")
    why = f" -- {reason}" if reason else ""
    span = Span(line, len(row.rstrip(" \t")) + 1, line, len(row) + 1)
    return Edit(span, f"  # attnlint: ignore[{', '.join(codes)}]{why}")


def _check(before: Document, after: Document) -> None:
    """Raise `SourceError` where two documents mean something else."""
    trees = on_big_stack(lambda: [ast.dump(parse_tree(each.source.text)) for each in (before, after)])
    if trees[0] != trees[1]:
        raise SourceError(None, "the comments would change the code; nothing was written")
