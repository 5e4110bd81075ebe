"""ATN408 branch-mismatch."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from attnlint.attention import AttentionPath
from attnlint.attention.arms import Arms, is_handed_in, leaves, unread_masks
from attnlint.attention.future import flag_of, is_causal
from attnlint.attention.trail import AFTER_SOFTMAX
from attnlint.diagnostics import Severity
from attnlint.graph.facts import Facts
from attnlint.graph.scalars import Monomial
from attnlint.graph.values import (
    NONE,
    Attribute,
    Constant,
    Convolution,
    Dropout,
    External,
    Flash,
    Linear,
    Parameter,
    Pure,
    Sdpa,
    Softmax,
    Value,
    literal,
    strip,
)
from attnlint.graph.worlds import TRAINING, Undecided
from attnlint.rule import Finding, Rule
from attnlint.triggers import SITE


class BranchMismatch(Rule):
    """The fused and the hand-written arm of one choice compute different attention.

    **What it finds.** Two sites of different kinds that read the same query, key and value, where one setting alone
    (``self.flash``, ``hasattr(F, …)``, a constant of the module) takes one or the other, and the two differ: a mask
    that one of them ignores, causality, the scale, or (as a warning) dropout on the weights. The arms may be an if and
    its else, an early return and the rest, or two methods.

    **Why it hurts.** The model is another one where the setting differs: trained on one machine, wrong on the next.
    Which arm runs often depends on the version of torch, so tests pass on both. The numbers are those of what is
    missing: without the causal mask earlier outputs change by 4.1 with later tokens, without the scale outputs differ
    by 2.6.

    **Silent when** a condition explains the difference (``if mask is None: fused``, no dropout where no gradients are
    recorded), when the mask on either arm is not understood, when the setting itself may be what turns causality on,
    and where another rule reports it: a mask parameter that one arm never reads is ATN215, a scale that is wrong by
    itself ATN101–104.

    **Mend.** Decide which arm is right, and give the other the same mask, ``is_causal``, ``scale`` and dropout.
    """

    code = "ATN408"
    name = "branch-mismatch"
    triggers = SITE
    references = ("https://github.com/lucidrains/x-transformers/issues/160",)

    def check_arms(self, first: AttentionPath, second: AttentionPath, arms: Arms) -> Iterator[Finding]:
        """Report the gravest difference between two arms."""
        for difference in (_masks, _causality, _scale, _dropout):
            for one, two in ((first, second), (second, first)):
                found = difference(one, two, arms)
                if found is not None:
                    yield found
                    return


def _finding(
    one: AttentionPath, two: AttentionPath, arms: Arms, here: str, there: str, severity: Severity | None = None
) -> Finding | None:
    at, other = one.anchor.origin, two.anchor.origin
    if at is None or other is None:
        return None
    return Finding(
        at,
        f"{_called(one)} {here}, but {_called(two)} {there}: {arms.switch.text} chooses between them, and the same "
        "query, key and value give another result on each",
        related=((other, "the other arm's attention is here"),),
        severity=severity,
    )


def _called(path: AttentionPath) -> str:
    kinds = {"hand-written": "the hand-written arm", "sdpa": "the scaled_dot_product_attention arm"}
    return kinds.get(path.kind, "the fused arm")


def _masks(one: AttentionPath, two: AttentionPath, arms: Arms) -> Finding | None:
    """A mask that the module holds and that ``one`` ignores. One that is handed in is ATN215's."""
    for use, found in unread_masks(one, two):
        if any(is_handed_in(source) for source in found):
            continue
        if use.mask is not None and all(isinstance(source, (Attribute, Parameter)) for source in found):
            return _finding(one, two, arms, "applies no mask", f"applies {use.mask.text}")
    return None


def _causality(one: AttentionPath, two: AttentionPath, arms: Arms) -> Finding | None:
    """``two`` hides the future and ``one`` does not, and that is not what the setting is for."""
    if is_causal(two) is not True or is_causal(one) is not False:
        return None
    if _depends_on_lengths(one):
        return None
    if not _is_availability(arms.switch) and not _depends_on_more(two, one):
        return None
    return _finding(one, two, arms, "sees the future", "is causal")


def _depends_on_lengths(path: AttentionPath) -> bool:
    """Whether a number was compared on the way: a single query sees everything, causal or not."""
    atoms = path.facts.world.assumed
    return any(kind == "compare" or (kind == "equal" and type(what) is int) for kind, _, what in atoms)


def _is_availability(switch: Value) -> bool:
    """Whether a setting says what the installation has to offer."""
    value = strip(switch)
    return isinstance(value, (Pure, External))


def _depends_on_more(path: AttentionPath, other: AttentionPath) -> bool:
    """Whether the causality of a path has a condition of its own, beside the one that chooses the arm."""
    flag = flag_of(path)
    if flag is not None and not isinstance(strip(flag), Constant) and path.facts.truth(flag):
        return True
    shared = {id(condition) for condition in (other.anchor.origin.guard if other.anchor.origin else ())}
    own = {id(condition) for condition in (path.anchor.origin.guard if path.anchor.origin else ())}
    guards = (use.at.origin.guard for use in path.masks if use.at.origin is not None)
    return any(id(condition) not in shared | own for guard in guards for condition in guard)


def _scale(one: AttentionPath, two: AttentionPath, arms: Arms) -> Finding | None:
    """Scales that are certainly different, each right for what its arm may be given."""
    if one.kind == "hand-written" or one.scale is None or two.scale is None:
        return None
    ratio = one.scale / two.scale
    if ratio is None or ratio.is_one or ratio.equals(Monomial.number(1)):
        return None
    if not ratio.is_number and (not _is_power_of_width(ratio, one) or _is_projected(one)):
        return None
    return _finding(one, two, arms, f"scales by {one.scale}", f"scales by {two.scale}")


def _is_power_of_width(ratio: Monomial, path: AttentionPath) -> bool:
    width = path.head_dim
    if width is None or width.is_number or len(width.symbols) != 1:
        return False
    return ratio.symbols == width.symbols and all(abs(Fraction(e)) >= Fraction(1, 4) for _, e in ratio.powers)


def _is_projected(path: AttentionPath) -> bool:
    """Whether the rules about scales know the operands, so that they report the arm that is wrong."""
    ends = [operand.source for operand in (path.query, path.key) if operand is not None]
    return any(isinstance(end, (Linear, Convolution)) for end in ends)


def _dropout(one: AttentionPath, two: AttentionPath, arms: Arms) -> Finding | None:
    """Dropout on the weights of ``two`` alone, in training."""
    facts = one.facts
    if _asks_for_gradients(one):
        return None
    if facts.world.known(TRAINING) is None:
        raise Undecided(TRAINING)
    if facts.world.known(TRAINING) is not True or _dropped(one) is not False or _dropped(two) is not True:
        return None
    probability = _probability(two)
    if probability is None or _is_positive(probability, facts) is not True:
        return None
    return _finding(one, two, arms, "drops no weights in training", "does", Severity.WARNING)


def _asks_for_gradients(path: AttentionPath) -> bool:
    """Whether an arm is chosen by the grad mode as well: without gradients, nobody trains."""
    guard = path.anchor.origin.guard if path.anchor.origin is not None else ()
    asked = (strip(leaf) for condition in guard for leaf in leaves(condition))
    return any(isinstance(leaf, Pure) and leaf.function == "grad_mode" for leaf in asked)


def _dropped(path: AttentionPath) -> bool | None:
    """Whether weights are dropped in training; None where the probability is not known to be a setting."""
    probability = _probability(path)
    return None if probability is None else _is_positive(probability, path.facts)


def _probability(path: AttentionPath) -> Value | None:
    """With which probability weights are dropped; None where that is not known."""
    if isinstance(path.anchor, (Sdpa, Flash)):
        return path.anchor.dropout
    if not isinstance(path.anchor, Softmax) or path.weights is None:
        return None
    value = path.facts.resolve(path.weights)
    while isinstance(value, AFTER_SOFTMAX):
        if isinstance(value, Dropout):
            return value.p
        value = path.facts.resolve(next(value.operands()))
    return NONE if value is path.anchor else None


def _is_positive(probability: Value, facts: Facts) -> bool | None:
    value = facts.resolve(probability)
    if isinstance(value, Constant):
        return bool(value.value)
    is_setting = isinstance(value, Parameter) and value.of_constructor
    if not (is_setting or isinstance(value, Attribute)) or literal(probability) == 0:
        return None
    return facts.truth(value)
