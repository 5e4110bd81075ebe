"""ATN506 unregistered-heads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from attnlint.attention.importing import spelled
from attnlint.attention.parameters import class_name, contents, has_parameters
from attnlint.attention.spelling import assignment
from attnlint.diagnostics import Tier
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.machine import Store
from attnlint.graph.values import (
    Attribute,
    Carried,
    Function,
    Instance,
    Items,
    Mapping,
    Origin,
    Phi,
    Repeating,
    Spread,
    TorchModule,
    Unknown,
    Value,
    strip,
)
from attnlint.rule import Finding, Mend, Replacement, Rule

_OWN_WAYS = frozenset({
    "parameters", "named_parameters", "children", "named_children", "modules", "named_modules", "state_dict", "_apply",
    "to", "cuda", "__setattr__", "__getattr__",
})  # fmt: skip
"""Methods by which a class looks after its modules itself."""
_HARMLESS_BASES = ("torch.nn.", "abc.", "typing.", "typing_extensions.", "builtins.")


class UnregisteredHeads(Rule):
    """Modules in a plain list or dict: ``nn.Module`` does not see them, and nothing trains them.

    **What it finds.** In the constructor of an ``nn.Module``, modules that hold parameters put into a list, tuple or
    dict that becomes an attribute (``self.heads = [Head(d) for _ in range(n)]``, also filled by ``append``), and that
    another method of the class reads.

    **Why it hurts.** ``parameters()`` does not yield them: the optimiser gets 0 of their parameters, ``to(device)``
    leaves them behind, and ``state_dict()`` does not save them. The forward pass runs all the same.

    **Silent when** the list is wrapped later (``nn.ModuleList(self.heads)``, ``nn.Sequential(*layers)``), its modules
    are registered under another name or handed to anything that is not understood, the list holds one module alone
    (the usual way to hide one on purpose), or they hold no parameters.

    **Mend.** ``nn.ModuleList``, for a dict ``nn.ModuleDict``. Checkpoints that were saved before lack these parameters
    and load with ``strict=False`` alone.
    """

    code = "ATN506"
    name = "unregistered-heads"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = (
        r"self\.\w+ *= *\[\s*(?:#[^\n]*\n\s*)*(?:\w+\.)*[A-Z]\w*\(",
        r"self\.\w+ *=[\s(]{0,80}(?:\w+\.)*[A-Z]\w*\((?:[^()\n]|\((?:[^()\n]|\([^()\n]*\)){0,400}\)){0,400}\),",
        r"self\.\w+ *= *\{\s*(?:#[^\n]*\n\s*)*[\"']\w+[\"'] *:\s*(?:\w+\.)*[A-Z]\w*\(",
        r"self\.(\w+) *= *\[\](?s:.{1,3000}?)self\.\1(?:\.append\(| *\+= *\[)\s*(?:\w+\.)*[A-Z]\w*\(",
    )
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html",)

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        """Report plain containers of modules that a constructor leaves on its object."""
        if graph.definition.name != "__init__" or not graph.in_torch_module or not _is_plain(graph):
            return
        for store in _containers(graph):
            held = graph.held(store.owner, store.member)
            modules = [] if held is None or _is_hiding(held) else _unregistered(held, store.member, graph)
            if held is None or not modules or not _is_used(store.member, graph) or _escapes(held, modules, graph):
                continue
            at = assignment(store.origin)
            place = replace(store.origin, node=at.value) if at is not None and at.value is not None else store.origin
            container = "ModuleDict" if isinstance(strip(held), Mapping) else "ModuleList"
            yield Finding(
                place,
                f"self.{store.member} is a plain {_kind(held)}, in which nn.Module sees no modules: the parameters of "
                f"its {class_name(modules[0])} are not trained, not moved by .to() and not saved; use nn.{container}",
                related=tuple(_evidence(modules)),
                mend=_mend(place, container, graph) if place is not store.origin else None,
            )


def _is_plain(graph: DefinitionGraph) -> bool:
    """Whether the class leaves its modules to ``nn.Module``, as all that it derives from is known to do."""
    assert graph.receiver is not None
    outline, module = graph.receiver.outline, graph.module
    return not module.defines(outline, _OWN_WAYS) and all(
        base.startswith(_HARMLESS_BASES) for base in module.foreign_bases(outline)
    )


def _containers(graph: DefinitionGraph) -> Iterator[Store]:
    """Attributes that are set once, to a container that registers nothing."""
    own = [store for store in graph.stores if store.owner is graph.receiver]
    for store in own:
        value = strip(store.value)
        if isinstance(value, (Items, Repeating, Mapping)) and not value.registers and not store.registers:
            others = (other for other in own if other is not store and other.member == store.member)
            if not _adds(store) and all(map(_adds, others)):
                yield store


def _adds(store: Store) -> bool:
    """``self.heads += [head]``: the list grows, and stays what it is."""
    return isinstance(store.origin.slice.parent(store.origin.node), cst.AugAssign)


def _grows(store: Store, member: str) -> bool:
    """``self.heads.append(head)``."""
    owner = store.owner
    return store.appends and isinstance(owner, Attribute) and owner.member == member


def _is_hiding(held: Value) -> bool:
    """``self._teacher = [teacher]``: the usual way to keep a module from being registered."""
    inner = strip(held)
    return isinstance(inner, (Items, Mapping)) and len(inner.items) == 1 and not isinstance(inner.items[0], Spread)


def _unregistered(held: Value, member: str, graph: DefinitionGraph) -> list[Value]:
    """The modules with parameters in a container, none where the object has one of them under another name."""
    modules = [module for module in contents(held) if has_parameters(module, graph)]
    others = (store for store in graph.stores if not _grows(store, member))
    elsewhere = {id(module) for store in others for module in _registered(store)}
    return [] if any(id(module) in elsewhere for module in modules) else modules


def _registered(store: Store) -> Iterator[Value]:
    """The modules that an attribute registers."""
    value = strip(store.value)
    if isinstance(value, (TorchModule, Instance)):
        yield value
        yield from (strip(item) for item in value.operands())
    elif isinstance(value, (Items, Repeating, Mapping)) and value.registers:
        yield from contents(value)


def _is_used(member: str, graph: DefinitionGraph) -> bool:
    """Whether the class itself uses the attribute, and no other code looks after it."""
    assert graph.receiver is not None
    module = graph.module
    return module.is_read(graph.receiver.outline, member) and not module.is_touched_outside(member)


def _escapes(held: Value, modules: list[Value], graph: DefinitionGraph) -> bool:
    """Whether the modules are handed to something that may register them."""
    tainted = {id(strip(held)), *map(id, modules)}
    for value in graph.values:
        if not any(id(strip(operand)) in tainted for operand in value.operands()):
            continue
        if isinstance(value, (Unknown, Function, TorchModule)):
            return True
        if isinstance(value, (Items, Repeating, Mapping)) and value.registers:
            return True
        if isinstance(value, (Items, Repeating, Mapping, Spread, Phi, Carried, Attribute)):
            tainted.add(id(value))
    return False


def _kind(held: Value) -> str:
    value = strip(held)
    written = value.origin.node if value.origin is not None else None
    return "dict" if isinstance(value, Mapping) else "tuple" if isinstance(written, cst.Tuple) else "list"


def _evidence(modules: list[Value]) -> Iterator[tuple[Origin, str]]:
    if modules[0].origin is not None:
        yield modules[0].origin, "this module is made here"


def _mend(value: Origin, container: str, graph: DefinitionGraph) -> Mend | None:
    name = spelled(f"torch.nn.{container}", graph)
    if name is None:
        return None
    text = f"{name.text}([{{0}}])" if isinstance(value.node, cst.Tuple) else f"{name.text}({{0}})"
    return Mend(f"Use nn.{container}", Tier.UNSAFE, (Replacement(value, text, (value,)), *name.imports))
