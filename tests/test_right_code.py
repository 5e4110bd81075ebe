"""Right code that looks wrong: each module of ``right_code`` shows one reason to be silent, and none is reported.

A module's docstring says why it is right. Its last class or function before ``inputs`` is what it shows: built without
arguments, it runs on what ``inputs()`` returns, and holds the ``INVARIANTS`` that the module names.
"""

from __future__ import annotations

import ast
import runpy
from pathlib import Path
from typing import Any

import pytest

from attnlint import lint_source

FOLDER = Path(__file__).parent / "right_code"
MODULES = sorted(FOLDER.glob("*.py"))
ROUNDING = 1e-4

every_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)


@every_module
def test_nothing_is_reported(path: Path) -> None:
    found = lint_source(path.read_bytes(), str(path))
    assert [f"{d.span.line}: {d.code} {d.message}" for d in found] == []


@every_module
def test_it_says_why(path: Path) -> None:
    reason = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert reason
    assert reason.endswith(".")


@every_module
def test_it_runs_and_holds_what_it_says(path: Path) -> None:
    torch = pytest.importorskip("torch")
    from attnlint.invariants import eval_deterministic

    try:
        namespace = runpy.run_path(str(path))
    except ModuleNotFoundError as error:
        pytest.skip(f"no {error.name} here")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        attention, inputs = subject(path, namespace), namespace["inputs"]()
        attention(*inputs)
        for invariant in (eval_deterministic(), *namespace.get("INVARIANTS", ())):
            measured = invariant(attention, *inputs)
            assert measured.value <= ROUNDING, f"{invariant.name}: {measured}"


def subject(path: Path, namespace: dict[str, Any]) -> Any:
    """What the module shows, built."""
    body = ast.parse(path.read_text("utf-8")).body
    names = [node.name for node in body if isinstance(node, (ast.ClassDef, ast.FunctionDef))]
    shown = namespace[names[names.index("inputs") - 1]]
    return shown() if isinstance(shown, type) else shown
