"""For CI servers that read test results (Jenkins, GitLab, Azure): JUnit XML, a suite a file and a failure a finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from attnlint.diagnostics import Diagnostic, Problem, position
from attnlint.output import View
from attnlint.output._copies import remark
from attnlint.output._escapes import xml_text
from attnlint.output._terminal import flowing, shown, visible

if TYPE_CHECKING:
    from attnlint.runs import Report

Element = ElementTree.Element
_NOTHING = "nothing found"


def render(report: Report, view: View) -> Iterator[str]:
    """The whole document, in ASCII alone. Where nothing was found, one test passed: Jenkins takes none for an error."""
    root = ElementTree.Element("testsuites", name="attnlint")
    for path, found in groupby(report.diagnostics, key=lambda diagnostic: diagnostic.path):
        root.append(_suite(path, [*_failures(list(found))]))
    for path, problems in groupby(report.problems, key=lambda problem: problem.path):
        root.append(_suite(path, [_problem(one) for one in problems]))
    if not len(root):
        root.append(_suite("attnlint", [_case("attnlint", _NOTHING)]))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ElementTree.indent(root)
    document = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=True).decode("ascii")
    yield document.replace("##", "#&#35;") + "\n"


def _suite(name: str, cases: list[Element]) -> Element:
    failures = sum(case.find("failure") is not None for case in cases)
    suite = ElementTree.Element("testsuite", name=xml_text(shown(name)), tests=str(len(cases)), time="0")
    suite.set("failures", str(failures))
    suite.set("errors", "0")
    suite.extend(cases)
    return suite


def _failures(found: list[Diagnostic]) -> Iterator[Element]:
    """A case for each finding. They are named by code and number, not by line, so that a server knows them again."""
    seen: Counter[str] = Counter()
    for one in found:
        seen[one.code] += 1
        number = f" ({seen[one.code]})" if seen[one.code] > 1 else ""
        message = flowing(one.message)
        case = _case(one.path, f"{one.code} {one.name}{number}")
        text = f"{shown(one.path)}:{position(one)}: {one.code} {message}{remark(one)}\n{one.url}"
        _fail(case, one.severity.value, message, text)
        yield case


def _problem(problem: Problem) -> Element:
    case = _case(problem.path, "can be checked")
    line = "" if problem.line is None else f":{problem.line}"
    _fail(case, "problem", visible(problem.reason), f"{shown(problem.path)}{line}: {visible(problem.reason)}")
    return case


def _case(path: str, name: str) -> Element:
    return ElementTree.Element("testcase", classname=xml_text(shown(path)), name=xml_text(name), time="0")


def _fail(case: Element, kind: str, message: str, text: str) -> None:
    failure = ElementTree.SubElement(case, "failure", type=kind, message=xml_text(message))
    failure.text = xml_text(text)
