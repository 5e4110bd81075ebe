"""What a call costs, counted instead of timed, so that every run measures the same."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from attnlint.invariants.attention import Attention, Inputs, Invariant, _distance, _output

_DEPRECATIONS = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)


def economical(reference: Attention) -> Invariant:
    """Gives what ``reference`` gives, and makes no more memory on the way. Counted, so that all runs measure the same.

    Unit: the bytes of all new tensors beyond those that ``reference`` makes, relative to these. A call whose output
    differs by more than rounding in its dtype is in error.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        counted, wanted = _Allocations(), _Allocations()
        with counted:
            output = _output(attention, inputs)
        with wanted:
            meant = _output(reference, inputs)
        allowed = 16 * torch.finfo(meant.dtype).eps * meant.double().abs().max().item()
        if output.dtype != meant.dtype or not _distance(output, meant) <= allowed:
            raise ValueError("the output is another than the reference's")
        return max(0, counted.bytes - wanted.bytes) / max(1, wanted.bytes)

    return Invariant("economical", "memory beyond the reference's", measure)


def aligned_heads(multiple: int = 8) -> Invariant:
    """SDPA calls on half precision have a head_dim that is a multiple of 8, as tensor cores take it.

    Unit: the share of padding that brings the last axis of the query to a multiple, which is what PyTorch's flash
    attention on CUDA pads and copies, the largest of all calls. Calls in other dtypes count as aligned.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        widths = _Widths()
        with widths:
            attention(*inputs)
        if not widths.seen:
            raise LookupError("no scaled_dot_product_attention was called")
        return max(-width % multiple / width if is_half else 0.0 for width, is_half in widths.seen)

    return Invariant("aligned heads", "share of padding", measure)


class _Widths(TorchFunctionMode):
    """Notes of every SDPA call the query's head_dim, and whether it is of half precision."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, bool]] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is F.scaled_dot_product_attention:
            query = args[0] if args else kwargs["query"]
            self.seen.append((query.shape[-1], query.dtype in (torch.float16, torch.bfloat16)))
        return func(*args, **(kwargs or {}))


class _Allocations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of tensors that do not share the memory of what they are made from."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        known = {_memory(given) for given in tree_leaves((args, kwargs)) if isinstance(given, Tensor)}
        for made in tree_leaves(result):
            if isinstance(made, Tensor) and _memory(made) not in known:
                self.bytes += made.untyped_storage().nbytes()
        return result


def _memory(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def weights_not_made() -> Invariant:
    """No weights are written to memory: a fused kernel never holds all of them.

    Unit: the number of softmaxes over whole matrices of scores that the call computes, inside torch's modules as well.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        with _SoftmaxCounter() as counter:
            attention(*inputs)
        return float(counter.count)

    return Invariant("weights not made", "softmaxes written to memory", measure)


class _SoftmaxCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the softmaxes that torch computes while it is entered."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func in (torch.ops.aten._softmax.default, torch.ops.aten._safe_softmax.default)
        return func(*args, **(kwargs or {}))


def not_deprecated() -> Invariant:
    """The call uses nothing that is to be removed. Unit: the number of warnings of deprecation that it gives."""

    def measure(attention: Attention, inputs: Inputs) -> float:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            attention(*inputs)
        return float(sum(issubclass(warning.category, _DEPRECATIONS) for warning in seen))

    return Invariant("not deprecated", "warnings of deprecation", measure)
