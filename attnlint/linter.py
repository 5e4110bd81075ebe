"""The pipeline, from one source to diagnostics. Read this first.

Document → its Python → outline → definitions that matter → value graphs → attention sites → rules → suppressions →
diagnostics.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from attnlint import suppressions
from attnlint.calling import examine_all
from attnlint.collecting import by_hand
from attnlint.config import Checks, Configuration
from attnlint.contents import Contents
from attnlint.diagnostics import Diagnostic, Span
from attnlint.documents import open_document
from attnlint.failures import Failures
from attnlint.findings import Finding, diagnostics
from attnlint.roots import Root, may_matter, roots
from attnlint.rule import Rule
from attnlint.suppressions import Suppressions
from attnlint.syntax.limits import MAX_DEFINITION, MAX_SOURCE
from attnlint.syntax.outline import Definition, ModuleOutline, outline
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceError, SourceText
from attnlint.time_limit import limited, overseen

if TYPE_CHECKING:
    from attnlint.documents.base import Document
    from attnlint.examination import Examine, Examiner


_loading = Lock()
Remembering = Callable[["Examiner"], "Examine"]
"""What looks at definitions in the place of an `attnlint.examination.Examiner`, which it may ask."""


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
    with by_hand():
        found = lint_document(open_document(name, text), checks, raised, noqa)
    if failures is None:
        raised.throw()
    return sorted(found, key=lambda diagnostic: diagnostic.sort_key)


def lint_document(
    document: Document, checks: Checks, failures: Failures, noqa: bool = True, remembering: Remembering | None = None
) -> list[Diagnostic]:
    """What the rules find in one document, in no order; ``remembering`` may know what is found in a definition.

    ``failures`` collects the rules that raise, and definitions that the engine fails on. Raises `SourceError`, which an
    `OutOfTime` is too.
    """
    triggers = tuple(dict.fromkeys(trigger for rule in checks.rules for trigger in rule.triggers))
    with limited(checks.time_limit):
        if not triggers or not document.may_matter(lambda code: may_matter(code, triggers)):
            document.check()
            return []
        length = len(document.source.text)
        if length > MAX_SOURCE:
            told = f"not analysed: {length:,} characters of Python, and at most {MAX_SOURCE:,} are read"
            raise SourceError(None, told)
        load_engine()
        found = on_big_stack(
            lambda: _analyse(document.source, checks.rules, triggers, failures, noqa, remembering), overseen
        )
        return [checks.tiers.applied(document.reported(diagnostic)) for diagnostic in found]


def _analyse(
    source: SourceText,
    rules: Sequence[Rule],
    triggers: tuple[str, ...],
    failures: Failures,
    noqa: bool,
    remembering: Remembering | None,
) -> list[Diagnostic]:
    module = outline(source)
    wanted = roots(module, [trigger for trigger in triggers if trigger not in suppressions.TRIGGERS])
    unread: list[Definition] = []
    unanalysed = list(_unanalysed(module, rules, unread, failures))
    found = list(diagnostics(source, unanalysed, failures))
    if wanted:
        found.extend(_checked(module, wanted, rules, unread, failures, remembering))
    module.release()
    comments = Suppressions(source, rules, unread, noqa=noqa)
    unique: dict[tuple[str, Span], Diagnostic] = {}
    for one in found:
        unique.setdefault((one.code, one.span), one)  # in the words of the definition itself, not of its callers
    left = [one for one in unique.values() if not comments.silence(one)]
    left.extend(_about_comments(source, comments, rules, failures))
    return Contents(source, module).added(left)


def _about_comments(
    source: SourceText, comments: Suppressions, rules: Sequence[Rule], failures: Failures
) -> Iterator[Diagnostic]:
    """What the rules say about the comments themselves, after all else is known."""
    for rule in rules:
        asked = failures.asking(rule, partial(rule.check_suppressions, comments.judgeable))
        yield from (about for about in diagnostics(source, asked, failures) if not comments.excuse(about))


def _unanalysed(
    module: ModuleOutline, rules: Sequence[Rule], unread: list[Definition], failures: Failures
) -> Iterator[tuple[Rule, Finding]]:
    """Definitions that are too deep or too long for the parser, told before it sees them. What it does not take is
    told by `attnlint.examination`."""
    for definition in (*module.definitions(), *module.all_classes(), module.plain_body):
        reason = _unreadable(definition)
        if reason:
            unread.append(definition)
            for rule in rules:
                question = partial(rule.check_unanalysed, definition, f"it {reason}, over the limit of the parser")
                yield from failures.asking(rule, question, definition.lines.first)


def _unreadable(definition: Definition) -> str:
    """Why a definition is not read; nothing for one that is."""
    if definition.excess:
        return definition.excess
    is_parsed = definition.kind != "class"  # a class is read method by method
    if is_parsed and definition.length > MAX_DEFINITION and len(definition.text) > MAX_DEFINITION:
        return f"has {len(definition.text):,} characters"
    return ""


def load_engine() -> None:
    """Import what analyses definitions, for one thread at a time: two that import a package and a module of it at once
    may each see the other's half made."""
    with _loading:
        import attnlint.examination  # noqa: F401


def _checked(
    module: ModuleOutline,
    wanted: Sequence[Root],
    rules: Sequence[Rule],
    unread: list[Definition],
    failures: Failures,
    remembering: Remembering | None,
) -> list[Diagnostic]:
    """What the rules find in the definitions that are wanted; those that cannot be read go to ``unread``."""
    from attnlint.examination import Examiner, settled
    from attnlint.syntax.parse import forget_trees

    try:
        examiner = Examiner(module, rules, failures)
        examine = remembering(examiner) if remembering is not None else examiner
        examined = examine_all(wanted, examine)
        unread.extend(root.definition for root, one in examined.items() if not one.is_read)
        return list(settled(examined.values()))
    finally:
        forget_trees(module)
