"""The pipeline, from paths to diagnostics. Read this first.

Document → its Python → outline → definitions that matter → value graphs → attention sites → rules → suppressions →
diagnostics.
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

from attnlint import suppressions
from attnlint.config import Checks, Configuration
from attnlint.diagnostics import Diagnostic, Problem
from attnlint.documents import open_document
from attnlint.failures import Failures, told
from attnlint.findings import Finding, diagnostic
from attnlint.roots import Root, may_matter, roots
from attnlint.rule import Rule
from attnlint.sources.discovery import find_sources
from attnlint.sources.read import STDIN, read
from attnlint.suppressions import Suppressions
from attnlint.syntax.nesting import MAX_DEPTH
from attnlint.syntax.outline import Definition, ModuleOutline, outline
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceError, SourceText

if TYPE_CHECKING:
    from attnlint.attention import Arms, AttentionSite
    from attnlint.documents.base import Document
    from attnlint.graph.analysis import DefinitionGraph


_WORLDS_A_SITE = 64
"""Outcomes that are looked at for one site and rule: a contradiction that shows in none of them is missed."""
_COLLECT_AFTER = 1_000_000
"""Bytes of source between two collections of what was made since the last one."""


@dataclass
class Report:
    """What a run found, in order, and what it could not read."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files: int = 0
    """Files that were read, with or without findings."""


Check = Callable[[ModuleOutline, Sequence[Root], Sequence[Rule], list[Definition], Failures], list[Diagnostic]]
"""What `check_definitions` is."""
Progress = Callable[[int, int], None]
"""Told how many of how many sources are done: none at first, all at last."""


def lint_paths(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    rules: Sequence[type[Rule]] | None = None,
    progress: Progress | None = None,
    config: Configuration | None = None,
    stdin_filename: str = STDIN,
) -> Report:
    """Lint files and folders (``-`` is standard input) with ``rules``, by default those that ``config`` selects.

    ``Configuration()`` reads configuration files as the command line does; without it, none is read. Standard input
    counts as the file ``stdin_filename``: it is reported and configured as that one, and is the kind of document that
    the end of the name says. Nothing that is linted is imported or run, and nothing about it raises: what cannot be
    read or parsed, and a rule that raises, becomes a `Problem`; the others are reported all the same. With
    ``progress``, all sources are found before the first is read.
    """
    paths = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    report, settled = Report(), config or Configuration(isolated=True)

    def lint(path: str, data: bytes) -> None:
        failures = Failures()
        document = open_document(path, data)
        report.diagnostics.extend(lint_document(document, settled.checks(path, rules), failures))
        report.problems.extend(Problem(path, None, reason) for reason in failures.told())

    over_sources(paths, report, lint, progress, settled, stdin_filename)
    return report


def over_sources(
    paths: Iterable[str | os.PathLike[str]],
    report: Report,
    handle: Callable[[str, bytes], None],
    progress: Progress | None = None,
    config: Configuration | None = None,
    stdin_filename: str = STDIN,
) -> None:
    """Hand each source that ``config`` does not exclude to ``handle``, which adds to the report what it finds. What
    cannot be found or read, and what ``handle`` raises, becomes a `Problem` of that source alone; a configuration file
    that cannot be used is one `Problem` for all its sources. The report is sorted in the end."""
    settled = config or Configuration(isolated=True)
    report.problems.extend(settled.problems)
    sources = find_sources(paths, settled.scope, stdin_filename)
    if progress is not None:
        sources = _counted(sources, progress)
    with _collecting_by_hand():
        on_big_stack(lambda: _each(sources, report, handle, stdin_filename))
    report.diagnostics.sort(key=lambda diagnostic: diagnostic.sort_key)


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


def _counted(sources: Iterable[str | Problem], progress: Progress) -> Iterator[str | Problem]:
    """The same sources, all found first; ``progress`` hears of each that is done."""
    found = list(sources)
    for done, source in enumerate(found):
        progress(done, len(found))
        yield source
    progress(len(found), len(found))


def _each(
    sources: Iterable[str | Problem], report: Report, handle: Callable[[str, bytes], None], stdin_filename: str
) -> None:
    analysed = 0
    for found in sources:
        data = found if isinstance(found, Problem) else read(found)
        if isinstance(data, Problem):
            report.problems.extend([data] if data not in report.problems else [])
            continue
        assert isinstance(found, str)
        shown = stdin_filename if found == STDIN else found
        report.files += 1
        try:
            handle(shown, data)
        except SourceError as error:
            report.problems.append(Problem(shown, error.line, error.reason))
        except Exception as error:
            report.problems.append(Problem(shown, None, told("the analysis", error)))
        analysed += len(data)
        if analysed > _COLLECT_AFTER:
            analysed = 0
            gc.collect(0)


def lint_source(
    text: str | bytes,
    path: str | os.PathLike[str] = "<string>",
    rules: Sequence[type[Rule]] | None = None,
    failures: Failures | None = None,
    config: Configuration | None = None,
    *,
    noqa: bool = True,
) -> list[Diagnostic]:
    """Lint one source, of the kind that the end of ``path`` says, with ``rules``, by default those that ``config``
    selects for a file of that path, which is also what findings call it.

    Bytes are decoded as Python decodes a file; a declared encoding in text that is decoded already means nothing.
    With ``noqa=False``, comments of that kind are left to another tool; those of this linter count always.

    Raises `SourceError` where the source cannot be decoded or parsed, `ConfigError` where its configuration file cannot
    be used, and `RuleError` for a rule that raises, unless there are ``failures`` to collect them: then the findings of
    all other rules are returned.
    """
    name = os.fspath(path)
    raised = Failures() if failures is None else failures
    checks = (config or Configuration(isolated=True)).checks(name, rules)
    found = sorted(
        lint_document(open_document(name, text), checks, raised, noqa), key=lambda diagnostic: diagnostic.sort_key
    )
    if failures is None:
        raised.throw()
    return found


def lint_document(
    document: Document, checks: Checks, failures: Failures, noqa: bool = True, check: Check | None = None
) -> list[Diagnostic]:
    """What is found in a document, in no order; ``check`` is asked in the place of `check_definitions`."""
    triggers = tuple(dict.fromkeys(trigger for rule in checks.rules for trigger in rule.triggers))
    if not triggers or not document.may_matter(lambda code: may_matter(code, triggers)):
        document.check()
        return []
    found = on_big_stack(lambda: _analyse(document.source, checks.rules, triggers, failures, noqa, check))
    return [checks.tiers.applied(document.reported(diagnostic)) for diagnostic in found]


def _analyse(
    source: SourceText,
    rules: Sequence[Rule],
    triggers: tuple[str, ...],
    failures: Failures,
    noqa: bool,
    check: Check | None,
) -> list[Diagnostic]:
    module = outline(source)
    wanted = roots(module, [trigger for trigger in triggers if trigger not in suppressions.TRIGGERS])
    unread: list[Definition] = []
    unanalysed = list(_unanalysed(module, rules, unread, failures))
    found = list(_diagnostics(source, unanalysed, failures))
    if wanted:
        found.extend((check or check_definitions)(module, wanted, rules, unread, failures))
    module.release()
    comments = Suppressions(source, rules, unread, noqa=noqa)
    unique = {(d.code, d.span): d for d in found}
    left = [found for found in unique.values() if not comments.silence(found)]
    return left + list(_about_comments(source, comments, rules, failures))


def _about_comments(
    source: SourceText, comments: Suppressions, rules: Sequence[Rule], failures: Failures
) -> Iterator[Diagnostic]:
    """What the rules say about the comments themselves, after all else is known."""
    for rule in rules:
        asked = failures.asking(rule, partial(rule.check_suppressions, comments.judgeable))
        yield from (about for about in _diagnostics(source, asked, failures) if not comments.excuse(about))


def _diagnostics(
    source: SourceText, findings: Iterable[tuple[Rule, Finding]], failures: Failures
) -> Iterator[Diagnostic]:
    for rule, finding in findings:
        with failures.blaming(rule):
            yield diagnostic(source, rule, finding)


def _unanalysed(
    module: ModuleOutline, rules: Sequence[Rule], unread: list[Definition], failures: Failures
) -> Iterator[tuple[Rule, Finding]]:
    """Definitions that are too deep for the parser, told before it sees them."""
    for definition in (*module.definitions(), *module.all_classes(), module.plain_body):
        if definition.nesting_above(MAX_DEPTH) > MAX_DEPTH:
            unread.append(definition)
            reason = f"nests expressions {definition.depth} deep"
            for rule in rules:
                yield from failures.asking(rule, partial(rule.check_unanalysed, definition, reason))


def check_definitions(
    module: ModuleOutline,
    wanted: Sequence[Root],
    rules: Sequence[Rule],
    unread: list[Definition],
    failures: Failures,
) -> list[Diagnostic]:
    """What the rules find in the definitions that are wanted; those that cannot be read go to ``unread``."""
    findings = list(_check(module, wanted, rules, unread, failures))
    return list(_diagnostics(module.plain, findings, failures))


def _check(
    module: ModuleOutline,
    wanted: Sequence[Root],
    rules: Sequence[Rule],
    unread: list[Definition],
    failures: Failures,
) -> Iterator[tuple[Rule, Finding]]:
    from attnlint.attention import opposite_arms, recognise

    read = _reader(module, unread)
    graphs = list(read(root for root in wanted if not root.is_caller))
    sites = recognise(graphs)
    if any(path.is_handed_in for site in sites for path in site.paths):
        graphs.extend(read(root for root in wanted if root.is_caller))
        sites = recognise(graphs)
    for graph in graphs:
        for rule in rules:
            yield from failures.asking(rule, partial(rule.check_definition, graph))
    for site in sites:
        for rule in rules:
            yield from failures.asking(rule, partial(rule.check_site, site))
        for rule in rules:
            yield from failures.asking(rule, partial(_on_paths, site, rule))
    for arms in opposite_arms(graphs):
        for rule in rules:
            yield from failures.asking(rule, partial(_between, arms, rule))


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
    from attnlint.graph.worlds import TooManyWorlds

    for path in site.paths:
        with suppress(TooManyWorlds):
            yield from path.ask(lambda p: list(rule.check_path(p)))


def _reader(module: ModuleOutline, unread: list[Definition]) -> Callable[[Iterable[Root]], Iterator[DefinitionGraph]]:
    """What turns roots of one module into graphs; definitions that cannot be read go to ``unread``."""
    from attnlint.graph.interpreter import Interpreter
    from attnlint.graph.module import ModuleContext
    from attnlint.syntax.parse import TooDeep

    interpreter = Interpreter(ModuleContext(module))

    def read(wanted: Iterable[Root]) -> Iterator[DefinitionGraph]:
        for root in wanted:
            try:
                graph = interpreter.graph_of(root.definition, constructed=root.reaches_site)
            except (TooDeep, SourceError):
                unread.append(root.definition)
            else:
                yield graph

    return read
