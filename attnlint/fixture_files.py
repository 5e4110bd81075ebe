"""Where the fixture of a rule is: beside the rule's package, under the same name, whichever package that is.

``loud.rules.softmax`` has its fixture in ``loud.fixtures.softmax``; a package that keeps its rules in one module,
``loud.rules``, keeps its fixtures in ``loud.fixtures``. What is broken there is told with a `BrokenRules` warning.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from attnlint.codes import BrokenRules
from attnlint.rule import Rule

_RULES, _FIXTURES = ".rules.", ".fixtures."


def fixture_text(rule: type[Rule]) -> str:
    """The source of a rule's fixture, which is not run; empty where there is none."""
    spec = _spec(rule)
    if spec is None or spec.origin is None:
        return ""
    try:
        return Path(spec.origin).read_text("utf-8")
    except (OSError, ValueError) as error:
        tell_broken(rule, f"{spec.origin} cannot be read: {error}")
        return ""


def fixture_module(rule: type[Rule]) -> ModuleType | None:
    """A rule's fixture, imported; None where there is none."""
    spec = _spec(rule)
    if spec is None:
        return None
    try:
        return import_module(spec.name)
    except (Exception, SystemExit) as error:
        tell_broken(rule, f"{spec.name} cannot be imported: {_in_a_line(error)}")
        return None


def tell_broken(rule: type[Rule], reason: str) -> None:
    """Warn of a fixture that cannot be used; all others can."""
    warnings.warn(f"fixture of {rule.code} {rule.name}: {reason}", BrokenRules, stacklevel=3)


def _spec(rule: type[Rule]) -> ModuleSpec | None:
    package, found, module = f"{rule.__module__}.".rpartition(_RULES)
    name = f"{package}{_FIXTURES}{module}".rstrip(".")
    try:
        return find_spec(name) if found else None
    except (Exception, SystemExit) as error:
        if not (isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}.")):
            tell_broken(rule, f"{name.rpartition('.')[0]} cannot be imported: {_in_a_line(error)}")
        return None


def _in_a_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
