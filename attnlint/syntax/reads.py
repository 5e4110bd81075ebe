"""What an analysis reads of a module beyond what stands outside of its functions.

While an outline has a `Reads`, each definition whose text is read is noted there, and each question about the text of
the whole module with its answer. An analysis of another text in which all of that is the same has the same result.
Reading the whole text itself is noted too, and then nothing but that text will do.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attnlint.syntax.outline import Definition

Question = tuple[Callable[..., Hashable], tuple[Hashable, ...]]
"""A function and what it was called with besides the module, in which places of classes stand for classes."""


@dataclass(frozen=True)
class ClassPlace:
    """A class, by its number among all of a module."""

    number: int


@dataclass
class Reads:
    """The notes of one analysis."""

    definitions: set[Definition] = field(default_factory=set)
    answers: dict[Question, Hashable] = field(default_factory=dict)
    whole: bool = False
    """Whether the whole text was read."""
    _asking: int = 0

    def note(self, definition: Definition) -> None:
        """The text of a definition is read."""
        if not self._asking:
            self.definitions.add(definition)

    def note_whole(self) -> None:
        """The whole text is read."""
        if not self._asking:
            self.whole = True

    @contextmanager
    def asking(self) -> Iterator[None]:
        """What is read inside is for an answer, which is noted instead."""
        self._asking += 1
        try:
            yield
        finally:
            self._asking -= 1
