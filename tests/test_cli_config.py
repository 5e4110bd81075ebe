"""Every setting, in files and on the command line, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from config_support import SAFE, UNSAFE, Result, Run, attnlint, project, write

from attnlint.config.settings import BY_KEY
from attnlint.rule import discover

__all__ = ["attnlint"]

CONCISE = ("--output-format", "concise")
ALL = ["safe.py: ATN402", "unsafe.py: ATN204", "unsafe.py: ATN101"]


def unchanged() -> bool:
    return (Path("safe.py").read_text(), Path("unsafe.py").read_text()) == (SAFE, UNSAFE)


class TestRules:
    def test_select(self, attnlint: Run) -> None:
        project('select = ["ATN4", "missing-scale"]')
        assert attnlint(*CONCISE, ".").places == ["safe.py: ATN402", "unsafe.py: ATN101"]
        assert attnlint(*CONCISE, "--select", "ATN2", ".").places == ["unsafe.py: ATN204"]

    def test_select_nothing(self, attnlint: Run) -> None:
        project("select = []")
        assert attnlint(*CONCISE, ".").places == []
        project('select = []\nextend-select = ["ATN402"]')
        assert attnlint(*CONCISE, ".").places == ["safe.py: ATN402"]

    def test_extend_select(self, attnlint: Run) -> None:
        project('extend-select = ["ATN306"]')
        assert attnlint(*CONCISE, ".").places == ALL
        project('select = ["ATN1"]\nextend-select = ["ATN402"]')
        assert attnlint(*CONCISE, ".").places == ["safe.py: ATN402", "unsafe.py: ATN101"]
        assert attnlint(*CONCISE, "--extend-select", "ATN2", ".").places == ALL

    def test_ignore(self, attnlint: Run) -> None:
        project('ignore = ["ATN2"]')
        assert attnlint(*CONCISE, ".").places == ["safe.py: ATN402", "unsafe.py: ATN101"]
        assert attnlint(*CONCISE, "--ignore", "ATN1", ".").places == ["safe.py: ATN402"]

    def test_the_command_line_counts_before_the_file(self, attnlint: Run) -> None:
        project('ignore = ["ATN204"]\nselect = ["ATN1", "ATN2"]')
        assert attnlint(*CONCISE, ".").places == ["unsafe.py: ATN101"]
        assert attnlint(*CONCISE, "--select", "ATN2", ".").places == ["unsafe.py: ATN204"]
        assert attnlint(*CONCISE, "--extend-select", "ATN2", ".").places == ["unsafe.py: ATN204", "unsafe.py: ATN101"]
        assert attnlint(*CONCISE, "--ignore", "ATN", ".").places == []

    def test_per_file_ignores(self, attnlint: Run) -> None:
        write({"tests/unsafe.py": UNSAFE, "tests/deep/unsafe.py": UNSAFE})
        project('per-file-ignores = { "tests/" = ["ATN2"], "/safe.py" = ["ATN402"] }')
        assert attnlint(*CONCISE, ".").places == [
            "tests/deep/unsafe.py: ATN101",
            "tests/unsafe.py: ATN101",
            "unsafe.py: ATN204",
            "unsafe.py: ATN101",
        ]
        assert attnlint(*CONCISE, "--per-file-ignores", "tests/:ATN1,unsafe.py:ATN204", ".").places == [
            "unsafe.py: ATN101"
        ]

    def test_per_file_ignores_for_all_other_files(self, attnlint: Run) -> None:
        project('[tool.attnlint.per-file-ignores]\n"!unsafe.py" = ["ATN"]')
        assert attnlint(*CONCISE, ".").places == ALL[1:]

    def test_preview(self, attnlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(discover()["ATN402"], "preview", True)
        project("")
        assert attnlint(*CONCISE, ".").places == ALL[1:]
        project("preview = true")
        assert attnlint(*CONCISE, ".").places == ALL
        assert attnlint(*CONCISE, "--no-preview", ".").places == ALL[1:]

    def test_torch_version(self, attnlint: Run) -> None:
        write({"a.py": "import torch\ntorch.backends.cuda.sdp_kernel()\n"})
        assert attnlint(*CONCISE, "a.py").places == ["a.py: ATN407"]
        project('torch-version = ">=2.1"')
        assert attnlint(*CONCISE, "a.py").places == []
        assert attnlint(*CONCISE, "--torch-version", "2.3", "a.py").places == ["a.py: ATN407"]


class TestFiles:
    @pytest.fixture(autouse=True)
    def files(self, attnlint: Run) -> None:
        write({"gen/a.py": SAFE, "src/gen/b.py": SAFE, "build/c.py": SAFE, "safe.py": "", "unsafe.py": ""})

    def test_exclude_replaces_the_usual_folders(self, attnlint: Run) -> None:
        assert attnlint(*CONCISE, ".").places == ["gen/a.py: ATN402", "src/gen/b.py: ATN402"]
        project('exclude = ["/gen"]')
        assert attnlint(*CONCISE, ".").places == ["build/c.py: ATN402", "src/gen/b.py: ATN402"]
        assert attnlint(*CONCISE, "--exclude", "src,build", ".").places == ["gen/a.py: ATN402"]

    def test_extend_exclude_adds_to_them(self, attnlint: Run) -> None:
        project('extend-exclude = ["/gen/"]')
        assert attnlint(*CONCISE, ".").places == ["src/gen/b.py: ATN402"]
        assert attnlint(*CONCISE, "--extend-exclude", "b.py", ".").places == []

    def test_what_is_named_is_searched(self, attnlint: Run) -> None:
        project('extend-exclude = ["gen"]')
        assert attnlint(*CONCISE, ".").places == []
        assert attnlint(*CONCISE, "gen", "src/gen/b.py", "build").places == [
            "build/c.py: ATN402",
            "gen/a.py: ATN402",
            "src/gen/b.py: ATN402",
        ]

    def test_force_exclude(self, attnlint: Run) -> None:
        project('extend-exclude = ["gen"]\nforce-exclude = true')
        named = ("gen", "src/gen/b.py", "build/c.py")
        assert attnlint(*CONCISE, *named).places == []
        assert len(attnlint(*CONCISE, "--no-force-exclude", *named).places) == 3
        project("")
        assert attnlint(*CONCISE, "--force-exclude", *named).places == ["gen/a.py: ATN402", "src/gen/b.py: ATN402"]

    def test_the_folder_of_the_run_is_not_excluded_by_its_own_name(
        self, attnlint: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir("build")
        assert attnlint(*CONCISE, "--force-exclude", ".").places == ["c.py: ATN402"]

    def test_include(self, attnlint: Run) -> None:
        write({"src/d.pyw": SAFE})
        project('include = ["*.pyw", "gen/*.py"]')
        assert attnlint(*CONCISE, ".").places == ["gen/a.py: ATN402", "src/d.pyw: ATN402"]
        assert attnlint(*CONCISE, "src/gen/b.py").places == ["src/gen/b.py: ATN402"]
        assert attnlint(*CONCISE, "--include", "*.pyw", ".").places == ["src/d.pyw: ATN402"]

    def test_respect_gitignore(self, attnlint: Run) -> None:
        write({".gitignore": "gen/\n"})
        assert attnlint(*CONCISE, ".").places == []
        project("respect-gitignore = false")
        assert attnlint(*CONCISE, ".").places == ["gen/a.py: ATN402", "src/gen/b.py: ATN402"]
        assert attnlint(*CONCISE, "--respect-gitignore", ".").places == []

    def test_patterns_of_nested_files_are_relative_to_them(self, attnlint: Run) -> None:
        write({"src/attnlint.toml": 'exclude = ["/gen"]'})
        project('exclude = ["/src/gen", "/gen"]')
        assert attnlint(*CONCISE, ".").places == ["build/c.py: ATN402"]
        write({"src/attnlint.toml": ""})
        assert attnlint(*CONCISE, ".").places == ["build/c.py: ATN402", "src/gen/b.py: ATN402"]


class TestFixes:
    def test_no_file_has_anything_fixed_by_itself(self, attnlint: Run) -> None:
        project("fix = true")
        result = attnlint(*CONCISE, ".")
        assert (result.status, result.err) == (2, "pyproject.toml:5: `fix` is no setting; did you mean `fixable`?\n")
        assert unchanged()

    def test_comments_instead_of_fixes(self, attnlint: Run) -> None:
        assert attnlint(*CONCISE, "--add-ignore", "safe.py").status == 0
        assert "# attnlint: ignore[ATN402]" in Path("safe.py").read_text()
        assert "--fix and --add-ignore exclude each other" in attnlint("--fix", "--add-ignore", "safe.py").err

    def test_unsafe_fixes(self, attnlint: Run) -> None:
        project("unsafe-fixes = true")
        assert attnlint(*CONCISE, ".").places == ALL
        assert attnlint(*CONCISE, "--fix", "--no-unsafe-fixes", ".").places == ALL[1:]
        assert attnlint(*CONCISE, "--fix", ".").places == []

    def test_show_fixes(self, attnlint: Run) -> None:
        project("show-fixes = true")
        assert attnlint("--fix", "--no-show-fixes", "unsafe.py").err == ""
        assert attnlint("--fix", "safe.py").err.startswith("Fixed 1 finding in 1 file\n")

    def test_unsafe_fixes_are_asked_for_in_the_folder_of_the_run_alone(self, attnlint: Run) -> None:
        write({"vendored/pyproject.toml": "[tool.attnlint]\nunsafe-fixes = true\n", "vendored/unsafe.py": UNSAFE})
        assert len(attnlint(*CONCISE, "--fix", "vendored").places) == 2
        assert Path("vendored/unsafe.py").read_text() == UNSAFE

    def test_fixable_and_unfixable(self, attnlint: Run) -> None:
        project('fixable = ["ATN1", "ATN2"]\nunfixable = ["ATN204"]')
        assert attnlint(*CONCISE, "--fix", "--unsafe-fixes", ".").places == ALL[:2]
        assert Path("safe.py").read_text() == SAFE
        assert attnlint(*CONCISE, "--fix", "--fixable=ATN402", ".").places == ["unsafe.py: ATN204"]

    def test_what_is_not_fixed_still_says_what_to_do(self, attnlint: Run) -> None:
        project('unfixable = ["ATN402"]')
        text = attnlint("safe.py").out
        assert "= help: Gate by self.training\n" in text
        assert "fixable" not in text
        (found,) = json.loads(attnlint("--output-format=json", "safe.py").out)
        assert (found["fix"]["tier"], found["fix"]["edits"]) == ("manual", [])

    def test_extend_safe_fixes(self, attnlint: Run) -> None:
        project('extend-safe-fixes = ["ATN2"]')
        assert attnlint(*CONCISE, "--fix", "--extend-unsafe-fixes", "ATN2", "unsafe.py").places == ALL[1:]
        assert "1 fixable with --fix, 1 more with --fix --unsafe-fixes." in attnlint("unsafe.py").out
        assert attnlint(*CONCISE, "--fix", "unsafe.py").places == ["unsafe.py: ATN101"]

    def test_extend_unsafe_fixes(self, attnlint: Run) -> None:
        project('extend-unsafe-fixes = ["ATN4"]')
        assert attnlint(*CONCISE, "--fix", "safe.py").places == ["safe.py: ATN402"]
        assert attnlint(*CONCISE, "--fix", "--extend-safe-fixes", "ATN402", "safe.py").places == []


class TestRun:
    def test_output_format(self, attnlint: Run) -> None:
        project('output-format = "concise"')
        assert attnlint(".").places == ALL
        assert attnlint("--output-format", "github", ".").out.startswith("::")

    def test_required_version(self, attnlint: Run) -> None:
        project('required-version = ">=0.1"')
        assert attnlint(".").status == 1
        project('from-the-future = 1\nrequired-version = ">=99"')
        result = attnlint(".")
        assert (result.status, result.err) == (
            2,
            "pyproject.toml:6: `required-version` asks for attnlint >=99, and this is attnlint 0.1.0\n",
        )

    def test_extend(self, attnlint: Run) -> None:
        write({"shared/base.toml": 'extend = "root.toml"\nignore = ["ATN4"]', "shared/root.toml": 'ignore = ["ATN1"]'})
        project('extend = "shared/base.toml"')
        assert attnlint(*CONCISE, ".").places == ["unsafe.py: ATN204"]
        project('extend = "shared/base.toml"\nextend-select = ["ATN402"]')
        assert attnlint(*CONCISE, ".").places == ["safe.py: ATN402", "unsafe.py: ATN204"]
        project('extend = "shared/base.toml"\nselect = ["ATN1"]')
        assert attnlint(*CONCISE, ".").places == ["unsafe.py: ATN101"]

    @pytest.mark.parametrize("key", ["baseline", "cache-dir"])
    def test_paths_are_relative_to_the_file(self, attnlint: Run, key: str) -> None:
        write({"deep/attnlint.toml": f'{key} = "kept"', "deep/a.py": ""})
        (shown,) = json.loads(attnlint("--show-settings", "--output-format=json", "deep/a.py").out)
        assert shown["settings"][key]["value"] == str(Path("deep/kept").resolve())

    def test_time_limit(self, attnlint: Run) -> None:
        project("time-limit = 1e-6")
        over = attnlint(*CONCISE, ".")
        assert (over.status, over.places) == (2, [])
        assert over.err.count(": not analysed: it takes more than 1e-06 seconds") == 2
        assert attnlint(*CONCISE, "--time-limit", "0", ".").places == ALL

    def test_cache_dir(self, attnlint: Run) -> None:
        project('cache-dir = "kept"')
        assert attnlint(*CONCISE, ".").places == ALL
        assert Path("kept/.gitignore").read_text() == "*\n"
        (shown,) = json.loads(attnlint("--cache-dir=other", "--show-settings", "--output-format=json", "safe.py").out)
        assert shown["settings"]["cache-dir"] == {
            "value": str(Path("other").resolve()),
            "origin": "command line: cache-dir",
        }
        assert attnlint(*CONCISE, "--cache-dir=other", ".").places == ALL
        assert Path("other/.gitignore").exists()


def test_there_is_a_test_for_every_setting() -> None:
    written = Path(__file__).read_text("utf-8")
    tested = {key for key in BY_KEY if f"def test_{key.replace('-', '_')}" in written}
    tested |= {key for key in ("fixable", "unfixable") if "def test_fixable_and_unfixable" in written}
    tested |= {key for key in ("baseline",) if f'"{key}"' in written}
    assert tested == set(BY_KEY)


class TestWhere:
    @pytest.mark.parametrize("name", [".attnlint.toml", "attnlint.toml"])
    def test_files_of_its_own(self, attnlint: Run, name: str) -> None:
        write({name: 'select = ["ATN4"]'})
        assert attnlint(*CONCISE, ".").places == ["safe.py: ATN402"]

    def test_of_one_folder_the_first_counts(self, attnlint: Run) -> None:
        project('select = ["ATN1"]')
        write({"attnlint.toml": 'select = ["ATN2"]'})
        assert attnlint(*CONCISE, ".").places == ["unsafe.py: ATN204"]
        write({".attnlint.toml": 'select = ["ATN4"]'})
        assert attnlint(*CONCISE, ".").places == ["safe.py: ATN402"]

    def test_the_nearest_file_counts_alone(self, attnlint: Run) -> None:
        project('ignore = ["ATN204", "ATN101"]')
        write({"sub/deep/unsafe.py": UNSAFE, "sub/attnlint.toml": 'ignore = ["ATN101"]'})
        assert attnlint(*CONCISE, ".").places == ["safe.py: ATN402", "sub/deep/unsafe.py: ATN204"]

    def test_a_pyproject_without_the_section_is_passed_over(self, attnlint: Run) -> None:
        project('select = ["ATN4"]')
        write({"sub/unsafe.py": UNSAFE, "sub/pyproject.toml": "[tool.other]\n", "sub/deep/safe.py": SAFE})
        write({"sub/deep/pyproject.toml": 'this is [no TOML, but nothing for "attnlint"'})
        assert attnlint(*CONCISE, ".").places == ["safe.py: ATN402", "sub/deep/safe.py: ATN402"]

    def test_standard_input_belongs_to_the_current_folder(self, attnlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("attnlint.sources.read._read_stdin", lambda: UNSAFE.encode())
        project('select = ["ATN101"]')
        assert attnlint(*CONCISE, "-").places == ["-: ATN101"]

    def test_a_file_behind_a_link_belongs_where_it_lies(self, attnlint: Run) -> None:
        write({"real/attnlint.toml": 'select = ["ATN4"]', "real/safe.py": SAFE, "real/unsafe.py": UNSAFE})
        Path("link").symlink_to("real", target_is_directory=True)
        assert attnlint(*CONCISE, "link").places == ["link/safe.py: ATN402"]
        assert attnlint(*CONCISE, "link/unsafe.py").places == []


class TestCommandLine:
    def test_config_takes_one_file_for_all(self, attnlint: Run) -> None:
        project('select = ["ATN4"]')
        write({"other/mine.toml": 'select = ["ATN2"]', "sub/unsafe.py": UNSAFE, "sub/attnlint.toml": "select = []"})
        assert attnlint(*CONCISE, "--config", "other/mine.toml", ".").places == [
            "sub/unsafe.py: ATN204",
            "unsafe.py: ATN204",
        ]

    @pytest.mark.parametrize("folder", ["real", "link", "real/../link"])
    def test_patterns_of_a_file_in_a_linked_folder(self, attnlint: Run, folder: str) -> None:
        write({"real/mine.toml": 'exclude = ["/sub/"]', "real/sub/a.py": SAFE, "real/b.py": SAFE, "real/c.py": SAFE})
        write({"real/under.toml": 'extend = "mine.toml"\nper-file-ignores = { "/c.py" = ["ATN402"] }'})
        Path("link").symlink_to("real", target_is_directory=True)
        assert attnlint(*CONCISE, "--config", f"{folder}/mine.toml", "real").places == [
            "real/b.py: ATN402",
            "real/c.py: ATN402",
        ]
        assert attnlint(*CONCISE, "--config", f"{folder}/under.toml", "real").places == ["real/b.py: ATN402"]

    def test_config_takes_settings(self, attnlint: Run) -> None:
        project('select = ["ATN4"]')
        options = ("--config", 'select = ["ATN1", "ATN2"]', "--config", 'per-file-ignores."*.py" = ["ATN204"]')
        assert attnlint(*CONCISE, *options, ".").places == ["unsafe.py: ATN101"]
        assert attnlint(*CONCISE, *options, "--select", "ATN4", ".").places == ["safe.py: ATN402"]

    def test_isolated(self, attnlint: Run) -> None:
        project('select = ["ATN4"]')
        assert attnlint(*CONCISE, "--isolated", ".").places == ALL
        assert attnlint(*CONCISE, "--isolated", "--config", 'ignore=["ATN1"]', ".").places == ALL[:2]

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["--config", "nowhere.toml"], "--config nowhere.toml: there is no such file"),
            (["--config", "a.toml", "--config", "b.toml"], "--config takes one file, and a.toml is one"),
            (["--config", "a.toml", "--isolated"], "--isolated reads no configuration file"),
            (["--config", "output-format=json"], 'json is no TOML value; text stands in quotes: output-format="…"'),
            (["--config", "selct=[]"], "`selct` is no setting; did you mean `select`?"),
            (["--config", "preview=1"], "`preview` has to be true or false, not 1"),
            (["--config", 'extend="a.toml"'], "`extend` makes sense in a configuration file alone"),
            (["--select", "ATN2O4"], "`select` names 'ATN2O4', which is no rule; did you mean ATN204?"),
            (["--per-file-ignores", "ATN1"], "PATTERN:CODE on the command line"),
            (["--per-file-ignores", ":ATN1"], "has an empty pattern"),
            (["--torch-version", "new"], "is no version specifier"),
            (["--output-format", "xml"], "'xml' is not one of"),
        ],
    )
    def test_mistakes(self, attnlint: Run, arguments: list[str], told: str) -> None:
        write({"a.toml": "", "b.toml": ""})
        result = attnlint(*arguments, ".")
        assert (result.status, result.out) == (2, "")
        assert told in " ".join(result.err.split())

    def test_a_broken_file_that_is_named_ends_the_run(self, attnlint: Run) -> None:
        write({"mine.toml": "preview = 3"})
        result = attnlint("--config", "mine.toml", ".")
        assert result == Result(2, "", "Error: mine.toml:1: `preview` has to be true or false, not 3\n")


class TestShowSettings:
    def test_it_tells_every_value_and_where_it_comes_from(self, attnlint: Run) -> None:
        write({"base.toml": 'ignore = ["ATN301"]\npreview = true', "tests/a.py": ""})
        project('extend = "base.toml"\nignore = ["ATN402"]\nper-file-ignores = { "tests/" = ["ATN2"] }')
        result = attnlint("--show-settings", "--ignore", "ATN9", "--no-preview", "tests/a.py")
        rows = result.out.splitlines()
        assert result.status == 0
        assert rows[0] == "# tests/a.py: pyproject.toml"
        assert (
            'ignore = ["ATN301", "ATN402", "ATN9"]  '
            "# base.toml: ignore, pyproject.toml: tool.attnlint.ignore, command line: ignore"
        ) in rows
        assert "preview = false  # command line: preview" in rows
        assert "force-exclude = false  # default" in rows
        assert 'per-file-ignores = { "tests/" = ["ATN2"] }  # pyproject.toml: tool.attnlint.per-file-ignores' in rows
        assert {row.removeprefix("# ").split(" ")[0] for row in rows[1:-1]} == set(BY_KEY)
        assert "ATN101" in rows[-1]
        assert "ATN204" not in rows[-1]

    def test_what_it_prints_can_be_read_again(self, attnlint: Run) -> None:
        project('select = ["ATN4"]\ntorch-version = "~=2.1"\nexclude = ["weird \\" name", "é"]')
        first = attnlint("--show-settings", "safe.py").out
        write({"again.toml": first})
        second = attnlint("--config", "again.toml", "--show-settings", "safe.py").out
        values = [[line.rpartition("  # ")[0] for line in text.splitlines()[1:]] for text in (first, second)]
        assert 'exclude = ["weird \\" name", "é"]' in values[0]
        assert values[0] == values[1]

    def test_json_of_several_files(self, attnlint: Run) -> None:
        write({"sub/attnlint.toml": 'select = ["ATN1"]'})
        first, second = json.loads(attnlint("--show-settings", "--output-format=json", "a.py", "sub/b.py").out)
        assert (first["path"], first["configuration"]) == ("a.py", None)
        assert second["settings"]["select"] == {"value": ["ATN1"], "origin": "sub/attnlint.toml: select"}
        assert second["rules"] == [code for code in discover() if code.startswith("ATN1")]


class TestConfigCommand:
    def test_it_lists_all(self, attnlint: Run) -> None:
        rows = attnlint("config").out.splitlines()
        assert [row.split(" ")[0] for row in rows[:-2]] == list(BY_KEY)
        assert [one["key"] for one in json.loads(attnlint("config", "--output-format=json").out)] == list(BY_KEY)

    @pytest.mark.parametrize("key", BY_KEY)
    def test_it_explains_one(self, attnlint: Run, key: str) -> None:
        text = attnlint("config", key).out
        assert text.startswith(f"{key}\n\n")
        assert f"example: {key} = " in text
        assert json.loads(attnlint("config", key, "--output-format=json").out)["documentation"] == BY_KEY[key].doc
        assert f"#### `{key}`\n" in attnlint("config", key, "--output-format=markdown").out

    def test_an_unknown_key(self, attnlint: Run) -> None:
        result = attnlint("config", "per_file_ignore")
        assert result.status == 2
        assert "no setting is called 'per_file_ignore'; did you mean `per-file-ignores`?" in result.err

    @pytest.mark.parametrize("key", BY_KEY)
    def test_every_example_is_a_setting(self, attnlint: Run, key: str) -> None:
        write({"../pyproject.toml": "[tool.attnlint]\n"} if key == "extend" else {})
        project(attnlint("config", key).out.partition("example: ")[2].partition("\n")[0])
        result = attnlint("--show-settings", "safe.py")
        assert result.err == ""
        assert f"# pyproject.toml: tool.attnlint.{key}" in result.out
