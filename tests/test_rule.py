"""Selecting rules by prefix and name, and finding those that are installed."""

from __future__ import annotations

import warnings
from typing import ClassVar

import pytest

from attnlint.codes import REMOVED, CodeWarning
from attnlint.rule import Rule, UnknownCode, discover, select


def make(
    rule_code: str, rule_name: str, on: bool = True, new: bool = False, former: tuple[str, ...] = ()
) -> type[Rule]:
    class Made(Rule):
        """One line.

        More lines.
        """

        code: ClassVar[str] = rule_code
        name: ClassVar[str] = rule_name
        on_by_default: ClassVar[bool] = on
        preview: ClassVar[bool] = new
        formerly: ClassVar[tuple[str, ...]] = former
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


def by_code(*rules: type[Rule]) -> dict[str, type[Rule]]:
    return {rule.code: rule for rule in rules}


class TestPreview:
    RULES: ClassVar[dict[str, type[Rule]]] = by_code(
        make("ATN101", "missing-scale"),
        make("ATN102", "wrong-scale", new=True),
        make("ATN103", "inverted-scale", on=False, new=True),
        make("ATN201", "mask-fill-value", new=True),
    )

    @pytest.mark.parametrize(
        ("selected", "ignored", "without", "with_preview"),
        [
            ([], [], ["ATN101"], ["ATN101", "ATN102", "ATN201"]),
            (["ATN1"], [], ["ATN101"], ["ATN101", "ATN102", "ATN103"]),
            (["ATN1"], ["ATN102"], ["ATN101"], ["ATN101", "ATN103"]),
            ([], ["ATN2"], ["ATN101"], ["ATN101", "ATN102"]),
        ],
    )
    def test_the_flag_lets_them_in(
        self, selected: list[str], ignored: list[str], without: list[str], with_preview: list[str]
    ) -> None:
        for preview, expected in ((False, without), (True, with_preview)):
            assert [rule.code for rule in select(self.RULES, selected, ignored, preview=preview)] == expected

    @pytest.mark.parametrize("selector", ["ATN102", "wrong-scale", "ATN2"])
    def test_one_asked_for_without_the_flag_is_told(self, selector: str) -> None:
        with pytest.warns(CodeWarning, match=f"{selector} is in preview.*--preview"):
            assert select(self.RULES, [selector]) == []
        with pytest.warns(CodeWarning):
            assert [rule.code for rule in select(self.RULES, ["ATN101", selector])] == ["ATN101"]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert len(select(self.RULES, [selector], preview=True)) == 1


class TestFormerCodes:
    RULES: ClassVar[dict[str, type[Rule]]] = by_code(
        make("ATN101", "missing-scale", former=("ATN190", "no-scale", "ATN102")),
        make("ATN102", "wrong-scale"),
    )

    @pytest.mark.parametrize("selector", ["ATN190", "atn190", "no-scale"])
    def test_a_renamed_rule_is_found_under_its_old_code_and_name(self, selector: str) -> None:
        with pytest.warns(CodeWarning, match=f"^{selector} is called ATN101 missing-scale now$"):
            assert [rule.code for rule in select(self.RULES, [selector])] == ["ATN101"]
        with pytest.warns(CodeWarning):
            assert [rule.code for rule in select(self.RULES, [], [selector])] == ["ATN102"]
        with pytest.warns(CodeWarning):
            assert [rule.code for rule in select(self.RULES, [selector], ["ATN1"])] == ["ATN101"]

    def test_what_a_code_means_today_goes_first(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert [rule.code for rule in select(self.RULES, ["ATN102"])] == ["ATN102"]

    def test_the_beginning_of_an_old_code_means_nothing(self) -> None:
        with pytest.raises(UnknownCode):
            select(self.RULES, ["ATN19"])

    def test_a_removed_code_is_an_error_with_its_reason(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("attnlint.codes.REMOVED", {"ATN199": "torch raises by itself"})
        with pytest.raises(UnknownCode) as caught:
            select(self.RULES, ["atn199"])
        assert caught.value.hint == "it was removed: torch raises by itself"
        with pytest.warns(CodeWarning, match="ATN199 need not be ignored: it was removed: torch raises by itself"):
            assert len(select(self.RULES, [], ["ATN199"])) == 2

    def test_no_installed_rule_has_what_another_had(self) -> None:
        rules = discover()
        former = [one for rule in rules.values() for one in rule.formerly]
        assert len(former) == len(set(former))
        assert not {*former, *REMOVED} & {*rules, *(rule.name for rule in rules.values())}


@pytest.mark.parametrize(("selector", "nearest"), [("ATN1O1", "ATN101"), ("half_softmax", "half-softmax"), ("x", None)])
def test_what_was_probably_meant(selector: str, nearest: str | None) -> None:
    with pytest.raises(UnknownCode) as caught:
        select(RULES, [selector])
    assert caught.value.nearest[:1] == ((nearest,) if nearest else ())
    assert caught.value.hint.startswith(f"did you mean {nearest}" if nearest else '"attnlint rules" lists')


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
