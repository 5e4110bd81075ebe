"""Comments that ``--add-ignore`` writes: one a statement, where one can stand, and nothing else."""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_cli import run
from test_fixes import BUGGY

from attnlint import lint_source
from attnlint.fixes import Fixed, ignore_source
from attnlint.rule import discover, select
from attnlint.syntax.logical import LogicalLines
from attnlint.syntax.text import SourceError

RULES = select(discover())
SILENT = BUGGY.replace("(B, H, T, T)", "(B, H, T, T)  # attnlint: ignore[ATN101]").replace(
    "float('-inf'))", "float('-inf'))  # attnlint: ignore[ATN204]"
)


def ignored(text: str | bytes, reason: str = "") -> Fixed:
    data = text.encode() if isinstance(text, str) else text
    return ignore_source(data, "a.py", rules=RULES, reason=reason)


def after(text: str, reason: str = "") -> str:
    return ignored(text, reason).data.decode()


def test_a_comment_for_each_finding() -> None:
    result = ignored(BUGGY)
    assert result.data.decode() == SILENT
    assert [found.code for found in result.made] == ["ATN101", "ATN204"]
    assert (result.left, result.refused) == ([], [])


def test_a_second_time_adds_nothing() -> None:
    assert after(SILENT) == SILENT


def test_a_reason_stands_behind_the_codes() -> None:
    assert "  # attnlint: ignore[ATN204] -- looked at by hand\n" in after(BUGGY, "looked at by hand")


def test_findings_of_one_statement_share_a_comment() -> None:
    head, _, tail = BUGGY.partition("    scores = q")
    text = f"{head}    return torch.softmax((q @ k.transpose(-2, -1)).masked_fill(mask == 0, 0.0), dim=-1) @ v\n"
    assert tail
    assert after(text).endswith(" @ v  # attnlint: ignore[ATN101, ATN201]\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# attnlint: ignore[ATN301]", "# attnlint: ignore[ATN301, ATN101]"),
        ("# attnlint: ignore[ATN301] -- why", "# attnlint: ignore[ATN301, ATN101] -- why"),
        ("# attnlint: ignore[ATN301]  # noqa: E501", "# attnlint: ignore[ATN301, ATN101]  # noqa: E501"),
        ("# noqa: E501", "# noqa: E501  # attnlint: ignore[ATN101]"),
        ("# type: ignore", "# type: ignore  # attnlint: ignore[ATN101]"),
    ],
)
def test_a_comment_that_is_there_is_extended(old: str, new: str) -> None:
    before = BUGGY.replace("# (B, H, T, T)", old)
    assert after(before).splitlines()[4].endswith(f"  {new}")


@pytest.mark.parametrize(
    ("statement", "silenced"),
    [
        (
            "scores = q @ k.transpose(\n        -2, -1)",
            "scores = q @ k.transpose(  # attnlint: ignore[ATN101]\n        -2, -1)",
        ),
        (
            "scores = \\\n        q @ k.transpose(-2, -1)",
            "scores = \\\n        q @ k.transpose(-2, -1)  # attnlint: ignore[ATN101]",
        ),
        (
            "scores = q @ \\\n        k.transpose(-2, -1)",
            "scores = q @ \\\n        k.transpose(-2, -1)  # attnlint: ignore[ATN101]",
        ),
        (
            "scores, s = q @ k.transpose(-2, -1), '''\n  text'''",
            "scores, s = q @ k.transpose(-2, -1), '''\n  text'''  # attnlint: ignore[ATN101]",
        ),
        (
            "s, scores = f'''\n  {q}''', q @ k.transpose(-2, -1)",
            "s, scores = f'''\n  {q}''', q @ k.transpose(-2, -1)  # attnlint: ignore[ATN101]",
        ),
        ("scores = q @ k.transpose(-2, -1);  ", "scores = q @ k.transpose(-2, -1);  # attnlint: ignore[ATN101]"),
        (
            "scores = q @ k.transpose(-2, -1)  # says \\",
            "scores = q @ k.transpose(-2, -1)  # says \\  # attnlint: ignore[ATN101]",
        ),
    ],
)
def test_a_comment_stands_where_one_can(statement: str, silenced: str) -> None:
    rest = "    return torch.softmax(scores, dim=-1) @ v\n"
    head = "import torch\n\n\ndef attend(q, k, v):\n    "
    assert after(f"{head}{statement}\n{rest}") == f"{head}{silenced}\n{rest}"


def test_a_statement_without_room_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LogicalLines, "takes_comment", lambda self, line: line != 5)
    result = ignored(BUGGY)
    assert [(refusal.diagnostic.code, refusal.reason) for refusal in result.refused] == [
        ("ATN101", "no comment can stand on its statement")
    ]
    assert result.data.decode() == SILENT.replace("  # attnlint: ignore[ATN101]", "")
    assert [found.code for found in result.left] == ["ATN101"]


def test_comments_are_gone_through_once_however_many_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    listed: Callable[[LogicalLines], Iterator[tokenize.TokenInfo]] = vars(LogicalLines)["comments"].fget

    def comments(self: LogicalLines) -> Iterator[tokenize.TokenInfo]:
        nonlocal read
        read += 1
        return listed(self)

    def reads(copies: int) -> int:
        nonlocal read
        read = 0
        text = BUGGY + "".join(BUGGY.partition("\n\n\n")[2].replace("attend", f"attend{n}") for n in range(copies))
        assert len(ignored(text).made) == 2 * copies + 2
        return read

    monkeypatch.setattr(LogicalLines, "comments", property(comments))
    assert reads(8) == reads(2) > 0


def test_comments_that_are_findings_are_left_to_be_mended() -> None:
    text = "import torch  # attnlint: ignore[ATN101]\n"
    result = ignored(text)
    assert (result.data.decode(), [found.code for found in result.left]) == (text, ["ATN001"])


def test_a_reason_that_the_encoding_lacks() -> None:
    data = b"# coding: latin-1\n" + BUGGY.encode()
    with pytest.raises(SourceError, match="which iso-8859-1 cannot write"):
        ignore_source(data, "a.py", rules=RULES, reason="√")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_stay(end: str) -> None:
    assert ignored(BUGGY.replace("\n", end).encode()).data == SILENT.replace("\n", end).encode()


PARTS = st.sampled_from(
    ["x", "'''a\nb'''", "f'''{x}\n'''", "(\n  1)", "\\\n", " # c\n", "\n", ";", "=", "+", "\t", "'#'"]
)


@given(st.lists(PARTS, max_size=10).map("".join))
def test_a_comment_where_one_is_taken_changes_no_code(text: str) -> None:
    try:
        tree = ast.dump(ast.parse(text))
    except SyntaxError:
        return
    lines = text.splitlines(keepends=True)
    logical = LogicalLines(lines)
    for number, line in enumerate(lines, 1):
        if logical.takes_comment(number):
            body = line.rstrip("\n")
            longer = [*lines[: number - 1], f"{body} # more\n", *lines[number:]]
            assert ast.dump(ast.parse("".join(longer))) == tree


# The option


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(BUGGY, "utf-8")
    return tmp_path / "model.py"


def test_the_option_silences_and_says_so(file: Path) -> None:
    result = run("--add-ignore", "model.py", "--reason", "trained like this")
    assert result.returncode == 0
    assert result.stdout == "Nothing found: 1 file checked.\n"
    assert result.stderr.splitlines() == [
        "Silenced 2 findings in 1 file",
        "  model.py: 1 × ATN101 missing-scale, 1 × ATN204 discarded-mask",
    ]
    assert file.read_text("utf-8") == after(BUGGY, "trained like this")
    assert lint_source(file.read_bytes()) == []


def test_a_diff_of_comments_writes_nothing(file: Path) -> None:
    result = run("--add-ignore", "--diff", "model.py")
    assert result.returncode == 1
    assert "+    scores.masked_fill(mask == 0, float('-inf'))  # attnlint: ignore[ATN204]" in result.stdout.splitlines()
    assert result.stderr.startswith("Would silence 2 findings in 1 file")
    assert file.read_text("utf-8") == BUGGY


def test_standard_input_goes_to_standard_output() -> None:
    result = run("--add-ignore", "-", stdin=BUGGY)
    assert (result.returncode, result.stdout) == (0, SILENT)


def test_what_does_not_go_together(file: Path) -> None:
    both = run("--add-ignore", "--fix", "model.py")
    assert both.returncode == 2
    assert "fix first, then silence what is left" in both.stderr
    assert run("--add-ignore", "--reason", "a # b", "model.py").returncode == 2
    assert file.read_text("utf-8") == BUGGY
