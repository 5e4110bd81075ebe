"""The Python interface: what is public, what it raises, and that it can be pickled and called from many threads."""

from __future__ import annotations

import copy
import doctest
import inspect
import pickle
import re
import subprocess
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from test_cli import BUGGY, CLEAN

import attnlint
from attnlint import (
    BrokenRules,
    Cache,
    CodeWarning,
    ConfigError,
    Configuration,
    Content,
    CopiedFrom,
    Copy,
    Diagnostic,
    Edit,
    Failures,
    Finding,
    Fix,
    Mend,
    Problem,
    Related,
    Replacement,
    Report,
    Rule,
    RuleError,
    Settings,
    Severity,
    SourceError,
    Span,
    Tier,
    UnknownCode,
    discover,
    lint_paths,
    lint_source,
    select,
)
from attnlint.suppressions import TRIGGERS

CHECKOUT = Path(__file__).parent.parent
API = CHECKOUT / "docs" / "api.md"
FIXTURES = sorted((CHECKOUT / "fixtures").glob("[!_]*.py"))

PLACE = Span(1, 2, 3, 4)
EDIT = Edit(PLACE, "x")
FIX = Fix("Do it", Tier.SAFE, (EDIT,))
RELATED = Related("a.py", PLACE, "here")
FOUND = Diagnostic("ATN101", "missing-scale", Severity.ERROR, "a.py", PLACE, "no scale", "https://x", FIX, (RELATED,))
PROBLEM = Problem("b.py", 3, "invalid syntax")
REPLACEMENT = Replacement(PLACE, "x")
MEND = Mend("Do it", Tier.UNSAFE, (REPLACEMENT,))
ORIGIN = CopiedFrom("a.py", "A", "B", (("A", "B"),))
VALUES: list[object] = [
    *(ORIGIN, Content("B.forward", "q @ k", (ORIGIN,)), Copy("b.py", PLACE)),
    *(PLACE, EDIT, FIX, RELATED, FOUND, PROBLEM, REPLACEMENT, MEND),
    *(Severity.WARNING, Tier.MANUAL),
    Report([FOUND], [PROBLEM], 2),
    Finding(PLACE, "no scale", ((PLACE, "here"),), MEND, Severity.WARNING),
    Configuration({"select": ["ATN2"]}, isolated=True).settings("a.py"),
]
ERRORS: list[Exception] = [
    SourceError(3, "invalid syntax"),
    ConfigError("attnlint.toml", 3, "`selct` is no setting"),
    RuleError("ATN101", "ATN101 missing-scale failed"),
    UnknownCode("ATN1O1", ("ATN101",)),
    CodeWarning("ATN290 is called ATN204 now"),
    BrokenRules("rules of pack: none"),
]


class Raising(Rule):
    """A rule that raises where it should judge comments."""

    code = "XYZ101"
    name = "raising"
    triggers = TRIGGERS

    def check_suppressions(self, suppressions: object) -> list[Finding]:  # type: ignore[override]
        raise ZeroDivisionError("no comments")


class TestPickling:
    def test_no_public_type_is_forgotten(self) -> None:
        tested = {type(value) for value in [*VALUES, *ERRORS, Failures()]} | {Cache, Configuration, Rule}
        public = [getattr(attnlint, name) for name in attnlint.__all__]
        assert tested == {one for one in public if inspect.isclass(one)}

    @pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
    def test_values_come_back_equal(self, protocol: int) -> None:
        for value in VALUES:
            assert pickle.loads(pickle.dumps(value, protocol)) == value
            assert copy.deepcopy(value) == value

    def test_errors_come_back_as_they_were(self) -> None:
        for error in ERRORS:
            back = pickle.loads(pickle.dumps(error))
            assert (type(back), str(back), vars(back)) == (type(error), str(error), vars(error))

    def test_a_configuration_says_the_same_when_it_is_back(self) -> None:
        config = Configuration({"select": ["ATN2"]}, isolated=True)
        back = pickle.loads(pickle.dumps(config))
        assert isinstance(back.settings("a.py"), Settings)
        assert back.settings("a.py") == config.settings("a.py")
        assert lint_source(BUGGY, config=back) == lint_source(BUGGY, config=config)

    def test_rules_come_back_as_themselves(self) -> None:
        for rule in discover().values():
            assert pickle.loads(pickle.dumps(rule)) is rule

    def test_collected_failures(self) -> None:
        failures = Failures()
        lint_source("x = 1  # attnlint: ignore", rules=[Raising], failures=failures)
        (told,) = failures.told()
        (back,) = pickle.loads(pickle.dumps(failures)).told()
        place = f" (test_api.py:{line_of('raise ZeroDivision')})"
        assert place in told
        assert back in (told, told.replace(place, ""))  # tracebacks stay behind, but for libraries that pickle them

    def test_findings_reach_other_processes(self) -> None:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            found = pool.submit(lint_source, BUGGY, "model.py", select(discover(), ["ATN2"])).result()
        assert found == lint_source(BUGGY, "model.py", select(discover(), ["ATN2"]))
        assert [one.code for one in found] == ["ATN204"]


def line_of(text: str) -> int:
    lines = Path(__file__).read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


class TestErrors:
    @pytest.mark.parametrize(
        ("source", "line", "reason"),
        [
            ("import torch\nsoftmax(\n", 2, "never closed"),
            ("x = 1\ny = '\ud800'\n", 2, "surrogate"),
            (b"import torch\n# \xff softmax\n", 2, "not valid utf-8"),
            (b"# coding: klingon\n", 1, "klingon"),
            ("x = '\0'", None, "null"),
        ],
    )
    def test_sources_that_cannot_be_read(self, source: str | bytes, line: int | None, reason: str) -> None:
        with pytest.raises(SourceError, match=reason) as raised:
            lint_source(source)
        assert raised.value.line in (line, 1)
        assert reason in raised.value.reason

    def test_a_rule_that_raises_and_one_that_is_collected(self) -> None:
        source = BUGGY + "# attnlint: ignore[ATN101]\n"
        with pytest.raises(RuleError, match=r"^XYZ101 raising failed with ZeroDivisionError: no comments ") as raised:
            lint_source(source, rules=[Raising])
        assert isinstance(raised.value.__cause__, ZeroDivisionError)
        assert str(raised.value).endswith("; this is a bug of test_api, please report it")
        failures = Failures()
        found = lint_source(source, rules=[Raising, discover()["ATN204"]], failures=failures)
        assert [one.code for one in found] == ["ATN204"]
        assert list(failures.told()) == [str(raised.value)]

    def test_unknown_codes(self) -> None:
        with pytest.raises(UnknownCode, match="ATN1O1") as raised:
            select(discover(), ["ATN1O1"])
        assert raised.value.nearest == ("ATN101",)


class TestSources:
    def test_a_declared_encoding_in_text_means_nothing(self) -> None:
        text = "# coding: latin-1\n" + BUGGY.replace("    scores.masked", "    'é🙂'; scores.masked")
        assert [one.span.column for one in lint_source(text) if one.code == "ATN204"] == [11]
        assert lint_source(text.replace("latin-1", "klingon")) == lint_source(text)

    def test_paths(self, tmp_path: Path) -> None:
        path = tmp_path / "model.py"
        path.write_text(BUGGY, "utf-8")
        by_list = lint_paths([path])
        assert len(by_list.diagnostics) == 2
        assert lint_paths(path) == lint_paths(str(path)) == by_list
        assert lint_source(BUGGY, path) == by_list.diagnostics

    def test_comments_of_another_tool(self) -> None:
        silenced = BUGGY.replace('"-inf"))', '"-inf"))  # noqa: ATN204').replace(
            "(-2,-1)", "(-2,-1)  # attnlint: ignore"
        )
        assert lint_source(silenced) == []
        assert [one.code for one in lint_source(silenced, noqa=False)] == ["ATN204"]
        unused = CLEAN.replace('"-inf"))', '"-inf"))  # noqa: ATN204')
        assert [one.code for one in lint_source(unused)] == ["ATN001"]
        assert lint_source(unused, noqa=False) == []


class TestThreads:
    def test_the_same_findings_from_many_threads(self) -> None:
        sources = [(path.read_text("utf-8"), path.name) for path in FIXTURES[:16]]
        alone = [lint_source(*source) for source in sources]
        before = list(warnings.filters)
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(lambda source: lint_source(*source), sources * 3))
        assert together == alone * 3
        assert sum(map(len, alone)) > len(sources)
        assert warnings.filters == before

    def test_threads_that_come_first_of_all(self) -> None:
        program = (
            "import sys; from concurrent.futures import ThreadPoolExecutor; import attnlint; text = sys.stdin.read()\n"
            "with ThreadPoolExecutor(8) as pool:\n"
            "    found = list(pool.map(lambda number: attnlint.lint_source(text), range(8)))\n"
            "print([[one.code for one in each] for each in found] == [['ATN204', 'ATN101']] * 8)"
        )
        command = [sys.executable, "-I", "-c", program]
        done = subprocess.run(command, input=BUGGY, capture_output=True, text=True, check=False, timeout=120)
        assert (done.stdout, done.stderr) == ("True\n", "")

    def test_files_that_share_their_text(self, tmp_path: Path) -> None:
        paths = [tmp_path / f"{number}.py" for number in range(6)]
        for path in paths:
            path.write_text(BUGGY, "utf-8")
        with ThreadPoolExecutor(6) as pool:
            reports = list(pool.map(lint_paths, paths))
        assert [[one.code for one in report.diagnostics] for report in reports] == [["ATN204", "ATN101"]] * 6


class TestPage:
    def test_its_examples_do_what_they_say(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        blocks = re.findall(r"^```python\n(.*?)^```", API.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "api.md", str(API), 0)
        assert len(test.examples) > 15
        told: list[str] = []
        doctest.DocTestRunner(verbose=False).run(test, out=told.append)
        assert told == []

    def test_it_names_every_public_name(self) -> None:
        text = API.read_text("utf-8")
        assert [name for name in attnlint.__all__ if f"`{name}`" not in text] == []

    def test_the_names_are_sorted_and_hold(self) -> None:
        assert sorted(attnlint.__all__) == attnlint.__all__
        assert all(hasattr(attnlint, name) for name in attnlint.__all__)
