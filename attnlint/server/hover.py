"""What stands behind a code: the page of its rule, where a finding or a comment names it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from lsprotocol import types

from attnlint.diagnostics import Span
from attnlint.pages import markdown, page_of
from attnlint.rule import Rule, installed
from attnlint.server.analyses import Analysis
from attnlint.server.positions import Positions
from attnlint.suppressions import Suppressions
from attnlint.syntax.text import SourceError, SourceText

_RULE = "\n\n---\n\n"


def hover(analysis: Analysis, cell: int | None, position: types.Position, positions: Positions) -> types.Hover | None:
    """The rule that a comment at a place names, else those of the findings there."""
    lines = analysis.snapshot.parts[cell].lines
    place = positions.place(position, lines)
    found = list(_named(lines, place))
    found = found or [(one.code, one.span) for one in analysis.found if one.cell == cell and _holds(one.span, place)]
    if not found:
        return None
    shown = {code: page(code) for code, _ in found}
    text = types.MarkupContent(types.MarkupKind.Markdown, _RULE.join(filter(None, shown.values())))
    return types.Hover(text, range=positions.range(found[0][1], lines)) if text.value else None


@lru_cache(maxsize=64)
def page(code: str) -> str:
    """The page of a rule as Markdown, with a link to where it stands on the web; nothing where there is none."""
    rule = installed().rules.get(code)
    return "\n".join((*markdown(page_of(rule)), "", f"[{rule.url()}]({rule.url()})")) if rule is not None else ""


def _named(lines: Sequence[str], place: tuple[int, int]) -> Iterator[tuple[str, Span]]:
    """The rules that a comment names at a place. It is looked for on the line alone: the rest may be half typed."""
    number = place[0]
    if not 0 < number <= len(lines):
        return
    try:
        comments = Suppressions(SourceText.from_text("<line>", lines[number - 1])).judgeable
    except SourceError:
        return
    for selector in (selector for comment in comments for selector in comment.selectors or ()):
        span = Span(number, selector.span.column, number, selector.span.end_column)
        if _holds(span, place) and len(selector.meant) == 1:
            rule: type[Rule] = selector.meant[0]
            yield rule.code, span


def _holds(span: Span, place: tuple[int, int]) -> bool:
    return (span.line, span.column) <= place <= (span.end_line, span.end_column)
