"""What a run reports: plain, typed, picklable data that every output format, the fixer and an editor can read.

Lines are 1-based. Columns are 1-based and count code points; the end of a span is exclusive, so that
``text[span.column - 1 : span.end_column - 1]`` is the reported text of a one-line span. In a notebook a place has a
cell as well, and lines are those of the cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(str, Enum):
    """How bad a finding is: a wrong result or crash, something fragile, or cost alone."""

    ERROR = "error"
    WARNING = "warning"
    PERFORMANCE = "performance"


class Tier(str, Enum):
    """How far a fix may be trusted.

    ``SAFE`` changes no run that finished silently; ``UNSAFE`` is the right mend but changes the numbers of a
    trained checkpoint; ``MANUAL`` means that no edit can be derived and the message says what to do.
    """

    SAFE = "safe"
    UNSAFE = "unsafe"
    MANUAL = "manual"


@dataclass(frozen=True, order=True)
class Span:
    """A range of source text: 1-based lines and code-point columns, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class Edit:
    """The text of ``span`` is to become ``replacement``; an empty span inserts."""

    span: Span
    replacement: str
    cell: int | None = None
    """In a notebook, the number of the cell; lines are then counted from its beginning."""


@dataclass(frozen=True)
class Fix:
    """A mend as data: what it does (an imperative title), how far to trust it, and its edits."""

    title: str
    tier: Tier
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Related:
    """A place that explains a finding: where the scale, the mask or the layout came from."""

    path: str
    span: Span
    message: str
    cell: int | None = None
    file_line: int | None = None
    """In a notebook, the line of the file that it begins on."""


@dataclass(frozen=True)
class CopiedFrom:
    """A comment that says where code was copied or generated from."""

    source: str
    """The file (``src/modular_x.py``) or dotted name (``package.module.Class``) that it names."""
    target: str = ""
    """The definition in that file, where the comment names one besides."""
    definition: str = ""
    """The definition that the comment stands over; empty where it speaks of the whole file."""
    renames: tuple[tuple[str, str], ...] = ()
    """What was replaced in the copy, in order: ``with Bert->Roberta``."""


@dataclass(frozen=True)
class Content:
    """What a finding is known by wherever its lines move, and where its code came from."""

    definition: str = ""
    """The qualified name of the innermost class or function of the outline that it stands in; empty at the top."""
    text: str = ""
    """The reported source without comments and needless white space."""
    origins: tuple[CopiedFrom, ...] = ()
    """What the comments around it say of its origin, the innermost first."""


@dataclass(frozen=True)
class Copy:
    """A place at which a copy of the reported code has the same finding."""

    path: str
    span: Span
    cell: int | None = None
    file_line: int | None = None


@dataclass(frozen=True)
class Diagnostic:
    """One finding, at the expression that a fix would edit."""

    code: str
    name: str
    severity: Severity
    path: str
    span: Span
    message: str
    url: str
    fix: Fix | None = None
    related: tuple[Related, ...] = ()
    cell: int | None = None
    """In a notebook, the number of the cell, from 1, prose counted too; lines are then counted from its beginning."""
    file_line: int | None = None
    """In a notebook, the line of the file that the finding begins on."""
    content: Content = Content()
    copies: tuple[Copy, ...] = ()
    """Findings in copies of this code that are folded under this one (`attnlint.folding`)."""

    @property
    def sort_key(self) -> tuple[str, int, Span, str]:
        """Reports are ordered by file, then place, then code."""
        return (self.path, self.cell or 0, self.span, self.code)


@dataclass(frozen=True)
class Problem:
    """A file that could not be analysed: one clear line on standard error, and exit status 2.

    ``line`` is None where no line can be named (a file that does not open).
    """

    path: str
    line: int | None
    reason: str


def placed(path: str, cell: int | None) -> str:
    """A path as people and editors read it, with the cell where there is one."""
    return path if cell is None else f"{path}:cell {cell}"


def position(at: Diagnostic | Related) -> str:
    """Line and column as people and editors read them, behind the cell where there is one."""
    place = f"{at.span.line}:{at.span.column}"
    return place if at.cell is None else f"cell {at.cell}:{place}"
