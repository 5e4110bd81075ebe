"""ATN206 causal-diagonal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from attnlint.attention import AttentionPath, MaskUse
from attnlint.attention.causality import CAUSAL, kept_past, triangles_behind
from attnlint.attention.masking import is_self_attention, is_square, kept, rows_are_queries
from attnlint.attention.spelling import argument, written
from attnlint.diagnostics import Tier
from attnlint.graph.facts import Facts
from attnlint.graph.masks import MaskFact, number
from attnlint.graph.values import Cat, MultiHead, Origin, Pointwise, Tri, literal
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.torch_versions import TorchVersions
from attnlint.triggers import SITE


class CausalDiagonal(Rule):
    """A causal mask is off by one: it hides each token from itself, or shows it the next one.

    **What it finds.** ``triu(ones)`` as what is hidden, or ``tril(ones, -1)`` as what is kept: the diagonal itself is
    hidden. ``tril(ones, 1)`` as what is kept, or ``triu(ones, 2)`` as what is hidden: one token of the future is seen.
    The triangle is followed through ``==``, ``~``, ``1 -``, transposes, slices and buffers to the scores.

    **Why it hurts.** Without the diagonal the first row has no key at all: with −inf it is NaN, and spreads; with −1e9
    its weights are uniform, so that it sees the whole future (leak 0.19). With the next token the answer is given away.

    **Silent when** query, key and value are not known to be made of one tensor (attention to the previous step alone is
    often right then), when the mask is not square or is cut on both sides, and when the first row is taken care of
    after the softmax.

    **Mend.** Set ``diagonal``: 1 for what is hidden, 0 for what is kept.
    """

    code = "ATN206"
    name = "causal-diagonal"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report causal masks that are off by one."""
        for use in path.masks:
            left = kept(use, path.facts) if use.slot == "scores" else None
            wrong = _off_by_one(left) if left is not None else None
            if wrong is None or left is None or use.mask is None or use.at.origin is None:
                continue
            if not is_square(use.mask, path.facts) or not rows_are_queries(path) or not is_self_attention(path):
                continue
            if _first_row_is_handled(path):
                continue
            made = triangles_behind(use.mask, path.facts)
            at = made[0].origin if len(made) == 1 else None
            yield Finding(
                at or use.at.origin,
                f"{use.mask.text} {_what(wrong, use, self.torch)}; a causal mask hides triu(diagonal=1) and "
                "keeps tril(diagonal=0)",
                related=tuple(_evidence(path, use)),
                mend=_mend(made[0], wrong, path.facts) if len(made) == 1 else None,
            )


def _off_by_one(left: MaskFact) -> int | None:
    """The diagonal up to which keys are kept, where it is the one before or after the right one."""
    past = kept_past(left)
    if past is None or past == CAUSAL:
        return None
    if past.diagonal == -1 or (past.diagonal == 1 and left.region == past):
        return past.diagonal
    return None


def _what(diagonal: int, use: MaskUse, torch: TorchVersions) -> str:
    if diagonal == 1:
        return "keeps one token of the future: each query sees the key after it, which gives away what it predicts"
    first = "the first row has no key left, and is NaN with −inf or uniform over the whole sequence with a finite fill"
    if use.how == "argument":
        row = "0" if torch.are_from("2.5") else "NaN" if torch.are_before("2.5") else "0 since torch 2.5 and NaN before"
        first = f"the first row has no key left, and is {row}"
    return f"hides the diagonal: no query sees its own key, and {first}"


def _first_row_is_handled(path: AttentionPath) -> bool:
    """Whether a column is always visible, or NaN is scrubbed."""
    if any(isinstance(step, Cat) for step in path.steps):
        return True
    if isinstance(path.anchor, MultiHead):
        module = path.facts.resolve(path.anchor.module)
        extra = [getattr(module, "argument", lambda _: None)(name) for name in ("add_bias_kv", "add_zero_attn")]
        if any(value is not None and literal(value) is not False for value in extra):
            return True
    return any(value.function == "nan_to_num" for value in path.graph.all(Pointwise))


def _evidence(path: AttentionPath, use: MaskUse) -> Iterator[tuple[Origin, str]]:
    if use.at.origin is not None:
        yield use.at.origin, "the mask meets the scores here"
    if path.anchor.origin is not None and path.anchor is not use.at:
        yield path.anchor.origin, "softmax is taken here"


def _mend(made: Tri, kept_to: int, facts: Facts) -> Mend | None:
    """The diagonal that makes it right; a transpose on the way to the scores turns the direction round."""
    diagonal, origin = number(made.diagonal, facts), made.origin
    if origin is None or diagonal is None:
        return None
    is_straight = diagonal == kept_to + (1 if made.upper else 0)
    right = int(diagonal) - kept_to if is_straight else int(diagonal) + kept_to
    replacement = _with_diagonal(made, origin, right)
    return None if replacement is None else Mend(f"Set diagonal={right}", Tier.UNSAFE, (replacement,))


def _with_diagonal(made: Tri, call: Origin, diagonal: int) -> Replacement | None:
    """The call with another diagonal, which is the last argument of the function and the only one of the method."""
    node, source = call.node, written(call, made.x)
    if not isinstance(node, cst.Call) or source is None or any(arg.star for arg in node.args):
        return None
    is_method = isinstance(node.func, cst.Attribute) and source.node is node.func.value
    for keyword in ("diagonal", "k"):
        given = argument(call, 0 if is_method else 1, keyword)
        if given is not None:
            return Replacement(given, str(diagonal))
    if is_method and not node.args:
        func = replace(call, node=node.func)
        return Replacement(call, f"{{0}}({diagonal})", (func,))
    if is_method or len(node.args) != 1 or node.args[0].keyword is not None:
        return None
    return Replacement(source, f"{{0}}, {diagonal}", (source,))
