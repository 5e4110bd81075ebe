"""attnlint beside its peers, on the same files, in one run.

    python benchmarks/compare.py FOLDER

The Python files of FOLDER that attnlint would check are copied to a temporary folder, so that nobody finds a
configuration or a cache there. ``ast.parse`` of all of them on one core is the floor, ``libcst.parse_module`` that of a
linter which parses everything and keeps comments; attnlint, ruff, flake8 with bugbear, Fixit and TorchFix follow, one
after the other, each a whole process with its defaults. The peers come from PyPI, into environments of their own that
are kept (``--environments``).
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from measured import Measured, measure
from peers import PEERS, NotInstalled, Peer, environment, versions
from platformdirs import user_cache_dir

from attnlint.sources.discovery import find_sources

FLOOR = """\
import sys, warnings
from {module} import {parse} as parse
warnings.simplefilter("ignore")
for path in open(sys.argv[1], encoding="utf-8").read().split("\\n"):
    try:
        parse(open(path, "rb").read())
    except Exception:
        pass
"""
_HEAD = ("", "version", "wall s", "CPU s", "peak MB", "× floor", "")


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    name: str
    version: str
    measured: Measured | None
    note: str = ""

    def cells(self, floor: float) -> tuple[str, ...]:
        """The line as text; ratios are those of the wall time."""
        if self.measured is None:
            return self.name, self.version, "–", "–", "–", "–", self.note
        one, more = self.measured, ">" if self.measured.is_stopped else ""
        numbers = (f"{one.wall:.2f}", f"{one.cpu:.2f}", f"{one.peak / 1e6:.0f}", f"{one.wall / floor:.2f}")
        return self.name, self.version, *(f"{more}{number}" for number in numbers), self.note


class Comparison:
    """The contenders, over one copy of the files."""

    def __init__(self, copy: Path, scratch: Path, limit: float, repeats: int) -> None:
        self._copy = copy
        self._scratch = scratch
        self._limit = limit
        self._repeats = repeats

    def floors(self) -> Iterator[Row]:
        """Parsing all files on one core: all that a linter which parses everything has to do."""
        names = self._scratch / "files"
        names.write_text("\n".join(map(str, sorted(self._copy.rglob("*.py*")))), "utf-8")
        libcst = versions(Path(sys.executable), ["libcst"])
        for module, parse, version in [("ast", "parse", platform.python_version()), ("libcst", "parse_module", libcst)]:
            code = FLOOR.format(module=module, parse=parse)
            yield self._row(f"{module}.{parse}", version, [sys.executable, "-I", "-c", code, str(names)])

    def attnlint(self) -> Iterator[Row]:
        """attnlint without a cache and, where it has one, with it: nothing changed, and one file changed."""
        python = Path(sys.executable)
        version = versions(python, ["attnlint"])
        command = [str(python), "-m", "attnlint", "check", "--isolated"]
        usage = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout
        has_cache = "--no-cache" in usage
        cold = ["--no-cache"] if has_cache else []
        yield self._row("attnlint, cold", version, [*command, *cold, str(self._copy)])
        if has_cache:
            warm = [*command, "--cache-dir", str(self._scratch / "cache"), str(self._copy)]
            measure(warm, self._limit, str(self._scratch))
            yield self._row("attnlint, nothing changed", version, warm)
            yield self._row("attnlint, one file changed", version, warm, change=True)

    def peer(self, peer: Peer, environments: Path) -> Row:
        """Another linter."""
        try:
            python = environment(peer, environments, lambda line: print(line, file=sys.stderr, flush=True))
        except NotInstalled as error:
            return Row(peer.name, "–", None, f"not installed: {error}")
        return self._row(peer.name, versions(python, peer.packages), peer.command(python, self._copy))

    def _row(self, name: str, version: str, command: Sequence[str], *, change: bool = False) -> Row:
        """The quickest of all repeats."""
        runs = []
        for _ in range(self._repeats):
            if change:
                self._change()
            runs.append(measure(command, self._limit, str(self._scratch)))
            if runs[-1].is_stopped:
                break
        best = min(runs, key=lambda run: run.wall)
        if best.is_stopped:
            return Row(name, version, best, f"stopped after {self._limit:.0f} s")
        failed = f"exit status {best.status}: {best.complaint}" if best.status not in (0, 1) else ""
        return Row(name, version, best, failed)

    def _change(self) -> None:
        """Write a line more into the file of middle size."""
        files = sorted(self._copy.rglob("*.py"), key=lambda path: (path.stat().st_size, path))
        with files[len(files) // 2].open("a", encoding="utf-8") as file:
            file.write("\n# changed\n")


def copied(folder: Path, copy: Path) -> list[Path]:
    """Copy the Python files that attnlint would check."""
    made = []
    for source in find_sources([str(folder)]):
        if isinstance(source, str) and source.endswith((".py", ".pyi")):
            target = copy / Path(source).relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            made.append(Path(shutil.copyfile(source, target)))
    return made


def machine() -> str:
    """What the numbers depend on."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, Python {platform.python_version()}, {platform.system()}"


def table(rows: Sequence[Row], markdown: bool) -> str:
    """The rows with their ratios to the first."""
    floor = rows[0].measured
    cells = [_HEAD, *(row.cells(floor.wall if floor else 1) for row in rows)]
    if markdown:
        ruled = [cells[0], ("---", "---", "---:", "---:", "---:", "---:", "---"), *cells[1:]]
        return "\n".join(f"| {' | '.join(row)} |" for row in ruled)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    aligned = (
        [
            cell.rjust(w) if 2 <= place <= 5 else cell.ljust(w)
            for place, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        for row in cells
    )
    return "\n".join("  ".join(row).rstrip() for row in aligned)


def main() -> None:
    """Measure all, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    kept = Path(user_cache_dir("attnlint-benchmarks", appauthor=False))
    parser.add_argument("--environments", type=Path, default=kept, metavar="DIR", help=f"where they are kept ({kept})")
    parser.add_argument("--limit", type=float, default=900, metavar="SECONDS", help="when one is stopped (900)")
    parser.add_argument("--repeats", type=int, default=1, metavar="N", help="runs of each; the quickest counts (1)")
    parser.add_argument("--only", nargs="*", choices=[p.module for p in PEERS], metavar="PEER", help="which peers")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attnlint-compare-") as temporary:
        copy, scratch = Path(temporary) / options.folder.resolve().name, Path(temporary) / "scratch"
        scratch.mkdir()
        files = copied(options.folder, copy)
        if not files:
            parser.error(f"no Python files in {options.folder}")
        size = sum(len(path.read_bytes()) for path in files)  # and nobody below reads a cold disk
        print(f"{len(files):,} files, {size / 1e6:.1f} MB; {date.today().isoformat()}; {machine()}\n", flush=True)
        comparison = Comparison(copy, scratch, options.limit, options.repeats)
        rows = [*comparison.floors(), *comparison.attnlint()]
        chosen = [peer for peer in PEERS if options.only is None or peer.module in options.only]
        rows += [comparison.peer(peer, options.environments.resolve()) for peer in chosen]
        print(table(rows, options.markdown))


if __name__ == "__main__":
    main()
