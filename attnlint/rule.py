"""The shape of a rule, and how rules are found.

A rule is one module with one subclass of `Rule`. Its class docstring is its documentation: the first line is the
summary, the rest is what ``attnlint rule CODE`` prints. It implements one or more of these hooks:

* `check_path` sees an attention site on one path through the branches, where all facts hold together. This is the
  hook of contradictions: something on the path is wrong by itself.
* `check_site` sees a site with all paths of one definition to it, for rules about what is absent everywhere.
* `check_arms` sees two sites that compute the same attention on opposite arms of a setting, fused and by hand;
* `check_definition` sees all the values that a definition computes, for rules that need no site;
* `check_unanalysed` names a definition that the engine will not, or cannot, read;
* `check_suppressions` sees the comments that silence findings, with what each silenced in this run.

Rules come from the entry-point group ``attnlint.rules``; every entry point names a module or a package whose modules
hold rules. The built-in set is just the first such package: the engine knows no rule by name.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar

from attnlint import codes
from attnlint.codes import BrokenRules, UnknownCode
from attnlint.diagnostics import Severity, Tier
from attnlint.findings import Cleared, Finding, Mend, Replacement
from attnlint.soundness import faults
from attnlint.torch_versions import UNKNOWN, TorchVersions
from attnlint.wording import in_a_line

if TYPE_CHECKING:
    from attnlint.attention import AttentionPath, AttentionSite
    from attnlint.attention.arms import Arms
    from attnlint.graph.analysis import DefinitionGraph
    from attnlint.suppressions import Suppression
    from attnlint.syntax.outline import Definition

__all__ = [
    "Cleared",
    "Finding",
    "Installed",
    "Mend",
    "Replacement",
    "Rule",
    "UnknownCode",
    "discover",
    "installed",
    "select",
]

ENTRY_POINT_GROUP = "attnlint.rules"


class Rule:
    """Base class of all rules. Subclasses set the class variables and implement one hook or more."""

    code: ClassVar[str]
    """Stable code such as ``ATN101``; never reused for something else."""
    name: ClassVar[str]
    """Kebab-case name such as ``missing-scale``."""
    severity: ClassVar[Severity] = Severity.ERROR
    on_by_default: ClassVar[bool] = True
    preview: ClassVar[bool] = False
    """Whether the rule is new and may still change: it is reported with ``--preview`` alone."""
    formerly: ClassVar[tuple[str, ...]] = ()
    """Codes and names that the rule had before. They are understood wherever a code is."""
    unnecessary: ClassVar[bool] = False
    """Whether what it reports does nothing at all: editors show it faded."""
    tiers: ClassVar[frozenset[Tier]] = frozenset({Tier.MANUAL})
    """The tiers that this rule's fixes may have."""
    triggers: ClassVar[tuple[str, ...]]
    """Regular expressions. A file in which none matches cannot hold a finding, and a definition is analysed when one
    matches in it. One that begins with ``^`` matches from the beginning of an expression statement. Begin with plain
    text where you can: it is searched for many times faster."""
    docs_url: ClassVar[str] = "https://attnlint.github.io/attnlint/rules/{code}"
    """The address of the rule's page. A rule of another package names a page of that package."""
    references: ClassVar[tuple[str, ...]] = ()
    """Links that the documentation page ends with."""

    torch: TorchVersions = UNKNOWN
    """The releases of torch that the linted code is to run on; the linter sets it before it asks."""

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Yield what is wrong with an attention site on one path. May ask ``path.facts`` anything."""
        yield from ()

    def check_site(self, site: AttentionSite) -> Iterator[Finding | Cleared]:
        """Yield what is wrong with an attention site, on all paths on which one definition reaches it, or `Cleared`
        where nothing is: then it is not reported for any definition. Facts are asked through `AttentionPath.ask`."""
        yield from ()

    def check_arms(self, first: AttentionPath, second: AttentionPath, arms: Arms) -> Iterator[Finding]:
        """Yield what differs between two arms that should compute the same. May ask the facts of both anything."""
        yield from ()

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        """Yield what is wrong with the values that one definition computes."""
        yield from ()

    def check_unanalysed(self, definition: Definition, reason: str) -> Iterator[Finding]:
        """Yield a finding about a definition that the engine will not, or cannot, read; ``reason`` is a clause."""
        yield from ()

    def check_suppressions(self, suppressions: Sequence[Suppression]) -> Iterator[Finding]:
        """Yield what is wrong with the comments of a file that silence findings; all other hooks have been called."""
        yield from ()

    @classmethod
    def url(cls) -> str:
        """The address of the rule's documentation page."""
        return cls.docs_url.format(code=cls.code)

    @classmethod
    def documentation(cls) -> str:
        """The rule's page as text: the cleaned class docstring."""
        return inspect.cleandoc(cls.__doc__ or "")

    @classmethod
    def summary(cls) -> str:
        """The first line of the documentation."""
        return cls.documentation().partition("\n")[0]


@dataclass(frozen=True)
class Installed:
    """The rules of all packages by code, sorted, and a line for each thing that could not be used."""

    rules: Mapping[str, type[Rule]]
    broken: tuple[str, ...]


def discover() -> dict[str, type[Rule]]:
    """All installed rules by code, sorted. What cannot be used is left out with a `BrokenRules` warning."""
    for reason in installed().broken:
        warnings.warn(reason, BrokenRules, stacklevel=2)
    return dict(installed().rules)


_importing = Lock()


def installed() -> Installed:
    """The rules of all packages. Threads that ask for them first of all wait for one another: a module that one of them
    is about to import looks half made to the others."""
    with _importing:
        return _installed()


@cache
def _installed() -> Installed:
    """Import the modules of all entry points, once; the built-in ones come first, so that nobody takes their codes."""
    rules: dict[str, type[Rule]] = {}
    broken: dict[str, None] = {}
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=_owner):
        for found in _rules_of(point.module):
            reason = found if isinstance(found, str) else _unusable(found, rules)
            if reason:
                broken[f"rules of {_owner(point)[1]}: {reason}"] = None
            elif not isinstance(found, str):
                rules[found.code] = found
    return Installed(dict(sorted(rules.items())), tuple(broken))


def _owner(point: EntryPoint) -> tuple[bool, str]:
    """The package that an entry point is of, this one first."""
    name = point.dist.name if point.dist is not None else point.module
    return name != "attnlint", name


def _rules_of(name: str) -> Iterator[type[Rule] | str]:
    """The rules of a module and of those in it; for a module that cannot be imported, a line that says so."""
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:
        yield f"{name} cannot be imported: {in_a_line(error)}"
        return
    yield from _rules_in(module)
    for info in pkgutil.iter_modules(getattr(module, "__path__", ())):
        yield from _rules_of(f"{name}.{info.name}")


def _rules_in(module: ModuleType) -> Iterator[type[Rule]]:
    for candidate in vars(module).values():
        is_rule = inspect.isclass(candidate) and issubclass(candidate, Rule) and hasattr(candidate, "code")
        if is_rule and candidate.__module__ == module.__name__:
            yield candidate


def _unusable(rule: type[Rule], others: Mapping[str, type[Rule]]) -> str:
    """Why a rule cannot be used beside the others, or an empty string."""
    where = f"{rule.__module__}.{rule.__name__}"
    for fault in faults(rule):
        return f"{where} {fault}"
    for other in others.values():
        if other is not rule and (rule.code == other.code or rule.name == other.name):
            shared = rule.code if rule.code == other.code else rule.name
            return f"{where} claims {shared}, which {other.__module__}.{other.__name__} has"
    return ""


def select(
    rules: Mapping[str, type[Rule]],
    selected: Iterable[str] = (),
    ignored: Iterable[str] = (),
    *,
    extended: Iterable[str] = (),
    preview: bool = False,
) -> list[type[Rule]]:
    """The rules that a run uses. Selectors are prefixes of codes (``ATN``, ``ATN1``, ``ATN101``) or rule names.

    Without ``selected``, the rules that are on by default; ``extended`` adds to either. The longest matching prefix
    decides between these and ``ignored`` (a name counts as the whole code); at equal length ``ignored`` wins. Rules in
    preview are left out unless ``preview``. Raises `UnknownCode` for a selector that matches nothing, and warns
    (`codes.CodeWarning`) of one that is called otherwise today or has no effect.
    """
    instead = tuple(selected)
    chosen = (*instead, *extended)
    wanted = _strengths(rules, ((selector, codes.resolve(rules.values(), selector)) for selector in chosen))
    dropped = _strengths(rules, ((selector, _ignorable(rules, selector)) for selector in ignored))
    if not preview:
        for selector in chosen:
            if all(rule.preview for rule in codes.meant(rules.values(), selector)):
                codes.warn(f"{selector} is in preview: it is reported with --preview alone")

    def keeps(rule: type[Rule]) -> bool:
        strength = max(wanted[rule.code], int(rule.on_by_default and not instead))
        return strength > dropped[rule.code] and (preview or not rule.preview)

    return [rule for rule in rules.values() if keeps(rule)]


def _strengths(
    rules: Mapping[str, type[Rule]], selectors: Iterable[tuple[str, Iterable[type[Rule]]]]
) -> dict[str, int]:
    """For the code of each rule, how much of it the longest of the selectors names that mean it."""
    strengths = dict.fromkeys(rules, 0)
    for selector, meant in selectors:
        for rule in meant:
            strengths[rule.code] = max(strengths[rule.code], codes.strength(rule, selector))
    return strengths


def _ignorable(rules: Mapping[str, type[Rule]], selector: str) -> list[type[Rule]]:
    """The rules that an ignored selector means: none, with a warning, if they were removed."""
    try:
        return codes.resolve(rules.values(), selector)
    except UnknownCode as error:
        if not error.is_removed:
            raise
        codes.warn(f"{selector} need not be ignored: {error.hint}")
        return []
