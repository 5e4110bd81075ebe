"""ATN213 padding-mask-polarity."""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.attention import AttentionPath, MaskUse
from attnlint.attention.contradictions import read_otherwise
from attnlint.attention.flipping import flipped, mask_as_written
from attnlint.attention.masking import kept
from attnlint.attention.spelling import rewritten
from attnlint.diagnostics import Tier
from attnlint.graph.facts import Facts
from attnlint.graph.masks import Tokens
from attnlint.graph.values import Attribute, Cast, Index, Instance, MultiHead, Parameter, Value, literal
from attnlint.rule import Finding, Mend, Rule
from attnlint.triggers import SITE

_PUBLISHED = "attention_mask"
"""What tokenizers call their mask: 1 for what to attend to."""


class PaddingMaskPolarity(Rule):
    """A padding mask is the wrong way round: real tokens are hidden, and padding is attended.

    **What it finds.** ``tokens != pad`` or ``arange(T) < lengths[:, None]`` as ``key_padding_mask``, which ignores
    where True, or filled with −inf; a tokenizer's ``attention_mask`` handed to ``key_padding_mask`` as it is; a
    ``key_padding_mask`` that the same code elsewhere fills with −inf where it is False.

    **Why it hurts.** Only padding is attended: real outputs change by 4.5 when padding does. A sample without padding
    is fully masked: NaN with need_weights=True and in the fast path of evaluation, a constant in training.

    **Silent when** it is not known which positions the mask names. ``scaled_dot_product_attention`` and ``attn_mask``
    are ATN208.

    **Mend.** Turn the mask round.
    """

    code = "ATN213"
    name = "padding-mask-polarity"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html",)

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report masks of padding that hide what is real."""
        for use in path.masks:
            if use.mask is None or use.at.origin is None or (use.how == "argument" and use.slot == "scores"):
                continue
            found = _inverted(use, path) or _published(use, path) or _contradicted(use, path)
            if found is not None:
                yield found


def _inverted(use: MaskUse, path: AttentionPath) -> Finding | None:
    left = kept(use, path.facts)
    if left is None or Tokens(real=False) not in left.outer or use.mask is None or use.at.origin is None:
        return None
    at = mask_as_written(use)
    reads = "key_padding_mask ignores where it is True" if use.slot == "keys" else "its positions are filled with −inf"
    is_whole = use.slot == "keys" or use.how == "fill"
    return Finding(
        at or use.at.origin,
        f"{use.mask.text} names the real tokens, and {reads}: only padding is attended, and a sample without padding "
        "is fully masked"
        if is_whole
        else f"{use.mask.text} is −inf on the real tokens: only padding is attended, and a sample without padding is "
        "fully masked",
        related=((use.mask.origin, "the mask is made here"),) if use.mask.origin is not None else (),
        mend=Mend("Turn the mask round", Tier.UNSAFE, (flipped(at),)) if at is not None and is_whole else None,
    )


def _published(use: MaskUse, path: AttentionPath) -> Finding | None:
    if use.slot != "keys" or use.mask is None or use.at.origin is None or not _is_published(use.mask, path):
        return None
    at = mask_as_written(use)
    return Finding(
        at or use.at.origin,
        f"{use.mask.text} is 1 for real tokens, as tokenizers return it, and key_padding_mask ignores where it is "
        "True: real tokens are hidden and padding is attended",
        mend=Mend("Turn the mask round", Tier.UNSAFE, (rewritten(at, "{0} == 0", at),)) if at is not None else None,
    )


def _is_published(mask: Value, path: AttentionPath) -> bool:
    """``batch["attention_mask"]``, ``inputs.attention_mask``, or the parameter beside the token ids ``input_ids``."""
    value = path.facts.resolve(mask)
    while isinstance(value, Cast) and path.facts.dtype(value) == "bool":
        value = path.facts.resolve(value.x)
    match value:
        case Index(keys=(only,)):
            return bool(literal(only) == _PUBLISHED)
        case Attribute(base=base, member=member):
            return member == _PUBLISHED and not isinstance(path.facts.resolve(base), Instance)
        case Parameter(label=label):
            return label == _PUBLISHED and _takes_token_ids(path.facts, path)
    return False


def _takes_token_ids(facts: Facts, path: AttentionPath) -> bool:
    values = path.graph.all(Parameter)
    return any(value.label == "input_ids" and facts.observed_index(value) for value in values)


def _contradicted(use: MaskUse, path: AttentionPath) -> Finding | None:
    other = read_otherwise(use, path) if isinstance(use.at, MultiHead) else None
    if other is None or use.mask is None or use.at.origin is None:
        return None
    at = mask_as_written(use)
    return Finding(
        at or use.at.origin,
        f"{use.mask.text} is read the other way round than {other.at.code} does: key_padding_mask ignores where it is "
        f"True, and there {other.source.text} {other.does}",
        related=((other.at, f"here {other.source.text} {other.does}"),),
        mend=Mend("Turn the mask round", Tier.UNSAFE, (rewritten(at, "{0} == 0", at),)) if at is not None else None,
    )
