"""ATN216 mask-not-buffer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from attnlint.attention import AttentionPath, MaskUse
from attnlint.attention.spelling import assignment
from attnlint.diagnostics import Severity, Tier
from attnlint.graph.machine import Store
from attnlint.graph.values import (
    Arange,
    Attribute,
    Cast,
    Compare,
    External,
    FromData,
    Full,
    Instance,
    Learned,
    Phi,
    Random,
    Value,
    is_tensor,
    strip,
)
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.syntax.walk import holds
from attnlint.triggers import SITE

_MADE = (Full, Arange, Random, FromData)
_OWN_WAYS = ("_apply", "to", "cuda", "__setattr__")
"""Methods by which a class moves its tensors itself."""
_STEPS = 64


class MaskNotBuffer(Rule):
    """A mask made in the constructor is a plain attribute: ``model.to(device)`` leaves it behind.

    **What it finds.** ``self.mask = torch.tril(torch.ones(n, n))`` in the constructor of an ``nn.Module``, and a site
    that masks with it.

    **Why it hurts.** ``nn.Module`` moves and casts parameters and buffers alone. The mask stays on the CPU, so that the
    first call on a GPU raises, and it stays float32 where the scores are half.

    **Silent when** the mask is a buffer or parameter, is given a device, is moved where it is used
    (``self.mask.to(x.device)``), or is set again anywhere else.

    **Mend.** ``register_buffer(…, persistent=False)``, which keeps checkpoints as they are. Safe for masks of bools and
    for those of 0 and 1 that are compared; a mask that is added is cast with the module, which may change the numbers.
    """

    code = "ATN216"
    name = "mask-not-buffer"
    severity = Severity.WARNING
    tiers = frozenset({Tier.SAFE, Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE
    references = (
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_buffer",
    )

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report attributes that the constructor made and the site masks with."""
        for use in path.masks:
            for read in _reads(use.mask, path) if use.mask is not None else ():
                store = _plain_store(read, path)
                if store is None or path.facts.mask(read) is None or not _is_made(read, path):
                    continue
                where = path.anchor.origin
                yield Finding(
                    store.origin,
                    f"{read.text} is a plain attribute, which nn.Module neither moves nor casts: it stays on the CPU "
                    "when the model moves to a GPU, and masking with it raises; register it as a buffer",
                    related=((where, "the weights that it masks are made here"),) if where is not None else (),
                    mend=_mend(store, read, use, path),
                )


def _reads(mask: Value, path: AttentionPath) -> Iterator[Attribute]:
    """Attributes of objects that a mask is computed from, but for those that are moved on the way."""
    waiting, seen = [mask], 0
    while waiting and seen < _STEPS:
        value, seen = waiting.pop(), seen + 1
        if isinstance(value, Phi):
            waiting.append(value.then if path.facts.truth(value.condition) else value.otherwise)
        elif path.graph.is_placed(strip(value)) or _moves(value, path):
            continue
        elif isinstance(value, Attribute) and value.value is not None:
            if isinstance(strip(value.base), Instance):
                yield value
        else:
            waiting.extend(value.operands())


def _moves(value: Value, path: AttentionPath) -> bool:
    """``.to(other)`` and ``.type_as(other)``: a cast that may change the device as well."""
    if not isinstance(value, Cast) or value.dtype is None:
        return False
    return not isinstance(path.facts.resolve(value.dtype), External)


def _plain_store(read: Attribute, path: AttentionPath) -> Store | None:
    """Where a constructor sets the attribute, if that is the only place and no registration."""
    owner, graph = strip(read.base), path.graph
    stores = [store for store in graph.stores if store.owner is owner and store.member == read.member]
    if len(stores) != 1 or stores[0].registers or strip(stores[0].value) is not strip(read):
        return None
    frame = stores[0].origin.frame
    if frame is None or frame.definition is None or frame.definition.name != "__init__":
        return None
    assert isinstance(owner, Instance)
    own = graph.module.defines(owner.outline, _OWN_WAYS)
    return stores[0] if graph.module.is_torch_module(owner.outline) and not own else None


def _is_made(read: Attribute, path: AttentionPath) -> bool:
    """Whether a tensor is made of numbers alone, on the default device."""
    waiting, seen, made = [strip(read)], 0, False
    while waiting:
        value, seen = path.facts.resolve(waiting.pop()), seen + 1
        if path.graph.is_placed(value) or seen > _STEPS or _moves(value, path):
            return False
        if isinstance(value, Learned) or (isinstance(value, Full) and value.like is not None):
            return False
        if isinstance(value, _MADE):
            made = True
        elif is_tensor(value) or isinstance(value, Compare):
            waiting.extend(
                operand for operand in value.operands() if is_tensor(operand) or isinstance(operand, Compare)
            )
        else:
            return False
    return made


def _mend(store: Store, read: Attribute, use: MaskUse, path: AttentionPath) -> Mend | None:
    statement, target = assignment(store.origin), store.origin.node
    if statement is None or statement.value is None or not isinstance(target, cst.Attribute):
        return None
    if not isinstance(target.value, cst.Name) or isinstance(statement, cst.AnnAssign):
        return None
    if not _can_register(store, path):
        return None
    assert isinstance(store.owner, Instance)
    bases = path.graph.module.foreign_bases(store.owner.outline)
    is_safe = _speaks_bool(read, use, path) and all(base == "torch.nn.Module" for base in bases)
    text = f'{target.value.value}.register_buffer("{read.member}", {{0}}, persistent=False)'
    value = replace(store.origin, node=statement.value)
    at = replace(store.origin, node=statement)
    return Mend(
        "Register the mask as a buffer", Tier.SAFE if is_safe else Tier.UNSAFE, (Replacement(at, text, (value,)),)
    )


def _speaks_bool(read: Attribute, use: MaskUse, path: AttentionPath) -> bool:
    """Whether the mask is bool, or 0/1 and compared before it is used: half precision holds both, and no sum or product
    is taken with it."""
    if path.facts.dtype(read) == "bool":
        return True
    fact = path.facts.mask(read)
    compared = use.mask is not None and path.facts.dtype(use.mask) == "bool"
    return fact is not None and fact.representation == "binary" and compared


def _can_register(store: Store, path: AttentionPath) -> bool:
    """Whether ``super().__init__()`` ran before, and no class of the family defines the name: a buffer may not take
    the name of another attribute."""
    function, owner = store.origin.slice.node, store.owner
    assert isinstance(owner, Instance)
    family = list(path.graph.module.ancestry(owner.outline))
    names = {name for outline in family for name in (*outline.assignments, *outline.methods)}
    if store.member in names or not isinstance(function, cst.FunctionDef):
        return False
    for statement in function.body.body:
        if holds(statement, store.origin.node):
            return False
        if _initialises(statement):
            return True
    return False


def _initialises(statement: cst.CSTNode) -> bool:
    """``super().__init__()`` or ``nn.Module.__init__(self)``."""
    match statement:
        case cst.SimpleStatementLine(
            body=[cst.Expr(value=cst.Call(func=cst.Attribute(attr=cst.Name(value="__init__"))))]
        ):
            return True
    return False
