"""Linting one text after another of the same file, as an editor does: what did not change is not analysed again.

An analysis notes all that it reads of a module (`attnlint.syntax.reads`). As long as that stays the same, so does what
was found, and only moves with the lines. The findings are those of `attnlint.linter.lint_source`, always.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from attnlint.config import Checks
from attnlint.diagnostics import Diagnostic, Edit, Fix, Related, Span
from attnlint.documents import open_document
from attnlint.failures import Failures
from attnlint.graph.module import ModuleContext
from attnlint.linter import check_definitions, lint_document
from attnlint.roots import Root
from attnlint.rule import Rule
from attnlint.syntax.frame import Frame, Place
from attnlint.syntax.outline import ClassOutline, Definition, ModuleOutline
from attnlint.syntax.reads import Question, Reads

_Key = tuple[str, int]
"""A definition, by its kind and its number among all of that kind in the module."""


class Session:
    """The texts of the file at a path, one after the other."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._known: _Known | None = None
        self.analyses = 0
        """How many of the texts had to be analysed."""

    def lint(self, content: bytes | str, checks: Checks, failures: Failures, noqa: bool = True) -> list[Diagnostic]:
        """What `attnlint.linter.lint_source` finds. Raises `SourceError` where a text cannot be decoded or parsed; the
        next one may be compared with the one before all the same."""
        found = lint_document(open_document(self._path, content), checks, failures, noqa, self._check)
        return sorted(found, key=lambda diagnostic: diagnostic.sort_key)

    def _check(
        self,
        module: ModuleOutline,
        wanted: Sequence[Root],
        rules: Sequence[Rule],
        unread: list[Definition],
        failures: Failures,
    ) -> list[Diagnostic]:
        frame = Frame.of(module)
        asked = (tuple(rules), tuple(_roots(module, wanted)))
        known = self._known if not any(failures.told()) else None
        if known is not None and known.asked == asked and known.holds(module, frame):
            unread.extend(known.unread(module))
            return known.found(frame)
        self.analyses += 1
        reads, beyond = Reads(), list[Definition]()
        module.reads = reads
        try:
            found = check_definitions(module, wanted, rules, beyond, failures)
        finally:
            module.reads = None
        unread.extend(beyond)
        may_be_known = not reads.whole and not any(failures.told())
        self._known = _Known.of(module, frame, asked, reads, beyond, found) if may_be_known else None
        return found


_Asked = tuple[tuple[Rule, ...], tuple[tuple[_Key, bool, bool], ...]]
"""The rules, and the definitions that they were asked about."""


@dataclass(frozen=True)
class _Known:
    """What was found in one version of a module, and what that rests on."""

    asked: _Asked
    frame: Frame
    texts: dict[_Key, str]
    answers: dict[Question, object]
    beyond: tuple[_Key, ...]
    """The definitions that could not be read."""
    findings: tuple[Diagnostic, ...]

    @classmethod
    def of(
        cls,
        module: ModuleOutline,
        frame: Frame,
        asked: _Asked,
        reads: Reads,
        beyond: Iterable[Definition],
        found: Sequence[Diagnostic],
    ) -> _Known | None:
        """What is known; None where the place of a finding cannot be told in another version."""
        if any(frame.place(line) is None for one in found for line in _lines(one)):
            return None
        keys = _keys(module)
        texts = {keys[definition]: definition.text for definition in reads.definitions}
        return cls(asked, frame, texts, dict(reads.answers), tuple(keys[one] for one in beyond), tuple(found))

    def holds(self, module: ModuleOutline, frame: Frame) -> bool:
        """Whether all that it rests on is the same in another version, whose frame this is."""
        if self.frame.pieces != frame.pieces:
            return False
        if any(_definition(module, key).text != text for key, text in self.texts.items()):
            return False
        context = ModuleContext(module)
        return all(context.again(question) == answer for question, answer in self.answers.items())

    def unread(self, module: ModuleOutline) -> Iterator[Definition]:
        """The definitions that could not be read, in another version."""
        return (_definition(module, key) for key in self.beyond)

    def found(self, frame: Frame) -> list[Diagnostic]:
        """The findings, on the lines of another version."""
        move = _Move(self.frame, frame)
        return [move.diagnostic(one) for one in self.findings]


@dataclass(frozen=True)
class _Move:
    """From the lines of one version to those of another with an equal frame."""

    before: Frame
    after: Frame

    def diagnostic(self, one: Diagnostic) -> Diagnostic:
        """A finding where it stands now."""
        fix = one.fix and replace(one.fix, edits=tuple(self._edit(edit) for edit in one.fix.edits))
        related = tuple(self._related(related) for related in one.related)
        return replace(one, span=self._span(one.span), fix=fix, related=related)

    def _edit(self, edit: Edit) -> Edit:
        return replace(edit, span=self._span(edit.span))

    def _related(self, related: Related) -> Related:
        return replace(related, span=self._span(related.span))

    def _span(self, span: Span) -> Span:
        return Span(self._line(span.line), span.column, self._line(span.end_line), span.end_column)

    def _line(self, line: int) -> int:
        place = self.before.place(line)
        assert isinstance(place, Place)
        return self.after.line(place)


def _lines(one: Diagnostic) -> Iterator[int]:
    """All lines that a finding names."""
    fix: Fix | None = one.fix
    edits = fix.edits if fix is not None else ()
    for span in (one.span, *(edit.span for edit in edits), *(related.span for related in one.related)):
        yield from (span.line, span.end_line)


def _roots(module: ModuleOutline, wanted: Iterable[Root]) -> Iterator[tuple[_Key, bool, bool]]:
    keys = _keys(module)
    return ((keys[root.definition], root.reaches_site, root.is_caller) for root in wanted)


def _keys(module: ModuleOutline) -> dict[Definition, _Key]:
    keys: dict[Definition, _Key] = {module.plain_body: ("module", 0)}
    keys.update((one, ("function", number)) for number, one in enumerate(module.definitions()))
    keys.update((one, ("class", number)) for number, one in enumerate(module.all_classes()))
    return keys


def _definition(module: ModuleOutline, key: _Key) -> Definition | ClassOutline:
    kind, number = key
    if kind == "module":
        return module.plain_body
    return (module.callables if kind == "function" else module.every_class)[number]
