"""Fixes made in files: what they touch and leave, when they are refused, and how files are written."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import libcst as cst
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_cli import script

from attnlint import Diagnostic, Edit, Span, lint_source
from attnlint.attention import AttentionPath
from attnlint.attention.spelling import rewritten
from attnlint.diagnostics import Fix, Tier
from attnlint.fixes import fix_paths, fix_source, fixer, write
from attnlint.fixes.edits import compatible
from attnlint.rule import Finding, Mend, Replacement, Rule, discover, select
from attnlint.syntax.edits import edited, overlap
from attnlint.syntax.text import SourceError, SourceText
from attnlint.triggers import SITE

BUGGY = """\
import torch


def attend(q, k, v, mask):
    scores = q @ k.transpose(-2, -1)  # (B, H, T, T)
    scores.masked_fill(mask == 0, float('-inf'))
    return torch.softmax(scores, dim=-1) @ v
"""
FIXED = BUGGY.replace("    scores.masked", "    scores = scores.masked").replace(
    "q @ k.transpose(-2, -1)  #", "q @ k.transpose(-2, -1) / q.size(-1) ** 0.5  #"
)
RULES = select(discover())


def test_the_whole() -> None:
    assert fixed(BUGGY) == FIXED


def everything(diagnostic: Diagnostic) -> bool:
    return True


def fixed(text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    return fix_source(data, "a.py", RULES, everything).data.decode()


# What stays


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_stay(end: str) -> None:
    before = BUGGY.replace("\n", end).encode()
    after = fix_source(before, "a.py", RULES, everything).data
    assert after == fixed(BUGGY).replace("\n", end).encode()


def test_mixed_line_ends_stay() -> None:
    lines = BUGGY.splitlines()
    before = "".join(line + ("\r\n" if number % 2 else "\n") for number, line in enumerate(lines))
    after = fix_source(before.encode(), "a.py", RULES, everything).data.decode()
    assert [line[len(line.rstrip("\r\n")) :] for line in after.splitlines(keepends=True)] == [
        line[len(line.rstrip("\r\n")) :] for line in before.splitlines(keepends=True)
    ]


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("", "utf-8-sig"),
        ("# coding: latin-1\nNAME = 'é'\n", "latin-1"),
        ("# -*- coding: cp1251 -*-\nNAME = 'Ж'\n", "cp1251"),
    ],
)
def test_encodings_stay(head: str, encoding: str) -> None:
    data = fix_source((head + BUGGY).encode(encoding), "a.py", RULES, everything).data
    assert data.decode(encoding) == head + fixed(BUGGY)
    assert data == (head + fixed(BUGGY)).encode(encoding)


@pytest.mark.parametrize(
    ("head", "body"),
    [("# coding: unicode_escape\n", BUGGY.encode()), ("# coding: utf-7\n", b"# a +AGI- c\n" + BUGGY.encode())],
)
def test_an_encoding_that_does_not_write_what_it_reads_is_left_alone(head: str, body: bytes) -> None:
    data = head.encode() + body
    assert lint_source(data, "a.py")
    result = fix_source(data, "a.py", RULES, everything)
    assert (result.data, result.made) == (data, [])


def test_tabs_comments_and_quotes_stay() -> None:
    text = BUGGY.replace("    ", "\t")
    after = fixed(text)
    assert after.replace("\t", "    ") == fixed(BUGGY)
    assert "# (B, H, T, T)" in after
    assert "float('-inf')" in after


def test_a_file_without_a_last_line_end() -> None:
    assert fixed(BUGGY.rstrip("\n")) == fixed(BUGGY).rstrip("\n")


def test_what_is_right_is_left_alone() -> None:
    result = fix_source(fixed(BUGGY).encode(), "a.py", RULES, everything)
    assert (result.data, result.made, result.refused) == (result.before, [], [])


def test_only_what_is_wanted() -> None:
    result = fix_source(BUGGY.encode(), "a.py", RULES, lambda diagnostic: diagnostic.code == "ATN204")
    assert [diagnostic.code for diagnostic in result.made] == ["ATN204"]
    assert b"scores = scores.masked_fill" in result.data
    assert result.left == lint_source(result.data, "a.py", RULES)


# Edits


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 6), st.text("ab\n", max_size=3)), max_size=6))
def test_edits_are_made_where_they_say(cuts: list[tuple[int, int, str]]) -> None:
    text = "".join(f"line {number}\n" for number in range(8))
    source, edits, end = SourceText.from_text("a.py", text), [], -1
    expected, done = "", 0
    for start, length, replacement in sorted(cuts):
        stop = min(start + length, len(text))
        if start <= end:
            continue
        edits.append(Edit(Span(*place(text, start), *place(text, stop)), replacement))
        expected += text[done:start] + replacement
        done = end = stop
    assert edited(source, reversed(edits)).decode() == expected + text[done:]


def place(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def span(start: int, stop: int) -> Span:
    return Span(1, start, 1, stop)


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (span(1, 3), span(3, 5), False),
        (span(1, 4), span(3, 5), True),
        (span(3, 3), span(3, 3), True),
        (span(3, 3), span(3, 5), False),
        (span(2, 6), span(4, 4), True),
    ],
)
def test_overlaps(one: Span, other: Span, shared: bool) -> None:
    assert overlap(one, other) is overlap(other, one) is shared


def test_fixes_that_overlap_wait() -> None:
    first, second, third = (Fix("fix", Tier.SAFE, (Edit(span(a, b), "x"),)) for a, b in ((1, 4), (3, 6), (6, 8)))
    assert compatible([first, second, third]) == [first, third]
    shared = Fix("fix", Tier.SAFE, (first.edits[0], Edit(span(9, 9), "y")))
    assert compatible([first, shared]) == [first, shared]


def test_a_replacement_that_the_encoding_lacks() -> None:
    source = SourceText.from_bytes("a.py", b"# coding: ascii\nx = 1\n")
    with pytest.raises(SourceError, match="ascii cannot write"):
        edited(source, [Edit(Span(2, 5, 2, 6), "'√'")])


# What is refused


class Replacing(Rule):
    """Replaces one name by another, wherever a softmax is."""

    code = "ATN999"
    name = "replacing"
    tiers = frozenset({Tier.SAFE})
    triggers = SITE
    text = "x"

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        for at in (path.anchor.origin, path.output.origin if path.output is not None else None):
            if at is not None and isinstance(at.node, cst.Call | cst.BinaryOperation):
                yield Finding(at, "found", mend=Mend("Replace", Tier.SAFE, (rewritten(at, self.text, at),)))


class Breaking(Replacing):
    """Leaves code that does not parse."""

    text = "({0}"


class Idle(Replacing):
    """Leaves the finding."""

    text = "({0})"


@pytest.mark.parametrize(
    ("rule", "reason"), [(Breaking, "could not be read: line"), (Idle, "ATN999 would still be reported")]
)
def test_a_fix_that_does_not_serve_is_refused(rule: type[Rule], reason: str) -> None:
    result = fix_source(BUGGY.encode(), "a.py", [rule], everything)
    assert result.data == BUGGY.encode()
    assert result.made == []
    assert {refusal.diagnostic.code for refusal in result.refused} == {"ATN999"}
    assert all(reason in refusal.reason for refusal in result.refused)


def test_a_refused_fix_keeps_no_other_from_being_made() -> None:
    result = fix_source(BUGGY.encode(), "a.py", [Breaking, *RULES], everything)
    assert result.data.decode() == fixed(BUGGY)
    assert {refusal.diagnostic.code for refusal in result.refused} == {"ATN999"}


# Files


def test_files_are_written_whole_and_keep_their_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(BUGGY, "utf-8")
    path.chmod(0o640)
    write(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [other.name for other in tmp_path.iterdir()] == ["a.py"]


def test_links_are_written_through(tmp_path: Path) -> None:
    target, link = tmp_path / "deep" / "a.py", tmp_path / "link.py"
    target.parent.mkdir()
    target.write_text(BUGGY, "utf-8")
    link.symlink_to(target)
    write(str(link), b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_read_only_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(BUGGY, "utf-8")
    path.chmod(0o444)
    report = fix_paths([path], RULES, everything, write)
    assert [problem.reason for problem in report.problems] == ["cannot be written: is read-only"]
    assert sorted(diagnostic.code for diagnostic in report.diagnostics) == ["ATN101", "ATN204"]
    assert path.read_text("utf-8") == BUGGY


def test_what_fails_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.py"
    path.write_text(BUGGY, "utf-8")

    def interrupted(*paths: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(str(path), b"new")
    assert path.read_text("utf-8") == BUGGY
    assert [other.name for other in tmp_path.iterdir()] == ["a.py"]


def test_one_file_that_fails_hides_no_other(tmp_path: Path) -> None:
    for name, text in (("a.py", BUGGY), ("b.py", "def ("), ("c.py", BUGGY)):
        (tmp_path / name).write_text(text, "utf-8")
    report = fix_paths([tmp_path], RULES, everything, write)
    assert [Path(problem.path).name for problem in report.problems] == ["b.py"]
    assert [(tmp_path / name).read_text("utf-8") for name in ("a.py", "c.py")] == [fixed(BUGGY)] * 2
    assert report.diagnostics == []


class Turning(Rule):
    """Has the axis of a softmax written from the other end."""

    code = "ATN998"
    name = "turning"
    tiers = frozenset({Tier.SAFE})
    triggers = SITE
    old, new = "-1", "1"

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        at = path.anchor.origin
        if at is not None and at.slice.code(at.node).endswith(f"dim={self.old})"):
            text = at.slice.code(at.node).replace(f"dim={self.old})", f"dim={self.new})")
            yield Finding(at, "found", mend=Mend("Turn", Tier.SAFE, (Replacement(at, text),)))


class TurningBack(Turning):
    """Has it written from this end."""

    code = "ATN999"
    name = "turning-back"
    old, new = "1", "-1"


def test_fixes_that_undo_one_another_hide_no_finding(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BUGGY, "utf-8")
    report = fix_paths([tmp_path], [Turning, TurningBack], everything, write)
    (problem,) = report.problems
    assert problem.reason == "fixes of ATN999 go on undoing one another; nothing was changed"
    assert [diagnostic.code for diagnostic in report.diagnostics] == ["ATN998"]
    assert (tmp_path / "a.py").read_text("utf-8") == BUGGY


def test_one_bad_fix_among_many_costs_few_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[int] = []
    attempt = fixer._attempt

    def counted(*given: Any) -> Any:
        attempts.append(len(given[1]))
        return attempt(*given)

    monkeypatch.setattr(fixer, "_attempt", counted)
    functions = [f"def attend{n}(q, k, v):\n    return torch.softmax(q @ k, dim=-1) @ v\n" for n in range(150)]
    functions[70] = functions[70].replace("dim=-1", "dtype=None, dim=-1")

    class Mostly(Turning):
        def check_path(self, path: AttentionPath) -> Iterator[Finding]:
            for found in super().check_path(path):
                at = path.anchor.origin
                is_bad = at is not None and "dtype" in at.slice.code(at.node)
                yield replace(found, mend=Mend("Break", Tier.SAFE, (Replacement(found.at, "("),))) if is_bad else found

    text = "import torch\n" + "".join(functions)
    result = fix_source(text.encode(), "a.py", [Mostly], everything)
    assert result.data.decode() == text.replace("k, dim=-1)", "k, dim=1)")
    assert (len(result.made), len(result.refused)) == (149, 1)
    assert len(attempts) < 40


def test_a_diff_is_what_patch_takes(tmp_path: Path) -> None:
    texts = (
        BUGGY,
        BUGGY.rstrip("\n"),
        BUGGY.replace("\n", "\r\n"),
        "\f\n" + BUGGY,
        "# \u200e\x1b[31m\n" + BUGGY,
        "\ufeff" + BUGGY,
    )
    for number, data in enumerate([*map(str.encode, texts), f"# coding: latin-1\n# é\n{BUGGY}".encode("latin-1")]):
        path = tmp_path / f"{number}.py"
        path.write_bytes(data)
        result = fix_source(data, path.name, RULES, everything)
        shown = subprocess.run(
            [script(), "--isolated", "--diff", "--unsafe-fixes", path.name],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        subprocess.run(["git", "apply"], input=shown.stdout, cwd=tmp_path, check=True)
        assert path.read_bytes() == result.data != data


def test_a_link_that_leads_out_of_a_search_is_not_followed_to_write(tmp_path: Path) -> None:
    searched, outside = tmp_path / "searched", tmp_path / "outside.py"
    searched.mkdir()
    outside.write_text(BUGGY, "utf-8")
    (searched / "link.py").symlink_to(outside)
    command = [script(), "--isolated", "--fix", "--unsafe-fixes", "--output-format", "concise"]
    kept = subprocess.run([*command, "searched"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert kept.returncode == 2
    assert "is a link to a file outside of what was named" in kept.stderr
    assert len(kept.stdout.splitlines()) == 2
    assert outside.read_text("utf-8") == BUGGY
    subprocess.run([*command, "searched/link.py"], cwd=tmp_path, check=True)
    assert outside.read_text("utf-8") == FIXED
