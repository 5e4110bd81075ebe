"""Which way round a site reads the tensor behind its mask."""

from __future__ import annotations

import pytest
from graph_support import outlined
from test_fused_spellings import module as fused
from test_spellings import module

from attnlint.attention import recognise
from attnlint.attention.conventions import Reading, polarity, reading
from attnlint.graph.interpreter import Interpreter
from attnlint.graph.module import ModuleContext
from attnlint.graph.values import Parameter
from attnlint.syntax.stack import on_big_stack

READINGS = {
    "masked_fill(keep[:, None, None, :] == 0, -1e9)": ("keeps", False, False),
    "masked_fill(~keep[:, None, None, :], -1e9)": ("keeps", False, True),
    "masked_fill(keep[:, None, None, :], -1e9)": ("drops", False, True),
    "masked_fill(keep[:, None, None, :].bool(), -1e9)": ("drops", False, False),
    "masked_fill((1 - keep[:, None, None, :]) == 1, -1e9)": ("keeps", False, False),
    "masked_fill(keep.logical_not().logical_not()[:, None, None, :], -1e9)": ("drops", False, False),
    "where(keep[:, None, None, :], -1e9)": ("keeps", False, True),
}
ADDED = {
    "keep[:, None, None, :]": "drops",
    "(1.0 - keep[:, None, None, :]) * -1e9": "keeps",
    "(keep[:, None, None, :] - 1) * 1e9": "keeps",
    "torch.zeros(B, 1, 1, T).masked_fill(keep[:, None, None, :] == 0, -1e9)": "keeps",
    "torch.where(keep[:, None, None, :], 0.0, -1e9)": "keeps",
}
CALLS = {"keep[:, None, None, :]": (None, True), "keep[:, None, None, :] == 0": ("drops", False),
         "~keep[:, None]": ("drops", False), "keep.bool()": ("keeps", False)}  # fmt: skip


def readings(text: str) -> list[tuple[Reading | None, str | None]]:
    """The readings of the only site's only mask, on each path, with what `polarity` makes of them."""

    def found() -> list[tuple[Reading | None, str | None]]:
        outline = outlined(text)
        (root,) = (d for d in outline.definitions() if d.qualname == "Attention.forward")
        graph = Interpreter(ModuleContext(outline)).graph_of(root)
        return [
            answer
            for site in recognise(graph)
            for path in site.paths
            for answer in path.ask(lambda p: (reading(p.masks[0], p), polarity(p.masks[0], p)))
        ]

    return on_big_stack(found)


@pytest.mark.parametrize("fill", READINGS)
def test_fills(fill: str) -> None:
    for known, said in readings(module(mask=f"scores = scores.{fill}")):
        assert known is not None
        assert isinstance(known.source, Parameter)
        assert (known.polarity, known.needs_bool, known.proves_bool) == READINGS[fill]
        assert said == known.polarity


@pytest.mark.parametrize("term", ADDED)
def test_what_is_added(term: str) -> None:
    for known, said in readings(module(mask=f"scores = scores + {term}")):
        assert known is not None
        assert (said, known.source.text) == (ADDED[term], "keep")


@pytest.mark.parametrize("mask", CALLS)
def test_what_sdpa_is_given(mask: str) -> None:
    for known, said in readings(fused("F", f", attn_mask={mask}")):
        assert known is not None
        assert (said, known.needs_bool, known.source.text) == (*CALLS[mask], "keep")


def test_contradictions_need_what_the_other_arm_proves() -> None:
    source = Parameter("mask")
    filled, given = Reading(source, "drops", proves_bool=True), Reading(source, "keeps", needs_bool=True)
    assert filled.contradicts(given)
    assert given.contradicts(filled)
    assert not Reading(source, "drops").contradicts(given)
    assert not filled.contradicts(Reading(source, "drops"))
    assert Reading(source, "keeps").contradicts(Reading(source, "drops"))
