"""attnlint: a static checker for attention bugs in PyTorch code.

The names below are the public interface. They are imported when first used, so that ``import attnlint`` costs nothing.
"""

from importlib import import_module

TYPE_CHECKING = False
"""What type checkers take for true. Nothing is imported here that Python has not imported already:
``python -m attnlint`` looks for it in the current folder first, until the program can say otherwise."""

if TYPE_CHECKING:
    from attnlint.cache import Cache
    from attnlint.codes import BrokenRules, CodeWarning, UnknownCode
    from attnlint.config import ConfigError, Configuration, Settings
    from attnlint.diagnostics import (
        Content,
        CopiedFrom,
        Copy,
        Diagnostic,
        Edit,
        Fix,
        Problem,
        Related,
        Severity,
        Span,
        Tier,
    )
    from attnlint.failures import Failures, RuleError
    from attnlint.linter import lint_source
    from attnlint.rule import Finding, Mend, Replacement, Rule, discover, select
    from attnlint.runs import Report, lint_paths
    from attnlint.syntax.text import SourceError

__version__ = "0.1.0"

__all__ = [
    "BrokenRules",
    "Cache",
    "CodeWarning",
    "ConfigError",
    "Configuration",
    "Content",
    "CopiedFrom",
    "Copy",
    "Diagnostic",
    "Edit",
    "Failures",
    "Finding",
    "Fix",
    "Mend",
    "Problem",
    "Related",
    "Replacement",
    "Report",
    "Rule",
    "RuleError",
    "Settings",
    "Severity",
    "SourceError",
    "Span",
    "Tier",
    "UnknownCode",
    "__version__",
    "discover",
    "lint_paths",
    "lint_source",
    "select",
]

_HOMES = {
    "Cache": "cache",
    **dict.fromkeys(("BrokenRules", "CodeWarning", "UnknownCode"), "codes"),
    **dict.fromkeys(("ConfigError", "Configuration", "Settings"), "config"),
    **dict.fromkeys(("Failures", "RuleError"), "failures"),
    **dict.fromkeys(("Report", "lint_paths"), "runs"),
    "lint_source": "linter",
    **dict.fromkeys(("Finding", "Mend", "Replacement", "Rule", "discover", "select"), "rule"),
    "SourceError": "syntax.text",
}
"""The module of each name; those that are not here are in ``diagnostics``."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'diagnostics')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
