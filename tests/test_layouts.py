"""Where axes come from, against torch: tensors of coordinates go through the code, and must end up where it is stated.

For a source of axes (B, T, C), the coordinate along each is a tensor of its own. A layout states, for every axis of the
result, which digits of which coordinates it counts; what the code does to the coordinates says whether that is so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from typing import Any

import pytest
import torch
from graph_support import Seen, body, evaluated, execute, read
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from attnlint.graph.layouts import Layout, crossing
from attnlint.graph.scalars import Symbol
from attnlint.graph.values import Parameter, View

UNPACK = "B, T, C = x.shape\nD = C // H"
B, T, H, D = 2, 3, 5, 7
"""Extents that no accident makes equal, or divides."""
SIZES = {"B": B, "T": T, "H": H, "D": D, "C": H * D}
Lines = list[str]


def coordinates() -> list[Tensor]:
    """Of every element of x (B, T, C): its place on each axis."""
    shape = (B, T, H * D)
    return [
        torch.arange(size).view([-1 if place == axis else 1 for place in range(3)]).expand(shape).clone()
        for axis, size in enumerate(shape)
    ]


def number(symbol: Symbol) -> float | None:
    if symbol.axis is not None:
        return (B, T, H * D)[symbol.axis]
    return SIZES.get(symbol.text)


def stated(layout: Layout) -> dict[int, Tensor]:
    """The coordinates that a layout states, by axis of the source."""
    extents = [[evaluated(atom.extent, number) for atom in axis if atom.extent is not None] for axis in layout.axes]
    assert all(None not in known for known in extents)
    found: dict[int, Tensor] = {}
    flat = [(place, atom) for place, axis in enumerate(layout.axes) for atom in axis]
    sizes = [int(evaluated(atom.extent, number) or 0) for _, atom in flat if atom.extent is not None]
    for place, (_, atom) in enumerate(flat):
        assert isinstance(atom.root, tuple)
        stride = evaluated(atom.stride, number)
        assert stride is not None
        digit = torch.arange(sizes[place]).view([-1 if other == place else 1 for other in range(len(flat))])
        source = int(atom.root[-1]) % 3
        found[source] = found.get(source, torch.zeros(sizes, dtype=torch.long)) + digit * int(stride)
    shape = [int(torch.tensor(known or [1]).prod()) for known in extents]
    return {source: digits.expand(sizes).reshape(shape) for source, digits in found.items()}


def disagreements(seen: Seen, real: Sequence[Tensor]) -> list[str]:
    layout = seen.facts.layout(seen.values["it"])
    if layout is None or layout.open or any(atom.kind == "rest" for atom in layout.atoms):
        return []
    if any(not isinstance(atom.of, Parameter) for atom in layout.atoms):
        return []
    return [
        f"axis {source} of x: {layout}"
        for source, digits in stated(layout).items()
        if not torch.equal(digits, real[source])
    ]


def run(lines: Lines) -> list[Tensor]:
    text = body([UNPACK, *lines, "see(it=it)"], "x, H")
    return [execute(text, "f", coordinate, H)[0]["it"] for coordinate in coordinates()]


def judged(lines: Lines, ask: Callable[[Seen], Any]) -> Any:
    return read(body([UNPACK, *lines, "see(it=it)"], "x, H")).only(ask)


# --- generated code -----------------------------------------------------------------------------------------------

STARTS: Mapping[str, list[str]] = {
    "it = x": ["B", "T", "C"],
    "it = x.view(B, T, H, D)": ["B", "T", "H", "D"],
    "it = x.reshape(B, T, H, -1)": ["B", "T", "H", "D"],
    "it = x.unflatten(-1, (H, D))": ["B", "T", "H", "D"],
    "it = rearrange(x, 'b t (h d) -> b h t d', h=H)": ["B", "H", "T", "D"],
    "it = x.view(B, T, H, D).unbind(2)[0]": ["B", "T", "D"],
}


@st.composite
def programs(draw: st.DrawFn) -> tuple[Lines, bool]:
    """Code that moves and regroups axes; whether it ends in a view in which the extents come in another order."""
    start = draw(st.sampled_from(sorted(STARTS)))
    lines, axes = [start], list(STARTS[start])
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["transpose", "permute", "merge", "unsqueeze", "same"]))
        if kind == "transpose":
            one, two = draw(st.integers(0, len(axes) - 1)), draw(st.integers(-len(axes), -1))
            lines.append(f"it = it.transpose({one}, {two})")
            axes[one], axes[two] = axes[two], axes[one]
        elif kind == "permute":
            places = draw(st.permutations(range(len(axes))))
            lines.append(f"it = it.permute({', '.join(map(str, places))})")
            axes = [axes[place] for place in places]
        elif kind == "merge" and len(axes) > 2:
            at = draw(st.integers(0, len(axes) - 2))
            axes[at : at + 2] = [f"{axes[at]} * {axes[at + 1]}"]
            lines.append(f"it = it.{draw(st.sampled_from(['reshape', 'contiguous().view']))}({', '.join(axes)})")
        elif kind == "unsqueeze":
            at = draw(st.integers(0, len(axes)))
            lines.append(f"it = it.unsqueeze({at})")
            axes.insert(at, "1")
        elif kind == "same":
            lines.append(draw(st.sampled_from(["it = it.clone()", "it = it.contiguous()", "it = it + 0"])))
    factors = [factor for axis in axes for factor in axis.split(" * ")]
    if draw(st.booleans()):
        return lines, False
    order = draw(st.permutations(factors))
    sizes = list(order)
    inferred = draw(st.integers(-1, len(sizes) - 1))
    if inferred >= 0:
        sizes[inferred] = "-1"
    lines.append(f"it = it.reshape({', '.join(sizes)})")
    return lines, [f for f in order if f != "1"] != [f for f in factors if f != "1"]


@settings(deadline=None, max_examples=300, print_blob=False)
@given(programs())
def test_what_is_stated_of_axes_is_where_the_coordinates_are(program: tuple[Lines, bool]) -> None:
    lines, is_out_of_order = program
    torn = judged(lines, lambda seen: _torn(seen))
    if torn:
        assert is_out_of_order, "\n".join(lines)
    else:
        found = judged(lines, lambda seen: disagreements(seen, run(lines)))
        assert not found, "\n".join([*lines, *found])


def _torn(seen: Seen) -> bool:
    value = seen["it"]
    return isinstance(value, View) and crossing(value, seen.facts) is not None


# --- what must be understood --------------------------------------------------------------------------------------

TORN = [
    ["it = x.view(B, H, T, D)"],
    ["it = x.view(B, H, -1, D)"],
    ["it = x.view(B * H, T, D)"],
    ["it = x.view(B * H, -1, D)"],
    ["it = x.reshape(B, H, T, -1)"],
    ["it = x.view(B, T, H, D).transpose(1, 2).reshape(B, T, C)"],
    ["it = x.view(B, T, H, D).transpose(1, 2).reshape(B, -1, H * D)"],
    ["it = x.view(B, T, H, D).permute(0, 2, 1, 3).reshape(B * H, T, D).reshape(B, T, C)"],
]
WHOLE = [
    ["it = x.view(B, T, H, D)"],
    ["it = x.view(B * T, H, D)"],
    ["it = x.view(B, T, -1, D)"],
    ["it = x.transpose(0, 1).reshape(T, B * H, D)"],
    ["it = x.transpose(1, 2).reshape(B, H, D, T)"],
    ["it = x.view(B, T, H, D).transpose(1, 2).reshape(B * H, T, D)"],
    ["it = x.view(B, T, H, D).transpose(1, 2).reshape(B * H, T, D).view(B, H, T, D)"],
    ["it = x.view(B, T, H, D).transpose(1, 2).transpose(1, 2).reshape(B, T, C)"],
    ["it = x.view(B, T, 7, 5)"],
    ["it = x.view(B, T, 5, -1)"],
]


@pytest.mark.parametrize("lines", TORN, ids=lambda lines: str(lines[-1]))
def test_a_view_that_tears_axes_is_seen(lines: Lines) -> None:
    assert judged(lines, _torn)


@pytest.mark.parametrize("lines", WHOLE, ids=lambda lines: str(lines[-1]))
def test_a_view_that_keeps_axes_is_understood(lines: Lines) -> None:
    assert not judged(lines, _torn)
    layout = judged(lines, lambda seen: seen.facts.layout(seen.values["it"]))
    assert layout is not None
    assert layout.rank == run(lines)[0].ndim
    assert not judged(lines, lambda seen: disagreements(seen, run(lines)))


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_heads_are_told_apart_in_every_order(order: tuple[int, ...]) -> None:
    lines = [f"it = x.view(B, T, H, D).permute{order}"]
    layout = judged(lines, lambda seen: seen.facts.layout(seen.values["it"]))
    assert [axis[0].is_outer for axis in layout.axes] == [place == 2 for place in order]
    assert not judged(lines, lambda seen: disagreements(seen, run(lines)))


def test_projections_make_features_and_keep_positions() -> None:
    text = """
    class Attention(nn.Module):
        def __init__(self, dim, heads):
            super().__init__()
            self.heads = heads
            self.qkv = nn.Linear(dim, 3 * dim)

        def forward(self, x):
            B, T, C = x.shape
            q, k, v = self.qkv(x).chunk(3, dim=-1)
            it = k.view(B, T, self.heads, C // self.heads).transpose(1, 2)
            see(it=it)
    """
    layout = read(text, "Attention.forward").only(lambda seen: seen.facts.layout(seen.values["it"]))
    assert layout is not None
    kinds = [[atom.kind for atom in axis] for axis in layout.axes]
    assert kinds == [["axis"], ["features"], ["axis"], ["features"]]
