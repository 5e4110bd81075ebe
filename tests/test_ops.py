"""The op table: every row builds a value, spellings of one meaning are one node, in-place forms reach every alias."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import pytest
import torch
from graph_support import body, execute, read, see

from attnlint.graph.modules import MODULES, ModuleRow
from attnlint.graph.ops import DISPATCHERS, FUNCTIONS, METHODS, Row, Signature
from attnlint.graph.values import (
    OPAQUE,
    Add,
    Assigned,
    Cast,
    Cat,
    Constant,
    Dispatched,
    Divide,
    External,
    Flash,
    Flatten,
    MaskedFill,
    MultiHead,
    Multiply,
    Negate,
    Normalize,
    Not,
    Parameter,
    Permute,
    Piece,
    Power,
    Product,
    Rearrange,
    Repeat,
    ReverseDims,
    Sdpa,
    Select,
    Shape,
    Softmax,
    Stack,
    Subtract,
    TorchModule,
    Transpose,
    Tri,
    Unflatten,
    Unknown,
    Unsqueeze,
    Value,
    View,
    Where,
    strip,
)

ARGUMENTS = {
    "torch.einsum": "'ij,jk->ik', x, y",
    "torch.functional.einsum": "'ij,jk->ik', x, y",
    "opt_einsum.contract": "'ij,jk->ik', x, y",
    "einops.einsum": "x, y, 'i j, j k -> i k'",
    "einops.rearrange": "x, 'i j -> j i'",
    "einops.repeat": "x, 'i j -> i j r', r=2",
    "einops.reduce": "x, 'i j -> i', 'mean'",
    "torch.stack": "(x, y)",
    "torch.arange": "x",
    "einops.layers.torch.Rearrange": "'b (h d) -> b h d', h=4",
}
"""Arguments of the rows that do not take any tensor for any parameter."""


def parameters(signature: Signature, spare: str) -> str:
    """An argument for each parameter that has no default."""
    given = [spare for slot in signature.slots if not slot.keyword_only and isinstance(slot.default, Constant)]
    return ", ".join((*given, spare) if signature.variadic else given)


def behind(value: Value) -> Iterator[Value]:
    """A value and all that it is computed from."""
    pending, seen = [value], set[int]()
    while pending:
        each = pending.pop()
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            pending += each.operands()
            if isinstance(each, TorchModule):
                pending += each.arguments


def parts(text: str, names: str = "x, y, z") -> tuple[Value, list[Value]]:
    snippet = read(f"import {text.partition('(')[0].rpartition('.')[0] or 'torch'}\n" + body(f"see(it={text})", names))
    value = snippet.only(lambda seen: seen["it"])
    return value, list(behind(value))


def name_of(row: str) -> str:
    return row


@pytest.mark.parametrize("path", sorted(FUNCTIONS), ids=name_of)
def test_every_function_builds_a_value(path: str) -> None:
    row: Row = FUNCTIONS[path]
    arguments = ARGUMENTS.get(path) or parameters(row.signature, "x")
    value, inside = parts(f"{path}({arguments})", "x, y")
    assert isinstance(value, Value)
    assert any(isinstance(each, Parameter) and each.label == "x" for each in inside), value
    assert value.origin is not None or isinstance(value, Parameter)


@pytest.mark.parametrize("name", sorted(METHODS), ids=name_of)
def test_every_method_builds_a_value(name: str) -> None:
    row: Row = METHODS[name]
    arguments = parameters(row.signature, "y").partition(", ")[2] if row.signature.slots[1:] or row.signature.variadic else ""
    snippet = see(f"x.{name}({arguments})", "x, y")
    value = snippet.only(lambda seen: seen["it"])
    inside = list(behind(value))
    labels = {each.label for each in inside if isinstance(each, Parameter)}
    assert "x" in labels or name.startswith("new_"), (value, arguments)


@pytest.mark.parametrize("path", sorted(MODULES), ids=name_of)
def test_every_module_builds_a_value(path: str) -> None:
    row: ModuleRow = MODULES[path]
    arguments = ARGUMENTS.get(path) or parameters(row.signature, "w")
    snippet = read(f"import {path.rpartition('.')[0]}\n" + body([f"m = {path}({arguments})", "see(m=m, it=m(x, x, x))"], "x, w"))
    module, value = snippet.only(lambda seen: (seen["m"], seen["it"]))
    assert isinstance(module, TorchModule)
    assert module.kind == path
    assert any(isinstance(each, Parameter) and each.label == "x" for each in behind(value)), value


@pytest.mark.parametrize("name", sorted(DISPATCHERS), ids=name_of)
@pytest.mark.parametrize("bound", ["from library import {0}\n", "from . import {0}\n", "import library\n{0} = library.choose()\n"])
def test_every_dispatcher_is_a_sink(name: str, bound: str) -> None:
    given = ", ".join(slot.spellings[0] for slot in DISPATCHERS[name].slots)
    value = read(bound.format(name) + body(f"see(it={name}({given}))", given)).only(lambda seen: seen["it"])
    assert isinstance(value, Dispatched)
    assert [strip(part).text for part in (value.query, value.key, value.value)] == ["query", "key", "value"]


def test_rows_bind_by_every_spelling_of_a_parameter() -> None:
    for path, row in (*FUNCTIONS.items(), *METHODS.items()):
        for slot in row.signature.slots:
            for spelling in slot.spellings:
                value = Constant(object())
                bound = row.signature.bind((), {spelling: value}, False)
                assert bound is not None, path
                assert getattr(bound, slot.spellings[0]) is value, (path, spelling)


# --- one meaning, one node ----------------------------------------------------------------------------------------


def structure(value: Value) -> Hashable:
    """A value written out: two that are written alike compute the same from the same."""
    inner = strip(value)
    match inner:
        case Parameter(label=label):
            return label
        case Constant(value=constant):
            is_number = isinstance(constant, (int, float)) and not isinstance(constant, bool)
            return float(constant) if is_number else repr(constant)
        case External(path=path):
            return path
    if isinstance(inner, OPAQUE):
        return id(inner)
    fields = [getattr(inner, name) for name in inner.__dataclass_fields__ if name not in ("origin", "name", "_key")]
    return (type(inner).__name__, *(_part(part) for part in fields))


def _part(part: object) -> Hashable:
    if isinstance(part, Value):
        return structure(part)
    return tuple(map(_part, part)) if isinstance(part, tuple) else repr(part)


SPELLINGS: dict[str, tuple[type[Value], str]] = {
    "matmul": (Product, "x @ y | torch.matmul(x, y) | torch.bmm(x, y) | x.matmul(y) | x.bmm(y) | torch.mm(x, mat2=y) | x.mm(y)"
                        " | torch.matmul(input=x, other=y) | torch.bmm(x, mat2=y) | torch.linalg.matmul(x, y)"),
    "baddbmm": (Product, "torch.baddbmm(z, x, y, beta=0) | z.baddbmm(x, y, beta=0) | torch.bmm(x, y) | torch.baddbmm(z, x, y, beta=0, alpha=1)"),
    "baddbmm with a base": (Add, "torch.baddbmm(z, x, y) | z.baddbmm(x, y) | z + x @ y | torch.add(z, torch.bmm(x, y))"),
    "einsum": (Product, "torch.einsum('bij,bkj->bik', x, y) | torch.einsum('bij, bkj -> bik', (x, y)) | einops.einsum(x, y, 'b i j, b k j -> b i k')"
                        " | torch.einsum('bij,bkj->bik', [x, y]) | torch.functional.einsum('bij,bkj->bik', x, y)"),
    "transpose": (Transpose, "x.transpose(1, 2) | torch.transpose(x, 1, 2) | x.swapaxes(1, 2) | x.swapdims(1, 2) | x.transpose(dim0=1, dim1=2)"
                             " | torch.swapaxes(x, axis0=1, axis1=2)"),
    "the last two axes": (Transpose, "x.mT | x.transpose(-2, -1) | x.mH | torch.transpose(x, -2, -1)"),
    "permute": (Permute, "x.permute(0, 2, 1) | x.permute((0, 2, 1)) | x.permute([0, 2, 1]) | torch.permute(x, (0, 2, 1)) | x.permute(dims=(0, 2, 1))"
                         " | x.permute(*(0, 2, 1)) | torch.einsum('abc->acb', x)"),
    "view": (View, "x.view(1, -1) | x.reshape(1, -1) | torch.reshape(x, (1, -1)) | x.view((1, -1)) | x.reshape([1, -1]) | x.reshape(shape=(1, -1))"
                   " | x.contiguous().view(1, -1) | x.view(*(1, -1)) | x.view(size=(1, -1))"),
    "flatten": (Flatten, "x.flatten(2) | torch.flatten(x, 2) | x.flatten(start_dim=2) | x.flatten(2, -1) | nn.Flatten(2)(x) | torch.flatten(x, start_dim=2, end_dim=-1)"),
    "unflatten": (Unflatten, "x.unflatten(-1, (4, 8)) | torch.unflatten(x, -1, (4, 8)) | x.unflatten(dim=-1, sizes=(4, 8)) | nn.Unflatten(-1, (4, 8))(x)"),
    "a chunk": (Piece, "x.chunk(3, dim=-1)[1] | x.chunk(3, -1)[1] | torch.chunk(x, 3, dim=-1)[1] | x.chunk(chunks=3, dim=-1)[1] | list(x.chunk(3, -1))[1] | x.chunk(3, dim=-1)[-2]"),
    "a piece of split": (Piece, "x.split(4, dim=-1)[1] | torch.split(x, 4, -1)[1] | x.split(split_size=4, dim=-1)[1] | torch.split(x, split_size_or_sections=4, dim=-1)[1]"),
    "select": (Select, "x[0] | x.select(0, 0) | torch.select(x, 0, 0) | x.unbind(0)[0] | x.unbind()[0] | torch.unbind(x, dim=0)[0] | x.select(dim=0, index=0)"),
    "cat": (Cat, "torch.cat((x, y), -1) | torch.cat([x, y], dim=-1) | torch.concat((x, y), axis=-1) | torch.concatenate([x, y], dim=-1) | torch.cat(tensors=(x, y), dim=-1)"),
    "stack": (Stack, "torch.stack((x, y)) | torch.stack([x, y], dim=0) | torch.stack([x, y], 0)"),
    "unsqueeze": (Unsqueeze, "x.unsqueeze(1) | torch.unsqueeze(x, 1) | x.unsqueeze(dim=1)"),
    "repeat": (Repeat, "x.repeat(1, 2) | x.repeat((1, 2)) | x.repeat(*[1, 2]) | x.repeat(repeats=(1, 2))"),
    "rearrange": (Rearrange, "rearrange(x, 'b n d -> b d n') | einops.rearrange(x, 'b n d -> b d n') | einops.rearrange(tensor=x, pattern='b n d -> b d n')"
                             " | einops.layers.torch.Rearrange('b n d -> b d n')(x)"),
    "masked fill": (MaskedFill, "x.masked_fill(y, 0) | torch.masked_fill(x, y, 0) | x.masked_fill(mask=y, value=0) | x.masked_fill_(y, 0)"
                                " | x.clone().masked_fill_(y, 0)"),
    "where": (Where, "torch.where(y, x, 0) | x.where(y, 0) | torch.where(condition=y, input=x, other=0) | torch.where(y, input=x, other=0)"),
    "softmax": (Softmax, "x.softmax(-1) | torch.softmax(x, -1) | F.softmax(x, -1) | F.softmax(x, dim=-1) | x.softmax(dim=-1) | nn.Softmax(-1)(x) | nn.Softmax(dim=-1)(x)"
                         " | torch.nn.functional.softmax(x, dim=-1) | nn.functional.softmax(input=x, dim=-1) | torch.special.softmax(x, -1)"
                         " | torch.softmax(x, axis=-1) | F.softmax(x, -1, dtype=None) | F.softmax(x, -1, 3, None)"),
    "softmax in float32": (Softmax, "x.softmax(-1, torch.float32) | F.softmax(x, dim=-1, dtype=torch.float32) | torch.softmax(x, -1, dtype=torch.float32)"),
    "triu": (Tri, "torch.triu(x, 1) | x.triu(1) | torch.triu(x, diagonal=1) | x.triu(diagonal=1) | torch.triu(input=x, diagonal=1) | x.triu_(1)"),
    "times": (Multiply, "x * 2 | torch.mul(x, 2) | x.mul(2) | x.mul_(2) | torch.multiply(x, 2) | x.multiply(other=2)"),
    "divided": (Divide, "x / y | torch.div(x, y) | x.div(y) | x.div_(y) | torch.true_divide(x, y) | x.divide(y)"),
    "plus": (Add, "x + y | torch.add(x, y) | x.add(y) | x.add_(y) | torch.add(x, other=y, alpha=1)"),
    "minus": (Subtract, "x - y | torch.sub(x, y) | x.sub(y) | torch.subtract(x, y) | x.sub_(y)"),
    "negative": (Negate, "-x | torch.neg(x) | x.neg() | torch.negative(x)"),
    "power": (Power, "x ** 2 | torch.pow(x, 2) | x.pow(2) | x.square() | torch.square(x) | pow(x, 2)"),
    "root": (Power, "x ** 0.5 | x.sqrt() | torch.sqrt(x) | x.pow(0.5) | x.sqrt_()"),
    "not": (Not, "~x | torch.logical_not(x) | x.logical_not() | torch.bitwise_not(x) | x.logical_not_()"),
    "compared": (Not, "x != 0 | x.ne(0) | torch.ne(x, 0) | torch.not_equal(x, 0)"),
    "cast": (Cast, "x.float() | x.to(torch.float32) | x.to(dtype=torch.float32) | x.type(torch.float32) | x.to('cpu', torch.float32) | x.to(torch.float)"),
    "half": (Cast, "x.half() | x.to(torch.float16) | x.to(torch.half) | x.type(torch.float16)"),
    "a cast like another": (Cast, "x.to(y.dtype) | x.to(y) | x.type_as(y) | x.to(dtype=y.dtype) | x.to(device=y.device, dtype=y.dtype)"),
    "shape": (Shape, "x.shape | x.size()"),
    "t": (ReverseDims, "x.t() | torch.t(x)"),
    "normalize": (Normalize, "F.normalize(x, dim=-1) | F.normalize(x, 2, -1) | F.normalize(x, p=2, dim=-1) | F.normalize(x, p=2.0, dim=-1)"),
    "sdpa": (Sdpa, "F.scaled_dot_product_attention(x, y, z) | torch.nn.functional.scaled_dot_product_attention(query=x, key=y, value=z)"
                   " | F.scaled_dot_product_attention(x, y, z, None, 0.0, False) | F.scaled_dot_product_attention(x, y, value=z, attn_mask=None)"
                   " | F.scaled_dot_product_attention(*(x, y, z)) | F.scaled_dot_product_attention(**dict(query=x, key=y, value=z))"),
    "full": (Value, "torch.full((2, 2), 1.0) | torch.ones(2, 2) | torch.ones((2, 2)) | torch.ones([2, 2]) | torch.ones(size=(2, 2))"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "spellings"), SPELLINGS.values(), ids=list(SPELLINGS))
def test_spellings_of_one_meaning_are_one_node(kind: type[Value], spellings: str) -> None:
    values = {text.strip(): see(text.strip(), "x, y, z").only(lambda seen: seen["it"]) for text in spellings.split(" | ")}
    kinds = {text: type(value).__name__ for text, value in values.items() if not isinstance(value, kind)}
    assert not kinds
    first, *_ = values
    assert {text: structure(v) for text, v in values.items()} == dict.fromkeys(values, structure(values[first]))


FLASH = ["flash_attn.flash_attn_func(x, y, z)", "flash_attn.flash_attn_interface.flash_attn_func(q=x, k=y, v=z)"]


@pytest.mark.parametrize("text", FLASH)
def test_a_fused_kernel_keeps_its_operands(text: str) -> None:
    value, _ = parts(text)
    assert isinstance(value, Flash)
    assert [part.text for part in (value.query, value.key, value.value)] == ["x", "y", "z"]


def test_multihead_attention_keeps_its_operands() -> None:
    text = body(["m = nn.MultiheadAttention(8, 2, batch_first=True)", "a, w = m(x, y, z, key_padding_mask=p)", "see(it=a)"], "x, y, z, p")
    graph = read(text).graph
    (call,) = graph.all(MultiHead)
    assert [part.text for part in (call.query, call.key, call.value, call.padding)] == ["x", "y", "z", "p"]


def test_what_is_not_understood_keeps_its_operands() -> None:
    for text in ("helper(x, key=y)", "x.strange(y)", "torch.strange(x, y)", "x[helper(y)]", "helper(*x, **y)", "[*x][y]", "x << y"):
        value, inside = parts(text, "x, y")
        assert {each.label for each in inside if isinstance(each, Parameter)} == {"x", "y"}, (text, value)


# --- in place -----------------------------------------------------------------------------------------------------

IN_PLACE = {
    "mul_": "x.mul_(2)",
    "div_": "x.div_(2)",
    "add_": "x.add_(2)",
    "sub_": "x.sub_(1)",
    "masked_fill_": "x.masked_fill_(x > 0, 5)",
    "neg_": "x.neg_()",
    "sqrt_": "x.sqrt_()",
    "pow_": "x.pow_(2)",
    "zero_": "x.zero_()",
    "fill_": "x.fill_(7)",
    "triu_": "x.triu_(1)",
    "clamp_": "x.clamp_(max=2)",
    "augmented": "x *= 2",
    "augmented division": "x /= 2",
    "augmented sum": "x += 1",
    "augmented difference": "x -= 1",
    "an item": "x[x > 1] = 9",
    "a slice": "x[:, 0] = 9",
    "a row": "x[0] = 9",
    "everything": "x[:] = 9",
    "an augmented item": "x[0] *= 3",
    "copied": "x.copy_(x * 2)",
    "of a row": "x[0].mul_(3)",
    "of a view": "x.view(-1).mul_(3)",
    "out": "torch.mul(x, 2, out=x)",
    "data": "x.data.mul_(2)",
}
ALIASES = {
    "a name": ("y = x", "y"),
    "two names": ("z = y = x", "z"),
    "an attribute": ("o.a = x", "o.a"),
    "an attribute of an attribute": ("o.b = O()\no.b.a = x", "o.b.a"),
    "an item of a tuple": ("p = (x, 1)", "p[0]"),
    "an item of a list": ("p = [1, x]", "p[1]"),
    "an item of a dict": ("p = {'k': x}", "p['k']"),
    "a closure": ("def g():\n    return x", "g()"),
    "detached": ("y = x.detach()", "y"),
    "a condition": ("y = x if n else x", "y"),
    "one of two": ("y = x if n else w", "y"),
}


def changes(lines: list[str], name: str = "x") -> None:
    """Between the statements torch changes what ``name`` holds, and so does the graph."""
    text = "class O:\n    pass\n" + body(["x = x.view(3, 3)", *lines, f"see(after={name})"], "x, n, w")
    start = torch.arange(1.0, 10.0).view(3, 3)
    runs = [execute(text, "f", start.clone(), n, start * 5) for n in (True, False)]
    assert any(not torch.equal(run[-1]["after"], start) for run in runs)
    before, after = set[int](), set[int]()
    for seen in read(text).on_paths(lambda seen: {each: id(seen[each]) for each in seen.values}):
        before |= {value for each, value in seen.items() if each == "before"}
        after |= {value for each, value in seen.items() if each == "after"}
    assert before
    assert not after <= before


@pytest.mark.parametrize("statement", IN_PLACE.values(), ids=list(IN_PLACE))
def test_an_in_place_operation_changes_its_tensor(statement: str) -> None:
    changes(["see(before=x)", statement])


@pytest.mark.parametrize(("alias", "name"), ALIASES.values(), ids=list(ALIASES))
@pytest.mark.parametrize("statement", ["x.mul_(2)", "x *= 2", "x[0] = 9"])
def test_an_in_place_operation_changes_every_alias(alias: str, name: str, statement: str) -> None:
    changes(["o = O()", alias, f"see(before={name})", statement], name)


CALLEES = {
    "a helper": "def change(t):\n    t.mul_(2)\nchange(x)",
    "a helper that augments": "def change(t):\n    t *= 2\nchange(x)",
    "a helper that assigns": "def change(t):\n    t[0] = 9\nchange(x)",
    "a helper's helper": "def inner(t):\n    t.mul_(2)\ndef change(t):\n    inner(t)\nchange(x)",
    "a closure": "def change():\n    x.mul_(2)\nchange()",
    "a lambda": "change = lambda t: t.mul_(2)\nchange(x)",
    "a loop": "for _ in (1, 2):\n    x.mul_(2)",
    "a loop over tensors": "for t in (x, w):\n    t.mul_(2)",
    "an arm": "if n:\n    x.mul_(2)",
    "with": "with torch.no_grad():\n    x.mul_(2)",
    "a chain": "x.mul_(2).add_(1)",
    "initialised": "nn.init.zeros_(x)",
}


@pytest.mark.parametrize("statements", CALLEES.values(), ids=list(CALLEES))
def test_an_in_place_operation_elsewhere_changes_its_tensor(statements: str) -> None:
    changes(["see(before=x)", statements])


UNTOUCHED = ["x.mul(2)", "y = x * 2", "y = x\ny = y * 2", "x.requires_grad_()", "y = x.clone()\ny.mul_(2)", "y = [x]\ny = y + [x]"]


@pytest.mark.parametrize("statements", UNTOUCHED)
def test_what_is_not_in_place_changes_nothing(statements: str) -> None:
    first, last = read(body(["see(it=x)", statements, "see(it=x)"])).on_paths(lambda seen: id(seen["it"]))
    assert first == last


def test_unknown_is_what_a_table_cannot_bind() -> None:
    for text in ("torch.matmul(x)", "torch.matmul(x, y, z, x, y)", "x.transpose(*y)"):
        assert parts(text)[0] is not None
    assert isinstance(parts("torch.matmul(x, y, z, x, y)")[0], Unknown)
    assert isinstance(parts("x.masked_fill_(y, 0)")[0], (MaskedFill, Assigned))
