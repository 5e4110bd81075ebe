"""Lint many repositories at once with Dask, and write what is found to one Parquet file.

A repository is a folder, or an address that git can clone. Each is one task; by default a local cluster does them, as
many at once as there are cores. Each is linted in a process of its own: one that cannot be cloned or read, takes too
long or ends its process is a row and a line, and ends nothing else.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from attnlint import Diagnostic, Report, Rule, UnknownCode, discover, select

if TYPE_CHECKING:
    from distributed import Client, Future

INSTALL = "this needs Dask and pyarrow: pip install 'attnlint[many]'"
LINT = """
import pickle, sys
from attnlint import lint_paths
output, sys.stdout = sys.stdout.buffer, sys.stderr
pickle.dump(lint_paths(*pickle.load(sys.stdin.buffer)), output)
"""
"""What the process of a repository does: paths and rules come in, a report goes out."""
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


class _Refused(click.ClickException):
    exit_code = 2


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("repositories", nargs=-1, metavar="REPOSITORY...")
@click.option("--from", "listed", type=click.File(), help="A file that names more repositories, one a line.")
@click.option("--scheduler", help="The address of a Dask scheduler; without one, a local cluster is started.")
@click.option("--workers", type=click.IntRange(1), help="Processes of the local cluster.  [default: one a core]")
@click.option("--output", type=click.Path(dir_okay=False), default="findings.parquet", show_default=True)
@click.option("--select", "selected", multiple=True, help="Report these alone: codes, their prefixes, names.")
@click.option("--ignore", "ignored", multiple=True, help="Do not report these.")
@click.option("--timeout", type=click.IntRange(1), default=600, show_default=True, help="Seconds to clone; to lint.")
def main(
    repositories: Sequence[str],
    listed: Iterable[str] | None,
    scheduler: str | None,
    workers: int | None,
    output: str,
    selected: Sequence[str],
    ignored: Sequence[str],
    timeout: int,
) -> None:
    """Lint each REPOSITORY, a folder or an address that git can clone, and write one table of findings.

    With --scheduler, attnlint has to be installed where the workers run, and folders have to be there.

    Exit status: 0 nothing found, 1 findings, 2 something could not be checked (one line each on standard error).
    """
    named = [*repositories, *(line.strip() for line in listed or ())]
    wanted = list(dict.fromkeys(_absolute(name) for name in named if name and not name.startswith("#")))
    if not wanted:
        raise click.UsageError("no repository is named")
    if not os.access(Path(output).parent, os.W_OK):
        raise click.UsageError(f"nothing can be written into the folder of {output}")
    rules = _rules(selected, ignored)
    _require()

    found: dict[str, list[Row]] = {}
    with _client(scheduler, workers, len(wanted)) as client:
        tasks = {client.submit(lint, name, rules, timeout, pure=False): name for name in wanted}
        for name, rows in _finished(tasks):
            found[name] = rows
            click.echo("\n".join(_told(name, rows)), err=True)
    rows = [row for name in wanted for row in found[name]]
    _write(rows, Path(output))
    problems = sum(row["problem"] is not None for row in rows)
    counts = f"{_count(len(rows) - problems, 'finding')} and {_count(problems, 'problem')}"
    click.echo(f"{counts} in {_count(len(wanted), 'repository')}; written to {output}")
    sys.exit(2 if problems else int(bool(rows)))


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
        raise _Refused(f"{INSTALL} ({error})") from None


@contextmanager
def _client(scheduler: str | None, workers: int | None, tasks: int) -> Iterator[Client]:
    """A client of the scheduler at that address, or of a local cluster that lives as long."""
    from distributed import Client, LocalCluster

    cluster: AbstractContextManager[object] = nullcontext(scheduler)
    if scheduler is None:
        count = min(workers or os.cpu_count() or 1, tasks)
        cluster = LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None)
    with cluster as place:
        try:
            client = Client(place, timeout="30s")
        except (OSError, ValueError) as error:
            raise _Refused(f"no scheduler answers at {scheduler}: {error}") from None
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
            yield name, [_row(name, problem=_in_a_line(f"{type(error).__name__}: {error}"))]
        future.release()


# What a worker does


def lint(name: str, rules: Sequence[type[Rule]], timeout: int) -> list[Row]:
    """The rows of one repository, a folder or an address."""
    try:
        if Path(name).is_dir():
            return list(_rows(name, Path(name), rules, timeout))
        with tempfile.TemporaryDirectory(prefix="attnlint-") as temporary:
            clone = Path(temporary, "clone")
            _run(["git", "clone", "--quiet", "--depth=1", "--", name, str(clone)], timeout)
            return list(_rows(name, clone, rules, timeout))
    except subprocess.CalledProcessError as error:
        what = "cannot be cloned" if error.cmd[0] == "git" else f"its process ended with {error.returncode}"
        return [_row(name, problem=_in_a_line(f"{what}: {error.stderr.decode(errors='replace')}"))]
    except subprocess.TimeoutExpired as error:
        what = "cloned" if error.cmd[0] == "git" else "linted"
        return [_row(name, problem=f"was not {what} within {timeout} seconds")]


def _rows(name: str, folder: Path, rules: Sequence[type[Rule]], timeout: int) -> Iterator[Row]:
    asked = pickle.dumps(([str(folder)], list(rules)))
    report: Report = pickle.loads(_run([sys.executable, "-c", LINT], timeout, asked))
    revision = _revision(folder)
    for found in report.diagnostics:
        yield _row(name, revision, _inside(folder, found.path), **_finding(found))
    for problem in report.problems:
        yield _row(name, revision, _inside(folder, problem.path), line=problem.line, problem=problem.reason)


def _revision(folder: Path) -> str | None:
    """The commit that a folder is at; None where it is no repository."""
    try:
        return _run(["git", "-C", str(folder), "rev-parse", "HEAD"], timeout=60).decode().strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _run(command: list[str], timeout: int, given: bytes = b"") -> bytes:
    """What a program prints; git never asks for a password."""
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(command, input=given, env=environment, timeout=timeout, capture_output=True, check=True)
    return done.stdout


def _in_a_line(text: str) -> str:
    return " ".join(text.split()).rstrip(":")


def _finding(found: Diagnostic) -> Row:
    span = found.span
    return {
        **{"line": span.line, "column": span.column, "end_line": span.end_line, "end_column": span.end_column},
        **{"code": found.code, "name": found.name, "severity": found.severity.value},
        **{"message": found.message, "url": found.url, "fix": found.fix.tier.value if found.fix else None},
    }


def _inside(folder: Path, path: str) -> str:
    """A path relative to its repository, the same wherever that was cloned."""
    return Path(os.path.relpath(path, folder)).as_posix()


def _row(repository: str, revision: str | None = None, path: str | None = None, **more: object) -> Row:
    return {**dict.fromkeys(COLUMNS), "repository": repository, "revision": revision, "path": path, **more}


# The table


def _told(name: str, rows: Sequence[Row]) -> Iterator[str]:
    problems = [row for row in rows if row["problem"] is not None]
    yield f"{name}: {_count(len(rows) - len(problems), 'finding')}"
    for row in problems:
        place = ":".join(str(part) for part in (row["path"], row["line"]) if part is not None)
        yield f"{name}: {f'{place}: ' if place else ''}{row['problem']}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else f'{noun[:-1]}ies' if noun.endswith('y') else f'{noun}s'}"


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
        raise _Refused(f"{output} cannot be written: {error.strerror or error}") from None
    finally:
        unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
