"""Rows of changes of dtype and device."""

from __future__ import annotations

from attnlint.graph.ops.table import row
from attnlint.graph.signatures import Arguments
from attnlint.graph.values import NONE, Attribute, Cast, Constant, External, Unknown, Value, strip

DTYPES = {
    "half": "float16", "bfloat16": "bfloat16", "float": "float32", "double": "float64", "bool": "bool",
    "int": "int32", "long": "int64", "byte": "uint8", "short": "int16",
}  # fmt: skip
for _name, _dtype in DTYPES.items():
    row("." + _name, "input", lambda a, d=_dtype: Cast(a.input, External(f"torch.{d}")))  # type: ignore[misc]


def _to(a: Arguments) -> Value:
    """``.to(dtype)``, ``.to(device)``, ``.to(other)``, ``.to(device, dtype)``, ``dtype=``."""
    given = a.dtype if a.dtype is not NONE else None
    for candidate in (given, *a.rest):
        if candidate is None:
            continue
        inner = strip(candidate)
        if isinstance(inner, External) and inner.path.rpartition(".")[2] in DTYPE_NAMES:
            return Cast(a.input, candidate)
        if is_dtype_read(inner):
            return Cast(a.input, candidate)
    moved = all(is_device(value) for value in a.rest)
    if given is None and len(a.rest) == 1 and not moved:
        return Cast(a.input, Attribute(a.rest[0], "dtype"))
    return a.input if given is None and moved else Cast(a.input, Unknown((a.input, *a.rest)))


def is_dtype_read(value: Value) -> bool:
    """``x.dtype`` of some tensor."""
    return isinstance(value, Attribute) and value.member == "dtype"


def is_device(value: Value) -> bool:
    """A device, by what it is: a string, ``torch.device(…)``, ``x.device``."""
    inner = strip(value)
    if isinstance(inner, Constant):
        return isinstance(inner.value, (str, bool, type(None)))
    return isinstance(inner, Attribute) and inner.member == "device"


DTYPE_NAMES = frozenset({*DTYPES.values(), "half", "float", "double", "long", "int", "int8"})
row(".to", "input *rest dtype", _to)
row(".type_as", "input other", lambda a: Cast(a.input, Attribute(a.other, "dtype")))
row(".type", "input dtype", lambda a: Cast(a.input, a.dtype))
