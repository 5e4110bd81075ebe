"""The pipeline, from one source to diagnostics. Read this first.

Document → its Python → outline → definitions that matter → value graphs → attention sites → rules → suppressions →
diagnostics.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

from attnlint import suppressions
from attnlint.config import Checks, Configuration
from attnlint.contents import Contents
from attnlint.diagnostics import Diagnostic
from attnlint.documents import open_document
from attnlint.failures import Failures
from attnlint.findings import Finding, diagnostic
from attnlint.roots import Root, may_matter, roots
from attnlint.rule import Rule
from attnlint.suppressions import Suppressions
from attnlint.syntax.limits import MAX_DEFINITION, MAX_SOURCE
from attnlint.syntax.nesting import MAX_DEPTH
from attnlint.syntax.outline import Definition, ModuleOutline, outline
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceError, SourceText
from attnlint.time_limit import check as check_time
from attnlint.time_limit import limited

if TYPE_CHECKING:
    from attnlint.attention import Arms, AttentionSite
    from attnlint.documents.base import Document
    from attnlint.graph.analysis import DefinitionGraph


_loading = Lock()
_WORLDS_A_SITE = 64
"""Outcomes that are looked at for one site and rule: a contradiction that shows in none of them is missed."""
_PATHS_LEFT = 8
"""Paths of one site that are left for their many outcomes until a rule leaves the whole site."""
Check = Callable[[ModuleOutline, Sequence[Root], Sequence[Rule], list[Definition], Failures], list[Diagnostic]]
"""What `check_definitions` is."""


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

    Raises `SourceError` where the source cannot be decoded or parsed, or takes too long, `ConfigError` where its
    configuration file cannot be used, and `RuleError` for a rule that raises, unless there are ``failures`` to collect
    them: then all that was found otherwise is returned.
    """
    name = os.fspath(path)
    raised = Failures() if failures is None else failures
    checks = (config or Configuration(isolated=True)).checks(name, rules)
    found = lint_document(open_document(name, text), checks, raised, noqa)
    if failures is None:
        raised.throw()
    return sorted(found, key=lambda diagnostic: diagnostic.sort_key)


def lint_document(
    document: Document, checks: Checks, failures: Failures, noqa: bool = True, check: Check | None = None
) -> list[Diagnostic]:
    """What the rules find in one document, in no order; ``check`` is asked in the place of `check_definitions`.

    ``failures`` collects the rules that raise, and definitions that the engine fails on. Raises `SourceError`, which an
    `OutOfTime` is too.
    """
    triggers = tuple(dict.fromkeys(trigger for rule in checks.rules for trigger in rule.triggers))
    if not triggers or not document.may_matter(lambda code: may_matter(code, triggers)):
        document.check()
        return []
    length = len(document.source.text)
    if length > MAX_SOURCE:
        raise SourceError(None, f"not analysed: {length:,} characters of Python, and at most {MAX_SOURCE:,} are read")
    load_engine()
    with limited(checks.time_limit):
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
    left = [one for one in unique.values() if not comments.silence(one)]
    left.extend(_about_comments(source, comments, rules, failures))
    return Contents(source, module).added(left)


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
        check_time()
        with failures.blaming(rule):
            yield diagnostic(source, rule, finding)
            continue
        with suppress(Exception):  # what is wrong may be the fix alone
            yield diagnostic(source, rule, replace(finding, mend=None, related=()))


def _unanalysed(
    module: ModuleOutline, rules: Sequence[Rule], unread: list[Definition], failures: Failures
) -> Iterator[tuple[Rule, Finding]]:
    """Definitions that are too deep or too long for the parser, told before it sees them."""
    for definition in (*module.definitions(), *module.all_classes(), module.plain_body):
        reason = _unreadable(definition)
        if reason:
            unread.append(definition)
            for rule in rules:
                question = partial(rule.check_unanalysed, definition, reason)
                yield from failures.asking(rule, question, definition.lines.first)


def _unreadable(definition: Definition) -> str:
    """Why a definition is not read; nothing for one that is."""
    if definition.nesting_above(MAX_DEPTH) > MAX_DEPTH:
        return f"nests expressions {definition.depth} deep"
    is_parsed = definition.kind != "class"  # a class is read method by method
    if is_parsed and definition.length > MAX_DEFINITION and len(definition.text) > MAX_DEFINITION:
        return f"has {len(definition.text):,} characters"
    return ""


def load_engine() -> None:
    """Import what analyses definitions, for one thread at a time: two that import a package and a module of it at once
    may each see the other's half made."""
    with _loading:
        import attnlint.attention
        import attnlint.graph.interpreter
        import attnlint.graph.module
        import attnlint.graph.worlds
        import attnlint.syntax.parse  # noqa: F401


def check_definitions(
    module: ModuleOutline,
    wanted: Sequence[Root],
    rules: Sequence[Rule],
    unread: list[Definition],
    failures: Failures,
) -> list[Diagnostic]:
    """What the rules find in the definitions that are wanted; those that cannot be read go to ``unread``."""
    from attnlint.syntax.parse import forget_trees

    try:
        findings = list(_check(module, wanted, rules, unread, failures))
        return list(_diagnostics(module.plain, findings, failures))
    finally:
        forget_trees(module)


def _check(
    module: ModuleOutline,
    wanted: Sequence[Root],
    rules: Sequence[Rule],
    unread: list[Definition],
    failures: Failures,
) -> Iterator[tuple[Rule, Finding]]:
    from attnlint.attention import opposite_arms, recognise

    read = _reader(module, unread, failures)
    graphs = list(read(root for root in wanted if not root.is_caller))
    sites = recognise(graphs)
    if any(path.is_handed_in for site in sites for path in site.paths):
        graphs.extend(read(root for root in wanted if root.is_caller))
        sites = recognise(graphs)
    for graph in graphs:
        for rule in rules:
            yield from failures.asking(rule, partial(rule.check_definition, graph), graph.definition.lines.first)
    for site in sites:
        for rule in rules:
            yield from failures.asking(rule, partial(rule.check_site, site), site.at.slice.first_line)
        for rule in rules:
            yield from failures.asking(rule, partial(_on_paths, site, rule), site.at.slice.first_line)
    for arms in opposite_arms(graphs):
        for rule in rules:
            yield from failures.asking(rule, partial(_between, arms, rule), arms.graph.definition.lines.first)


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

    left = 0
    for path in site.paths:
        try:
            yield from path.ask(lambda p: list(rule.check_path(p)))
        except TooManyWorlds:
            left += 1
            if left == _PATHS_LEFT:
                return


def _reader(
    module: ModuleOutline, unread: list[Definition], failures: Failures
) -> Callable[[Iterable[Root]], Iterator[DefinitionGraph]]:
    """What turns roots of one module into graphs; definitions that cannot be read go to ``unread``."""
    from attnlint.graph.interpreter import Interpreter
    from attnlint.graph.module import ModuleContext
    from attnlint.syntax.parse import TooDeep

    interpreter = Interpreter(ModuleContext(module))

    def read(wanted: Iterable[Root]) -> Iterator[DefinitionGraph]:
        for root in wanted:
            graph = None
            with failures.reading(root.definition.lines.first), suppress(TooDeep, SourceError):
                graph = interpreter.graph_of(root.definition, constructed=root.reaches_site)
            if graph is None:
                unread.append(root.definition)
            else:
                yield graph

    return read
