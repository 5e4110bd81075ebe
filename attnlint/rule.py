"""The shape of a rule, and how rules are found.

A rule is one module with one subclass of `Rule`. Its class docstring is its documentation: the first line is the
summary, the rest is what ``attnlint rule CODE`` prints. It implements one of these hooks:

* `check_path` sees an attention site on one path through the branches, where all facts hold together. This is the
  hook of contradictions: something on the path is wrong by itself.
* `check_site` sees a site with all its paths, for rules about what is absent everywhere.
* `check_arms` sees two sites that compute the same attention on opposite arms of a setting, fused and by hand;
* `check_definition` sees all the values that a definition computes, for rules that need no site;
* `check_unanalysed` names a definition that the engine will not read.

Rules come from the entry-point group ``attnlint.rules``; every entry point names a module or a package whose modules
hold rules. The built-in set is just the first such package: the engine knows no rule by name.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar

from attnlint.diagnostics import Severity, Span, Tier

if TYPE_CHECKING:
    from attnlint.attention import AttentionPath, AttentionSite
    from attnlint.attention.arms import Arms
    from attnlint.graph.analysis import DefinitionGraph
    from attnlint.graph.values import Origin
    from attnlint.syntax.outline import Definition

ENTRY_POINT_GROUP = "attnlint.rules"
DOCS_URL = "https://attnlint.github.io/attnlint/rules/{code}"


@dataclass(frozen=True)
class Replacement:
    """A piece of a fix before positions are known: the text of ``at`` becomes ``text``.

    ``{0}``, ``{1}`` … in ``text`` stand for the source text of the places in ``parts``.
    """

    at: Origin
    text: str
    parts: tuple[Origin, ...] = ()


@dataclass(frozen=True)
class Mend:
    """A fix as a rule states it; the linter turns it into `attnlint.diagnostics.Fix`."""

    title: str
    tier: Tier
    replacements: tuple[Replacement, ...]


@dataclass(frozen=True)
class Finding:
    """What a rule yields: a place, a message in the code's own names, the evidence and, where it can be, the mend.

    ``severity`` overrides the rule's own for forms that are only likely to be wrong.
    """

    at: Origin | Span
    message: str
    related: tuple[tuple[Origin | Span, str], ...] = ()
    mend: Mend | None = None
    severity: Severity | None = None


class Rule:
    """Base class of all rules. Subclasses set the class variables and implement one hook."""

    code: ClassVar[str]
    """Stable code such as ``ATN101``; never reused for something else."""
    name: ClassVar[str]
    """Kebab-case name such as ``missing-scale``."""
    severity: ClassVar[Severity] = Severity.ERROR
    on_by_default: ClassVar[bool] = True
    tiers: ClassVar[frozenset[Tier]] = frozenset({Tier.MANUAL})
    """The tiers that this rule's fixes may have."""
    triggers: ClassVar[tuple[str, ...]]
    """Regular expressions. A file in which none matches cannot hold a finding, and a definition is analysed when one
    matches in it. One that begins with ``^`` matches from the beginning of an expression statement. Begin with plain
    text where you can: it is searched for many times faster."""
    references: ClassVar[tuple[str, ...]] = ()
    """Links that the documentation page ends with."""

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Yield what is wrong with an attention site on one path. May ask ``path.facts`` anything."""
        yield from ()

    def check_site(self, site: AttentionSite) -> Iterator[Finding]:
        """Yield what is wrong with an attention site. Facts are asked through `AttentionPath.ask`."""
        yield from ()

    def check_arms(self, first: AttentionPath, second: AttentionPath, arms: Arms) -> Iterator[Finding]:
        """Yield what differs between two arms that should compute the same. May ask the facts of both anything."""
        yield from ()

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        """Yield what is wrong with the values that one definition computes."""
        yield from ()

    def check_unanalysed(self, definition: Definition, reason: str) -> Iterator[Finding]:
        """Yield a finding about a definition that the engine will not read."""
        yield from ()

    @classmethod
    def url(cls) -> str:
        """The address of the rule's documentation page."""
        return DOCS_URL.format(code=cls.code)

    @classmethod
    def documentation(cls) -> str:
        """The rule's page as text: the cleaned class docstring."""
        return inspect.getdoc(cls) or ""

    @classmethod
    def summary(cls) -> str:
        """The first line of the documentation."""
        return cls.documentation().partition("\n")[0]


class UnknownCode(ValueError):
    """A selector that is the prefix of no known code."""


def _modules(root: ModuleType) -> Iterator[ModuleType]:
    yield root
    for info in pkgutil.iter_modules(getattr(root, "__path__", ())):
        yield importlib.import_module(f"{root.__name__}.{info.name}")


def _rules_in(module: ModuleType) -> Iterator[type[Rule]]:
    for candidate in vars(module).values():
        is_rule = inspect.isclass(candidate) and issubclass(candidate, Rule) and hasattr(candidate, "code")
        if is_rule and candidate.__module__ == module.__name__:
            yield candidate


def discover() -> dict[str, type[Rule]]:
    """All installed rules by code, sorted. Raises ValueError where two rules claim one code."""
    found: dict[str, type[Rule]] = {}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        for module in _modules(importlib.import_module(point.module)):
            for rule in _rules_in(module):
                known = found.setdefault(rule.code, rule)
                if known is not rule:
                    raise ValueError(f"{rule.code} is claimed by {known.__module__} and by {rule.__module__}")
    return dict(sorted(found.items()))


def select(rules: dict[str, type[Rule]], selected: Iterable[str] = (), ignored: Iterable[str] = ()) -> list[type[Rule]]:
    """The rules that a run uses. Selectors are prefixes of codes (``ATN``, ``ATN1``, ``ATN101``) or rule names.

    Without ``selected``, the rules that are on by default. The longest matching prefix decides between ``selected``
    and ``ignored`` (a name counts as the whole code); at equal length ``ignored`` wins. Raises `UnknownCode` for a
    selector that matches nothing.
    """
    chosen, dropped = tuple(selected), tuple(ignored)
    for selector in (*chosen, *dropped):
        if not any(_matches(rule, selector) for rule in rules.values()):
            raise UnknownCode(selector)

    def strength(rule: type[Rule], selectors: tuple[str, ...]) -> int:
        prefixes = (s if rule.code.startswith(s.upper()) else rule.code for s in selectors if _matches(rule, s))
        return max(map(len, prefixes), default=0)

    def keeps(rule: type[Rule]) -> bool:
        wanted = strength(rule, chosen) if chosen else int(rule.on_by_default)
        return wanted > strength(rule, dropped)

    return [rule for rule in rules.values() if keeps(rule)]


def _matches(rule: type[Rule], selector: str) -> bool:
    return bool(selector) and (rule.code.startswith(selector.upper()) or rule.name == selector.lower())
