"""What the rules say of the definitions of one module, each looked at on its own.

The graph of a definition is made, its attention sites are found, all rules are asked, and the graph is let go of before
the next one is made. What is said of one definition depends on nothing but what was read for it
(`attnlint.syntax.reads`), so that it can be kept as long as that stays the same; it is put together in `settled`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from textwrap import shorten
from typing import TypeAlias

from attnlint.attention import NOTHING_HANDED, Arms, AttentionSite, Handed, handed, opposite_arms, recognise
from attnlint.diagnostics import Diagnostic, Severity, Tier
from attnlint.failures import Failures
from attnlint.findings import Cleared, Finding, diagnostics
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.interpreter import Interpreter
from attnlint.graph.module import ModuleContext
from attnlint.graph.worlds import TooManyWorlds
from attnlint.roots import Root
from attnlint.rule import Rule
from attnlint.syntax.outline import Definition, ModuleOutline
from attnlint.syntax.parse import TooDeep
from attnlint.syntax.text import SourceError

_WORLDS_A_SITE = 64
"""Outcomes that are looked at for one site and rule: a contradiction that shows in none of them is missed."""
_REASON = 80
"""Characters of what a parser says, and of the line that it means: it may name all that it would have taken there."""
_PATHS_LEFT = 8
"""Paths of one site that are left for their many outcomes until a rule leaves the whole site."""
_SEVERITIES, _TIERS = tuple(Severity), tuple(Tier)


@dataclass(frozen=True)
class Verdict:
    """What a rule says of a site as one definition reaches it; ``found`` is None where nothing is amiss there."""

    code: str
    site: tuple[int, int]
    """The `attnlint.graph.values.Origin.place` of the site."""
    found: Diagnostic | None


@dataclass(frozen=True)
class Examined:
    """What all rules say of one definition."""

    found: tuple[Diagnostic, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    handed: Handed = NOTHING_HANDED
    """What the sites in it have to do with its callers, where others call it."""
    is_read: bool = True


Examine: TypeAlias = Callable[[Root], Examined]


class Examiner:
    """Asks the rules about definitions of one module, one after the other."""

    def __init__(self, module: ModuleOutline, rules: Sequence[Rule], failures: Failures) -> None:
        self.module = module
        self.rules = tuple(rules)
        self._failures = failures
        self._interpreter = Interpreter(ModuleContext(module))

    def __call__(self, root: Root) -> Examined:
        """What the rules say of one definition."""
        read = self._read(root)
        if isinstance(read, Examined):
            return read
        graph, sites = read
        try:
            lost = graph.unread if root.reaches_site else {}
            return Examined(
                (*self._told(self._findings(graph, sites)), *self._unanalysed(lost)),
                tuple(verdict for site in sites for verdict in self._verdicts(site)),
                handed(sites, graph) if root.known_as else NOTHING_HANDED,
            )
        finally:
            graph.world.release()

    def _read(self, root: Root) -> tuple[DefinitionGraph, list[AttentionSite]] | Examined:
        """The sites of a definition; of one that cannot be read, all that is to be said."""
        with self._failures.reading(root.definition.lines.first), suppress(TooDeep):  # that was told before it is read
            try:
                graph = self._interpreter.graph_of(root.definition, constructed=root.reaches_site)
                return graph, recognise(graph)
            except SourceError as error:
                return Examined(tuple(self._unanalysed({root.definition: error})), is_read=False)
        return Examined(is_read=False)

    def _unanalysed(self, lost: Mapping[Definition, SourceError]) -> Iterator[Diagnostic]:
        """What the rules say of definitions that Python parses and libcst does not."""
        for definition, error in lost.items():
            for rule in self.rules:
                question = partial(rule.check_unanalysed, definition, _why(definition, error))
                yield from self._told(self._failures.asking(rule, question, definition.lines.first))

    def _told(self, findings: Iterable[tuple[Rule, Finding]]) -> Iterator[Diagnostic]:
        return diagnostics(self.module.plain, findings, self._failures)

    def _findings(self, graph: DefinitionGraph, sites: Iterable[AttentionSite]) -> Iterator[tuple[Rule, Finding]]:
        begin = graph.definition.lines.first
        for rule in self.rules:
            yield from self._failures.asking(rule, partial(rule.check_definition, graph), begin)
        for site in sites:
            for rule in self.rules:
                yield from self._failures.asking(rule, partial(_on_paths, site, rule), site.at.slice.first_line)
        for arms in opposite_arms(graph):
            for rule in self.rules:
                yield from self._failures.asking(rule, partial(_between, arms, rule), begin)

    def _verdicts(self, site: AttentionSite) -> Iterator[Verdict]:
        for rule in self.rules:
            asked = self._failures.asking(rule, partial(rule.check_site, site), site.at.slice.first_line)
            for one, said in asked:
                if isinstance(said, Cleared):
                    yield Verdict(one.code, site.at.place, None)
                else:
                    for found in self._told([(one, said)]):
                        yield Verdict(one.code, site.at.place, found)


def settled(examined: Iterable[Examined]) -> Iterator[Diagnostic]:
    """All that was found: of a site nothing that one definition clears it of."""
    verdicts: list[Verdict] = []
    for one in examined:
        yield from one.found
        verdicts.extend(one.verdicts)
    cleared = {(verdict.code, verdict.site) for verdict in verdicts if verdict.found is None}
    found: dict[Hashable, list[Diagnostic]] = {}
    for verdict in verdicts:
        if verdict.found is not None and (verdict.code, verdict.site) not in cleared:
            found.setdefault((verdict.code, verdict.found.span), []).append(verdict.found)
    yield from map(_as_one, found.values())


def _as_one(found: Sequence[Diagnostic]) -> Diagnostic:
    """The worst of several findings about the same. Its fix is the one that all of them have, trusted as little as the
    least of them."""
    worst = min(found, key=lambda one: _SEVERITIES.index(one.severity))
    fixes = [one.fix for one in found]
    if worst.fix is None or any(fix is None or fix.edits != worst.fix.edits for fix in fixes):
        return replace(worst, fix=None)
    return replace(worst, fix=max((fix for fix in fixes if fix is not None), key=lambda fix: _TIERS.index(fix.tier)))


def _why(definition: Definition, error: SourceError) -> str:
    """Why a definition cannot be read. Its own text tells all of this: no line is named that could move."""
    reason = shorten(error.reason, _REASON, placeholder=" …")
    if error.line is None or not definition.lines.first < error.line <= definition.lines.last:
        return f"the parser cannot read it ({reason})"
    line = shorten(definition.outline.plain.lines[error.line - 1], _REASON, placeholder=" …")
    return f"the parser stops at `{line}` ({reason})"


def _between(arms: Arms, rule: Rule) -> Iterator[Finding]:
    """What a rule says on two opposite arms."""
    if type(rule).check_arms is not Rule.check_arms:
        for found in arms.ask(lambda first, second: list(rule.check_arms(first, second, arms))):
            yield from found


def _on_paths(site: AttentionSite, rule: Rule) -> Iterator[Finding]:
    """What a rule says on each path; a path with too many outcomes is left after some of them."""
    if type(rule).check_path is not Rule.check_path:
        for found in islice(_answers(site, rule), _WORLDS_A_SITE):
            yield from found


def _answers(site: AttentionSite, rule: Rule) -> Iterator[list[Finding]]:
    left = 0
    for path in site.paths:
        try:
            yield from path.ask(lambda p: list(rule.check_path(p)))
        except TooManyWorlds:
            left += 1
            if left == _PATHS_LEFT:
                return
