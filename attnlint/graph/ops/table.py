"""The op table itself: rows by qualified path and by method's name."""

from __future__ import annotations

from dataclasses import dataclass

from attnlint.graph.signatures import Builder, Signature
from attnlint.graph.values import Constant, Value, strip


@dataclass(frozen=True)
class Row:
    """One meaning: how its arguments are bound and which node it becomes."""

    signature: Signature
    build: Builder


FUNCTIONS: dict[str, Row] = {}
"""Rows by qualified path."""
METHODS: dict[str, Row] = {}
"""Rows by the name of a tensor's method; the first parameter is the tensor."""


def row(spellings: str, signature: str, build: Builder) -> None:
    """Add a row. ``spellings`` are qualified paths; ``.name`` is a method of tensors, ``name`` is ``torch.name``
    and the method; ``F.name`` is in ``torch.nn.functional``."""
    entry = Row(Signature.parse(signature), build)
    for spelling in spellings.split():
        if spelling.startswith("."):
            METHODS[spelling[1:]] = entry
        elif spelling.startswith("F."):
            FUNCTIONS["torch.nn.functional." + spelling[2:]] = entry
        elif "." in spelling:
            FUNCTIONS[spelling] = entry
        else:
            FUNCTIONS["torch." + spelling] = entry
            METHODS[spelling] = entry


def is_number(value: Value) -> bool:
    """Whether a value is a literal number (True and False are not)."""
    inner = strip(value)
    return isinstance(inner, Constant) and isinstance(inner.value, (int, float)) and not isinstance(inner.value, bool)
