"""ATN301 implicit-softmax-dim."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import libcst as cst

from attnlint.diagnostics import Severity, Tier
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.shapes import TensorShape
from attnlint.graph.values import Attribute, Origin, Softmax, TorchModule, literal
from attnlint.rule import Finding, Mend, Replacement, Rule

_KINDS = ("torch.nn.Softmax", "torch.nn.modules.Softmax")


class ImplicitSoftmaxDim(Rule):
    """Softmax without ``dim``: torch picks the axis by the rank of the tensor.

    **What it finds.** ``F.softmax(x)``, ``nn.Softmax()`` and ``x.softmax()`` of torch with no ``dim`` or ``dim=None``.

    **Why it hurts.** On scores (batch, queries, keys) the softmax is taken over the batch, on (batch, heads, queries,
    keys) over the heads, and a warning is all that is heard of it. Samples, or heads, then compete for weight.
    ``torch.softmax(x)`` and ``x.softmax()`` raise TypeError.

    **Silent when** arguments are spread into the call and may hold ``dim``, and for softmax of others. An error
    only where the tensor is known to have three axes or more: with one or two, the last one is taken.

    **Mend.** ``dim=-1``; none where the last axis has extent 1.
    """

    code = "ATN301"
    name = "implicit-softmax-dim"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = (
        r"softmax\((?![^\n]*(?:dim[ \t]*=[ \t]*[^N \t]|axis[ \t]*=|,[ \t]*-?\d\)[^\n)]*$))",
        r"Softmax\([ \t]*(?:\)|dim[ \t]*=[ \t]*None)",
    )
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html",)

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        """Report softmaxes that are given no axis."""
        called: set[int] = set()
        for softmax in graph.all(Softmax):
            made = softmax.axis.base if isinstance(softmax.axis, Attribute) else softmax
            made = made if isinstance(made, TorchModule) else softmax
            called.add(id(made))
            if literal(softmax.axis) is None and made.origin is not None:
                shapes = (shape for _, shape in graph.found(softmax, partial(_shape, softmax)))
                yield _finding(made.origin, softmax, next(shapes, None))
        for module in graph.all(TorchModule):
            if module.kind in _KINDS and id(module) not in called and module.origin is not None:
                dim = module.argument("dim")
                if dim is None or literal(dim) is None:
                    yield _finding(module.origin, None, None)


def _shape(softmax: Softmax, facts: Facts) -> TensorShape | None:
    return facts.shape(softmax.x)


def _finding(at: Origin, softmax: Softmax | None, shape: TensorShape | None) -> Finding:
    rank = shape.rank if shape is not None else None
    name = softmax.x.text if softmax is not None else "its argument"
    if rank is None:
        taken = "axis 0 where the tensor has 3 axes (the batch), axis 1 where it has 4 (the heads)"
    else:
        taken = f"axis {0 if rank in (0, 1, 3) else 1} of {rank}"
    last = shape.axis(-1) if shape is not None else None
    is_single = last is not None and last.is_one
    used = softmax.origin if softmax is not None and softmax.origin is not at else None
    return Finding(
        at,
        f"softmax of {name} is given no dim: nn.Softmax and F.softmax take {taken} and only warn, torch.softmax and "
        "the method raise; " + ("pass the axis of the tokens" if is_single else "pass dim=-1"),
        related=tuple(_evidence(softmax, used)),
        mend=None if is_single else _mend(at),
        severity=None if rank is not None and rank > 2 else Severity.WARNING,
    )


def _evidence(softmax: Softmax | None, used: Origin | None) -> Iterator[tuple[Origin, str]]:
    if used is not None:
        yield used, "softmax is taken here"
    elif softmax is not None and softmax.x.origin is not None:
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
