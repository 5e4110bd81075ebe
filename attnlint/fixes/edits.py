"""Which fixes can be made together."""

from __future__ import annotations

from collections.abc import Sequence

from attnlint.diagnostics import Edit, Fix
from attnlint.syntax.edits import overlap


def compatible(fixes: Sequence[Fix]) -> list[Fix]:
    """The fixes that can be made together, in the order given: none overlaps one before it, and two that share an
    edit share it whole."""
    chosen: list[Fix] = []
    taken: set[Edit] = set()
    for fix in fixes:
        if all(edit in taken or not any(_collide(edit, other) for other in taken) for edit in fix.edits):
            chosen.append(fix)
            taken.update(fix.edits)
    return chosen


def _collide(one: Edit, other: Edit) -> bool:
    return one.cell == other.cell and overlap(one.span, other.span)
