"""Settings as a library: plain data, places that come together, globs, the schema and the documentation."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import jsonschema
import pytest
from config_support import SAFE, UNSAFE, Run, attnlint, project, write
from hypothesis import given
from hypothesis import strategies as st

import attnlint as package
from attnlint import ConfigError, Configuration, Settings, lint_paths, lint_source
from attnlint.config.checks import rules_of, tiers_of
from attnlint.config.files import loads
from attnlint.config.layers import Layer, merged
from attnlint.config.pages import MARKER, default_of, markdown, toml
from attnlint.config.schema import schema, text
from attnlint.config.settings import BY_KEY, OPTIONS
from attnlint.diagnostics import Diagnostic, Edit, Fix, Severity, Span, Tier
from attnlint.fixes import fix_paths, fix_source, ignore_source
from attnlint.rule import discover, select
from attnlint.sources.scope import Glob, Patterns

__all__ = ["attnlint"]

CHECKOUT = Path(__file__).parent.parent
PAGE = (CHECKOUT / "docs" / "configuration.md").read_text("utf-8")
RULES = list(discover().values())


class TestSettings:
    def test_they_are_plain_data(self) -> None:
        settings = Configuration({"select": ["ATN1"], "torch-version": "2.1", "exclude": ["a"]}).of_run()
        again = pickle.loads(pickle.dumps(settings))
        assert again == settings != Settings()
        assert hash(again) == hash(settings)
        with pytest.raises(FrozenInstanceError):
            settings.preview = True  # type: ignore[misc]

    def test_every_field_is_a_setting_that_is_explained(self) -> None:
        assert [option.name for option in OPTIONS] == [field.name for field in fields(Settings)]
        for option in OPTIONS:
            assert option.summary.endswith(".")
            assert option.doc.endswith(".")
            assert option.parse(option.example) != option.default

    def test_the_settings_that_others_are_named_by_exist(self) -> None:
        assert {key for option in OPTIONS for key in (*option.replaces, *option.opposes)} <= set(BY_KEY)

    def test_without_configuration_the_rules_are_those_on_by_default(self) -> None:
        assert rules_of(Settings()) == select(discover())


FAR: Mapping[str, object] = {"select": ("ATN1",), "ignore": ("ATN101", "ATN102")}


def codes_of(*layers: Mapping[str, object]) -> list[str]:
    return [rule.code for rule in rules_of(merged([Layer(str(n), one) for n, one in enumerate(layers)]).settings)]


class TestLayers:
    @pytest.mark.parametrize(
        ("near", "more", "less"),
        [
            ({"ignore": ("ATN103",)}, [], ["ATN103"]),
            ({"extend-select": ("ATN101",)}, ["ATN101"], []),
            ({"extend-select": ("missing-scale",)}, ["ATN101"], []),
            ({"extend-select": ("ATN10",)}, ["ATN101", "ATN102"], []),
            ({"extend-select": ("ATN204",)}, ["ATN204"], []),
            ({"ignore": ("ATN",)}, [], ["ATN103", "ATN104", "ATN105", "ATN106", "ATN107", "ATN108"]),
            ({"extend-select": ("ATN1",), "ignore": ("ATN103",)}, ["ATN101", "ATN102"], ["ATN103"]),
        ],
    )
    def test_the_nearer_place_changes_what_the_farther_says(
        self, near: dict[str, object], more: list[str], less: list[str]
    ) -> None:
        assert codes_of(FAR, near) == sorted({*codes_of(FAR), *more} - {*less})

    def test_a_nearer_select_begins_anew(self) -> None:
        far = {**FAR, "extend-select": ("ATN204",)}
        assert codes_of(far, {"select": ("ATN101", "ATN3")})[:2] == ["ATN101", "ATN301"]
        assert codes_of(far, {"select": ("ATN2",)}) == [code for code in discover() if code.startswith("ATN2")]

    SELECTORS = st.lists(st.sampled_from(["ATN", "ATN1", "ATN101", "ATN10", "ATN204", "ATN2", "ATN905"]), max_size=3)

    @given(SELECTORS, SELECTORS, SELECTORS, SELECTORS)
    def test_what_the_nearest_place_says_holds(
        self, selected: list[str], ignored: list[str], more: list[str], less: list[str]
    ) -> None:
        far: dict[str, object] = {"select": tuple(selected), "ignore": tuple(ignored)}
        near: dict[str, object] = {"extend-select": tuple(more), "ignore": tuple(less)}
        before, after = codes_of(far), codes_of(far, near)

        def strength(code: str, selectors: list[str]) -> int:
            return max((len(one) for one in selectors if code.startswith(one)), default=0)

        for code in discover():
            on, off = strength(code, more), strength(code, less)
            assert (code in after) is (on > off if on or off else code in before)

    def test_origins(self) -> None:
        near = Layer("near.toml", {"ignore": ("ATN2",), "select": ("ATN",)}, "tool.attnlint.")
        resolved = merged([Layer("far.toml", {"ignore": ("ATN1",), "extend-exclude": ("a",)}), near])
        assert resolved.origin("ignore") == "near.toml: tool.attnlint.ignore"
        assert resolved.origin("extend-exclude") == "far.toml: extend-exclude"
        assert resolved.origin("preview") == "default"
        assert resolved.settings.ignore == ("ATN2",)


class TestTiers:
    FOUND = Diagnostic(
        "ATN204",
        "discarded-mask",
        Severity.ERROR,
        "a.py",
        Span(1, 1, 1, 2),
        "…",
        "",
        Fix("Assign it", Tier.UNSAFE, (Edit(Span(1, 1, 1, 2), "x"),)),
    )

    @pytest.mark.parametrize(
        ("settings", "tier"),
        [
            ({}, Tier.UNSAFE),
            ({"unfixable": ("ATN2",)}, Tier.MANUAL),
            ({"unfixable": ("ATN2",), "fixable": ("ATN204",)}, Tier.UNSAFE),
            ({"unfixable": ("ATN204",), "fixable": ("ATN2",)}, Tier.MANUAL),
            ({"unfixable": ("ATN2",), "fixable": ("ATN2",)}, Tier.MANUAL),
            ({"fixable": ("ATN1",)}, Tier.MANUAL),
            ({"fixable": ()}, Tier.MANUAL),
            ({"extend_safe_fixes": ("discarded-mask",)}, Tier.SAFE),
            ({"extend_safe_fixes": ("ATN1",)}, Tier.UNSAFE),
            ({"extend_safe_fixes": ("ATN204",), "extend_unsafe_fixes": ("ATN2",)}, Tier.SAFE),
            ({"extend_safe_fixes": ("ATN2",), "extend_unsafe_fixes": ("ATN2",)}, Tier.UNSAFE),
            ({"extend_safe_fixes": ("ATN204",), "unfixable": ("ATN204",)}, Tier.MANUAL),
        ],
    )
    def test_what_a_fix_counts_as(self, settings: dict[str, tuple[str, ...]], tier: Tier) -> None:
        fix = tiers_of(Settings(**settings), RULES).applied(self.FOUND).fix  # type: ignore[arg-type]
        assert fix is not None
        assert (fix.title, fix.tier, bool(fix.edits)) == ("Assign it", tier, tier is not Tier.MANUAL)


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "path", "expected"),
        [
            ("build", "/p/build", True),
            ("build", "/p/a/build/b.py", True),
            ("build", "/p/builds", False),
            ("build", "/build/p", False),
            ("*.py", "/p/a/b.py", True),
            ("*.py", "/p/a.pyi", False),
            ("/a.py", "/p/a.py", True),
            ("/a.py", "/p/b/a.py", False),
            ("a/*.py", "/p/a/b.py", True),
            ("a/*.py", "/p/a/b/c.py", False),
            ("a/**/c.py", "/p/a/x/y/c.py", True),
            ("t?st_[ab]*", "/p/test_abc.py", True),
            ("a.py", "/elsewhere/a.py", True),
            ("b/a.py", "/elsewhere/b/a.py", False),
            ("p", "/p", False),
            ("/a.py", "/elsewhere/a.py", False),
            ("*.py", "/elsewhere/a.py", True),
            ("elsewhere", "/elsewhere/a.py", False),
        ],
    )
    def test_a_pattern(self, pattern: str, path: str, expected: bool) -> None:
        assert Patterns((Glob(pattern, "/p"),)).matches(path) is expected

    def test_folders_alone(self) -> None:
        patterns = Patterns((Glob("gen/", "/p"),))
        assert patterns.matches("/p/gen", is_folder=True)
        assert patterns.matches("/p/a/gen/b.py")
        assert not patterns.matches("/p/gen")

    def test_a_later_one_takes_back(self) -> None:
        patterns = Patterns((Glob("gen*", "/p"), Glob("!gen_kept.py", "/p")))
        assert patterns.matches("/p/gen_a.py")
        assert not patterns.matches("/p/gen_kept.py")

    def test_each_is_relative_to_its_own_folder(self) -> None:
        patterns = Patterns((Glob("/a", "/p"), Glob("/b", "/q")))
        assert [patterns.matches(path) for path in ("/p/a", "/q/b", "/p/b", "/q/a")] == [True, True, False, False]

    def test_what_matches_a_folder_that_was_asked_for_is_left_out(self) -> None:
        patterns = Patterns((Glob("gen", "/p"), Glob("*.pb.py", "/p")))
        spared = patterns.sparing("/p/gen")
        assert not spared.matches("/p/gen/a.py")
        assert spared.matches("/p/gen/a.pb.py")
        assert patterns.sparing("/p/other") is patterns

    NAMES = st.sampled_from(["a", "b.py", "*.py", "c", "*.c"])

    @given(st.lists(NAMES, max_size=4), st.lists(st.sampled_from(["a", "b.py", "c", "d.c"]), min_size=1, max_size=3))
    def test_names_and_ends_are_what_regular_expressions_make_of_them(self, globs: list[str], parts: list[str]) -> None:
        from pathspec import GitIgnoreSpec

        path = "/".join(parts)
        plainly = Patterns(tuple(Glob(glob, "/p") for glob in globs)).matches(f"/p/{path}")
        assert plainly is GitIgnoreSpec.from_lines(globs).match_file(path)


class TestLibrary:
    def test_without_a_configuration_none_is_read(self, attnlint: Run) -> None:
        project('select = ["ATN1"]')
        assert [found.code for found in lint_paths(["."]).diagnostics] == ["ATN402", "ATN204", "ATN101"]
        assert [found.code for found in lint_source(UNSAFE, "unsafe.py")] == ["ATN204", "ATN101"]

    def test_with_one_files_are(self, attnlint: Run) -> None:
        project('select = ["ATN1"]')
        assert [found.code for found in lint_paths(["."], config=Configuration()).diagnostics] == ["ATN101"]
        assert [found.code for found in lint_source(UNSAFE, "unsafe.py", config=Configuration())] == ["ATN101"]
        config = Configuration({"select": ["ATN2"]})
        assert [found.code for found in lint_paths(["."], config=config).diagnostics] == ["ATN204"]

    def test_rules_count_before_it(self, attnlint: Run) -> None:
        project('select = ["ATN1"]\nexclude = ["safe.py"]\nextend-safe-fixes = ["ATN2"]')
        (found,) = lint_paths(["."], [discover()["ATN204"], discover()["ATN402"]], config=Configuration()).diagnostics
        assert found.fix is not None
        assert (found.code, found.fix.tier) == ("ATN204", Tier.SAFE)

    def test_fixes_and_comments_heed_it(self, attnlint: Run) -> None:
        project('select = ["ATN204"]')
        config = Configuration()
        report = fix_paths(["."], None, lambda found: True, None, config=config)
        assert [found.code for fixed in report.fixed.values() for found in fixed.made] == ["ATN204"]
        made = fix_source(UNSAFE.encode(), "unsafe.py", None, lambda found: True, config=config).made
        assert [found.code for found in made] == ["ATN204"]
        silenced = ignore_source(UNSAFE.encode(), "unsafe.py", config=config).made
        assert [found.code for found in silenced] == ["ATN204"]

    def test_mistakes_are_raised(self, attnlint: Run) -> None:
        with pytest.raises(ValueError, match="`selct` is no setting; did you mean `select`"):
            Configuration({"selct": []})
        project("preview = 3")
        with pytest.raises(ConfigError, match=r"pyproject.toml:5: `preview` has to be true or false, not 3") as error:
            lint_source(UNSAFE, "unsafe.py", config=Configuration())
        assert (error.value.problem.path, error.value.problem.line) == ("pyproject.toml", 5)
        assert [problem.line for problem in lint_paths(["."], config=Configuration()).problems] == [5]

    def test_a_set_of_rules_is_made_once(self, attnlint: Run) -> None:
        write({"sub/attnlint.toml": 'ignore = ["ATN905"]'})
        project('per-file-ignores = { "b.py" = ["ATN1"] }')
        config = Configuration()
        here, there = config.checks("a.py").rules, config.checks("sub/a.py").rules
        assert here is there is config.checks("c.py").rules
        assert config.checks("b.py").rules is not here

    def test_files_are_read_once(self, attnlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        project("")
        asked: list[str] = []
        from attnlint.config import configuration

        def counting(path: str, is_trusted: bool) -> list[Layer]:
            asked.append(path)
            return []

        monkeypatch.setattr(configuration, "layers_of", counting)
        config = Configuration()
        for path in ("a.py", "b/c.py", "b/d/e.py", "a.py"):
            config.settings(path)
        assert asked == [str(Path("pyproject.toml").resolve())]

    def test_the_public_names(self) -> None:
        assert {"ConfigError", "Configuration", "Settings"} <= set(package.__all__)


class TestSchema:
    VALIDATOR = jsonschema.Draft7Validator(schema())

    def test_it_is_a_schema_and_what_is_shipped(self) -> None:
        jsonschema.Draft7Validator.check_schema(schema())
        shipped = (CHECKOUT / "attnlint" / "config" / "schema.json").read_text("utf-8")
        assert shipped == text(), 'run "python -m attnlint.config.pages ."'

    def test_the_command_prints_it(self, attnlint: Run) -> None:
        assert json.loads(attnlint("config", "--schema").out) == schema()

    def test_examples_and_defaults_are_valid(self) -> None:
        for option in OPTIONS:
            for value in (option.example, default_of(option)):
                self.VALIDATOR.validate({} if value is None else {option.key: value})

    @pytest.mark.parametrize(
        "settings",
        [
            {"selct": []},
            {"select": "ATN1"},
            {"select": [""]},
            {"preview": "yes"},
            {"output-format": "xml"},
            {"per-file-ignores": {"a": "ATN1"}},
            {"exclude": [1]},
            {"baseline": ""},
        ],
    )
    def test_mistakes_are_not(self, settings: dict[str, object]) -> None:
        assert not self.VALIDATOR.is_valid(settings)
        with pytest.raises(ValueError, match="`"):
            Configuration(settings)


class TestDocumentation:
    def test_the_page_is_what_the_table_says(self) -> None:
        generated = PAGE.partition(MARKER)[2].strip("\n")
        assert generated == "\n".join(markdown()).strip("\n"), 'run "python -m attnlint.config.pages ."'

    def test_its_files_are_right(self, attnlint: Run) -> None:
        write({"../pyproject.toml": "[tool.attnlint]\n"})
        for block in re.findall(r"^```toml\n(.*?)^```", PAGE.partition(MARKER)[0], re.MULTILINE | re.DOTALL):
            name = "pyproject.toml" if "[tool." in block else "attnlint.toml"
            write({f"{name[0]}/{name}": block.replace("../", "../../")})
            assert Configuration().settings(f"{name[0]}/a.py") != Settings()

    def test_its_commands_are_right(self, attnlint: Run) -> None:
        write({"src/model.py": SAFE})
        blocks = re.findall(r"^```bash\nattnlint (.*?)\n```", PAGE, re.MULTILINE)
        assert len(blocks) == 2
        for block in blocks:
            assert attnlint(*block.replace("'", "").split()).err == ""

    @given(
        st.recursive(
            st.booleans() | st.text(st.characters(exclude_categories=["Cs"])),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab \"'"), inner, max_size=3),
        )
    )
    def test_what_is_written_as_toml_is_read_again(self, value: object) -> None:
        assert loads(f"key = {toml(value)}") == {"key": value}
