"""Rows of contractions: matmul, bmm, baddbmm, einsum."""

from __future__ import annotations

from attnlint.graph import equations
from attnlint.graph.ops.table import row
from attnlint.graph.signatures import Arguments, spread
from attnlint.graph.values import Add, Constant, Multiply, Permute, Product, Unknown, Value, strip

row("matmul bmm mm torch.linalg.matmul", "input other|mat2|tensor2", lambda a: Product(a.input, a.other))

row("outer ger", "input vec2|other", lambda a: Product(a.input, a.vec2, (("i",), ("j",), ("i", "j"))))


def _baddbmm(a: Arguments) -> Value:
    product: Value = Product(a.batch1, a.batch2)
    if not (isinstance(a.alpha, Constant) and a.alpha.value == 1):
        product = Multiply(product, a.alpha)
    if isinstance(a.beta, Constant) and a.beta.value == 0:
        return product
    base = a.input if isinstance(a.beta, Constant) and a.beta.value == 1 else Multiply(a.input, a.beta)
    return Add(base, product)


row("baddbmm", "input batch1 batch2 beta=1 alpha=1", _baddbmm)


def _einsum(equation: Value, operands: tuple[Value, ...], einops: bool) -> Value:
    text = strip(equation)
    operands = spread(operands)
    if isinstance(text, Constant) and isinstance(text.value, str):
        parsed = equations.parse_einsum(text.value, einops)
        if parsed is not None and len(operands) == 2 and len(parsed[0]) == 2:
            return Product(operands[0], operands[1], (parsed[0][0], parsed[0][1], parsed[1]))
        if parsed is not None and len(operands) == 1 and len(parsed[0]) == 1:
            source = parsed[0][0]
            if sorted(source) == sorted(parsed[1]) and "..." not in source:
                return Permute(operands[0], tuple(Constant(source.index(letter)) for letter in parsed[1]))
    return Unknown((equation, *operands))


row("torch.einsum torch.functional.einsum", "equation *operands", lambda a: _einsum(a.equation, a.rest, False))


def _einops_einsum(a: Arguments) -> Value:
    return _einsum(a.rest[-1], a.rest[:-1], True) if a.rest else Unknown()


row("einops.einsum", "*tensors", _einops_einsum)
row("opt_einsum.contract", "equation *operands", lambda a: _einsum(a.equation, a.rest, False))
