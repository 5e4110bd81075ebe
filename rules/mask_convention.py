"""ATN208 mask-convention."""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.attention import AttentionPath, MaskUse
from attnlint.attention.causality import faces_both_ways, is_causal_inverted, triangles_behind
from attnlint.attention.contradictions import read_otherwise
from attnlint.attention.flipping import flipped, mask_as_written
from attnlint.attention.masking import denies_bool, is_square, kept
from attnlint.attention.spelling import rewritten
from attnlint.diagnostics import Tier
from attnlint.graph.dtypes import FLOATS
from attnlint.graph.masks import MaskFact, Tokens, Triangle
from attnlint.graph.values import MultiHead, Origin, Sdpa
from attnlint.rule import Finding, Mend, Rule

_SAYS = {
    Sdpa: "scaled_dot_product_attention attends where a mask of bools is True",
    MultiHead: "nn.MultiheadAttention ignores where a mask of bools is True",
}


class MaskConvention(Rule):
    """The mask speaks another convention than the call that it is given to.

    **What it finds.** A mask of bools that is True where it should be False: ``triu(ones, 1).bool()`` or
    ``tokens == pad`` given to ``scaled_dot_product_attention``, which attends where True; ``tril(ones).bool()`` given
    to ``nn.MultiheadAttention``, which ignores where True; a mask that other code on the way fills with −inf where
    True, handed to ``scaled_dot_product_attention`` as it is. And a mask of float zeros and ones given to either, which
    adds it to the scores.

    **Why it hurts.** Read the other way round, a causal mask shows each token the future and hides the past (leak 5.0).
    Added, a ``tril`` of ones hides nothing: 31 % of the mass stays on the future.

    **Silent when** it is not known how the mask speaks, or which positions it names.

    **Mend.** Turn a mask of bools round. ``.bool()`` makes a keep mask of zeros and ones right for
    ``scaled_dot_product_attention``, and ``== 0`` for ``nn.MultiheadAttention``.
    """

    code = "ATN208"
    name = "mask-convention"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = (r"scaled_dot_product_attention", r"MultiheadAttention[ \t]*(?:[(,)]|$)")
    references = (
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html",
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html",
    )

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report masks of fused calls that are read another way than they are meant."""
        says = _SAYS.get(type(path.anchor))
        if says is None or denies_bool(path):
            return
        for use in path.masks:
            fact = path.facts.mask(use.mask) if use.mask is not None else None
            if use.mask is None or use.at.origin is None or use.slot != "scores":
                continue
            found = _inverted(use, fact, path, says) or _added(use, fact, path) or _contradicted(use, path, says)
            if found is not None:
                yield found


def _inverted(use: MaskUse, fact: MaskFact | None, path: AttentionPath, says: str) -> Finding | None:
    left = kept(use, path.facts)
    if fact is None or left is None or fact.representation != "bool" or use.mask is None or use.at.origin is None:
        return None
    if is_causal_inverted(left):
        if left.region is not None and (not is_square(use.mask, path.facts) or faces_both_ways(use, path)):
            return None
        effect = "so that each query sees the future and not the past"
    elif left.outer == left.inner == (Tokens(real=False),):
        effect = "so that only padding is attended"
    else:
        return None
    at = mask_as_written(use)
    return Finding(
        at or use.at.origin,
        f"{use.mask.text} is True where nothing should be attended, but {says}, {effect}"
        if isinstance(use.at, Sdpa)
        else f"{use.mask.text} is True where it should be attended, but {says}, {effect}",
        related=tuple(_evidence(use, path)),
        mend=Mend("Turn the mask round", Tier.UNSAFE, (flipped(at),)) if at is not None else None,
    )


def _added(use: MaskUse, fact: MaskFact | None, path: AttentionPath) -> Finding | None:
    """Zeros and ones that are added."""
    dtype = path.facts.dtype(use.mask) if use.mask is not None else None
    if fact is None or fact.representation != "binary" or not fact.has_region or use.mask is None:
        return None
    if (dtype is not None and dtype not in FLOATS) or use.at.origin is None:
        return None
    at, test = mask_as_written(use), _test(use, fact)
    return Finding(
        at or use.at.origin,
        f"{use.mask.text} holds zeros and ones as floats, and floats are added to the scores: it hides nothing, 31 % "
        "of the mass stays on what it should hide; make it a mask of bools",
        related=tuple(_evidence(use, path)),
        mend=Mend("Make the mask bool", Tier.UNSAFE, (rewritten(at, test, at),)) if at and test else None,
    )


def _test(use: MaskUse, fact: MaskFact) -> str | None:
    """What turns zeros and ones into the bools that the call reads."""
    keeps = fact.region == Triangle(upper=False, diagonal=0) or all(t == Tokens(real=True) for t in fact.outer)
    hides = fact.region == Triangle(upper=True, diagonal=1) or all(t == Tokens(real=False) for t in fact.outer)
    if keeps == hides:
        return None
    return "{0}.bool()" if keeps == isinstance(use.at, Sdpa) else "{0} == 0"


def _contradicted(use: MaskUse, path: AttentionPath, says: str) -> Finding | None:
    other = read_otherwise(use, path)
    if other is None or use.mask is None or use.at.origin is None:
        return None
    at = mask_as_written(use)
    return Finding(
        at or use.at.origin,
        f"{use.mask.text} goes to a call that reads it the other way round than {other.at.code} does: {says}, and "
        f"there {other.source.text} {other.does}",
        related=((other.at, f"here {other.source.text} {other.does}"),),
        mend=Mend("Turn the mask round", Tier.UNSAFE, (flipped(at),)) if at is not None else None,
    )


def _evidence(use: MaskUse, path: AttentionPath) -> Iterator[tuple[Origin, str]]:
    made = triangles_behind(use.mask, path.facts) if use.mask is not None else []
    for triangle in made[:1]:
        if triangle.origin is not None:
            yield triangle.origin, "the triangle is made here"
    if not made and use.mask is not None and use.mask.origin is not None:
        yield use.mask.origin, "the mask is made here"
