"""What SARIF says of the rules: their pages, so that a viewer needs no network to explain a finding."""

from __future__ import annotations

from attnlint.diagnostics import Diagnostic, Severity
from attnlint.pages import markdown, page_of
from attnlint.rule import Rule, installed

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.PERFORMANCE: "note"}
"""What SARIF calls the severities."""

_GITHUB = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.PERFORMANCE: "recommendation"}


def descriptor(found: Diagnostic) -> dict[str, object]:
    """A rule by one of its findings; of a rule that is not installed, what the finding says of it."""
    rule = installed().rules.get(found.code)
    named: dict[str, object] = {"id": found.code, "name": found.name}
    if found.url:
        named["helpUri"] = found.url
    return named if rule is None else {**named, **_details(rule)}


def _details(rule: type[Rule]) -> dict[str, object]:
    about = "performance" if rule.severity is Severity.PERFORMANCE else "correctness"
    return {
        "shortDescription": {"text": _plain(rule.summary())},
        "fullDescription": {"text": _plain("\n\n".join(rule.documentation().split("\n\n")[:2]))},
        "help": {"text": _plain(rule.documentation()), "markdown": "\n".join(markdown(page_of(rule)))},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"tags": ["attention", about, "pytorch"], "problem.severity": _GITHUB[rule.severity]},
    }


def _plain(text: str) -> str:
    """Documentation without the marks of its emphasis and code."""
    return text.replace("**", "").replace("``", "`")
