"""What any right module keeps: its parameters are its own, its heads are several, it moves as one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from attnlint.invariants.attention import Attention, Inputs, Invariant, _distance, _output, _replace


def parameters_registered() -> Invariant:
    """Every parameter that a call reads is one that ``parameters()`` yields: else nothing trains, moves or saves it.

    For modules. Unit: the share of the parameters read, counted by elements, that the module does not yield.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        read = {id(parameter): parameter for parameter in _parameters_read(attention, inputs)}
        own = {id(parameter) for parameter in _module(attention).parameters()}
        foreign = sum(parameter.numel() for key, parameter in read.items() if key not in own)
        return foreign / max(1, sum(parameter.numel() for parameter in read.values()))

    return Invariant("parameters registered", "share of parameters not yielded", measure)


def moves_with_module() -> Invariant:
    """After ``to(device)`` a call reads no tensor that stayed behind, as a plain attribute does.

    For modules that run on meta tensors: a copy is moved to the meta device, and so are the arguments. Unit: the
    number of tensors of another device that meet moved ones before the call raises or is done.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        moved, elsewhere = copy.deepcopy(_module(attention)).to("meta"), _Elsewhere("meta")
        given = [value.to("meta") if isinstance(value, Tensor) else value for value in inputs]
        try:
            with elsewhere:
                moved(*given)
        except Exception:
            if not elsewhere.seen:
                raise
        return float(len(elsewhere.seen))

    return Invariant("moves with module", "tensors left behind", measure)


def parameters_read_once() -> Invariant:
    """No parameter is read twice in one call, as it is where a layer is applied in several places.

    Unit: the share of reads of a parameter that another read came before.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        read = [id(parameter) for parameter in _parameters_read(attention, inputs)]
        return 1 - len(set(read)) / max(1, len(read))

    return Invariant("parameters read once", "share of repeated reads", measure)


def heads_distinct(heads: int) -> Invariant:
    """Every head is shown the same features; heads that have weights of their own give different outputs.

    Arguments and output (…, heads · head_dim), heads side by side on the last axis, with no projection after them.
    Unit: the share of heads whose output equals the first one's.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        alike = _replace(inputs, range(len(inputs)), lambda x: torch.cat([x.chunk(heads, dim=-1)[0]] * heads, dim=-1))
        first, *others = _output(attention, alike).double().chunk(heads, dim=-1)
        size = first.square().mean().sqrt().item()
        return sum(_distance(first, other) < 1e-2 * size for other in others) / len(others)

    return Invariant("heads distinct", "share of heads like the first", measure)


def equals_with_weights(reference: Callable[[], nn.Module]) -> Invariant:
    """Given the weights of the attention, a new ``reference()`` gives what it gives: weights trained with one serve the
    other.

    For modules whose parameters have the same names and shapes. Unit: the largest absolute difference.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        module = _module(attention)
        parameter = next(module.parameters())
        with torch.random.fork_rng():
            other = reference().to(parameter.device, parameter.dtype).eval()
        other.load_state_dict(module.state_dict())
        return _distance(_output(module, inputs), _output(other, inputs))

    return Invariant("equals with weights", "largest difference", measure)


class _Reads(TorchFunctionMode):
    """Notes the parameters that calls are given while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.parameters: list[nn.Parameter] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") != "__get__":
            given = (*args, *(kwargs or {}).values())
            self.parameters += [value for value in given if isinstance(value, nn.Parameter)]
        return func(*args, **(kwargs or {}))


class _Elsewhere(TorchFunctionMode):
    """Notes tensors with axes that calls are given together with some on ``device``, and that are not there."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device = device
        self.seen: dict[int, Tensor] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = [value for value in (*args, *(kwargs or {}).values()) if isinstance(value, Tensor) and value.dim()]
        apart = [value for value in given if value.device.type != self.device]
        if len(apart) < len(given) and getattr(func, "__name__", "") not in _MOVES:
            self.seen.update((id(value), value) for value in apart)
        return func(*args, **(kwargs or {}))


_MOVES = ("to", "type_as", "copy_")
"""Functions that bring a tensor to the device of another."""


def _parameters_read(attention: Attention, inputs: Inputs) -> list[nn.Parameter]:
    """The parameters that the functions of torch are given in one call, in order."""
    module, reads = _module(attention), _Reads()
    with reads:
        module(*inputs)
    if not reads.parameters:
        raise LookupError("the call reads no parameters")
    return reads.parameters


def _module(attention: Attention) -> nn.Module:
    if not isinstance(attention, nn.Module):
        raise TypeError(f"{type(attention).__name__} is no module and has no parameters")
    return attention
