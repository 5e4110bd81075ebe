"""What all tests share: the option that runs those that take many minutes, and what becomes of those that need torch
where there is none.
"""

from __future__ import annotations

import sys
from itertools import count

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes depends on what else the machine does.
settings.register_profile("attnlint", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("attnlint")

NEEDED = ("einops", "numpy", "torch")
"""What some tests run code with; the linter needs none of it."""


class Skipping:
    """Skips whatever imports such a package, a test or a whole module of them, where all other finders found none."""

    def find_spec(self, name: str, *more: object) -> None:
        if name not in NEEDED:
            return None
        pytest.skip(f"needs {name}, which is not installed", allow_module_level=True)


sys.meta_path.append(Skipping())


_numbers = count()


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test knows what another one found, nor what the user did."""
    monkeypatch.setenv("ATTNLINT_CACHE_DIR", str(tmp_path_factory.getbasetemp() / f"cache-{next(_numbers)}"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--exhaustive", action="store_true", help="run the whole grids, which take many minutes, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--exhaustive"):
        return
    left_out = [item for item in items if item.get_closest_marker("exhaustive")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("exhaustive")]
