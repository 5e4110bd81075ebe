"""ATN306 half-softmax."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import libcst as cst

from attnlint.attention import AttentionPath
from attnlint.attention.contexts import called, is_autocast
from attnlint.attention.importing import spelled
from attnlint.attention.spelling import argument, operands, rewritten
from attnlint.attention.transparent import LAYOUT, PARTS
from attnlint.diagnostics import Severity, Span, Tier
from attnlint.graph.dtypes import HALVES, named
from attnlint.graph.facts import Facts
from attnlint.graph.values import Cast, Divide, Multiply, Origin, Product, Softmax, Value, literal
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.triggers import SITE

_PRODUCTS = ("matmul", "bmm", "einsum")
_STEPS = 40


@dataclass(frozen=True)
class _Rounding:
    """Where scores are rounded to half precision, and what says so."""

    at: Origin
    dtype: str
    how: str
    evidence: tuple[tuple[Origin, str], ...]
    mend: Mend | None


class HalfSoftmax(Rule):
    """Softmax is taken of scores that were rounded to half precision.

    **What it finds.** Weights of a softmax in float16 or bfloat16, by the code's own casts: the product of a query and
    a key that are cast (``.half()``, ``.to(torch.bfloat16)``), scores that are cast between product and softmax, or
    ``softmax(…, dtype=torch.float16)``.

    **Why it hurts.** A score of 20 in bfloat16 is off by up to 0.06, and its weight by 6 %: measured, weights are up to
    10 % off and the output 1.3 % instead of 0.2 %, as ``scaled_dot_product_attention`` gives it, which keeps the scores
    in float32. ``softmax(scores, dtype=torch.float32)`` alone does not bring back what the product has lost: cast to
    half again, it is bit for bit what softmax in half gives (CPU).

    **Silent when** dtypes are not known from the code, softmax is given ``dtype=torch.float32`` or float32 scores, or
    the code stands under ``torch.autocast``, which takes softmax in float32.

    **Mend.** The product in float32 and the weights cast back, the cast behind softmax instead of before it, or
    ``softmax(…, dtype=torch.float32).to(…)``; unsafe, as all numbers change a little, and scores take twice the memory.
    """

    code = "ATN306"
    name = "half-softmax"
    severity = Severity.WARNING
    on_by_default = False
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = tuple(trigger for trigger in SITE if "oftmax" in trigger)
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html",)

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report softmaxes of half precision over scores of a query and a key."""
        softmax = path.anchor
        if not isinstance(softmax, Softmax) or softmax.origin is None:
            return
        if path.product is None or path.output is None or path.facts.dtype(softmax) not in HALVES:
            return
        found = _rounding(softmax, softmax.origin, path.product, path)
        if found is None or is_autocast(softmax.origin):
            return
        yield Finding(
            found.at,
            f"{found.how} {found.dtype}: softmax is taken of rounded scores, and where these are large a weight is "
            "off by several percent; keep them in float32 until softmax is taken",
            related=found.evidence,
            mend=found.mend,
        )


def _rounding(softmax: Softmax, at: Origin, product: Product, path: AttentionPath) -> _Rounding | None:
    """Where the scores of a softmax in half precision become such: in the product, on the way, or in softmax."""
    taken = ((at, "softmax is taken here"),)
    given = named(softmax.dtype, path.facts)
    if given is None and literal(path.facts.resolve(softmax.dtype)) is not None:
        return None
    half = path.facts.dtype(product)
    if half in HALVES and product.origin is not None:
        casts = (_cast(side, path.facts) for side in (product.left, product.right))
        related = tuple((cast, f"the dtype is {half} from here") for cast in dict.fromkeys(casts) if cast is not None)
        mend = _product_mend(product, at, half, path) if given is None else None
        return _Rounding(product.origin, half, f"{product.text} is computed in", (*related, *taken), mend)
    for step in path.steps:
        dtype = named(step.dtype, path.facts) if isinstance(step, Cast) else None
        if isinstance(step, Cast) and dtype in HALVES and step.origin is not None:
            return _Rounding(step.origin, dtype, f"{step.x.text} is rounded to", taken, _cast_mend(step.origin, at))
    keyword = argument(at, None, "dtype")
    if given is None or keyword is None:
        return None
    return _Rounding(keyword, given, f"{softmax.x.text} is rounded to", taken, _keyword_mend(keyword, at, path))


def _cast(value: Value, facts: Facts) -> Origin | None:
    """The cast that an operand has its dtype from."""
    for _ in range(_STEPS):
        value = facts.resolve(value)
        if isinstance(value, Cast) and value.dtype is not None:
            return value.origin
        if not isinstance(value, (*LAYOUT, *PARTS, Multiply, Divide)):
            return None
        value = next(value.operands())
    return None


def _product_mend(product: Product, softmax: Origin, half: str, path: AttentionPath) -> Mend | None:
    """Both operands in float32, and the weights cast back."""
    origin, torch, found = product.origin, spelled(f"torch.{half}", path.graph), operands(product)
    if origin is None or torch is None or found is None or not _is_beside(origin, softmax):
        return None
    if isinstance(origin.node, cst.Call) and called(origin.node) not in _PRODUCTS:
        return None
    wide = (rewritten(operand, "{0}.float()", operand) for operand in found)
    edits = (*wide, _behind(softmax, f".to({torch.text})"), *torch.imports)
    return Mend("Keep the scores in float32", Tier.UNSAFE, edits)


def _cast_mend(cast: Origin, softmax: Origin) -> Mend | None:
    """The same cast behind softmax instead of before it."""
    call = cast.node
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute) or not _is_beside(cast, softmax):
        return None
    arguments = cast.slice.code(call)[len(cast.slice.code(call.func)) :]
    text = f".{call.func.attr.value}{arguments}".replace("{", "{{").replace("}", "}}")
    inner = replace(cast, node=call.func.value)
    title = "Cast the weights instead of the scores"
    return Mend(title, Tier.UNSAFE, (rewritten(cast, "{0}", inner), _behind(softmax, text)))


def _keyword_mend(keyword: Origin, softmax: Origin, path: AttentionPath) -> Mend | None:
    """Softmax in float32, and the weights cast."""
    wide, half = spelled("torch.float32", path.graph), keyword.slice.code(keyword.node)
    if wide is None or "{" in half:
        return None
    edits = (Replacement(keyword, wide.text), _behind(softmax, f".to({half})"), *wide.imports)
    return Mend("Take softmax in float32", Tier.UNSAFE, edits)


def _is_beside(at: Origin, softmax: Origin) -> bool:
    """Whether two places are of one activation of one definition, so that an edit of both changes no other call."""
    return at.slice is softmax.slice and at.frame is softmax.frame and isinstance(softmax.node, cst.Call)


def _behind(call: Origin, text: str) -> Replacement:
    """Text inserted at the end of a call."""
    span = call.slice.span(call.node)
    return Replacement(Span(span.end_line, span.end_column, span.end_line, span.end_column), text)
