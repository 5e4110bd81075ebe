"""Writing the comments that silence findings: one a statement, an existing one extended."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from attnlint.config import Configuration
from attnlint.diagnostics import Diagnostic, Edit, Span
from attnlint.failures import Failures
from attnlint.fixes.edits import edited
from attnlint.fixes.fixer import Fixed, Refusal, Wanted
from attnlint.linter import lint_source
from attnlint.rule import Rule
from attnlint.suppressions import Suppressions
from attnlint.syntax.outline import parse_tree
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
    found = lint_source(data, path, rules, failures, settled)
    result = Fixed(data, data, found, left=found)
    asked = settled.checks(path, rules).rules
    about_comments = {one.code for one in asked if type(one).check_suppressions is not Rule.check_suppressions}
    chosen = [diagnostic for diagnostic in found if diagnostic.code not in about_comments and wanted(diagnostic)]
    source = SourceText.from_bytes(path, data)
    while chosen:
        written = edited(source, _edits(source, chosen, reason))
        left = lint_source(written, path, rules, failures, settled)
        loud = {(diagnostic.code, diagnostic.span) for diagnostic in left}
        silent = [diagnostic for diagnostic in chosen if (diagnostic.code, diagnostic.span) not in loud]
        if len(silent) == len(chosen):
            _check(source, SourceText.from_bytes(path, written))
            result.data, result.made, result.left = written, silent, left
            break
        result.refused.extend(Refusal(diagnostic, _STAYS) for diagnostic in chosen if diagnostic not in silent)
        chosen = silent
    return result


def _edits(source: SourceText, chosen: Sequence[Diagnostic], reason: str) -> Iterator[Edit]:
    """One edit a statement: at a comment that names codes, or at the end of a line that takes a comment."""
    comments = Suppressions(source)
    statements = dict.fromkeys(comments.lines.statement(diagnostic.span.line) for diagnostic in chosen)
    for statement in statements:
        inside = [d for d in chosen if comments.lines.statement(d.span.line) == statement]
        codes = sorted({diagnostic.code for diagnostic in inside})
        old = next((one for one in comments.around(inside[0]) if one.selectors and not one.is_noqa), None)
        if old is not None:
            yield old.extended(codes)
            continue
        begin = inside[0].span.line
        for line in (*range(begin, statement.last + 1), *range(begin - 1, statement.first - 1, -1)):
            if comments.lines.takes_comment(line):
                yield _appended(source, line, codes, reason)
                break


def _appended(source: SourceText, line: int, codes: Iterable[str], reason: str) -> Edit:
    """A new comment at the end of a line, in the place of blanks there."""
    row = source.lines[line - 1].rstrip("\r\n")
    why = f" -- {reason}" if reason else ""
    span = Span(line, len(row.rstrip(" \t")) + 1, line, len(row) + 1)
    return Edit(span, f"  # attnlint: ignore[{', '.join(codes)}]{why}")


def _check(before: SourceText, after: SourceText) -> None:
    """Raise `SourceError` where two sources mean something else."""
    if on_big_stack(lambda: ast.dump(parse_tree(before.text)) != ast.dump(parse_tree(after.text))):
        raise SourceError(None, "the comments would change the code; nothing was written")
