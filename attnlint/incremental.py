"""Linting one text after another of the same file, as an editor does: what did not change is not analysed again.

What is said of a definition rests on what was read for it (`attnlint.syntax.reads`): itself, what it calls, what
stands outside of all functions. As long as that stays the same, so does what was found, and only moves with the lines.
The findings are those of `attnlint.linter.lint_source`, always.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from attnlint.config import Checks
from attnlint.diagnostics import Diagnostic, Edit, Fix, Related, Span
from attnlint.documents import open_document
from attnlint.examination import Examine, Examined, Examiner, Verdict
from attnlint.failures import Failures
from attnlint.graph.module import ModuleContext
from attnlint.linter import lint_document
from attnlint.roots import Root
from attnlint.rule import Rule
from attnlint.syntax.frame import Frame, Place
from attnlint.syntax.outline import Definition, ModuleOutline
from attnlint.syntax.reads import Question, Reads

_Key = tuple[str, int]
"""A definition, by its kind and its number among all of that kind in the module."""
_Asked = tuple[_Key, bool]
"""A root: the definition, and whether its object was constructed."""
_UNANSWERED = object()


class Session:
    """The texts of the file at a path, one after the other."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._rules: tuple[Rule, ...] = ()
        self._pieces: tuple[str, ...] = ()
        self._texts: dict[_Key, str] = {}
        self._known: dict[_Asked, _Known] = {}
        self.examined = 0
        """How many definitions were looked at, in all texts together."""

    def lint(self, content: bytes | str, checks: Checks, failures: Failures, noqa: bool = True) -> list[Diagnostic]:
        """What `attnlint.linter.lint_source` finds. Raises `SourceError` where a text cannot be decoded or parsed; the
        next one may be compared with the one before all the same."""
        document = open_document(self._path, content)
        remembering = partial(self._remembering, failures)
        return sorted(lint_document(document, checks, failures, noqa, remembering), key=lambda one: one.sort_key)

    def _remembering(self, failures: Failures, examiner: Examiner) -> Examine:
        """What looks at those definitions of a text about which nothing is known."""
        frame = Frame.of(examiner.module)
        if (examiner.rules, frame.pieces) != (self._rules, self._pieces):
            self._rules, self._pieces, self._texts, self._known = examiner.rules, frame.pieces, {}, {}
        version = _Version(examiner.module, replace(frame, pieces=self._pieces), self._texts)

        def examine(root: Root) -> Examined:
            asked = (version.keys[root.definition], root.reaches_site)
            known = self._known.get(asked)
            if known is not None and version.has(known) and not any(failures.told()):
                return _Move(known.frame, version.frame).examined(known.examined)
            self.examined += 1
            self._known.pop(asked, None)
            examined, reads = _looked_at(examiner, root)
            if version.can_know(examined, reads) and not any(failures.told()):
                self._known[asked] = version.known(examined, reads)
            return examined

        return examine


def _looked_at(examiner: Examiner, root: Root) -> tuple[Examined, Reads]:
    reads = examiner.module.reads = Reads()
    try:
        return examiner(root), reads
    finally:
        examiner.module.reads = None


@dataclass(frozen=True)
class _Known:
    """What was found in a definition, in the version of the module that had this frame, and what that rests on."""

    examined: Examined
    frame: Frame
    texts: dict[_Key, str]
    answers: dict[Question, Hashable]
    trees: frozenset[object]
    """Held, so that a site in them stays the same site."""


class _Version:
    """One text of the file. ``texts`` are those of definitions in versions before; equal ones become the same."""

    def __init__(self, module: ModuleOutline, frame: Frame, texts: dict[_Key, str]) -> None:
        self.frame = frame
        self.keys = _keys(module)
        self._context = ModuleContext(module)
        self._texts = texts
        self._answers: dict[Question, Hashable] = {}
        for definition, key in self.keys.items():
            if texts.get(key) != definition.text:
                texts[key] = definition.text

    def has(self, known: _Known) -> bool:
        """Whether all that something rests on is the same in this version."""
        if any(self._texts[key] is not text for key, text in known.texts.items()):
            return False
        return all(self._answer(question) == answer for question, answer in known.answers.items())

    def _answer(self, question: Question) -> Hashable:
        if question not in self._answers:
            try:
                self._answers[question] = self._context.again(question)
            except Exception:  # whoever asks next is blamed for it
                self._answers[question] = _UNANSWERED
        return self._answers[question]

    def can_know(self, examined: Examined, reads: Reads) -> bool:
        """Whether what was found in this version can be told again in another."""
        return not reads.whole and all(self.frame.place(line) is not None for line in _lines_of(examined))

    def known(self, examined: Examined, reads: Reads) -> _Known:
        """What was found in this version, with what was read for it."""
        texts = {key: self._texts[key] for key in map(self.keys.__getitem__, reads.definitions)}
        return _Known(examined, self.frame, texts, dict(reads.answers), frozenset(reads.trees))


@dataclass(frozen=True)
class _Move:
    """From the lines of one version to those of another with an equal frame."""

    before: Frame
    after: Frame

    def examined(self, one: Examined) -> Examined:
        """What was said of a definition, where it stands now."""
        verdicts = (Verdict(v.code, self._site(v.site), v.found and self.diagnostic(v.found)) for v in one.verdicts)
        return replace(one, found=tuple(map(self.diagnostic, one.found)), verdicts=tuple(verdicts))

    def _site(self, site: tuple[int, int]) -> tuple[int, int]:
        line, node = site
        return (self._line(line) if line else line, node)

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


def _lines_of(one: Examined) -> Iterator[int]:
    """All lines that are named where something is said of a definition."""
    for found in one.found:
        yield from _lines(found)
    for verdict in one.verdicts:
        if verdict.site[0]:
            yield verdict.site[0]
        if verdict.found is not None:
            yield from _lines(verdict.found)


def _lines(one: Diagnostic) -> Iterator[int]:
    """All lines that a finding names."""
    fix: Fix | None = one.fix
    edits = fix.edits if fix is not None else ()
    for span in (one.span, *(edit.span for edit in edits), *(related.span for related in one.related)):
        yield from (span.line, span.end_line)


def _keys(module: ModuleOutline) -> dict[Definition, _Key]:
    keys: dict[Definition, _Key] = {module.plain_body: ("module", 0)}
    keys.update((one, ("function", number)) for number, one in enumerate(module.definitions()))
    keys.update((one, ("class", number)) for number, one in enumerate(module.all_classes()))
    return keys
