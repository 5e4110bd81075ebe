"""The op table: every row builds a value, spellings of one meaning are one node, in-place forms reach every alias."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import pytest
import torch
from graph_support import body, execute, read, see, snippets

from attnlint.graph.modules import MODULES, ModuleRow
from attnlint.graph.ops import DISPATCHERS, FUNCTIONS, METHODS, Row
from attnlint.graph.signatures import Signature
from attnlint.graph.values import (
    OPAQUE,
    Assigned,
    Constant,
    Dispatched,
    External,
    Flash,
    MaskedFill,
    MultiHead,
    Parameter,
    Product,
    ReverseDims,
    TorchModule,
    Transpose,
    Unknown,
    Value,
    View,
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
    arguments = (
        parameters(row.signature, "y").partition(", ")[2] if row.signature.slots[1:] or row.signature.variadic else ""
    )
    snippet = see(f"x.{name}({arguments})", "x, y")
    value = snippet.only(lambda seen: seen["it"])
    inside = list(behind(value))
    labels = {each.label for each in inside if isinstance(each, Parameter)}
    assert "x" in labels or name.startswith("new_"), (value, arguments)


@pytest.mark.parametrize("path", sorted(MODULES), ids=name_of)
def test_every_module_builds_a_value(path: str) -> None:
    row: ModuleRow = MODULES[path]
    arguments = ARGUMENTS.get(path) or parameters(row.signature, "w")
    snippet = read(
        f"import {path.rpartition('.')[0]}\n" + body([f"m = {path}({arguments})", "see(m=m, it=m(x, x, x))"], "x, w")
    )
    module, value = snippet.only(lambda seen: (seen["m"], seen["it"]))
    assert isinstance(module, TorchModule)
    assert module.kind == path
    assert any(isinstance(each, Parameter) and each.label == "x" for each in behind(value)), value


@pytest.mark.parametrize("name", sorted(DISPATCHERS), ids=name_of)
@pytest.mark.parametrize(
    "bound", ["from library import {0}\n", "from . import {0}\n", "import library\n{0} = library.choose()\n"]
)
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


SPELLINGS = snippets("spellings")
"""One spelling a line; the title ends with the name of the node."""


@pytest.mark.parametrize("title", SPELLINGS)
def test_spellings_of_one_meaning_are_one_node(title: str) -> None:
    first, *others = SPELLINGS[title].splitlines()
    kind = title.rpartition(" | ")[2]
    wanted = see(first, "x, y, z").only(lambda seen: seen["it"])
    assert type(wanted).__name__ == kind
    for spelling in others:
        value = see(spelling, "x, y, z").only(lambda seen: seen["it"])
        assert structure(value) == structure(wanted), spelling


FLASH = ["flash_attn.flash_attn_func(x, y, z)", "flash_attn.flash_attn_interface.flash_attn_func(q=x, k=y, v=z)"]


@pytest.mark.parametrize("text", FLASH)
def test_a_fused_kernel_keeps_its_operands(text: str) -> None:
    value, _ = parts(text)
    assert isinstance(value, Flash)
    assert [part.text for part in (value.query, value.key, value.value)] == ["x", "y", "z"]


def test_multihead_attention_keeps_its_operands() -> None:
    text = body(
        ["m = nn.MultiheadAttention(8, 2, batch_first=True)", "a, w = m(x, y, z, key_padding_mask=p)", "see(it=a)"],
        "x, y, z, p",
    )
    graph = read(text).graph
    (call,) = graph.all(MultiHead)
    assert [part.text for part in (call.query, call.key, call.value, call.padding)] == ["x", "y", "z", "p"]


def test_what_is_not_understood_keeps_its_operands() -> None:
    for text in (
        "helper(x, key=y)",
        "x.strange(y)",
        "torch.strange(x, y)",
        "x[helper(y)]",
        "helper(*x, **y)",
        "[*x][y]",
        "x << y",
    ):
        value, inside = parts(text, "x, y")
        assert {each.label for each in inside if isinstance(each, Parameter)} == {"x", "y"}, (text, value)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ops.reshape(x, (2, 3))", Unknown),
        ("ops.softmax(x)", Unknown),
        ("ops.transpose(x, order)", Unknown),
        ("ops.matmul(x, x)", Unknown),
        ("ops.add(x, x)", Unknown),
        ("ops.div(x, x)", Unknown),
        ("ops.transpose(-2, -1)", Transpose),
        ("ops.matmul(x)", Product),
        ("ops.masked_fill(x > 0, 1)", MaskedFill),
        ("ops.T", ReverseDims),
        ("x.reshape(y, 3)", View),
    ],
)
def test_a_name_that_nothing_binds_may_be_a_module(text: str, kind: type[Value]) -> None:
    value = see(text).only(lambda seen: seen["it"])
    assert isinstance(value, kind)
    if kind is Unknown:
        assert "x" in {each.label for each in behind(value) if isinstance(each, Parameter)}


@pytest.mark.parametrize("module", ["sys.modules[__name__]", "importlib.import_module('ops')", "__import__('ops')"])
def test_a_module_by_its_name_is_one(module: str) -> None:
    text = f"import sys, importlib\nops = {module}\n" + body("see(it=ops.transpose(-2, -1))", "x")
    assert isinstance(read(text).only(lambda seen: seen["it"]), Unknown)


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


UNTOUCHED = [
    "x.mul(2)",
    "y = x * 2",
    "y = x\ny = y * 2",
    "x.requires_grad_()",
    "y = x.clone()\ny.mul_(2)",
    "y = [x]\ny = y + [x]",
]


@pytest.mark.parametrize("statements", UNTOUCHED)
def test_what_is_not_in_place_changes_nothing(statements: str) -> None:
    first, last = read(body(["see(it=x)", statements, "see(it=x)"])).on_paths(lambda seen: id(seen["it"]))
    assert first == last


def test_unknown_is_what_a_table_cannot_bind() -> None:
    for text in ("torch.matmul(x)", "torch.matmul(x, y, z, x, y)", "x.transpose(*y)"):
        assert parts(text)[0] is not None
    assert isinstance(parts("torch.matmul(x, y, z, x, y)")[0], Unknown)
    assert isinstance(parts("x.masked_fill_(y, 0)")[0], (MaskedFill, Assigned))
