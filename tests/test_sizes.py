"""Files of one huge line: what memory they take is a few times their size, and what was not read is named."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import BytesIO, TextIOWrapper
from pathlib import Path
from threading import Thread

import pytest

from attnlint import SourceError, lint_paths, lint_source
from attnlint.diagnostics import Problem
from attnlint.sources import read as reading
from attnlint.syntax.limits import MAX_DEFINITION, MAX_SOURCE

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="the memory of a process is asked for")
LINES = {
    "words in calls": ("import torch\nx = [", "softmax(x), ", "]\n"),
    "words in statements": ("import torch\n", "y = torch.softmax(x @ x.mT, -1); ", "\n"),
    "words in a comment": ("import torch\n# ", "softmax(", "\n"),
    "no words": ("x = [", "1, ", "]\n"),
    "one name": ("x = ", "a", "\n"),
}
TIMES = 6
"""Bytes of memory for each byte of a file: its bytes, copies to search in, its text. A tree takes hundreds."""


def line(kind: str, size: int) -> str:
    begin, unit, end = LINES[kind]
    return begin + unit * (size // len(unit)) + end


def peak(path: Path) -> tuple[int, int]:
    """The exit status of a run over a file, and the bytes of memory that it took at most."""
    command = [sys.executable, "-I", "-c", "import sys; from attnlint.cli import main; sys.exit(main())"]
    with open(os.devnull, "w") as nowhere:
        quiet = [(os.POSIX_SPAWN_DUP2, nowhere.fileno(), stream) for stream in (1, 2)]
        pid = os.posix_spawn(sys.executable, [*command, "--isolated", str(path)], os.environ, file_actions=quiet)
    _, status, used = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.parametrize("size", [2 * MAX_SOURCE, pytest.param(50_000_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", LINES)
def test_memory_is_a_few_times_the_size(kind: str, size: int, tmp_path: Path) -> None:
    small, big = tmp_path / "small.py", tmp_path / "big.py"
    small.write_text(line(kind, 100), "utf-8")
    big.write_text(line(kind, size), "utf-8")
    _, least = peak(small)
    status, most = peak(big)
    assert status == (2 if kind.startswith("words") else 0)
    assert most - least < TIMES * size


def test_a_file_over_the_limit_is_named_and_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "big.py").write_text(line("words in a comment", MAX_SOURCE), "utf-8")
    (tmp_path / "small.py").write_text(
        "import torch\n\n\ndef attend(q, k, v):\n    return torch.softmax(q @ k.mT, -1) @ v\n"
    )
    report = lint_paths([tmp_path])
    assert [found.code for found in report.diagnostics] == ["ATN101"]
    (problem,) = report.problems
    assert problem.reason.startswith("not analysed: 4,000,0")
    assert problem.reason.endswith(" characters of Python, and at most 4,000,000 are read")


def test_nor_does_a_huge_definition_hide_another() -> None:
    body = "    x = x + 1\n" * (MAX_DEFINITION // 14 + 1)
    huge = f"def huge(x):\n{body}    return torch.softmax(x, -1)\n"
    attend = "def attend(q, k, v):\n    return torch.softmax(q @ k.mT, -1) @ v\n"
    found = {each.code: each.message for each in lint_source(f"import torch\n{huge}{attend}")}
    assert found.keys() == {"ATN004", "ATN101"}
    assert found["ATN004"].startswith("huge is not analysed: it has 300,")


def test_what_is_big_in_a_document_is_its_python() -> None:
    prose = "words of softmax( and more\n" * (MAX_SOURCE // 20)
    assert lint_source(f"{prose}\n```python\nx = 1\n```\n", "a.md") == []
    with pytest.raises(SourceError, match="not analysed: "):
        lint_source(f"```python\n{line('words in a comment', MAX_SOURCE)}```\n", "a.md")


def test_what_a_document_is_made_of_is_bounded() -> None:
    lines = "```python\nimport torch\nx = torch.softmax(y, -1)\n```\n"
    with pytest.raises(SourceError, match=r"not analysed: 1,000,00. lines, and at most 1,000,000 are read"):
        lint_source(lines + "\n" * 1_000_000, "a.md")
    with pytest.raises(SourceError, match=r"not analysed: 2,000,00. values of JSON, and at most 2,000,000 are read"):
        lint_source('{"cells": [' + "{}," * 2_000_001 + "{}]}", "a.ipynb")
    output = '{"cells": [], "metadata": {"output": "' + "0.1, " * 2_000_001 + '"}}'
    assert lint_source(output, "a.ipynb") == []


def test_a_file_that_no_memory_holds_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(
        "import torch\n\n\ndef f(q, k, v):\n    return torch.softmax(q @ k.mT, -1) @ v\n"
    )
    with open(tmp_path / "sparse.py", "wb") as sparse:
        sparse.truncate(2**40)
    report = lint_paths([tmp_path])
    assert [found.code for found in report.diagnostics] == ["ATN101"]
    (problem,) = report.problems
    assert problem.reason == "cannot be read: it has 1,099,511,627,776 bytes, and at most 268,435,456 are read"


def test_a_file_with_more_in_it_than_the_system_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Files of the system say that they are empty, and may hold anything."""
    monkeypatch.setattr(reading, "MAX_FILE", 200_000)
    (tmp_path / "a.py").write_bytes(b"#" * 200_000)
    assert reading.read(tmp_path / "a.py") == b"#" * 200_000
    told = "cannot be read: it has more than 200,000 bytes, and at most 200,000 are read"
    with open(tmp_path / "a.py", "ab") as file:
        file.write(b"#")
    monkeypatch.setattr(os, "fstat", lambda file, stat=os.fstat: _saying_nothing(stat(file)))
    assert reading.read(tmp_path / "a.py") == Problem(str(tmp_path / "a.py"), None, told)


def _saying_nothing(told: os.stat_result) -> os.stat_result:
    return os.stat_result((*told[:6], 0, *told[7:]))


@pytest.mark.parametrize("given", ["standard input", "a pipe"])
def test_what_never_ends_is_not_read_for_ever(given: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reading, "MAX_FILE", 200_000)
    monkeypatch.setattr(reading, "_stdin", [])
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"#" * 200_001)))
    path = "-" if given == "standard input" else _pipe(tmp_path / "pipe", b"#" * 300_000)
    told = "cannot be read: it has more than 200,000 bytes, and at most 200,000 are read"
    assert reading.read(path) == Problem(path, None, told)


def _pipe(path: Path, data: bytes) -> str:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes here")
    os.mkfifo(path)

    def write() -> None:
        with suppress(BrokenPipeError):
            path.write_bytes(data)

    Thread(target=write, daemon=True).start()
    return str(path)
