"""ATN004 not-analysed."""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.diagnostics import Severity, Span
from attnlint.rule import Finding, Rule
from attnlint.syntax.outline import Definition
from attnlint.triggers import SITE


class NotAnalysed(Rule):
    """A definition was left out of the analysis because it is over a limit, or because the parser cannot read it.

    The rest of the file is analysed. An expression of thousands of terms, as generated code has them, would take
    the parser seconds or more than the machine's stack; such a definition is named instead of read. So is one that
    holds attention and a statement that Python takes and the parser, libcst, does not, such as `(x): int = 1`.

    **Mend.** Move generated expressions out of model code, or build them in a loop. Write what the parser cannot read
    in another way: `x: int = 1`.
    """

    code = "ATN004"
    name = "not-analysed"
    severity = Severity.WARNING
    triggers = SITE

    def check_unanalysed(self, definition: Definition, reason: str) -> Iterator[Finding]:
        """Name the definition and why it was left out."""
        what = "the module's own statements are" if definition.kind == "module" else f"{definition.qualname} is"
        line = definition.lines.first
        yield Finding(Span(line, 1, line, 2), f"{what} not analysed: {reason}")
