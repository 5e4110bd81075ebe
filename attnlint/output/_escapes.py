"""Text and paths as the formats of other programs take them, whatever names of files and sources hold."""

from __future__ import annotations

import json
import os
import re
from urllib.parse import quote

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def dumped(value: object, indent: int | None = None) -> str:
    r"""A value as JSON in ASCII alone. Bytes of a name that are no UTF-8 are written as ``\xe9``: a lone surrogate, as
    Python holds them, is an error to many readers. Nor does it hold what CI servers take for commands (``##[``)."""
    return json.dumps(_well_formed(value), indent=indent).replace("##", r"#\u0023")


def _well_formed(value: object) -> object:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, dict):
        return {key: _well_formed(inner) for key, inner in value.items()}
    return [_well_formed(inner) for inner in value] if isinstance(value, list) else value


def well_formed(text: str) -> str:
    r"""Text that can be written in any Unicode encoding: the bytes that lone surrogates stand for are written ``\xe9``,
    other lone surrogates ``\ud800``."""
    return _SURROGATES.sub(_surrogate, text)


def _surrogate(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number - 0xDC00:02x}" if 0xDC80 <= number <= 0xDCFF else f"\\u{number:04x}"


def xml_text(text: str) -> str:
    r"""Text that XML 1.0 can hold: other characters as escapes (``\x1b``). The characters that XML gives a meaning are
    left to the writer of the document."""
    return _NOT_IN_XML.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), well_formed(text))


def relative(path: str, base: str | None = None) -> str | None:
    """The path from ``base`` (by default the working folder) with ``/`` between its parts; None if it leads out of it,
    or if there is no such path (Windows has several drives)."""
    try:
        found = os.path.relpath(path, base or os.curdir)
    except ValueError:
        return None
    return None if found.split(os.sep, 1)[0] == os.pardir else found.replace(os.sep, "/")


def uri(path: str) -> str:
    """A path as a URI reference, percent-encoded; an absolute one with its scheme."""
    try:
        raw = os.fsencode(path)
    except UnicodeEncodeError:  # no path of a file
        raw = well_formed(path).encode()
    encoded = quote(raw.replace(os.fsencode(os.sep), b"/"))
    return f"file://{'' if encoded.startswith('/') else '/'}{encoded}" if os.path.isabs(path) else encoded
