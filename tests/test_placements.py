"""Fixes in any surroundings: a buggy expression, wrapped at random, is fixed to what the right one computes there."""

from __future__ import annotations

import ast
from dataclasses import dataclass

import pytest
import torch
from hypothesis import event, given, settings
from hypothesis import strategies as st
from torch import Tensor

from attnlint.fixes import fix_source
from attnlint.rule import discover, select

HEAD = """\
import torch
import torch.nn.functional as F


def same(x, *others, **named):
    return x


def keeping(function):
    return lambda wrapped: wrapped


"""


@dataclass(frozen=True)
class Bug:
    """An attention whose buggy part, between ``«`` and ``»``, is to be placed in surroundings, and the right one."""

    code: str
    buggy: str
    right: str


BUGS = [
    Bug(
        "ATN101",
        "torch.softmax(«q @ k.transpose(-2, -1)», dim=-1) @ v",
        "torch.softmax(«(q @ k.transpose(-2, -1)) / q.size(-1) ** 0.5», dim=-1) @ v",
    ),
    Bug(
        "ATN101",
        "torch.softmax(«torch.einsum('bid,bjd->bij', q, k)», -1) @ v",
        "torch.softmax(«(torch.einsum('bid,bjd->bij', q, k) / q.shape[-1] ** 0.5)», -1) @ v",
    ),
    Bug(
        "ATN105",
        "torch.softmax(q @ k.transpose(-2, -1) / «q.size(-1) ** 1 / 2», dim=-1) @ v",
        "torch.softmax(q @ k.transpose(-2, -1) / «(q.size(-1) ** 0.5)», dim=-1) @ v",
    ),
    Bug(
        "ATN201",
        "torch.softmax(«(q @ k.transpose(-2, -1) / q.size(-1) ** 0.5).masked_fill(mask == 0, 1e-9)», dim=-1) @ v",
        "torch.softmax(«(q @ k.transpose(-2, -1) / q.size(-1) ** 0.5).masked_fill(mask == 0, -1e9)», dim=-1) @ v",
    ),
    Bug(
        "ATN302",
        "«torch.softmax(q @ k.transpose(-2, -1) / q.size(-1) ** 0.5, dim=-2)» @ v",
        "«torch.softmax(q @ k.transpose(-2, -1) / q.size(-1) ** 0.5, dim=-1)» @ v",
    ),
]

AROUND = st.sampled_from(
    [
        "{}",
        "({})",
        "(({}))",
        "(\n{}\n)",
        "(  # what ( is this\n        {}  # 注意 🙂\n    )",
        "same({})",
        "same(  {}  ,)",
        "same({}, 1, *())",
        "same(x={})",
        "same(0 + ({}), axis=-1)",
        "(lambda s: s)({})",
        "[{}][0]",
        "({}, None)[0]",
        "{{'a': {}}}['a']",
        "(held := ({}))",
        "({} if mask is not None else q)",
        "(\\\n{})",
        "(\t{}\t)",
        "same(f'{{q}}' and {})",
        "same(*[{}])",
    ]
)
"""Expressions that are what is put into them."""

WITHIN = st.sampled_from(
    [
        "def attend(q, k, v, mask):\n    return {}\n",
        "def attend(q, k, v, mask):\n    found = {}\n    return found\n",
        "def attend(q, k, v, mask): return {}\n",
        "def attend(q, k, v, mask):\n    '''Words.'''; found = {}; return found  # so\n",
        "def attend(q, k, v, mask):\n\tif mask is not None: found = {}\n\telse: found = None\n\treturn found\n",
        "attend = lambda q, k, v, mask: {}\n",
        "attend = (lambda q, k, v, mask:\n    {})\n",
        "class A:\n    @staticmethod\n    def f(q, k, v, mask):\n        return ({}\n        )\nattend = A.f\n",
        "@keeping(lambda x: x)\ndef attend(q, k, v, mask):\n    with torch.no_grad():\n        return {}\n",
        "def attend(q, k, v, mask):\n    def inner():\n        return {}\n    return inner()\n",
        "def attend(q, k, v, mask):\n    return same({},\n        'a string with q @ k',  # and q @ k\n    )\n",
        "def attend(q, k, v, mask):\n    return {} \\\n        + 0\n",
    ]
)
"""Definitions of ``attend`` that return what is put into them."""


def rendered(text: str, inner: list[str], outer: list[str], within: str) -> str:
    before, _, rest = text.partition("«")
    part, _, after = rest.partition("»")
    for around in inner:
        part = around.format(part)
    whole = f"{before}{part}{after}"
    for around in outer:
        whole = around.format(whole)
    return HEAD + within.format(whole)


def computed(text: str) -> Tensor:
    torch.manual_seed(0)
    q, k, v = (torch.randn(5, 5, 6, dtype=torch.float64) for _ in range(3))
    names: dict[str, object] = {}
    exec(compile(text, "placed", "exec"), names)
    found = names["attend"](q, k, v, torch.ones(5, 5).tril())  # type: ignore[operator]
    assert isinstance(found, Tensor)
    return found


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(BUGS),
    st.lists(AROUND, max_size=2),
    st.lists(AROUND, max_size=2),
    WITHIN,
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_a_fix_computes_the_right_thing_wherever_it_stands(
    bug: Bug, inner: list[str], outer: list[str], within: str, end: str
) -> None:
    buggy, right = (rendered(text, inner, outer, within) for text in (bug.buggy, bug.right))
    result = fix_source(
        buggy.replace("\n", end).encode(), "placed.py", select(discover(), [bug.code]), lambda found: True
    )
    assert not result.refused
    event(f"{bug.code} {'fixed' if result.made else 'found' if result.found else 'not understood'}")
    fixed = result.data.decode().replace(end, "\n")
    ast.parse(fixed)
    if result.made:
        assert not result.left
        assert torch.allclose(computed(fixed), computed(right))
        assert not torch.allclose(computed(buggy), computed(right))
    else:
        assert fixed == buggy


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.code)
def test_the_bugs_are_fixed_without_surroundings(bug: Bug) -> None:
    plain = "def attend(q, k, v, mask):\n    return {}\n"
    buggy, right = (rendered(text, [], [], plain) for text in (bug.buggy, bug.right))
    fixed = fix_source(buggy.encode(), "placed.py", select(discover(), [bug.code]), lambda found: True)
    assert [found.code for found in fixed.made] == [bug.code]
    assert torch.allclose(computed(fixed.data.decode()), computed(right))
