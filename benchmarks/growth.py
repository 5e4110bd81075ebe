"""How the cost of linting grows with what a module holds.

    python benchmarks/growth.py [NAME…]

Synthetic modules (`shapes`) are doubled along one dimension at a time. For each, the exponent of the time is the slope
of a least-squares line through the logarithms of sizes and times: 1 is linear, 2 quadratic. Times are CPU time in one
process with the engine loaded, the least of several runs; only the bigger sizes count, where what is fixed does not
weigh. Exits 1 if an exponent is above the limit.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import math
import pstats
import sys
import time
from dataclasses import dataclass
from statistics import linear_regression

from shapes import SHAPES, Shape

from attnlint.linter import lint_source
from attnlint.rule import discover
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceError

LIMIT = 1.2
"""The exponent that no dimension may exceed."""
_COUNTED = 4
"""Sizes that the exponent is taken over: the last ones."""
_REPEATS = 3


@dataclass(frozen=True)
class Growth:
    """What linting took, by size."""

    name: str
    seconds: dict[int, float]

    @property
    def exponent(self) -> float:
        """The slope of the line through the bigger sizes."""
        points = [(math.log(size), math.log(taken)) for size, taken in self.seconds.items()][-_COUNTED:]
        return linear_regression([size for size, _ in points], [taken for _, taken in points]).slope

    @property
    def is_too_steep(self) -> bool:
        """Whether the exponent is above the limit."""
        return self.exponent > LIMIT


def measure(name: str, shape: Shape, budget: float) -> Growth:
    """Double the size until one run takes longer than the budget, or the module is longer or deeper than is read."""
    seconds: dict[int, float] = {}
    size = shape.start
    while shape.most is None or size <= shape.most:
        text = shape.make(size)
        try:
            seconds[size] = taken = cpu_time(text, budget)
        except SourceError:
            break
        if taken > budget and len(seconds) >= _COUNTED:
            break
        if taken > 10 * budget and len(seconds) > 1:
            break
        size *= 2
    return Growth(name, seconds)


def cpu_time(text: str, budget: float) -> float:
    """The least CPU time of several runs; one is enough where it is long."""
    least = math.inf
    for _ in range(_REPEATS):
        gc.collect()
        begin = time.process_time()
        lint(text)
        least = min(least, time.process_time() - begin)
        if least > budget:
            break
    return least


def lint(text: str) -> None:
    """Lint with all rules, those that are off by default too."""
    lint_source(text, "synthetic.py", list(discover().values()))


def profile(shape: Shape, size: int) -> None:
    """Print where the time of one size goes."""
    text = shape.make(size)
    profiler = cProfile.Profile()
    on_big_stack(lambda: profiler.runcall(lint, text))
    pstats.Stats(profiler).sort_stats("tottime").print_stats(25).sort_stats("cumtime").print_stats(40)


def row(growth: Growth) -> str:
    """A row of the table."""
    biggest, taken = list(growth.seconds.items())[-1]
    mark = " **too steep**" if growth.is_too_steep else ""
    return f"| {growth.name} | {biggest:,} | {taken:.2f} | {growth.exponent:.2f}{mark} |"


def main() -> int:
    """Measure all dimensions, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", help="what grows; by default, everything in turn")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long the biggest size takes (default 2)")
    parser.add_argument("--profile", type=int, metavar="SIZE", help="profile one size of each NAME instead")
    parser.add_argument(
        "--print", type=int, metavar="SIZE", dest="printed", help="print the module of that size instead"
    )
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in SHAPES]
    if unknown:
        parser.error(f"nothing that grows is called {', '.join(unknown)}; there are: {', '.join(SHAPES)}")
    chosen = {name: shape for name, shape in SHAPES.items() if not options.names or name in options.names}
    if options.printed or options.profile:
        for shape in chosen.values():
            print(shape.make(options.printed)) if options.printed else profile(shape, options.profile)
        return 0
    lint(SHAPES["classes"].make(2))
    print("| what grows | biggest size | seconds | exponent |\n| --- | ---: | ---: | ---: |")
    steep = False
    for name, shape in chosen.items():
        growth = measure(name, shape, options.seconds)
        steep |= growth.is_too_steep
        print(row(growth), flush=True)
    return int(steep)


if __name__ == "__main__":
    sys.exit(main())
