"""ATN405 mha-batch-first."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from attnlint.attention import AttentionPath
from attnlint.attention.batch import CERTAIN, Evidence, batch_axes, is_single, only
from attnlint.attention.batch_uses import said_by_masks, said_by_uses
from attnlint.attention.spelling import appended, argument
from attnlint.attention.torch_modules import built
from attnlint.diagnostics import Tier
from attnlint.graph.values import MultiHead, Origin, Output, TorchModule, TransformerCall, Value, literal
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.triggers import SITE


class MhaBatchFirst(Rule):
    """A module of torch that reads (sequence, batch, features) is fed (batch, sequence, features).

    **What it finds.** ``nn.MultiheadAttention``, a Transformer, its encoder, decoder or one of their layers, built
    with ``batch_first=False``, which is the default, whose input has the batch on axis 0: it comes from a convolution
    or a module built with ``batch_first=True``, tokens are joined along axis 1, positions or masks count axis 1, or
    the output is pooled along it.

    **Why it hurts.** Attention runs across the samples of the batch instead of the tokens of one: sample 0 changes by
    0.57 when sample 1 does, and no token sees another. Shapes fit, so nothing raises, and what is predicted depends on
    what else is in the batch.

    **Silent when** the code does not say where the batch is, says it in two ways, or moves the axes before the call;
    when axis 1 has extent 1, or the module is built elsewhere.

    **Mend.** ``batch_first=True``.
    """

    code = "ATN405"
    name = "mha-batch-first"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html",)

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report modules whose layout is another than that of what they are given."""
        call = path.anchor
        if not isinstance(call, (MultiHead, TransformerCall)) or call.origin is None:
            return
        found = built(call.module, path.facts)
        if found is None or found.batch_first or found.layer.origin is None:
            return
        stream = call.query if isinstance(call, MultiHead) else call.stream
        evidence = _evidence(call, stream, path)
        if evidence:
            first = evidence[0]
            places = [(one.at.origin, f"so the batch is on axis 0: {one.what}") for one in evidence]
            yield Finding(
                found.layer.origin,
                f"{call.module.text} is built {_how(found.layer)} and reads (sequence, batch, features), but "
                f"{stream.text} has the batch on axis 0: {first.what}; attention runs across the samples of the batch",
                related=((call.origin, "it is called here"), *((at, what) for at, what in places if at is not None)),
                mend=_mend(found.layer, found.layer.origin),
            )


def _evidence(call: MultiHead | TransformerCall, stream: Value, path: AttentionPath) -> tuple[Evidence, ...]:
    """What says that the batch is on axis 0; nothing where it is not enough, or something else is said as well."""
    facts = path.facts
    shape = facts.shape(stream)
    if is_single(stream, facts) or (shape is not None and shape.rank not in (None, 3)):
        return ()
    said = list(batch_axes(stream, facts))
    if isinstance(call, MultiHead):
        said += batch_axes(call.key, facts)
    elif literal(call.memory) is not None:
        said += batch_axes(call.memory, facts)
    outputs = [use for use in path.graph.uses.get(id(call), ()) if isinstance(use, Output)]
    for result in outputs if isinstance(call, MultiHead) else [call]:
        said += said_by_uses(result, path.graph, facts)
    said += said_by_masks(call, facts)
    evidence = only(said, 0)
    return evidence if sum(one.weight for one in evidence) >= CERTAIN else ()


def _how(layer: TorchModule) -> str:
    given = layer.argument("batch_first")
    return "without batch_first=True" if given is None or given.origin is None else "with batch_first=False"


def _mend(layer: TorchModule, at: Origin) -> Mend | None:
    given = argument(at, None, "batch_first")
    if given is not None:
        edit = Replacement(given, "True") if isinstance(given.node, cst.Name) and given.node.value == "False" else None
    else:
        edit = appended(at, "batch_first=True") if literal(layer.argument("batch_first") or layer) is False else None
    return Mend("Build with batch_first=True", Tier.UNSAFE, (edit,)) if edit is not None else None
