"""Rows of torch.nn.functional: softmax, dropout, norms."""

from __future__ import annotations

from attnlint.graph.ops.table import row
from attnlint.graph.values import NONE, Dropout, Embedding, Normalize, Pointwise, Softmax, Unknown, Value, literal

row("softmax torch.special.softmax", "input dim|axis dtype", lambda a: Softmax(a.input, a.dim, a.dtype))
row("F.softmax", "input dim|axis _stacklevel dtype", lambda a: Softmax(a.input, a.dim, a.dtype))
row("F.log_softmax log_softmax", "input dim _stacklevel dtype", lambda a: Pointwise("log_softmax", a.input, (a.dim,)))
row("F.dropout torch.dropout F.alpha_dropout", "input p training=True", lambda a: Dropout(a.input, a.p, a.training))
row("F.linear", "input weight bias", lambda a: Unknown((a.input, a.weight)))
row(
    "F.normalize",
    "input p dim=1",
    lambda a: Normalize(a.input, "l2" if a.p is NONE or _is_two(a.p) else "other", a.dim),
)
row("F.layer_norm", "input normalized_shape", lambda a: Normalize(a.input, "layer", None, a.normalized_shape))
row("F.rms_norm", "input normalized_shape", lambda a: Normalize(a.input, "rms", None, a.normalized_shape))
row("F.pad", "input pad mode value", lambda a: Unknown((a.input,)))
row("F.embedding", "input weight", lambda a: Embedding(a.input, Unknown((a.weight,))))


def _is_two(value: Value) -> bool:
    return bool(literal(value) == 2)
