"""ATN001 to ATN003: what is said about the comments that silence findings, and how it is mended."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from test_harness import edited

from attnlint import Rule, lint_source
from attnlint.codes import CodeWarning
from attnlint.rule import discover, select

RULES = discover()
EVERY = list(RULES.values())
BUGGY = "scores.masked_fill(mask == 0, float('-inf'))"
RIGHT = "scores = scores.masked_fill(mask == 0, float('-inf'))"


def module(comment: str, statement: str = RIGHT) -> str:
    return f"""\
import torch


def attend(q, k, v, mask):
    scores = q @ k.transpose(-2, -1) / k.size(-1) ** 0.5
    {statement}{comment}
    return torch.softmax(scores, dim=-1) @ v
"""


def found(text: str, rules: Sequence[type[Rule]] | None = None) -> list[tuple[str, int, str]]:
    """Codes, lines and the text that is reported."""
    rows = text.splitlines()
    return [
        (d.code, d.span.line, rows[d.span.line - 1][d.span.column - 1 : d.span.end_column - 1])
        for d in lint_source(text, rules=rules)
    ]


def mended(text: str, rules: Sequence[type[Rule]] | None = None) -> str:
    """The text after one mend after another."""
    for _ in range(4):
        fixes = [one.fix for one in lint_source(text, rules=rules) if one.fix is not None]
        if not fixes:
            return text
        text = edited(text, fixes[0].edits)
    raise AssertionError("the mends do not end")


class TestUnused:
    @pytest.mark.parametrize(
        ("comment", "place", "after"),
        [
            ("  # attnlint: ignore[ATN204]", "ATN204", ""),
            ("  # attnlint: ignore[atn204]", "atn204", ""),
            ("  # attnlint: ignore[discarded-mask] -- see #12, later", "discarded-mask", ""),
            ("  # noqa: ATN204", "ATN204", ""),
            ("  # noqa: E501, ATN204", "ATN204", "  # noqa: E501"),
            ("  # noqa: ATN204,E501 -- long", "ATN204", "  # noqa: E501 -- long"),
            ("  # noqa: ATN204 is wrong", "ATN204", "  # is wrong"),
            ("  # attnlint: ignore[ATN204] the caller masks", "ATN204", "  # the caller masks"),
            ("  # type: ignore[x]  # attnlint: ignore[ATN204]", "ATN204", "  # type: ignore[x]"),
            ("  # attnlint: ignore[ATN204] -- why  # pragma: no cover", "ATN204", "  # pragma: no cover"),
            ("  # attnlint: ignore[ATN204] # noqa: F841", "ATN204", "  # noqa: F841"),
            ("  # attnlint: ignore[ATN204, ATN101]", "ATN204", ""),
            ("  # attnlint: ignore", "# attnlint: ignore", ""),
            ("  # attnlint: ignore -- a toy", "# attnlint: ignore -- a toy", ""),
            ("\n    # attnlint: ignore[ATN204]", "ATN204", None),
            ("  # 🙂 # attnlint: ignore[ATN204]", "ATN204", "  # 🙂"),
        ],
    )
    def test_a_comment_that_silences_nothing(self, comment: str, place: str, after: str | None) -> None:
        text = module(comment)
        (code, line, reported), *rest = found(text)
        assert (code, line, reported, rest) == ("ATN001", 6 + comment.count("\n"), place, [])
        assert mended(text) == module(after or "")

    def test_the_codes_that_silence_something_stay(self) -> None:
        text = module("  # attnlint: ignore[ATN101,ATN204, ATN402] -- a toy", BUGGY)
        assert found(text) == [("ATN001", 6, "ATN101")]
        assert mended(text) == module("  # attnlint: ignore[ATN204] -- a toy", BUGGY)

    @pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"], ids=repr)
    def test_line_ends_and_the_end_of_the_file(self, ends: str) -> None:
        text = module("").replace("\n", ends)
        comment = "# attnlint: ignore[ATN204]"
        assert mended(text + comment + ends) == text
        assert mended(text + comment) == text
        assert mended(f"x = 1  {comment}") == "x = 1"

    @pytest.mark.parametrize(
        "comment", ["# attnlint: ignore[ATN204]", "# attnlint: ignore", "# attnlint: ignore[ATN2]", "# noqa: ATN204"]
    )
    def test_comments_that_are_used(self, comment: str) -> None:
        assert found(module(f"  {comment}", BUGGY)) == []

    @pytest.mark.parametrize("comment", ["# noqa", "# noqa: E501", "# noqa: E501, F401", "# noqa: XYZ204", "# words"])
    def test_comments_of_others(self, comment: str) -> None:
        assert found(module(f"  {comment}")) == []

    def test_words_in_strings_are_no_comments(self) -> None:
        assert found('x = "# attnlint: ignore[ATN204]"\n') == []

    @pytest.mark.parametrize(
        "text", ["x = 1  # attnlint: ignore[ATN204]\n", "# attnlint: ignore\n", "x = 1 # noqa: ATN1\n"]
    )
    def test_files_in_which_nothing_else_can_be_found(self, text: str) -> None:
        assert [code for code, *_ in found(text)] == ["ATN001"]


class TestJudgedAgainstWhatRan:
    """A comment for a rule that was not selected may be used in another run."""

    @pytest.mark.parametrize(
        ("selected", "comment", "judged"),
        [
            (["ATN001", "ATN101"], "ignore[ATN101]", True),
            (["ATN001", "ATN101"], "ignore[missing-scale]", True),
            (["ATN001", "ATN101"], "ignore[ATN204]", False),
            (["ATN001", "ATN101"], "ignore[ATN1]", False),
            (["ATN001", "ATN1"], "ignore[ATN1]", True),
            (["ATN001", "ATN101"], "ignore", False),
            (["ATN001"], "ignore", False),
            (["ATN"], "ignore", True),
            ([], "ignore", True),
            ([], "ignore[ATN]", True),
            ([], "ignore[ATN002]", False),
            (["ATN101"], "ignore[ATN101]", False),
        ],
    )
    def test_only_what_was_looked_for(self, selected: list[str], comment: str, judged: bool) -> None:
        rules = [rule for rule in select(RULES, selected) if rule.code != "ATN002"]
        assert found(module(f"  # attnlint: {comment}"), rules) == [("ATN001", 6, found_place(comment))][: int(judged)]

    def test_an_ignored_rule_did_not_run(self) -> None:
        assert found(module("  # noqa: ATN204", BUGGY), select(RULES, [], ["ATN204"])) == []

    def test_definitions_that_were_not_read(self) -> None:
        deep = "def f(x):\n    return x" + " + x" * 1500 + "  # attnlint: ignore[ATN101]\n"
        read = "def g(x):\n    return x  # attnlint: ignore[ATN101]\n"
        header = "import torch\n\ndef softmax(x): return torch.softmax(x, -1)\n"
        assert [code for code, *_ in found(header + deep)] == ["ATN004"]
        assert [code for code, *_ in found(header + deep + read)] == ["ATN004", "ATN001"]


def found_place(comment: str) -> str:
    return comment[7:-1] if "[" in comment else f"# attnlint: {comment}"


class TestSuppressed:
    @pytest.mark.parametrize("keeper", ["ATN001", "unused-suppression", "atn001"])
    def test_the_rule_itself_can_be_silenced(self, keeper: str) -> None:
        assert found(module(f"  # attnlint: ignore[ATN204, {keeper}] -- for another version")) == []

    def test_by_another_comment(self) -> None:
        assert found(module("  # attnlint: ignore[ATN204]  # noqa: ATN001")) == []

    def test_not_by_a_comment_that_silences_everything(self) -> None:
        assert found(module("  # attnlint: ignore  # noqa")) == [("ATN001", 6, "# attnlint: ignore")]

    def test_the_others(self) -> None:
        assert found(module("  # attnlint: ignore[ATN999, ATN003]")) == []
        assert found(module("  # attnlint: ignore # noqa: ATN002", BUGGY), EVERY) == []


class TestBlanket:
    def test_it_is_asked_for(self) -> None:
        assert found(module("  # attnlint: ignore", BUGGY)) == []

    def test_the_codes_are_named(self) -> None:
        text = module("  # attnlint: ignore -- a toy", BUGGY)
        assert found(text, EVERY) == [("ATN002", 6, "# attnlint: ignore -- a toy")]
        assert mended(text, EVERY) == module("  # attnlint: ignore[ATN204] -- a toy", BUGGY)

    def test_no_mend_where_other_runs_may_silence_more(self) -> None:
        rules = select(RULES, ["ATN002", "ATN204"])
        (one,) = lint_source(module("  # attnlint: ignore", BUGGY), rules=rules)
        assert "ATN204" in one.message
        assert one.fix is None

    @pytest.mark.parametrize("comment", ["# noqa", "# attnlint: ignore[ATN204]", "# noqa: ATN204"])
    def test_others_are_not(self, comment: str) -> None:
        assert found(module(f"  {comment}", BUGGY), EVERY) == []


class TestUnknown:
    @pytest.mark.parametrize(
        ("comment", "place", "after"),
        [
            ("# attnlint: ignore[ATN2O4]", "ATN2O4", "# attnlint: ignore[ATN204]"),
            ("# attnlint: ignore[discarded_mask]", "discarded_mask", "# attnlint: ignore[discarded-mask]"),
            ("# noqa: E501, ATN2O4", "ATN2O4", "# noqa: E501, ATN204"),
        ],
    )
    def test_the_nearest_is_named(self, comment: str, place: str, after: str) -> None:
        text = module(f"  {comment}", BUGGY)
        assert found(text, select(RULES, ["ATN003"])) == [("ATN003", 6, place)]
        assert mended(text, select(RULES, ["ATN003"])) == module(f"  {after}", BUGGY)
        assert sorted(code for code, *_ in found(text)) == ["ATN003", "ATN204"]

    def test_nothing_is_near(self) -> None:
        (one,) = lint_source(module("  # attnlint: ignore[E501]"))
        assert (one.code, one.fix) == ("ATN003", None)
        assert "attnlint rules" in one.message

    def test_a_removed_code(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("attnlint.codes.REMOVED", {"ATN199": "torch raises by itself"})
        text = module("  # attnlint: ignore[ATN199, ATN204]", BUGGY)
        (one,) = lint_source(text)
        assert one.code == "ATN003"
        assert "it was removed: torch raises by itself" in one.message
        assert mended(text) == module("  # attnlint: ignore[ATN204]", BUGGY)


def renamed(code: str) -> type[Rule]:
    """A rule under another code and name than it had."""
    body = {"code": "XYZ204", "name": "thrown-away-mask", "formerly": ("XYZ190", "lost-mask")}
    return type("Renamed", (RULES[code],), body)


class TestFormerCodes:
    @pytest.mark.parametrize(
        "comment", ["# attnlint: ignore[XYZ190]", "# noqa: XYZ190", "# attnlint: ignore[lost-mask]"]
    )
    def test_they_work_and_the_new_one_is_named(self, comment: str) -> None:
        rules = [renamed("ATN204"), RULES["ATN001"], RULES["ATN003"]]
        with pytest.warns(CodeWarning, match="is called XYZ204 thrown-away-mask now"):
            assert found(module(f"  {comment}", BUGGY), rules) == []

    def test_they_are_judged_like_the_new_one(self) -> None:
        with pytest.warns(CodeWarning):
            assert [
                c for c, *_ in found(module("  # attnlint: ignore[XYZ190]"), [renamed("ATN204"), RULES["ATN001"]])
            ] == ["ATN001"]


class TestAboutTheFile:
    @pytest.mark.parametrize(
        "comment",
        [
            "# attnlint: ignore-file",
            "# attnlint: ignore-file -- a toy",
            "# attnlint: ignore-file[ATN204]",
            "# attnlint: ignore-file[discarded-mask, ATN1] -- shown on purpose",
            "# words # attnlint: ignore-file[ATN2]",
            "#attnlint:ignore-file[atn204]",
        ],
    )
    @pytest.mark.parametrize("behind", [False, True])
    def test_it_silences_findings_anywhere(self, comment: str, behind: bool) -> None:
        text = module("", BUGGY) + f"\n\nx = 1\n{comment}\n" if behind else f"{comment}\n{module('', BUGGY)}"
        chosen = select(RULES, ["ATN204"])
        assert found(text, chosen) == []
        assert [code for code, _, _ in found(text.replace(comment, ""), chosen)] == ["ATN204"]

    def test_other_codes_are_reported(self) -> None:
        text = "# attnlint: ignore-file[ATN101]\n" + module("", BUGGY)
        assert found(text) == [("ATN001", 1, "ATN101"), ("ATN204", 7, BUGGY)]

    @pytest.mark.parametrize(
        ("comment", "place", "after"),
        [
            ("# attnlint: ignore-file", "# attnlint: ignore-file", ""),
            ("# attnlint: ignore-file[ATN101] -- a toy", "ATN101", ""),
            ("# words # attnlint: ignore-file[ATN101]", "ATN101", "# words\n"),
        ],
    )
    def test_one_that_silences_nothing(self, comment: str, place: str, after: str) -> None:
        text = f"{comment}\n{module('')}"
        (one,) = lint_source(text)
        assert found(text) == [("ATN001", 1, place)]
        assert one.message.endswith("is reported for this file")
        assert mended(text) == after + module("")

    def test_codes_that_silence_something_stay(self) -> None:
        text = f"# attnlint: ignore-file[ATN101, ATN204] -- a toy\n{module('', BUGGY)}"
        assert found(text) == [("ATN001", 1, "ATN101")]
        assert mended(text) == text.replace("ATN101, ", "")

    def test_behind_code_it_counts_for_nothing_and_is_reported(self) -> None:
        text = module("  # attnlint: ignore-file[ATN204]", BUGGY)
        assert {code for code, _, _ in found(text)} == {"ATN001", "ATN204"}
        about = next(one for one in lint_source(text) if one.code == "ATN001")
        assert about.message == "ATN204 silences nothing: ignore-file has to stand on a line of its own"

    def test_it_is_not_judged_without_the_rules_it_means(self) -> None:
        text = f"# attnlint: ignore-file[ATN101]\n# attnlint: ignore-file\n{module('')}"
        assert found(text, select(RULES, ["ATN001", "ATN204"])) == []

    def test_without_codes_it_is_a_blanket(self) -> None:
        rules = select(RULES, ["ATN002", "ATN204"])
        (one,) = lint_source(f"# attnlint: ignore-file\n{module('', BUGGY)}", rules=rules)
        assert one.message.startswith("the comment silences every finding in this file")
        assert one.message.endswith("here it silences ATN204")
        text = f"# attnlint: ignore-file -- why\n{module('', BUGGY)}"
        named = mended(text, EVERY)
        assert named.splitlines()[0] == "# attnlint: ignore-file[ATN204] -- why"

    def test_an_unknown_code_in_it_is_told(self) -> None:
        assert found(f"# attnlint: ignore-file[ATN1O1]\n{module('')}")[0] == ("ATN003", 1, "ATN1O1")
