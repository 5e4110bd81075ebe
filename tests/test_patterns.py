"""No line of a file, however made, is searched for more than a moment."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from types import FrameType

import pytest

from attnlint import discover, roots, suppressions
from attnlint.triggers import HEADS, SITE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a search is ended by a signal")
FOLDED = import_module("attnlint.rules.missing_scale")._FOLDED
LENGTH = 1_200
SECONDS = 1.0
"""Of work for a text of that length: its square is nothing, its cube takes longer, and what doubles never ends."""

TRIGGERS = sorted({trigger for rule in discover().values() for trigger in rule.triggers} | {*SITE, *HEADS})
SEARCHES = {
    **{trigger: roots._in_text(trigger)[1] for trigger in TRIGGERS},
    **{
        pattern.pattern: pattern
        for pattern in (
            *(
                roots._LOOP,
                *(roots._in_text(taking)[1] for taking in roots._TAKING),
                roots._BINDING,
                roots._PRODUCT_OR_FILL,
                FOLDED,
            ),
            *(suppressions._IGNORE, suppressions._NOQA, suppressions._WORDS, *suppressions._JUDGEABLE),
        )
    },
}
BEGINS = (
    *("", "*", "for ", "self.x = [", "self.x = {", "self.x =", "x = [y]*", "mul(", "noqa:", "# noqa: ATN1", "# noqa"),
    *("# attnlint: ignore[", "# attnlint: ignore", "ModuleList(", "nn.Sequential([", "weight", ".view(", ".reshape("),
    *("transpose(", "log_softmax(", "inf", "checkpoint(", "self.x = A(", "x: ", "self.x = []\n", "std **", ")"),
)
UNITS = (
    *list(" \t#()[]*,=.-1\\'\"a"),
    *("# ", " \n", "#\n", "a.", "a(", "a, ", "*,", "1, ", "for ", "for a in ", "in ", "x = [y]*", "mul(", "noqa:"),
    *("weight ", "weight sqrt ", "inf ", "--#", "# noqa ", "ATN1,", ".view(*,", "log_softmax()", "log_softmax("),
    *("self.x = A(", "self.x = [", "map(", "ModuleList( "),
)


@pytest.fixture
def in_time() -> Iterator[Callable[[], None]]:
    """Begins to count the time that this process works, anew with each call."""

    def end(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, end)
    try:
        yield lambda: signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS) and None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@pytest.mark.parametrize("pattern", SEARCHES.values(), ids=list(SEARCHES))
def test_a_search_takes_no_more_than_a_moment(pattern: re.Pattern[str], in_time: Callable[[], None]) -> None:
    for begin in BEGINS:
        for unit in UNITS:
            text = f"{begin}{unit * (LENGTH // len(unit))}\x01"
            in_time()
            try:
                sum(1 for _ in pattern.finditer(text))
            except TimeoutError:
                pytest.fail(f"{begin!r} and many {unit!r}")
