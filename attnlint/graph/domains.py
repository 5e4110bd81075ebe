"""What the domains share: the questions that they may ask one another on one path, and the handlers that answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from attnlint.graph.layouts import Layout
    from attnlint.graph.masks import MaskFact
    from attnlint.graph.scalars import Monomial
    from attnlint.graph.shapes import TensorShape
    from attnlint.graph.values import Value

T = TypeVar("T")
Handler: TypeAlias = "Callable[[Any, Ask], T | None]"


class Ask(Protocol):
    """Facts about values in one world, as `attnlint.graph.facts.Facts` answers them. All answers are None where
    nothing is known."""

    def resolve(self, value: Value) -> Value:
        """The value with attribute reads and branches followed."""

    def truth(self, condition: Value) -> bool:
        """Whether a condition is true in this world."""

    def scalar(self, value: Value) -> Monomial | None:
        """The value as a number over symbols."""

    def shape(self, value: Value) -> TensorShape | None:
        """The value's axes, if it is a tensor."""

    def layout(self, value: Value) -> Layout | None:
        """Where each axis of a tensor came from."""

    def dtype(self, value: Value) -> str | None:
        """The element type, as ``float32``."""

    def mask(self, value: Value) -> MaskFact | None:
        """What the value says as a mask."""

    def once(self, domain: str, value: Value, derive: Callable[[Value, Ask], T]) -> T:
        """What a further domain derives about a value, derived once for each; None while that is under way."""

    def observed_rank(self, value: Value) -> int | None:
        """The rank that the code relies on elsewhere, by unpacking a shape or by an einops pattern."""

    def observed_extent(self, value: Value, axis: int) -> Value | None:
        """The extent that the code relies on elsewhere, by a Linear's in_features for example."""

    def observed_index(self, value: Value) -> bool:
        """Whether the value holds token ids: an embedding is read with it elsewhere."""


class Handlers(Generic[T]):
    """What a domain says about each class of value; None about all others."""

    def __init__(self) -> None:
        self._by_class: dict[type[Value], Callable[[Any, Ask], T | None]] = {}

    def of(self, *kinds: type[Value]) -> Callable[[Handler[T]], Handler[T]]:
        """The decorated function answers for these classes."""

        def register(handler: Handler[T]) -> Handler[T]:
            self._by_class.update(dict.fromkeys(kinds, handler))
            return handler

        return register

    def __call__(self, value: Value, ask: Ask) -> T | None:
        """The answer for one value."""
        handler = self._by_class.get(type(value))
        return handler(value, ask) if handler is not None else None
