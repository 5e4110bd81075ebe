"""A module as the interpreter sees it: what its names mean, and how its classes inherit."""

from __future__ import annotations

import builtins
import functools
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import nullcontext
from functools import cached_property, lru_cache
from typing import TypeVar, cast

from attnlint.graph.values import Class, External, Function, Value
from attnlint.syntax.imports import is_free
from attnlint.syntax.outline import ClassOutline, Definition, LineRange, ModuleOutline
from attnlint.syntax.reads import ClassPlace, Question

F = TypeVar("F", bound=Callable[..., Hashable])
H = TypeVar("H", bound=Hashable)
_BUILTINS = frozenset(dir(builtins))
_TEXTS = 1024
"""Texts of definitions of which the mentions are kept: versions of a file share most of theirs, and files copy."""
_CUSTOMARY = {
    "torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional", "einsum": "torch.einsum", "np": "numpy",
    "math": "math", "rearrange": "einops.rearrange",
}  # fmt: skip
"""What names mean that nothing binds: snippets leave their imports out, and modules forget one."""
_OUTSIDE = re.compile(r"^[ \t]*(?!self\b)\w[\w.\[\]]*\.(\w+)[ \t]*=(?!=)", re.MULTILINE)
_GLOBAL = re.compile(r"\bglobal\b([^\n]*)")
_NAME = re.compile(r"\w+")
_MENTIONED = re.compile(r"\bself\.(\w+)")
_TOUCHED = re.compile(r"(?<!\bself)\.(\w+)")
_ASSIGNED_ATTRIBUTE = re.compile(r"\bself\.(\w+)(?=(?:\s*,\s*self\.\w+)*\s*(?::[^=\n]+)?(?:[-+*/@|&]|//|\*\*)?=(?!=))")


def question(method: F) -> F:
    """A method whose answer takes more of the module's text than what stands outside of functions."""

    @functools.wraps(method)
    def asked(self: ModuleContext, *given: Hashable) -> Hashable:
        return self.ask(method, *given)

    return cast(F, asked)


class ModuleContext:
    """Names and classes of one module. Statements of the module are evaluated by the interpreter, on demand."""

    def __init__(self, outline: ModuleOutline) -> None:
        self.outline = outline
        self.assigned: dict[int, frozenset[str]] = {}
        """Names that the bodies of loops assign, by the identity of the body."""
        self._ancestries: dict[ClassOutline, dict[ClassOutline, None]] = {}
        self._assigned: dict[Definition, frozenset[str]] = {}
        self._answers: dict[tuple[Callable[..., Hashable], tuple[Hashable, ...]], Hashable] = {}
        self._mentions: dict[ClassOutline, Counter[str]] = {}

    def ask(self, function: Callable[..., H], *given: Hashable) -> H:
        """The answer of a function, which is called with this module and plain values or classes of it, to a question
        about the text of the whole module: it is known then that no more than the answer counts."""
        reads = self.outline.reads
        if (function, given) not in self._answers:
            with reads.asking() if reads is not None else nullcontext():
                self._answers[function, given] = function(self, *given)
        answer = self._answers[function, given]
        if reads is not None:
            reads.answers[function, tuple(map(self._placed, given))] = answer
        return cast(H, answer)

    def again(self, question: Question) -> Hashable:
        """The answer to a question that was asked of another version of the module with the same classes."""
        function, given = question
        classes = self.outline.every_class
        return function(self, *(classes[one.number] if isinstance(one, ClassPlace) else one for one in given))

    def _placed(self, given: Hashable) -> Hashable:
        return self._places[given] if isinstance(given, ClassOutline) else given

    @cached_property
    def _places(self) -> dict[ClassOutline, ClassPlace]:
        return {one: ClassPlace(number) for number, one in enumerate(self.outline.every_class)}

    def static(self, name: str) -> Value | None:
        """What a global name means without running anything: an import, a class, a function, a builtin."""
        outline = self.outline
        if name in outline.imports:
            return External(outline.imports[name])
        if name in outline.assignments:
            return None
        if name in outline.classes:
            return Class(outline.classes[name]) if len(outline.versions[name]) == 1 else None
        if name in outline.functions:
            if len(outline.alternatives.get(name, ())) > 1:
                return None
            return Function(definition=outline.functions[name])
        if name in _BUILTINS:
            return External(f"builtins.{name}")
        customary = self._customary(name)
        return External(customary) if customary is not None else None

    def binds(self, name: str) -> bool:
        """Whether a statement of the module binds a global name; what a star import brings is not known."""
        outline = self.outline
        bound = (outline.imports, outline.assignments, outline.classes, outline.functions)
        return any(name in names for names in bound)

    def _customary(self, name: str) -> str | None:
        return None if self.outline.star_imports or self.binds(name) else _CUSTOMARY.get(name)

    def assignment(self, name: str) -> LineRange | None:
        """The one statement that binds a global name, None where there is none or more than one."""
        ranges = self.outline.assignments.get(name, [])
        return ranges[0] if len(ranges) == 1 and not self._is_declared_global(name) else None

    @question
    def _is_declared_global(self, name: str) -> bool:
        return name in self._declared_global

    @cached_property
    def _declared_global(self) -> frozenset[str]:
        """The names behind ``global`` on any line."""
        declared = _GLOBAL.findall(self.outline.source.searched)
        return frozenset(name for names in declared for name in _NAME.findall(names))

    @question
    def mentions(self, pattern: str) -> bool:
        """Whether a pattern matches anywhere in the text of the module."""
        return re.search(pattern, self.outline.source.searched) is not None

    @question
    def is_free(self, name: str) -> bool:
        """Whether nothing in the module binds or reads a name."""
        return is_free(self.outline, name)

    def qualified(self, dotted: str) -> str:
        """A dotted name as written, with its first part replaced by what was imported under it."""
        head, dot, rest = dotted.partition(".")
        return (self.outline.imports.get(head) or self._customary(head) or head) + dot + rest

    def ancestry(self, outline: ClassOutline) -> Iterable[ClassOutline]:
        """A class and its bases in this module, nearest first (depth first, each once)."""
        known = self._ancestries.get(outline)
        if known is None:
            known = self._ancestries[outline] = {}
            waiting = [outline]
            while waiting:
                current = waiting.pop()
                if current not in known:
                    known[current] = None
                    waiting += (base for base in reversed(self._bases[current]) if isinstance(base, ClassOutline))
        return known

    @cached_property
    def _bases(self) -> dict[ClassOutline, list[ClassOutline | str]]:
        """The bases of each class: classes of this module, and the qualified names of others."""
        classes = self.outline.all_classes()
        return {one: [self.outline.base(name, one) or self.qualified(name) for name in one.bases] for one in classes}

    def descendants(self, outline: ClassOutline) -> Iterator[ClassOutline]:
        """The classes of this module that derive from a class, each once."""
        seen = {outline}
        waiting = [outline]
        while waiting:
            for heir in self._heirs.get(waiting.pop(), ()):
                if heir not in seen:
                    seen.add(heir)
                    waiting.append(heir)
                    yield heir

    @cached_property
    def _heirs(self) -> dict[ClassOutline, list[ClassOutline]]:
        """The classes that name a class as a base."""
        heirs: dict[ClassOutline, list[ClassOutline]] = {}
        for one, bases in self._bases.items():
            for base in bases:
                if isinstance(base, ClassOutline):
                    heirs.setdefault(base, []).append(one)
        return heirs

    def foreign_bases(self, outline: ClassOutline) -> tuple[str, ...]:
        """Qualified names of the bases that are not in this module."""
        return tuple(
            base for ancestor in self.ancestry(outline) for base in self._bases[ancestor] if isinstance(base, str)
        )

    def method(
        self, outline: ClassOutline, name: str, after: ClassOutline | None = None
    ) -> tuple[Definition, ClassOutline] | None:
        """A method with the class it stands in; ``after`` starts behind that class, as ``super()`` does."""
        skipping = after is not None
        for ancestor in self.ancestry(outline):
            if not skipping and name in ancestor.methods:
                return ancestor.methods[name], ancestor
            if ancestor is after:
                skipping = False
        return None

    def is_overridden(self, outline: ClassOutline, name: str) -> bool:
        """Whether a subclass in this module has a method of that name of its own."""
        return any(name in heir.methods for heir in self.descendants(outline))

    def class_assignment(self, outline: ClassOutline, name: str) -> LineRange | None:
        """The one class-level statement that binds an attribute."""
        for ancestor in self.ancestry(outline):
            if name in ancestor.assignments:
                ranges = ancestor.assignments[name]
                return ranges[0] if len(ranges) == 1 else None
        return None

    @cached_property
    def _set_from_outside(self) -> frozenset[str]:
        """Attributes that code of the module sets on objects other than ``self``."""
        return frozenset(_OUTSIDE.findall(self.outline.source.searched))

    @question
    def rebound(self, outline: ClassOutline, initialisers: frozenset[str]) -> frozenset[str]:
        """Attributes that something other than the constructor and what it calls sets as well: other methods, methods
        of subclasses, code that holds an object."""
        names: set[str] = set(self._set_from_outside)
        for heir in self.descendants(outline):
            names |= self._assigned_in(heir)
        for ancestor in self.ancestry(outline):
            for name, method in ancestor.methods.items():
                if name != "__init__" and method.qualname not in initialisers:
                    names |= self._assigned_in(method)
        return frozenset(names)

    def _assigned_in(self, definition: Definition) -> frozenset[str]:
        """Attributes of ``self`` that the text of a definition sets."""
        known = self._assigned.get(definition)
        if known is None:
            known = self._assigned[definition] = _assigned_in(definition.searched)
        return known

    def defines(self, outline: ClassOutline, names: Iterable[str]) -> bool:
        """Whether a class, or a base of it in this module, has a method of one of these names."""
        return any(name in ancestor.methods for ancestor in self.ancestry(outline) for name in names)

    def is_read(self, outline: ClassOutline, member: str) -> bool:
        """Whether a method of a class other than its constructor, or of a base or subclass, mentions an attribute."""
        return self.reads(outline, member) > 0

    @question
    def reads(self, outline: ClassOutline, member: str) -> int:
        """How often the methods of a class, its bases and subclasses mention an attribute, constructors left out."""
        return self._mentioned(outline)[member]

    def _mentioned(self, outline: ClassOutline) -> Counter[str]:
        """How often the methods of a class, its bases and subclasses mention each attribute: read once for all."""
        known = self._mentions.get(outline)
        if known is None:
            family = dict.fromkeys((*self.ancestry(outline), *self.descendants(outline)))
            methods = (method for other in family for name, method in other.methods.items() if name != "__init__")
            known = Counter(name for method in methods for name in _mentioned_in(method.text))
            self._mentions[outline] = known
        return known

    @question
    def is_touched_outside(self, member: str) -> bool:
        """Whether code of the module reads or sets an attribute of that name on anything but ``self``."""
        return member in self._touched

    @cached_property
    def _touched(self) -> frozenset[str]:
        return frozenset(_TOUCHED.findall(self.outline.source.searched))

    def is_torch_module(self, outline: ClassOutline) -> bool:
        """Whether a class certainly derives from ``torch.nn.Module``: by name, or by a base under ``torch.nn``."""
        return any(base.startswith("torch.nn.") for base in self.foreign_bases(outline))


@lru_cache(_TEXTS)
def _assigned_in(text: str) -> frozenset[str]:
    """Attributes of ``self`` that a text sets."""
    return frozenset(_ASSIGNED_ATTRIBUTE.findall(text))


@lru_cache(_TEXTS)
def _mentioned_in(text: str) -> tuple[str, ...]:
    """Attributes of ``self`` that a text mentions, each time it does."""
    return tuple(_MENTIONED.findall(text))
