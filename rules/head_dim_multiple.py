"""ATN904 head-dim-multiple."""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.attention import AttentionPath
from attnlint.diagnostics import Severity
from attnlint.graph.dtypes import HALVES
from attnlint.graph.values import Cast, Origin
from attnlint.rule import Finding, Rule
from attnlint.triggers import SITE

_MULTIPLE = 8


class HeadDimMultiple(Rule):
    """In half precision, heads are of a size that tensor cores do not take as it is.

    **What it finds.** A fused call whose head_dim is a literal that 8 does not divide, on a query that the code makes
    float16 or bfloat16.

    **Why it costs.** Tensor cores work on multiples of 8. For its flash kernel PyTorch pads query, key and value to the
    next multiple, which copies all three; other kernels fall back to slower ones. Heads of 20 are padded by 20 %.

    **Silent when** head_dim is not a literal, or the dtype is not known from the code.

    **Mend.** Choose the number of heads so that 8 divides head_dim: a decision about the model, which is yours.
    """

    code = "ATN904"
    name = "head-dim-multiple"
    severity = Severity.PERFORMANCE
    on_by_default = False
    triggers = SITE
    references = ("https://docs.nvidia.com/deeplearning/performance/dl-performance-matrix-multiplication/index.html",)

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report fused calls on heads of an odd size."""
        head_dim, origin = path.head_dim, path.anchor.origin
        if path.kind not in ("sdpa", "flash") or path.query is None or head_dim is None or origin is None:
            return
        dtype, size = path.facts.dtype(path.query.value), int(head_dim.coefficient)
        if dtype not in HALVES or not head_dim.is_number or size != head_dim.coefficient or size % _MULTIPLE == 0:
            return
        yield Finding(
            origin,
            f"{path.query.value.text} is {dtype} with heads of {size}, which 8 does not divide: flash kernels pad it "
            f"to {size + -size % _MULTIPLE} and copy query, key and value; choose another number of heads",
            related=tuple(_evidence(path)),
        )


def _evidence(path: AttentionPath) -> Iterator[tuple[Origin, str]]:
    assert path.query is not None
    cast = next((step for step in path.query.steps if isinstance(step, Cast) and step.origin is not None), None)
    if cast is not None and cast.origin is not None:
        yield cast.origin, "the query gets its dtype here"
    elif path.query.value.origin is not None:
        yield path.query.value.origin, "the query is made here"
