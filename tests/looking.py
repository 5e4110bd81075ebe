"""Which definitions of a module are looked at."""

from __future__ import annotations

import pytest

from attnlint import lint_source
from attnlint.examination import Examined, Examiner
from attnlint.roots import Root


def examined(text: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the definitions that are looked at."""
    names: list[str] = []
    examine = Examiner.__call__

    def noted(self: Examiner, root: Root) -> Examined:
        names.append(root.definition.qualname)
        return examine(self, root)

    with monkeypatch.context() as patch:
        patch.setattr(Examiner, "__call__", noted)
        lint_source(text, "a.py")
    return names
