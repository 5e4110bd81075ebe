"""Bugs that are put into right attention code."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from respelling import mask_statement
from seeds import TRANSPOSE, Change, Rewriting, Seed, expressions, filled, of_scores, replaced, statements


def _once(change: Change) -> Rewriting:
    """A rewriting of the first expression that ``change`` knows."""

    def rewriting(seed: Seed) -> str:
        done: list[str] = []

        def first(node: ast.expr, of: Seed) -> str | None:
            changed = None if done else change(node, of)
            done.extend([] if changed is None else [changed])
            return changed

        return expressions(first)(seed)

    return rewriting


def factor(spelling: str) -> Change:
    """Scores with another factor: ``{2}`` is the right one, ``HEAD`` and ``WIDTH`` are the seed's."""

    def change(node: ast.expr, seed: Seed) -> str | None:
        text = spelling
        for name in ("HEAD", "WIDTH"):
            if name in text and name not in seed.constants:
                return None
            text = text.replace(name, str(seed.constants.get(name)))
        return of_scores(f"({{0}} @ {{1}}.transpose(-2, -1)){text}")(node, seed)

    return change


@dataclass(frozen=True)
class Bug:
    """One bug: the code that is to be reported, and how it is put into right code."""

    code: str
    inject: Rewriting


BUGS: Mapping[str, Bug] = {
    "no scale": Bug("ATN101", _once(factor(""))),
    "scale of one": Bug("ATN101", _once(factor(" * 1.0"))),
    "root of the width": Bug("ATN102", _once(factor(" * (WIDTH) ** -0.5"))),
    "root of the length": Bug("ATN102", _once(factor(" * {0}.shape[-2] ** -0.5"))),
    "scale inverted": Bug("ATN103", _once(factor(" / {2}"))),
    "times the root": Bug("ATN103", _once(factor(" * (HEAD) ** 0.5"))),
    "scaled twice": Bug("ATN104", _once(factor(" * {2} * {2}"))),
    "half of a power": Bug("ATN105", _once(factor(" * ((HEAD) ** -1 / 2)"))),
    "reversed axes": Bug("ATN107", _once(replaced(TRANSPOSE, "{0}.T"))),
    "filled with 0": Bug("ATN201", _once(filled("{0}.masked_fill({1}, 0)"))),
    "filled with -1e-9": Bug("ATN201", _once(filled("{0}.masked_fill({1}, -1e-9)"))),
    "filled with inf": Bug("ATN201", _once(filled("{0}.masked_fill({1}, float('inf'))"))),
    "zeroed": Bug("ATN202", _once(filled("torch.where({1}, 0.0, {0})"))),
    "mask discarded": Bug("ATN204", statements(mask_statement("{2}.masked_fill({1}, float('-inf'))"))),
    "dropout while evaluating": Bug("ATN402", expressions(replaced("_ if self.training else 0.0", "{0}"))),
}
