"""How often each code was found: a table for people, and objects for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attnlint.diagnostics import Tier
from attnlint.output import View
from attnlint.output._summary import summary
from attnlint.output._terminal import Ink

if TYPE_CHECKING:
    from attnlint.runs import Report

_FIXABLE = (Tier.SAFE, Tier.UNSAFE)
_HEADER = ("count", "code", "name", "fixable")


@dataclass
class Count:
    """The findings of one code, and how many of them have a fix of each tier."""

    code: str
    name: str
    number: int = 0
    fixable: Counter[Tier] = field(default_factory=Counter)


def counts(report: Report) -> list[Count]:
    """A count for each code, the most frequent first."""
    by_code: dict[str, Count] = {}
    for found in report.diagnostics:
        count = by_code.setdefault(found.code, Count(found.code, found.name))
        count.number += 1
        if found.fix is not None and found.fix.edits:
            count.fixable[found.fix.tier] += 1
    return sorted(by_code.values(), key=lambda count: (-count.number, count.code))


def table(report: Report, view: View) -> Iterator[str]:
    """A line for each code, then the summary."""
    ink = Ink(view.color)
    rows = [(str(count.number), count.code, count.name, _fixable(count)) for count in counts(report)]
    number, code, name = (max(map(len, column)) for column in list(zip(_HEADER, *rows, strict=True))[:3])
    for row in [_HEADER, *rows] if rows else []:
        label = ink(row[1].ljust(code), "red" if row is not _HEADER else None, bold=True)
        yield f"{row[0]:>{number}}  {label}  {row[2]:<{name}}  {row[3]}".rstrip() + "\n"
    if rows and not view.quiet:
        yield "\n"
    yield from summary(report, view)


def _fixable(count: Count) -> str:
    return ", ".join(f"{count.fixable[tier]} {tier.value}" for tier in _FIXABLE if count.fixable[tier])


def objects(report: Report) -> list[dict[str, object]]:
    """An object for each code."""
    return [
        {
            "code": count.code,
            "name": count.name,
            "count": count.number,
            "fixable": {tier.value: count.fixable[tier] for tier in _FIXABLE},
        }
        for count in counts(report)
    ]
