"""Pages of rules: documentation, the fixture's code and what it claims, without torch."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from attnlint.pages import markdown, page_of
from attnlint.rule import Rule, discover

RULES = discover()
PROVEN = [rule for code, rule in RULES.items() if not code.startswith("ATN0")]

every_proven_rule = pytest.mark.parametrize("rule", PROVEN, ids=lambda rule: rule.code)


@every_proven_rule
def test_examples_are_code_that_names_its_rule(rule: type[Rule]) -> None:
    page = page_of(rule)
    assert 1 <= len(page.examples) <= 2
    for example in page.examples:
        assert f"  # {rule.code}\n" in example + "\n"
        assert "expect:" not in example
        assert len(example.splitlines()) <= 40


@every_proven_rule
def test_claims_are_those_of_the_proofs(rule: type[Rule]) -> None:
    fixture = import_module(rule.__module__.replace(".rules.", ".fixtures."))
    proofs = [proof for proof in fixture.PROOFS if proof.code == rule.code]
    claims = page_of(rule).claims
    assert [claim.title for claim in claims] == [proof.title for proof in proofs]
    assert [claim.margin for claim in claims] == [getattr(proof, "margin", None) for proof in proofs]


def test_a_rule_without_a_fixture_has_a_page() -> None:
    page = page_of(RULES["ATN004"])
    assert (page.examples, page.claims) == ((), ())
    assert "## Example" not in "\n".join(markdown(page))

    class Alone(Rule):
        """One that stands alone."""

        code = "XYZ1"
        name = "alone"
        triggers = ()

    assert "\n".join(markdown(page_of(Alone))).startswith(
        "# XYZ1 alone\n\n*error · on by default · fix: manual*\n\nOne"
    )


def test_a_folder_of_pages(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "attnlint.pages", tmp_path / "docs" / "rules"], check=True, cwd=tmp_path)
    written = {path.name: path.read_text("utf-8") for path in (tmp_path / "docs" / "rules").iterdir()}
    assert set(written) == {"index.md", *(f"{code}.md" for code in RULES)}
    for code, rule in RULES.items():
        assert written[f"{code}.md"].startswith(f"# {code} {rule.name}\n")
        assert rule.url().endswith(f"/{code}")
        assert f"]({code}.md)" in written["index.md"]


def test_no_torch_is_imported() -> None:
    program = (
        "from attnlint.pages import *\n[page_of(one) for one in discover().values()]\nprint('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
