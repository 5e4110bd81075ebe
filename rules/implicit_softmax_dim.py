"""ATN301 implicit-softmax-dim."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from attnlint.attention import AttentionPath
from attnlint.attention.transparent import LAYOUT, PARTS
from attnlint.diagnostics import Severity, Tier
from attnlint.graph.shapes import TensorShape
from attnlint.graph.values import Attribute, Dropout, Multiply, Origin, Product, Softmax, TorchModule, Value, literal
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.triggers import SITE


class ImplicitSoftmaxDim(Rule):
    """Softmax without ``dim``: torch picks the axis by the rank of the tensor.

    **What it finds.** ``F.softmax(x)``, ``nn.Softmax()`` and ``x.softmax()`` of torch with no ``dim`` or ``dim=None``,
    whose result something is multiplied with.

    **Why it hurts.** On scores (batch, queries, keys) the softmax is taken over the batch, on (batch, heads, queries,
    keys) over the heads, and a warning is all that is heard of it. Samples, or heads, then compete for weight:
    outputs change by 8.9 with the rest of the batch.
    ``torch.softmax(x)`` and ``x.softmax()`` raise TypeError.

    **Silent when** arguments are spread into the call and may hold ``dim``, for softmax of others and softmax that is
    no attention, and where the tensor has one axis or two: the last one is taken then. An error only where it is
    known to have three axes or more.

    **Mend.** ``dim=-1``; none where the last axis has extent 1.
    """

    code = "ATN301"
    name = "implicit-softmax-dim"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html",)

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report softmaxes of attention that are given no axis."""
        softmax = path.anchor
        if not isinstance(softmax, Softmax) or literal(softmax.axis) is not None or not _weighs(softmax, path):
            return
        made = softmax.axis.base if isinstance(softmax.axis, Attribute) else softmax
        at = made.origin if isinstance(made, TorchModule) else softmax.origin
        if at is not None and not _is_matrix(softmax, path):
            yield _finding(at, softmax, path.facts.shape(softmax.x))


def _is_matrix(softmax: Softmax, path: AttentionPath) -> bool:
    """Whether the scores are known to have at most two axes, or had before they were scaled and masked by what may
    have any number."""
    for value in (softmax.x, *path.steps):
        shape = path.facts.shape(value)
        if shape is not None and shape.rank is not None:
            return shape.rank <= 2
    return False


def _weighs(softmax: Softmax, path: AttentionPath) -> bool:
    """Whether something is multiplied by what the softmax gives, dropped out or laid out otherwise as it may be."""
    waiting: list[Value] = [softmax]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        for use in path.graph.uses.get(id(value), ()):
            if isinstance(use, (Product, Multiply)):
                return True
            if isinstance(use, (*LAYOUT, *PARTS, Dropout)) and id(use) not in seen:
                seen.add(id(use))
                waiting.append(use)
    return path.output is not None


def _finding(at: Origin, softmax: Softmax, shape: TensorShape | None) -> Finding:
    rank = shape.rank if shape is not None else None
    if rank is None:
        taken = "axis 0 where the tensor has 3 axes (the batch), axis 1 where it has 4 (the heads)"
    else:
        taken = f"axis {0 if rank == 3 else 1} of {rank}"
    last = shape.axis(-1) if shape is not None else None
    is_single = last is not None and last.is_one
    used = softmax.origin if softmax.origin is not at else None
    return Finding(
        at,
        f"softmax of {softmax.x.text} is given no dim: nn.Softmax and F.softmax take {taken} and only warn, "
        "torch.softmax and the method raise; " + ("pass the axis of the tokens" if is_single else "pass dim=-1"),
        related=tuple(_evidence(softmax, used)),
        mend=None if is_single else _mend(at),
        severity=None if rank is not None else Severity.WARNING,
    )


def _evidence(softmax: Softmax, used: Origin | None) -> Iterator[tuple[Origin, str]]:
    if used is not None:
        yield used, "softmax is taken here"
    elif softmax.x.origin is not None:
        yield softmax.x.origin, f"{softmax.x.text} comes from here"


def _mend(at: Origin) -> Mend | None:
    """``dim=-1`` as a further argument, or in place of ``None``."""
    call = at.node
    if not isinstance(call, cst.Call) or any(arg.star for arg in call.args):
        return None
    title = "Pass dim=-1"
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value in ("dim", "axis"):
            return Mend(title, Tier.UNSAFE, (Replacement(replace(at, node=arg.value), "-1"),))
    if call.args:
        last = replace(at, node=call.args[-1].value)
        return Mend(title, Tier.UNSAFE, (Replacement(last, "{0}, dim=-1", (last,)),)) if len(call.args) == 1 else None
    function = replace(at, node=call.func)
    return Mend(title, Tier.UNSAFE, (Replacement(at, "{0}(dim=-1)", (function,)),))
