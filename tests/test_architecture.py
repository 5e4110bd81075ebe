"""The shape of the tree: imports go one way, and files stay small enough to read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {"attnlint.rules": ROOT / "rules", "attnlint.fixtures": ROOT / "fixtures", "attnlint": ROOT / "attnlint"}
MAX_LINES = 500


def found() -> Iterator[tuple[str, Path]]:
    for package, folder in FOLDERS.items():
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            yield ".".join([package, *(part for part in parts if part != "__init__")]), path


MODULES = dict(found())


def imports(path: Path) -> Iterator[str]:
    """What a module imports, wherever in it; what annotations alone need is left out."""
    waiting: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports by a relative path"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else str(node.module)
        waiting.extend(ast.iter_child_nodes(node))


GRAPH = {name: {each for each in imports(path) if each != name} for name, path in MODULES.items()}


def package(name: str) -> str:
    return ".".join(name.split(".")[:2])


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert list(TopologicalSorter({name: needed & MODULES.keys() for name, needed in GRAPH.items()}).static_order())


def test_nor_does_a_package() -> None:
    packages: dict[str, set[str]] = {}
    for name, needed in GRAPH.items():
        packages.setdefault(package(name), set()).update(map(package, needed & MODULES.keys()))
    for name, others in packages.items():
        others.discard(name)
    assert list(TopologicalSorter(packages).static_order())


@pytest.mark.parametrize(
    ("of", "allowed"),
    [
        ("attnlint.diagnostics", set()),
        ("attnlint.syntax", {"attnlint.diagnostics"}),
        ("attnlint.time_limit", {"attnlint.syntax"}),
        ("attnlint.graph", {"attnlint.syntax", "attnlint.time_limit"}),
        (
            "attnlint.attention",
            {
                "attnlint.diagnostics",
                "attnlint.findings",
                "attnlint.graph",
                "attnlint.syntax",
                "attnlint.time_limit",
            },
        ),
        (
            "attnlint.rules",
            {
                "attnlint.attention",
                "attnlint.codes",
                "attnlint.diagnostics",
                "attnlint.graph",
                "attnlint.rule",
                "attnlint.suppressions",
                "attnlint.syntax",
                "attnlint.torch_versions",
                "attnlint.triggers",
            },
        ),
        ("attnlint.invariants", set()),
        ("attnlint.fixtures", {"attnlint.invariants", "attnlint.proof"}),
    ],
)
def test_a_package_knows_only_what_is_below_it(of: str, allowed: set[str]) -> None:
    needed = {package(n) for name, ns in GRAPH.items() if package(name) == of for n in ns if n.startswith("attnlint.")}
    assert needed - {of} <= allowed


def test_rules_and_fixtures_are_found_and_not_named() -> None:
    named = {n for name, ns in GRAPH.items() if package(name) not in FOLDERS for n in ns}
    assert not {package(name) for name in named} & {"attnlint.rules", "attnlint.fixtures"}


def test_torch_is_needed_by_proofs_alone() -> None:
    needing = {package(name) for name, ns in GRAPH.items() if any(n.split(".")[0] == "torch" for n in ns)}
    assert needing <= {"attnlint.invariants", "attnlint.fixtures", "attnlint.proof", "attnlint.mended", "attnlint.cli"}


@pytest.mark.parametrize("path", [*MODULES.values(), *(ROOT / "tests").glob("*.py")], ids=lambda path: path.name)
def test_a_file_can_be_read(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MAX_LINES
