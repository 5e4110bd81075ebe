"""What is nested, chained or repeated thousands of times is analysed, or named as not analysed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from depths import KINDS, MANY, module

from attnlint import lint_source

resource = pytest.importorskip("resource")

HUNDREDS, THOUSANDS = 180, min(MANY, 5_000)


def lint(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", "import sys; from attnlint.cli import main; sys.exit(main())", "--isolated"]
    return subprocess.run(
        [*command, "--output-format", "concise", *options, "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=1_500,
    )


@pytest.mark.parametrize("times", [HUNDREDS, THOUSANDS])
def test_each_kind_is_analysed_or_named(times: int, tmp_path: Path) -> None:
    for kind, make in KINDS.items():
        (tmp_path / f"{kind}.py").write_text(module(make(times)), "utf-8")
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = lint(tmp_path)
    work = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert done.returncode in (1, 2), done.stderr
    problems = dict(line.removeprefix("./").split(".py", 1) for line in done.stderr.splitlines())
    found = {line.removeprefix("./").partition(".py")[0] for line in done.stdout.splitlines() if " ATN101 " in line}
    assert problems.keys() | found == set(KINDS)
    refused = (
        "too many nested parentheses",
        "digits",
        "nested too deeply",
        "too many levels of indentation",
        "nested",
        "Python 3.12",
    )
    for kind, reason in problems.items():
        assert any(words in reason for words in refused), f"{kind}{reason}"
    assert work < len(KINDS) * 2


@pytest.mark.parametrize("times", [150, 5_000])
def test_each_way_out_of_a_function_is_followed_or_none(times: int) -> None:
    """A softmax behind thousands of early returns is reached on one path that assumes as many conditions."""
    found = lint_source(module(KINDS["early returns"](times)), "a.py")
    assert any(diagnostic.content.definition == "attend" for diagnostic in found)


PATTERNS = {
    "sequences": ("[", "]"),
    "mappings": ("{0: ", "}"),
    "classes": ("A(", ")"),
    "attributes": ("A(b=", ")"),
    "groups": ("(", ")"),
    "all of them": ("[{0: A((", "))}]"),
}


@pytest.mark.parametrize(("left", "right"), PATTERNS.values(), ids=list(PATTERNS))
def test_patterns_inside_of_patterns_are_kept_from_libcst(left: str, right: str) -> None:
    """Its parser takes two to four times as long for each: twelve mappings would take half a minute."""
    case = f"case {left * 40}a{right * 40} | 1:"
    found = lint_source(module(f"match x:\n    {case}\n        y = x"), "a.py")
    assert [(one.code, one.content.definition) for one in found] == [("ATN004", "deep"), ("ATN101", "attend")]
    assert "nests patterns" in found[0].message


@pytest.mark.parametrize(
    "case",
    [
        "case [{0: A(b=[c])}]:",
        "case '((((((((((' | '[[[[[[[[':",
        "case a if f(f(f(f(f(f(f(f(a)))))))):",
        "case 1:  # ((((((((((((",
        "case 2: y = f(f(f(f(f(f(f(f(x))))))))\n    case [3]:",
    ],
)
def test_other_brackets_are_no_patterns(case: str) -> None:
    found = lint_source(module(f"match f(f(f(f(f(f(f(x))))))):\n    {case}\n        y = x"), "a.py")
    assert "ATN004" not in {one.code for one in found}
    assert "ATN101" in {one.code for one in found}
