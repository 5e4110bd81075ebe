"""The op table: every spelling that is understood, one row a meaning. Adding an idiom is adding a row.

A row is a signature (see `attnlint.graph.signatures`) and a builder; rows stand in one module a subject.
"""

from attnlint.graph.ops import arithmetic, casts, creation, layers, masks, products
from attnlint.graph.ops.fused import DISPATCHERS, dispatched
from attnlint.graph.ops.layout import subscript
from attnlint.graph.ops.table import FUNCTIONS, METHODS, Row, is_number

__all__ = [
    "DISPATCHERS",
    "FUNCTIONS",
    "METHODS",
    "Row",
    "arithmetic",
    "casts",
    "creation",
    "dispatched",
    "is_number",
    "layers",
    "masks",
    "products",
    "subscript",
]
