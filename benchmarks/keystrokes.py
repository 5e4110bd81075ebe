"""How long a keystroke's diagnostics take: ``python benchmarks/keystrokes.py FILE [--edits N] [--attention]``.

Starts the language server, opens the file and types lines of code before statements of random functions, a character at
a time, and takes them back. Each keystroke is timed from its ``textDocument/didChange`` to the diagnostics of that
version, and the next one waits for them. Prints that, how long a full lint takes, how long the server took from its
start to its first diagnostics, and what memory it had on the way.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from attnlint.linter import lint_source

_TYPED = "scale = self.head_dim"
"""What is typed, character by character, and taken back."""
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_ATTENTION = ("softmax(", "scaled_dot_product_attention(")


def main() -> None:
    """Measure, and print."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("file", type=Path)
    options.add_argument("--edits", type=int, default=1000)
    options.add_argument("--attention", action="store_true", help="type into functions that compute attention alone")
    given = options.parse_args()
    text = given.file.read_text("utf-8")
    print(f"{given.file.name}: {text.count(chr(10))} lines")
    with Server(given.file.absolute().as_uri()) as server:
        print(f"first diagnostics {server.open(text):.2f} s after the server's start")
        print(f"full lint {_timed(lambda: lint_source(text, str(given.file))) * 1000:.0f} ms")
        _type(server, text, list(_places(text, given.attention)), given.edits)


def _timed(work: Callable[[], object]) -> float:
    """The seconds that the better of two runs takes: the first one imports the engine."""
    times = []
    for _ in range(2):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def _type(server: Server, text: str, places: list[int], number: int) -> None:
    """Type, and print what it took."""
    memory = {0: server.memory()}
    times, before = list[float](), server.processor()
    for count, (line, old, new) in zip(range(1, number + 1), _edits(text, places), strict=False):
        times.append(server.change(line, old, new))
        if count % max(1, number // 10) == 0:
            memory[count] = server.memory()
    used = (server.processor() - before) / number
    times.sort()
    print(f"{number} keystrokes: median {statistics.median(times) * 1000:.0f} ms", end=", ")
    print(f"95th percentile {times[len(times) * 95 // 100] * 1000:.0f} ms, processor {used * 1000:.0f} ms each")
    print("memory after", ", ".join(f"{count}: {size:.1f} MB" for count, size in memory.items()))


def _places(text: str, attention: bool) -> Iterator[int]:
    """The lines, from 0, on which statements inside of functions begin."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _FUNCTION):
            code = ast.get_source_segment(text, node) or ""
            if not attention or any(one in code for one in _ATTENTION):
                inside = (one for one in ast.walk(node) if isinstance(one, ast.stmt) and one is not node)
                yield from {one.lineno - 1 for one in inside if one.lineno > node.body[0].lineno}


def _edits(text: str, places: list[int]) -> Iterator[tuple[int, str, str]]:
    """Edits, each of one line: its number, what stood there, and what stands there now."""
    source, lines = random.Random(0), text.split("\n")
    while True:
        at = source.choice(places)
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        lengths = (*range(1, len(_TYPED) + 1), *range(len(_TYPED) - 1, -1, -1))
        versions = ["", *(f"{indent}{_TYPED[:length]}\n" if length else "" for length in lengths)]
        yield from ((at, old, new) for old, new in pairwise(versions))


class Server:
    """A server that has one document open."""

    def __init__(self, uri: str) -> None:
        self._uri, self._version = uri, 0
        self._begin = time.perf_counter()
        command = [sys.executable, "-I", "-m", "attnlint", "server"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def open(self, text: str) -> float:
        """Open the document; the seconds from the start to its diagnostics."""
        self._send({"id": 1, "method": "initialize", "params": {"capabilities": {}}})
        self._send({"method": "initialized", "params": {}})
        self._version = 1
        document = {"uri": self._uri, "languageId": "python", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        self._wait()
        return time.perf_counter() - self._begin

    def change(self, line: int, old: str, new: str) -> float:
        """Put a line in the place of another; the seconds to the diagnostics that follow."""
        self._version += 1
        start = {"line": line, "character": 0}
        end = {"line": line + 1, "character": 0} if old else start
        document = {"uri": self._uri, "version": self._version}
        changes = [{"range": {"start": start, "end": end}, "text": new}]
        begin = time.perf_counter()
        params = {"textDocument": document, "contentChanges": changes}
        self._send({"method": "textDocument/didChange", "params": params})
        self._wait()
        return time.perf_counter() - begin

    def memory(self) -> float:
        """Megabytes that it has in memory."""
        status = Path(f"/proc/{self._process.pid}/status").read_text("utf-8")
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))

    def processor(self) -> float:
        """Seconds of processor time that it has used."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def _wait(self) -> None:
        """Read until there are diagnostics of the version that the document has now."""
        said: object = None
        while said != self._version:
            message = self._received()
            if message.get("method") == "textDocument/publishDiagnostics":
                said = message["params"].get("version")

    def _send(self, message: dict[str, object]) -> None:
        assert self._process.stdin is not None
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self._process.stdin.flush()

    def _received(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while (line := self._process.stdout.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message


if __name__ == "__main__":
    main()
