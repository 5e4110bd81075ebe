"""How near attnlint comes to the least that reading the code can cost.

    python benchmarks/compare_floor.py FOLDER

In one run, on the Python files that attnlint would check in FOLDER, it times ``ast.parse`` on every file (the floor for
any tool that parses everything), ``libcst.parse_module`` on every file (the floor for a tool that keeps comments and
parses everything), and attnlint itself, imports included. Each has a process of its own, one after the other.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from attnlint.sources.discovery import find_sources

ATTNLINT = "attnlint"
FLOOR = "ast.parse"


@dataclass(frozen=True)
class Measurement:
    """One contender's time, and what it did."""

    seconds: float
    note: str


def parse_all(files: list[str], parse: Callable[[bytes], object]) -> Measurement:
    """Read and parse every file, as bytes."""
    failed = 0
    start = time.perf_counter()
    for path in files:
        try:
            parse(Path(path).read_bytes())
        except Exception:
            failed += 1
    return Measurement(time.perf_counter() - start, f"{failed} files do not parse" if failed else "")


def measure_ast(folder: str) -> Measurement:
    """Time ``ast.parse``."""
    import ast

    return parse_all(sources(folder), ast.parse)


def measure_libcst(folder: str) -> Measurement:
    """Time ``libcst.parse_module``."""
    import libcst

    return parse_all(sources(folder), libcst.parse_module)


def measure_attnlint(folder: str) -> Measurement:
    """Time attnlint from its import to its report, in one process; finding the files counts."""
    start = time.perf_counter()
    from attnlint.runs import lint_paths

    report = lint_paths([folder])
    seconds = time.perf_counter() - start
    return Measurement(seconds, f"{len(report.diagnostics)} findings, {len(report.problems)} problems")


CONTENDERS = {FLOOR: measure_ast, "libcst.parse_module": measure_libcst, ATTNLINT: measure_attnlint}


def sources(folder: str) -> list[str]:
    """The files that attnlint would check."""
    return [path for path in find_sources([folder]) if isinstance(path, str)]


def measure_apart(contender: str, folder: str) -> Measurement | None:
    """A contender's measurement in a process of its own; None where the process did not survive."""
    command = [sys.executable, __file__, "--only", contender, folder]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return Measurement(**json.loads(result.stdout)) if result.returncode == 0 else None


def table(measurements: dict[str, Measurement | None]) -> str:
    """The measurements as a Markdown table, with ratios to the floor."""
    floor = measurements[FLOOR]
    rows = ["| | seconds | × ast.parse | |", "| --- | ---: | ---: | --- |"]
    for name, measured in measurements.items():
        if measured is None:
            rows.append(f"| {name} | – | – | did not survive |")
        else:
            ratio = f"{measured.seconds / floor.seconds:.2f}" if floor else "–"
            rows.append(f"| {name} | {measured.seconds:.2f} | {ratio} | {measured.note} |")
    return "\n".join(rows)


def main() -> None:
    """Measure all contenders, or one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER")
    parser.add_argument("--only", choices=CONTENDERS, help="measure one in this process and print JSON")
    arguments = parser.parse_args()
    if arguments.only:
        warnings.simplefilter("ignore")
        print(json.dumps(asdict(CONTENDERS[arguments.only](arguments.folder))))
        return
    files = sources(arguments.folder)
    if not files:
        parser.error(f"no Python files in {arguments.folder}")
    size = sum(len(Path(path).read_bytes()) for path in files)  # and nobody below reads a cold disk
    print(f"{len(files)} files, {size / 1e6:.1f} MB, Python {sys.version.split()[0]}\n", flush=True)
    print(table({name: measure_apart(name, arguments.folder) for name in CONTENDERS}))


if __name__ == "__main__":
    main()
