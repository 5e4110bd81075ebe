"""One verdict for one computation: right code in every spelling is silent, a bug in every spelling is the same bug.

Seeds × spellings, and seeds × bugs × spellings; both made mechanically (`respelling`), nothing written by hand. That a
spelling computes what the seed computes, and that a bug does not, is measured.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from respelling import BUGS, DRAWN, SPELLINGS, Seed, source

from attnlint import lint_source

FOLDER = Path(__file__).parent / "metamorphic"
SEEDS = {path.stem: Seed(path.stem, path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.py"))}

RIGHT = [
    (seed, spelling)
    for seed in SEEDS
    for spelling, rewriting in SPELLINGS.items()
    if rewriting is source or rewriting(SEEDS[seed]) != source(SEEDS[seed])
]
INJECTED = {
    (seed, bug): Seed(f"{seed}, {bug}", text)
    for seed in SEEDS
    for bug, how in BUGS.items()
    if (text := how.inject(SEEDS[seed])) != source(SEEDS[seed])
}
WRONG = [
    (seed, bug, spelling)
    for (seed, bug), injected in INJECTED.items()
    for spelling, rewriting in SPELLINGS.items()
    if rewriting is source or rewriting(injected) != source(injected)
]


def codes(text: str) -> set[str]:
    return {found.code for found in lint_source(text)}


def test_there_is_enough_to_compare() -> None:
    assert len(SEEDS) >= 14
    for spelling in SPELLINGS:
        assert any(name == spelling for _, name in RIGHT), spelling
    for bug in BUGS:
        assert any(name == bug for _, name in INJECTED), bug
    assert len(WRONG) > 3000


@pytest.mark.parametrize(("seed", "spelling"), RIGHT)
def test_right_code_is_silent_in_every_spelling(seed: str, spelling: str) -> None:
    assert codes(SPELLINGS[spelling](SEEDS[seed])) == set()


@pytest.mark.parametrize(("seed", "bug"), INJECTED)
def test_a_bug_is_the_same_in_every_spelling(seed: str, bug: str) -> None:
    told = {name: codes(SPELLINGS[name](INJECTED[seed, bug])) for one, two, name in WRONG if (one, two) == (seed, bug)}
    assert {name: found for name, found in told.items() if found != {BUGS[bug].code}} == {}


@pytest.mark.parametrize(("seed", "spelling"), RIGHT)
def test_every_spelling_computes_the_same(seed: str, spelling: str) -> None:
    torch = pytest.importorskip("torch")
    torch.testing.assert_close(computed(SPELLINGS[spelling](SEEDS[seed])), computed(source(SEEDS[seed])))


@pytest.mark.parametrize(("seed", "bug"), INJECTED)
def test_every_bug_computes_something_else(seed: str, bug: str) -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(Exception):  # noqa: B017, PT011: raising is something else, too
        torch.testing.assert_close(computed(INJECTED[seed, bug].text), computed(source(SEEDS[seed])))


@cache
def computed(text: str) -> Any:
    """What the module's last definition before ``inputs`` returns, in evaluation mode, from the same random numbers."""
    torch = pytest.importorskip("torch")
    namespace: dict[str, Any] = {}
    exec(compile(text, "<seed>", "exec"), namespace)
    attention = namespace[list(namespace)[list(namespace).index(DRAWN) - 1]]
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        built = attention().eval() if isinstance(attention, type) else attention
        return built(*namespace[DRAWN]())
