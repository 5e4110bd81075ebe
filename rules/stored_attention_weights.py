"""ATN307 stored-attention-weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from attnlint.attention import AttentionPath
from attnlint.attention.contexts import is_untracked
from attnlint.attention.spelling import argument, assignment, rewritten
from attnlint.attention.trail import softmaxes_behind
from attnlint.diagnostics import Severity, Tier
from attnlint.graph.machine import Store
from attnlint.graph.values import Attribute, Cast, Instance, MultiHead, Origin, Pure, Softmax, Value, Weights, strip
from attnlint.graph.worlds import TRAINING
from attnlint.rule import Finding, Mend, Rule
from attnlint.syntax.walk import nodes
from attnlint.triggers import SITE

_HOOKS = ("register_hook", "retain_grad")


class StoredAttentionWeights(Rule):
    """A module keeps its attention weights with the graph that made them.

    **What it finds.** ``self.attn = weights``, or ``self.maps.append(weights)``, in a method of an ``nn.Module``, of
    weights that a value was averaged with or that ``nn.MultiheadAttention`` returns.

    **Why it hurts.** After a training step the weights hold all that was computed for them, until the next step
    replaces them; in a list, for ever. ``copy.deepcopy(model)``, as for an average of weights, raises "Only Tensors
    created explicitly by the user support the deepcopy protocol". 2 KiB for 2 samples, 4 heads and 8 tokens, and 4 GiB
    for 2 samples, 32 heads and 4096 tokens, beside all that backward needs with them.

    **Silent when** the weights are detached, made or stored where no gradient is tracked, stored in evaluation mode
    alone, replaced before the method ends, read by the next call (a recurrent state), or hooked for their gradient.

    **Mend.** ``.detach()``. Unsafe: a loss that reads the stored weights would lose its gradient. None where the output
    is computed from the attribute itself.
    """

    code = "ATN307"
    name = "stored-attention-weights"
    severity = Severity.WARNING
    on_by_default = False
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html",)

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report what the path's weights are stored in."""
        anchor = path.anchor.origin
        is_weights = path.output is not None if isinstance(path.anchor, Softmax) else isinstance(path.anchor, MultiHead)
        if anchor is None or not is_weights:
            return
        for store in path.graph.stores:
            owner = _owner(store, path)
            if owner is None or not _may_be_weights(store.value, path):
                continue
            if not path.facts.world.holds(store.origin.guard) or path.facts.world.known(TRAINING) is False:
                continue
            if not _is_tracked(store.value, path) or not _lasts(store, path) or _is_state(store, path):
                continue
            if any(is_untracked(place) or _is_hooked(place) for place in (anchor, store.origin)):
                continue
            if any(_asks_for_gradients(condition) for condition in store.origin.guard) or _is_data(store):
                continue
            yield Finding(
                store.origin,
                f"{owner} keeps attention weights together with the graph that made them: its memory is held after "
                "the step, and copy.deepcopy(model) raises; detach what is kept, unless a loss reads it",
                related=((anchor, "the weights are made here"),),
                mend=_mend(store, path),
            )


def _owner(store: Store, path: AttentionPath) -> str | None:
    """What a message calls the attribute of a module that is set or appended to; None for all else."""
    if store.registers:
        return None
    module, member = store.owner, store.member
    if store.appends:
        if not isinstance(store.owner, Attribute):
            return None
        module, member = store.owner.base, store.owner.member
    owner = strip(module)
    if not isinstance(owner, Instance) or not path.graph.module.is_torch_module(owner.outline):
        return None
    return f"{module.text}.{member}"


def _may_be_weights(value: Value, path: AttentionPath) -> bool:
    """Whether a value may be the path's weights on any path: cheap, and asks no condition."""
    if isinstance(path.anchor, MultiHead):
        return True
    return path.anchor in softmaxes_behind(value, path.graph.softmaxes)


def _is_tracked(value: Value, path: AttentionPath) -> bool:
    """Whether a value is the path's weights on this path, and nothing on the way to it detaches them."""
    return bool(path.facts.once(f"is tracked from {id(path.anchor)}", value, lambda held, _: _is_kept(held, path)))


def _is_kept(resolved: Value, path: AttentionPath) -> bool:
    if resolved is path.anchor:
        return True
    if isinstance(path.anchor, MultiHead):
        if isinstance(resolved, Weights):
            return strip(resolved.call) is path.anchor
        return isinstance(resolved, Cast) and not resolved.detaches and _is_tracked(resolved.x, path)
    if isinstance(resolved, Softmax) or (isinstance(resolved, Cast) and resolved.detaches):
        return False
    return any(
        path.anchor in softmaxes_behind(operand, path.graph.softmaxes) and _is_tracked(operand, path)
        for operand in resolved.operands()
    )


def _target(store: Store) -> tuple[Value, str]:
    """The module and the attribute of it that something is stored in."""
    if not store.appends:
        return strip(store.owner), store.member
    assert isinstance(store.owner, Attribute)
    return strip(store.owner.base), store.owner.member


def _lasts(store: Store, path: AttentionPath) -> bool:
    """Whether nothing else is stored in the attribute before the method ends."""
    later = path.graph.stores[path.graph.stores.index(store) + 1 :]
    base, member = _target(store)
    return not any(
        not other.appends
        and strip(other.owner) is base
        and other.member == member
        and path.facts.world.holds(other.origin.guard)
        for other in later
    )


def _reads(store: Store, path: AttentionPath) -> Iterator[Attribute]:
    """Where the attribute is read that something is set to."""
    base, member = _target(store)
    for read in path.graph.all(Attribute):
        if not store.appends and read.member == member and strip(read.base) is base:
            yield read


def _is_state(store: Store, path: AttentionPath) -> bool:
    """Whether the attribute is read for what an earlier call left there: a state, through which gradients may go."""
    return any(not _may_be_weights(read, path) for read in _reads(store, path))


def _is_hooked(at: Origin) -> bool:
    """Whether a gradient of tensors is asked for in the definition around a place: they are kept for it."""
    return any(isinstance(node, cst.Attribute) and node.attr.value in _HOOKS for node in nodes(at.slice.module))


def _asks_for_gradients(condition: Value, depth: int = 4) -> bool:
    """Whether a condition depends on gradients: ``torch.is_grad_enabled()``, ``x.requires_grad``."""
    match strip(condition):
        case Pure(function="grad_mode") | Attribute(member="requires_grad"):
            return True
        case inner:
            return depth > 0 and any(_asks_for_gradients(operand, depth - 1) for operand in inner.operands())


def _is_data(store: Store) -> bool:
    """Whether ``x.data`` is stored, which has no history."""
    at = _stored(store)
    return at is not None and any(isinstance(n, cst.Attribute) and n.attr.value == "data" for n in nodes(at.node))


def _stored(store: Store) -> Origin | None:
    """What is stored, where it is written beside the target."""
    if store.appends:
        return argument(store.origin, 0 if store.member == "append" else None, "object")
    statement = assignment(store.origin)
    return replace(store.origin, node=statement.value) if statement is not None and statement.value else None


def _mend(store: Store, path: AttentionPath) -> Mend | None:
    """``.detach()`` behind what is stored, unless the output is computed from what the attribute holds."""
    at = _stored(store)
    if at is None or any(_reads(store, path)):
        return None
    return Mend("Detach what is kept", Tier.UNSAFE, (rewritten(at, "{0}.detach()", at),))
