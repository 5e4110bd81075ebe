"""Where the nodes of a libcst tree stand in the text it was parsed from.

libcst's own way to positions copies the tree and keeps its results where modules share them; here the tree is written
out once and each node's offsets are noted, by the rules of libcst's ``PositionProvider``: parentheses and the
whitespace around a node are not part of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import libcst as cst
from libcst._nodes.internal import CodegenState

Offsets = tuple[int, int]


def node_offsets(module: cst.Module) -> tuple[str, dict[cst.CSTNode, Offsets]]:
    """The code of ``module``, and for each of its nodes the offsets in it where the node begins and ends."""
    recorder = _Recorder(module.default_indent, module.default_newline)
    module._codegen(recorder)
    return "".join(recorder.tokens), recorder.found


class _Recorder(CodegenState):
    """Counts characters while libcst writes code, and notes where each node begins and ends."""

    def __init__(self, default_indent: str, default_newline: str) -> None:
        super().__init__(default_indent, default_newline)
        self.offset = 0
        self.begun: list[int] = []
        self.found: dict[cst.CSTNode, Offsets] = {}

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.add_token(token)

    def add_token(self, value: str) -> None:
        self.tokens.append(value)
        self.offset += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        self.begun.append(self.offset)

    def after_codegen(self, node: cst.CSTNode) -> None:
        self.found.setdefault(node, (self.begun.pop(), self.offset))

    @contextmanager
    def record_syntactic_position(
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> Iterator[None]:
        start = self.offset
        yield
        self.found[node] = (
            start if start_node is None else self.found[start_node][0],
            self.offset if end_node is None else self.found[end_node][1],
        )
