"""Nothing of the folder that is linted is imported or run, however attnlint is started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_cli import BUGGY, script

OURS = ["click", "libcst", "markdown_it", "packaging", "pathspec", "pygls", "sitecustomize", "tomli", "usercustomize"]
TRAP = "import os\nwith open({log!r}, 'a') as log:\n    log.write({name!r} + ' ')\n"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to lint, which is the current one; and the file in which its modules write that they are imported."""
    folder, log = tmp_path / "linted", tmp_path / "log"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    for name in ("model", "setup", "conftest"):
        trap(name, log, BUGGY)
    for number in range(4):
        Path(f"m{number}.py").write_text(BUGGY, "utf-8")
    Path("evil.egg-info").mkdir()
    Path("evil.egg-info/PKG-INFO").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1\n")
    Path("evil.egg-info/entry_points.txt").write_text("[attnlint.rules]\nevil = evil_rules\n")
    trap("evil_rules", log)
    return log


def trap(name: str, log: Path, more: str = "") -> None:
    """A module of the current folder that tells when it is imported; a package for names that are one."""
    Path(f"{name}.py").write_text(TRAP.format(log=str(log), name=name) + more, "utf-8")


def set_traps(log: Path, spared: set[str]) -> None:
    """Modules for all names that anything could be imported by, but for some."""
    for name in sorted({*OURS, *sys.stdlib_module_names} - spared - {"__main__"}):
        trap(name, log)
    assert len(os.listdir()) > 200


def imposed() -> set[str]:
    """What Python itself has imported when it begins with the module that it was told by ``-m``."""
    Path("probe.py").write_text("import sys\nprint(*sys.modules)\n")
    result = subprocess.run([sys.executable, "-m", "probe"], capture_output=True, text=True, check=True)
    Path("probe.py").unlink()
    return set(result.stdout.split())


def check(command: list[str], log: Path) -> None:
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.count("ATN204") >= 5
    assert not log.exists(), log.read_text()


def test_by_the_script(log: Path) -> None:
    set_traps(log, set())
    trap("attnlint", log)
    Path("attnlint").mkdir()
    Path("attnlint/__init__.py").write_text(TRAP.format(log=str(log), name="attnlint"))
    check([script(), "--output-format=concise", *ARGUMENTS], log)


def test_by_its_name(log: Path) -> None:
    set_traps(log, imposed())
    check([sys.executable, "-m", "attnlint", "--output-format=concise", *ARGUMENTS], log)


ARGUMENTS = ["model.py", "m0.py", "m1.py", "m2.py", "m3.py", "evil_rules.py", "setup.py", "conftest.py"]


@pytest.mark.parametrize("is_threaded", [False, True], ids=["copied", "new"])
def test_in_other_processes(log: Path, is_threaded: bool, tmp_path: Path) -> None:
    set_traps(log, imposed())
    program = tmp_path / "elsewhere" / "program.py"
    program.parent.mkdir()
    program.write_text(
        "import sys, threading\n"
        "from attnlint import lint_paths, sharing\n"
        "if __name__ == '__main__':\n"
        f"    stay = threading.Event()\n    thread = threading.Thread(target=stay.wait)\n    if {is_threaded}:\n"
        "        thread.start()\n"
        "    sharing._WORTH = 1\n"
        f"    report = lint_paths({ARGUMENTS!r}, jobs=2)\n"
        "    stay.set()\n"
        "    print(*[found.code for found in report.diagnostics])\n"
        "    sys.exit(1 if not report.problems else 3)\n"
    )
    check([sys.executable, str(program)], log)


def test_a_folder_that_was_asked_for_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a checkout that is not installed, ``python -m attnlint`` runs what is there."""
    checkout = Path(__file__).parent.parent
    program = "import sys; sys.path[0] = sys.argv.pop(1); from attnlint import __main__; before = len(sys.path); "
    command = [sys.executable, "-c", program + "__main__._leave_the_current_folder(); print(before - len(sys.path))"]
    monkeypatch.chdir(checkout)
    assert subprocess.run([*command, str(checkout)], capture_output=True, text=True, check=True).stdout == "0\n"
    monkeypatch.chdir(tmp_path)
    assert subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=True).stdout == "1\n"
