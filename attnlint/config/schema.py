"""The settings as JSON schema, for editors: the section of a pyproject.toml, or the whole of an attnlint.toml."""

from __future__ import annotations

import json

from attnlint.config.kinds import Schema
from attnlint.config.option import Option
from attnlint.config.settings import OPTIONS
from attnlint.rule import installed

SCHEMA_URL = "https://attnlint.github.io/attnlint/schema.json"


def schema() -> Schema:
    """The schema, as draft 7, which all editors know."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": SCHEMA_URL,
        "title": "attnlint",
        "description": "Settings of attnlint: [tool.attnlint] of a pyproject.toml, or an attnlint.toml.",
        "type": "object",
        "additionalProperties": False,
        "properties": {option.key: _property(option) for option in OPTIONS},
        "definitions": {"selector": _selector()},
    }


def text() -> str:
    """The schema as it is shipped."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _property(option: Option) -> Schema:
    default = option.plain(option.default)
    more = {} if default is None else {"default": default}
    return {"description": option.doc, **option.kind.schema(), **more, "examples": [option.example]}


def _selector() -> Schema:
    """The codes and names that this package brings are offered; rules of others have their own."""
    rules = [rule for rule in installed().rules.values() if rule.__module__.startswith("attnlint.rules")]
    families = sorted({rule.code[:4] for rule in rules})
    known = [*families, *(rule.code for rule in rules), *(rule.name for rule in rules)]
    return {
        "description": "A code, the beginning of one, or the name of a rule.",
        "anyOf": [{"type": "string", "enum": known}, {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9-]*$"}],
    }
