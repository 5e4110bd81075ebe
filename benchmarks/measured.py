"""One command, measured over all the processes that it starts."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_EVERY = 0.02
"""Seconds between two looks at the memory, at least."""
_SHARE = 0.05
"""How much of a core looking may take."""


@dataclass(frozen=True)
class Measured:
    """What a command took."""

    wall: float
    cpu: float
    """Seconds of all processes together, user and system."""
    peak: int
    """Bytes of all processes together, at the look that found most: proportional set size where the system tells it
    (Linux), so that pages which several share count once, else resident set size."""
    status: int
    is_stopped: bool
    """Whether it was stopped at the limit; all the rest is then what it had taken by that time."""
    complaint: str
    """The last line of its standard error."""


def measure(command: Sequence[str], limit: float, folder: str | None = None) -> Measured:
    """Run a command in a folder, its output thrown away, and stop it with all its children at the limit."""
    before = _cpu_of_children()
    with tempfile.TemporaryFile() as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=errors, cwd=folder, start_new_session=True
        )
        peak, running = _watched(process, begin + limit)
        wall = time.perf_counter() - begin
        is_stopped = process.returncode is None
        if is_stopped:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        errors.seek(0)
        complaints = errors.read().decode(errors="replace").strip().splitlines()
    cpu = running if is_stopped else _cpu_of_children() - before
    return Measured(wall, cpu, peak, process.returncode, is_stopped, complaints[-1] if complaints else "")


def _watched(process: subprocess.Popen[bytes], end: float) -> tuple[int, float]:
    """The peak of the memory, and the CPU time at the last look, of a process and its children until it ends or the
    time is over."""
    peak, cpu = 0, 0.0
    root = psutil.Process(process.pid)
    while process.poll() is None and time.perf_counter() < end:
        begin = time.perf_counter()
        try:
            tree = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        looks = [_look(one) for one in tree]
        peak = max(peak, sum(memory for memory, _ in looks))
        cpu = max(cpu, sum(seconds for _, seconds in looks))
        time.sleep(max(_EVERY, (time.perf_counter() - begin) / _SHARE))
    return peak, cpu


def _look(process: psutil.Process) -> tuple[int, float]:
    """The bytes and the seconds of one process, with the seconds of its children that ended."""
    try:
        times = process.cpu_times()
        ended = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        return _memory(process), times.user + times.system + ended
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return 0, 0.0


def _memory(process: psutil.Process) -> int:
    rollup = Path(f"/proc/{process.pid}/smaps_rollup")
    if rollup.exists():
        sizes = (line.split() for line in rollup.read_text("ascii").splitlines() if line.startswith("Pss:"))
        return sum(int(size) * 1024 for _, size, _ in sizes)
    return int(process.memory_info().rss)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
