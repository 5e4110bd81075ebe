"""What was found, kept on disk for the next run.

A result is known by all that it depends on: the bytes of the source and the kind of document, the settings that count
for it, and the code that finds (`attnlint.identity`). So nothing has to be invalidated, and a file that was moved or
copied is known already. Paths are no part of a result.

The cache may be lost, cut off, written by somebody else at the same time, or not be writable at all: then a result is
not known, and is found again. Each is kept with a checksum, so that what the disk made of it is never taken for one.
A file that holds anything but the table of this module is not asked, and one that is a link is neither read nor
written: the repository that is linted may have put it there.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple, replace
from hashlib import blake2b
from itertools import islice
from typing import TypeVar

from attnlint.diagnostics import Content, CopiedFrom, Diagnostic, Edit, Fix, Related, Severity, Span, Tier

T = TypeVar("T")
Found = Sequence[Diagnostic]

_FILE = "results-1.sqlite"
_TABLE = "CREATE TABLE results (key BLOB PRIMARY KEY, used INTEGER, sum BLOB, found TEXT) WITHOUT ROWID"
_MARKERS = {".gitignore": b"*\n", "CACHEDIR.TAG": b"Signature: 8a477f597d28d172789f06886806bc55\n"}
_AT_ONCE = 500
"""Keys in one question; SQLite takes at most 999 in its older releases."""
_PATIENCE = 2.0
"""Seconds to wait while another process writes."""
_DAYS_KEPT = 30
_NAME = re.compile(r"[\w.-]+")
"""The code and the name of a rule: nothing that a terminal or a CI server would take for a command."""
_SECONDS_A_DAY = 86_400


class Cache:
    """Results in a folder, which need not be there yet.

    What was not asked for in 30 days is forgotten; ``today`` is the number of this one.
    """

    def __init__(self, folder: str | os.PathLike[str], today: int | None = None) -> None:
        self._folder = os.fspath(folder)
        self._today = int(time.time() // _SECONDS_A_DAY) if today is None else today
        self.complaint: str | None = None
        """Why nothing can be kept, once that was tried in vain."""

    def found(self, keys: Iterable[bytes]) -> dict[bytes, list[Diagnostic]]:
        """The results that are known, their paths empty."""
        known: dict[bytes, list[Diagnostic]] = {}
        if not os.path.isfile(self._path) or os.path.islink(self._path):
            return known
        with suppress(sqlite3.Error, OSError), self._open() as data:
            if not _is_ours(data):
                return known
            stale = []
            for some in _in_parts(keys):
                asked = f"SELECT key, used, sum, found FROM results WHERE key IN ({_marks(some)})"
                for key, used, checksum, text in data.execute(asked, some):
                    found = _read(key, checksum, text)
                    if found is not None:
                        known[key] = found
                        stale += [key] if used != self._today else []
            self._use(data, stale)
        return known

    def keep(self, results: Mapping[bytes, Found]) -> None:
        """Add results, whatever their paths are."""
        if not results:
            return
        rows = []
        for key, found in results.items():
            text = _written(found)
            rows.append((key, self._today, _checksum(key, text), text))
        try:
            self._make_folder()
            self._insert(rows)
        except (sqlite3.Error, OSError) as error:
            self.complaint = getattr(error, "strerror", None) or str(error)

    def _insert(self, rows: Sequence[tuple[bytes, int, bytes, str]]) -> None:
        """Put rows into the file; one that is no database, or is broken, begins anew."""
        if os.path.islink(self._path):
            raise OSError(None, f"{self._path} is a link")
        try:
            self._write(rows)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            os.unlink(self._path)
            self._write(rows)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)) as data:
            data.execute("PRAGMA trusted_schema = OFF")
            yield data

    @property
    def _path(self) -> str:
        return os.path.join(self._folder, _FILE)

    def _write(self, rows: Sequence[tuple[bytes, int, bytes, str]]) -> None:
        with self._open() as data:
            data.execute("PRAGMA synchronous = OFF")  # a broken file is found out, and costs time alone
            data.execute("BEGIN IMMEDIATE")
            if not _schema(data):
                data.execute(_TABLE)
            elif not _is_ours(data):
                raise sqlite3.DatabaseError("it holds something else")
            data.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", rows)
            data.execute("DELETE FROM results WHERE used < ?", (self._today - _DAYS_KEPT,))
            data.execute("COMMIT")

    def _use(self, data: sqlite3.Connection, keys: Iterable[bytes]) -> None:
        """Note that results were asked for today."""
        for some in _in_parts(keys):
            data.execute(f"UPDATE results SET used = ? WHERE key IN ({_marks(some)})", (self._today, *some))

    def _make_folder(self) -> None:
        """The folder, with what tells version control and backups to pass it over.

        What of that could not be written is written by a later run, but into no folder that holds anything else.
        """
        os.makedirs(self._folder, exist_ok=True)
        if any(name not in _MARKERS and not name.startswith(_FILE) for name in os.listdir(self._folder)):
            return
        missing = [name for name in _MARKERS if _is_missing(os.path.join(self._folder, name))]
        if missing:
            from attnlint.atomic import replace as put

            with suppress(OSError):
                for name in missing:
                    put(os.path.join(self._folder, name), _MARKERS[name])


def _is_missing(path: str) -> bool:
    """Whether nothing is there, or a file without content, which a disk that was full left."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return True
    return stat.S_ISREG(status.st_mode) and not status.st_size


def _schema(data: sqlite3.Connection) -> list[tuple[str, str | None]]:
    """What a database holds: reading this runs nothing that it brings with it, as views and triggers would be run."""
    return data.execute("SELECT type, sql FROM sqlite_master").fetchall()


def _is_ours(data: sqlite3.Connection) -> bool:
    return _schema(data) == [("table", _TABLE)]


def placed(found: Found, path: str) -> list[Diagnostic]:
    """Results as those of the file of a path."""
    return [
        replace(one, path=path, related=tuple(replace(related, path=path) for related in one.related)) for one in found
    ]


def _marks(keys: Sequence[bytes]) -> str:
    return ", ".join("?" * len(keys))


def _in_parts(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def _checksum(key: bytes, text: str) -> bytes:
    return blake2b(text.encode(), key=key, digest_size=16).digest()


def _written(found: Found) -> str:
    """Diagnostics as JSON: nested lists, without the paths."""
    return json.dumps([astuple(one) for one in placed(found, "")]) if found else ""


def _read(key: bytes, checksum: bytes, text: str) -> list[Diagnostic] | None:
    """The diagnostics that `_written` wrote; None if that is not what was written."""
    if not isinstance(text, str) or checksum != _checksum(key, text):
        return None
    try:
        return [_diagnostic(*row) for row in json.loads(text)] if text else []
    except (TypeError, ValueError, LookupError, RecursionError):
        return None


def _diagnostic(
    code: str,
    name: str,
    severity: str,
    path: str,
    span: list[int],
    message: str,
    url: str,
    fix: tuple[str, str, list[tuple[list[int], str, int | None]]] | None,
    related: list[tuple[str, list[int], str, int | None, int | None]],
    cell: int | None,
    file_line: int | None,
    content: tuple[str, str, list[tuple[str, str, str, list[tuple[str, str]]]]],
    copies: list[object],
) -> Diagnostic:
    if copies:
        raise ValueError("copies are told when all files are known")
    if not _NAME.fullmatch(code) or not _NAME.fullmatch(name) or not _text(url).isprintable():
        raise ValueError("no code and name of a rule")
    mend = None if fix is None else Fix(_text(fix[0]), Tier(fix[1]), tuple(_edit(*edit) for edit in fix[2]))
    told = tuple(_related(*one) for one in related)
    known_by = Content(_text(content[0]), _text(content[1]), tuple(_copied(*origin) for origin in content[2]))
    head = (code, name, Severity(severity), _text(path), _span(*span), _text(message), url)
    return Diagnostic(*head, mend, told, _number(cell), _number(file_line), known_by)


def _edit(at: list[int], new: str, cell: int | None) -> Edit:
    return Edit(_span(*at), _text(new), _number(cell))


def _related(path: str, at: list[int], said: str, cell: int | None, line: int | None) -> Related:
    return Related(_text(path), _span(*at), _text(said), _number(cell), _number(line))


def _copied(source: str, target: str, definition: str, renames: list[tuple[str, str]]) -> CopiedFrom:
    told = tuple((_text(old), _text(new)) for old, new in renames)
    return CopiedFrom(_text(source), _text(target), _text(definition), told)


def _span(line: int, column: int, end_line: int, end_column: int) -> Span:
    if not all(type(number) is int and number > 0 for number in (line, column, end_line, end_column)):
        raise TypeError("a place is no number")
    if (end_line, end_column) < (line, column):
        raise ValueError("a place that ends before it begins")
    return Span(line, column, end_line, end_column)


def _text(value: str) -> str:
    if type(value) is not str:
        raise TypeError("no text")
    return value


def _number(value: int | None) -> int | None:
    if value is not None and type(value) is not int:
        raise TypeError("no number")
    return value
