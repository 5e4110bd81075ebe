"""Lint many repositories at once with Dask, and write what is found to one Parquet file.

A repository is a folder, or an address that git can clone. Each is one task; by default a local cluster does them, one
process a core. One that cannot be cloned or read, or whose worker dies, is a row and a line, and ends nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from attnlint import Diagnostic, Rule, UnknownCode, discover, lint_paths, select

if TYPE_CHECKING:
    from distributed import Client, Future

INSTALL = "this needs Dask and pyarrow: pip install 'attnlint[many]'"
COLUMNS = {
    "repository": "string",
    "revision": "string",
    "path": "string",
    "line": "int32",
    "column": "int32",
    "end_line": "int32",
    "end_column": "int32",
    "code": "string",
    "name": "string",
    "severity": "string",
    "message": "string",
    "url": "string",
    "fix": "string",
    "problem": "string",
}
"""The columns of the table, with their types in Arrow. A row is a finding, or a problem and then has no code."""

Row = dict[str, object]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("repositories", nargs=-1, metavar="REPOSITORY...")
@click.option("--from", "listed", type=click.File(), help="A file that names more repositories, one a line.")
@click.option("--scheduler", help="The address of a Dask scheduler; without one, a local cluster is started.")
@click.option("--workers", type=click.IntRange(1), help="Processes of the local cluster.  [default: one a core]")
@click.option("--output", type=click.Path(dir_okay=False), default="findings.parquet", show_default=True)
@click.option("--select", "selected", multiple=True, help="Report these alone: codes, their prefixes, names.")
@click.option("--ignore", "ignored", multiple=True, help="Do not report these.")
@click.option("--clone-timeout", type=click.IntRange(1), default=600, show_default=True, help="Seconds for a clone.")
def main(
    repositories: Sequence[str],
    listed: Iterable[str] | None,
    scheduler: str | None,
    workers: int | None,
    output: str,
    selected: Sequence[str],
    ignored: Sequence[str],
    clone_timeout: int,
) -> None:
    """Lint each REPOSITORY, a folder or an address that git can clone, and write one table of findings.

    With --scheduler, attnlint has to be installed where the workers run, and folders have to be there.

    Exit status: 0 nothing found, 1 findings, 2 something could not be checked (one line each on standard error).
    """
    named = [*repositories, *(line.strip() for line in listed or ())]
    wanted = list(dict.fromkeys(_absolute(name) for name in named if name and not name.startswith("#")))
    if not wanted:
        raise click.UsageError("no repository is named")
    rules = _rules(selected, ignored)
    _require()

    rows: list[Row] = []
    with _client(scheduler, workers, len(wanted)) as client:
        tasks = {client.submit(lint, name, rules, clone_timeout, pure=False): name for name in wanted}
        for name, found in _finished(tasks):
            rows.extend(found)
            click.echo(f"{name}: {_told(found)}", err=True)
    rows.sort(key=lambda row: (wanted.index(str(row["repository"])), row["path"] or "", row["line"] or 0))
    _write(rows, Path(output))
    click.echo(f"{_told(rows)} in {len(wanted)} repositories; written to {output}")
    sys.exit(2 if any(row["problem"] for row in rows) else int(bool(rows)))


def _absolute(name: str) -> str:
    """A folder's whole path, for workers that stand elsewhere; anything else is an address."""
    return str(Path(name).resolve()) if Path(name).is_dir() else name


def _rules(selected: Sequence[str], ignored: Sequence[str]) -> list[type[Rule]]:
    def split(values: Iterable[str]) -> list[str]:
        return [part.strip() for value in values for part in value.split(",") if part.strip()]

    try:
        return select(discover(), split(selected), split(ignored))
    except UnknownCode as error:
        raise click.UsageError(f"no rule is called {error.selector!r}; {error.hint}") from None


def _require() -> None:
    try:
        import distributed  # noqa: F401
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise click.ClickException(f"{INSTALL} ({error})") from None


@contextmanager
def _client(scheduler: str | None, workers: int | None, tasks: int) -> Iterator[Client]:
    """A client of the scheduler at that address, or of a local cluster that lives as long."""
    from distributed import Client, LocalCluster

    cluster: AbstractContextManager[Any] = nullcontext(scheduler)
    if scheduler is None:
        count = min(workers or os.cpu_count() or 1, tasks)
        cluster = LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None)
    with cluster as place:
        try:
            client = Client(place, timeout="30s")
        except (OSError, ValueError) as error:
            raise click.ClickException(f"no scheduler answers at {scheduler}: {error}") from None
        with client:
            yield client


def _finished(tasks: dict[Future, str]) -> Iterator[tuple[str, list[Row]]]:
    """Each repository with its rows as its task ends, however it ends."""
    from distributed import as_completed

    for future in as_completed(tasks):
        name = tasks[future]
        try:
            yield name, future.result()
        except Exception as error:
            yield name, [_row(name, problem=f"{type(error).__name__}: {error}")]
        future.release()


# What a worker does


def lint(name: str, rules: Sequence[type[Rule]], clone_timeout: int) -> list[Row]:
    """The rows of one repository, a folder or an address."""
    if Path(name).is_dir():
        return list(_rows(name, Path(name), rules))
    with tempfile.TemporaryDirectory(prefix="attnlint-") as temporary:
        folder = Path(temporary, "clone")
        try:
            reason = _git("clone", "--quiet", "--depth=1", "--", name, str(folder), timeout=clone_timeout)[1]
        except subprocess.TimeoutExpired:
            reason = f"no clone after {clone_timeout} seconds"
        if not folder.is_dir():
            return [_row(name, problem=f"cannot be cloned: {' '.join(reason.split())}")]
        return list(_rows(name, folder, rules))


def _rows(name: str, folder: Path, rules: Sequence[type[Rule]]) -> Iterator[Row]:
    revision = _git("-C", str(folder), "rev-parse", "HEAD")[0] or None
    report = lint_paths([folder], rules)
    for found in report.diagnostics:
        yield _row(name, revision, _inside(folder, found.path), **_finding(found))
    for problem in report.problems:
        yield _row(name, revision, _inside(folder, problem.path), line=problem.line, problem=problem.reason)


def _finding(found: Diagnostic) -> Row:
    span = found.span
    return {
        **{"line": span.line, "column": span.column, "end_line": span.end_line, "end_column": span.end_column},
        **{"code": found.code, "name": found.name, "severity": found.severity.value},
        **{"message": found.message, "url": found.url, "fix": found.fix.tier.value if found.fix else None},
    }


def _inside(folder: Path, path: str) -> str:
    """A path relative to its repository, the same wherever that was cloned."""
    return Path(path).relative_to(folder).as_posix()


def _row(repository: str, revision: str | None = None, path: str | None = None, **more: object) -> Row:
    return {**dict.fromkeys(COLUMNS), "repository": repository, "revision": revision, "path": path, **more}


def _git(*arguments: str, timeout: int | None = None) -> tuple[str, str]:
    """What git prints; it never asks for a password."""
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(
        ["git", *arguments], env=environment, timeout=timeout, capture_output=True, text=True, check=False
    )
    return done.stdout.strip(), done.stderr.strip()


# The table


def _told(rows: Sequence[Row]) -> str:
    problems = [str(row["problem"]) for row in rows if row["problem"]]
    found = len(rows) - len(problems)
    more = f", {len(problems)} problem{'' if len(problems) == 1 else 's'} ({problems[0]})" if problems else ""
    return f"{found} finding{'' if found == 1 else 's'}{more}"


def _write(rows: Sequence[Row], output: Path) -> None:
    """The table in its place as a whole, or not at all."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([(name, getattr(pa, kind)()) for name, kind in COLUMNS.items()])
    unfinished = output.with_name(f"{output.name}.{os.getpid()}")
    try:
        parquet.write_table(pa.Table.from_pylist(list(rows), schema=schema), unfinished)
        unfinished.replace(output)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror or error}") from None
    finally:
        unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
