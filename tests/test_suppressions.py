"""Comments that silence findings, on any line of the statement and nowhere else."""

from __future__ import annotations

import pytest

from attnlint.diagnostics import Diagnostic, Severity, Span
from attnlint.suppressions import Suppressions
from attnlint.syntax.text import SourceText

MARKER = "FINDING"


def silenced(text: str, code: str = "ATN101", name: str = "missing-scale") -> bool:
    """Whether a finding at the word FINDING is silenced."""
    source = SourceText.from_bytes("m.py", text.encode())
    line, column = next((n, row.index(MARKER) + 1) for n, row in enumerate(source.lines, 1) if MARKER in row)
    span = Span(line, column, line, column + len(MARKER))
    return Suppressions(source).silence(Diagnostic(code, name, Severity.ERROR, "m.py", span, "", ""))


@pytest.mark.parametrize(
    "comment",
    [
        "# attnlint: ignore[ATN101]",
        "# attnlint: ignore[ATN2, ATN1]",
        "# attnlint: ignore[atn101]",
        "# attnlint: ignore[missing-scale]",
        "# attnlint: ignore[ATN101] -- folded into the initialisation",
        "# attnlint: ignore",
        "# attnlint: ignore -- a toy",
        "#attnlint:ignore",
        "# type: ignore[x] # attnlint: ignore[ATN101]",
        "# attnlint: ignore[ATN204] # attnlint: ignore[ATN101]",
        "# noqa",
        "# NOQA",
        "# noqa: ATN101",
        "# noqa:E501,ATN101",
        "# noqa: E501 ATN101",
        "# noqa : ATN1 -- why",
        "# fmt: skip # noqa: ATN101",
    ],
)
def test_comments_that_silence(comment: str) -> None:
    assert silenced(f"x = FINDING  {comment}\n")


@pytest.mark.parametrize(
    "comment",
    [
        "# attnlint: ignore[ATN2]",
        "# attnlint: ignore[ATN1011]",
        "# attnlint: ignore[]",
        "# attnlint: ignore[scale]",
        "# attnlint: ignored",
        "# attnlint: ignore-file",
        "# attnlint: ignore ATN204",
        "# attnlint ignore",
        "# noqa: E501",
        "# noqa:",
        "# noqa: because",
        "# noqas",
        "# flake8: noqa",
        "# just words",
    ],
)
def test_comments_that_do_not(comment: str) -> None:
    assert not silenced(f"x = FINDING  {comment}\n")


def test_words_in_strings_are_no_comments() -> None:
    assert not silenced('x = FINDING, "# noqa"\n')
    assert not silenced('x = FINDING, """\n# attnlint: ignore\n"""\n')


@pytest.mark.parametrize("line", range(5))
def test_any_line_of_a_simple_statement(line: int) -> None:
    lines = ["x = f(", "    FINDING,", "    # words", '    """text', '    """)']
    lines[line] += "  # noqa: ATN101"
    if line == 3:  # inside the string
        assert not silenced("\n".join(lines))
    else:
        assert silenced("\n".join(lines) + "\n")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_lines_end_as_python_says(ends: str) -> None:
    text = "a = '\x0c\u2028'\nx = [\n  FINDING,\n]  # noqa\ny = 1\n"
    assert silenced(text.replace("\n", ends))
    assert not silenced(text.replace("# noqa", "").replace("y = 1", "y = 1  # noqa").replace("\n", ends))


@pytest.mark.parametrize(
    "text",
    [
        "# noqa\nx = FINDING\n",
        "x = FINDING\n# noqa\n",
        "y = 1  # noqa\nx = FINDING\ny = 2  # noqa\n",
        "def f():  # noqa\n    return FINDING\n",
        "def f(\n    a=FINDING,\n):\n    return 1  # noqa\n",
        "if FINDING:\n    pass  # noqa\n",
        "with a:  # noqa\n    with b:\n        FINDING\n",
        "@d\ndef f(a=FINDING):\n    # noqa\n    pass\n",
    ],
)
def test_other_statements_do_not_count(text: str) -> None:
    assert not silenced(text)


@pytest.mark.parametrize(
    "text",
    [
        "def f(\n    a=FINDING,\n):  # noqa\n    return 1\n",
        "@d  # noqa\n@e\ndef f(a=FINDING):\n    pass\n",
        "@d(FINDING)\nclass C:  # noqa\n    pass\n",
        "if (\n    FINDING  # noqa\n):\n    pass\n",
        "x = 1\nif FINDING: y = 1  # noqa\n",
        "x = FINDING + \\\n    1  # noqa\n",
        "class C:\n    def f(self):\n\n        return FINDING  # noqa",
        "\ufeffx = FINDING  # noqa\n",
    ],
)
def test_headers_decorators_and_last_lines(text: str) -> None:
    assert silenced(text)


def test_what_does_not_tokenize_still_has_the_comments_before() -> None:
    assert silenced("x = FINDING  # noqa\ny = (\n")
    assert not silenced("x = FINDING\ny = ( # noqa\n")
