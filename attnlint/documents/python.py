"""Files of Python, the plainest document: what is reported and edited is the source itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from attnlint.diagnostics import Diagnostic, Edit
from attnlint.documents.base import Document, Matters
from attnlint.syntax.edits import edited
from attnlint.syntax.limits import MAX_SOURCE
from attnlint.syntax.parser import check_syntax
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceText


def document(path: str, content: bytes | str) -> PythonFile:
    """A file of Python."""
    return PythonFile(path, content)


class PythonFile(Document):
    """A file that is Python, stubs too."""

    @cached_property
    def source(self) -> SourceText:
        """The file."""
        if isinstance(self.content, str):
            return SourceText.from_text(self.path, self.content)
        return SourceText.from_bytes(self.path, self.content)

    def may_matter(self, matters: Matters) -> bool:
        """Whether the bytes of the file may matter."""
        return matters(self.data)

    def check(self) -> None:
        """A file in which no rule can find anything is still told when it is not Python, unless it is a huge one."""
        if len(self.content) > MAX_SOURCE:
            return
        on_big_stack(lambda: check_syntax(self.source.text))

    def reported(self, found: Diagnostic) -> Diagnostic:
        """The finding itself."""
        return found

    def line(self, found: Diagnostic) -> int:
        """The line itself."""
        return found.span.line

    def placed(self, edit: Edit) -> Edit:
        """The edit itself."""
        return edit

    @property
    def parts(self) -> Mapping[int | None, Sequence[str]]:
        """The lines of the file."""
        return {None: self.source.lines}

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """The bytes after the edits."""
        return edited(self.source, edits)
