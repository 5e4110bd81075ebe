"""Which modules certainly hold parameters, and what containers of modules hold."""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.values import (
    Carried,
    Instance,
    Items,
    Learned,
    Mapping,
    Phi,
    Repeating,
    Spread,
    TorchModule,
    Value,
    literal,
    strip,
)

_WITH_PARAMETERS = frozenset({
    "Linear", "LazyLinear", "Conv1d", "Conv2d", "Conv3d", "Embedding", "MultiheadAttention", "LayerNorm", "RMSNorm",
    "TransformerEncoderLayer", "TransformerDecoderLayer", "LSTM", "GRU", "RNN",
})  # fmt: skip
_DEPTH = 6


def contents(value: Value, depth: int = _DEPTH) -> Iterator[Value]:
    """What a container of any kind holds, on any path, containers inside it taken apart as well."""
    inner = strip(value)
    match inner:
        case _ if depth == 0:
            return
        case Items(items=items) | Mapping(items=items):
            parts = items
        case Repeating(item=item) | Spread(x=item) | Carried(entry=item):
            parts = (item,)
        case Phi(then=then, otherwise=otherwise):
            parts = (then, otherwise)
        case _:
            yield inner
            return
    for part in parts:
        yield from contents(part, depth - 1)


def has_parameters(value: Value, graph: DefinitionGraph, depth: int = _DEPTH) -> bool:
    """Whether a value is certainly a module that holds parameters."""
    inner = strip(value)
    if depth == 0:
        return False
    if isinstance(inner, Phi):
        return all(has_parameters(arm, graph, depth - 1) for arm in (inner.then, inner.otherwise))
    if isinstance(inner, TorchModule):
        if inner.kind.endswith("Sequential"):
            return any(has_parameters(part, graph, depth - 1) for part in contents(inner.arguments[0]))
        affine = inner.argument("elementwise_affine")
        return inner.kind.rpartition(".")[2] in _WITH_PARAMETERS and (affine is None or literal(affine) is not False)
    if not isinstance(inner, Instance) or not graph.module.is_torch_module(inner.outline):
        return False
    return any(_registers_parameters(store.value, graph, depth) for store in graph.stores if store.owner is inner)


def _registers_parameters(value: Value, graph: DefinitionGraph, depth: int) -> bool:
    """Whether what an attribute is set to makes parameters part of its module."""
    inner = strip(value)
    if isinstance(inner, Learned):
        return True
    if isinstance(inner, (Items, Repeating, Mapping)):
        return inner.registers and any(has_parameters(part, graph, depth - 1) for part in contents(inner))
    return has_parameters(inner, graph, depth - 1)


def class_name(module: Value) -> str:
    """What the class of a module is called, without its path."""
    return module.outline.name if isinstance(module, Instance) else getattr(module, "kind", "").rpartition(".")[2]
