"""ATN204 discarded-mask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import libcst as cst

from attnlint.attention.contexts import called, surroundings
from attnlint.attention.spelling import argument, is_bracketed, rewritten
from attnlint.attention.transparent import LAYOUT, PARTS
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
    ReverseDims,
    Sdpa,
    Softmax,
    Unknown,
    Unsqueeze,
    Value,
    is_tensor,
    strip,
)
from attnlint.rule import Finding, Mend, Rule
from attnlint.syntax.walk import holds, nodes

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
_VIEWS = (*PARTS, *LAYOUT, ReverseDims)
"""Results that share memory with what they were made from."""
_RECEIVER = r"^[ \t]*[A-Za-z_](?:\([^()\n]*\)|\[[^\[\]\n]*\]|[\w.])*"
_STATEMENTS = (
    rf"{_RECEIVER}\.(?:{'|'.join(sorted(_OF_TENSORS_ALONE))})\(",
    rf"{_RECEIVER}\.(?:{'|'.join(sorted(_PURE))})\([^\n]*\)[ \t]*(?:#[^\n]*)?$",
)
"""A line that begins with such a call, on a name with attributes, calls and subscripts before the dot."""


_EXPECTING = ("raises", "assertRaises", "assertRaisesRegex", "suppress")


class DiscardedMask(Rule):
    """An out-of-place tensor method is called as a statement, and its result is thrown away.

    **What it finds.** ``scores.masked_fill(mask == 0, float("-inf"))`` on a line of its own: without a trailing
    underscore the method returns a new tensor and leaves ``scores`` as it was.

    **Why it hurts.** The mask is never applied. In a causal model every position sees the future (outputs change by
    4.6 when a later token changes), and the training loss looks better for it.

    **Silent when** the method works in place (``masked_fill_``), the receiver is not known to be a tensor, or the call
    is all that a ``try`` or a counting loop consists of, or stands in ``pytest.raises``: a test of what raises, a
    timing.

    **Mend.** Assign the result back, where it goes to a local name that is no part or view of another tensor.
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
            goes_out = any(a.keyword and a.keyword.value == "out" for a in call.args)
            if _is_dropped(method, value) and not goes_out and not _is_run_for_itself(origin):
                receiver = _receiver(origin, value, graph)
                effect = ", so the mask is never applied" if method.startswith("masked_") else ""
                tensor = next(value.operands())
                yield Finding(
                    origin,
                    f"the result of `{method}` is thrown away: it returns a new tensor and leaves "
                    f"{receiver.code if receiver is not None else tensor.text} as it was{effect}",
                    related=((tensor.origin, f"{tensor.text} is made here"),) if tensor.origin is not None else (),
                    mend=_mend(origin, receiver, tensor) if receiver is not None else None,
                )


def _is_run_for_itself(statement: Origin) -> bool:
    """Whether a call is made to see whether it raises, or how long it takes: all of a ``try``, or of a loop that only
    counts, consists of it."""
    around = [outer for _, outer in surroundings(statement)][:4]
    block = next((node for node in around if isinstance(node, cst.IndentedBlock)), None)
    outer = statement.slice.parent(block) if block is not None else None
    if isinstance(outer, cst.With):
        return any(called(item.item) in _EXPECTING for item in outer.items)
    if (
        isinstance(outer, cst.For)
        and isinstance(outer.target, cst.Name)
        and _mentions(statement.node, outer.target.value)
    ):
        return False
    return block is not None and len(block.body) == 1 and isinstance(outer, (cst.Try, cst.For))


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


def _receiver(origin: Origin, value: Value, graph: DefinitionGraph) -> Origin | None:
    """The tensor as written: before the dot, or the argument of a module's function (``torch.clamp(x, …)``)."""
    tensor, call = next(value.operands()), origin.node
    assert isinstance(call, cst.Call)
    assert isinstance(call.func, cst.Attribute)
    before = call.func.value
    if tensor.origin is not None and tensor.origin.node is before:
        return replace(origin, node=before)
    name = before
    while isinstance(name, cst.Attribute):
        name = name.value
    if isinstance(name, cst.Name) and name.value != tensor.text and name.value in _imported(origin, graph):
        return argument(origin, 0, "input")
    return replace(origin, node=before)


def _imported(origin: Origin, graph: DefinitionGraph) -> frozenset[str]:
    """Names of the module's imports and of those inside the function."""
    aliases = (
        alias
        for node in nodes(origin.slice.module)
        if isinstance(node, (cst.Import, cst.ImportFrom))
        for alias in _aliases(node)
    )
    local = (alias.evaluated_alias or alias.evaluated_name.partition(".")[0] for alias in aliases)
    return frozenset(graph.module.outline.imports) | frozenset(local)


def _aliases(node: cst.Import | cst.ImportFrom) -> Sequence[cst.ImportAlias]:
    return () if isinstance(node.names, cst.ImportStar) else node.names


def _mend(origin: Origin, receiver: Origin, tensor: Value) -> Mend | None:
    """Only for a local name: a part or view of another tensor was perhaps meant to change that tensor."""
    name = receiver.node
    if not isinstance(name, cst.Name) or is_bracketed(origin) or isinstance(strip(tensor), _VIEWS):
        return None
    if not _is_local(name.value, origin):
        return None
    return Mend("Assign the result back", Tier.UNSAFE, (rewritten(origin, "{0} = {1}", receiver, origin),))


def _is_local(name: str, origin: Origin) -> bool:
    """Whether the innermost function around a statement binds a name, and by no loop."""
    functions = [n for n in nodes(origin.slice.module) if isinstance(n, cst.FunctionDef) and holds(n, origin.node)]
    if not functions:
        return not isinstance(origin.slice.node, cst.ClassDef)
    inner = min(functions, key=lambda function: sum(holds(function, other) for other in functions))
    elsewhere = (node for node in nodes(inner) if isinstance(node, (cst.For, cst.CompFor, cst.Global, cst.Nonlocal)))
    if any(_mentions(getattr(node, "target", node), name) for node in elsewhere):
        return False
    bound = (n.name if isinstance(n, cst.Param) else getattr(n, "target", None) for n in nodes(inner) if _binds(n))
    return any(target is not None and _mentions(target, name) for target in bound)


def _binds(node: cst.CSTNode) -> bool:
    return isinstance(node, (cst.Param, cst.AssignTarget, cst.AnnAssign, cst.AugAssign, cst.NamedExpr))


def _mentions(node: cst.CSTNode, name: str) -> bool:
    return any(isinstance(inner, cst.Name) and inner.value == name for inner in nodes(node))
