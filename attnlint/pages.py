"""A rule's page: what it says of itself, what its fixture shows, and what its proofs measure.

The fixture is read, never run, so that no torch is needed.

``python -m attnlint.pages FOLDER`` writes the pages of all rules as Markdown, one file each, under the names that
`Rule.url` ends with.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from attnlint.diagnostics import Tier
from attnlint.fixture_files import BrokenFixture, fixture_source
from attnlint.rule import Rule, discover

_EXAMPLES = 2
"""How many definitions of the fixture a page shows."""
_BEFORE, _AFTER = 4, 1
"""Lines of context around a marked line."""
_MARK = re.compile(r"  # expect: .*")


@dataclass(frozen=True)
class Claim:
    """A proof of the fixture as it is written down: what the bug must break, by how much (None: it is recorded)."""

    title: str
    invariant: str | None
    margin: float | None

    def __str__(self) -> str:
        if self.invariant is None:
            return f"{self.title}: what each attention backend makes of it"
        by = "" if self.margin is None else f" by more than {self.margin:g}"
        return f"{self.title}: the bug breaks {self.invariant}{by}, the right code holds it"


@dataclass(frozen=True)
class Page:
    """What can be read about a rule. ``examples`` are pieces of code with the code of the rule where it reports."""

    rule: type[Rule]
    examples: tuple[str, ...]
    claims: tuple[Claim, ...]


def page_of(rule: type[Rule]) -> Page:
    """The page of a rule; without examples where its package ships no fixture beside it."""
    try:
        text, tree = fixture_source(rule)
    except BrokenFixture as error:
        error.tell()
        return Page(rule, (), ())
    return Page(rule, tuple(_examples(rule.code, text, tree))[:_EXAMPLES], tuple(_claims(rule.code, tree)))


def status(rule: type[Rule]) -> str:
    """``stable``, or ``preview`` while it may still change."""
    return "preview" if rule.preview else "stable"


def default(rule: type[Rule]) -> str:
    """Whether a run without options reports the rule, in a word."""
    return "preview" if rule.preview else "on" if rule.on_by_default else "off"


def reported(rule: type[Rule]) -> str:
    """When the rule is reported, in words."""
    on = "on by default" if rule.on_by_default else "off by default"
    return f"in preview, {on} with --preview" if rule.preview else on


def tiers(rule: type[Rule]) -> str:
    """The tiers of the rule's fixes in words."""
    return ", ".join(tier.value for tier in Tier if tier in rule.tiers)


# What the fixture shows


def _examples(code: str, text: str, tree: ast.Module) -> Iterator[str]:
    rows = text.splitlines()
    marked = {number for number, row in enumerate(rows, 1) if re.search(rf"# expect: .*\b{code}\b", row)}
    for block in _blocks(tree):
        first, last = block.lineno, block.end_lineno or block.lineno
        near = {line + step for line in marked for step in range(-_BEFORE, _AFTER + 1) if first <= line <= last}
        shown = sorted({first, *near} & set(range(first, last + 1)))
        if near:
            yield "\n".join(_excerpt(rows, shown, marked, code))


def _blocks(tree: ast.Module) -> Iterator[ast.stmt]:
    """The definitions of a module, and in classes the methods."""
    for node in tree.body:
        yield from (node.body if isinstance(node, ast.ClassDef) else [node])


def _excerpt(rows: list[str], shown: list[int], marked: set[int], code: str) -> Iterator[str]:
    """Lines with their indent taken off, dots where some are left out, and the code at the marked ones."""
    lines = [_MARK.sub(f"  # {code}", rows[n - 1]) if n in marked else _MARK.sub("", rows[n - 1]) for n in shown]
    for index, line in enumerate(dedent("\n".join(lines)).split("\n")):
        if index and shown[index] > shown[index - 1] + 1:
            yield "    ..."
        yield line


def _claims(code: str, tree: ast.Module) -> Iterator[Claim]:
    """The proofs of ``PROOFS`` whose arguments are written out."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg is not None}
        if node.func.id in ("Proof", "Record") and _literal(given.get("code")) == code:
            title, invariant, margin = (given.get(name) for name in ("title", "invariant", "margin"))
            bound = _literal(margin)
            yield Claim(
                str(_literal(title) or ""),
                _called(invariant) if node.func.id == "Proof" else None,
                float(bound) if isinstance(bound, (int, float)) else None,
            )


def _literal(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _called(node: ast.expr | None) -> str:
    """The invariant's name, which says what it measures."""
    func = node.func if isinstance(node, ast.Call) else node
    return ast.unparse(func).rpartition(".")[2] if func is not None else "its invariant"


# Markdown


def markdown(page: Page) -> Iterator[str]:
    """The page as lines of Markdown."""
    rule = page.rule
    about = f"{rule.severity.value} · {reported(rule)} · fix: {tiers(rule)}"
    yield from (f"# {rule.code} {rule.name}", "", f"*{about}*", "")
    yield rule.documentation().replace("``", "`")
    if page.examples:
        yield from ("", "## Example", "")
        yield "\n".join(f"```python\n{example}\n```\n" for example in page.examples).rstrip("\n")
    if page.claims:
        yield from ("", f"## Proof\n\n`attnlint prove {rule.code}` runs them:\n", *(f"- {c}" for c in page.claims))
    if rule.references:
        yield from ("", "## References", "", *(f"- {reference}" for reference in rule.references))


def index() -> Iterator[str]:
    """A table of all rules as lines of Markdown."""
    yield from (
        "# Rules",
        "",
        "| code | name | severity | default | fix | what is wrong |",
        "|---|---|---|---|---|---|",
    )
    for rule in discover().values():
        summary = rule.summary().replace("``", "`").replace("|", "\\|")
        cells = (rule.name, rule.severity.value, default(rule), tiers(rule), summary)
        yield f"| [{rule.code}]({rule.code}.md) | {' | '.join(cells)} |"


def write(folder: Path) -> None:
    """Write the index and a page a rule."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.md").write_text("\n".join(index()) + "\n", "utf-8")
    for code, rule in discover().items():
        (folder / f"{code}.md").write_text("\n".join(markdown(page_of(rule))) + "\n", "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
