"""Whether a fused call computes exactly what is written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from attnlint.attention.conventions import bool_convention
from attnlint.attention.masking import is_computed, rows_are_queries
from attnlint.attention.output import meetings
from attnlint.attention.site import AttentionPath, Factor, MaskUse
from attnlint.graph.facts import Facts
from attnlint.graph.scalars import Monomial
from attnlint.graph.shapes import integer
from attnlint.graph.values import (
    Add,
    Attribute,
    Cast,
    Constant,
    Dispatched,
    Divide,
    Dropout,
    Extent,
    Flash,
    FloorDivide,
    Items,
    Mapping,
    MaskedFill,
    Multiply,
    Negate,
    Parameter,
    Phi,
    Power,
    Product,
    Pure,
    Rank,
    Sdpa,
    Shape,
    Softmax,
    Subtract,
    Transpose,
    Value,
    Where,
    strip,
)

_FUSED = ("scaled_dot_product_attention", "flash_attn", "memory_efficient_attention", "flex_attention")
_BETWEEN = (Cast, Multiply, Divide, Add, MaskedFill, Where)
"""What stands between product and softmax in attention that a fused call knows."""
_ARITHMETIC = (Add, Divide, FloorDivide, Multiply, Negate, Power, Subtract)
_MEASURES = (Extent, Shape, Rank)
"""What asks for the shape of a tensor."""
_DEPTH = 6


@dataclass(frozen=True)
class Fusable:
    """What a fused call would be given."""

    query: Value
    key: Value
    value: Value
    output: Product
    factors: tuple[Factor, ...]
    masks: tuple[MaskUse, ...]
    dropout: Dropout | None
    scaled_by_default: bool
    """Whether the factors are head_dim^-1/2, which a fused call applies by itself."""


def has_fused(path: AttentionPath) -> bool:
    """Whether the same class, or function, calls fused attention as well: what is written by hand is for where that
    cannot be."""
    if any(next(path.graph.all(kind), None) is not None for kind in (Sdpa, Flash, Dispatched)):
        return True
    receiver = path.graph.receiver
    return _names_fused((receiver.outline if receiver is not None else path.graph.definition).text)


@lru_cache(64)
def _names_fused(text: str) -> bool:
    """Whether a text, which is asked about for each site in it, names fused attention."""
    return any(name in text for name in _FUSED)


def fusable(path: AttentionPath) -> Fusable | None:
    """What a fused call would be given, if it certainly computes the same; None where that is not known."""
    softmax, product = path.anchor, path.product
    if not isinstance(softmax, Softmax) or product is None or path.score_dropouts or not path.graph.is_whole:
        return None
    if not all(isinstance(step, _BETWEEN) for step in path.steps if step is not product):
        return None
    key = _key(product, path.facts)
    if key is None or path.value is None or not _fits_kernels((product.left, key, path.value), path.facts):
        return None
    if not rows_are_queries(path) or not all(_is_number(factor, path) for factor in path.factors):
        return None
    if not all(_is_taken(use, path) for use in path.masks) or _is_scaled_after_a_mask(path):
        return None
    found = meetings(path)
    if len(found) != 1 or not found[0].is_left or not _gives_rows(found[0].product):
        return None
    steps = found[0].steps
    dropouts = [step for step in steps if isinstance(step, Dropout)]
    if len(dropouts) > 1 or not all(isinstance(step, (Cast, Dropout)) for step in steps):
        return None
    if _is_read_elsewhere([*path.steps, softmax, *steps], found[0].product, path):
        return None
    return Fusable(
        product.left, key, found[0].value, found[0].product, tuple(path.factors), tuple(path.masks),
        dropouts[0] if dropouts else None, _is_default(path),
    )  # fmt: skip


def _key(product: Product, facts: Facts) -> Value | None:
    """The key as (…, tokens, head_dim), where the product sees it transposed."""
    if product.equation is not None:
        left, right, result = product.equation
        if len(left) < 2 or len(right) < 2 or left[-1] != right[-1] or left[-1] in result:
            return None
        rows = (*left[:-2], left[-2], right[-2])
        return product.right if left[:-2] == right[:-2] and result == rows and left[-2] != right[-2] else None
    right_ = facts.resolve(product.right)
    if not isinstance(right_, Transpose) or not _is_of_matrices(right_, facts):
        return None
    return right_.x


def _fits_kernels(tensors: tuple[Value, Value, Value], facts: Facts) -> bool:
    """Whether the call would take the tensors as they are, and its kernels as well: of one dtype, and of four axes
    that are the same but for the tokens."""
    if len({facts.dtype(tensor) for tensor in tensors}) > 1:
        return False
    shapes = [facts.shape(tensor) for tensor in tensors]
    if shapes[0] is None or shapes[0].rank != 4:
        return False
    for shape in shapes[1:]:
        if shape is None or shape.rank is None:
            continue
        pairs = [(shapes[0].axes[i], shape.axes[i]) for i in (0, 1, 3) if shape.rank == 4]
        if shape.rank != 4 or any(_differ(a, b) for a, b in pairs):
            return False
    return True


def _differ(one: Monomial | None, other: Monomial | None) -> bool:
    """Whether two extents are certainly different, or one of them alone is 1 and is broadcast."""
    if one is None or other is None or one.equals(other):
        return False
    ratio = one / other
    return one.is_one or other.is_one or (ratio is not None and ratio.is_number)


def _is_of_matrices(value: Transpose, facts: Facts) -> bool:
    """Whether the last two axes change places."""
    shape = facts.shape(value.x)
    rank = shape.rank if shape is not None else None
    first, second = (integer(axis, facts) for axis in (value.first, value.second))
    if first is None or second is None or (rank is None and max(first, second) >= 0):
        return False
    return {axis - (rank or 0) if axis >= 0 else axis for axis in (first, second)} == {-1, -2}


def _gives_rows(output: Product) -> bool:
    """Whether the output is (…, queries, features) of values (…, keys, features)."""
    if output.equation is None:
        return True
    left, right, result = output.equation
    ends = left[:-2] == right[:-2] == result[:-2] and len(left) >= 2
    return ends and left[-1] == right[-2] and result[-2:] == (left[-2], right[-1]) and left[-2] != right[-1]


def _is_number(factor: Factor, path: AttentionPath) -> bool:
    """Whether a factor is certainly a number, which ``scale=`` takes, and no tensor."""
    return factor.monomial is not None and factor.operand is not None and _is_certain(factor.operand, path.facts)


def _is_certain(operand: Value, facts: Facts) -> bool:
    """Whether a scalar is computed from numbers and extents. What a caller hands in may be a tensor."""
    return bool(facts.once("is certain", operand, _is_computed))


def _is_computed(value: Value, facts: Facts) -> bool:
    match value:
        case Constant(value=known):
            return isinstance(known, (int, float))
        case Extent() | Pure():
            return True
        case Parameter(annotation=annotation, of_constructor=of_constructor):
            return of_constructor or annotation in ("int", "float")
        case Attribute(base=base, value=None):
            base = facts.resolve(base)
            return isinstance(base, Parameter) and base.of_constructor
    return isinstance(value, _ARITHMETIC) and all(_is_certain(part, facts) for part in value.operands())


def _is_default(path: AttentionPath) -> bool:
    head_dim = path.head_dim
    if head_dim is None or not path.factors:
        return False
    total, default = Monomial.number(1), head_dim.to(Fraction(-1, 2))
    for factor in path.factors:
        if factor.monomial is None:
            return False
        total = total * factor.monomial
    return default is not None and total.equals(default)


def _is_taken(use: MaskUse, path: AttentionPath) -> bool:
    """Whether ``attn_mask`` takes a mask: one of bools that hides, or one of floats that is added. Masks of three axes
    are taken, but not by the kernels."""
    shape = path.facts.shape(use.mask) if use.mask is not None else None
    if shape is not None and shape.rank not in (None, 2, 4):
        return False
    if use.how == "fill":
        return bool_convention(use, path.facts) is not None
    if use.how != "add" or use.mask is None or not isinstance(use.at, Add):
        return False
    fact = path.facts.mask(use.mask)
    return (fact is not None and fact.representation == "additive") or is_computed(use.mask, path)


def _is_scaled_after_a_mask(path: AttentionPath) -> bool:
    """Whether what was added is multiplied as well."""
    added = [path.steps.index(use.at) for use in path.masks if use.how == "add"]
    scaled = [path.steps.index(factor.at) for factor in path.factors]
    return any(factor < mask for factor in scaled for mask in added)


def _is_read_elsewhere(chain: list[Value], output: Product, path: AttentionPath) -> bool:
    """Whether scores or weights are used for anything but the output."""
    own = {id(value) for value in (*chain, output)}
    users = path.graph.users
    waiting = [user for value in chain for user in users.get(id(value), ())]
    seen: set[int] = set()
    while waiting:
        user = waiting.pop()
        if id(user) in own or id(user) in seen or isinstance(user, _MEASURES):
            continue
        seen.add(id(user))
        if user.origin is not None and not path.facts.world.holds(user.origin.guard):
            continue
        if isinstance(user, Attribute) and user.value is None and user.member in ("dtype", "device", "shape"):
            continue
        if not isinstance(user, (Attribute, Phi)):
            return True
        waiting.extend(users.get(id(user), ()))
    held = {id(value) for value in _held(path)}
    return any(id(value) in held for value in chain)


def _held(path: AttentionPath) -> Iterator[Value]:
    """What is returned, or held by an object afterwards, containers taken apart."""
    waiting = [(value, _DEPTH) for value in (*path.graph.outcome, *path.graph.kept)]
    while waiting:
        value, depth = waiting.pop()
        inner = strip(value)
        yield inner
        if depth and isinstance(inner, (Items, Mapping)):
            waiting.extend((item, depth - 1) for item in inner.items)
        elif depth and isinstance(inner, Phi):
            waiting.extend((arm, depth - 1) for arm in (inner.then, inner.otherwise))
