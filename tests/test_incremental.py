"""Sessions: one text after another is linted as each would be alone, and only what changed is analysed."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import torch.nn.functional
import torch.nn.modules.activation
import torch.nn.modules.transformer
from test_documents import BUGGY, MARKDOWN
from test_notebooks import cell, notebook, written

from attnlint import Configuration, Failures, SourceError, lint_source
from attnlint.diagnostics import Diagnostic
from attnlint.incremental import Session

FIXTURES = sorted((Path(__file__).parent.parent / "fixtures").glob("*.py"))
TORCH = [torch.nn.functional, torch.nn.modules.activation, torch.nn.modules.transformer]
CONFIG = Configuration({"select": ["ATN"], "preview": True}, isolated=True)
PIECES = [
    "x", " ", "\n", "\n\n", "\t", "#", "# c\n", '"', '"""', "(", ")", ":", "\\\n", "return ", "self.", "é🤗",
    "  # attnlint: ignore", "@torch.no_grad()\n", "class A:\n    ", "def f(mask): pass\n", "global scale\n",
    "    scores = scores / 8\n", "mask=None", "import math\n", "\x0c", "\r\n",
]  # fmt: skip
CLASSES = '''\
import torch
from torch import nn

SCALE = 8


class Base(nn.Module):
    """A base."""

    def scaled(self, scores):
        return scores


class Attention(Base):
    """Attention."""

    causal = True

    def __init__(self, dim):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(dim, dim) for _ in range(3))
        self.scale = dim ** -0.5

    def forward(self, x, mask):
        scores = self.scaled(self.q(x) @ self.k(x).transpose(-2, -1))
        scores.masked_fill(mask == 0, float("-inf"))
        return scores.softmax(-1) @ self.v(x)


def helper(x):
    """Nothing that matters."""
    return x + 1
'''


def alone(text: str, path: str = "a.py") -> list[Diagnostic] | str:
    try:
        return lint_source(text, path, config=CONFIG)
    except SourceError as error:
        return str(error)


def within(session: Session, text: str, path: str = "a.py") -> list[Diagnostic] | str:
    try:
        return session.lint(text, CONFIG.checks(path), Failures())
    except SourceError as error:
        return str(error)


def edits(text: str, random: Random, number: int) -> Iterator[str]:
    """Versions of a text, each an edit or an undone edit away from the one before."""
    before = [text]
    for _ in range(number):
        kind = random.random()
        if kind < 0.3 and len(before) > 1:
            before.pop()
        elif kind < 0.6:
            at = random.randrange(len(before[-1]) + 1)
            before.append(before[-1][:at] + random.choice(PIECES) + before[-1][at:])
        elif kind < 0.75:
            lines = before[-1].splitlines(keepends=True)
            at = random.randrange(len(lines) + 1)
            before.append("".join([*lines[:at], random.choice(PIECES), *lines[at + random.randrange(3) :]]))
        elif kind < 0.9:
            lines = before[-1].splitlines(keepends=True)
            at = random.randrange(len(lines) + 1)
            before.append("".join([*lines[:at], random.choice(["\n", "# a comment\n"]), *lines[at:]]))
        else:
            at = random.randrange(len(before[-1]) + 1)
            before.append(before[-1][:at] + before[-1][at + random.randrange(1, 9) :])
        yield before[-1]


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_fixtures_under_edits(path: Path) -> None:
    session = Session("a.py")
    for text in edits(path.read_text("utf-8"), Random(path.stem), 25):
        assert within(session, text) == alone(text), text


@pytest.mark.exhaustive
@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_fixtures_under_many_edits(path: Path) -> None:
    session = Session("a.py")
    for text in edits(path.read_text("utf-8"), Random(f"{path.stem} again"), 400):
        assert within(session, text) == alone(text), text


@pytest.mark.parametrize("module", TORCH, ids=lambda module: module.__name__)
def test_real_modules_under_edits(module: object) -> None:
    session = Session("a.py")
    text = inspect.getsource(module)  # type: ignore[arg-type]
    for number, version in enumerate(edits(text, Random(module.__name__), 12)):  # type: ignore[attr-defined]
        assert within(session, version) == alone(version), number


@pytest.mark.parametrize(
    ("path", "text"),
    [("a.md", MARKDOWN), ("a.ipynb", written(notebook(cell("# Title", "markdown"), cell(BUGGY))).decode())],
)
def test_documents_under_edits(path: str, text: str) -> None:
    session = Session(path)
    for version in edits(text, Random(path), 60):
        assert within(session, version, path) == alone(version, path), version


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: "# a comment\n\n" + text,
        lambda text: text.replace("x + 1", "x + 12\n\n"),
        lambda text: text.replace("Nothing that", "Nothing whatever\n    that"),
        lambda text: text.replace('"""A base."""', '"""A base.\n\n    More of it.\n    """\n\n    # really'),
        lambda text: text + "\n# the end",
        lambda text: text.replace("x + 1", "x + 1  # é"),
    ],
)
def test_what_nothing_rests_on_is_not_analysed(edit: object) -> None:
    assert callable(edit)
    session = Session("a.py")
    before = within(session, CLASSES)
    examined = session.examined
    assert before
    changed = edit(CLASSES)
    assert changed != CLASSES
    after = within(session, changed)
    assert session.examined == examined
    assert after == alone(changed)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return scores\n", "return scores / 8\n"),
        ("scores.masked_fill", "scores = scores.masked_fill"),
        ("SCALE = 8", "SCALE = 9"),
        ("causal = True", "causal = False"),
        ("class Attention(Base)", "class Attention(nn.Module)"),
        ("x + 1", "x + torch.softmax(x @ x.T, -1)"),
    ],
)
def test_what_findings_rest_on_is_analysed(old: str, new: str) -> None:
    session = Session("a.py")
    within(session, CLASSES)
    examined = session.examined
    assert old in CLASSES
    changed = CLASSES.replace(old, new)
    assert within(session, changed) == alone(changed)
    assert session.examined > examined


def test_attributes_that_are_set_from_anywhere() -> None:
    """A function that no finding rests on changes what an attribute may hold."""
    text = CLASSES.replace("return scores\n", "return scores * self.scale\n").replace("x + 1", "x.scaly")
    session = Session("a.py")
    within(session, text)
    examined = session.examined
    changed = text.replace("return x.scaly", "x.scale = 1")
    after = within(session, changed)
    assert after == alone(changed)
    assert session.examined > examined


def test_broken_texts_between_others() -> None:
    session = Session("a.py")
    found = within(session, CLASSES)
    examined = session.examined
    assert isinstance(within(session, CLASSES + "("), str)
    assert within(session, CLASSES) == found
    assert session.examined == examined


SHARED = """\
import torch
from torch import nn


def attend(query, key, value):
    weights = torch.softmax(query @ key.transpose(-2, -1), dim=-1)
    return weights @ value


class One(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.q, self.k, self.v = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)

    def forward(self, x):
        scores = self.q(x) @ self.k(x).transpose(-2, -1)
        return self.mixed(torch.softmax(scores, dim=-1) @ self.v(x))

    def mixed(self, x):
        return x


class Two(One):
    def forward(self, x):
        return attend(self.q(x), self.k(x), self.v(x))


class Three(One):
    def forward(self, x):
        return attend(self.q(x) / 8, self.k(x), self.v(x))
"""


def test_definitions_are_analysed_again_one_by_one() -> None:
    session = Session("a.py")
    within(session, SHARED)
    for old, new, rest_on_it in [
        ("/ 8,", "/ 9,", 1),  # Three.forward
        ("return x\n", "return x + 0\n", 1),  # One.forward
        ("weights @ value", "(weights @ value)", 3),  # the function, and both that call it
    ]:
        examined = session.examined
        assert old in SHARED
        changed = SHARED.replace(old, new)
        assert within(session, changed) == alone(changed)
        assert session.examined - examined == rest_on_it, new
        within(session, SHARED)


CALLED = """\
import torch


def attend(query, key, value):
    scores = query @ key.transpose(-2, -1)
    return torch.softmax(scores, dim=-1) @ value


def attended(query, key, value):
    return attend(query * FACTOR, key, value)
"""


def test_one_caller_that_is_right_clears_the_site_of_all() -> None:
    """What is known of one definition and what is new of another are one judgement."""
    session = Session("a.py")
    versions = [CALLED.replace("FACTOR", factor) for factor in ["1.0", "0.125", "1.0", "unknown", "1.0"]]
    expected = [alone(version) for version in versions]
    assert len({str(found) for found in expected}) > 1
    for version, found in zip(versions, expected, strict=True):
        gc.collect()  # of the tree of the site nothing is held but what is known
        assert within(session, f"# above\n{version}") == alone(f"# above\n{version}")
        assert within(session, version) == found


def test_an_import_goes_behind_the_docstring_of_its_own_cell() -> None:
    attention = (
        "def attend(q, k, v):\n    _, _, _, D = q.shape\n"
        "    return torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(D), dim=-1) @ v\n"
    )
    session = Session("a.ipynb")
    for second in (attention, f'"""Attention, by hand."""\n\n{attention}', attention):
        text = written(notebook(cell("x = 1\n"), cell(second))).decode()
        assert within(session, text, "a.ipynb") == alone(text, "a.ipynb")
