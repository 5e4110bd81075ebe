"""What the server looks at and what it leaves, without a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_documents import BUGGY

from attnlint.findings import Finding
from attnlint.incremental import Session
from attnlint.rule import installed
from attnlint.server.analyses import Analyses, Outdated
from attnlint.server.projects import Projects
from attnlint.server.snapshots import Part, Snapshot

MANY = BUGGY + BUGGY.partition("\n\n\n")[2].replace("def attend", "\n\ndef again")


def version(path: Path, text: str, number: int) -> Snapshot:
    return Snapshot("file:///a.py", str(path / "a.py"), text, {None: Part("file:///a.py", number, text)})


def test_an_analysis_that_nobody_waits_for_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text changes while rules are asked about the first function; they are not asked about the second one."""
    analyses = Analyses(Projects(print))
    first, second = (
        version(tmp_path, MANY, 1),
        version(tmp_path, MANY.replace("    scores.m", "    scores = scores.m"), 2),
    )
    asked: list[str] = []

    def check(self: object, graph: object) -> Iterator[Finding]:
        asked.append(getattr(graph, "name", ""))
        analyses.note(second)
        return iter(())

    rule = installed().rules["ATN204"]

    async def both() -> list[str]:
        with monkeypatch.context() as patched:
            patched.setattr(rule, "check_definition", check)
            with pytest.raises(Outdated):
                await analyses.of(analyses.note(first))
        return [one.code for one in (await analyses.of(second)).found]

    assert asyncio.run(both()) == ["ATN101", "ATN101"]
    assert len(asked) == 1
    analyses.stop()


def test_an_analysis_that_fails_becomes_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    analyses = Analyses(Projects(print))

    def fail(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    async def twice() -> tuple[str, ...]:
        with monkeypatch.context() as patched:
            patched.setattr(Session, "lint", fail)
            failed = await analyses.of(analyses.note(version(tmp_path, BUGGY, 1)))
        assert len((await analyses.of(analyses.note(version(tmp_path, BUGGY, 2)))).found) == 2
        return failed.messages

    (message,) = asyncio.run(twice())
    assert "the analysis failed with ZeroDivisionError: by zero" in message
    analyses.stop()
