"""Rewritings of right attention code, by rules on syntax trees, for any seed.

A seed is written in plain spellings (``a @ b``, ``x.transpose(-2, -1)``, ``F.softmax(x, dim=-1)``, ``(a @ b) * scale``,
``x = x.masked_fill(drop, float("-inf"))``), which the rewritings know and turn into others that compute the same. What
the bugs need beside the text, the seed says in constants: ``HEAD`` and ``WIDTH`` are what its code calls head_dim and
the width of the model, ``RANK`` is that of its scores, ``BROADCASTS`` if key and query have other heads.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

HEADER = """\
import math

import einops
import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import nn
"""
DRAWN = "inputs"
"""The function of a seed that draws its arguments, which is never rewritten."""


@dataclass(frozen=True)
class Seed:
    """A module of right attention code."""

    name: str
    text: str

    @property
    def constants(self) -> Mapping[str, object]:
        """What it says of itself."""
        assigned = [node for node in ast.parse(self.text).body if isinstance(node, ast.Assign)]
        return {ast.unparse(node.targets[0]): ast.literal_eval(node.value) for node in assigned}


Change = Callable[[ast.expr, Seed], "str | None"]
"""Another spelling of an expression, whose parts are rewritten already; None where it is none of these."""
StatementChange = Callable[[ast.stmt, Seed], "str | None"]
Rewriting = Callable[[Seed], str]
"""The text in another spelling; the same text where there is nothing to rewrite."""


def source(seed: Seed) -> str:
    """The seed's text under the imports that rewritings use, printed from its tree."""
    return printed(ast.parse(seed.text))


def printed(tree: ast.Module) -> str:
    body = [node for node in tree.body if not isinstance(node, (ast.Import, ast.ImportFrom))]
    return HEADER + "\n" + ast.unparse(ast.Module(body, []))


class _Rewriter(ast.NodeTransformer):
    """Applies one change to every expression or statement inside of functions and methods."""

    def __init__(self, seed: Seed, expression: Change | None = None, statement: StatementChange | None = None) -> None:
        self._seed, self._expression, self._statement = seed, expression, statement

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        if node.name in (DRAWN, "__init__"):
            return node
        self.generic_visit(node)
        return node

    def visit(self, node: ast.AST) -> ast.AST | list[ast.stmt]:
        result: ast.AST = super().visit(node)
        if isinstance(result, ast.expr) and self._expression is not None:
            changed = self._expression(result, self._seed)
            return result if changed is None else ast.parse(changed, mode="eval").body
        if isinstance(result, ast.stmt) and self._statement is not None:
            changed = self._statement(result, self._seed)
            return result if changed is None else ast.parse(changed).body
        return result


def rewritten(seed: Seed, how: ast.NodeTransformer) -> str:
    tree = ast.parse(seed.text)
    how.visit(tree)
    return printed(ast.fix_missing_locations(tree))


def expressions(change: Change) -> Rewriting:
    """A rewriting of all expressions that ``change`` knows."""
    return lambda seed: rewritten(seed, _Rewriter(seed, expression=change))


def statements(change: StatementChange) -> Rewriting:
    """A rewriting of all statements that ``change`` knows."""
    return lambda seed: rewritten(seed, _Rewriter(seed, statement=change))


# What is recognised


def parts_of(node: ast.AST, pattern: str) -> list[str] | None:
    """The texts of what stands at ``_`` in a pattern of the same shape, in order; None for another shape."""
    found: list[str] = []
    wanted = ast.parse(pattern, mode="eval").body
    return found if _fits(node, wanted, found) else None


def _fits(node: object, wanted: object, found: list[str]) -> bool:
    if isinstance(wanted, ast.Name) and wanted.id == "_":
        found.append(f"({ast.unparse(node)})" if isinstance(node, ast.expr) else "")
        return isinstance(node, ast.expr)
    if isinstance(wanted, ast.AST):
        same = type(node) is type(wanted)
        fields = [name for name in wanted._fields if name not in ("ctx", "kind")]
        return same and all(_fits(getattr(node, name), getattr(wanted, name), found) for name in fields)
    if isinstance(wanted, list):
        same = isinstance(node, list) and len(node) == len(wanted)
        return same and all(_fits(one, other, found) for one, other in zip(node, wanted, strict=True))  # type: ignore[call-overload]
    return node == wanted


def replaced(pattern: str, spelling: str) -> Change:
    """A change of every expression of the pattern's shape; ``{0}``, ``{1}`` … are what stood at ``_``."""

    def change(node: ast.expr, seed: Seed) -> str | None:
        parts = parts_of(node, pattern)
        return None if parts is None else spelling.format(*parts)

    return change


PRODUCT, TRANSPOSE, SOFTMAX = "_ @ _", "_.transpose(-2, -1)", "F.softmax(_, dim=-1)"
SCORES, SCALED = "_ @ _.transpose(-2, -1)", "_ @ _.transpose(-2, -1) * _"
SCALED_EINSUM = "torch.einsum('bihd,bjhd->bhij', _, _) * _"
EINSUM_OF_SCALED = "torch.einsum('bihd,bjhd->bhij', {0} * {2}, {1})"
FILLED = "_.masked_fill(_, float('-inf'))"
FUSED = "F.scaled_dot_product_attention(_, _, _, dropout_p=_)"
FUSED_CAUSAL = "F.scaled_dot_product_attention(_, _, _, dropout_p=_, is_causal=True)"


def of_scores(spelling: str, of_einsum: str | None = None) -> Change:
    """A change of scaled products; ``{0}``, ``{1}`` and ``{2}`` are the query, the key and the factor."""

    def change(node: ast.expr, seed: Seed) -> str | None:
        parts = parts_of(node, SCALED)
        if parts is not None:
            return spelling.format(*parts)
        parts = parts_of(node, SCALED_EINSUM)
        product = spelling.replace("({0} @ {1}.transpose(-2, -1))", "torch.einsum('bihd,bjhd->bhij', {0}, {1})")
        if parts is not None and (of_einsum or product != spelling):
            return (of_einsum or product).format(*parts)
        return None

    return change


def filled(spelling: str) -> Change:
    """A change of masked scores; ``{0}`` and ``{1}`` are the scores and what is dropped."""
    return replaced(FILLED, spelling)


def by_rank(pattern: str, spellings: Mapping[int, str]) -> Rewriting:
    """A rewriting for scores of some rank only; not where heads are broadcast."""

    def rewriting(seed: Seed) -> str:
        rank = seed.constants.get("RANK")
        if rank not in spellings or seed.constants.get("BROADCASTS"):
            return source(seed)
        assert isinstance(rank, int)
        return expressions(replaced(pattern, spellings[rank]))(seed)

    return rewriting
