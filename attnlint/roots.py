"""Which definitions of a module are analysed: those that hold something relevant, and those that reach one.

All of this is text search. A definition is a root when a trigger matches its text, or a name that was bound to
something relevant elsewhere (``self.attend = nn.Softmax(dim=-1)`` in a constructor), or a call of a relevant definition
of the same module, for the arguments that the caller passes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from attnlint.attention.triggers import SITE
from attnlint.syntax.outline import ClassOutline, Definition, ModuleOutline

_CALLER_ROUNDS = 2
_TOO_COMMON = frozenset({"forward", "__init__", "__call__", "main", "call", "reset_parameters"})


@lru_cache(maxsize=32)
def matcher(triggers: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for any of the triggers, on text."""
    return re.compile("|".join(f"(?:{trigger})" for trigger in triggers), re.MULTILINE)


@lru_cache(maxsize=32)
def byte_matcher(triggers: tuple[str, ...]) -> re.Pattern[bytes]:
    """The same on bytes, before anything is decoded."""
    return re.compile(matcher(triggers).pattern.encode("ascii"), re.MULTILINE)


@lru_cache(maxsize=32)
def _binder(triggers: tuple[str, ...]) -> re.Pattern[str]:
    """Attributes and module-level names that are bound on a line with a trigger."""
    return re.compile(
        rf"^(?:[ \t]+self\.)?(\w+)[ \t]*(?::[^=\n]+)?=[^=\n].*(?:{matcher(triggers).pattern})", re.MULTILINE
    )


def roots(outline: ModuleOutline, triggers: Iterable[str]) -> list[Definition]:
    """The definitions to analyse, in source order, the module's own statements last."""
    wanted = tuple(triggers)
    functions = list(outline.definitions())
    reaching = _reaching_sites(outline, functions, tuple(t for t in wanted if t in SITE))
    pattern = matcher(wanted)
    found = [d for d in functions if d in reaching or pattern.search(d.searched)]
    names = _callable_names(outline, reaching)
    body = outline.body
    if pattern.search(body.searched) or (names and _calls(names).search(body.searched)):
        found.append(body)
    return found


def _reaching_sites(outline: ModuleOutline, functions: list[Definition], triggers: tuple[str, ...]) -> set[Definition]:
    """Definitions that hold an attention site, or call one of this module that does."""
    if not triggers:
        return set()
    pattern = matcher(triggers)
    reaching = {d for d in functions if pattern.search(d.searched)}
    imported = {name for name, path in outline.imports.items() if pattern.search(path)}
    bound = {name for name in _binder(triggers).findall(outline.source.searched) if name}
    reaching |= _mentioning(functions, reaching, imported | bound)
    reached = reaching
    for _ in range(_CALLER_ROUNDS):
        reached = _mentioning(functions, reaching, _callable_names(outline, reached))
        if not reached:
            break
        reaching |= reached
    return reaching


def _mentioning(functions: Iterable[Definition], known: set[Definition], names: set[str]) -> set[Definition]:
    if not names:
        return set()
    pattern = _calls(names)
    return {d for d in functions if d not in known and d.name != "__init__" and pattern.search(d.searched)}


def _calls(names: set[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, names)))})\b\s*[(,)]")


def _callable_names(outline: ModuleOutline, relevant: Iterable[Definition]) -> set[str]:
    """Names under which relevant definitions are called: their own, and the attributes that hold their objects."""
    functions: set[str] = set()
    classes: set[str] = set()
    for definition in relevant:
        if definition.name in ("forward", "__call__") and isinstance(definition.parent, ClassOutline):
            classes.add(definition.parent.name)
        elif definition.name not in _TOO_COMMON:
            functions.add(definition.name)
    if classes:
        holders = re.compile(rf"\bself\.(\w+)[ \t]*=[^=\n]*\b(?:{'|'.join(sorted(classes))})\(")
        functions.update(holders.findall(outline.source.searched))
    return functions
