"""What is said about settings: to people, to programs, and in docs/configuration.md.

``python -m attnlint.config.pages CHECKOUT`` writes the generated files of a checkout anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from textwrap import fill
from typing import Any

from attnlint.config.files import SECTION
from attnlint.config.layers import Resolved
from attnlint.config.option import Option
from attnlint.config.places import shown
from attnlint.config.schema import text as schema_text
from attnlint.config.settings import OPTIONS
from attnlint.output import visible
from attnlint.rule import Rule

MARKER = "## Settings\n"
"""The heading in docs/configuration.md below which all is generated."""
Found = tuple[str, "str | None", Resolved, Sequence[Rule]]
"""A source, its configuration file, its settings and the rules that look at it."""


def toml(value: object) -> str:
    """A value in one line of TOML."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{toml(key)} = {toml(one)}" for key, one in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def default_of(option: Option) -> Any:
    """The default of a setting as TOML has it, or None where it is not set."""
    return option.plain(option.default)


# Settings of sources


def as_toml(found: Iterable[Found]) -> Iterator[str]:
    """The settings of sources as TOML, with the place that each comes from."""
    for number, (path, file, resolved, rules) in enumerate(found):
        if number:
            yield ""
        yield visible(f"# {path}: {'no configuration file' if file is None else shown(file)}")
        for option in OPTIONS:
            value = option.plain(getattr(resolved.settings, option.name))
            written = f"# {option.key} is not set" if value is None else f"{option.key} = {toml(value)}"
            yield visible(f"{written}  # {resolved.origin(option.key)}")
        noun = "rule looks" if len(rules) == 1 else "rules look"
        yield f"# {len(rules)} {noun} at it: {', '.join(rule.code for rule in rules) or 'none'}"


def as_json(found: Iterable[Found]) -> Iterator[str]:
    """The same for programs."""
    yield json.dumps([_json(*one) for one in found], indent=2)


def _json(path: str, file: str | None, resolved: Resolved, rules: Sequence[Rule]) -> dict[str, object]:
    values = {option.key: option.plain(getattr(resolved.settings, option.name)) for option in OPTIONS}
    settings = {key: {"value": value, "origin": resolved.origin(key)} for key, value in values.items()}
    return {"path": path, "configuration": file, "settings": settings, "rules": [rule.code for rule in rules]}


# Settings themselves


def listed() -> Iterator[str]:
    """All settings, a line each."""
    width = max(len(option.key) for option in OPTIONS)
    for option in OPTIONS:
        yield f"{option.key.ljust(width)}  {option.summary}"
    yield from ("", '"attnlint config KEY" explains one of them.')


def explained(option: Option) -> Iterator[str]:
    """One setting, in full."""
    default = default_of(option)
    yield option.key
    yield ""
    yield fill(option.doc.replace("`", ""), 100)
    yield ""
    yield f"value: {option.kind.described}"
    yield f"default: {'not set' if default is None else toml(default)}"
    yield f"example: {option.key} = {toml(option.example)}"
    yield f"command line: {_on_command_line(option) or 'none'}"


def described(option: Option) -> dict[str, object]:
    """One setting, for programs."""
    return {
        "key": option.key,
        "group": option.group,
        "documentation": option.doc,
        "value": option.kind.described,
        "default": default_of(option),
        "example": option.example,
        "of_run": option.of_run,
        "command_line": _on_command_line(option),
    }


def _on_command_line(option: Option) -> str | None:
    if not option.makes_flag:
        return None if option.in_files_alone else f"--config {option.key}=…"
    return f"--{option.key}, --no-{option.key}" if option.is_flag else f"--{option.key}"


def markdown(options: Iterable[Option] = OPTIONS) -> Iterator[str]:
    """Settings as lines of Markdown."""
    for group, members in groupby(options, lambda option: option.group):
        yield from (f"### {group}", "")
        for option in members:
            yield from _markdown(option)


def _markdown(option: Option) -> Iterator[str]:
    default = default_of(option)
    yield from (f"#### `{option.key}`", "", fill(option.doc, 120), "")
    flag = _on_command_line(option)
    yield f"- Value: {option.kind.described}"
    yield from _filled(f"- Default: {'not set' if default is None else f'`{toml(default)}`'}")
    yield f"- On the command line: {f'`{flag}`' if flag else 'not there'}"
    if option.of_run:
        yield "- About the whole run: the configuration file of the current folder counts"
    yield from ("", "```toml", f"[{'.'.join(SECTION)}]", f"{option.key} = {toml(option.example)}", "```", "")


def _filled(text: str) -> Iterator[str]:
    yield from fill(text, 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False).split("\n")


def write(checkout: Path) -> None:
    """Write what is generated: the settings in docs/configuration.md, and the schema."""
    page = checkout / "docs" / "configuration.md"
    prose, _, _ = page.read_text("utf-8").partition(MARKER)
    page.write_text(f"{prose}{MARKER}\n" + "\n".join(markdown()).rstrip("\n") + "\n", "utf-8")
    (checkout / "attnlint" / "config" / "schema.json").write_text(schema_text(), "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
