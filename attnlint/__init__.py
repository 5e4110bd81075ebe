"""attnlint: a static checker for attention bugs in PyTorch code.

The names below are the public interface. They are imported when first used, so that ``import attnlint`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    from attnlint.linter import Report, lint_paths, lint_source
    from attnlint.rule import Rule

__version__ = "0.1.0"

__all__ = [
    "ConfigError",
    "Configuration",
    "Content",
    "CopiedFrom",
    "Copy",
    "Diagnostic",
    "Edit",
    "Fix",
    "Problem",
    "Related",
    "Report",
    "Rule",
    "Settings",
    "Severity",
    "Span",
    "Tier",
    "__version__",
    "lint_paths",
    "lint_source",
]

_HOMES = {
    "ConfigError": "config",
    "Configuration": "config",
    "Report": "linter",
    "Rule": "rule",
    "Settings": "config",
    "lint_paths": "linter",
    "lint_source": "linter",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'diagnostics')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
