"""ATN402 dropout-in-eval."""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.attention import AttentionPath
from attnlint.attention.trail import softmaxes_behind
from attnlint.attention.triggers import SITE
from attnlint.diagnostics import Tier
from attnlint.graph.facts import Facts
from attnlint.graph.values import (
    Attribute,
    Constant,
    Dispatched,
    Dropout,
    Flash,
    Instance,
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


class DropoutInEval(Rule):
    """Attention dropout that stays on in evaluation mode.

    **What it finds.** In an ``nn.Module``, ``dropout_p=self.dropout`` (also positional, through an alias, through
    flash_attn and xformers) or ``F.dropout(weights, self.dropout)`` where nothing on any path looks at
    ``self.training``. Fused attention is a function: unlike ``nn.Dropout`` it does not know about ``model.eval()``.

    **Why it hurts.** Evaluation is random: at p = 0.1 the output carries 32 % RMS noise, and two runs differ.

    **Silent when** the probability is a parameter that the caller may gate, is zero, or depends on ``training``.

    **Mend.** ``self.dropout if self.training else 0.0``.
    """

    code = "ATN402"
    name = "dropout-in-eval"
    tiers = frozenset({Tier.SAFE})
    triggers = SITE
    references = (
        "https://github.com/pytorch/pytorch/issues/124464",
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html",
    )

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report probabilities that are not gated."""
        if not path.graph.in_torch_module:
            return
        if isinstance(path.anchor, (Sdpa, Flash, Dispatched)):
            anchor = path.anchor
            for found in path.ask(lambda p: _ungated(anchor.dropout, p.facts), in_eval=True):
                if found is not None and anchor.origin is not None:
                    yield _finding(
                        found,
                        anchor.origin,
                        "scaled_dot_product_attention" if isinstance(anchor, Sdpa) else "the fused kernel",
                    )
        for dropout in _functional(path):
            for found in path.ask(lambda p, d=dropout: _always_on(d, p.facts), in_eval=True):  # type: ignore[misc]
                if found is not None and dropout.origin is not None:
                    yield _finding(found, dropout.origin, "F.dropout (training=True by default)")


def _functional(path: AttentionPath) -> Iterator[Dropout]:
    """Functional dropout on the scores or the weights of a site."""
    if not isinstance(path.anchor, Softmax):
        return
    seen: dict[int, frozenset[Softmax]] = {}
    for dropout in path.graph.all(Dropout):
        if dropout.training is not None and path.anchor in softmaxes_behind(dropout.x, seen):
            yield dropout


def _always_on(dropout: Dropout, facts: Facts) -> Value | None:
    if dropout.origin is None or not facts.world.holds(dropout.origin.guard):
        return None
    training = facts.resolve(dropout.training) if dropout.training is not None else None
    if isinstance(training, Constant) and training.value is True:
        return _ungated(dropout.p, facts)
    return None


def _ungated(probability: Value, facts: Facts) -> Value | None:
    """The probability, if it is certainly not zero in evaluation mode for some settings of the module."""
    value = _through(probability, facts)
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


def _through(value: Value, facts: Facts) -> Value:
    """Follow branches, but keep the attribute read in the frame where the probability enters."""
    while isinstance(value, Phi):
        value = value.then if facts.truth(value.condition) else value.otherwise
    return value


def _is_known_zero(value: Value, facts: Facts) -> bool:
    return facts.world.known(("equal", key(value), 0)) is True or facts.world.known(("true", key(value), None)) is False


def _finding(probability: Value, call: Origin, what: str) -> Finding:
    at = probability.origin or call
    text = at.code
    return Finding(
        at,
        f"{what} applies dropout {text} in evaluation mode as well: nothing here looks at self.training, so eval() "
        "outputs are random (32 % RMS noise at p = 0.1)",
        related=((call, "the dropout is applied here"),) if call.frame is at.frame else (),
        mend=Mend("Gate by self.training", Tier.SAFE, (Replacement(at, "{0} if self.training else 0.0", (at,)),)),
    )
