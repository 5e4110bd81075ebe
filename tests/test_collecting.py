"""The collector waits while code is analysed, whoever else analyses some, and is left as it was found."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from attnlint.collecting import by_hand


@pytest.fixture(autouse=True)
def enabled() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_the_last_one_out_turns_it_on_again() -> None:
    first, second = by_hand(), by_hand()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_it_stays_off_where_it_was_off() -> None:
    gc.disable()
    with by_hand():
        assert not gc.isenabled()
    assert not gc.isenabled()


def test_an_error_turns_it_on_again() -> None:
    with pytest.raises(ValueError, match="inside"), by_hand():
        raise ValueError("inside")
    assert gc.isenabled()
