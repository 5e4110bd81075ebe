"""The releases of torch that the linted code is to run on, for rules whose advice depends on them.

Most projects do not say; then every question is answered with False, and rules speak of all releases.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.specifiers import Specifier
    from packaging.version import Version


@dataclass(frozen=True)
class TorchVersions:
    """The releases that a PEP 440 specifier (``>=2.1,<2.6``) allows; none is known where there is none."""

    specifier: str = ""

    @classmethod
    def parse(cls, text: str) -> TorchVersions:
        """From a specifier, or the oldest release that is supported (``2.4`` is short for ``>=2.4``).

        Raises ``ValueError`` for what is neither, or allows no release.
        """
        from packaging.specifiers import InvalidSpecifier
        from packaging.version import InvalidVersion, Version

        given = text.strip()
        try:
            versions = cls(f">={Version(given).base_version}" if given[:1].isdigit() else given)
            oldest, (newest, is_allowed) = _bounds(versions.specifier)
        except (InvalidSpecifier, InvalidVersion):
            raise ValueError(f'{text!r} is no version specifier; write one such as ">=2.1,<2.6"') from None
        if oldest is not None and newest is not None and (oldest > newest or (oldest == newest and not is_allowed)):
            raise ValueError(f"no release of torch is in {text!r}")
        return versions

    def may_be_before(self, release: str) -> bool:
        """Whether the code is known to be for some release that is older."""
        if not self.specifier:
            return False
        oldest, _ = _bounds(self.specifier)
        return oldest is None or oldest < _version(release)

    def are_before(self, release: str) -> bool:
        """Whether the code is known to be for older releases alone."""
        if not self.specifier:
            return False
        _, (newest, is_allowed) = _bounds(self.specifier)
        return newest is not None and (newest < _version(release) or (newest == _version(release) and not is_allowed))

    def are_from(self, release: str) -> bool:
        """Whether the code is known to be for this release and later ones alone."""
        return bool(self.specifier) and not self.may_be_before(release)

    def __str__(self) -> str:
        return self.specifier


UNKNOWN = TorchVersions()

Newest = tuple["Version | None", bool]
"""The newest release, if there is a limit, and whether it is allowed itself."""


@cache
def _bounds(specifier: str) -> tuple[Version | None, Newest]:
    """The oldest release that a specifier allows, and the newest."""
    from packaging.specifiers import SpecifierSet

    limits = [_limits(one) for one in SpecifierSet(specifier)]
    oldest = max((low for low, _ in limits if low is not None), default=None)
    ends = [(high, is_allowed) for _, (high, is_allowed) in limits if high is not None]
    return oldest, min(ends, default=(None, False))


def _limits(specifier: Specifier) -> tuple[Version | None, Newest]:
    """What one clause says; ``!=`` sets no limit."""
    operator, text = specifier.operator, specifier.version
    if operator in ("==", "===") and text.endswith(".*"):
        return _version(text[:-2]), (_after(text[:-2]), False)
    if operator in ("==", "==="):
        return _version(text), (_version(text), True)
    if operator == "~=":
        return _version(text), (_after(text.rpartition(".")[0]), False)
    if operator in (">", ">="):
        return _version(text), (None, False)
    if operator in ("<", "<="):
        return None, (_version(text), operator == "<=")
    return None, (None, False)


@cache
def _version(text: str) -> Version:
    from packaging.version import Version

    return Version(Version(text).base_version)


def _after(prefix: str) -> Version:
    """The first release that does not begin with a prefix: 2.5 for 2.4."""
    *front, last = _version(prefix).release
    return _version(".".join(map(str, (*front, last + 1))))
