"""Mask provenance against torch: what is stated of a mask is how the tensor is filled, and idioms are understood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from graph_support import IMPORTS, body, execute, read, snippets
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from attnlint.graph.masks import VERY_NEGATIVE, MaskFact, Representation, Triangle

N, M = 4, 6
INF = "float('-inf')"


def contradiction(stated: MaskFact, mask: Tensor) -> str | None:
    """Where a tensor is not what is stated of it."""
    kinds: dict[Representation, Callable[[], bool]] = {
        "bool": lambda: mask.dtype == torch.bool,
        "binary": lambda: mask.dtype != torch.bool and bool(((mask == 0) | (mask == 1)).all()),
        "additive": lambda: mask.dtype != torch.bool and not bool(mask.isnan().any()),
    }
    if not kinds[stated.representation]():
        return f"not {stated.representation}"
    inside = mask <= VERY_NEGATIVE if stated.representation == "additive" else mask == 1
    if stated.everywhere and not inside.all():
        return "not everywhere"
    for region in (*stated.outer, *stated.inner):
        if not isinstance(region, Triangle) or region.diagonal is None:
            continue
        if mask.ndim < 2:
            return "no matrix"
        cut = torch.triu if region.upper else torch.tril
        wanted = (cut(torch.ones(mask.shape[-2:]), diagonal=region.diagonal) == 1).expand_as(inside)
        if region in stated.outer and (inside & ~wanted).any():
            return f"not within {region}"
        if region in stated.inner and (wanted & ~inside).any():
            return f"does not cover {region}"
    return None


@dataclass
class Chain:
    """Statements that turn one mask into another, executed as they are written."""

    draw: Callable[[st.SearchStrategy[Any]], Any]
    masks: dict[str, Tensor] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    scope: dict[str, Any] = field(default_factory=dict)

    def pick(self, *options: str) -> str:
        return str(self.draw(st.sampled_from(options)))

    def run(self, source: str) -> None:
        """Add a statement that torch accepts."""
        name = f"m{len(self.lines)}"
        try:
            made = eval(source, self.scope)
        except (RuntimeError, IndexError, ValueError, TypeError):
            return
        if isinstance(made, Tensor) and made.ndim <= 5 and 0 < made.numel() <= 5_000:
            self.masks[name] = self.scope[name] = made
            self.lines.append(f"{name} = {source}")

    def start(self) -> None:
        rows, columns = self.pick("N", "M", "4"), self.pick("N", "M", "4")
        fill = self.pick(
            "1", "1.0", "True", "0", INF, "-1e9", "-math.inf", "torch.finfo(torch.float32).min", "2", "-0.5"
        )
        dtype = self.pick("", ", dtype=torch.bool", ", dtype=torch.float32", ", dtype=torch.long", ", device='cpu'")
        compare = self.pick("<", "<=", ">", ">=", "==", "!=")
        row = self.pick("[:, None]", ".unsqueeze(1)", ".unsqueeze(-1)", ".view(-1, 1)", ".reshape(4, 1)")
        column = self.pick("[None, :]", ".unsqueeze(0)", "", ".view(1, -1)", "[None]", ".unsqueeze(-2)")
        first, second = f"torch.arange({rows}){row}", f"torch.arange({columns}){column}"
        if self.pick("plain", "swapped") == "swapped":
            first, second = second, first
        self.run(
            self.pick(
                f"torch.ones({rows}, {columns}{dtype})", f"torch.ones(({rows}, {columns}){dtype})",
                f"torch.ones(1, 1, {rows}, {columns}{dtype})", f"torch.zeros({rows}, {columns}{dtype})",
                f"torch.full(({rows}, {columns}), {fill}{dtype})", f"torch.full([{rows}, {columns}], {fill})",
                f"torch.ones({rows}, {columns}{dtype}).tril()",
                f"torch.triu(torch.ones({rows}, {columns}), diagonal=1)",
                f"torch.full(({rows}, {columns}), {fill}).triu(1)", f"torch.eye({rows})",
                f"torch.rand({rows}, {columns})",
                f"{first} {compare} {second}", f"{first} {compare} {second} + 1", f"{first} + 1 {compare} {second}",
                f"torch.arange({rows}).expand({rows}, {rows}) {compare} torch.arange({rows}).view({rows}, 1)",
                f"torch.ge({first}, {second})", f"torch.arange(1, {rows}){row} > torch.arange({columns}){column}",
                f"torch.ones({rows}, {columns}).tril() + torch.ones({rows}, {columns}).triu(1)",
                f"nn.Parameter(torch.ones({rows}, {columns}).tril(), requires_grad=False)",
                f"torch.triu(torch.full(({rows}, {columns}), {fill}), diagonal=1)", "torch.ones(N, N, N).tril()",
            )
        )  # fmt: skip

    def step(self) -> None:
        m, other = self.pick(*self.masks), self.pick(*self.masks)
        d, fill = self.pick("-2", "-1", "0", "1", "2"), self.pick(INF, "-1e9", "0", "1", "-10000.0", "0.0")
        number = self.pick("0", "1", "0.0", "0.5", "-1", "True", "False", INF)
        compare = self.pick("==", "!=", "<", "<=", ">", ">=")
        self.run(
            self.pick(
                f"torch.triu({m}, {d})", f"{m}.tril({d})", f"torch.tril({m}, diagonal={d})", f"~{m}",
                f"{m}.logical_not()",
                f"{m} {compare} {number}", f"{number} {compare} {m}", f"{m}.eq({number})", f"{m} {compare} {other}",
                f"1 - {m}", f"1.0 - {m}", f"{m} - 1", f"-{m}", f"{m} * {number}", f"{m} + {number}", f"{m} / 2",
                f"(1 - {m}) * {fill}", f"{m} * {fill}", f"{fill} * {m}", f"(1.0 - {m}.float()) * {fill}",
                f"({m} - 1) * 1e9",
                f"{m}.bool()", f"{m}.float()", f"{m}.to(torch.bool)", f"{m}.to(dtype=torch.float32)", f"{m}.long()",
                f"{m}.type(torch.bool)", f"{m}.to({other}.dtype)", f"{m}.type_as({other})", f"{m}.byte()",
                f"{m}.half()",
                f"{m}.masked_fill({other}, {fill})", f"{m}.masked_fill({m} == 0, {fill})",
                f"{m}.masked_fill({m} == 1, {fill})",
                f"{m}.masked_fill({m} == 0, {INF}).masked_fill({m} == 1, 0.0)",
                f"torch.zeros(N, N).masked_fill({m}, {fill})",
                f"torch.zeros_like({m}).masked_fill({m}.bool(), {fill})",
                f"torch.zeros(N, N).masked_fill(~{m}, {fill})",
                f"torch.where({m}, {fill}, 0.0)", f"torch.where({m}, 0.0, {fill})",
                f"torch.where({m} == 0, {fill}, 0.0)",
                f"torch.where({m}, {fill}, {other})", f"torch.where({m}, torch.tensor(0.0), torch.tensor({fill}))",
                f"{m}[:2, :3]", f"{m}[:, :2]", f"{m}[1:, 1:]", f"{m}[..., :3, :3]", f"{m}[:, :, :3, :3]", f"{m}[1:]",
                f"{m}[None]", f"{m}[None, None]", f"{m}[:, None]", f"{m}[..., None]", f"{m}[0]", f"{m}[::2, ::2]",
                f"{m}[:, 1]", f"{m}[-1:]", f"{m}[:-1, :-1]", f"{m}[2:3, :3]",
                f"{m}.unsqueeze(0)", f"{m}.unsqueeze(1)", f"{m}.unsqueeze(-1)", f"{m}.squeeze()", f"{m}.T", f"{m}.t()",
                f"{m}.mT",
                f"{m}.transpose(-2, -1)", f"{m}.transpose(0, 1)", f"{m}.flip(0)", f"{m}.view(1, 1, N, N)",
                f"{m}.view(-1)",
                f"{m}.reshape(2, -1)", f"{m}.expand(2, N, N)", f"{m}.expand(N, N)", f"{m}.repeat(2, 1, 1)",
                f"{m}.repeat(2, 1)",
                f"{m}.repeat_interleave(2, dim=0)", f"rearrange({m}, 'i j -> 1 1 i j')",
                f"rearrange({m}, 'i j -> j i')",
                f"rearrange({m}, 'i j -> i 1 j')", f"repeat({m}, 'i j -> b i j', b=2)", f"{m}.contiguous().clone()",
                f"{m} & {other}", f"{m} | {other}", f"{m} ^ {other}", f"{m} * {other}", f"{m} + {other}",
                f"torch.logical_or({m}, {other})",
                f"torch.logical_and({m}, {other})", f"{m} & ~{other}", f"{m}.logical_and({other})",
                f"torch.ones_like({m})",
                f"torch.full_like({m}, {fill})", f"{m}.new_ones(N, N).tril()", f"{m}.int()", f"{m} != 0",
                f"{m} * {other} + 1",
                f"{m}.permute(1, 0)", f"{m}.sum(0)", f"{m}.cumsum(0)", f"torch.cat([{m}, {other}])", f"{m}.roll(1, 0)",
                f"{m}.nan_to_num()", f"F.softmax({m}.float(), -1)", f"F.dropout({m}.float(), 0.5)", f"{m} ** 2",
                f"{m}.abs()",
                f"{m}.clamp(min=-1)", f"torch.stack([{m}, {m}])", f"{m}.fill_diagonal_(1)", f"{m}.clone().zero_()",
            )
        )  # fmt: skip


@st.composite
def chains(draw: Callable[[st.SearchStrategy[Any]], Any], steps: int) -> list[str]:
    chain = Chain(draw)
    exec(IMPORTS, chain.scope)
    chain.scope.update(N=N, M=M)
    torch.manual_seed(0)
    for _ in range(draw(st.integers(1, 2))):
        chain.start()
    for _ in range(draw(st.integers(0, steps)) if chain.masks else 0):
        chain.step()
    return chain.lines


def contradictions(lines: Sequence[str]) -> list[str]:
    names = [line.partition(" = ")[0] for line in lines]
    text = body([*lines, f"see({', '.join(f'{name}={name}' for name in names)})"], "N, M")
    torch.manual_seed(0)
    (real,) = execute(text, "f", N, M)
    (facts,) = read(text).on_paths(lambda seen: {name: seen.mask(name) for name in names})
    pairs = ((name, fact, contradiction(fact, real[name])) for name, fact in facts.items() if fact is not None)
    return [f"{name}: {fact}, but {wrong}" for name, fact, wrong in pairs if wrong]


@pytest.mark.filterwarnings("ignore")
@settings(deadline=None, max_examples=400, print_blob=False)
@given(chains(1))
def test_what_is_stated_of_one_step_is_what_torch_has(lines: list[str]) -> None:
    if lines:
        found = contradictions(lines)
        assert not found, "\n".join([*lines, *found])


@pytest.mark.filterwarnings("ignore")
@settings(deadline=None, max_examples=300, print_blob=False)
@given(chains(5))
def test_what_is_stated_of_chains_is_what_torch_has(lines: list[str]) -> None:
    if lines:
        found = contradictions(lines)
        assert not found, "\n".join([*lines, *found])


LOWER, UPPER = Triangle(upper=False, diagonal=0), Triangle(upper=True, diagonal=1)
IDIOMS = snippets("masks")
"""One idiom a line; the title is the representation and the half that it names."""
CAUSAL = [("bool", LOWER), ("binary", LOWER), ("additive", UPPER)]
"""What keeps the past, in the convention of each representation."""


@pytest.mark.parametrize(
    ("title", "expression"),
    [pytest.param(title, text, id=text) for title, texts in IDIOMS.items() for text in texts.splitlines()],
)
def test_an_idiom_is_understood(title: str, expression: str) -> None:
    lines = [f"m0 = {expression}"]
    assert not contradictions(lines)
    known = read(body([*lines, "see(it=m0)"], "N")).only(lambda seen: seen.mask("it"))
    representation, half = title.split()
    assert known is not None
    assert (known.representation, known.region) == (representation, LOWER if half == "lower" else UPPER)
    assert known.is_causal is ((representation, known.region) in CAUSAL)


STATEMENTS = {
    "item assignment": "m = torch.zeros(N, N)\nm[torch.ones(N, N).triu(1).bool()] = float('-inf')",
    "in place": "m = torch.zeros(N, N)\nm.masked_fill_(torch.ones(N, N).triu(1).bool(), float('-inf'))",
    "filled and cut": "m = torch.empty(N, N)\nm.fill_(float('-inf'))\nm.triu_(1)",
    "PyTorch's tutorial": (
        "m = (torch.triu(torch.ones(N, N)) == 1).transpose(0, 1)\n"
        "m = m.float().masked_fill(m == 0, float('-inf')).masked_fill(m == 1, float(0.0))"
    ),
    "torch's helper": "m = nn.Transformer.generate_square_subsequent_mask(N)",
    "both arms alike": (
        "if N > 1:\n    m = torch.full((N, N), float('-inf')).triu(1)\n"
        "else:\n    m = torch.triu(torch.full((N, N), -1e9), 1)"
    ),
    "a helper": "def hide(n):\n    return torch.triu(torch.full((n, n), float('-inf')), diagonal=1)\nm = hide(N)",
}


@pytest.mark.parametrize("statements", STATEMENTS.values(), ids=list(STATEMENTS))
def test_an_additive_mask_in_several_steps_is_understood(statements: str) -> None:
    text = body([statements, "see(m=m)"], "N")
    (real,) = execute(text, "f", N)
    for known in read(text).on_paths(lambda seen: seen.mask("m")):
        assert known is not None
        assert (known.representation, known.region) == ("additive", UPPER)
        assert contradiction(known, real["m"]) is None


BUFFERS = {
    "a buffer": "self.register_buffer('mask', torch.tril(torch.ones(9, 9)).view(1, 1, 9, 9))",
    "a keyword buffer": "self.register_buffer(name='mask', tensor=torch.ones(9, 9).tril()[None, None])",
    "a registered bool": "self.register_buffer('mask', torch.ones(1, 1, 9, 9, dtype=torch.bool).tril())",
    "an attribute": "self.mask = torch.ones(9, 9).tril().unsqueeze(0).unsqueeze(0)",
    "a frozen parameter": "self.mask = nn.Parameter(torch.ones(9, 9).tril().view(1, 1, 9, 9), requires_grad=False)",
}


@pytest.mark.parametrize("statement", BUFFERS.values(), ids=list(BUFFERS))
@pytest.mark.parametrize(
    "use", ["self.mask[:, :, :N, :N] == 0", "~self.mask[..., :N, :N].bool()", "self.mask[:, :, :N, :N].eq(0)"]
)
def test_a_buffer_is_understood(statement: str, use: str) -> None:
    text = (
        f"class A(nn.Module):\n    def __init__(self):\n        super().__init__()\n        {statement}\n"
        f"    def forward(self, N):\n        see(it={use})\n"
    )
    known = read(text).only(lambda seen: seen.mask("it"))
    assert known == MaskFact("bool", UPPER)
