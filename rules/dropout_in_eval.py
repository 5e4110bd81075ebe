"""ATN402 dropout-in-eval."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

import libcst as cst

from attnlint.attention import AttentionPath
from attnlint.attention.arms import is_setting, leaves
from attnlint.attention.spelling import is_argument, rewritten, written
from attnlint.attention.trail import softmaxes_behind
from attnlint.diagnostics import Tier
from attnlint.graph.facts import Facts
from attnlint.graph.module import ModuleContext
from attnlint.graph.values import (
    Attribute,
    Compare,
    Constant,
    Dispatched,
    Dropout,
    Flash,
    Instance,
    IsNone,
    Origin,
    Parameter,
    Phi,
    Sdpa,
    Softmax,
    TorchModule,
    Value,
    key,
    strip,
)
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.syntax.walk import holds
from attnlint.triggers import SITE

_IN_TRAINING = ("training_step",)
"""Methods that frameworks call in training mode alone."""


class DropoutInEval(Rule):
    """Attention dropout that stays on in evaluation mode.

    **What it finds.** In an ``nn.Module``, ``dropout_p=self.dropout`` (also positional, through an alias, through
    flash_attn and xformers) or ``F.dropout(weights, self.dropout)`` where nothing on any path looks at
    ``self.training``. Fused attention is a function: unlike ``nn.Dropout`` it does not know about ``model.eval()``.

    **Why it hurts.** Evaluation is random: at p = 0.1 the output carries 32 % RMS noise, and two runs differ.

    **Silent when** the probability is a parameter that the caller may gate, is zero, or depends on ``training``, on a
    flag of the call or on whether gradients are recorded; when a ``train`` or ``eval`` of the module sets it; and in
    ``training_step``.

    **Mend.** ``self.dropout if self.training else 0.0``, or ``training=self.training``; none where the probability is
    fixed in a constructor, in which a gate would be evaluated once.
    """

    code = "ATN402"
    name = "dropout-in-eval"
    tiers = frozenset({Tier.SAFE, Tier.MANUAL})
    triggers = SITE
    references = (
        "https://github.com/pytorch/pytorch/issues/124464",
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html",
    )

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report probabilities that are not gated."""
        if not path.graph.in_torch_module or path.graph.definition.name in _IN_TRAINING:
            return
        if isinstance(path.anchor, (Sdpa, Flash, Dispatched)):
            anchor = path.anchor
            for found in path.ask(lambda p: _ungated(anchor.dropout, p.facts), in_eval=True):
                if found is not None and anchor.origin is not None and not _is_switched(found, path):
                    yield _finding(
                        found,
                        anchor.origin,
                        "scaled_dot_product_attention" if isinstance(anchor, Sdpa) else "the fused kernel",
                        path,
                    )
        for dropout in _functional(path):
            for found in path.ask(partial(_always_on, dropout), in_eval=True):
                if found is not None and dropout.origin is not None and not _is_switched(found, path):
                    yield _of_function(found, dropout, dropout.origin, path)


def _functional(path: AttentionPath) -> Iterator[Dropout]:
    """Functional dropout on the scores or the weights of a site."""
    if not isinstance(path.anchor, Softmax):
        return
    for dropout in path.graph.all(Dropout):
        if dropout.training is not None and path.anchor in softmaxes_behind(dropout.x, path.graph.softmaxes):
            yield dropout


def _always_on(dropout: Dropout, path: AttentionPath) -> Value | None:
    facts = path.facts
    if dropout.origin is None or not facts.world.holds(dropout.origin.guard):
        return None
    training = facts.resolve(dropout.training) if dropout.training is not None else None
    if isinstance(training, Constant) and training.value is True:
        return _ungated(dropout.p, facts)
    return None


def _ungated(probability: Value, facts: Facts) -> Value | None:
    """The probability, if it is certainly not zero in evaluation mode for some settings of the module."""
    value = _through(probability, facts)
    if value is None:
        return None
    resolved = facts.resolve(value)
    match resolved:
        case Constant(value=bool() | None):
            return None
        case Constant(value=number):
            return value if isinstance(number, (int, float)) and number != 0 else None
        case Parameter(of_constructor=True):
            pass
        case Attribute(member=member) if member != "training":
            if not _belongs_to_module(resolved):
                return None
        case _:
            return None
    return None if _is_known_zero(resolved, facts) else value


def _belongs_to_module(value: Value) -> bool:
    """Whether an attribute is the module's own setting: ``self.p``, ``config.p`` with the constructor's config."""
    while isinstance(value, Attribute):
        value = strip(value.base)
    return isinstance(value, (Instance, TorchModule)) or (isinstance(value, Parameter) and value.of_constructor)


def _is_switched(probability: Value, path: AttentionPath) -> bool:
    """Whether a ``train`` or ``eval`` of the module's code sets the attribute that the probability is read from."""
    read = path.facts.world.resolve(probability) if isinstance(probability, Phi) else probability
    if not isinstance(read, Attribute):
        return False
    return path.graph.module.ask(_is_set_by_mode, read.member)


def _is_set_by_mode(module: ModuleContext, member: str) -> bool:
    modes = (d for d in module.outline.definitions() if d.name in ("train", "eval"))
    return any(re.search(rf"\.{member}\b", mode.text) for mode in modes)


def _through(value: Value, facts: Facts) -> Value | None:
    """Follow branches, but keep the attribute read in the frame where the probability enters. None where a flag of the
    caller, or the mode of autograd, chooses: either may say that this is no training."""
    while isinstance(value, Phi):
        if any(_may_be_a_gate(leaf) for leaf in leaves(value.condition)):
            return None
        value = value.then if facts.truth(value.condition) else value.otherwise
    return value


def _may_be_a_gate(condition: Value) -> bool:
    asks_none = isinstance(strip(condition), (IsNone, Compare))
    return not asks_none and not is_setting(condition, of_call=False)


def _is_known_zero(value: Value, facts: Facts) -> bool:
    return facts.world.known(("equal", key(value), 0)) is True or facts.world.known(("true", key(value), None)) is False


_EFFECT = "so eval() outputs are random (32 % RMS noise at p = 0.1)"


def _finding(probability: Value, call: Origin, what: str, path: AttentionPath) -> Finding:
    """At the probability where it is read; at the call where it comes in through a signature."""
    read = probability.origin
    at = read if read is not None and not _is_in_signature(read) else call
    gated = "{0} if self.training else 0.0" if is_argument(at) else "({0} if self.training else 0.0)"
    mend = Mend("Gate by self.training", Tier.SAFE, (rewritten(at, gated, at),))
    return Finding(
        at,
        f"{what} applies dropout {probability.text} in evaluation mode as well: nothing here looks at self.training, "
        f"{_EFFECT}",
        related=tuple(_evidence(probability, call)),
        mend=mend if at is read and _can_gate(at, path) else None,
    )


def _of_function(probability: Value, dropout: Dropout, call: Origin, path: AttentionPath) -> Finding:
    """Functional dropout: told ``training=True``, or left at that default."""
    told = written(call, dropout.training, "training") if dropout.training is not None else None
    if told is None or told.code != "True":
        return _finding(probability, call, "F.dropout (training=True by default)", path)
    mend = Mend("Pass self.training", Tier.SAFE, (Replacement(told, "self.training"),))
    return Finding(
        told,
        f"F.dropout is told training=True and applies dropout {probability.text} in evaluation mode as well, {_EFFECT}",
        related=tuple(_evidence(probability, call)),
        mend=mend if _can_gate(told, path) else None,
    )


def _evidence(probability: Value, call: Origin) -> Iterator[tuple[Origin, str]]:
    if probability.origin is None or probability.origin.slice is call.slice:
        yield call, "the dropout is applied here"
    elif _is_in_signature(probability.origin):
        yield probability.origin, "the probability comes in here"


def _is_in_signature(origin: Origin) -> bool:
    """Whether a value is what a parameter holds: nothing can be edited there but its default."""
    node = origin.slice.node
    return isinstance(node, cst.FunctionDef) and not holds(node.body, origin.node)


def _can_gate(at: Origin, path: AttentionPath) -> bool:
    """Whether ``self.training`` may be read: in a method of a module, whose constructor is over when it runs."""
    method, frame = at.slice.node, at.frame
    if not isinstance(method, cst.FunctionDef) or _is_in_signature(at):
        return False
    names = [parameter.name.value for parameter in (*method.params.posonly_params, *method.params.params)]
    if names[:1] != ["self"] or _is_constructing(at):
        return False
    while frame is not None and frame.definition is None:
        frame = frame.caller
    parent = frame.definition.parent if frame is not None and frame.definition is not None else None
    return parent is not None and path.graph.module.is_torch_module(parent)


def _is_constructing(at: Origin) -> bool:
    """A gate that a constructor evaluates is frozen on."""
    frame = at.frame
    while frame is not None:
        if frame.definition is not None and frame.definition.name in ("__init__", "__post_init__"):
            return True
        frame = frame.caller
    return False
