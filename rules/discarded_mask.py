"""ATN204 discarded-mask."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from attnlint.diagnostics import Tier
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.values import (
    Convolution,
    Dropout,
    Embedding,
    External,
    Learned,
    Linear,
    MaskedFill,
    Normalize,
    Origin,
    Permute,
    Sdpa,
    Softmax,
    Unknown,
    Unsqueeze,
    Value,
    is_tensor,
    strip,
)
from attnlint.rule import Finding, Mend, Replacement, Rule

_OF_TENSORS_ALONE = frozenset(
    {
        "masked_fill",
        "masked_scatter",
        "index_fill",
        "index_copy",
        "unsqueeze",
        "repeat_interleave",
        "clamp",
        "logical_not",
    }
)
"""Methods that nothing but a tensor has."""
_PURE = frozenset(
    {
        "repeat", "expand", "transpose", "permute", "softmax", "tril", "triu", "scatter", "index_add", "logical_and",
        "flatten", "view", "reshape", "chunk",
    }
)  # fmt: skip
"""Methods that other objects have as well: reported where the receiver is certainly a tensor."""
_MAKERS = (Linear, Convolution, Embedding, Softmax, MaskedFill, Unsqueeze, Sdpa, Learned, Dropout, Normalize, Permute)
"""What only torch makes."""
_RECEIVER = r"^[ \t]*[A-Za-z_](?:\([^()\n]*\)|\[[^\[\]\n]*\]|[\w.])*"
_STATEMENTS = (
    rf"{_RECEIVER}\.(?:{'|'.join(sorted(_OF_TENSORS_ALONE))})\(",
    rf"{_RECEIVER}\.(?:{'|'.join(sorted(_PURE))})\([^\n]*\)[ \t]*(?:#[^\n]*)?$",
)
"""A line that begins with such a call, on a name with attributes, calls and subscripts before the dot."""


class DiscardedMask(Rule):
    """An out-of-place tensor method is called as a statement, and its result is thrown away.

    **What it finds.** ``scores.masked_fill(mask == 0, float("-inf"))`` on a line of its own: without a trailing
    underscore the method returns a new tensor and leaves ``scores`` as it was.

    **Why it hurts.** The mask is never applied. In a causal model every position sees the future (outputs change by
    4.6 when a later token changes), and the training loss looks better for it.

    **Silent when** the method works in place (``masked_fill_``), or the receiver is not known to be a tensor.

    **Mend.** Assign the result back.
    """

    code = "ATN204"
    name = "discarded-mask"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = _STATEMENTS
    references = (
        "https://docs.pytorch.org/docs/stable/generated/torch.Tensor.masked_fill.html",
        "https://github.com/lucidrains/flamingo-pytorch/issues/10",
    )

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        """Report expression statements whose value is a new tensor."""
        for value in graph.discarded:
            origin = value.origin
            call = origin.node if origin is not None else None
            if origin is None or not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute):
                continue
            method = call.func.attr.value
            if _is_dropped(method, value) and not any(a.keyword and a.keyword.value == "out" for a in call.args):
                receiver = _receiver(origin, call, call.func)
                effect = ", so the mask is never applied" if method.startswith("mask") else ""
                yield Finding(
                    origin,
                    f"the result of `{method}` is thrown away: it returns a new tensor and leaves {receiver.code} as "
                    f"it was{effect}",
                    mend=_mend(origin, receiver),
                )


def _is_dropped(method: str, value: Value) -> bool:
    """Whether the statement computes a new tensor from one. An unknown call may do anything."""
    receiver = next(value.operands(), None)
    if receiver is None or isinstance(value, Unknown) or isinstance(strip(receiver), External):
        return False
    return method in _OF_TENSORS_ALONE or (method in _PURE and _is_tensor(receiver))


def _is_tensor(value: Value) -> bool:
    """Whether a value comes, by its first operands, from something that only torch makes."""
    for _ in range(16):
        inner = strip(value)
        if isinstance(inner, _MAKERS):
            return True
        operand = next(inner.operands(), None)
        if operand is None or not is_tensor(inner):
            return False
        value = operand
    return False


def _receiver(origin: Origin, call: cst.Call, function: cst.Attribute) -> Origin:
    """The tensor: what stands before the dot, or the first argument of ``torch.clamp(x, …)``."""
    is_function = isinstance(function.value, cst.Name) and function.value.value == "torch" and call.args
    return Origin(origin.slice, call.args[0].value if is_function else function.value)


def _mend(origin: Origin, receiver: Origin) -> Mend | None:
    if not isinstance(receiver.node, cst.Name):
        return None
    return Mend("Assign the result back", Tier.UNSAFE, (Replacement(origin, "{0} = {1}", (receiver, origin)),))
