"""What a tensor says as a mask: how it speaks (bool, 0/1, additive), and which positions it names.

The region of a mask is where it is True, 1 or −inf. A triangular region knows its diagonal, so that ``triu(ones, 1)``,
``tril(ones) == 0``, ``~tril(ones)`` and ``1 - tril(ones)`` are all the same mask; ``tokens == pad`` and
``arange(T) >= lengths[:, None]`` both name the padding.
"""

from attnlint.graph.domains import Ask
from attnlint.graph.masks import combined, created, layout
from attnlint.graph.masks.fact import VERY_NEGATIVE, MaskFact, Region, Representation, Tokens, Triangle
from attnlint.graph.masks.numbers import is_infinite, number
from attnlint.graph.masks.registry import MASKS
from attnlint.graph.values import Value

__all__ = [
    "VERY_NEGATIVE",
    "MaskFact",
    "Region",
    "Representation",
    "Tokens",
    "Triangle",
    "combined",
    "created",
    "is_infinite",
    "layout",
    "mask",
    "number",
]


def mask(value: Value, ask: Ask) -> MaskFact | None:
    """What a value says as a mask, None where it is not known to be one."""
    return MASKS(value, ask)
