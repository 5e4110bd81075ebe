"""The command line run in this process, for tests that run it often: each new interpreter takes a second.

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
    given, out, err = _stream(stdin), _stream(), _stream()
    read._stdin.clear()
    with mock.patch.multiple(sys, argv=["attnlint", *arguments], stdin=given, stdout=out, stderr=err):
        status = cli.main()
    return subprocess.CompletedProcess(arguments, status, _text(out), _text(err))


def _stream(text: str = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", newline=None)


def _text(stream: io.TextIOWrapper) -> str:
    """What was printed, with the ends of lines as a pipe opened for text gives them."""
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return io.TextIOWrapper(io.BytesIO(stream.buffer.getvalue()), encoding="utf-8").read()
