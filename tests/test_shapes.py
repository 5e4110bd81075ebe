"""Symbolic shapes against torch: what is stated of a rank or an extent is what torch has, and idioms are understood."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from graph_support import IMPORTS, Seen, body, evaluated, execute, read, snippets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from attnlint.graph.scalars import Symbol
from attnlint.graph.shapes import TensorShape
from attnlint.graph.values import Extent, Parameter, Value

PARAMETERS = "x, y, H, D"
UNPACK = "B, T, C = x.shape"
B, T, H, D = 2, 3, 4, 5
"""Extents that no accident makes equal."""


def inputs() -> dict[str, Any]:
    torch.manual_seed(0)
    return {"x": torch.rand(B, T, H * D), "y": torch.rand(7, 11), "H": H, "D": D}


def number_of(tensors: Mapping[int, Tensor], scalars: Mapping[str, float]) -> Callable[[Symbol], float | None]:
    """What a symbol stands for: a parameter, or an extent of a tensor that was seen."""

    def extent(value: Value, axis: int) -> float | None:
        tensor = tensors.get(id(value))
        return None if tensor is None or not -tensor.ndim <= axis < tensor.ndim else tensor.shape[axis]

    def number(symbol: Symbol) -> float | None:
        value = symbol.value
        if symbol.axis is not None:
            return extent(value, symbol.axis)
        if isinstance(value, Extent):
            return extent(value.x, value.axis)
        return scalars.get(value.label) if isinstance(value, Parameter) else None

    return number


def disagreements(seen: Seen, real: Mapping[str, Any]) -> list[str]:
    """What the domain states of the tensors that is not so."""
    tensors = {id(seen[name]): value for name, value in real.items() if isinstance(value, Tensor)}
    number = number_of(tensors, {name: value for name, value in real.items() if not isinstance(value, Tensor)})
    return [
        f"{name}: {stated}, torch has {tuple(value.shape)}"
        for name, value in real.items()
        if isinstance(value, Tensor) and (stated := seen.shape(name)) is not None and not agrees(stated, value, number)
    ]


def agrees(stated: TensorShape, tensor: Tensor, number: Callable[[Symbol], float | None]) -> bool:
    """Whether a statement holds. An open shape may begin with axes of which it says nothing."""
    extents = [evaluated(extent, number) if extent is not None else None for extent in stated.axes]
    while stated.open and extents and extents[0] is None:
        del extents[0]
    if len(extents) > tensor.ndim or (not stated.open and len(extents) != tensor.ndim):
        return False
    real = tensor.shape[tensor.ndim - len(extents) :]
    return all(known is None or known == pytest.approx(size) for known, size in zip(extents, real, strict=True))


def understood(stated: TensorShape | None, names: frozenset[str]) -> bool:
    """Whether the rank is known, and every extent in terms of the names."""
    return (
        stated is not None
        and not stated.open
        and all(extent is not None and {symbol.text for symbol in extent.symbols} <= names for extent in stated.axes)
    )


# --- soundness ---------------------------------------------------------------------------------------------------


@dataclass
class Program:
    """Statements that grow from tensor to tensor, executed as they are written."""

    draw: Callable[[st.SearchStrategy[Any]], Any]
    tensors: dict[str, Tensor] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    scope: dict[str, Any] = field(default_factory=dict)

    def pick(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def axis(self, rank: int) -> int:
        return int(self.draw(st.integers(-rank, rank - 1)))

    def tensor(self, least: int = 1) -> tuple[str, Tensor]:
        usable = [name for name, tensor in self.tensors.items() if tensor.ndim >= least]
        name = str(self.pick(*usable))
        return name, self.tensors[name]

    def run(self, source: str) -> None:
        """Add a statement that torch accepts and that makes a tensor small enough to go on with."""
        name = f"t{len(self.lines)}"
        try:
            made = eval(source, self.scope)
        except (RuntimeError, IndexError, ValueError, TypeError):
            return
        if isinstance(made, Tensor) and made.ndim <= 6 and 0 < made.numel() <= 20_000:
            self.tensors[name] = self.scope[name] = made
            self.lines.append(f"{name} = {source}")


Step = Callable[[Program], str]


def resized(p: Program) -> str:
    name, t = p.tensor()
    merged = [*t.shape]
    if t.ndim > 1:
        at = p.draw(st.integers(0, t.ndim - 2))
        merged[at : at + 2] = [merged[at] * merged[at + 1]]
    merged[p.axis(len(merged))] = -1
    how = p.pick("reshape", "view")
    sizes = ", ".join(map(str, merged))
    forms = [
        sizes,
        f"({sizes})",
        "-1",
        f"-1, {name}.shape[-1]",
        f"*{name}.shape[:-1], -1",
        f"{name}.shape",
        f"{name}.size()",
    ]
    forms += [
        f"*{name}.shape[:-1], -1, 5",
        f"*{name}.shape[:-1], H, D",
        "B, T, H, D",
        "B, -1, H, D",
        "B, T, C",
        "B, T, -1",
    ]
    forms += [f"{name}.size(0), -1, {name}.size(-1)", "B, H, T, -1", f"{name}.shape[0], *{name}.shape[1:]", "B * T, -1"]
    return f"{name}.{how}({p.pick(*forms)})"


def transposed(p: Program) -> str:
    name, t = p.tensor(2)
    one, two = p.axis(t.ndim), p.axis(t.ndim)
    order = p.draw(st.permutations(range(t.ndim)))
    signed = ", ".join(str(axis - t.ndim * p.pick(0, 1)) for axis in order)
    return str(
        p.pick(
            f"{name}.transpose({one}, {two})", f"torch.swapaxes({name}, {one}, {two})", f"{name}.mT",
            f"{name}.permute({signed})", f"{name}.permute(({signed}))", f"torch.permute({name}, ({signed}))",
            f"{name}.t()" if t.ndim == 2 else f"{name}.contiguous()", f"{name}.T",
        )
    )  # fmt: skip


def flattened(p: Program) -> str:
    name, t = p.tensor()
    start, end = p.axis(t.ndim), p.axis(t.ndim)
    arguments = p.pick("", str(start), f"{start}, {end}", f"start_dim={start}", f"{start}, end_dim={end}")
    return str(p.pick(f"{name}.flatten({arguments})", f"nn.Flatten({arguments})({name})"))


def unflattened(p: Program) -> str:
    name, t = p.tensor()
    sizes = p.pick("(H, D)", "(-1, D)", "(H, -1)", "(2, -1)", "(1, -1)", "(-1,)", "(-1, 1, 5)")
    return f"{name}.unflatten({p.axis(t.ndim)}, {sizes})"


def unsqueezed(p: Program) -> str:
    name, t = p.tensor()
    axis = p.draw(st.integers(-t.ndim - 1, t.ndim))
    where = p.axis(t.ndim)
    return str(p.pick(f"{name}.unsqueeze({axis})", f"{name}.squeeze({where})", f"{name}.squeeze()", f"{name}[None]"))


def in_pieces(p: Program) -> str:
    name, t = p.tensor()
    axis = p.axis(t.ndim)
    extent = t.shape[axis]
    size = p.pick(*(n for n in range(1, extent + 1) if extent % n == 0))
    cut = p.draw(st.integers(0, extent))
    whole, where = p.pick(
        (f"chunk({extent // size}, dim={axis})", extent // size), (f"split({size}, {axis})", extent // size),
        (f"tensor_split({extent // size}, dim={axis})", extent // size),
        (f"split([{cut}, {extent - cut}], dim={axis})", 2), (f"unbind({axis})", extent),
        (f"split_with_sizes(({cut}, {extent - cut}), {axis})", 2),
    )  # fmt: skip
    index = p.draw(st.integers(-where, where - 1))
    return f"{name}.{whole}[{index}]"


def joined(p: Program) -> str:
    name, t = p.tensor()
    same = [n for n, other in p.tensors.items() if other.shape == t.shape]
    other = p.pick(*same)
    axis = p.axis(t.ndim)
    return str(
        p.pick(
            f"torch.cat([{name}, {other}], dim={axis})", f"torch.cat(({name}, {other}), {axis})",
            f"torch.stack([{name}, {other}], dim={axis})", f"torch.stack(({name}, {other}, {name}))",
            f"torch.cat([{name}] * 2, -1)", f"torch.concat(({name}, {name}[..., :1]), dim=-1)",
        )
    )  # fmt: skip


def repeated(p: Program) -> str:
    name, t = p.tensor()
    ones = [1] * t.ndim
    ones[p.axis(t.ndim)] = p.pick(1, 2, 3)
    times, axis = ", ".join(map(str, ones)), p.axis(t.ndim)
    keep = ", ".join(["-1"] * t.ndim)
    return str(
        p.pick(
            f"{name}.repeat({times})", f"{name}.repeat(2, {times})", f"{name}.repeat((B, {times}))",
            f"{name}.repeat_interleave(2, dim={axis})", f"torch.repeat_interleave({name}, H, {axis})",
            f"{name}.repeat_interleave(2)", f"{name}.expand({keep})", f"{name}.expand(H, {keep})",
            f"{name}.unsqueeze(0).expand(B, {keep})", f"{name}.unsqueeze(-1).expand({keep}, D)",
            f"{name}.expand(2, *{name}.shape)", f"{name}[None].expand_as(torch.stack([{name}, {name}]))",
            f"torch.broadcast_to({name}, (2, *{name}.shape))", f"torch.tile({name}, ({times}))", f"{name}.tile(2)",
        )
    )  # fmt: skip


def contracted(p: Program) -> str:
    (left, t), (right, u) = p.tensor(), p.tensor()
    by_extent: dict[int, list[str]] = {}
    letters = iter(string.ascii_lowercase)

    def label(tensor: Tensor) -> str:
        unused = {extent: list(known) for extent, known in by_extent.items()}
        out = ""
        for extent in tensor.shape:
            known = unused.get(extent, [])
            letter = known.pop(0) if known and p.pick(True, False) else next(letters)
            by_extent.setdefault(extent, []).append(letter)
            out += letter
        return out

    one, two = label(t), label(u)
    every = list(dict.fromkeys(one + two))
    result = "".join(p.draw(st.permutations(every))[: p.draw(st.integers(0, len(every)))])
    return str(
        p.pick(
            f"torch.einsum('{one},{two}->{result}', {left}, {right})",
            f"torch.einsum('{', '.join((one, two))} -> {result}', ({left}, {right}))",
            f"einops.einsum({left}, {right}, '{' '.join(one)}, {' '.join(two)} -> {' '.join(result)}')",
            f"torch.einsum('{one}->{''.join(sorted(one, reverse=True))}', {left})", f"{left} @ {right}",
            f"torch.einsum('...i,...i->...', {left}, {left})", f"torch.einsum('...i,...j->...ij', {left}, {left})",
            f"{left} @ {left}.transpose(-2, -1)", f"torch.matmul({left}, {right}.mT)",
            f"{left} @ torch.ones({t.shape[-1]})",
            f"torch.ones({t.shape[0] if t.ndim == 1 else t.shape[-2]}) @ {left}", f"torch.bmm({left}, {right}.mT)",
        )
    )  # fmt: skip


def rearranged(p: Program) -> str:
    name, t = p.tensor()
    letters = string.ascii_lowercase[: t.ndim]
    order = list(p.draw(st.permutations(letters)))
    flat = " ".join(order)
    at = p.draw(st.integers(0, t.ndim - 1))
    grouped = " ".join([*order[:at], f"({' '.join(order[at:])})"])
    size = next(n for n in (2, 3, 5, 7, 11, 1) if t.shape[at] % n == 0)
    split = " ".join(f"(u {letter})" if i == at else letter for i, letter in enumerate(letters))
    plain = " ".join(letters)
    dropped = " ".join(letter for letter in order if letter != letters[at]) or "()"
    return str(
        p.pick(
            f"rearrange({name}, '{plain} -> {flat}')", f"rearrange({name}, '{plain} -> {grouped}')",
            f"rearrange({name}, '{split} -> u {flat}', u={size})",
            f"rearrange({name}, '{split} -> {flat} 1 u', u={size})",
            f"rearrange({name}, '... a -> a ...')", f"rearrange({name}, '... (u a) -> ... a u', u={size})",
            f"rearrange({name}, 'a ... -> a (...)')", f"rearrange({name}, 'a ... -> (a ...)')",
            f"repeat({name}, '{plain} -> {plain} r', r=3)",
            f"repeat({name}, '{plain} -> (r {letters[0]}) {' '.join(letters[1:])}', r=H)",
            f"reduce({name}, '{plain} -> {dropped}', 'mean')", f"repeat({name}, '... -> r ...', r=2)",
            f"rearrange([{name}, {name}], 'k {plain} -> {flat} k')",
        )
    )  # fmt: skip


def indexed(p: Program) -> str:
    name, t = p.tensor()
    keys: list[str] = []
    for extent in t.shape[: p.draw(st.integers(1, t.ndim))]:
        low, high = sorted((p.draw(st.integers(0, extent - 1)), p.draw(st.integers(1, extent))))
        keys.append(
            p.pick(":", f"{low}:", f":{high}", f"{low}:{high}", "::2", str(low), "-1", ":-1", "None, :", "::1", "-1:")
        )
    if p.pick(True, False):
        keys = [*keys[: len(keys) // 2], "...", *keys[len(keys) // 2 :]]
    wild = p.pick(False, False, False, True)
    return (
        f"{name}[{p.pick('0', '-1', '..., None', f'{name} > 0', '[0, 0]', 'torch.arange(2)', ':, 0')}]"
        if wild
        else f"{name}[{', '.join(keys)}]"
    )


def projected(p: Program) -> str:
    name, t = p.tensor()
    width = t.shape[-1]
    return str(
        p.pick(
            f"nn.Linear({width}, 3 * H)({name})", f"nn.Linear(in_features={width}, out_features=6, bias=False)({name})",
            f"nn.Sequential(nn.Linear({width}, D), nn.ReLU(), nn.Dropout(0.1))({name})",
            f"nn.LayerNorm({width})({name})",
            f"nn.Embedding(9, D)({name}.long().abs() % 9)",
            f"nn.Conv1d({t.shape[-2] if t.ndim > 1 else 1}, 6, 1)({name})",
            f"F.softmax({name}, dim=-1)", f"F.dropout({name}.float(), 0.1).to(torch.float64)", f"nn.Identity()({name})",
            f"F.scaled_dot_product_attention({name}, {name}, {name}[..., :1])",
            f"nn.Conv2d(T, 6, 3, padding=1)({name})",
        )
    )  # fmt: skip


def combined(p: Program) -> str:
    (left, t), (right, _) = p.tensor(), p.tensor()
    operator = p.pick("+", "-", "*", "/", "<", "==")
    axis = p.axis(t.ndim)
    return str(
        p.pick(
            f"{left} {operator} {left}[..., :1]", f"{left} {operator} {left}.unsqueeze(0)",
            f"{left} {operator} {right}",
            f"{left}[None] {operator} {left}[:, None]", f"{left} {operator} 2", f"H {operator} {left}",
            f"{left} {operator} {left}[0]", f"{left} {operator} torch.zeros({t.shape[-1]})", f"-{left}",
            f"torch.where({left} > 0, {left}, 0.0)", f"torch.where({left}[..., :1] > 0, {left}, {left}.unsqueeze(0))",
            f"{left}.masked_fill({left} > 0, 0)", f"{left}.sum({axis})", f"{left}.mean(dim={axis}, keepdim=True)",
            f"{left}.sum()", f"{left}.amax(({axis},))", f"{left}.max(dim={axis})[0]", f"{left}.max(dim={axis}).values",
            f"{left}.max(dim={axis}, keepdim=True)[1]", f"torch.zeros_like({left})", f"torch.ones({t.shape[0]}, C)",
            f"{left}.new_zeros(B, T)", f"torch.full({left}.shape, 1.0)", "torch.arange(T)", f"{left}.tril()",
            f"torch.outer({left}, {left})", f"torch.zeros({left}.shape[-1], {left}.size(0))",
            f"{left}.new_ones({left}.shape[1:])",
            f"torch.arange(2, {t.shape[0] + 3})", f"torch.masked_fill({left}, {left}[..., :1] > 0, 1)", f"{left} ** 2",
            f"2 ** {left}", f"{left}.argmax({axis})", f"torch.cumsum({left}, {axis})",
            f"torch.maximum({left}, {left}[:1])",
        )
    )  # fmt: skip


STEPS: list[Step] = [
    resized, transposed, flattened, unflattened, unsqueezed, in_pieces, joined, repeated, contracted, rearranged,
    indexed,
    projected, combined,
]  # fmt: skip


@st.composite
def programs(draw: Callable[[st.SearchStrategy[Any]], Any], steps: Sequence[Step]) -> list[str]:
    program = Program(draw)
    given_ = inputs()
    exec(IMPORTS, program.scope)
    program.scope.update(given_, B=B, T=T, C=H * D)
    program.tensors.update(x=given_["x"], y=given_["y"])
    for _ in range(draw(st.integers(1, 6))):
        program.run(draw(st.sampled_from(steps))(program))
    return program.lines


def check(lines: Sequence[str]) -> None:
    names = ["x", "y", "H", "D", *(line.partition(" = ")[0] for line in lines)]
    text = body([UNPACK, *lines, f"see({', '.join(f'{name}={name}' for name in names)})"], PARAMETERS)
    (real,) = execute(text, "f", *inputs().values())
    for found in read(text).on_paths(lambda seen: disagreements(seen, real)):
        assert not found, "\n".join([*lines, *found])


GENERATED = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], print_blob=False
)
RUNS = pytest.mark.filterwarnings("ignore:The use of")


@RUNS
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
@settings(GENERATED, max_examples=60)
@given(data=st.data())
def test_what_is_stated_is_what_torch_has(step: Step, data: st.DataObject) -> None:
    check(data.draw(programs([step])))


@RUNS
@settings(GENERATED, max_examples=150)
@given(programs(STEPS))
def test_what_is_stated_of_chains_is_what_torch_has(lines: list[str]) -> None:
    check(lines)


TRAPS, IDIOMS, RANKED = snippets("shape_traps"), snippets("shape_idioms"), snippets("shape_ranks")


@pytest.mark.parametrize("statements", TRAPS.values(), ids=list(TRAPS))
def test_nothing_wrong_is_stated_of(statements: str) -> None:
    text = body([UNPACK, statements, "see(x=x, y=y, H=H, D=D, it=it)"], PARAMETERS)
    (real,) = execute(text, "f", *inputs().values())
    for found in read(text).on_paths(lambda seen: disagreements(seen, real)):
        assert not found, found[0]


# --- precision ---------------------------------------------------------------------------------------------------

NAMES = frozenset({"B", "T", "C", "H", "D", "x.shape[0]", "x.shape[1]", "x.shape[2]"})


@pytest.mark.parametrize("statements", IDIOMS.values(), ids=list(IDIOMS))
def test_an_idiom_is_understood(statements: str) -> None:
    text = body([UNPACK, statements, "see(x=x, H=H, D=D, it=it)"], PARAMETERS)
    (real,) = execute(text, "f", *inputs().values())
    for found, stated in read(text).on_paths(lambda seen: (disagreements(seen, real), seen.shape("it"))):
        assert not found, found[0]
        assert understood(stated, NAMES), f"{stated}, torch has {tuple(real['it'].shape)}"


@pytest.mark.parametrize("statements", RANKED.values(), ids=list(RANKED))
def test_the_rank_of_an_idiom_is_understood(statements: str) -> None:
    text = body([UNPACK, statements, "see(it=it)"], PARAMETERS)
    (real,) = execute(text, "f", *inputs().values())
    assert read(text).only(lambda seen: getattr(seen.shape("it"), "rank", None)) == real["it"].ndim


@pytest.mark.parametrize(
    "pair",
    [
        ("x.shape[-1]", "C"), ("x.size(-1)", "x.shape[2]"), ("x.size()[2]", "C"), ("x.shape[-2]", "T"),
        ("x.size(dim=1)", "T"),
        ("x.shape[:2][1]", "T"), ("x.transpose(1, 2).shape[1]", "C"), ("x.view(B, T, H, -1).size(3)", "C // H"),
        ("len(x)", "B"), ("x.shape.numel()", "B * T * C"), ("x.numel()", "B * T * C"), ("x.size()[-1]", "C"),
        ("nn.Linear(C, D)(x).shape[-1]", "D"), ("nn.Linear(C, D)(x).size(0)", "B"),
    ],
    ids=" is ".join,
)  # fmt: skip
def test_an_extent_is_one_value_however_it_is_read(pair: tuple[str, str]) -> None:
    text = body([UNPACK, f"see(one={pair[0]}, other={pair[1]})"], PARAMETERS)
    one, other = read(text).only(lambda seen: (seen.scalar("one"), seen.scalar("other")))
    assert one is not None
    assert one == other


def observed(statements: str, name: str = "x") -> str:
    return read(body([statements, f"see({name}={name})"], "x, heads")).only(lambda seen: str(seen.shape(name)))


@pytest.mark.parametrize(
    "statements",
    [
        "b, t, c = x.shape",
        "b, t, c = x.size()",
        "(b, t), c = x.shape[:2], x.size(2)\nb, t, c = x.shape",
        "b, t, _ = list(x.shape)",
        "b, t = x.shape[:-1]",
        "t, c = x.shape[1:]",
        "y = rearrange(x, 'b n c -> n b c')",
    ],
)
def test_what_code_relies_on_is_a_rank(statements: str) -> None:
    assert observed(statements) == "(x.shape[0], x.shape[1], x.shape[2])"


@pytest.mark.parametrize(
    "statements",
    [
        "b, *rest = x.shape",
        "b, t = x.shape[:2]",
        "*rest, c = x.shape",
        "b, t = x.shape[0], x.shape[1]",
        "if heads:\n    b, t, c = x.shape",
        "if x.ndim == 3:\n    b, t, c = x.shape",
        "try:\n    b, t, c = x.shape\nexcept ValueError:\n    pass",
        "y = rearrange(x, 'b ... c -> b c ...')",
    ],
)
def test_what_code_does_not_rely_on_is_no_rank(statements: str) -> None:
    text = body([statements, "see(x=x)"], "x, heads")
    assert None in read(text).on_paths(lambda seen: None if (shape := seen.shape("x")) is None else shape.rank)


def test_a_width_is_known_from_the_projection_that_reads_it() -> None:
    assert observed("y = nn.Linear(64, 3)(x)") == "(…, 64)"


@pytest.mark.parametrize("zero", ["y - y", "y / y", "(y - y) * 2", "2 * (y / y - 1)"])
def test_what_cancels_out_may_be_a_tensor(zero: str) -> None:
    """A tensor less itself is a tensor of zeros, and its axes count."""
    (stated,) = read(f"def f(y):\n    z = {zero}\n    a = z + torch.zeros(11)\n    see(a=a)").on_paths(
        lambda seen: seen.shape("a")
    )
    assert stated is None or stated.open
