"""What the domains may ask one another on one path: the interface that `attnlint.graph.facts.Facts` implements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from attnlint.graph.masks import MaskFact
    from attnlint.graph.scalars import Monomial
    from attnlint.graph.shapes import TensorShape
    from attnlint.graph.values import Value


class Ask(Protocol):
    """Facts about values in one world. All answers are None where nothing is known."""

    def resolve(self, value: Value) -> Value:
        """The value with attribute reads and branches followed."""

    def truth(self, condition: Value) -> bool:
        """Whether a condition is true in this world."""

    def scalar(self, value: Value) -> Monomial | None:
        """The value as a number over symbols."""

    def shape(self, value: Value) -> TensorShape | None:
        """The value's axes, if it is a tensor."""

    def dtype(self, value: Value) -> str | None:
        """The element type, as ``float32``."""

    def mask(self, value: Value) -> MaskFact | None:
        """What the value says as a mask."""

    def observed_rank(self, value: Value) -> int | None:
        """The rank that the code relies on elsewhere, by unpacking a shape or by an einops pattern."""

    def observed_extent(self, value: Value, axis: int) -> Value | None:
        """The extent that the code relies on elsewhere, by a Linear's in_features for example."""
