"""One verdict for one computation: right code in every spelling is silent, a bug in every spelling is the same bug.

Seeds × spellings, and seeds × bugs × spellings; both made mechanically (`respelling`), nothing written by hand. That a
spelling computes what the seed computes, and that a bug does not, is measured. A run without --exhaustive looks at
each bug in each spelling of some seeds; with them, of all.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from injection import BUGS
from respelling import SPELLINGS
from seeds import DRAWN, Seed, source

from attnlint import lint_source
from attnlint.rule import discover, select

FOLDER = Path(__file__).parent / "metamorphic"
SEEDS = {path.stem: Seed(path.stem, path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.py"))}
RULES = select(discover())
SAMPLED = 48
"""Of so many seeds, one is looked at in a quick run."""

INJECTED = {
    (seed, bug): Seed(f"{seed}, {bug}", text)
    for seed in SEEDS
    for bug, how in BUGS.items()
    if (text := how.inject(SEEDS[seed])) != source(SEEDS[seed])
}

FREE_FUNCTIONS = ("tutorial_function", "tutorial_masked")
ELSEWHERE = ("where", "where of what is kept", "where method", "added")
HELPERS = ("helper functions", "helper methods")


def reason_to_differ(seed: str, bug: str, spelling: str) -> str:
    """Why a bug is not reported as such here; empty where it has to be."""
    code = BUGS[bug].code
    if code == "ATN101" and seed == "window_attention":
        return "a learned bias has its own say on the scale"
    if code == "ATN101" and seed == "bert_split_heads":
        return "known gap: a mask that is a parameter, brought to size, is not told from a bias"
    if code == "ATN101" and spelling in HELPERS:
        return "softmax in a helper: another caller may hand it scores that are scaled"
    if seed in FREE_FUNCTIONS and bug in ("root of the length", "reversed axes"):
        return "nothing is known about the axes of a function's parameters"
    if seed in FREE_FUNCTIONS and spelling == "keys by queries" and code == "ATN103":
        return "known gap: that parameters are contracted does not make their extents one symbol"
    if seed in FREE_FUNCTIONS and spelling == "bmm" and code == "ATN103":
        return "of a parameter of unknown rank, flatten(0, 1) may take the last axis along"
    if bug == "mask discarded" and spelling in ELSEWHERE:
        return "what is thrown away is no masked tensor: the rule knows methods without effects alone"
    if bug == "half of a power" and spelling == "one operation a line":
        return "the mistake is one of precedence, and brackets or lines say what is meant"
    if bug == "half of a power" and spelling == "the root on each":
        return "known gap: the two roots are reported as a scale that is applied twice as well"
    return ""


def applies(spelling: str, seed: Seed) -> bool:
    """Whether a spelling changes the text; the plain one counts."""
    return SPELLINGS[spelling] is source or SPELLINGS[spelling](seed) != source(seed)


RIGHT = [(name, spelling) for name, seed in SEEDS.items() for spelling in SPELLINGS if applies(spelling, seed)]


def codes(text: str) -> set[str]:
    return {found.code for found in lint_source(text, rules=RULES)}


def test_there_is_enough_to_compare() -> None:
    assert len(SEEDS) >= 14
    assert {spelling for _, spelling in RIGHT} == set(SPELLINGS)
    assert {bug for _, bug in INJECTED} == set(BUGS)
    assert len(INJECTED) > 150


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_right_code_is_silent_in_every_spelling(spelling: str) -> None:
    told = {seed: codes(SPELLINGS[spelling](SEEDS[seed])) for seed, name in RIGHT if name == spelling}
    assert {seed: found for seed, found in told.items() if found} == {}


def verdicts(seed: str, bug: str, *, every: bool) -> Mapping[str, set[str]]:
    """Spellings of a bug in which something else is reported than has to be."""
    injected, wrong = INJECTED[seed, bug], {}
    for spelling in SPELLINGS:
        chosen = crc32(f"{seed}{bug}{spelling}".encode()) % SAMPLED == 0 or spelling == "as it is"
        text = SPELLINGS[spelling](injected) if every or chosen else ""
        if text and (text != source(injected) or SPELLINGS[spelling] is source):
            found = codes(text)
            differs = bool(reason_to_differ(seed, bug, spelling))
            if (found == {BUGS[bug].code}) == differs:
                wrong[spelling] = found
    return wrong


@pytest.mark.parametrize(("seed", "bug"), INJECTED)
def test_a_bug_is_the_same_in_some_spellings(seed: str, bug: str) -> None:
    assert verdicts(seed, bug, every=False) == {}


@pytest.mark.exhaustive
@pytest.mark.parametrize(("seed", "bug"), INJECTED)
def test_a_bug_is_the_same_in_every_spelling(seed: str, bug: str) -> None:
    assert verdicts(seed, bug, every=True) == {}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_computes_the_same(spelling: str) -> None:
    torch = pytest.importorskip("torch")
    for seed, name in RIGHT:
        if name == spelling:
            torch.testing.assert_close(computed(SPELLINGS[spelling](SEEDS[seed])), computed(source(SEEDS[seed])))


@pytest.mark.parametrize(("seed", "bug"), INJECTED)
def test_every_bug_computes_something_else(seed: str, bug: str) -> None:
    torch = pytest.importorskip("torch")
    if (seed, bug) == ("fused_or_manual", "dropout while evaluating"):
        pytest.skip("the arm with the bug is not the one that runs")
    try:
        wrong = computed(INJECTED[seed, bug].text)
    except RuntimeError:
        return
    right = computed(source(SEEDS[seed]))
    with pytest.raises(AssertionError):
        torch.testing.assert_close(wrong, right)


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
