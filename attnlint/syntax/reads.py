"""What an analysis reads of a module beyond what stands outside of its functions.

While an outline has a `Reads`, each definition whose text is read is noted there, and each question about the text of
the whole module with its answer. An analysis of another text in which all of that is the same has the same result.
Reading the whole text itself is noted too, and then nothing but that text will do.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from attnlint.syntax.outline import Definition, ModuleOutline

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

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
    trees: set[object] = field(default_factory=set)
    """The syntax trees that were looked at: while somebody holds them, the same text has the same tree."""
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

    def include(self, other: Reads) -> None:
        """What another part of the analysis read is read here too."""
        if not self._asking:
            self.definitions |= other.definitions
            self.answers |= other.answers
            self.trees |= other.trees
            self.whole |= other.whole

    @contextmanager
    def asking(self) -> Iterator[None]:
        """What is read inside is for an answer, which is noted instead."""
        self._asking += 1
        try:
            yield
        finally:
            self._asking -= 1


class Memory(Generic[K, V]):
    """Results that several analyses of a module share: whoever is given one has read what it was made of."""

    def __init__(self, module: ModuleOutline) -> None:
        self._module = module
        self._known: dict[K, tuple[V, Reads | None]] = {}
        self._being_made: set[K] = set()

    def of(self, key: K, make: Callable[[], V], instead: V) -> V:
        """The result under a key, made where it is not known; ``instead`` where making it asks for it."""
        reads = self._module.reads
        if key in self._being_made:
            if reads is not None:
                reads.note_whole()  # what comes of it depends on where the asking began
            return instead
        if key not in self._known:
            self._being_made.add(key)
            try:
                with self._module.noting() as own:
                    self._known[key] = make(), own
            finally:
                self._being_made.remove(key)
        value, read = self._known[key]
        if reads is not None and read is not None:
            reads.include(read)
        return value
