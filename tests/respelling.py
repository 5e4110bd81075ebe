"""Other spellings of right attention code."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping, Sequence
from itertools import count

from seeds import (
    DRAWN,
    EINSUM_OF_SCALED,
    FILLED,
    FUSED_CAUSAL,
    PRODUCT,
    SCALED,
    SCALED_EINSUM,
    SCORES,
    SOFTMAX,
    TRANSPOSE,
    Rewriting,
    Seed,
    StatementChange,
    by_rank,
    expressions,
    filled,
    of_scores,
    parts_of,
    printed,
    replaced,
    rewritten,
    source,
    statements,
)

# Statements


def in_place(node: ast.stmt, seed: Seed) -> str | None:
    """``scores = a @ b * s`` in two statements, the second in place."""
    scaled = _scaled(node)
    return None if scaled is None else "{0} = {1}\n{0} *= {2}".format(*scaled)


def _scaled(node: ast.stmt) -> tuple[str, str, str] | None:
    """The name, the product and the factor of ``scores = a @ b * s``."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.BinOp):
        return None
    if not (parts_of(node.value, SCALED) or parts_of(node.value, SCALED_EINSUM)):
        return None
    return ast.unparse(node.targets[0]), ast.unparse(node.value.left), ast.unparse(node.value.right)


def factor_in_a_local(node: ast.stmt, seed: Seed) -> str | None:
    """The factor named before it is used."""
    scaled = _scaled(node)
    return None if scaled is None else "factor = {2}\n{0} = {1} * factor".format(*scaled)


def mask_statement(spelling: str) -> StatementChange:
    def change(node: ast.stmt, seed: Seed) -> str | None:
        parts = parts_of(node.value, FILLED) if isinstance(node, ast.Assign) else None
        if parts is None or parts[0] != f"({ast.unparse(node.targets[0])})":  # type: ignore[attr-defined]
            return None
        return spelling.format(*parts, parts[0][1:-1])

    return change


def arms_swapped(node: ast.stmt, seed: Seed) -> str | None:
    """``if not c: b else: a``."""
    if not isinstance(node, ast.If):
        return None
    swapped = ast.If(ast.UnaryOp(ast.Not(), node.test), node.orelse or [ast.Pass()], node.body)
    return ast.unparse(ast.fix_missing_locations(swapped))


def annotated(node: ast.stmt, seed: Seed) -> str | None:
    """``x: torch.Tensor = …``."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return None
    return f"{node.targets[0].id}: torch.Tensor = {ast.unparse(node.value)}"


# Whole functions


class _Flattened(ast.NodeTransformer):
    """Every call and every operator gets a statement and a name of its own."""

    def __init__(self) -> None:
        self._fresh = count()
        self._before: list[ast.stmt] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        if node.name not in (DRAWN, "__init__"):
            node.body = self._block(node.body)
        return node

    def _block(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        return [flat for statement in body for flat in self._statement(statement)]

    def _statement(self, node: ast.stmt) -> Iterator[ast.stmt]:
        if isinstance(node, ast.If):
            node.body, node.orelse = self._block(node.body), self._block(node.orelse)
        elif isinstance(node, (ast.Assign, ast.Return)) and node.value is not None:
            whole = node.value
            self._children(whole)
            yield from self._before
            self._before = []
        yield node

    def _children(self, node: ast.expr) -> None:
        if isinstance(node, (ast.IfExp, ast.GeneratorExp, ast.Lambda, ast.BoolOp)):
            return
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                setattr(node, name, [self._named(one) for one in value])
            else:
                setattr(node, name, self._named(value))

    def _named(self, node: object) -> object:
        if isinstance(node, ast.keyword):
            node.value = self._operand(node.value)
            return node
        return self._operand(node) if isinstance(node, ast.expr) else node

    def _operand(self, node: ast.expr) -> ast.expr:
        self._children(node)
        if not isinstance(node, (ast.Call, ast.BinOp, ast.UnaryOp)) or isinstance(node, ast.UnaryOp):
            return node
        name = f"t{next(self._fresh)}"
        self._before.append(ast.Assign([ast.Name(name, ast.Store())], node))
        return ast.Name(name, ast.Load())


def flattened(seed: Seed) -> str:
    """One operation a statement."""
    return rewritten(seed, _Flattened())


def _helped(seed: Seed, method: bool) -> str:
    """Right sides that compute with tensors become helpers, called with the names that they read."""
    tree = ast.parse(seed.text)
    known = {alias.asname or alias.name for alias in _imported(tree)} | set(dir(builtins))
    known |= {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    owners: list[ast.Module | ast.ClassDef] = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    fresh = count()
    for owner in owners:
        helpers: list[ast.stmt] = []
        for function in [node for node in owner.body if isinstance(node, ast.FunctionDef)]:
            if function.name in (DRAWN, "__init__"):
                continue
            for statement in [node for node in ast.walk(function) if isinstance(node, ast.Assign)]:
                helper = _helper(statement, known, f"helper_{next(fresh)}", owner is not tree and method)
                helpers.extend([] if helper is None else [helper])
        place = owner.body if owner is not tree and method else tree.body
        place[0:0] = helpers
    return printed(ast.fix_missing_locations(tree))


def _imported(tree: ast.Module) -> Iterator[ast.alias]:
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from node.names


def _helper(statement: ast.Assign, known: set[str], name: str, method: bool) -> ast.stmt | None:
    """A function that computes the right side; the statement calls it instead."""
    text = ast.unparse(statement.value)
    if not any(word in text for word in (" @ ", "masked_fill", "softmax", "einsum")):
        return None
    names = [node.id for node in ast.walk(statement.value) if isinstance(node, ast.Name)]
    read = [one for one in dict.fromkeys(names) if one not in known and one != "self"]
    if not method and "self" in names:
        return None
    bound = ["self", *read] if method else read
    caller = f"self.{name}" if method else name
    statement.value = ast.parse(f"{caller}({', '.join(read)})", mode="eval").body
    return ast.parse(f"def {name}({', '.join(bound)}):\n    return {text}").body[0]


def helper_functions(seed: Seed) -> str:
    """Products, masks and softmaxes in functions of the module."""
    return _helped(seed, method=False)


def helper_methods(seed: Seed) -> str:
    """Products, masks and softmaxes in methods of the class."""
    return _helped(seed, method=True)


def attributes_in_locals(seed: Seed) -> str:
    """``self.scale`` and other attributes that are not called read once, at the top of ``forward``."""
    tree = ast.parse(seed.text)
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "forward"]:
        called = {id(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
        text = [
            node
            for node in ast.walk(function)
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self" and id(node) not in called
        ]
        names = dict.fromkeys(node.attr for node in text if node.attr != "training")
        _AttributesRead(set(names)).visit(function)
        function.body[:0] = [ast.parse(f"own_{name} = self.{name}").body[0] for name in names]
    return printed(ast.fix_missing_locations(tree))


class _AttributesRead(ast.NodeTransformer):
    def __init__(self, names: set[str]) -> None:
        self._names = names

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id == "self" and node.attr in self._names:
            return ast.Name(f"own_{node.attr}", ast.Load())
        self.generic_visit(node)
        return node


def softmax_modules(seed: Seed) -> str:
    """``self.normalise = nn.Softmax(dim=-1)`` in the constructor."""
    text = expressions(replaced(SOFTMAX, "self.normalise({0})"))(seed)
    if "super().__init__()" not in text:
        return source(seed)
    made = "super().__init__()\n        self.normalise = nn.Softmax(dim=-1)"
    return text.replace("super().__init__()", made)


SPELLINGS: Mapping[str, Rewriting] = {
    "as it is": source,
    # products
    "matmul": expressions(replaced(PRODUCT, "torch.matmul({0}, {1})")),
    "matmul by keywords": expressions(replaced(PRODUCT, "torch.matmul(input={0}, other={1})")),
    "matmul method": expressions(replaced(PRODUCT, "{0}.matmul({1})")),
    "einsum for @": expressions(replaced(PRODUCT, "torch.einsum('...ij,...jk->...ik', {0}, {1})")),
    "einsum of rows": expressions(replaced(SCORES, "torch.einsum('...id,...jd->...ij', {0}, {1})")),
    "einops.einsum of rows": expressions(replaced(SCORES, "einops.einsum({0}, {1}, '... i d, ... j d -> ... i j')")),
    "bmm": by_rank(
        PRODUCT,
        {3: "torch.bmm({0}, {1})", 4: "torch.bmm({0}.flatten(0, 1), {1}.flatten(0, 1)).unflatten(0, {0}.shape[:2])"},
    ),
    "bmm method on views": by_rank(
        PRODUCT,
        {
            3: "{0}.bmm({1})",
            4: "{0}.reshape(-1, *{0}.shape[-2:]).bmm({1}.reshape(-1, *{1}.shape[-2:]))"
            ".view(*{0}.shape[:-1], {1}.shape[-1])",
        },
    ),
    "keys by queries": expressions(replaced(SCORES, "({1} @ {0}.transpose(-2, -1)).transpose(-2, -1)")),
    "einsum in letters of others": expressions(
        replaced("torch.einsum('bihd,bjhd->bhij', _, _)", "torch.einsum('n q h e, n k h e -> n h q k', [{0}, {1}])")
    ),
    # transposes
    "mT": expressions(replaced(TRANSPOSE, "{0}.mT")),
    "swapaxes": expressions(replaced(TRANSPOSE, "{0}.swapaxes(-1, -2)")),
    "swapdims": expressions(replaced(TRANSPOSE, "torch.swapdims({0}, -2, -1)")),
    "torch.transpose": expressions(replaced(TRANSPOSE, "torch.transpose({0}, -1, -2)")),
    "transpose by keywords": expressions(replaced(TRANSPOSE, "{0}.transpose(dim0=-2, dim1=-1)")),
    "movedim": expressions(replaced(TRANSPOSE, "{0}.movedim(-1, -2)")),
    "permute": by_rank(TRANSPOSE, {3: "{0}.permute(0, 2, 1)", 4: "torch.permute({0}, (0, 1, 3, 2))"}),
    "positive axes": by_rank(TRANSPOSE, {3: "{0}.transpose(1, 2)", 4: "{0}.transpose(2, 3)"}),
    "rearrange": expressions(replaced(TRANSPOSE, "rearrange({0}, '... i j -> ... j i')")),
    "contiguous": expressions(replaced(TRANSPOSE, "{0}.transpose(-2, -1).contiguous()")),
    # the scale
    "scaled query": expressions(of_scores("(({0} * {2}) @ {1}.transpose(-2, -1))", EINSUM_OF_SCALED)),
    "scaled key": expressions(
        of_scores("({0} @ ({1} * {2}).transpose(-2, -1))", "torch.einsum('bihd,bjhd->bhij', {0}, {1} * {2})")
    ),
    "scaled transposed key": expressions(of_scores("({0} @ ({1}.transpose(-2, -1) * {2}))", EINSUM_OF_SCALED)),
    "the root on each": expressions(
        of_scores(
            "(({0} * {2} ** 0.5) @ ({1} * {2} ** 0.5).transpose(-2, -1))",
            "torch.einsum('bihd,bjhd->bhij', {0} * {2} ** 0.5, {1} * {2} ** 0.5)",
        )
    ),
    "divided": expressions(of_scores("({0} @ {1}.transpose(-2, -1)) / (1 / {2})")),
    "divided by its power": expressions(of_scores("({0} @ {1}.transpose(-2, -1)) / {2} ** -1")),
    "torch.div": expressions(of_scores("torch.div(({0} @ {1}.transpose(-2, -1)), 1.0 / {2})")),
    "factor first": expressions(of_scores("{2} * ({0} @ {1}.transpose(-2, -1))")),
    "torch.mul": expressions(of_scores("torch.mul(({0} @ {1}.transpose(-2, -1)), {2})")),
    "mul method": expressions(of_scores("({0} @ {1}.transpose(-2, -1)).mul({2})")),
    "factor as a tensor": expressions(of_scores("({0} @ {1}.transpose(-2, -1)) * torch.tensor({2})")),
    "scaled in place": statements(in_place),
    "factor in a local": statements(factor_in_a_local),
    # the mask
    "masked_fill function": expressions(filled("torch.masked_fill({0}, {1}, float('-inf'))")),
    "masked_fill by keywords": expressions(filled("{0}.masked_fill(mask={1}, value=-math.inf)")),
    "torch.inf": expressions(filled("{0}.masked_fill({1}, -torch.inf)")),
    "finfo": expressions(filled("{0}.masked_fill({1}, torch.finfo({0}.dtype).min)")),
    "very negative": expressions(filled("{0}.masked_fill({1}, -1e9)")),
    "where": expressions(filled("torch.where({1}, float('-inf'), {0})")),
    "where of what is kept": expressions(filled("torch.where(~({1}), {0}, float('-inf'))")),
    "where method": expressions(filled("{0}.where(~({1}), float('-inf'))")),
    "added": expressions(filled("{0} + torch.zeros_like({0}).masked_fill({1}, float('-inf'))")),
    "masked in place": statements(mask_statement("{2}.masked_fill_({1}, float('-inf'))")),
    "masked by item": statements(mask_statement("{2}[{1}.expand_as({2})] = float('-inf')")),
    "mask in a local": statements(mask_statement("hidden = {1}\n{2} = {2}.masked_fill(hidden, float('-inf'))")),
    # softmax
    "softmax method": expressions(replaced(SOFTMAX, "{0}.softmax(dim=-1)")),
    "torch.softmax": expressions(replaced(SOFTMAX, "torch.softmax({0}, -1)")),
    "softmax by keywords": expressions(replaced(SOFTMAX, "F.softmax(input={0}, dim=-1)")),
    "Softmax on the spot": expressions(replaced(SOFTMAX, "nn.Softmax(dim=-1)({0})")),
    "Softmax as a module": softmax_modules,
    "softmax by its full path": expressions(replaced(SOFTMAX, "torch.nn.functional.softmax({0}, dim=-1)")),
    "softmax in float32": expressions(replaced(SOFTMAX, "F.softmax({0}, dim=-1, dtype=torch.float32)")),
    "log-softmax": expressions(replaced(SOFTMAX, "F.log_softmax({0}, dim=-1).exp()")),
    "less the maximum": expressions(replaced(SOFTMAX, "F.softmax({0} - {0}.amax(dim=-1, keepdim=True), dim=-1)")),
    "positive softmax axis": by_rank(SOFTMAX, {3: "F.softmax({0}, dim=2)", 4: "F.softmax({0}, dim=3)"}),
    # fused calls
    "fused, by position": expressions(
        replaced(FUSED_CAUSAL, "F.scaled_dot_product_attention({0}, {1}, {2}, None, {3}, True)")
    ),
    "fused, by keywords": expressions(
        replaced(
            FUSED_CAUSAL,
            "F.scaled_dot_product_attention(query={0}, key={1}, value={2}, dropout_p={3}, is_causal=True)",
        )
    ),
    "fused, in keywords of a dictionary": expressions(
        replaced(
            FUSED_CAUSAL,
            "F.scaled_dot_product_attention({0}, {1}, {2}, **{{'dropout_p': {3}, 'is_causal': True}})",
        )
    ),
    # statements and functions
    "one operation a line": flattened,
    "helper functions": helper_functions,
    "helper methods": helper_methods,
    "attributes in locals": attributes_in_locals,
    "arms swapped": statements(arms_swapped),
    "annotated": statements(annotated),
}
