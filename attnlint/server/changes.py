"""Changes of text as edits that touch no more than they must, so that cursors and marks stay where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from lsprotocol import types

from attnlint.diagnostics import Edit, Span
from attnlint.server.positions import Positions
from attnlint.server.snapshots import Part, Snapshot
from attnlint.syntax.edits import with_line_ends
from attnlint.syntax.text import split_lines


@dataclass(frozen=True)
class Changer:
    """Turns edits into what one client understands."""

    positions: Positions
    versioned: bool = True
    """Whether the client takes edits of a certain version, and refuses those of another."""

    def of_edits(self, snapshot: Snapshot, edits: Sequence[Edit]) -> types.WorkspaceEdit:
        """Edits of a document, each where it belongs."""
        by_part: dict[str, list[types.TextEdit]] = {}
        for edit in dict.fromkeys(edits):
            part = snapshot.parts[edit.cell]
            text = with_line_ends(edit.replacement, part.lines, edit.span.line)
            by_part.setdefault(part.uri, []).append(types.TextEdit(self.positions.range(edit.span, part.lines), text))
        return self._edit(snapshot, by_part)

    def of_texts(self, snapshot: Snapshot, texts: Mapping[int | None, str]) -> types.WorkspaceEdit:
        """What makes other texts of the parts of a document."""
        by_part = {}
        for cell, text in texts.items():
            part = snapshot.parts[cell]
            if text != part.text:
                by_part[part.uri] = list(self._differences(part, text))
        return self._edit(snapshot, by_part)

    def _differences(self, part: Part, text: str) -> Iterator[types.TextEdit]:
        """Edits of whole lines."""
        before, after = part.lines, split_lines(text)
        for kind, first, last, begin, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if kind != "equal":
                span = Span(first + 1, 1, last + 1, 1)
                if last == len(before) and before and not before[-1].endswith(("\n", "\r")):
                    span = Span(first + 1, 1, last, len(before[-1]) + 1) if first < last else _end(before)
                yield types.TextEdit(self.positions.range(span, before), "".join(after[begin:end]))

    def _edit(self, snapshot: Snapshot, by_part: Mapping[str, list[types.TextEdit]]) -> types.WorkspaceEdit:
        if not self.versioned:
            return types.WorkspaceEdit(changes=dict(by_part))
        versions = {part.uri: part.version for part in snapshot.parts.values()}
        return types.WorkspaceEdit(
            document_changes=[
                types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(uri, versions[uri]), list(edits))
                for uri, edits in by_part.items()
            ]
        )


def _end(lines: Sequence[str]) -> Span:
    """The end of a text whose last line has none."""
    return Span(len(lines), len(lines[-1]) + 1, len(lines), len(lines[-1]) + 1)
