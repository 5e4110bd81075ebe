"""The pipeline, from paths to diagnostics. Read this first.

Source → outline → definitions that matter → value graphs → attention sites → rules → suppressions → diagnostics.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from attnlint.diagnostics import Diagnostic, Problem
from attnlint.findings import diagnostic
from attnlint.roots import Root, may_matter, roots
from attnlint.rule import Finding, Rule, discover, select
from attnlint.sources.discovery import find_sources
from attnlint.sources.read import read
from attnlint.suppressions import Suppressions
from attnlint.syntax.nesting import MAX_DEPTH
from attnlint.syntax.outline import ModuleOutline, check_syntax, outline
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceError, SourceText

if TYPE_CHECKING:
    from attnlint.attention import Arms, AttentionPath, AttentionSite
    from attnlint.graph.analysis import DefinitionGraph


_WORLDS_A_SITE = 64
"""Outcomes that are looked at for one site: a contradiction that shows in none of them is missed."""
_COLLECT_AFTER = 1_000_000
"""Bytes of source between two collections of what was made since the last one."""


@dataclass
class Report:
    """What a run found, in order, and what it could not read."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files: int = 0
    """Files that were read, with or without findings."""


def lint_paths(paths: Iterable[str | os.PathLike[str]], rules: Sequence[type[Rule]] | None = None) -> Report:
    """Lint files and folders (``-`` is standard input) with ``rules``, by default those that are on by default.

    Nothing that is linted is imported or run. What cannot be read or parsed becomes a `Problem`; the others are
    reported all the same.
    """
    with _collecting_by_hand():
        return on_big_stack(lambda: _lint_all(paths, _instances(rules)))


@contextmanager
def _collecting_by_hand() -> Iterator[None]:
    """Syntax trees are millions of small objects; the collector would go through them again and again while they are
    built. What has cycles is let go of every few files instead."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _lint_all(paths: Iterable[str | os.PathLike[str]], chosen: Sequence[Rule]) -> Report:
    report = Report()
    analysed = 0
    for found in find_sources(paths):
        data = found if isinstance(found, Problem) else read(found)
        if isinstance(data, Problem):
            report.problems.append(data)
            continue
        assert isinstance(found, str)
        report.files += 1
        try:
            report.diagnostics.extend(_lint(found, data, chosen))
        except SourceError as error:
            report.problems.append(Problem(found, error.line, error.reason))
        analysed += len(data)
        if analysed > _COLLECT_AFTER:
            analysed = 0
            gc.collect(0)
    report.diagnostics.sort(key=lambda diagnostic: diagnostic.sort_key)
    return report


def lint_source(
    text: str | bytes, path: str = "<string>", rules: Sequence[type[Rule]] | None = None
) -> list[Diagnostic]:
    """Lint one source. Raises `attnlint.syntax.text.SourceError` where it cannot be decoded or parsed."""
    data = text.encode() if isinstance(text, str) else text
    return sorted(_lint(path, data, _instances(rules)), key=lambda diagnostic: diagnostic.sort_key)


def _instances(rules: Sequence[type[Rule]] | None) -> list[Rule]:
    return [rule() for rule in (select(discover()) if rules is None else rules)]


def _lint(path: str, data: bytes, rules: Sequence[Rule]) -> list[Diagnostic]:
    triggers = tuple(dict.fromkeys(trigger for rule in rules for trigger in rule.triggers))
    if not triggers or not may_matter(data, triggers):
        return _only_parsed(path, data)
    return on_big_stack(lambda: _analyse(SourceText.from_bytes(path, data), rules, triggers))


def _only_parsed(path: str, data: bytes) -> list[Diagnostic]:
    """A file in which no rule can find anything is still told when it is not Python."""
    on_big_stack(lambda: check_syntax(SourceText.from_bytes(path, data).text))
    return []


def _analyse(source: SourceText, rules: Sequence[Rule], triggers: tuple[str, ...]) -> list[Diagnostic]:
    module = outline(source)
    wanted = roots(module, triggers)
    findings: list[tuple[Rule, Finding]] = list(_unanalysed(module, rules))
    if wanted:
        findings.extend(_check(module, wanted, rules))
    module.release()
    suppressions = Suppressions.of(source)
    unique = {(d.code, d.span): d for d in (diagnostic(source, rule, finding) for rule, finding in findings)}
    return [found for found in unique.values() if not suppressions.covers(found)]


def _unanalysed(module: ModuleOutline, rules: Sequence[Rule]) -> Iterator[tuple[Rule, Finding]]:
    """Definitions that are too deep for the parser, told before it sees them."""
    for definition in (*module.definitions(), *module.all_classes(), module.body):
        if definition.nesting_above(MAX_DEPTH) > MAX_DEPTH:
            reason = f"nests expressions {definition.depth} deep"
            yield from ((rule, finding) for rule in rules for finding in rule.check_unanalysed(definition, reason))


def _check(module: ModuleOutline, wanted: Sequence[Root], rules: Sequence[Rule]) -> Iterator[tuple[Rule, Finding]]:
    from attnlint.attention import opposite_arms, recognise

    read = _reader(module)
    graphs = list(read(root for root in wanted if not root.is_caller))
    sites = recognise(graphs)
    if any(path.is_handed_in for site in sites for path in site.paths):
        graphs.extend(read(root for root in wanted if root.is_caller))
        sites = recognise(graphs)
    for graph in graphs:
        for rule in rules:
            for finding in rule.check_definition(graph):
                yield rule, finding
    for site in sites:
        for rule in rules:
            for finding in rule.check_site(site):
                yield rule, finding
        for found in islice(_on_paths(site, rules), _WORLDS_A_SITE):
            yield from found
    for arms in opposite_arms(graphs):
        for found in arms.ask(partial(_between, rules, arms)):
            yield from found


def _between(
    rules: Sequence[Rule], arms: Arms, first: AttentionPath, second: AttentionPath
) -> list[tuple[Rule, Finding]]:
    return [(rule, finding) for rule in rules for finding in rule.check_arms(first, second, arms)]


def _on_paths(site: AttentionSite, rules: Sequence[Rule]) -> Iterator[list[tuple[Rule, Finding]]]:
    """What the rules say on each path; a path with too many outcomes is left after some of them."""
    from attnlint.graph.worlds import TooManyWorlds

    for path in site.paths:
        with suppress(TooManyWorlds):
            yield from path.ask(lambda p: [(rule, finding) for rule in rules for finding in rule.check_path(p)])


def _reader(module: ModuleOutline) -> Callable[[Iterable[Root]], Iterator[DefinitionGraph]]:
    """What turns roots of one module into graphs; definitions that cannot be read are left out."""
    from attnlint.graph.interpreter import Interpreter
    from attnlint.graph.module import ModuleContext
    from attnlint.syntax.parse import TooDeep

    interpreter = Interpreter(ModuleContext(module))

    def read(wanted: Iterable[Root]) -> Iterator[DefinitionGraph]:
        for root in wanted:
            with suppress(TooDeep, SourceError):
                yield interpreter.graph_of(root.definition, constructed=root.reaches_site)

    return read
