"""Rows of what moves axes, joins and takes apart tensors, and reads their shapes."""

from __future__ import annotations

from attnlint.graph.ops.casts import is_dtype_read
from attnlint.graph.ops.table import row
from attnlint.graph.signatures import Arguments, Builder, spread
from attnlint.graph.values import (
    NONE,
    AsComplex,
    AsReal,
    Cast,
    Cat,
    Constant,
    Expand,
    Extent,
    External,
    Flatten,
    Index,
    Items,
    Numel,
    Permute,
    Pieces,
    Rank,
    Rearrange,
    Reorder,
    Repeat,
    RepeatInterleave,
    ReverseDims,
    Select,
    Shape,
    Slicing,
    Squeeze,
    Stack,
    Transpose,
    Unflatten,
    Unknown,
    Unsqueeze,
    Value,
    View,
    literal,
    strip,
)

row("transpose swapaxes swapdims", "input dim0|axis0 dim1|axis1", lambda a: Transpose(a.input, a.dim0, a.dim1))
row("movedim moveaxis", "input source destination", lambda a: _moved(a.input, a.source, a.destination))


def _moved(x: Value, source: Value, destination: Value) -> Value:
    """An axis that moves by one place changes places with its neighbour."""
    one, two = literal(source), literal(destination)
    if isinstance(one, int) and isinstance(two, int) and (one < 0) == (two < 0) and abs(one - two) <= 1:
        return Transpose(x, source, destination)
    return Unknown((x, source, destination))


row("t", "input", lambda a: ReverseDims(a.input, "t()"))
row("flip roll flipud fliplr", "input *rest", lambda a: Reorder(a.input))
row("permute", "input *dims", lambda a: Permute(a.input, spread(a.rest)))
row(".view .reshape .view_copy", "input *shape", lambda a: _viewed(a.input, a.rest))


def _viewed(x: Value, sizes: tuple[Value, ...]) -> Value:
    """``view(dtype)`` reads the same bytes as other numbers."""
    first = strip(sizes[0]) if len(sizes) == 1 else None
    if isinstance(first, External) or (first is not None and is_dtype_read(first)):
        return Unknown((x, *sizes))
    return View(x, spread(sizes))


row("torch.reshape", "input *shape", lambda a: View(a.input, spread(a.rest)))
row("flatten", "input start_dim=0 end_dim=-1", lambda a: Flatten(a.input, a.start_dim, a.end_dim))
row("unflatten", "input dim *sizes", lambda a: Unflatten(a.input, a.dim, spread(a.rest)))
row("chunk", "input chunks dim|axis=0", lambda a: Pieces(a.input, a.dim, "chunk", a.chunks))
row(
    "split split_with_sizes",
    "input split_size|split_size_or_sections dim=0",
    lambda a: Pieces(a.input, a.dim, "split", a.split_size),
)
row("unbind", "input dim=0", lambda a: Pieces(a.input, a.dim, "unbind"))
row("select", "input dim index", lambda a: Select(a.input, a.dim, a.index))
row("cat torch.concat torch.concatenate", "tensors dim|axis=0", lambda a: Cat(spread((a.tensors,)), a.dim))
row("torch.stack", "tensors dim|axis=0", lambda a: Stack(spread((a.tensors,)), a.dim))
row("torch.view_as_complex", "input", lambda a: AsComplex(a.input))
row("torch.view_as_real", "input", lambda a: AsReal(a.input))
row("unsqueeze", "input dim", lambda a: Unsqueeze(a.input, a.dim))
row("squeeze", "input dim", lambda a: Squeeze(a.input, a.dim))
row(".expand", "input *sizes", lambda a: Expand(a.input, spread(a.rest)))
row(".expand_as .view_as .reshape_as", "input other", lambda a: Expand(a.input, (Shape(a.other),)))
row("torch.broadcast_to .broadcast_to", "input *sizes", lambda a: Expand(a.input, spread(a.rest)))
row(".repeat", "input *repeats", lambda a: Repeat(a.input, spread(a.rest)))
row("repeat_interleave", "input repeats dim", lambda a: RepeatInterleave(a.input, a.repeats, a.dim))
row("narrow", "input dim start length", lambda a: Unknown((a.input, a.start)))

for _same in ("contiguous", "pin_memory", "cuda", "cpu", "refine_names"):
    row("." + _same, "input *rest", lambda a: a.input)
row(
    ".requires_grad_",
    "input requires_grad",
    lambda a: Cast(a.input, None, detaches=True) if literal(a.requires_grad) is False else a.input,
)
row("detach", "input", lambda a: Cast(a.input, None, detaches=True))
row("clone", "input", lambda a: Cast(a.input, None))


def _rearrange(kind: str) -> Builder:
    def build(a: Arguments) -> Value:
        pattern = strip(a.pattern)
        if isinstance(pattern, Constant) and isinstance(pattern.value, str):
            source = strip(a.tensor)
            if isinstance(source, Items):
                source = Stack(source.items, Constant(0))
            return Rearrange(source, pattern.value, tuple(a.others), tuple(a.others.values()), kind)
        return Unknown((a.tensor, a.pattern))

    return build


row("einops.rearrange", "tensor pattern", _rearrange("rearrange"))
row("einops.repeat", "tensor pattern", _rearrange("repeat"))
row("einops.reduce", "tensor pattern reduction", _rearrange("reduce"))

row(".size", "input dim", lambda a: Shape(a.input) if a.dim is NONE else _extent(a.input, a.dim))
row(".dim .ndimension", "input", lambda a: Rank(a.input))
row("numel", "input", lambda a: Numel(_whole(a.input)))


def _whole(value: Value) -> Value:
    """``x.shape.numel()`` is ``x.numel()``."""
    inner = strip(value)
    return inner.x if isinstance(inner, Shape) else value


def _extent(x: Value, axis: Value) -> Value:
    inner = strip(axis)
    if isinstance(inner, Constant) and isinstance(inner.value, int):
        return Extent(x, inner.value)
    return Unknown((x, axis))


def subscript(x: Value, keys: tuple[Value, ...]) -> Value:
    """``x[keys]`` on a tensor: integers in front are selections, the rest stays an index."""
    if len(keys) == 1 and isinstance(literal(keys[0]), int):
        return Select(x, Constant(0), strip(keys[0]))
    return Index(x, tuple(strip(k) if isinstance(strip(k), (Slicing, Constant)) else k for k in keys))
