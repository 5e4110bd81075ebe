"""ATN403 causal-with-cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from attnlint.attention import AttentionPath
from attnlint.attention.arms import is_setting, leaves
from attnlint.attention.caches import aligned_to_the_end, cached
from attnlint.attention.spelling import argument, rewritten
from attnlint.diagnostics import Severity, Tier
from attnlint.graph.values import Compare, Constant, Extent, IsNone, Rank, Sdpa, Value, key
from attnlint.rule import Finding, Mend, Replacement, Rule


class CausalWithCache(Rule):
    """``is_causal=True`` where the keys are longer than the queries: the triangle starts at the wrong corner.

    **What it finds.** A ``scaled_dot_product_attention`` call with ``is_causal`` True on a path on which the key was
    joined with a cache (``torch.cat((past, k), dim=-2)``, a write into a cache, ``cache.update(k, v)``). As a warning:
    the same with a ``q_len > 1`` guard, which a prompt in several chunks defeats, and a call whose own code, where it
    makes the causal mask by hand for the same query and key, aligns it to the last key (``triu(k_len - q_len + 1)``).

    **Why it hurts.** ``is_causal`` aligns the triangle to the first key: query i sees keys 0 … i, so that none of the
    new tokens sees itself or what came just before. With a single query the output is exactly the first value.

    **Silent when** ``is_causal`` depends on the cache (``past is None``), on ``q_len == k_len``, on a mask that the
    caller gives instead, on an argument of the caller, or on anything that is not understood. flash_attn aligns to the
    last key, and is never reported.

    **Mend.** A mask that is aligned to the last key, in place of a literal ``is_causal=True``; or
    ``torch.nn.attention.bias.causal_lower_right``, which is not built inside a fullgraph compile.
    """

    code = "ATN403"
    name = "causal-with-cache"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = ("scaled_dot_product_attention",)
    references = (
        "https://github.com/pytorch/pytorch/issues/103082",
        "https://github.com/pytorch/pytorch/issues/144858",
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.attention.bias.causal_lower_right.html",
    )

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report a causal call with keys from a cache."""
        call = path.anchor
        if not isinstance(call, Sdpa) or call.origin is None or path.query is None or path.key is None:
            return
        if not path.facts.truth(call.causal):
            return
        conditions = [leaf for guard in (call.causal, *call.origin.guard) for leaf in leaves(guard, facts=path.facts)]
        if not all(_is_understood(leaf, path) for leaf in conditions):
            return
        joined = cached(path.key, path.facts)
        if joined is not None and not joined.is_reversed and cached(path.query, path.facts) is None:
            if _depends_on_mask(call, path):
                return
            yield _finding(call, path, joined.at, joined.cache, _asks_for_length(conditions, path))
            return
        triangle = aligned_to_the_end(path)
        if triangle is not None and not _asks_for_length(conditions, path):
            yield _by_triangle(call, path, triangle)


def _is_understood(leaf: Value, path: AttentionPath) -> bool:
    """Whether a condition says nothing about the lengths, or no more than how long the query is."""
    value = path.facts.resolve(leaf)
    match value:
        case Constant() | IsNone():
            return True
        case Compare(left=left, right=right):
            one, two = path.facts.resolve(left), path.facts.resolve(right)
            short = isinstance(one, Extent) and isinstance(two, Constant) and two.value in (0, 1)
            return short or isinstance(one, Rank)
    return is_setting(leaf, of_call=False)


def _asks_for_length(conditions: list[Value], path: AttentionPath) -> bool:
    """Whether the code treats a single query apart."""
    compared = (leaf for leaf in map(path.facts.resolve, conditions) if isinstance(leaf, Compare))
    return any(isinstance(path.facts.resolve(leaf.left), Extent) for leaf in compared)


def _depends_on_mask(call: Sdpa, path: AttentionPath) -> bool:
    """Whether the caller turns causality off by giving a mask of its own."""
    masks = {key(path.facts.resolve(call.mask))}
    asked = (path.facts.resolve(leaf) for leaf in leaves(call.causal, facts=path.facts))
    parts = {key(path.facts.resolve(leaf.x)) for leaf in asked if isinstance(leaf, IsNone)}
    joined = cached(path.key, path.facts)
    kept = {key(joined.cache)} if joined is not None else set()
    return bool(parts & masks) or bool(parts - kept)


def _finding(call: Sdpa, path: AttentionPath, joined: Value, cache: Value, is_guarded: bool) -> Finding:
    assert call.origin is not None
    assert path.query is not None
    assert path.key is not None
    q, k = path.query.value.text, path.key.value.text
    effect = "the guard on the query's length holds for one token alone, and " if is_guarded else ""
    return Finding(
        call.origin,
        f"is_causal=True aligns its triangle to the first key, but {k} holds what {cache.text} kept as well and is "
        f"longer than {q}: {effect}new tokens see neither themselves nor their neighbours (a single query gets the "
        "first value); align the mask to the last key",
        related=((joined.origin, f"{k} is joined with {cache.text} here"),) if joined.origin is not None else (),
        mend=_mend(call),
        severity=Severity.WARNING if is_guarded else None,
    )


def _by_triangle(call: Sdpa, path: AttentionPath, triangle: Value) -> Finding:
    assert call.origin is not None
    assert path.query is not None
    assert path.key is not None
    return Finding(
        call.origin,
        "is_causal=True aligns its triangle to the first key; where this code makes the causal mask by hand, it "
        f"aligns it to the last one, for a {path.key.value.text} that is longer than {path.query.value.text}: with a "
        "cache, this call hides what the other shows",
        related=((triangle.origin, "aligned to the last key here"),) if triangle.origin is not None else (),
        severity=Severity.WARNING,
    )


def _mend(call: Sdpa) -> Mend | None:
    """A literal flag becomes a mask that ends at the last key."""
    assert call.origin is not None
    flag = argument(call.origin, None, "is_causal")
    query, keys = argument(call.origin, 0, "query"), argument(call.origin, 1, "key")
    if flag is None or query is None or keys is None or flag.code != "True":
        return None
    named = all(isinstance(part.node, cst.Name) for part in (query, keys))
    if not named or argument(call.origin, 3, "attn_mask") is not None or not isinstance(call.origin.node, cst.Call):
        return None
    whole = next(arg for arg in call.origin.node.args if arg.value is flag.node)
    assert whole.keyword is not None
    triangle = "{0}.new_ones({0}.size(-2), {1}.size(-2)).tril({1}.size(-2) - {0}.size(-2)).bool()"
    edits = Replacement(replace(flag, node=whole.keyword), "attn_mask"), rewritten(flag, triangle, query, keys)
    return Mend("Mask by a triangle that ends at the last key", Tier.UNSAFE, edits)
