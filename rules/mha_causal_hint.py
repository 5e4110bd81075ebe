"""ATN406 mha-causal-hint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from attnlint.attention import AttentionPath
from attnlint.attention.spelling import appended, argument
from attnlint.attention.torch_modules import is_batch_first
from attnlint.attention.transparent import LAYOUT, beneath
from attnlint.diagnostics import Tier
from attnlint.graph.facts import Facts
from attnlint.graph.masks import Triangle
from attnlint.graph.values import (
    NONE,
    Constant,
    Embedding,
    Learned,
    Linear,
    MultiHead,
    Origin,
    TransformerCall,
    Value,
    strip,
)
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.triggers import SITE


class MhaCausalHint(Rule):
    """``is_causal=True`` is a hint about the mask of torch's modules, and there is no mask, or another one.

    **What it finds.** ``is_causal=True`` given to ``nn.MultiheadAttention`` or to a Transformer, its encoder, decoder
    or one of their layers, without the mask that it speaks of; or beside a mask that is certainly not the plain causal
    one, with ``need_weights=False`` and no ``key_padding_mask``.

    **Why it hurts.** Unlike ``scaled_dot_product_attention``, these modules take the flag as a promise about the mask.
    Without a mask the call raises in 2.13; on the fast path (evaluation without gradients, ``batch_first=True``) it is
    silently bidirectional, and torch 2.0.0 ignored the flag everywhere. Another mask is replaced by the causal one,
    but on that path, where it counts.

    **Silent when** the flag is no literal, or the mask is not known to be another than the causal one.

    **Mend.** Give the causal mask beside the flag; drop the flag beside another mask.
    """

    code = "ATN406"
    name = "mha-causal-hint"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html",)

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report hints that no mask keeps."""
        call, facts = path.anchor, path.facts
        if not isinstance(call, (MultiHead, TransformerCall)) or call.origin is None:
            return
        for hint in _hints(call):
            causal, mask = facts.resolve(hint.causal), facts.resolve(hint.mask)
            if not isinstance(causal, Constant) or causal.value is not True:
                continue
            flag = argument(call.origin, None, hint.flag) or call.origin
            if isinstance(mask, Constant) and mask.value is None:
                yield Finding(
                    call.origin,
                    f"{call.module.text} is told {hint.flag}=True and given no {hint.keyword}: torch 2.13 raises, and "
                    "on the fast path of evaluation every token silently sees the future; the flag is a hint about "
                    "the mask, which is wanted beside it",
                    related=((flag, "the hint is given here"),),
                    mend=_masked(call, hint, path),
                )
            elif _is_used_instead(hint, facts) and _is_other(mask, facts):
                is_flag = isinstance(flag.node, cst.Name)
                yield Finding(
                    flag,
                    f"{call.module.text} is told {hint.flag}=True and given {hint.mask.text}, which is not the causal "
                    "mask: where no weights are needed the causal mask takes its place",
                    related=((mask.origin, "the mask comes from here"),) if mask.origin is not None else (),
                    mend=Mend("Drop the hint", Tier.UNSAFE, (Replacement(flag, "False"),)) if is_flag else None,
                )


@dataclass(frozen=True)
class _Hint:
    """A flag of a call, the mask that it is about (``keyword``) and the padding mask that goes with that."""

    flag: str
    causal: Value
    keyword: str
    mask: Value
    padding: Value
    weights: Value


def _hints(call: MultiHead | TransformerCall) -> Iterator[_Hint]:
    if isinstance(call, MultiHead):
        yield _Hint("is_causal", call.causal, "attn_mask", call.mask, call.padding, call.weights)
        return
    given = dict(zip(call.names, call.arguments, strict=True))
    for flag in call.names:
        if flag.endswith("is_causal"):
            part = flag.removesuffix("is_causal") or "src_"
            keyword = f"{part}mask" if f"{part}mask" in given else "mask"
            padding = given.get(f"{part}key_padding_mask", NONE)
            yield _Hint(flag, given[flag], keyword, given[keyword], padding, Constant(False))


def _is_used_instead(hint: _Hint, facts: Facts) -> bool:
    """Whether the flag counts and the mask does not: nothing else needs the mask."""
    weights, padding = facts.resolve(hint.weights), facts.resolve(hint.padding)
    told = isinstance(weights, Constant) and weights.value is False
    return told and isinstance(padding, Constant) and padding.value is None


def _is_other(mask: Value, facts: Facts) -> bool:
    """Whether a mask certainly is not the plain causal one: another triangle, or numbers that are learned."""
    fact = facts.mask(mask)
    if fact is not None and fact.region is not None and fact.representation != "binary":
        return fact.region != Triangle(upper=True, diagonal=1)
    source = mask
    source = beneath(source, facts, LAYOUT)
    return isinstance(source, (Embedding, Linear)) or (isinstance(source, Learned) and facts.mask(source) is None)


def _masked(call: MultiHead | TransformerCall, hint: _Hint, path: AttentionPath) -> Mend | None:
    """The causal mask, where the call attends to one sequence whose length can be written down."""
    assert call.origin is not None
    stream = call.query if isinstance(call, MultiHead) else call.stream
    same = not isinstance(call, MultiHead) or strip(call.key) is strip(stream)
    first = is_batch_first(call, path.facts)
    keyword = "query" if isinstance(call, MultiHead) else "src" if call.target is NONE else "tgt"
    tensor = argument(call.origin, 0, keyword)
    if tensor is None or not isinstance(tensor.node, cst.Name) or first is None or not same or "memory" in hint.flag:
        return None
    if isinstance(call, TransformerCall) and call.source is not NONE and call.target is not NONE:
        return None
    maker, name = _transformer(path), tensor.node.value
    if maker is None:
        return None
    text = f"{maker}.generate_square_subsequent_mask({name}.size({int(first)}), device={name}.device)"
    given = argument(call.origin, None, hint.keyword)
    edit = Replacement(given, text) if given is not None else _added(call.origin, hint, text)
    return Mend("Give the causal mask", Tier.UNSAFE, (edit,)) if edit is not None else None


def _added(call: Origin, hint: _Hint, text: str) -> Replacement | None:
    """One more argument, where no positional one stands in its place."""
    node = call.node
    positional = [arg for arg in node.args if arg.keyword is None] if isinstance(node, cst.Call) else []
    most = {"attn_mask": 5, "tgt_mask": 2}.get(hint.keyword, 1)
    return appended(call, f"{hint.keyword}={text}") if len(positional) <= most else None


def _transformer(path: AttentionPath) -> str | None:
    """How the module under analysis can name ``torch.nn.Transformer``."""
    for name, imported in path.graph.module.outline.imports.items():
        if imported in ("torch", "torch.nn", "torch.nn.Transformer"):
            return name + "torch.nn.Transformer".removeprefix(imported)
    return None
