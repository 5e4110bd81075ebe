"""What is said of a definition is the same whichever were looked at before it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest

from attnlint import Configuration, Failures
from attnlint.examination import Examined, Examiner
from attnlint.roots import Root, roots
from attnlint.suppressions import TRIGGERS
from attnlint.syntax.outline import ModuleOutline, outline
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceText

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "fixtures").glob("*.py"))
RULES = Configuration({"select": ["ATN"], "preview": True}, isolated=True).checks("a.py").rules
MODULE_LEVEL = """\
import torch
from torch import nn


def table(size):
    return torch.tril(torch.ones(size, size))


class Settings:
    def __init__(self):
        self.heads = 4
        self.scale = 8.0


SETTINGS = Settings()
MASK = table(16) == 0


class One(nn.Module):
    hidden = MASK

    def forward(self, query, key, value):
        scores = query @ key.transpose(-2, -1) / SETTINGS.scale
        return scores.masked_fill(MASK, 0).softmax(-1) @ value


class Two(nn.Module):
    def forward(self, query, key, value):
        scores = query @ key.transpose(-2, -1) / SETTINGS.scale
        return scores.masked_fill(MASK, 0).softmax(-1) @ value
"""


def said(examined: Iterable[Examined]) -> list[tuple[object, ...]]:
    return [(one.found, [(v.code, v.found) for v in one.verdicts], one.handed) for one in examined]


def wanted(module: ModuleOutline) -> list[Root]:
    triggers = dict.fromkeys(trigger for rule in RULES for trigger in rule.triggers if trigger not in TRIGGERS)
    return roots(module, triggers)


@pytest.mark.parametrize("text", [*(path.read_text("utf-8") for path in FILES), MODULE_LEVEL])
def test_in_any_order(text: str) -> None:
    def compare() -> None:
        module = outline(SourceText.from_text("a.py", text))
        asked = wanted(module)
        together = Examiner(module, RULES, Failures())
        first = said(map(together, asked))
        assert first == [said([Examiner(module, RULES, Failures())(root)])[0] for root in asked]
        shuffled = Random(text).sample(list(enumerate(asked)), len(asked))
        again = Examiner(module, RULES, Failures())
        assert [first[place] for place, _ in shuffled] == said(again(root) for _, root in shuffled)

    on_big_stack(compare)


def test_what_modules_define_is_known_to_every_definition() -> None:
    """Neither the mask nor the settings belong to whoever asks for them first."""
    module = outline(SourceText.from_text("a.py", MODULE_LEVEL))
    examine = Examiner(module, RULES, Failures())
    methods = [root for root in wanted(module) if root.definition.name == "forward"]
    one, two = on_big_stack(lambda: [[found.code for found in examine(root).found] for root in methods])
    assert one == two != []


LISTED = """\
import torch

PAIR = [torch.tril(torch.ones(8, 8)).bool(), 1]


def applied(scores, forbidden):
    return scores + forbidden


def one(query, key, value):
    scores = query @ key.transpose(-2, -1) * 0.125
    return torch.softmax(applied(scores, PAIR[0]), dim=-1) @ value


def two(query, key, value):
    scores = query @ key.transpose(-2, -1) * 0.125
    return torch.softmax(scores + PAIR[0], dim=-1) @ value
"""


def test_what_definitions_share_is_not_named_by_one_of_them() -> None:
    module = outline(SourceText.from_text("a.py", LISTED))
    examine = Examiner(module, RULES, Failures())
    by_name = {root.definition.name: root for root in wanted(module)}
    on_big_stack(lambda: examine(by_name["one"]))
    found = on_big_stack(lambda: examine(by_name["two"]).found)
    assert found
    assert not any("forbidden" in one.message for one in found)
