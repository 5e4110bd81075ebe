"""Rows of what masks are made and applied with."""

from __future__ import annotations

import math

from attnlint.graph.ops.table import row
from attnlint.graph.values import NONE, Compare, Constant, Full, MaskedFill, Not, Pointwise, Tri, Unknown, Where

row("masked_fill", "input mask value", lambda a: MaskedFill(a.input, a.mask, a.value))
row(
    "where",
    "condition input other",
    lambda a: Where(a.condition, a.input, a.other) if a.other is not NONE else Unknown((a.condition,)),
)
row(".where", "input condition other", lambda a: Where(a.condition, a.input, a.other))
for _name in ("masked_scatter", "index_fill", "index_copy", "index_add", "scatter", "scatter_add"):
    row(_name, "input *rest", lambda a, n=_name: Pointwise(n, a.input, a.rest))  # type: ignore[misc]
row(
    "torch.nn.Transformer.generate_square_subsequent_mask",
    "sz *rest",
    lambda a: Tri(Full((a.sz, a.sz), Constant(-math.inf)), True, Constant(1)),
)
row("triu numpy.triu", "input diagonal|k=0", lambda a: Tri(a.input, True, a.diagonal))
row("tril numpy.tril", "input diagonal|k=0", lambda a: Tri(a.input, False, a.diagonal))
row("bitwise_not", "input", lambda a: Not(a.input))
row("logical_not", "input", lambda a: Compare("==", a.input, Constant(0)))
for _name in ("and", "or", "xor"):
    row(f"logical_{_name} bitwise_{_name}", "input other", lambda a, n=_name: Pointwise(n, a.input, (a.other,)))  # type: ignore[misc]
for _name, _operator in {"eq": "==", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}.items():
    row(_name, "input other", lambda a, o=_operator: Compare(o, a.input, a.other))  # type: ignore[misc]
row("ne not_equal", "input other", lambda a: Not(Compare("==", a.input, a.other)))
