"""What the tests of output formats share: findings made by hand, and the schemas that formats are held against."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import xmlschema

from attnlint.diagnostics import Diagnostic, Edit, Fix, Problem, Related, Severity, Span, Tier
from attnlint.output import View, renderer
from attnlint.runs import Report

SCHEMAS = Path(__file__).parent / "schemas"
SOURCE = """\
def attend(q, k, v):
    scores = q @ k.transpose(-2, -1)
\tweights = scores.softmax(-1)  # 注意 🙂 here
    return weights @ v
"""
SCALE = Diagnostic(
    "ATN101",
    "missing-scale",
    Severity.ERROR,
    "m.py",
    Span(2, 14, 2, 37),
    "`q @ k.transpose(-2, -1)` reaches softmax unscaled",
    "https://example.org/ATN101",
    Fix("divide by √head_dim", Tier.UNSAFE, (Edit(Span(2, 14, 2, 37), "(q @ k.mT) / 8"),)),
    (Related("m.py", Span(3, 12, 3, 30), "softmax is taken here"),),
)
IN_A_CELL = replace(
    SCALE,
    path="m.ipynb",
    cell=3,
    file_line=41,
    fix=Fix("divide", Tier.UNSAFE, (Edit(Span(2, 14, 2, 37), "x", 3),)),
    related=(Related("m.ipynb", Span(1, 5, 1, 6), "made here", 1, 12),),
)


def at(span: Span, **changes: object) -> Diagnostic:
    fields = {"code": "ATN204", "name": "discarded-mask", "severity": Severity.WARNING, "path": "m.py"}
    return Diagnostic(**{**fields, "message": "gone", "url": "", **changes, "span": span})  # type: ignore[arg-type]


def render(
    name: str,
    *found: Diagnostic,
    source: str = SOURCE,
    color: bool = False,
    quiet: bool = False,
    problems: Sequence[Problem] = (),
) -> str:
    view = View(lambda path, cell: source.splitlines(keepends=True), color, quiet)
    return "".join(renderer(name)(Report(diagnostics=list(found), problems=list(problems), files=3), view))


@cache
def json_schema(name: str) -> Any:
    """The validator of a JSON schema; it checks that addresses are URIs too."""
    schema = json.loads((SCHEMAS / name).read_text("utf-8"))
    checker = jsonschema.FormatChecker()
    assert {"uri", "uri-reference"} <= checker.checkers.keys()
    return jsonschema.validators.validator_for(schema)(schema, format_checker=checker)


@cache
def _junit() -> xmlschema.XMLSchema10:
    return xmlschema.XMLSchema10(str(SCHEMAS / "junit-10.xsd"))


def strict_json(text: str) -> Any:
    """A JSON document that readers in any language take: UTF-8 without lone surrogates."""
    value = json.loads(text)
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def valid_sarif(text: str) -> Any:
    log = strict_json(text)
    json_schema("sarif-2.1.0-rtm.5.json").validate(log)
    return log


def valid_gitlab(text: str) -> Any:
    issues = strict_json(text)
    json_schema("gitlab-code-quality.json").validate(issues)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    return issues


def valid_rdjson(text: str) -> Any:
    result = strict_json(text)
    json_schema("rdjson.json").validate(result)
    return result


def valid_junit(text: str) -> Any:
    from xml.etree import ElementTree

    _junit().validate(text)
    return ElementTree.fromstring(text)
