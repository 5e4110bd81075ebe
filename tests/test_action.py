"""The GitHub Action: its scripts, run as the runner would run them, and the wiring between them and its inputs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkout import CHECKOUT, clone
from test_cli import BUGGY, CLEAN, script

ACTION: dict[str, Any] = yaml.safe_load((CHECKOUT / "action.yml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
SCRIPTS = sorted((CHECKOUT / "action").glob("*.sh"))
EXPRESSION = re.compile(r"\$\{\{ *(.+?) *\}\}")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are run with the system's bash")

FAKE = """\
#!/usr/bin/env bash
printf '%s\\n' "$*" >>"$RUNNER_TEMP/calls.txt"
while (($#)); do
  if [[ $1 == --report ]]; then echo '{}' >"${2#sarif=}"; fi
  shift
done
exit 1
"""


class Runner:
    """What GitHub's runner does for a composite action, as far as this one needs it: steps of the shell alone."""

    def __init__(self, workspace: Path, temporary: Path) -> None:
        self.workspace, self.temporary = workspace, temporary
        self.environment: dict[str, str] = {}
        self.outputs: dict[str, dict[str, str]] = {}
        self.log = ""

    @property
    def summary(self) -> str:
        return (self.temporary / "summary.md").read_text("utf-8")

    def run(self, name: str, inputs: Mapping[str, str], action: Path = CHECKOUT) -> int:
        """Run the step of that name, and return its exit status."""
        step = next(step for step in STEPS if step["name"] == name)
        values = {key: str(one["default"]) for key, one in ACTION["inputs"].items()} | dict(inputs)
        given = {key: self.evaluated(text, values) for key, text in step["env"].items()}
        files = {f"GITHUB_{kind}": str(self.temporary / f"{kind}.txt") for kind in ("OUTPUT", "ENV")}
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.temporary),
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_ACTION_PATH": str(action),
            "GITHUB_STEP_SUMMARY": str(self.temporary / "summary.md"),
            **files,
            **self.environment,
            **given,
        }
        for path in files.values():
            Path(path).write_text("", "utf-8")
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        place = self.workspace / self.evaluated(step.get("working-directory", "."), values)
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
        self.log = done.stdout + done.stderr
        self.outputs[step.get("id", name)] = dict(self.lines(files["GITHUB_OUTPUT"]))
        self.environment |= dict(self.lines(files["GITHUB_ENV"]))
        return done.returncode

    def evaluated(self, text: str, inputs: Mapping[str, str]) -> str:
        """A text of action.yml with its expressions replaced by what they mean."""

        def meant(match: re.Match[str]) -> str:
            context, *path = match[1].split(".")
            if context == "inputs":
                return inputs[path[0]]
            assert (context, path[1]) == ("steps", "outputs")
            return self.outputs.get(path[0], {}).get(path[2], "")

        return EXPRESSION.sub(meant, text)

    @staticmethod
    def lines(path: str) -> Iterator[tuple[str, str]]:
        for line in Path(path).read_text("utf-8").splitlines():
            name, _, value = line.partition("=")
            yield name, value


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    workspace, temporary = tmp_path / "workspace", tmp_path / "temporary"
    workspace.mkdir()
    temporary.mkdir()
    (workspace / "buggy.py").write_text(BUGGY, "utf-8")
    (workspace / "clean.py").write_text(CLEAN, "utf-8")
    made = Runner(workspace, temporary)
    made.environment["ATTNLINT"] = script()
    return made


class TestShape:
    def test_it_is_an_action(self) -> None:
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions"]
        done = subprocess.run([*command, CHECKOUT / "action.yml"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout

    def test_the_scripts_are_clean(self) -> None:
        assert len(SCRIPTS) == 3
        done = subprocess.run(["shellcheck", *SCRIPTS], capture_output=True, text=True, check=False, env=on_path())
        assert (done.returncode, done.stdout) == (0, "")

    def test_nothing_is_written_into_the_text_of_a_shell(self) -> None:
        runs = [step["run"] for step in STEPS if "run" in step]
        assert len(runs) == len(SCRIPTS)
        assert not any("${{" in text for text in runs)
        assert {Path(text.strip('"')).name for text in runs} == {path.name for path in SCRIPTS}
        assert all(os.access(path, os.X_OK) for path in SCRIPTS)

    def test_every_input_is_used_and_none_is_made_up(self) -> None:
        text = (CHECKOUT / "action.yml").read_text("utf-8")
        assert set(re.findall(r"\binputs\.([\w-]+)", text)) == set(ACTION["inputs"])

    def test_each_script_is_given_what_it_reads(self) -> None:
        for step in STEPS:
            if "run" in step:
                text = (CHECKOUT / "action" / Path(step["run"].strip('"')).name).read_text("utf-8")
                assert set(re.findall(r"\$\{?(INPUT_\w+|EXIT_STATUS)", text)) == set(step["env"])

    def test_every_output_is_one_of_a_step(self) -> None:
        written = set(re.findall(r'echo "([\w-]+)=', (CHECKOUT / "action" / "check.sh").read_text("utf-8")))
        read = {EXPRESSION.fullmatch(one["value"]) for one in ACTION["outputs"].values()}
        assert {match[1] for match in read if match} == {f"steps.check.outputs.{name}" for name in written}


def on_path() -> dict[str, str]:
    """The environment, with the programs of this one first on the path."""
    return {**os.environ, "PATH": f"{Path(script()).parent}{os.pathsep}{os.environ['PATH']}"}


class TestCheck:
    def test_findings_become_annotations_and_fail_the_job(self, runner: Runner) -> None:
        assert runner.run("Check", {}) == 0
        first, second = runner.log.splitlines()
        assert first.startswith("::error file=buggy.py,line=6,")
        assert second.startswith("::warning file=buggy.py,line=11,")
        assert runner.outputs["check"] == {"findings": "2", "exit-status": "1"}
        assert runner.summary == "### attnlint\n\nFindings: 2.\n"
        assert runner.run("Result", {}) == 1
        assert runner.run("Result", {"fail-on-findings": "false"}) == 0

    def test_nothing_found(self, runner: Runner) -> None:
        assert runner.run("Check", {"paths": "clean.py"}) == 0
        assert (runner.log, runner.outputs["check"]) == ("", {"findings": "0", "exit-status": "0"})
        assert runner.summary == "### attnlint\n\nNothing found.\n"
        assert runner.run("Result", {}) == 0

    def test_without_annotations(self, runner: Runner) -> None:
        assert runner.run("Check", {"annotations": "false"}) == 0
        assert (runner.log, runner.outputs["check"]["findings"]) == ("", "2")

    def test_paths_and_options_are_words(self, runner: Runner) -> None:
        (runner.workspace / "two words").mkdir()
        (runner.workspace / "two words" / "b.py").write_text(BUGGY, "utf-8")
        runner.run("Check", {"paths": "clean.py\n'two words'", "args": "--select ATN204 --ignore 'missing-scale'"})
        assert runner.log.startswith("::error file=two words/b.py,line=6,")
        assert runner.outputs["check"]["findings"] == "1"

    def test_a_working_directory(self, runner: Runner) -> None:
        (runner.workspace / "deep").mkdir()
        (runner.workspace / "deep" / "b.py").write_text(BUGGY, "utf-8")
        runner.run("Check", {"working-directory": "deep"})
        assert runner.log.startswith("::error file=b.py,line=6,")

    @pytest.mark.parametrize(
        "text", ["$(touch pwned)", "`touch pwned`", "a.py; touch pwned", "a.py | touch pwned", "*"]
    )
    @pytest.mark.parametrize("name", ["paths", "args"])
    def test_no_input_is_evaluated(self, name: str, text: str, runner: Runner) -> None:
        assert runner.run("Check", {name: text}) == 0
        assert sorted(path.name for path in runner.workspace.iterdir()) == ["buggy.py", "clean.py"]
        assert runner.outputs["check"]["exit-status"] == "2"
        assert runner.run("Result", {"fail-on-findings": "false"}) == 2

    def test_a_quote_that_is_not_closed(self, runner: Runner) -> None:
        assert runner.run("Check", {"args": "--select 'ATN1"}) == 2
        assert runner.log == "::error title=attnlint::a quote in the input 'args' is not closed\n"
        assert runner.run("Result", {"fail-on-findings": "false"}) == 2

    def test_what_cannot_be_checked_is_an_annotation_and_no_command(self, runner: Runner) -> None:
        name = "::stop-commands::x 100%.py"
        (runner.workspace / name).write_text("import torch\nsoftmax(\n", "utf-8")
        assert runner.run("Check", {}) == 0
        assert "::error title=attnlint::./::stop-commands::x 100%25.py:2: '(' was never closed\n" in runner.log
        assert all(line.startswith(("::error ", "::warning ")) for line in runner.log.splitlines())
        assert runner.outputs["check"] == {"findings": "2", "exit-status": "2"}
        assert "Something could not be checked" in runner.summary

    def test_a_warning_fails_nothing(self, runner: Runner) -> None:
        (runner.workspace / "empty").mkdir()
        assert runner.run("Check", {"paths": "empty"}) == 0
        assert runner.log == "::warning title=attnlint::attnlint: no files to check found\n"
        assert runner.run("Result", {}) == 0


class TestCodeScanning:
    def test_a_file_is_asked_for_and_handed_on(self, runner: Runner) -> None:
        fake = runner.temporary / "fake"
        fake.write_text(FAKE, "utf-8")
        fake.chmod(0o755)
        runner.environment["ATTNLINT"] = str(fake)
        assert runner.run("Check", {"sarif": "true", "args": "--select ATN1"}) == 0
        sarif = runner.temporary / "attnlint.sarif"
        assert (runner.temporary / "calls.txt").read_text("utf-8").splitlines() == [
            f"check --select ATN1 --report sarif={sarif} --output-format github -- .",
        ]
        assert runner.outputs["check"]["sarif-file"] == str(sarif)

    def test_no_file_is_an_error(self, runner: Runner) -> None:
        runner.environment["ATTNLINT"] = "false"
        assert runner.run("Check", {"sarif": "true"}) == 0
        assert runner.log == "::error title=attnlint::no file for code scanning was made\n"
        assert runner.outputs["check"] == {"findings": "0", "exit-status": "2"}

    def test_the_file_holds_the_findings(self, runner: Runner) -> None:
        assert runner.run("Check", {"sarif": "true"}) == 0
        sarif = json.loads(Path(runner.outputs["check"]["sarif-file"]).read_text("utf-8"))
        assert [result["ruleId"] for run in sarif["runs"] for result in run["results"]] == ["ATN204", "ATN101"]
        assert runner.outputs["check"]["exit-status"] == "1"


class TestInstall:
    @pytest.mark.parametrize("version", ["1.0 --index-url=x", "1;touch pwned", "$(touch pwned)", "../x", "-r"])
    def test_a_version_is_a_version(self, version: str, runner: Runner) -> None:
        assert runner.run("Install attnlint", {"version": version}) == 2
        assert runner.log == "::error title=attnlint::the input 'version' is no version\n"
        assert not (runner.temporary / "attnlint").exists()

    def test_no_module_of_the_checked_code_is_run(self, runner: Runner) -> None:
        for name in ("venv", "pip", "ensurepip", "logging", "argparse"):
            (runner.workspace / f"{name}.py").write_text("open('pwned', 'w')\n", "utf-8")
        runner.outputs["python"] = {"python-path": sys.executable}
        runner.environment["PIP_NO_INDEX"] = "1"
        assert runner.run("Install attnlint", {"version": "1.0"}) != 0
        assert "No matching distribution found for attnlint==1.0" in runner.log
        assert not (runner.workspace / "pwned").exists()

    @pytest.mark.slow
    def test_all_steps_of_the_shell(self, runner: Runner, tmp_path: Path) -> None:
        """From the action's own checkout: installed, run, and told."""
        del runner.environment["ATTNLINT"]
        runner.outputs["python"] = {"python-path": sys.executable}
        action = clone(tmp_path / "action")
        assert runner.run("Install attnlint", {}, action) == 0, runner.log
        assert Path(runner.environment["ATTNLINT"]).is_relative_to(runner.temporary)
        assert runner.run("Check", {"paths": "buggy.py"}, action) == 0
        assert runner.outputs["check"] == {"findings": "2", "exit-status": "1"}
        assert runner.run("Result", {}, action) == 1
