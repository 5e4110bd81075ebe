"""What torch's own attention modules were built with."""

from __future__ import annotations

from dataclasses import dataclass

from attnlint.graph.domains import Ask
from attnlint.graph.values import Constant, MultiHead, Recurrent, TorchModule, TransformerCall, Value


@dataclass(frozen=True)
class Built:
    """The constructor that decides a module's layout: the module's own, or that of a stack's layer."""

    layer: TorchModule
    batch_first: bool


def built(module: Value, ask: Ask) -> Built | None:
    """How a module reads its input, None where its constructor does not say so by a literal."""
    layer = layer_of(module, ask)
    given = layer.argument("batch_first") if layer is not None else None
    flag = ask.resolve(given) if given is not None else None
    if layer is None or not isinstance(flag, Constant) or not isinstance(flag.value, bool):
        return None
    return Built(layer, flag.value)


def layer_of(module: Value, ask: Ask) -> TorchModule | None:
    """The module itself, or the layer that a ``TransformerEncoder`` or ``TransformerDecoder`` is a stack of."""
    found = ask.resolve(module)
    for name in ("encoder_layer", "decoder_layer"):
        layer = found.argument(name) if isinstance(found, TorchModule) else None
        if layer is not None:
            found = ask.resolve(layer)
    return found if isinstance(found, TorchModule) else None


def heads_of(module: Value, ask: Ask) -> Value | None:
    """The number of heads that a module was built with."""
    layer = layer_of(module, ask)
    return (layer.argument("num_heads") or layer.argument("nhead")) if layer is not None else None


def is_batch_first(call: Value, ask: Ask) -> bool | None:
    """Whether a call of a module has the batch on axis 0, by a literal of its constructor."""
    if not isinstance(call, (MultiHead, TransformerCall, Recurrent)):
        return None
    found = built(call.module, ask)
    return found.batch_first if found is not None else None
