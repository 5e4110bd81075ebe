"""Comments that silence a finding: ``# attnlint: ignore[ATN101]``, ``# noqa: ATN101``, ``# attnlint: ignore-file``.

A comment counts on any physical line of the statement that holds the finding: a simple statement whole, or the header
of a compound one together with its decorators. One about the file counts on a line of its own, for the whole file or
document. All come from one pass of `tokenize`, made only when a file has a finding or a rule asks for its comments, and
the words of one, so text in strings is never taken for a comment.
"""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from attnlint import codes
from attnlint.diagnostics import Diagnostic, Edit, Span
from attnlint.findings import Replacement
from attnlint.rule import Rule, installed
from attnlint.syntax.logical import LogicalLines, Statement

if TYPE_CHECKING:
    from attnlint.syntax.outline import Definition
    from attnlint.syntax.text import SourceText

TRIGGERS = (r"attnlint:\s*ignore", r"noqa[ \t]*:[^\n]{0,400}ATN\d")
"""What a file with comments to judge holds: the triggers of rules about them. No definition is analysed for these."""

_REASON = r"(?P<reason>\s*--(?:(?!#\s*[A-Za-z]).)*)?"
_IGNORE = re.compile(
    rf"#\s*attnlint:\s*ignore(?P<file>-file)?(?:\[(?P<codes>[^\]#]*)\]|(?=\s*(?:$|--|#))){_REASON}", re.IGNORECASE
)
_NOQA = re.compile(
    rf"#\s*noqa(?:\s*:\s*(?P<codes>[A-Z]+\d\w*(?:[,\s]+[A-Z]+\d\w*)*)|(?!\s*:)\b){_REASON}", re.IGNORECASE
)
_WORDS = re.compile(r"#\s*(?:attnlint:\s*ignore|noqa)", re.IGNORECASE)
_JUDGEABLE = tuple(map(re.compile, TRIGGERS))


@dataclass(eq=False)
class Selector:
    """One code, prefix of codes or name in a comment: the rules that it means, and the findings it silenced."""

    text: str
    span: Span
    meant: tuple[type[Rule], ...]
    is_judged: bool
    """Whether this run would have used it: what it means was looked for here, and is not itself about comments."""
    silenced: set[str] = field(default_factory=set)
    """The codes of the findings that it silenced in this run."""


@dataclass(eq=False)
class Suppression:
    """One comment that silences findings, from ``#`` to the end of its reason; a line may have other words after it."""

    row: str
    """The whole line on which it stands, with its end."""
    line: int
    start: int
    end: int
    is_noqa: bool
    selectors: tuple[Selector, ...] | None
    """What it names; None if it silences every code."""
    is_judged: bool
    """For a comment that silences every code: whether this run would have used it."""
    is_file: bool = False
    """Whether it is about the whole file; it is about nothing unless it stands on a line of its own."""
    silenced: set[str] = field(default_factory=set)
    """For a comment that silences every code: the codes of the findings that it silenced in this run."""

    @property
    def span(self) -> Span:
        """The place of the comment, without the words of others."""
        return self._span(self.start, self.end)

    @property
    def is_misplaced(self) -> bool:
        """Whether it is about the file and stands behind code."""
        before = self.row[: self.start].strip()
        return self.is_file and bool(before) and not before.startswith("#")

    def extended(self, added: Iterable[str]) -> Edit:
        """The edit that makes it name more codes; it has to name some."""
        assert self.selectors
        last = self.selectors[-1].span
        end = Span(last.end_line, last.end_column, last.end_line, last.end_column)
        return Edit(end, "".join(f", {code}" for code in added))

    def without(self, dropped: Iterable[Selector] = ()) -> Replacement:
        """The edit that takes these selectors out, or the whole comment if nothing remains; other words stay."""
        if self.selectors:
            gone = set(dropped)
            kept = [selector.text for selector in self.selectors if selector not in gone]
            first, last = self.selectors[0].span, self.selectors[-1].span
            if kept:
                return Replacement(Span(self.line, first.column, self.line, last.end_column), ", ".join(kept))
        text = self.row.rstrip("\r\n")
        before, rest = text[: self.start], text[self.end :]
        if rest.strip():
            begins_anew = rest.lstrip().startswith("#")
            end = self.end + len(rest) - len(rest.lstrip()) if begins_anew else self.end
            return Replacement(self._span(self.start, end), "" if begins_anew else "#")
        if before.strip() or text == self.row:
            return Replacement(self._span(len(before.rstrip()), len(text)), "")
        return Replacement(Span(self.line, 1, self.line + 1, 1), "")

    def _span(self, start: int, end: int) -> Span:
        return Span(self.line, start + 1, self.line, end + 1)


class Suppressions:
    """The suppression comments of one source, found when a finding or a rule first asks for them.

    ``rules`` are those of this run; ``unread`` the definitions in which they could not look. Without ``noqa``, comments
    of that kind mean nothing here: another tool reads them.
    """

    def __init__(
        self,
        source: SourceText,
        rules: Iterable[Rule] = (),
        unread: Iterable[Definition] = (),
        *,
        noqa: bool = True,
    ) -> None:
        self.source = source
        self._patterns = (_IGNORE, _NOQA) if noqa else (_IGNORE,)
        self.lines = LogicalLines(source.lines)
        self._ran = {rule.code: type(rule) for rule in rules}
        self._unread = [definition.lines for definition in unread]
        self._covering: dict[tuple[Statement, str], list[Selector]] = {}

    def silence(self, diagnostic: Diagnostic) -> bool:
        """Whether a comment on the finding's statement silences it; each that does remembers it."""
        covering: list[Selector | Suppression] = [*self._selectors(diagnostic), *self._blanket(diagnostic)]
        for one in covering:
            one.silenced.add(diagnostic.code)
        return bool(covering)

    def excuse(self, diagnostic: Diagnostic) -> bool:
        """The same for a finding about a comment, which could silence itself: the comment has to name its rule."""
        covering = [selector for selector in self._selectors(diagnostic) if len(selector.meant) == 1]
        for one in covering:
            one.silenced.add(diagnostic.code)
        return bool(covering)

    @cached_property
    def judgeable(self) -> Sequence[Suppression]:
        """The comments that are about this linter's codes, for rules to judge."""
        if not any(pattern.search(self.source.text) for pattern in _JUDGEABLE):
            return ()
        return [one for one in self._comments if not one.is_noqa or any(map(_is_ours, one.selectors or ()))]

    def _selectors(self, diagnostic: Diagnostic) -> list[Selector]:
        place = self.lines.statement(diagnostic.span.line), diagnostic.code
        if place not in self._covering:
            selectors = (selector for comment in self._around(diagnostic) for selector in comment.selectors or ())
            self._covering[place] = [one for one in selectors if any(rule.code == place[1] for rule in one.meant)]
        return self._covering[place]

    def _blanket(self, diagnostic: Diagnostic) -> list[Suppression]:
        return [comment for comment in self._around(diagnostic) if comment.selectors is None]

    def on(self, statement: Statement) -> list[Suppression]:
        """The comments on a statement that are about it alone."""
        inside = range(statement.first, statement.last + 1)
        return [comment for line in inside for comment in self._by_line.get(line, ())]

    def _around(self, diagnostic: Diagnostic) -> list[Suppression]:
        """The comments on the finding's statement, and those about the file."""
        if not self._comments:
            return []
        return [*self.on(self.lines.statement(diagnostic.span.line)), *self._about_file]

    @cached_property
    def _about_file(self) -> list[Suppression]:
        return [comment for comment in self._comments if comment.is_file and not comment.is_misplaced]

    @cached_property
    def _by_line(self) -> dict[int, list[Suppression]]:
        """The comments that are about one statement, by the line on which they stand."""
        by_line: dict[int, list[Suppression]] = {}
        for comment in self._comments:
            if not comment.is_file:
                by_line.setdefault(comment.line, []).append(comment)
        return by_line

    @cached_property
    def _comments(self) -> list[Suppression]:
        if not _WORDS.search(self.source.text):
            return []
        return [one for token in self.lines.comments for one in self._suppressions(token)]

    def _suppressions(self, token: tokenize.TokenInfo) -> Iterator[Suppression]:
        (line, column), row = token.start, self.source.lines[token.start[0] - 1]
        for pattern in self._patterns:
            for match in pattern.finditer(token.string):
                start, end = (column + offset for offset in match.span())
                is_file = bool(match.groupdict().get("file"))
                where = None if is_file else line
                named = None if match["codes"] is None else tuple(self._named(match, token.start, where))
                judged = named is None and self._looked_for(where, self._known.values())
                yield Suppression(row, line, start, end, pattern is _NOQA, named, judged, is_file)

    def _named(self, comment: re.Match[str], place: tuple[int, int], where: int | None) -> Iterator[Selector]:
        line, start = place[0], place[1] + comment.start("codes") + 1
        for match in re.finditer(r"[\w-]+", comment["codes"]):
            meant = codes.meant(self._known.values(), match.group())
            if meant:
                codes.tell_if_former(meant[0], match.group())
            span = Span(line, start + match.start(), line, start + match.end())
            yield Selector(match.group(), span, tuple(meant), self._looked_for(where, meant))

    def _looked_for(self, line: int | None, rules: Iterable[type[Rule]]) -> bool:
        """Whether this run looked for what these rules report on a line, or in the whole file: all of them, or all
        that a run without options looks for."""
        rules = [rule for rule in rules if rule.check_suppressions is Rule.check_suppressions and not rule.preview]
        usual = [rule for rule in rules if rule.on_by_default] or rules
        looked = bool(usual) and all(rule.code in self._ran for rule in usual)
        return looked and not any(line is None or lines.first <= line <= lines.last for lines in self._unread)

    @cached_property
    def _known(self) -> dict[str, type[Rule]]:
        return {**installed().rules, **self._ran}


def _is_ours(selector: Selector) -> bool:
    return bool(selector.meant) or selector.text.upper().startswith("ATN")
