"""What is said alike wherever it is said: numbers of things, and errors."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """How many of what: ``1 file``, ``2 files``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def in_a_line(error: BaseException) -> str:
    """An error by its type and what it says, however many lines that has."""
    return " ".join(f"{type(error).__name__}: {error}".split())
