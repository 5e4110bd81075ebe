"""The command line run in this process, for tests that run it often: a new interpreter each time takes most of a second.

What a caller sees is the same as of the installed script (`test_cli.run`): arguments, streams of bytes, exit status.
"""

from __future__ import annotations

import io
import subprocess
import sys
from unittest import mock

from attnlint import cli
from attnlint.sources import read


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """What ``attnlint ARGUMENTS`` prints, and its exit status."""
    streams = {"stdin": _stream(stdin), "stdout": _stream(), "stderr": _stream()}
    read._read_stdin.cache_clear()
    with mock.patch.multiple(sys, argv=["attnlint", *arguments], **streams):
        status = cli.main()
    return subprocess.CompletedProcess(arguments, status, _text(streams["stdout"]), _text(streams["stderr"]))


def _stream(text: str = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", newline=None)


def _text(stream: io.TextIOWrapper) -> str:
    """What was printed, with the ends of lines as a pipe opened for text gives them."""
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return io.TextIOWrapper(io.BytesIO(stream.buffer.getvalue()), encoding="utf-8").read()
