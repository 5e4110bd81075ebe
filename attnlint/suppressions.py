"""Comments that silence a finding: ``# attnlint: ignore[ATN101]`` and ``# noqa: ATN101``.

A comment counts on any physical line of the statement that holds the finding: a simple statement whole, or the header
of a compound one together with its decorators. All come from one pass of `tokenize`, made only when a file has a
finding or a rule asks for its comments, and the words of one, so text in strings is never taken for a comment.
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
from attnlint.syntax.logical import LogicalLines

if TYPE_CHECKING:
    from attnlint.syntax.outline import Definition
    from attnlint.syntax.text import SourceText

TRIGGERS = (r"attnlint:\s*ignore", r"noqa[ \t]*:[^\n]*ATN\d")
"""What a file with comments to judge holds: the triggers of rules about them. No definition is analysed for these."""

_REASON = r"(?P<reason>\s*--(?:(?!#\s*[A-Za-z]).)*)?"
_IGNORE = re.compile(rf"#\s*attnlint:\s*ignore(?:\[(?P<codes>[^\]#]*)\]|(?=\s*(?:$|--|#))){_REASON}", re.IGNORECASE)
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
    silenced: set[str] = field(default_factory=set)
    """For a comment that silences every code: the codes of the findings that it silenced in this run."""

    @property
    def span(self) -> Span:
        """The place of the comment, without the words of others."""
        return self._span(self.start, self.end)

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

    ``rules`` are those of this run; ``unread`` the definitions in which they could not look.
    """

    def __init__(self, source: SourceText, rules: Iterable[Rule] = (), unread: Iterable[Definition] = ()) -> None:
        self._source = source
        self.lines = LogicalLines(source.lines)
        self._ran = {rule.code: type(rule) for rule in rules}
        self._unread = [definition.lines for definition in unread]

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
        if not any(pattern.search(self._source.text) for pattern in _JUDGEABLE):
            return ()
        return [one for one in self._comments if not one.is_noqa or any(map(_is_ours, one.selectors or ()))]

    def _selectors(self, diagnostic: Diagnostic) -> list[Selector]:
        selectors = (selector for comment in self.around(diagnostic) for selector in comment.selectors or ())
        return [one for one in selectors if any(rule.code == diagnostic.code for rule in one.meant)]

    def _blanket(self, diagnostic: Diagnostic) -> list[Suppression]:
        return [comment for comment in self.around(diagnostic) if comment.selectors is None]

    def around(self, diagnostic: Diagnostic) -> list[Suppression]:
        """The comments on the finding's statement."""
        if not self._comments:
            return []
        statement = self.lines.statement(diagnostic.span.line)
        return [comment for comment in self._comments if statement.first <= comment.line <= statement.last]

    @cached_property
    def _comments(self) -> list[Suppression]:
        if not _WORDS.search(self._source.text):
            return []
        return [one for token in self.lines.comments for one in self._suppressions(token)]

    def _suppressions(self, token: tokenize.TokenInfo) -> Iterator[Suppression]:
        (line, column), row = token.start, self._source.lines[token.start[0] - 1]
        for pattern in (_IGNORE, _NOQA):
            for match in pattern.finditer(token.string):
                start, end = (column + offset for offset in match.span())
                named = None if match["codes"] is None else tuple(self._named(match, line, column))
                judged = named is None and self._looked_for(line, self._known.values())
                yield Suppression(row, line, start, end, pattern is _NOQA, named, judged)

    def _named(self, comment: re.Match[str], line: int, column: int) -> Iterator[Selector]:
        start = column + comment.start("codes") + 1
        for match in re.finditer(r"[\w-]+", comment["codes"]):
            meant = codes.meant(self._known.values(), match.group())
            if meant:
                codes.tell_if_former(meant[0], match.group())
            span = Span(line, start + match.start(), line, start + match.end())
            yield Selector(match.group(), span, tuple(meant), self._looked_for(line, meant))

    def _looked_for(self, line: int, rules: Iterable[type[Rule]]) -> bool:
        """Whether this run looked for what these rules report on a line: all of them, or all that a run without
        options looks for."""
        rules = [rule for rule in rules if rule.check_suppressions is Rule.check_suppressions and not rule.preview]
        usual = [rule for rule in rules if rule.on_by_default] or rules
        looked = bool(usual) and all(rule.code in self._ran for rule in usual)
        return looked and not any(lines.first <= line <= lines.last for lines in self._unread)

    @cached_property
    def _known(self) -> dict[str, type[Rule]]:
        return {**installed().rules, **self._ran}


def _is_ours(selector: Selector) -> bool:
    return bool(selector.meant) or selector.text.upper().startswith("ATN")
