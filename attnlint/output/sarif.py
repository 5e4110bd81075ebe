"""For code scanning: SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), one run with all that it says.

Fixes in notebooks are left out: what they would replace is written as JSON has it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from attnlint import __version__
from attnlint.diagnostics import Diagnostic, Fix, Problem, Related, Span
from attnlint.fingerprints import VERSION, fingerprints_of_all
from attnlint.output import View
from attnlint.output._cells import worded
from attnlint.output._copies import related_and_copies
from attnlint.output._escapes import dumped, relative, uri
from attnlint.output._sarif_rules import LEVELS, descriptor
from attnlint.output._terminal import flowing
from attnlint.syntax.text import extract

if TYPE_CHECKING:
    from attnlint.runs import Report

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://attnlint.github.io/attnlint/"
_ROOT = "%SRCROOT%"
_ROOT_IS = "The folder in which attnlint was run."
_FINGERPRINT = f"attnlint/v{VERSION}"


def render(report: Report, view: View) -> Iterator[str]:
    """The whole log as indented JSON."""
    yield dumped({"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(report, view)]}, indent=2) + "\n"


def _run(report: Report, view: View) -> dict[str, object]:
    found = report.diagnostics
    first_of = {diagnostic.code: diagnostic for diagnostic in reversed(found)}
    rules = {code: number for number, code in enumerate(sorted(first_of))}
    known = fingerprints_of_all(found, view.lines)
    return {
        "tool": {
            "driver": {
                "name": "attnlint",
                "informationUri": _HOME,
                "version": __version__,
                "rules": [descriptor(first_of[code]) for code in rules],
            }
        },
        "invocations": [_invocation(report.problems)],
        "originalUriBaseIds": {_ROOT: {"description": {"text": _ROOT_IS}}},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(one, rules[one.code], own, extract(view.lines(one.path, one.cell), one.span))
            for one, own in zip(found, known, strict=True)
        ],
    }


def _invocation(problems: Sequence[Problem]) -> dict[str, object]:
    """How the run went: it failed, as SARIF says it, if anything could not be checked."""
    return {"executionSuccessful": not problems, "toolExecutionNotifications": [_notification(p) for p in problems]}


def _notification(problem: Problem) -> dict[str, object]:
    place: dict[str, object] = {"artifactLocation": _artifact(problem.path)}
    if problem.line is not None:
        place["region"] = {"startLine": problem.line}
    return {"level": "error", "message": _message(problem.reason), "locations": [{"physicalLocation": place}]}


def _result(found: Diagnostic, rule: int, fingerprint: str, text: str) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": LEVELS[found.severity],
        "message": _message(worded(found)),
        "locations": [_location(found, _snippet(text))],
        "partialFingerprints": {_FINGERPRINT: fingerprint},
    }
    if places := related_and_copies(found):
        result["relatedLocations"] = [_related(number, one) for number, one in enumerate(places, 1)]
    if found.fix is not None and found.fix.edits and found.cell is None:
        result["fixes"] = [_fix(found.path, found.fix)]
    return result


def _related(number: int, related: Related) -> dict[str, object]:
    return {"id": number, **_location(related, {}), "message": _message(worded(related))}


def _location(at: Diagnostic | Related, snippet: dict[str, object]) -> dict[str, object]:
    """A place in a file; of one in a notebook the line of the file, as far as it is known, and the cell."""
    artifact = {"artifactLocation": _artifact(at.path)}
    if at.cell is None:
        return {"physicalLocation": {**artifact, "region": {**_region(at.span), **snippet}}}
    region = {} if at.file_line is None else {"region": {"startLine": at.file_line}}
    return {"physicalLocation": {**artifact, **region}, "logicalLocations": [{"name": f"cell {at.cell}"}]}


def _fix(path: str, fix: Fix) -> dict[str, object]:
    replacements = [
        {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.replacement}} for edit in fix.edits
    ]
    return {
        "description": _message(fix.title),
        "artifactChanges": [{"artifactLocation": _artifact(path), "replacements": replacements}],
        "properties": {"tier": fix.tier.value},
    }


def _artifact(path: str) -> dict[str, object]:
    """Where a file is: from the folder of the run, so that no name of a machine's folders gets into the log."""
    inside = relative(path)
    return {"uri": uri(os.path.abspath(path))} if inside is None else {"uri": uri(inside), "uriBaseId": _ROOT}


def _region(span: Span) -> dict[str, object]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _snippet(text: str) -> dict[str, object]:
    """The text of a region, for viewers that do not have the source."""
    return {"snippet": {"text": text}} if text else {}


def _message(text: str) -> dict[str, object]:
    """Text that stands for itself: braces are doubled, as SARIF wants them, and what would be a link is parted."""
    return {"text": flowing(text).replace("{", "{{").replace("}", "}}").replace("](", "] (")}
