"""Definitions that Python parses and libcst does not: each is told, and hides nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_cli import run

from attnlint import Configuration, Diagnostic, Failures, lint_source
from attnlint.incremental import Session

IMPORTS = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n\n\n"
SITE = "    s = q @ k.transpose(-2, -1)\n    p = F.softmax(s, dim=-1)\n    return p @ v\n"
ATTEND = f"def attend(q, k, v):\n{SITE}"
STRANGE = ["(x): int = 1", "((x)): int = 1", "(x.y): int", "(x[0]): int = 1", "class B(metaclass=C, *d): pass"]
OBJECT = """\
class Attention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        (self.heads): int = 1
        self.q, self.k, self.v = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)

    def forward(self, x):
        return torch.softmax(self.q(x) @ self.k(x).mT, -1) @ self.v(x)

    def backwards(self, x):
        return torch.softmax(self.k(x) @ self.q(x).mT, -1) @ self.v(x)
"""
CALLEE = """\
def scores(q, k):
    (x): int = 1
    return q @ k.mT


def weighted(q, k, v):
    return torch.softmax(scores(q, k), -1) @ v
"""


def told(text: str) -> list[tuple[str, int]]:
    """The definitions that are told not to be analysed, by the line."""
    return [(one.message.partition(" not analysed")[0], one.span.line) for one in lint(text) if one.code == "ATN004"]


def lint(text: str) -> list[Diagnostic]:
    return lint_source(text, "a.py")


@pytest.mark.parametrize("strange", STRANGE)
def test_a_function(strange: str) -> None:
    found = lint(f"{IMPORTS}def hidden(q, k, v):\n    {strange}\n{SITE}\n\n{ATTEND}")
    assert [(one.code, one.content.definition) for one in found] == [("ATN004", "hidden"), ("ATN101", "attend")]
    assert found[0].message.startswith("hidden is not analysed: the parser stops at `")
    assert "(libcst: parser error: " in found[0].message


def test_the_statements_of_a_module() -> None:
    found = lint(f"{IMPORTS}(x): int = 1\np = F.softmax(q @ k.mT, dim=-1) @ v\n\n\n{ATTEND}")
    assert [(one.code, one.span.line) for one in found] == [("ATN004", 1), ("ATN101", 11)]
    message = "the module's own statements are not analysed: the parser stops at `(x): int = 1`"
    assert found[0].message.startswith(message)


def test_what_an_analysis_reads_on_its_way_is_told_once() -> None:
    assert told(IMPORTS + OBJECT) == [("Attention.__init__ is", 7)]
    assert told(IMPORTS + CALLEE) == [("scores is", 6)]


@pytest.mark.parametrize(
    "text",
    [
        f"(x): int = 1\n{ATTEND}",
        f"class A:\n    (x): int = 1\n\n\n{ATTEND}",
        f"def other(x):\n    (x): int = 1\n\n\n{ATTEND}",
        f"class A:\n    def other(self):\n        (x): int = 1\n\n\n{ATTEND}",
    ],
)
def test_nothing_is_told_where_nothing_is_lost(text: str) -> None:
    assert [one.code for one in lint(IMPORTS + text)] == ["ATN101"]


def test_what_is_over_a_limit_is_told_as_that_alone() -> None:
    deep = f"def deep(q, k, v):\n    (x): int = 1\n    x = q{' + q' * 1500}\n{SITE}"
    (found,) = lint(IMPORTS + deep)
    assert found.message.startswith("deep is not analysed: it nests expressions 150")
    assert found.message.endswith(" deep, over the limit of the parser")


def test_comments_in_it_are_not_judged() -> None:
    comment = "    x = 1  # attnlint: ignore[ATN101] -- so be it\n"
    assert told(f"{IMPORTS}def hidden(q, k, v):\n    (x): int = 1\n{comment}{SITE}") == [("hidden is", 6)]
    assert "ATN001" not in {
        one.code for one in lint(f"{IMPORTS}def hidden(q, k, v):\n    (x): int = 1\n{comment}{SITE}")
    }


def test_the_status_tells(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"{IMPORTS}def hidden(q, k, v):\n    (x): int = 1\n{SITE}", "utf-8")
    done = run("--isolated", "--no-cache", "--output-format=concise", str(tmp_path / "a.py"))
    assert done.returncode == 1
    assert ":6:1: ATN004 hidden is not analysed: the parser stops at `(x): int = 1`" in done.stdout


def test_an_editor_is_told_the_same_wherever_it_stands() -> None:
    session, checks = Session("a.py"), Configuration(isolated=True).checks("a.py")
    hidden = f"def hidden(q, k, v):\n    (x): int = 1\n{SITE}\n\n"
    rest = f"{OBJECT}\n\n{CALLEE}"
    before = "def first(x):\n    return x\n\n\n"
    texts = [
        IMPORTS + hidden + rest,
        IMPORTS + before + hidden + rest,
        IMPORTS + before + hidden + rest.replace("def forward", "def forwards"),
        IMPORTS + before + hidden + rest.replace("(self.heads): int = 1", "self.heads = 1"),
        IMPORTS + before + hidden.replace("(x)", "x") + rest,
    ]
    for text in texts:
        assert session.lint(text, checks, Failures()) == lint(text)
