"""How a fix spells what it needs from a module, with the imports that it has to add."""

from __future__ import annotations

from dataclasses import dataclass

from attnlint.findings import Replacement
from attnlint.graph.analysis import DefinitionGraph
from attnlint.syntax.imports import insertion

_USUAL = {
    "copy": ("import copy", "copy"),
    "math": ("import math", "math"),
    "torch": ("import torch", "torch"),
    "torch.nn": ("from torch import nn", "nn"),
    "torch.nn.functional": ("import torch.nn.functional as F", "F"),
}
"""How modules are usually imported, and the name that this binds."""


@dataclass(frozen=True)
class Spelled:
    """A qualified path as a module may write it."""

    text: str
    imports: tuple[Replacement, ...] = ()
    """The import to add first, where it is none of the module's own."""


def spelled(path: str, graph: DefinitionGraph) -> Spelled | None:
    """How a module spells a qualified path (``torch.nn.ModuleList``): by what it imports at its top level, else by the
    usual import, which comes with it. None where the name that it would bind has another meaning there."""
    outline = graph.module.outline
    names: dict[str, str] = {}
    for name, origin in outline.imports.items():
        names.setdefault(origin, name)
    heads = list(_heads(path))
    for head, tail in heads:
        if head in names:
            return Spelled(names[head] + tail)
    for head, tail in heads:
        if head in _USUAL:
            statement, name = _USUAL[head]
            line = graph.definition.lines.first
            at = insertion(outline, statement, line) if graph.module.is_free(name) else None
            return Spelled(name + tail, (Replacement(*at),)) if at is not None else None
    return None


def _heads(path: str) -> list[tuple[str, str]]:
    """A dotted path cut in two at each dot, the longest head first: ``("a.b", "")``, ``("a", ".b")``."""
    parts = path.split(".")
    return [(".".join(parts[:i]), "".join(f".{part}" for part in parts[i:])) for i in range(len(parts), 0, -1)]
