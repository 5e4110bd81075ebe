"""Fixing one source: pass after pass, until no fix that is wanted is left.

All fixes of a pass that do not overlap are made at once; the result is linted again. A fix is kept only if the source
still parses and fewer findings of its code are left than before; otherwise half as many are made, and one that fails
alone is refused with the reason.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from attnlint.config import Configuration
from attnlint.diagnostics import Diagnostic
from attnlint.documents import open_document
from attnlint.documents.base import Document
from attnlint.failures import Failures, RuleError, told
from attnlint.fixes.edits import compatible
from attnlint.linter import lint_source
from attnlint.rule import Rule
from attnlint.syntax.quiet import quietly
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceError
from attnlint.time_limit import OutOfTime, limited

MAX_PASSES = 100
"""Passes that change one source, beside one for each of its findings; with more, fixes undo one another."""
_LOOKS = 10
"""How many times as long as one look at a source all looks at its changed versions may take together."""

Wanted = Callable[[Diagnostic], bool]
"""Whether something is to be done about a finding."""
Lint = Callable[[bytes], list[Diagnostic]]
"""Lints one version of a source."""


class Unfixable(SourceError):
    """A source that was linted and cannot be fixed, so that nothing of it is changed."""

    def __init__(self, found: list[Diagnostic], reason: str) -> None:
        super().__init__(None, f"{reason}; nothing was changed")
        self.found = found
        """The findings of the source as it is."""


class Endless(Unfixable):
    """Fixes that go on undoing one another, so that none is made."""

    def __init__(self, found: list[Diagnostic], codes: str) -> None:
        super().__init__(found, f"fixes of {codes} go on undoing one another")


@dataclass(frozen=True)
class Refusal:
    """A fix that was not made, and why."""

    diagnostic: Diagnostic
    reason: str


@dataclass
class Fixed:
    """What became of a source."""

    before: bytes
    data: bytes
    """The source after all fixes; ``before`` where none was made."""
    found: list[Diagnostic]
    """The findings before any fix."""
    made: list[Diagnostic] = field(default_factory=list)
    """The findings whose fixes were made, in order; each place is that of the pass that made it."""
    refused: list[Refusal] = field(default_factory=list)
    left: list[Diagnostic] = field(default_factory=list)
    """The findings that remain."""


def fix_source(
    data: bytes,
    path: str,
    rules: Sequence[type[Rule]] | None,
    wanted: Wanted,
    failures: Failures | None = None,
    config: Configuration | None = None,
) -> Fixed:
    """Make the fixes that are wanted; ``failures`` collects the rules that raise.

    Raises `SourceError` where the source cannot be linted as it is, and `Unfixable` where that takes too long once
    fixes are made; `Endless` where they go on undoing one another names their codes.
    """

    def lint(text: bytes) -> list[Diagnostic]:
        return lint_anew(text, path, rules, failures, config)

    found = lint(data)
    result = Fixed(data, data, found, left=found)
    with in_time(found, path, rules, config):
        _fix_all(result, path, wanted, lint)
    return result


def _fix_all(result: Fixed, path: str, wanted: Wanted, lint: Lint) -> None:
    """Make fixes in a source that was linted until none is left that is wanted. Raises `Endless`, and `Unfixable` for
    what goes wrong on the way."""
    refused: set[tuple[str, str]] = set()
    seen = {result.data}
    while True:
        document = open_document(path, result.data)
        todo = [d for d in result.left if d.fix is not None and d.fix.edits and wanted(d)]
        todo = [d for d in todo if _identity(d, document) not in refused]
        if not todo:
            return
        try:
            refusal = _pass(result, _together(todo), path, lint)
        except (OutOfTime, RuleError):
            raise
        except Exception as error:
            raise Unfixable(result.found, told("the fixing", error)) from error
        if refusal is not None:
            result.refused.append(refusal)
            refused.add(_identity(refusal.diagnostic, document))
        elif result.data in seen or len(seen) > MAX_PASSES + len(result.found):
            raise Endless(result.found, ", ".join(sorted({d.code for d in result.made[-len(todo) :]})))
        seen.add(result.data)


@contextmanager
def in_time(
    found: list[Diagnostic], path: str, rules: Sequence[type[Rule]] | None, config: Configuration | None
) -> Iterator[None]:
    """Raise `Unfixable` for a source, in which that was found, where looking at its changed versions takes too long:
    one of them, or all together ten times as long as one may."""
    seconds = (config or Configuration(isolated=True)).checks(path, rules).time_limit
    try:
        with limited(_LOOKS * seconds):
            yield
    except OutOfTime as error:
        reason = f"once it is changed, {error.reason}"
        if error.seconds != seconds:
            reason = f"changing it takes more than {error.seconds:g} seconds, {_LOOKS} times the `time-limit` of a file"
        raise Unfixable(found, reason) from None


def lint_anew(
    data: bytes,
    path: str,
    rules: Sequence[type[Rule]] | None,
    failures: Failures | None,
    config: Configuration | None,
) -> list[Diagnostic]:
    """Lint one of several versions of a source: a rule that raised on another one is asked again."""
    raised = Failures() if failures is not None else None
    found = lint_source(data, path, rules, raised, config)
    if failures is not None and raised is not None:
        failures.add(raised)
    return found


def _together(todo: Sequence[Diagnostic]) -> list[Diagnostic]:
    fixes = [d.fix for d in todo if d.fix is not None]
    chosen = compatible(fixes)
    return [d for d in todo if any(d.fix is fix for fix in chosen)]


def _pass(result: Fixed, chosen: Sequence[Diagnostic], path: str, lint: Lint) -> Refusal | None:
    """Make fixes at once; where they fail, the first half of them, and so on. One that fails alone is refused."""
    while True:
        attempt = _attempt(result, chosen, path, lint)
        if not isinstance(attempt, str):
            result.data, result.left = attempt
            result.made.extend(chosen)
            return None
        if len(chosen) == 1:
            return Refusal(chosen[0], attempt)
        chosen = chosen[: len(chosen) // 2]


def _attempt(
    result: Fixed, chosen: Sequence[Diagnostic], path: str, lint: Lint
) -> tuple[bytes, list[Diagnostic]] | str:
    """The source with fixes made and what is found in it, or why they must not be made."""
    document = open_document(path, result.data)
    try:
        data = document.edited(edit for d in chosen if d.fix is not None for edit in d.fix.edits)
        _check(open_document(path, data), document.pieces)
        left = lint(data)
    except OutOfTime:
        raise
    except SourceError as error:
        return f"the fixed code could not be read: {error}"
    before, after = (Counter(d.code for d in found) for found in (result.left, left))
    ended = Counter(d.code for d in chosen)
    for code, number in ended.items():
        if after[code] > before[code] - number:
            return f"{code} would still be reported"
    return data, left


def _check(document: Document, pieces: int) -> None:
    """Raise `SourceError` where Python does not parse a document, or a piece of it that it parsed before."""
    text = document.source.text
    try:
        with quietly():
            on_big_stack(lambda: ast.parse(text))
    except (SyntaxError, ValueError) as error:
        raise SourceError(getattr(error, "lineno", None), str(error)) from None
    if document.pieces < pieces:
        raise SourceError(None, "a piece of it would be no Python any more")


def _identity(diagnostic: Diagnostic, document: Document) -> tuple[str, str]:
    """What a finding is known by, wherever other fixes move it: its code and the text it stands at."""
    text = document.extract(diagnostic.cell, diagnostic.span)
    return diagnostic.code, f"{diagnostic.cell}{diagnostic.message}{text}"
