"""Results of one run in the next: the same findings, never wrong or lost ones, whatever became of the file."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from checkout import CHECKOUT
from config_support import SAFE, UNSAFE, Run, attnlint, project, write
from hypothesis import given
from hypothesis import strategies as st

from attnlint import Diagnostic, Rule, discover, lint_paths, lint_source
from attnlint.cache import Cache, _checksum, placed
from attnlint.config import Configuration
from attnlint.diagnostics import Content, CopiedFrom, Edit, Fix, Related, Severity, Span, Tier
from attnlint.identity import Keys, code
from attnlint.linter import lint_document

FIXTURES = sorted((CHECKOUT / "fixtures").glob("[!_]*.py"))
__all__ = ["attnlint"]

CONCISE = ("--output-format", "concise")
ALL = ["safe.py: ATN402", "unsafe.py: ATN204", "unsafe.py: ATN101"]
TODAY = 20_000
RESULTS = "results-1.sqlite"


@pytest.fixture
def linted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are linted indeed, not recalled."""
    files: list[str] = []
    lint: Callable[..., list[Diagnostic]] = lint_document

    def noting(document: object, *more: object) -> list[Diagnostic]:
        files.append(Path(document.source.path).name)  # type: ignore[attr-defined]
        return lint(document, *more)

    monkeypatch.setattr("attnlint.runs.lint_document", noting)
    return files


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A database, closed in the end: from Python 3.13 on, one that is not warns later, in another test."""
    with closing(sqlite3.connect(path, isolation_level=None)) as data:
        yield data


class TestResults:
    def test_all_that_a_finding_holds_comes_back(self, tmp_path: Path) -> None:
        found = {
            number.to_bytes(16, "big"): lint_source(path.read_bytes(), path)
            for number, path in enumerate(FIXTURES[:40])
        }
        Cache(str(tmp_path), TODAY).keep(found)
        known = Cache(str(tmp_path), TODAY).found(found)
        assert {key: placed(known[key], str(FIXTURES[int.from_bytes(key, "big")])) for key in known} == found
        assert any(each.related and each.fix for results in found.values() for each in results)

    spans = st.tuples(*2 * [st.tuples(*2 * [st.integers(1, 9)])]).map(lambda two: Span(*min(two), *max(two)))
    texts = st.text(max_size=9)
    names = st.text("ATN901-._x", min_size=1, max_size=9)
    found = st.builds(
        Diagnostic,
        names, names, st.sampled_from(Severity), texts, spans, texts, names,
        st.none() | st.builds(Fix, texts, st.sampled_from(Tier), st.lists(st.builds(Edit, spans, texts)).map(tuple)),
        st.lists(st.builds(Related, texts, spans, texts, st.none() | st.integers(), st.none())).map(tuple),
        st.none() | st.integers(),
        st.none() | st.integers(),
        st.builds(
            Content,
            texts,
            texts,
            st.lists(
                st.builds(CopiedFrom, texts, texts, texts, st.lists(st.tuples(texts, texts), max_size=2).map(tuple)),
                max_size=2,
            ).map(tuple),
        ),
    )  # fmt: skip

    @given(st.lists(found, max_size=3))
    def test_whatever_it_holds(self, found: list[Diagnostic]) -> None:
        from tempfile import TemporaryDirectory

        with TemporaryDirectory() as folder:
            cache = Cache(folder, TODAY)
            cache.keep({b"key": found})
            assert cache.found([b"key"])[b"key"] == placed(found, "")

    def test_many_keys(self, tmp_path: Path) -> None:
        cache = Cache(str(tmp_path), TODAY)
        keys = [number.to_bytes(16, "big") for number in range(1201)]
        cache.keep({key: [] for key in keys[:-1]})
        assert set(cache.found(keys)) == set(keys[:-1])

    def test_what_nobody_asked_for_is_forgotten(self, tmp_path: Path) -> None:
        Cache(str(tmp_path), TODAY).keep({b"used": [], b"left": []})
        assert set(Cache(str(tmp_path), TODAY + 20).found([b"used"])) == {b"used"}
        Cache(str(tmp_path), TODAY + 40).keep({b"new": []})
        assert set(Cache(str(tmp_path), TODAY + 40).found([b"used", b"left", b"new"])) == {b"used", b"new"}


class TestRuns:
    def test_nothing_is_linted_twice(self, attnlint: Run, linted: list[str]) -> None:
        first = attnlint(".")
        assert sorted(linted) == ["safe.py", "unsafe.py"]
        linted.clear()
        assert attnlint(".") == first
        assert attnlint("-j", "1", ".") == first
        assert linted == []

    def test_a_changed_file_alone_is_linted_again(self, attnlint: Run, linted: list[str]) -> None:
        attnlint(".")
        linted.clear()
        write({"unsafe.py": "\n" + UNSAFE.replace("scores.masked_fill(", "scores = scores.masked_fill(")})
        assert attnlint(*CONCISE, ".").places == ["safe.py: ATN402", "unsafe.py: ATN101"]
        assert linted == ["unsafe.py"]

    def test_a_moved_file_is_known(self, attnlint: Run, linted: list[str]) -> None:
        attnlint(".")
        linted.clear()
        os.rename("safe.py", "moved.py")
        write({"copy/unsafe.py": UNSAFE})
        copied = [f"copy/{place}" for place in ALL[1:]]
        assert attnlint(*CONCISE, ".").places == [*copied, "moved.py: ATN402", *ALL[1:]]
        assert linted == []

    def test_another_kind_of_document_is_not(self, attnlint: Run) -> None:
        attnlint(".")
        os.rename("safe.py", "safe.md")
        assert attnlint(*CONCISE, ".").places == ALL[1:]

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            (["--select", "ATN1"], ALL[2:]),
            (["--ignore", "ATN204"], [ALL[0], ALL[2]]),
            (["--extend-select", "ATN905"], ALL),
            (["--per-file-ignores", "safe.py:ATN402"], ALL[1:]),
            (["--torch-version", "2.4"], ALL),
            (["--unfixable", "ATN402"], ALL),
            (["--time-limit", "0.000001"], []),
        ],
    )
    def test_settings_count(self, attnlint: Run, linted: list[str], options: list[str], expected: list[str]) -> None:
        attnlint(".")
        linted.clear()
        changed = attnlint(*CONCISE, *options, ".")
        assert changed.places == expected
        assert linted
        assert attnlint(*CONCISE, "--no-cache", *options, ".") == changed

    def test_what_ignores_another_file_does_not(self, attnlint: Run, linted: list[str]) -> None:
        attnlint(".")
        linted.clear()
        attnlint("--per-file-ignores", "safe.py:ATN402", ".")
        assert linted == ["safe.py"]

    def test_no_cache(self, attnlint: Run, linted: list[str]) -> None:
        folder = Path(os.environ["ATTNLINT_CACHE_DIR"])
        first = attnlint("--no-cache", ".")
        assert not folder.exists()
        attnlint(".")
        linted.clear()
        assert attnlint("--no-cache", ".") == first
        assert len(linted) == 2

    def test_what_is_reported_besides_comes_back_too(self, attnlint: Run) -> None:
        write(
            {"unused.py": SAFE.replace("p=0.1", "p=0.1,  # attnlint: ignore[ATN101]\n        "), "broken.py": "def ("}
        )
        first = attnlint(".")
        assert "ATN001" in first.out
        assert "broken.py:1" in first.err
        assert attnlint(".") == first

    def test_settings_that_are_wrong_are_told_of_again(self, attnlint: Run) -> None:
        attnlint(".")
        project('select = ["ATN999"]')
        first = attnlint(".")
        assert (first.status, first.out.count("ATN402")) == (2, 0)
        assert attnlint(".") == first

    def test_warnings_are_told_again(self, attnlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(discover()["ATN101"], "formerly", ("ATN199",))
        first = attnlint("--ignore", "ATN199", ".")
        assert "ATN199" in first.err
        assert attnlint("--ignore", "ATN199", ".") == first

    def test_a_rule_that_raises_is_asked_again(self, attnlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(self: Rule, site: object) -> Iterator[object]:
            raise KeyError("broken")

        with monkeypatch.context() as patch:
            patch.setattr(discover()["ATN101"], "check_site", broken)
            first = attnlint(*CONCISE, ".")
            assert first.places == ALL[:2]
            assert attnlint(*CONCISE, ".") == first
        assert attnlint(*CONCISE, ".").places == ALL

    def test_standard_input_and_other_rules_are_not_kept(self, tmp_path: Path) -> None:
        (tmp_path / "a.py").write_text(UNSAFE)
        cache = Cache(str(tmp_path / "kept"), TODAY)
        report = lint_paths([tmp_path], [discover()["ATN101"]], cache=cache)
        assert [each.code for each in report.diagnostics] == ["ATN101"]
        assert not (tmp_path / "kept").exists()
        assert len(lint_paths([tmp_path], cache=cache).diagnostics) == 2


class TestAdversity:
    """Whatever became of the file of results, the findings are those of a run without one."""

    def folder(self) -> Path:
        return Path(os.environ["ATTNLINT_CACHE_DIR"])

    def keys(self) -> list[tuple[bytes]]:
        with opened(self.folder() / RESULTS) as data:
            return data.execute("SELECT key FROM results").fetchall()

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda path: path.write_bytes(b""),
            lambda path: path.write_bytes(b"no database at all" * 100),
            lambda path: path.write_bytes(path.read_bytes()[:5000]),
            lambda path: path.write_bytes(path.read_bytes()[:100] + bytes(4000) + path.read_bytes()[4100:]),
            lambda path: path.write_bytes(path.read_bytes().replace(b"ATN204", b"ATN210")),
            lambda path: (path.unlink(), path.mkdir()),
            lambda path: (path.unlink(), path.symlink_to("/nowhere/at/all")),
        ],
        ids=["empty", "text", "cut off", "zeros", "flipped", "folder", "dangling"],
    )
    def test_a_spoilt_file(self, attnlint: Run, spoil: Callable[[Path], object]) -> None:
        first = attnlint(*CONCISE, ".")
        spoil(self.folder() / RESULTS)
        again = attnlint(*CONCISE, ".")
        assert (again.places, again.status) == (ALL, first.status)
        assert attnlint(*CONCISE, ".").places == ALL

    @pytest.mark.parametrize("where", [0.2, 0.4, 0.6, 0.8, 0.95])
    def test_flipped_bytes(self, attnlint: Run, where: float) -> None:
        attnlint(*CONCISE, ".")
        path = self.folder() / RESULTS
        data = bytearray(path.read_bytes())
        for at in range(int(len(data) * where), min(int(len(data) * where) + 64, len(data))):
            data[at] ^= 0x55
        path.write_bytes(data)
        assert attnlint(*CONCISE, ".").places == ALL
        assert attnlint(*CONCISE, ".").places == ALL

    def test_rows_of_somebody_else(self, attnlint: Run) -> None:
        attnlint(*CONCISE, ".")
        with opened(self.folder() / RESULTS) as data:
            data.execute("UPDATE results SET found = ''")
        assert attnlint(*CONCISE, ".").places == ALL
        with opened(self.folder() / RESULTS) as data:
            data.execute("DROP TABLE results")
            data.execute("CREATE TABLE results (other TEXT)")
        again = attnlint(*CONCISE, ".")
        assert (again.places, again.err) == (ALL, "")
        assert len(Cache(str(self.folder()), TODAY).found([key for (key,) in self.keys()])) == 2

    def test_a_database_that_would_keep_it_busy(self, attnlint: Run) -> None:
        """A repository may bring a cache along, and name it in its settings."""
        self.folder().mkdir()
        with opened(self.folder() / RESULTS) as data:
            endless = "WITH RECURSIVE n(key) AS (SELECT 1 UNION ALL SELECT key + 1 FROM n)"
            data.execute(f"CREATE VIEW results AS {endless} SELECT key, 1 AS used, 1 AS sum, 1 AS found FROM n")
        assert attnlint(*CONCISE, ".").places == ALL
        assert attnlint(*CONCISE, ".").places == ALL

    @pytest.mark.parametrize("exists", [False, True])
    def test_nothing_is_written_through_a_link(self, attnlint: Run, tmp_path: Path, exists: bool) -> None:
        elsewhere = tmp_path / "elsewhere.sqlite"
        if exists:
            with opened(elsewhere) as data:
                data.execute("CREATE TABLE other (key TEXT)")
        before = elsewhere.read_bytes() if exists else None
        self.folder().mkdir()
        (self.folder() / RESULTS).symlink_to(elsewhere)
        result = attnlint(*CONCISE, ".")
        assert result.places == ALL
        assert result.err.endswith("is a link\n")
        assert (elsewhere.read_bytes() if elsewhere.exists() else None) == before

    @pytest.mark.parametrize(
        ("place", "value"),
        [
            ((), [["ATN204", 7]]),
            ((0, 0), "ATN101\x1b]0;owned\x07"),
            ((0, 1), "evil\n::error file=x::owned"),
            ((0, 4, 2), "9"),
            ((0, 5), 7),
            ((0, 6), "https://\x1b"),
            ((0, 6), 5),
            ((0, 7), 0),
            ((0, 7), []),
            ((0, 4), [-5, 1, -9, 1]),
            ((0, 4), [5, 9, 5, 1]),
            ((0, 9), "1"),
        ],
        ids=str,
    )
    def test_rows_of_another_shape(self, attnlint: Run, place: tuple[int, ...], value: object) -> None:
        """A repository may bring them along, with checksums that are right."""
        attnlint(*CONCISE, ".")
        with opened(self.folder() / RESULTS) as data:
            for key, known in data.execute("SELECT key, found FROM results").fetchall():
                whole = [json.loads(known)]
                inner: Any = whole
                *path, last = (0, *place)
                for number in path:
                    inner = inner[number]
                inner[last] = value
                text = json.dumps(whole[0])
                data.execute("UPDATE results SET sum = ?, found = ? WHERE key = ?", (_checksum(key, text), text, key))
        again = attnlint("--output-format", "full", ".")
        assert again.out.count("missing-scale") == 1
        assert "owned" not in again.out + again.err
        assert attnlint(*CONCISE, ".").places == ALL

    def test_a_python_without_sqlite(self, attnlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "attnlint.cache", None)
        result = attnlint(*CONCISE, ".")
        assert result.places == ALL
        assert result.err.endswith(": this Python has no sqlite3\n")
        monkeypatch.delenv("ATTNLINT_CACHE_DIR")
        assert attnlint(*CONCISE, ".").err == ""

    def test_a_home_in_the_variable(self, attnlint: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        monkeypatch.setenv("ATTNLINT_CACHE_DIR", "~/kept")
        attnlint(*CONCISE, ".")
        assert (tmp_path / "kept" / RESULTS).exists()

    def test_a_folder_that_cannot_be_made(self, attnlint: Run, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        named = attnlint(*CONCISE, "--cache-dir", str(tmp_path / "file" / "kept"), ".")
        assert named.places == ALL
        assert named.err.startswith(
            f"attnlint: results cannot be kept in {tmp_path / 'file' / 'kept'}: Not a directory"
        )
        assert named.status == 1

    def test_the_usual_folder_is_not_complained_of(
        self, attnlint: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").write_text("")
        monkeypatch.delenv("ATTNLINT_CACHE_DIR")
        monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: str(tmp_path / "file" / "kept"))
        result = attnlint(*CONCISE, ".")
        assert (result.places, result.err) == (ALL, "")

    def test_a_full_disk(self, attnlint: Run) -> None:
        """No file of this process may grow beyond some bytes."""
        resource = pytest.importorskip("resource")
        script = os.path.join(sysconfig.get_path("scripts"), "attnlint")

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

        command = [script, *CONCISE, "."]
        done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit)
        assert [line.split(" ")[1] for line in done.stdout.splitlines()] == ["ATN402", "ATN204", "ATN101"]
        assert done.returncode == 1
        assert done.stderr.startswith("attnlint: results cannot be kept in")

    def test_while_another_process_writes(self, attnlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("attnlint.cache._PATIENCE", 0.05)
        write({"more.py": UNSAFE + "\n"})
        attnlint(*CONCISE, "safe.py")
        other = sqlite3.connect(self.folder() / RESULTS, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        assert attnlint(*CONCISE, "unsafe.py").places == ALL[1:]
        other.execute("ROLLBACK")
        other.close()
        assert attnlint(*CONCISE, "safe.py", "unsafe.py").places == ALL

    def test_many_at_once(self, tmp_path: Path) -> None:
        keys = [number.to_bytes(16, "big") for number in range(40)]
        wrong: list[bytes] = []

        def work(number: int) -> None:
            cache = Cache(str(tmp_path), TODAY)
            for _ in range(10):
                found = cache.found(keys)
                wrong.extend(key for key, one in found.items() if one[0].code != key.hex())
                cache.keep({key: [_finding(key.hex())] for key in keys[number::4]})

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert set(Cache(str(tmp_path), TODAY).found(keys)) == set(keys)


def _finding(code: str) -> Diagnostic:
    return Diagnostic(code, "name", Severity.ERROR, "", Span(1, 1, 1, 2), "message", "url")


class TestKeys:
    def test_other_code_is_another_key(self) -> None:
        config = Configuration(isolated=True)
        keys = {Keys(config, known).of("a.py", b"x") for known in (b"one", b"two")}
        assert len(keys) == 2

    def test_what_the_code_is_known_by(self, tmp_path: Path) -> None:
        """A rule of another package that is edited is another rule."""
        package = tmp_path / "edited_rules"
        package.mkdir()
        (package / "__init__.py").write_text("")
        about = tmp_path / "edited_rules-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: edited-rules\nVersion: 1\n")
        (about / "entry_points.txt").write_text("[attnlint.rules]\nedited = edited_rules.rules\n")
        (package / "rules.py").write_text("from edited_rules import words\n")
        program = "from attnlint.identity import code; print(code())"

        def known() -> str:
            return subprocess.run(
                [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
            ).stdout

        first = known()
        assert first == known()
        (package / "deep").mkdir()
        (package / "deep" / "rule.py").write_text("x = 1")
        second = known()
        (package / "__init__.py").write_text("raise ImportError")
        assert len({first, second, known(), str(code()) + "\n"}) == 4
        about.joinpath("entry_points.txt").write_text("[attnlint.rules]\nedited = nowhere_to_be_found\n")
        assert known() == "None\n"

    def test_kinds_and_contents(self) -> None:
        keys = Keys(Configuration(isolated=True), b"code")
        assert keys.of("a.py", b"x") == keys.of("deep/b.py", b"x")
        assert len({keys.of("a.py", b"x"), keys.of("a.pyi", b"x"), keys.of("a.py", b"y")}) == 3
