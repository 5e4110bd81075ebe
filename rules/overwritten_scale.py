"""ATN106 overwritten-scale."""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.attention import AttentionPath
from attnlint.attention.output import meetings
from attnlint.attention.spelling import written
from attnlint.attention.trail import factor_of
from attnlint.attention.transparent import LAYOUT, beneath
from attnlint.diagnostics import Tier
from attnlint.graph.liveness import looks_only
from attnlint.graph.values import Divide, FloorDivide, Multiply, Origin, Phi, Product, Value
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.triggers import SITE


class OverwrittenScale(Rule):
    """The scaled scores are overwritten by something made of the unscaled ones.

    **What it finds.** The product is scaled into a name, and on the way to softmax the name is bound anew, to the
    unscaled product with a mask: ``scores = raw / d**0.5``, then ``scores = raw.masked_fill(mask, -1e9)``. The scaled
    scores are not read on that path.

    **Why it hurts.** On that branch, usually the masked one, there is no scale: the entropy of the weights falls from
    1.71 to 0.33 nats at head_dim 64, and masked and unmasked calls of one module disagree.

    **Silent when** anything reads the scaled scores on the path, when another factor scales what softmax takes, or
    when the scale is of what softmax is not taken of.

    **Mend.** The scaled scores in place of the unscaled ones, where they have a name at hand.
    """

    code = "ATN106"
    name = "overwritten-scale"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report scaled scores that nobody reads where softmax is taken of the unscaled ones."""
        product = path.product
        if product is None or product.origin is None or path.all_factors or not meetings(path):
            return
        for scaled in _scaled(product, path):
            if not _is_read(scaled, path):
                yield _finding(scaled, product, path)


def _scaled(product: Product, path: AttentionPath) -> Iterator[Multiply | Divide]:
    """Values that are the product times a number, and are computed on this path."""
    for value in path.graph.users.get(id(product), ()):
        if not isinstance(value, (Multiply, Divide)) or isinstance(value, FloorDivide) or value.origin is None:
            continue
        factor = factor_of(value, path.facts)
        if factor is None or path.facts.resolve(factor[0]) is not product or factor[2] is None:
            continue
        if value.name is not None and path.facts.world.holds(value.origin.guard):
            yield value


def _is_read(value: Value, path: AttentionPath) -> bool:
    """Whether anything that is computed on this path is computed from a value, or holds it at the end."""
    graph = path.graph
    waiting, seen = [value], {id(value)}
    leaving = {id(kept) for kept in (*graph.returned, *graph.kept)}
    while waiting:
        current = waiting.pop()
        if id(current) in leaving:
            return True
        for user in graph.users.get(id(current), ()):
            if isinstance(user, Phi):
                if path.facts.resolve(user) is value and id(user) not in seen:
                    seen.add(id(user))
                    waiting.append(user)
            elif not looks_only(user) and (user.origin is None or path.facts.world.holds(user.origin.guard)):
                return True
    return not graph.is_whole


def _finding(scaled: Value, product: Product, path: AttentionPath) -> Finding:
    use = next((use for use in path.masks if _reads(use.at, product, path)), None)
    step = use.at if use is not None else path.anchor
    at = step.origin or path.anchor.origin
    assert at is not None
    read = written(at, product)
    made = scaled.origin
    return Finding(
        read or at,
        f"{scaled.text} is scaled, but softmax is taken of the unscaled {product.text}: the scaled scores are "
        "overwritten here and never read (entropy 0.33 instead of 1.71 nats at head_dim 64)",
        related=((made, "the scores are scaled here"),) if made is not None else (),
        mend=_mend(read, scaled, product),
    )


def _reads(step: Value, product: Product, path: AttentionPath) -> bool:
    """Whether the first operand of a step is the product, but for its layout."""
    operands = (path.facts.resolve(operand) for operand in step.operands())
    for operand in operands:
        operand = beneath(operand, path.facts, LAYOUT)
        if operand is product:
            return True
    return False


def _mend(read: Origin | None, scaled: Value, product: Product) -> Mend | None:
    """The scaled scores by their name, where they have another one than the unscaled, in the same function."""
    made, name = scaled.origin, scaled.name
    if read is None or made is None or name is None or not name.isidentifier() or name == product.name:
        return None
    if made.slice is not read.slice or made.frame is not read.frame or read.code != product.name:
        return None
    return Mend(f"Use {name}", Tier.UNSAFE, (Replacement(read, name),))
