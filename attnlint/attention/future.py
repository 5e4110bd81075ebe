"""Whether a site hides the future."""

from __future__ import annotations

from attnlint.attention.masking import is_computed
from attnlint.attention.site import AttentionPath, MaskUse
from attnlint.graph.values import Constant, Dispatched, Flash, Sdpa, Tri, Value


def is_causal(path: AttentionPath) -> bool | None:
    """Whether a triangular mask, or the flag of a fused call, hides positions; None where it is not known.

    May raise `attnlint.graph.worlds.Undecided`: whether a flag is set, or an optional mask given.
    """
    anchor = path.anchor
    if isinstance(anchor, (Sdpa, Flash)):
        if path.facts.truth(anchor.causal):
            return True
    elif path.kind != "hand-written" or path.opaque or path.product is None:
        return None
    answers = [_hides_future(use, path) for use in path.masks]
    if True in answers:
        return True
    return None if None in answers else False


def _hides_future(use: MaskUse, path: AttentionPath) -> bool | None:
    if use.how == "triangle":
        return isinstance(use.at, Tri)
    if use.mask is None or not is_given(use.mask, path):
        return False
    fact = path.facts.mask(use.mask)
    if fact is not None and fact.region is not None:
        return True
    return False if use.how == "add" and is_computed(use.mask, path) else None


def is_given(mask: Value, path: AttentionPath) -> bool:
    """Whether an optional mask is there. Raises `attnlint.graph.worlds.Undecided` where it may be or not."""
    value = path.facts.resolve(mask)
    return not (isinstance(value, Constant) and value.value is None) and not path.facts.world.is_none(value)


def flag_of(path: AttentionPath) -> Value | None:
    """The ``is_causal`` of a fused call."""
    anchor = path.anchor
    return anchor.causal if isinstance(anchor, (Sdpa, Flash, Dispatched)) else None
