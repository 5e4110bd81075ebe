"""Markdown: fenced blocks that say they are Python, also as Quarto, R Markdown, MyST and Pandoc write them.

markdown-it knows what a fence is: inside lists and quotations, in comments, within a longer fence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from attnlint.documents.pieces import Code, Piece
from attnlint.documents.text import LANGUAGES, Markup, TextDocument, bare

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_WORD = re.compile(r"[\w+-]+")
_DIRECTIVE = re.compile(r"\{(?:code-cell|code-block|code|sourcecode|doctest|testcode)\}")
_OPTION = re.compile(r":[\w-]+:")
_DASHES = "---"


def document(path: str, content: bytes | str) -> TextDocument:
    """A Markdown document."""
    return TextDocument(path, content, Markup((b"```", b"~~~"), _blocks))


@cache
def _parser() -> MarkdownIt:
    """CommonMark's blocks; what stands inside a line is not looked at."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _blocks(lines: Sequence[str]) -> Iterator[Piece]:
    text = "".join(bare(line) + "\n" for line in lines)
    for token in _parser().parse(text):
        if token.type == "fence" and token.map is not None and _is_python(token.info):
            piece = _piece(token, token.map[0] + 1, lines)
            if piece is not None:
                yield piece


def _is_python(info: str) -> bool:
    """Whether what is written behind the opening fence names Python."""
    directive = _DIRECTIVE.match(info.strip())
    rest = info.strip()[directive.end() :].strip() if directive else info.strip().lstrip("{. ")
    language = _WORD.match(rest)
    if language is None:
        return directive is not None and not rest
    return language.group().lower() in LANGUAGES


def _piece(token: Token, begin: int, lines: Sequence[str]) -> Piece | None:
    """The lines of a fence, each the end of the line it stands on; None where that cannot be told."""
    content = token.content.split("\n")[:-1]
    code = []
    for written, raw in zip(content, map(bare, lines[begin : begin + len(content)]), strict=False):
        if not raw.endswith(written):
            return None
        shift = len(raw) - len(written)
        code.append(Code(written, shift, raw[:shift]))
    if _DIRECTIVE.match(token.info.strip()):
        code = _without_options(code)
    return Piece(begin + 1, tuple(code)) if len(code) == len(content) and code else None


def _without_options(code: list[Code]) -> list[Code]:
    """The code of a MyST directive, what configures it blanked."""
    end = 0
    if code and code[0].text.strip() == _DASHES:
        closing = (number for number, line in enumerate(code) if number and line.text.strip() == _DASHES)
        end = next(closing, -1) + 1
    while end < len(code) and _OPTION.match(code[end].text):
        end += 1
    return [Code("", len(line.text) + line.shift, None) for line in code[:end]] + code[end:]
