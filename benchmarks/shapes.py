"""Synthetic modules that grow along one dimension each: ``SHAPES`` names them, and each makes the text of a size.

All hold attention, so that no step of the analysis is left out for want of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from textwrap import dedent, indent

HEAD = """\
import math

import torch
import torch.nn.functional as F
from torch import nn


"""
SITE = """\
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
    scores = scores.masked_fill(mask == 0, float("-inf"))
    return F.softmax(scores, dim=-1) @ v
"""
UNSCALED = """\
    scores = q @ k.transpose(-2, -1)
    scores.masked_fill(mask == 0, float("-inf"))
    return F.softmax(scores, dim=-1) @ v
"""
"""Two findings."""
PROJECTIONS = """\
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.head_dim = heads, dim // heads
        self.scale = self.head_dim ** -0.5
        self.q_proj = nn.Linear(dim, dim)
        self.k_proj = nn.Linear(dim, dim)
        self.v_proj = nn.Linear(dim, dim)
"""
FORWARD = """\
    def forward(self, x, mask):
        B, T, C = x.shape
        q = self.q_proj(x).view(B, T, self.heads, self.head_dim).transpose(1, 2)
        k = self.k_proj(x).view(B, T, self.heads, self.head_dim).transpose(1, 2)
        v = self.v_proj(x).view(B, T, self.heads, self.head_dim).transpose(1, 2)
        scores = (q @ k.transpose(-2, -1)) * self.scale
        scores = scores.masked_fill(mask == 0, float("-inf"))
        return (scores.softmax(-1) @ v).transpose(1, 2).reshape(B, T, C)
"""


@dataclass(frozen=True)
class Shape:
    """A module of any size."""

    make: Callable[[int], str]
    start: int = 25
    """The smallest size that says something."""
    most: int | None = None
    """The biggest size that Python parses, where there is one."""


def _each(size: int, make: Callable[[int], str]) -> str:
    return "".join(map(make, range(size)))


def _module(*parts: str | Iterable[str]) -> str:
    return HEAD + "\n\n".join(part if isinstance(part, str) else "".join(part) for part in parts)


def _function(body: str, name: str = "attend", parameters: str = "q, k, v, mask") -> str:
    return f"def {name}({parameters}):\n{body}"


def functions(size: int) -> str:
    """Functions that attend."""
    return _module(*(_function(SITE, f"attend_{i}") for i in range(size)))


def findings(size: int) -> str:
    """Functions with two findings each."""
    return _module(*(_function(UNSCALED, f"attend_{i}") for i in range(size)))


def others(size: int) -> str:
    """Functions that do something else, beside one that attends."""
    return _module(_function(SITE), *map("def read_{0}(x, y):\n    return x + y * {0}\n".format, range(size)))


def callers(size: int) -> str:
    """Functions that call the same helper."""
    body = "    return attend(x, x + {0}, x, mask)\n"
    return _module(_function(SITE), *(_function(body.format(i), f"use_{i}", "x, mask") for i in range(size)))


def redefinitions(size: int) -> str:
    """Functions of the same name."""
    caller = _function("    return attend(x, x, x, mask)\n", "use", "x, mask")
    return _module(*(_function(SITE) for _ in range(size)), caller)


def classes(size: int) -> str:
    """Classes that attend."""
    return _module(*(f"class Attention{i}(nn.Module):\n{PROJECTIONS}\n{FORWARD}" for i in range(size)))


def subclasses(size: int) -> str:
    """Classes that derive from the same one and override a part of it."""
    derived = """\
class Attention{0}(Attention):
    def __init__(self, dim, heads):
        super().__init__(dim, heads)
        self.factor = {0}

"""
    base = f"class Attention(nn.Module):\n{PROJECTIONS}\n{FORWARD}"
    return _module(base, *(derived.format(i) + FORWARD for i in range(size)))


def generations(size: int) -> str:
    """Classes that each derive from the one before, and attend."""
    derived = f"class Attention{{0}}(Attention{{1}}):\n{FORWARD}"
    base = f"class Attention0(nn.Module):\n{PROJECTIONS}\n{FORWARD}"
    return _module(base, *(derived.format(i, i - 1) for i in range(1, size)))


def blocks(size: int) -> str:
    """Pairs of classes as models have them: an attention, and a block that holds one and calls it."""
    pair = f"""\
class Attention{{0}}(nn.Module):
{PROJECTIONS}
{FORWARD}

class Block{{0}}(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.attn = Attention{{0}}(dim, 8)

    def forward(self, x, mask):
        return x + self.attn(x, mask)
"""
    return _module(*map(pair.format, range(size)))


def inner_classes(size: int) -> str:
    """Classes inside of one class."""
    inner = (f"class Attention{i}(nn.Module):\n{PROJECTIONS}\n{FORWARD}\n" for i in range(size))
    return _module(f"class Outer:\n{indent(''.join(inner), '    ')}")


def versions(size: int) -> str:
    """Classes of the same name."""
    return _module(*(f"class Attention(nn.Module):\n{PROJECTIONS}\n{FORWARD}" for _ in range(size)))


def methods(size: int) -> str:
    """Methods of one class that attend."""
    made = (FORWARD.replace("forward", f"attend_{i}") for i in range(size))
    return _module("class Attention(nn.Module):\n" + "\n".join([PROJECTIONS, *made]))


def attributes(size: int) -> str:
    """Attributes that a constructor sets and a method reads."""
    made = _each(size, lambda i: f"        self.part_{i} = nn.Linear(dim, dim)\n")
    read = _each(size, lambda i: f"        x = self.part_{i}(x)\n")
    head, rest = FORWARD.split("\n", 1)
    return _module(f"class Attention(nn.Module):\n{PROJECTIONS}{made}\n{head}\n{read}{rest}")


def statements(size: int) -> str:
    """Statements in one function, one after the other."""
    return _module(_function(_each(size, lambda i: f"    x_{i} = q * {i}\n    q = q + x_{i}\n") + SITE))


def rebinding(size: int) -> str:
    """In-place operations on one tensor."""
    return _module(_function(_each(size, lambda i: f"    q += {i}\n") + SITE))


def sites(size: int) -> str:
    """Attentions in one function, each on what the one before gave."""
    site = """\
    s_{0} = x @ x.transpose(-2, -1) / math.sqrt(x.size(-1))
    x = F.softmax(s_{0}.masked_fill(mask == 0, float("-inf")), dim=-1) @ x
"""
    return _module(_function(_each(size, site.format) + "    return x\n", parameters="x, mask"))


def apart(size: int) -> str:
    """Attentions in one function, each on its own."""
    site = """\
    s_{0} = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
    o_{0} = F.softmax(s_{0}.masked_fill(mask == 0, float("-inf")), dim=-1) @ v
"""
    return _module(_function(_each(size, site.format) + "    return o_0\n"))


def sequential_ifs(size: int) -> str:
    """Branches one after the other, each of which changes the scores."""
    test = "    if flag_{0}:\n        scores = scores + bias\n"
    head, rest = SITE.split("\n", 1)
    return _module(_function(f"    bias = mask * 2\n{head}\n{_each(size, test.format)}{rest}"))


def independent_ifs(size: int) -> str:
    """Branches one after the other, each of which makes something else."""
    test = "    if k.size({0}) > {0}:\n        x_{0} = q * {0}\n    else:\n        x_{0} = None\n"
    return _module(_function(_each(size, test.format) + SITE))


def returning_ifs(size: int) -> str:
    """Branches one after the other that each leave the function."""
    test = "    if mask is flag_{0}:\n        return v\n"
    return _module(_function(_each(size, test.format) + SITE))


def asserts(size: int) -> str:
    """Assertions one after the other."""
    return _module(_function(_each(size, lambda i: f"    assert q.size({i}) == k.size({i})\n") + SITE))


def nested_ifs(size: int) -> str:
    """Branches inside one another, with the attention inside of all."""
    tests = _each(size, lambda i: f"{' ' * (i + 1)}if flag_{i}:\n")
    return _module(_function(tests + indent(dedent(SITE), " " * (size + 1))))


def elifs(size: int) -> str:
    """Arms of one chain of branches."""
    arms = _each(size, lambda i: f"    {'el' if i else ''}if mode == {i}:\n        q = q * {i}\n")
    return _module(_function(arms + SITE, parameters="q, k, v, mask, mode"))


def cases(size: int) -> str:
    """Arms of one ``match``."""
    arms = _each(size, lambda i: f"        case {i}:\n            q = q * {i}\n")
    return _module(_function(f"    match mode:\n{arms}{SITE}", parameters="q, k, v, mask, mode"))


def loops(size: int) -> str:
    """Loops one after the other."""
    loop = "    for i_{0} in range({0}):\n        q = q + i_{0}\n"
    return _module(_function(_each(size, loop.format) + SITE))


def nested_loops(size: int) -> str:
    """Loops inside one another."""
    lines = _each(size, lambda i: f"{' ' * (i + 1)}for i_{i} in range({i}):\n")
    return _module(_function(f"{lines}{' ' * (size + 1)}q = q + 1\n{SITE}"))


def tries(size: int) -> str:
    """Statements that may fail, one after the other."""
    test = """\
    try:
        q = q.contiguous()
    except RuntimeError:
        q = q + {0}
"""
    return _module(_function(_each(size, test.format) + SITE))


def summands(size: int) -> str:
    """Operands of one sum."""
    return _module(_function(f"    q = q + {' + '.join('k' for _ in range(size))}\n{SITE}"))


def conjunction(size: int) -> str:
    """Operands of one ``and`` that a branch depends on."""
    terms = " and ".join(f"k.size({i}) > {i}" for i in range(size))
    return _module(_function(f"    if {terms}:\n        q = q * 2\n{SITE}"))


def method_chain(size: int) -> str:
    """Calls of methods in one expression."""
    return _module(_function(f"    q = q{'.contiguous()' * size}\n{SITE}"))


def brackets(size: int) -> str:
    """Calls inside one another."""
    return _module(_function(f"    q = {'F.relu(' * size}q{')' * size}\n{SITE}"))


def items(size: int) -> str:
    """Items of one list."""
    parts = ", ".join(f"q * {i}" for i in range(size))
    return _module(_function(f"    parts = [{parts}]\n    q = torch.stack(parts).sum(0)\n{SITE}"))


def table(size: int) -> str:
    """Lines of one literal at module level."""
    lines = _each(size, lambda i: f"    'key {i}': [{i}, {i}.5, ('a', 'b')],\n")
    return _module(f"TABLE = {{\n{lines}}}\n", _function(SITE))


def constants(size: int) -> str:
    """Names of the module that a function reads."""
    made = _each(size, lambda i: f"FACTOR_{i} = {i} * 2\n")
    return _module(made, _function(_each(size, lambda i: f"    q = q * FACTOR_{i}\n") + SITE))


def imports(size: int) -> str:
    """Imported names that a function calls."""
    made = _each(size, lambda i: f"from package import helper_{i}\n")
    used = _each(size, lambda i: f"    q = helper_{i}(q)\n")
    return made + _module(_function(used + SITE))


def calls_deep(size: int) -> str:
    """Functions that each call the next, the last of which attends."""
    link = "def step_{0}(q, k, v, mask):\n    return step_{1}(q, k, v, mask)\n\n\n"
    return _module(_each(size, lambda i: link.format(i, i + 1)) + _function(SITE, f"step_{size}"))


def calls_doubling(size: int) -> str:
    """Functions that each call the next twice: two to the power of the size, were all of them entered."""
    link = "def step_{0}(q, k, v, mask):\n    return step_{1}(q, k, v, mask) + step_{1}(k, q, v, mask)\n\n\n"
    return _module(_each(size, lambda i: link.format(i, i + 1)) + _function(SITE, f"step_{size}"))


def inner_functions(size: int) -> str:
    """Functions inside of one function, each of which is called."""
    inner = """\
    def part_{0}(x):
        return x * {0}

    q = part_{0}(q)
"""
    return _module(_function(_each(size, inner.format) + SITE))


def parameters(size: int) -> str:
    """Parameters of one function."""
    names = ", ".join(f"bias_{i}=None" for i in range(size))
    return _module(_function(SITE, parameters=f"q, k, v, mask, {names}"))


def masks(size: int) -> str:
    """Masks that are combined into one."""
    chain = _each(size, lambda i: f"    mask = mask & (positions > {i})\n")
    return _module(_function(f"    positions = torch.arange(q.size(-2))\n{chain}{SITE}"))


def fills(size: int) -> str:
    """Masks that are applied to the scores one after the other."""
    chain = _each(size, lambda i: f"    scores = scores.masked_fill(mask == {i}, float('-inf'))\n")
    head, rest = SITE.split("\n", 1)
    return _module(_function(f"{head}\n{chain}{rest}"))


def biases(size: int) -> str:
    """Causal masks that are added to the scores one after the other."""
    bias = "    scores = scores + torch.triu(torch.full((T, T), float('-inf')), diagonal=1)\n"
    head, rest = SITE.split("\n", 1)
    return _module(_function(f"    T = q.size(-2)\n{head}\n{bias * size}{rest}"))


def scales(size: int) -> str:
    """Factors of the scores."""
    head, rest = SITE.split("\n", 1)
    factors = _each(size, lambda i: f"    scores = scores * {i + 2}\n")
    return _module(_function(f"{head}\n{factors}{rest}"))


def views(size: int) -> str:
    """Changes of layout that undo one another."""
    chain = "    q = q.transpose(1, 2).reshape(B, T, H * D).view(B, T, H, D).transpose(1, 2)\n"
    return _module(_function(f"    B, H, T, D = q.shape\n{chain * size}{SITE}"))


def comments(size: int) -> str:
    """Comments that silence nothing."""
    noted = _each(size, lambda i: f"    q = q + {i}  # attnlint: ignore[ATN101] -- as trained\n")
    return _module(_function(noted + SITE))


def silenced(size: int) -> str:
    """Findings that comments silence."""
    line = "    q @ k.transpose(-2, -1).softmax(-1)  # attnlint: ignore -- as trained\n"
    return _module(_function(line * size + SITE))


def one_line(size: int) -> str:
    """Statements on one line."""
    return _module(_function("    " + "; ".join(f"x_{i} = q * {i}" for i in range(size)) + "\n" + SITE))


def prose(size: int) -> str:
    """Lines of one docstring."""
    text = (
        "    "
        + '"""'
        + _each(size, lambda i: f"Line {i}: the softmax( of scores is @ attend() forward().\n    ")
        + '"""\n'
    )
    return _module(_function(text + SITE))


SHAPES = {
    "functions": Shape(functions),
    "functions with findings": Shape(findings),
    "functions without attention": Shape(others),
    "functions that call a helper": Shape(callers),
    "functions of one name": Shape(redefinitions),
    "functions in a function": Shape(inner_functions),
    "parameters of a function": Shape(parameters),
    "call depth": Shape(calls_deep),
    "call depth, each twice": Shape(calls_doubling),
    "classes": Shape(classes),
    "classes and blocks": Shape(blocks),
    "classes of one base": Shape(subclasses),
    "classes of one name": Shape(versions),
    "classes in a class": Shape(inner_classes),
    "depth of inheritance": Shape(generations),
    "methods of a class": Shape(methods),
    "attributes of a class": Shape(attributes),
    "statements of a function": Shape(statements),
    "statements on a line": Shape(one_line),
    "in-place operations": Shape(rebinding),
    "attentions in a function": Shape(apart),
    "attentions one on another": Shape(sites),
    "ifs that change the scores": Shape(sequential_ifs),
    "ifs that do not matter": Shape(independent_ifs),
    "ifs that return": Shape(returning_ifs),
    "asserts": Shape(asserts),
    "nested ifs": Shape(nested_ifs, 6, 96),
    "elifs": Shape(elifs),
    "cases": Shape(cases),
    "loops": Shape(loops),
    "nested loops": Shape(nested_loops, 6, 96),
    "tries": Shape(tries),
    "operands of a sum": Shape(summands),
    "operands of an and": Shape(conjunction),
    "chain of methods": Shape(method_chain),
    "nested calls": Shape(brackets, 6, 96),
    "items of a list": Shape(items),
    "lines of a table": Shape(table),
    "lines of a docstring": Shape(prose),
    "names of the module": Shape(constants),
    "imported names": Shape(imports),
    "masks combined": Shape(masks),
    "masks applied": Shape(fills),
    "masks added": Shape(biases),
    "factors": Shape(scales),
    "changes of layout": Shape(views),
    "comments": Shape(comments),
    "silenced findings": Shape(silenced),
}
"""By what grows."""
