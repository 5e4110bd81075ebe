"""Feeds attnlint hostile input, and counts what it does not survive.

    python fuzz [--seconds 60] [--seed WORD] [--jobs 1] [--keep FOLDER] [FOLDER_OR_FILE ...]
    python fuzz --whole FOLDER_OR_FILE ...

The seeds are this project's fixtures and right code, and the Python, notebooks and prose in what is named. Every input
is linted with all rules, fixed, silenced and printed in every format, in a process that may die or hang: see
`judging.fault` for what counts as a crash. Inputs that crash it are written to the folder to keep, each with the reason
beside it. With --whole, the files that are named are judged as they are. The exit status is 1 if anything crashed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import count, islice
from multiprocessing.connection import Connection
from pathlib import Path

from inputs import MAKERS, SEEDS, Input, Seeds, inputs

from attnlint.sources.discovery import find_sources

_PROCESSES = multiprocessing.get_context("fork")
HANG = 60
"""Seconds of work after which an input counts as one that hangs: the biggest real file takes a few."""
DEADLOCK = 1_200
"""Seconds after which it does so without having worked: on a machine that does much else, work takes its time."""
_RARELY = 20
"""Of how many rounds one makes up modules, which takes seconds."""
OFTEN = tuple(kind for kind in MAKERS if kind != "made up")
Source = partial[Iterator[tuple[str, Input]]]


@dataclass
class Totals:
    """What was done, and what came of it."""

    inputs: Counter[str] = field(default_factory=Counter)
    """By kind."""
    crashes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0
    reasons: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        kinds = ", ".join(f"{number} {kind}" for kind, number in self.inputs.items())
        crashes = sum(self.crashes.values())
        return f"{self.inputs.total()} inputs ({kinds}), slowest {self.slowest:.1f} s, {crashes} crashes"


def mutations(seed: str, share: int, shares: int, places: Sequence[Path]) -> Iterator[tuple[str, Input]]:
    """Inputs of every kind in turn, without end; each share has its own."""
    seeds = Seeds.below(places)
    for number in count(share, shares):
        for kind in MAKERS if number % _RARELY == 0 else OFTEN:
            for made in inputs(kind, seed, number, seeds):
                yield kind, made


def whole(share: int, shares: int, places: Sequence[Path]) -> Iterator[tuple[str, Input]]:
    """Files as they are."""
    paths = sorted(path for path in find_sources(places) if isinstance(path, str))
    for path in islice(paths, share, None, shares):
        yield "whole files", Input(path, Path(path).read_bytes())


def work(source: Source, passed: int, told: Connection) -> None:
    """Judge inputs in a process of its own: tells of each before and after."""
    warnings.simplefilter("ignore")
    from judging import fault

    for kind, made in islice(source(), passed, None):
        used = resource.getrusage(resource.RUSAGE_SELF)
        most = int(used.ru_utime + used.ru_stime) + HANG
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
        told.send((kind, made))
        told.send(fault(made.path, made.data))
    told.send(None)


class Worker:
    """A process that judges inputs, and another in its place whenever it ends or hangs."""

    def __init__(self, source: Source, totals: Totals, keep: Path) -> None:
        self._source = source
        self._totals = totals
        self._keep = keep
        self._done = 0
        self._start()

    def _start(self) -> None:
        self._heard, told = _PROCESSES.Pipe(duplex=False)
        self._process = _PROCESSES.Process(target=work, args=(self._source, self._done, told), daemon=True)
        self._process.start()
        told.close()

    def step(self) -> bool:
        """Wait for one input; whether there may be more."""
        try:
            begun = self._heard.recv()
        except EOFError:
            raise SystemExit(f"fuzz: the process ended between two inputs, with {self._process.exitcode}") from None
        if begun is None:
            return False
        kind, made = begun
        start = time.perf_counter()
        reason = self._verdict()
        self._totals.slowest = max(self._totals.slowest, time.perf_counter() - start)
        self._totals.inputs[kind] += 1
        self._done += 1
        if reason is not None:
            self._totals.crashes[kind] += 1
            self._record(kind, made, reason)
        return True

    def _verdict(self) -> str | None:
        try:
            if self._heard.poll(DEADLOCK):
                found: str | None = self._heard.recv()
                return found
            reason = f"hangs: {DEADLOCK} seconds"
        except EOFError:
            self._process.join()
            status = self._process.exitcode
            reason = f"hangs: {HANG} seconds" if status == -signal.SIGXCPU else f"ends the process with {status}"
        self._done += 1
        self.stop()
        self._start()
        self._done -= 1
        return reason

    def _record(self, kind: str, made: Input, reason: str) -> None:
        self._keep.mkdir(parents=True, exist_ok=True)
        name = self._keep / f"{sha256(made.data).hexdigest()[:12]}-{Path(made.path).name}"
        name.write_bytes(made.data)
        name.with_name(f"{name.name}.reason").write_text(f"{kind}: {made.path}\n{reason}\n", "utf-8")
        last = reason.strip().splitlines()[-1]
        if last not in self._totals.reasons:
            self._totals.reasons.add(last)
            print(f"{name}: {last}", flush=True)

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


def run(sources: Sequence[Source], seconds: float, keep: Path) -> Totals:
    """Judge inputs until the time is over, or there are no more."""
    totals = Totals()
    workers = [Worker(source, totals, keep) for source in sources]
    running = list(workers)
    end = time.monotonic() + seconds
    while running and time.monotonic() < end:
        running = [worker for worker in running if worker.step()]
    for worker in workers:
        worker.stop()
    return totals


def main() -> int:
    """Fuzz for some time, or judge files."""
    parser = argparse.ArgumentParser("fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("places", nargs="*", type=Path, metavar="FOLDER_OR_FILE")
    parser.add_argument("--seconds", type=float, help="how long at most; 60 for mutations")
    parser.add_argument("--seed", default="attnlint", help="a word that chance begins with")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-crashes"), help="where what crashes is written")
    parser.add_argument("--whole", action="store_true", help="judge the named files as they are")
    given = parser.parse_args()
    missing = [place for place in given.places if not place.exists()]
    if missing or (given.whole and not given.places):
        parser.error(f"{missing[0]}: no such file or folder" if missing else "--whole needs files or folders")
    if given.whole:
        sources = [partial(whole, share, given.jobs, given.places) for share in range(given.jobs)]
    else:
        places = [*SEEDS, *given.places]
        sources = [partial(mutations, given.seed, share, given.jobs, places) for share in range(given.jobs)]
    seconds = given.seconds if given.seconds is not None else float("inf") if given.whole else 60
    start = time.perf_counter()
    totals = run(sources, seconds, given.keep)
    print(f"{totals} in {time.perf_counter() - start:.0f} s, Python {sys.version.split()[0]}, seed {given.seed!r}")
    return 1 if totals.crashes else 0
