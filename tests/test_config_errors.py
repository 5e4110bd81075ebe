"""Configuration files that are wrong: one clear line each, and the files of others are linted all the same."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from config_support import SAFE, UNSAFE, Run, attnlint, project, write
from hypothesis import given
from hypothesis import strategies as st

from attnlint import ConfigError, Configuration
from attnlint.config.files import loads
from attnlint.config.places import line_of, line_of_long_key
from attnlint.config.settings import BY_KEY, OPTIONS

__all__ = ["attnlint"]

CONCISE = ("--output-format", "concise")

WRONG = {
    "an unknown key": ('\nselct = ["ATN1"]', "6: `selct` is no setting; did you mean `select`?"),
    "underscores": ("per_file_ignores = {}", "5: `per_file_ignores` is no setting; did you mean `per-file-ignores`?"),
    "nothing like it": ("zzz = 1", '5: `zzz` is no setting; "attnlint config" lists them all.'),
    "an unknown table": ("[tool.attnlint.lint]", "5: `lint` is no setting; "),
    "a text for a list": (
        'select = "ATN1"',
        '5: `select` has to be a list of codes, their beginnings, or names of rules, not "ATN1"',
    ),
    "a number in a list": ("ignore = [1]", "5: `ignore` has to be a list of codes, their beginnings, or names of "),
    "a code of many lines": (
        '# ignore\nselect = [\n  "ATN1",\n  "ATN2O4",\n]',
        "6: `select` names 'ATN2O4', which is no rule; did you mean ATN204?",
    ),
    "an empty code": ('select = [""]', "5: `select` names '', which is no rule; "),
    "a text for a flag": ('preview = "yes"', '5: `preview` has to be true or false, not "yes"'),
    "a number for a flag": ("preview = 1", "5: `preview` has to be true or false, not 1"),
    "a format": ('output-format = "xml"', '5: `output-format` has to be one of "concise", '),
    "a list for a table": ('per-file-ignores = ["ATN1"]', "5: `per-file-ignores` has to be a table"),
    "a text for a table": ('per-file-ignores = "ATN1"', "5: `per-file-ignores` has to be a table from patterns"),
    "a code in a table": (
        '[tool.attnlint.per-file-ignores]\n"a.py" = ["ATN1"]\n"b.py" = ["ATN19"]',
        "7: `per-file-ignores` for \"b.py\" names 'ATN19', which is no rule; ",
    ),
    "a text in a table": ('per-file-ignores = { "a.py" = "ATN1" }', '5: `per-file-ignores` for "a.py" has to be a'),
    "an empty pattern": ('exclude = [" "]', "5: `exclude` has an empty pattern"),
    "no pattern": ('exclude = ["!"]', '5: `exclude` "!" is no pattern'),
    "a torch": ('torch-version = "new"', "5: `torch-version` cannot be used: 'new' is no version specifier; "),
    "no torch": ('torch-version = ">=3,<2"', "5: `torch-version` cannot be used: no release of torch is in '>=3,<2'"),
    "a number for a torch": ("torch-version = 2.1", "5: `torch-version` has to be a version or a version specifier, "),
    "a long version that this is not": (
        f'required-version = ">=9{".9" * 40}"',
        f"5: `required-version` asks for attnlint >=9{'.9' * 27}…, and this is attnlint ",
    ),
    "an own version": ('required-version = "new"', '5: `required-version` is no version specifier: "new"; '),
    "an own version of many digits": (
        f'required-version = ">={"1" * 5000}"',
        f'5: `required-version` is no version specifier: ">={"1" * 54}…; write one such as ',
    ),
    "a key of many parts": (f"a{'.a' * 2000} = 1", "5: has a key of more than 64 parts; shorten it"),
    "a table of many parts": (f"[a{'.a' * 2000}]", "5: has a key of more than 64 parts; shorten it"),
    "a number for a path": ("baseline = 1", "5: `baseline` has to be a path, not 1"),
    "an empty path": ('cache-dir = ""', '5: `cache-dir` has to be a path, not ""'),
    "a null": ('baseline = "a\\u0000"', "5: `baseline` has to be a path, and has a null character"),
    "no such base": ('extend = "nowhere.toml"', "5: `extend` names nowhere.toml, and there is no such file"),
    "no TOML": ('extend = "safe.py"', "5: `extend` names safe.py, which is no .toml file"),
    "a circle": ('extend = "pyproject.toml"', "5: `extend` leads in a circle: pyproject.toml builds on this file in"),
    "no value": ("select =", "5: column 9: is no valid TOML: "),
    "an open list": ('select = ["ATN1",', "5: column 18: is no valid TOML: "),
    "a key twice": ("preview = true\npreview = true", "6: column 15: is no valid TOML: "),
}


@pytest.mark.parametrize(("settings", "told"), WRONG.values(), ids=WRONG)
def test_it_is_told_in_one_line(attnlint: Run, settings: str, told: str) -> None:
    project(settings)
    result = attnlint(*CONCISE, ".")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"pyproject.toml:{told}")
    assert len(result.err.splitlines()) == 1


def test_a_section_that_is_none(attnlint: Run) -> None:
    write({"pyproject.toml": "\n[tool]\nattnlint = 3\n"})
    assert attnlint(".").err == "pyproject.toml:3: tool.attnlint has to be a table\n"


def test_what_cannot_be_read(attnlint: Run) -> None:
    Path("attnlint.toml").write_bytes(b'select = ["\xff"]')
    assert attnlint(".").err == "attnlint.toml: is not written in UTF-8, as TOML has to be\n"
    Path("attnlint.toml").write_text("select = " + "[" * 10000)
    assert attnlint(".").err.startswith("attnlint.toml: ")
    assert len(attnlint(".").err.splitlines()) == 1


def test_a_file_that_is_too_large(attnlint: Run) -> None:
    filler = "# attnlint\n" * 100_000
    write({"pyproject.toml": f"[tool.attnlint]\npreview = 1\n{filler}"})
    told = "pyproject.toml: has more than 1,000,000 bytes; keep in it what is configuration alone\n"
    assert (attnlint(".").status, attnlint(".").err) == (2, told)
    write({"pyproject.toml": f"[project]\n{filler}"})
    assert (attnlint(".").status, attnlint(".").err) == (1, "")


def test_a_byte_order_mark_is_none_of_these(attnlint: Run) -> None:
    Path("attnlint.toml").write_text('select = ["ATN4"]', "utf-8-sig")
    assert attnlint(*CONCISE, ".").places == ["safe.py: ATN402"]


def test_names_of_keys_reach_the_terminal_escaped(attnlint: Run) -> None:
    write({"attnlint.toml": '"\\u001b[31m" = 1'})
    assert attnlint(".").err == 'attnlint.toml:1: `\\x1b[31m` is no setting; "attnlint config" lists them all.\n'


def test_the_files_of_others_are_linted(attnlint: Run) -> None:
    write(
        {
            "good/a.py": SAFE,
            "bad/attnlint.toml": "preview = 3",
            "bad/a.py": SAFE,
            "bad/deep/b.py": UNSAFE,
            "bad/good/attnlint.toml": "",
            "bad/good/c.py": SAFE,
            "bad/venv/attnlint.toml": "",
            "bad/venv/d.py": SAFE,
        }
    )
    problem = "bad/attnlint.toml:1: `preview` has to be true or false, not 3\n"
    result = attnlint(*CONCISE, "good", "bad", "bad/a.py", "bad/deep")
    assert (result.status, result.places) == (2, ["bad/good/c.py: ATN402", "good/a.py: ATN402"])
    assert result.err == problem
    assert attnlint("bad/deep/b.py").err == problem
    fixed = attnlint(*CONCISE, "--fix", ".")
    assert (fixed.status, fixed.places, fixed.err) == (2, ["unsafe.py: ATN204", "unsafe.py: ATN101"], problem)
    assert Path("bad/a.py").read_text() == SAFE


def test_a_broken_file_of_the_current_folder_is_told_whatever_is_linted(attnlint: Run) -> None:
    project('output-format = "xml"')
    write({"good/attnlint.toml": "", "good/a.py": SAFE})
    result = attnlint("good")
    assert result.status == 2
    assert "ATN402" in result.out
    assert result.err.startswith("pyproject.toml:5: `output-format` has to be one of ")
    assert attnlint("good", ".").err == result.err


def test_a_base_that_is_wrong_is_told_once(attnlint: Run) -> None:
    write({"base.toml": "\npreview = 3", "a/attnlint.toml": 'extend = "../base.toml"', "a/a.py": SAFE})
    write({"b/attnlint.toml": 'extend = "../base.toml"', "b/b.py": SAFE})
    assert attnlint("a", "b").err == "base.toml:2: `preview` has to be true or false, not 3\n"


def test_a_base_that_has_no_section(attnlint: Run) -> None:
    write({"pyproject.toml": "[project]\n", "a/attnlint.toml": 'extend = "../pyproject.toml"'})
    assert attnlint("a").err == "pyproject.toml: has no [tool.attnlint] section\n"


DOTS = "a" + ".a" * 64


class TestLongKeys:
    @pytest.mark.parametrize(
        ("text", "line"),
        [
            (f"{DOTS} = 1", 1),
            (f"b = 1\n\n[{DOTS}]", 3),
            (f"[[{DOTS}]]", 1),
            (f"b = {{ {DOTS} = 1 }}", 1),
            (DOTS.replace(".", " .\t"), 1),
            (DOTS.replace("a", '"a"'), 1),
            (DOTS.replace("a", '"\\"."'), 1),
            (DOTS.replace("a", "''"), 1),
            (f'b = """\n\\"""\n"""\n{DOTS} = 1', 4),
            (f"b = '''\n\\'''\n{DOTS} = 1", 3),
            (f"b = 'c' # it's\n{DOTS} = 1", 2),
            (DOTS[2:], None),
            (f"b = '{DOTS}'", None),
            (f'b = "{DOTS}"', None),
            (f'b = "\\"{DOTS}"', None),
            (f"'{DOTS}' = 1", None),
            (f"# {DOTS}", None),
            (f"b = '''\n{DOTS}\n'''", None),
            (f'b = """\n\\"""{DOTS}\n"""', None),
            (f'b = ["https://{DOTS}", 1.5]', None),
        ],
    )
    def test_the_line_of_one(self, text: str, line: int | None) -> None:
        assert line_of_long_key(text) == line

    @pytest.mark.parametrize(
        "piece", ['"\\', '\\"', "'a", '"\\"\\\n', "a.", "a.'", '"""\\', "'" * 3, "a \t", "[", ". "]
    )
    def test_what_is_no_toml_is_searched_in_linear_time(self, piece: str) -> None:
        assert line_of_long_key("x" + piece * 200_000) in (None, 1)


class TestForeignCode:
    @pytest.mark.parametrize("key", ["baseline", "cache-dir"])
    @pytest.mark.parametrize("path", ["../out", "/out", "~/out", "link/out", ".", "a/../../out"])
    def test_what_would_be_written_lies_inside(self, attnlint: Run, key: str, path: str) -> None:
        Path("link").symlink_to("..", target_is_directory=True)
        project(f'{key} = "{path}"')
        told = f'`{key}` has to lie in the folder of the configuration file, and "{path}" leads out of it'
        assert attnlint(".").err == f"pyproject.toml:5: {told}\n"

    def test_but_for_what_the_user_chose(self, attnlint: Run) -> None:
        write({"mine/mine.toml": 'baseline = "../out"'})
        assert Configuration(file="mine/mine.toml").of_run().baseline == str(Path.cwd() / "out")
        assert Configuration({"cache-dir": "/out"}).of_run().cache_dir == os.path.abspath("/out")

    def test_a_base_says_where_its_own_folder_is_written_to(self, attnlint: Run) -> None:
        write({"attnlint.toml": 'cache-dir = "kept"', "sub/attnlint.toml": 'extend = "../attnlint.toml"'})
        assert Configuration().settings("sub/a.py").cache_dir == str(Path.cwd() / "kept")
        write({"attnlint.toml": 'cache-dir = "../kept"'})
        with pytest.raises(ConfigError, match="leads out of it"):
            Configuration().settings("sub/a.py")

    def test_no_setting_names_a_file_of_output_or_a_command(self) -> None:
        assert {key for key in BY_KEY if "file" in key or "command" in key} == {"per-file-ignores"}

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
    def test_pipes_are_no_files_to_build_on(self, attnlint: Run) -> None:
        os.mkfifo("pipe.toml")
        project('extend = "pipe.toml"')
        assert "and there is no such file" in attnlint(".").err


class TestLines:
    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("key = 1", 1),
            ("# key = 1\n\nkey = 1", 3),
            ("other = [\n  'key',\n]\nkey = [\n1,\n]", 4),
            ('other = """\nkey = 1\n"""\nkey = 1\nlast = 1', 4),
            ('"key" = 1', 1),
            ("a = 1\r\nkey = 1\r\n", 2),
            ("a = '\u2028'\nkey = 1", 2),
            ("other.key = 1\nkey = 1", 2),
            ("\n[key]\na = 1", 2),
            ("[[key]]\na = 1\n[[key]]", 1),
            ("[key.deep]", 1),
            ('"k\\u0065y" = 1', 1),
            ("'key' = 1", 1),
            ("a = [{ key = 1 }, [\n2]]\nkey = 1", 3),
            ("a = { b = 1, 'c' = {} } # key = 1\nkey = 1", 2),
            ("a = '''\nkey = 1\n''''\nkey = 1", 4),
            ('a = """\n\\"""\nkey = 1"""""\nkey = 1', 4),
            ("a.b = 1\nc = 'key'\n[d]\nkey = 1", None),
            ("", None),
        ],
    )
    def test_where_a_key_begins(self, text: str, line: int | None) -> None:
        assert line_of(text, ["key"], loads) == line

    def test_where_a_key_of_a_table_begins(self) -> None:
        assert line_of("[a]\nb = 1\n[b]\na = 1\nb = 2", ["b", "b"], loads) == 5
        assert line_of("a = { b = 1 }", ["a", "b"], loads) == 1
        assert line_of("[a]\nc = [\n]\nb = [\n]\n", ["a", "b"], loads) == 4
        assert line_of("[c.a]\n[c]\nb.d = [\n1]\nc = { e = {}, a.b = 1 }", ["c", "c", "a", "b"], loads) == 5

    @pytest.mark.parametrize(
        "text",
        [
            "# key = 1\n" * 60 + "key = 3",
            "key = [\n" + "  'one',\n" * 60 + "]",
            "a = '''\n" + "key = 1\n" * 60 + "'''\nkey = 3",
        ],
    )
    def test_the_text_is_not_parsed_for_each_line(self, text: str) -> None:
        parsed: list[str] = []

        def counting(text: str) -> dict[str, Any]:
            parsed.append(text)
            return loads(text)

        assert line_of(text, ["key"], counting) in (1, 61, 63)
        assert len(parsed) < 6

    @given(st.lists(st.sampled_from(["# key = 0", "", "other{} = 'key'", "list{} = [\n 'key',\n]"]), max_size=6))
    def test_whatever_stands_before(self, before: list[str]) -> None:
        text = "\n".join([*(line.format(number) for number, line in enumerate(before)), "key = 1"])
        assert line_of(text, ["key"], loads) == text.count("\n") + 1


def test_every_kind_refuses_what_is_none_of_it() -> None:
    values: tuple[object, ...] = ({"a": 1}, [[]], -1.5)
    for option in OPTIONS:
        for value in values:
            with pytest.raises(ValueError, match="has to be"):
                option.parse(value)
