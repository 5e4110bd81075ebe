"""Builtins, functools, copy and the like: calls that concern Python rather than tensors, and reads of attributes that
every tensor has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import libcst as cst

from attnlint.graph.machine import CallArguments, Machine
from attnlint.graph.values import (
    TENSOR,
    Constant,
    Extent,
    External,
    Items,
    Mapping,
    Parameter,
    Partial,
    Pointwise,
    Pure,
    Rank,
    Repeating,
    ReverseDims,
    Shape,
    Super,
    Transpose,
    Value,
    literal,
    strip,
)

Handler: TypeAlias = "Callable[[Machine, CallArguments, cst.CSTNode], Value | None]"
HANDLERS: dict[str, Handler] = {}
"""By qualified path; a handler that gives None leaves the call unknown."""

READS: dict[str, Callable[[Value], Value]] = {
    "shape": Shape,
    "ndim": Rank,
    "T": lambda x: ReverseDims(x, ".T"),
    "H": lambda x: ReverseDims(x, ".H"),
    "mT": lambda x: Transpose(x, Constant(-2), Constant(-1)),
    "mH": lambda x: Transpose(x, Constant(-2), Constant(-1)),
    "data": lambda x: x,
    "real": lambda x: x,
}
"""Attributes that tensors have, as values."""

_MAX_UNROLLED = 16


def _handles(*paths: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(paths, handler))
        return handler

    return register


@_handles("builtins.int", "builtins.float", "numpy.float32", "numpy.float64", "numpy.int64")
def _number(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    """``int(x)`` counts as ``x``; ``float("-inf")`` is a number."""
    if not arguments.positional:
        return None
    inner = strip(arguments.positional[0])
    if isinstance(inner, Constant) and isinstance(inner.value, str):
        try:
            return machine.made(Constant(float(inner.value)), node)
        except ValueError:
            return None
    return arguments.positional[0]


@_handles("importlib.import_module", "builtins.__import__")
def _module(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    """Some module: what is called on it are its functions."""
    return machine.made(External("<module>"), node)


@_handles(
    "copy.deepcopy",
    "copy.copy",
    "torch.jit.script",
    "torch.compile",
    "functools.lru_cache",
    "torch.nn.utils.weight_norm",
    "torch.nn.utils.parametrizations.weight_norm",
    "torch.nn.utils.spectral_norm",
    "torch.nn.utils.parametrizations.spectral_norm",
)
def _same(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    return arguments.positional[0] if arguments.positional else None


@_handles("torch.nn.ModuleList", "torch.nn.ParameterList", "torch.nn.ModuleDict")
def _registering(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    """A container of modules; the list that it is made of stays a plain one."""
    held = _sequence(machine, arguments, node)
    match held:
        case Items(items=items):
            return machine.made(Items(items, registers=True), node)
        case Repeating(item=item, same=same):
            return machine.made(Repeating(item, registers=True, same=same), node)
        case Mapping(keys=keys, items=items):
            return machine.made(Mapping(keys, items, registers=True), node)
    return held


@_handles("builtins.list", "builtins.tuple", "builtins.iter")
def _sequence(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    if not arguments.positional:
        return machine.made(Items(()), node)
    inner = strip(arguments.positional[0])
    if isinstance(inner, (Items, Repeating, Mapping, Shape)):
        return inner
    known = machine.iterate(inner)
    return None if known is None else machine.made(Items(known), node)


@_handles("builtins.map")
def _map(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    if len(arguments.positional) < 2:
        return None
    function, *sources = arguments.positional
    columns = [machine.iterate(source) for source in sources]
    known = [column for column in columns if column is not None]
    if len(known) != len(columns) or max(map(len, known), default=0) > _MAX_UNROLLED:
        return None
    rows = list(zip(*known, strict=False))
    return machine.made(Items(tuple(machine.call(function, CallArguments(row), node) for row in rows)), node)


@_handles("builtins.zip")
def _zip(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    known = [machine.iterate(source) for source in arguments.positional]
    length = min((len(items) for items in known if items is not None), default=0)
    if not 0 < length <= _MAX_UNROLLED:
        return None
    columns: list[Sequence[Value]] = []
    for source, items in zip(arguments.positional, known, strict=True):
        inner = strip(source)
        if items is None and not isinstance(inner, Repeating):
            return None
        columns.append(items if items is not None else [inner.item] * length if isinstance(inner, Repeating) else [])
    rows = [machine.made(Items(row), node) for row in zip(*columns, strict=False)]
    return machine.made(Items(tuple(rows)), node)


@_handles("builtins.enumerate")
def _enumerate(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    inner = strip(arguments.positional[0]) if arguments.positional else None
    if isinstance(inner, Repeating):
        return machine.made(Repeating(machine.made(Items((machine.unknown(node), inner.item)), node)), node)
    items = machine.iterate(inner) if inner is not None else None
    if items is None:
        return None
    pairs = (machine.made(Items((Constant(index), item)), node) for index, item in enumerate(items))
    return machine.made(Items(tuple(pairs)), node)


@_handles("builtins.reversed")
def _reversed(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    items = machine.iterate(arguments.positional[0]) if arguments.positional else None
    return None if items is None else machine.made(Items(tuple(reversed(items))), node)


@_handles("builtins.range")
def _range(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    bounds = [literal(value) for value in arguments.positional]
    if not bounds or not all(isinstance(b, int) for b in bounds) or (len(bounds) > 2 and not bounds[2]):
        return None
    numbers = range(*bounds)
    return machine.made(Items(tuple(map(Constant, numbers))), node) if len(numbers) <= _MAX_UNROLLED else None


@_handles("builtins.dict")
def _dict(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    if arguments.positional or arguments.open_ended:
        return None
    return machine.made(Mapping(tuple(arguments.keywords), tuple(arguments.keywords.values())), node)


@_handles("builtins.len")
def _len(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    inner = strip(arguments.positional[0]) if arguments.positional else None
    if isinstance(inner, Shape):
        return machine.made(Rank(inner.x), node)
    if isinstance(inner, (*TENSOR, Parameter)):
        return machine.made(Extent(inner, 0), node)
    items = machine.iterate(inner) if inner is not None else None
    return _pure("len", machine, arguments, node) if items is None else machine.made(Constant(len(items)), node)


def _pure(name: str, machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value:
    return machine.made(Pure(name, arguments.positional), node)


for _name in ("isinstance", "hasattr", "callable", "issubclass", "any", "all"):
    HANDLERS[f"builtins.{_name}"] = lambda m, a, n, name=_name: _pure(name, m, a, n)  # type: ignore[misc]


@_handles("builtins.bool")
def _bool(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    return arguments.positional[0] if arguments.positional else machine.made(Constant(False), node)


@_handles("builtins.abs")
def _abs(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    return machine.made(Pointwise("abs", arguments.positional[0]), node) if arguments.positional else None


@_handles("builtins.max", "builtins.min")
def _extreme(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    return _pure("extreme", machine, arguments, node)


@_handles("builtins.getattr")
def _getattr(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    if len(arguments.positional) < 2:
        return None
    base, name = arguments.positional[0], strip(arguments.positional[1])
    if not (isinstance(name, Constant) and isinstance(name.value, str)):
        return None
    return machine.attribute(base, name.value, node)


@_handles("builtins.super")
def _super(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    scope = machine.scope
    while scope.parent is not None and scope.owner is None:
        scope = scope.parent
    if scope.receiver is None or scope.owner is None:
        return None
    return machine.made(Super(scope.receiver, scope.owner), node)


@_handles("functools.partial")
def _partial(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    if not arguments.positional or arguments.open_ended:
        return None
    function, *positional = arguments.positional
    names, values = tuple(arguments.keywords), tuple(arguments.keywords.values())
    return machine.made(Partial(function, tuple(positional), names, values), node)


@_handles("torch.utils.checkpoint.checkpoint")
def _checkpoint(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    if not arguments.positional:
        return None
    keywords = {n: v for n, v in arguments.keywords.items() if n not in ("use_reentrant", "preserve_rng_state")}
    function, *rest = arguments.positional
    return machine.call(function, CallArguments(tuple(rest), keywords, arguments.open_ended), node)


@_handles("torch.finfo", "numpy.finfo", "torch.iinfo")
def _finfo(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    return machine.made(Pure("finfo", arguments.positional), node)


@_handles("torch.is_grad_enabled", "torch.is_inference_mode_enabled")
def _mode(machine: Machine, arguments: CallArguments, node: cst.CSTNode) -> Value | None:
    return machine.made(Pure("grad_mode", ()), node)
