"""How long a keystroke's diagnostics take: ``python benchmarks/keystrokes.py FILE [EDITS]``.

Prints how long a full lint takes, how long the language server takes from its start to the first diagnostics, the
median and the 95th percentile of keystrokes typed in random places, and what memory has grown to after all of them.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from attnlint.config import Configuration
from attnlint.failures import Failures
from attnlint.incremental import Session
from attnlint.linter import lint_source
from attnlint.syntax.text import SourceError

_TYPED = "scale = self.head_dim"
"""What is typed, character by character, and taken back."""


def main() -> None:
    """Measure, and print."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("file", type=Path)
    options.add_argument("edits", type=int, nargs="?", default=1000)
    given = options.parse_args()
    text = given.file.read_text("utf-8")
    print(f"{given.file.name}: {text.count(chr(10))} lines")
    print(f"first diagnostics after {_first_diagnostics(given.file, text):.2f} s from the server's start")
    lint_source(text, str(given.file))
    print(f"full lint {_timed(lambda: lint_source(text, str(given.file))) * 1000:.0f} ms")
    _type(str(given.file), text, given.edits)


def _type(path: str, text: str, number: int) -> None:
    """Type, and print what it took."""
    checks, session = Configuration().checks(path), Session(path)
    session.lint(text, checks, Failures())
    times: list[float] = []
    before = 0
    for version in _versions(text, number):
        times.append(_timed(lambda version=version: _lint(session, version, checks)))
        if len(times) == number // 10:
            before = _memory()
    times.sort()
    print(f"keystroke: median {statistics.median(times) * 1000:.0f} ms", end=", ")
    print(f"95th percentile {times[len(times) * 95 // 100] * 1000:.0f} ms; {session.analyses} of {number} analysed")
    print(f"memory after {number // 10} keystrokes {before} MB, after all {_memory()} MB")


def _lint(session: Session, text: str, checks: Any) -> None:
    try:
        session.lint(text, checks, Failures())
    except SourceError:
        return


def _versions(text: str, number: int) -> Iterator[str]:
    """Texts as they are typed: a new line of code in a random place, then taken back."""
    source = random.Random(0)
    lines = text.split("\n")
    while True:
        at = source.randrange(len(lines))
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        for length in (*range(1, len(_TYPED) + 1), *range(len(_TYPED) - 1, -1, -1)):
            if number == 0:
                return
            number -= 1
            typed = [indent + _TYPED[:length]] if length else []
            yield "\n".join([*lines[:at], *typed, *lines[at:]])


def _timed(work: Any) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _memory() -> int:
    """Megabytes that this process has in memory."""
    status = Path("/proc/self/status").read_text("utf-8")
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def _first_diagnostics(file: Path, text: str) -> float:
    """Seconds from the start of a server to what it says of a file."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "attnlint", "server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        _send(server.stdin, {"id": 1, "method": "initialize", "params": {"capabilities": {}}})
        _send(server.stdin, {"method": "initialized", "params": {}})
        document = {"uri": file.absolute().as_uri(), "languageId": "python", "version": 1, "text": text}
        _send(server.stdin, {"method": "textDocument/didOpen", "params": {"textDocument": document}})
        while _received(server.stdout).get("method") != "textDocument/publishDiagnostics":
            pass
        taken = time.perf_counter() - begin
        server.kill()
    return taken


def _send(stream: IO[bytes], message: dict[str, object]) -> None:
    data = json.dumps({"jsonrpc": "2.0", **message}).encode()
    stream.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
    stream.flush()


def _received(stream: IO[bytes]) -> dict[str, Any]:
    length = 0
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    message: dict[str, Any] = json.loads(stream.read(length))
    return message


if __name__ == "__main__":
    main()
