"""ATN404 attention-arguments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from attnlint.attention import AttentionPath
from attnlint.attention.spelling import argument, rewritten
from attnlint.attention.statements import is_read
from attnlint.diagnostics import Tier
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.values import (
    TENSOR,
    Add,
    Attribute,
    Cat,
    Constant,
    Dispatched,
    Divide,
    Dropout,
    Flash,
    Index,
    MultiHead,
    Multiply,
    Origin,
    Output,
    Parameter,
    Sdpa,
    Select,
    Stack,
    Subtract,
    TorchModule,
    Value,
    is_tensor,
    key,
    literal,
    strip,
)
from attnlint.graph.worlds import TRAINING
from attnlint.rule import Finding, Mend, Rule
from attnlint.triggers import SITE


class AttentionArguments(Rule):
    """An argument or a result of attention is taken for something of another type.

    **What it finds.** A bool where ``scaled_dot_product_attention`` expects ``dropout_p`` (``sdpa(q, k, v, None,
    True)``, which is meant as ``is_causal``); an ``nn.Dropout`` where a probability belongs; the one tensor that SDPA
    returns unpacked into several names; the tuple that ``nn.MultiheadAttention`` returns used as a tensor.

    **Why it hurts.** True is a dropout of 1.0: the output is all zeros, with no error. Unpacking a tensor takes its
    samples apart, which is silent for a batch of 2 and raises for every other. The module and the tuple raise.

    **Silent when** the types are not known, or the batch is known to have as many samples as there are names.

    **Mend.** Name the flag, ``is_causal=True``; read the probability, gated by the module's mode; unpack nothing; take
    the first of the tuple.
    """

    code = "ATN404"
    name = "attention-arguments"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE
    references = (
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html",
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html",
    )

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report probabilities that are none."""
        call = path.anchor
        if not isinstance(call, (Sdpa, Flash, Dispatched)) or call.origin is None:
            return
        given = path.facts.resolve(call.dropout)
        at = argument(call.origin, 4 if isinstance(call, Sdpa) else None, "dropout_p") or call.origin
        positional = argument(call.origin, None, "dropout_p") is None
        if _is_bool(given, path.facts, positional):
            effect = "True is a dropout of 1.0, so the output is all zeros"
            yield Finding(
                at,
                f"{call.dropout.text} is a bool, and stands where attention over {call.query.text} takes dropout_p: "
                f"{effect}",
                related=_where(given, call),
                mend=_named(call.origin, at),
            )
        elif _is_dropout_module(given):
            yield _of_module(call.dropout, at, call)

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        """Report modules as probabilities, and results of another type than they are used as."""
        for value in graph.values:
            if isinstance(value, Dropout) and value.training is not None and _is_dropout_module(strip(value.p)):
                at = argument(value.origin, 1, "p") if value.origin is not None else None
                if at is not None:
                    yield _of_module(value.p, at, value)
            elif isinstance(value, Sdpa):
                yield from _unpacked(value, graph)
            elif isinstance(value, MultiHead):
                yield from _tuple_as_tensor(value, graph)


# Probabilities


def _is_bool(given: Value, facts: Facts, positional: bool) -> bool:
    """A bool that may be True. False is a dropout of 0, and ``dropout=False`` may be a default that says so."""
    match given:
        case Constant(value=value):
            return value is True
        case Parameter(annotation=annotation, default=default):
            is_default = default is not None and isinstance(literal(default), bool)
            named = annotation == "bool" or (annotation is None and is_default and positional)
            return named and facts.world.known(("true", key(given), None)) is not False
        case Attribute(member="training"):
            return facts.world.known(TRAINING) is not False
    return False


def _is_dropout_module(given: Value) -> bool:
    return isinstance(given, TorchModule) and given.kind.rpartition(".")[2].startswith("Dropout")


def _where(given: Value, call: Value) -> tuple[tuple[Origin, str], ...]:
    if isinstance(given, (Parameter, TorchModule)) and given.origin is not None:
        return ((given.origin, "it comes from here"),)
    return ((call.origin, "it is given here"),) if call.origin is not None else ()


def _named(call: Origin, at: Origin) -> Mend | None:
    """The last positional argument, given by the name that was meant."""
    if not isinstance(call.node, cst.Call) or argument(call, 5, "is_causal") is not None or at is call:
        return None
    positional = [arg for arg in call.node.args if arg.keyword is None]
    if not positional or positional[-1].value is not at.node or len(positional) != 5:
        return None
    return Mend("Pass it as is_causal", Tier.UNSAFE, (rewritten(at, "is_causal={0}", at),))


def _of_module(given: Value, at: Origin, call: Value) -> Finding:
    is_name = isinstance(at.node, (cst.Name, cst.Attribute))
    gated = rewritten(at, "{0}.p if {0}.training else 0.0", at)
    return Finding(
        at,
        f"{given.text} is an nn.Dropout module, and stands where a probability is taken: this raises TypeError; "
        f"pass {given.text}.p, gated by the module's mode",
        related=_where(strip(given), call),
        mend=Mend("Pass its probability, gated", Tier.UNSAFE, (gated,)) if is_name else None,
    )


# Results


def _unpacked(call: Sdpa, graph: DefinitionGraph) -> Iterator[Finding]:
    """``out, weights = sdpa(…)``: names that take one sample each."""
    parts = [use for use in graph.uses.get(id(call), ()) if isinstance(use, Select) and _is_target(use)]
    if not parts or parts[0].origin is None:
        return
    origin = parts[0].origin
    assert isinstance(origin.node, cst.Tuple)
    names = [element.value for element in origin.node.elements]
    unread = [name for name in names if isinstance(name, cst.Name) and not is_read(name.value, origin)]
    for facts, shape in graph.paths(call, lambda facts: facts.shape(call.query)):
        extent = shape.axis(0) if shape is not None and not shape.open else None
        symbolic = extent is not None and bool(extent.powers)
        if not (symbolic or (unread and (extent is None or not extent.is_number))) or _is_counted(extent, len(names)):
            return
        del facts
    keeps = len(unread) == len(names) - 1 and names[0] not in unread and names[1:] == unread
    first = replace(origin, node=names[0])
    yield Finding(
        origin,
        f"scaled_dot_product_attention over {call.query.text} returns one tensor, no weights: {origin.code} takes its "
        "samples apart, which raises for every batch but one of "
        f"{len(names)}",
        related=((call.origin, "the tensor comes from here"),) if call.origin is not None else (),
        mend=Mend("Take the tensor whole", Tier.UNSAFE, (rewritten(origin, "{0}", first),)) if keeps else None,
    )


def _is_target(part: Select) -> bool:
    return part.origin is not None and isinstance(part.origin.node, cst.Tuple) and literal(part.axis) == 0


def _is_counted(extent: object, count: int) -> bool:
    return getattr(extent, "is_number", False) and getattr(extent, "coefficient", None) == count


_PARTS = (Index, Select, Cat, Stack)
"""What tuples and lists take as well."""
_ARITHMETIC = (Add, Subtract, Multiply, Divide)


def _tuple_as_tensor(call: MultiHead, graph: DefinitionGraph) -> Iterator[Finding]:
    """``x + self.attn(x, x, x)``."""
    uses = graph.uses.get(id(call), [])
    wrong = [use for use in uses if _is_of_tensors(use, call, graph)]
    if not wrong or call.origin is None or wrong[0].origin is None:
        return
    only = all(isinstance(use, Attribute) or any(use is one for one in wrong) for use in uses)
    edit = rewritten(call.origin, "{0}[0]", call.origin)
    yield Finding(
        call.origin,
        f"{call.module.text} returns a tuple of the output and the weights, and {wrong[0].text} uses it as a tensor: "
        "this raises; take the first of the two",
        related=((wrong[0].origin, "it is used as a tensor here"),),
        mend=Mend("Take the output", Tier.UNSAFE, (edit,)) if only else None,
    )


def _is_of_tensors(use: Value, call: MultiHead, graph: DefinitionGraph) -> bool:
    if isinstance(use, _ARITHMETIC):
        other = strip(use.right if strip(use.left) is call else use.left)
        given = (strip(call.query), strip(call.key), strip(call.value))
        treated = (isinstance(u, TENSOR) and not isinstance(u, _PARTS) for u in graph.uses.get(id(other), ()))
        return is_tensor(other) or any(other is value for value in given) or any(treated)
    if isinstance(use, Index):
        return len(use.keys) > 1
    if isinstance(use, (*_PARTS, Output)):
        return False
    return isinstance(use, TENSOR) and strip(next(use.operands())) is call
