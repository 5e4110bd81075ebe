"""Selecting rules by prefix and name, and finding those that are installed."""

from __future__ import annotations

from typing import ClassVar

import pytest

from attnlint.rule import Rule, UnknownCode, discover, select


def make(rule_code: str, rule_name: str, on: bool = True) -> type[Rule]:
    class Made(Rule):
        """One line.

        More lines.
        """

        code: ClassVar[str] = rule_code
        name: ClassVar[str] = rule_name
        on_by_default: ClassVar[bool] = on
        triggers: ClassVar[tuple[str, ...]] = ()

    return Made


RULES = {
    rule.code: rule
    for rule in [
        make("ATN101", "missing-scale"),
        make("ATN102", "wrong-scale"),
        make("ATN201", "mask-fill-value"),
        make("ATN306", "half-softmax", on=False),
    ]
}


@pytest.mark.parametrize(
    ("selected", "ignored", "expected"),
    [
        ([], [], ["ATN101", "ATN102", "ATN201"]),
        (["ATN"], [], ["ATN101", "ATN102", "ATN201", "ATN306"]),
        (["ATN1"], [], ["ATN101", "ATN102"]),
        (["atn1"], [], ["ATN101", "ATN102"]),
        (["ATN101", "ATN3"], [], ["ATN101", "ATN306"]),
        (["half-softmax"], [], ["ATN306"]),
        ([], ["ATN1"], ["ATN201"]),
        ([], ["wrong-scale"], ["ATN101", "ATN201"]),
        ([], ["ATN"], []),
        (["ATN1"], ["ATN102"], ["ATN101"]),
        (["ATN102"], ["ATN1"], ["ATN102"]),
        (["ATN1"], ["ATN1"], []),
        (["ATN1", "ATN102"], ["ATN102"], ["ATN101"]),
    ],
)
def test_the_longest_selector_decides_and_ignoring_wins_ties(
    selected: list[str], ignored: list[str], expected: list[str]
) -> None:
    assert [rule.code for rule in select(RULES, selected, ignored)] == expected


@pytest.mark.parametrize("selector", ["ATN9", "E501", "missing", "ATN1011"])
def test_a_selector_that_matches_nothing_is_an_error(selector: str) -> None:
    with pytest.raises(UnknownCode, match=selector):
        select(RULES, [selector])
    with pytest.raises(UnknownCode, match=selector):
        select(RULES, [], [selector])


def test_documentation_is_the_docstring() -> None:
    rule = RULES["ATN101"]
    assert rule.summary() == "One line."
    assert rule.documentation() == "One line.\n\nMore lines."
    assert rule.url().endswith("/ATN101")


def test_installed_rules_are_sorted_and_complete() -> None:
    rules = discover()
    assert list(rules) == sorted(rules) != []
    for code, rule in rules.items():
        assert rule.code == code
        assert rule.name == rule.name.lower()
        assert rule.summary().strip()
        assert rule.triggers
        assert rule.tiers
