"""Syntax that is newer than the Python that attnlint runs on: which release knows it, told by libcst, which knows all.

That is claimed of no file that libcst does not parse, and of none without such syntax in it.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from collections.abc import Iterator

import libcst as cst

from attnlint.syntax.limits import MAX_DEPTH
from attnlint.syntax.patterns import may_have_brackets
from attnlint.syntax.positions import node_offsets
from attnlint.syntax.text import line_number
from attnlint.syntax.walk import nodes

Version = tuple[int, int]
_MOST_BLOCKS = 100
_WORD = re.compile(r"\w+|[^\w\s]")


def needs_newer(text: str, running: Version = sys.version_info[:2]) -> tuple[int, str] | None:
    """The line of the newest syntax in a source that Python does not parse, and what to say of it; None where nothing
    is known to be newer than the Python that runs. To be called on a big stack."""
    if not _is_shallow(text) or may_have_brackets(text):
        return None
    try:
        module = cst.parse_module(text)
    except BaseException as error:
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":  # of libcst
            return None
        raise
    found = [(version, what, node) for node in nodes(module) for version, what in _needs(module, node)]
    newest = max((version for version, _, _ in found), default=running)
    if newest <= running:
        return None
    code, offsets = node_offsets(module)
    place, what = min((offsets[node][0], what) for version, what, node in found if version == newest)
    needed, here = (".".join(map(str, version)) for version in (newest, running))
    return line_number(code[:place]), f"{what} is Python {needed} or newer, and attnlint runs on {here}"


def _needs(module: cst.Module, node: cst.CSTNode) -> Iterator[tuple[Version, str]]:
    """What stands in a node, and the first release that knows it."""
    if isinstance(node, cst.TypeAlias):
        yield (3, 12), "a `type` statement"
    elif isinstance(node, (cst.FunctionDef, cst.ClassDef)) and node.type_parameters is not None:
        yield (3, 12), "a list of type parameters"
    elif isinstance(node, cst.TypeParam) and node.default is not None:
        yield (3, 13), "a default of a type parameter"
    elif isinstance(node, cst.FormattedString) and _is_free(module, node):
        yield (3, 12), "such an expression in an f-string"
    elif type(node).__name__ == "TemplatedString":
        yield (3, 14), "a template string"
    elif isinstance(node, (cst.ExceptHandler, cst.ExceptStarHandler)) and _is_bare_tuple(node.type):
        yield (3, 14), "`except` with several types and no parentheses"
    elif isinstance(node, cst.TryStar):
        yield (3, 11), "`except*`"
    elif isinstance(node, cst.Index) and node.star is not None:
        yield (3, 11), "an unpacked index"
    elif isinstance(node, cst.Annotation) and isinstance(node.annotation, cst.StarredElement):
        yield (3, 11), "an unpacked annotation"


def _is_bare_tuple(type_: cst.BaseExpression | None) -> bool:
    return isinstance(type_, cst.Tuple) and not type_.lpar


def _is_free(module: cst.Module, string: cst.FormattedString) -> bool:
    """Whether an f-string holds what its expressions could not before they were parsed as all other code: its own
    quotes, backslashes, comments, and lines in a string of one line."""
    quote = string.quote
    for part in string.parts:
        if not isinstance(part, cst.FormattedStringExpression):
            continue
        code = module.code_for_node(part)
        if quote in code or (len(quote) == 1 and "\n" in code) or "\\" in module.code_for_node(part.expression):
            return True
        if "#" in code and _has_comment(part):
            return True
    return False


def _has_comment(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Comment) or any(map(_has_comment, node.children))


def _is_shallow(text: str) -> bool:
    """Whether nothing can nest deeper than libcst bears: no statement has so many words. What this Python takes for the
    end of a string need not be one, so those in strings count, too."""
    words = blocks = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            blocks += (token.type == tokenize.INDENT) - (token.type == tokenize.DEDENT)
            words += len(_WORD.findall(token.string))
            if words > MAX_DEPTH or blocks > _MOST_BLOCKS:
                return False
            if token.type == tokenize.NEWLINE:
                words = 0
    except (tokenize.TokenError, SyntaxError, ValueError):  # this last one of Python 3.13, for what it cannot place
        return False
    return True
