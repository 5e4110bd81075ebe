"""Baselines: findings that are known and left alone, so that a run reports the new ones.

A baseline is a JSON file with one line for each kind of finding in each file: its path from the folder of the baseline,
its code, its fingerprint (`attnlint.fingerprints`) and how many of it there are. Lines may move and files may be
renamed; where the text of a finding or the definition around it changes, it is a new one.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from attnlint.codes import REMOVED
from attnlint.config import ConfigError, Configuration
from attnlint.diagnostics import Diagnostic
from attnlint.fingerprints import fingerprint
from attnlint.rule import Rule, installed
from attnlint.runs import Report
from attnlint.sources.read import STDIN, contents

DEFAULT = "attnlint-baseline.json"
VERSION = 1
MAX_PATH = 4096
"""Bytes of the path of an entry; systems have none that are longer."""


class BaselineError(Exception):
    """A baseline that cannot be used: one line that says which, why, and what to do."""


class NoBaseline(BaselineError):
    """There is no such file."""


@dataclass(frozen=True, order=True)
class Known:
    """What a baseline knows a finding by."""

    path: str
    """From the folder of the baseline, with ``/`` between its parts."""
    code: str
    fingerprint: str


@dataclass
class Compared:
    """The findings of a run beside a baseline."""

    new: list[Diagnostic]
    known: list[Diagnostic]
    gone: Counter[Known]
    """Entries for which this run looked and found nothing any more."""
    unseen: Counter[Known]
    """Entries for which this run did not look: other files, other rules."""


class Baseline:
    """The known findings that one file holds. Paths are told from the folder of that file."""

    def __init__(self, file: str, entries: Counter[Known] | None = None) -> None:
        self.file = file
        self.entries = Counter[Known]() if entries is None else entries

    @classmethod
    def read(cls, file: str) -> Baseline:
        """The baseline in ``file``; raises `BaselineError` where there is none, or none that can be understood."""
        try:
            data = json.loads(contents(file))
        except FileNotFoundError:
            raise NoBaseline(f"{file}: no such baseline; --write-baseline makes it") from None
        except OSError as error:
            raise BaselineError(f"{file}: cannot be read: {error.strerror or error}") from None
        except RecursionError:
            raise BaselineError(f"{file}: is not a baseline: it nests too deeply") from None
        except ValueError as error:
            raise BaselineError(f"{file}: is not a baseline: {error}") from None
        return cls(file, _entries(file, data))

    @classmethod
    def read_or_new(cls, file: str) -> Baseline:
        """The same, or an empty one where there is no such file."""
        try:
            return cls.read(file)
        except NoBaseline:
            return cls(file)

    def covers(self) -> Callable[[Diagnostic], bool]:
        """Says of a finding whether such a one is known in its file, or in one that is there no longer, however many
        there are."""
        homeless = self._homeless()
        return lambda found: any(k in self.entries or (k.code, k.fingerprint) in homeless for k in self._keys(found))

    def compare(
        self,
        report: Report,
        named: Iterable[str],
        rules: Sequence[type[Rule]] | None = None,
        config: Configuration | None = None,
    ) -> Compared:
        """Tell the new findings of a run from the known ones, and which entries are gone.

        ``named`` are the files and folders that the run was asked for; ``rules`` and ``config`` are those that it had
        (`attnlint.runs.lint_paths`). Of equal findings the first are the known ones. What stood in a file that is
        there no longer is looked for in all others.
        """
        left = self.entries.copy()
        waiting = [each for each in report.diagnostics if not _take(left, self._keys(each))]
        homeless = self._homeless()
        new = [each for each in waiting if not _take_any(left, homeless, self._keys(each))]
        looked = self._looked(report, named, rules, config or Configuration(isolated=True))
        gone = Counter({key: number for key, number in left.items() if number and looked(key)})
        known = set(report.diagnostics).difference(new)
        return Compared(new, [each for each in report.diagnostics if each in known], gone, left - gone)

    def updated(self, diagnostics: Iterable[Diagnostic], unseen: Counter[Known]) -> Baseline:
        """A baseline in the same file that knows these findings, and still those that the run did not look for."""
        now = Counter(Known(self._path(each.path), each.code, fingerprint(each)) for each in diagnostics)
        return Baseline(self.file, now + unseen)

    def text(self) -> str:
        """The content of the file: sorted, one line an entry, the same for the same findings."""
        entries = (
            json.dumps({"path": known.path, "code": known.code, "fingerprint": known.fingerprint, "count": number})
            for known, number in sorted(self.entries.items())
        )
        listed = ",".join(f"\n    {entry}" for entry in entries)
        return f'{{\n  "version": {VERSION},\n  "findings": [{listed}{chr(10) + "  " if listed else ""}]\n}}\n'

    def _keys(self, diagnostic: Diagnostic) -> Iterator[Known]:
        """What the baseline may know a finding by: its code of today, or one that its rule had before."""
        rule = installed().rules.get(diagnostic.code)
        for code in (diagnostic.code, *(rule.formerly if rule else ())):
            yield Known(self._path(diagnostic.path), code, fingerprint(diagnostic, code))

    @cached_property
    def _folder(self) -> str:
        return os.path.realpath(os.path.dirname(os.path.abspath(self.file)))

    def _path(self, path: str) -> str:
        return path if path == STDIN else _relative(path, self._folder)

    def _homeless(self) -> dict[tuple[str, str], list[Known]]:
        """The entries of files that are there no longer, by code and fingerprint."""
        found: dict[tuple[str, str], list[Known]] = {}
        for key in sorted(self.entries):
            if key.path != STDIN and not os.path.exists(self._absolute(key)):
                found.setdefault((key.code, key.fingerprint), []).append(key)
        return found

    def _absolute(self, known: Known) -> str:
        return known.path if known.path == STDIN else os.path.normpath(os.path.join(self._folder, known.path))

    def _looked(
        self, report: Report, named: Iterable[str], rules: Sequence[type[Rule]] | None, config: Configuration
    ) -> Callable[[Known], bool]:
        """Whether a run would have found what an entry stands for: the file was read, or would have been if it were
        still there, and rules of that code look at such a file."""
        failed = {_real(problem.path) for problem in report.problems}
        wanted = {_real(path) for path in named}
        read = {_real(path) for path in report.paths}

        def looked(known: Known) -> bool:
            path = self._absolute(known)
            places = {path, *map(str, Path(path).parents)}
            was_read = path in read or not os.path.exists(path)
            is_meant = was_read and not places.isdisjoint(wanted) and places.isdisjoint(failed)
            return is_meant and known.code in _codes(path, rules, config)

        return looked


def _codes(path: str, rules: Sequence[type[Rule]] | None, config: Configuration) -> set[str]:
    """The codes that may be reported in a file, now or before, and those that no rule has any more."""
    try:
        asked = config.checks(path, rules).rules
    except (ConfigError, UnicodeEncodeError):  # a name that the encoding of this system does not have
        return set()
    return {code for rule in asked for code in (rule.code, *rule.formerly)} | REMOVED.keys()


def _real(path: str) -> str:
    """The absolute path of a file or folder, with links to folders followed; a link to a file is a file of its own."""
    if path == STDIN:
        return path
    if os.path.isdir(path):
        return os.path.realpath(path)
    parent, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(parent), name)


def _relative(path: str, folder: str) -> str:
    """A path from a folder, with ``/``; the whole path where there is no way between them (another drive)."""
    try:
        return os.path.relpath(_real(path), folder).replace(os.sep, "/")
    except ValueError:
        return _real(path).replace(os.sep, "/")


def _take(left: Counter[Known], keys: Iterable[Known]) -> bool:
    """Take one of the findings that is left for one of the keys; False where none is."""
    for key in keys:
        if left[key] > 0:
            left[key] -= 1
            return True
    return False


def _take_any(left: Counter[Known], homes: Mapping[tuple[str, str], list[Known]], keys: Iterable[Known]) -> bool:
    """The same, whatever file it is left for."""
    return any(_take(left, homes.get((key.code, key.fingerprint), ())) for key in keys)


def _entries(file: str, data: object) -> Counter[Known]:
    """The entries of a parsed baseline; what two branches both added counts once."""
    version = data.get("version") if isinstance(data, dict) else None
    if not isinstance(data, dict) or type(version) is not int:
        raise BaselineError(f'{file}: is not a baseline: it has no "version"')
    if version != VERSION:
        reads = f"this attnlint reads version {VERSION}; use a newer one, or delete the file and write it anew"
        raise BaselineError(f"{file}: has version {version}, and {reads}")
    found = data.get("findings")
    if not isinstance(found, list):
        raise BaselineError(f'{file}: is not a baseline: it has no list of "findings"')
    entries: Counter[Known] = Counter()
    for index, entry in enumerate(found):
        known, number = _entry(file, index, entry)
        entries[known] = max(entries[known], number)
    return entries


def _entry(file: str, index: int, entry: object) -> tuple[Known, int]:
    fields: dict[str, object] = entry if isinstance(entry, dict) else {}
    path, code, known, number = (fields.get(name) for name in ("path", "code", "fingerprint", "count"))
    if (
        isinstance(path, str)
        and isinstance(code, str)
        and isinstance(known, str)
        and type(number) is int
        and 0 < number <= sys.maxsize
    ):
        if _may_be_file(path):
            return Known(path, code, known), number
        raise BaselineError(f"{file}: is not a baseline: entry {index + 1} has a path that no file can have")
    raise BaselineError(f"{file}: is not a baseline: entry {index + 1} lacks a path, code, fingerprint or count")


def _may_be_file(path: str) -> bool:
    """Whether a system may have such a path, whatever this one's encoding: it is not too long and has no NUL, and what
    is no text in it stands for bytes of a name."""
    try:
        name = path.encode("utf-8", sys.getfilesystemencodeerrors())
    except UnicodeEncodeError:
        return False
    return len(name) <= MAX_PATH and b"\0" not in name
