"""Scales as monomials: every spelling compares equal, and what is stated is what Python computes."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from textwrap import indent

import pytest
from graph_support import Seen, body, evaluated, read, see
from hypothesis import assume, example, given
from hypothesis import strategies as st

from attnlint.graph.scalars import Monomial, Symbol
from attnlint.graph.values import Parameter

SCALES = """
d ** -0.5                                     d ** -.5                     d ** (-1 / 2)            1 / d ** 0.5
1 / math.sqrt(d)                              1.0 / (math.sqrt(d))         math.sqrt(1 / d)         math.sqrt(d) ** -1
(1.0 / d) ** 0.5                              (d ** 0.5) ** -1             d ** 0.5 / d             d / d ** 1.5
d ** -0.25 * d ** -0.25                       (d ** -0.25) ** 2            d ** (-1 / 4) / d ** 0.25
1 / np.sqrt(d)                                np.power(d, -0.5)            math.pow(d, -0.5)        pow(d, -0.5)
1 / torch.sqrt(torch.tensor(d))               torch.tensor(d).rsqrt()      torch.tensor(d).sqrt().reciprocal()
torch.rsqrt(torch.tensor(d))                  torch.as_tensor(d) ** -0.5   torch.tensor(float(d)).pow(-0.5)
1 / torch.sqrt(torch.FloatTensor([d]))        1 / torch.tensor([d]).sqrt()  torch.full((), d) ** -0.5
torch.tensor(d, dtype=torch.float32) ** -0.5  torch.tensor(d).to(torch.float32) ** -0.5
float(d) ** -0.5                              int(d) ** -0.5               1 / math.sqrt(float(d))  +(d ** -0.5)
(lambda n: n ** -0.5)(d)            [d ** -0.5, 1][0]  (d ** -0.5, 1)[0]  {"a": d ** -0.5}["a"]
(d * 4) ** -0.5 * 2                           2 / math.sqrt(4 * d)         -(-d ** -0.5)            (d + d - d) ** -0.5
d ** -0.5 if True else d                      (s := d ** -0.5)             d ** -0.5 + 0            d ** -0.5 - 0.0
functools.partial(np.power, d)(-0.5)          torch.div(1, torch.tensor(d).sqrt())
torch.mul(torch.tensor(d).rsqrt(), 1.0)       np.sqrt(1.0 / d)             np.float32(d) ** -0.5    math.sqrt(d) / d
"""
SPELLINGS = re.split(r" {2,}|\n", SCALES.strip())


def inverse_root(symbol: Symbol) -> Monomial:
    return Monomial(1.0, frozenset({(symbol, Fraction(-1, 2))}))


def is_inverse_root(seen: Seen, name: str = "it", of: str = "d") -> bool:
    """Whether a value is ``of ** -0.5`` for a parameter, an attribute or an extent called ``of``."""
    known = seen.scalar(name)
    return (
        known is not None
        and len(known.symbols) == 1
        and all(symbol.text == of and known.equals(inverse_root(symbol)) for symbol in known.symbols)
    )


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_scale_is_one_value(spelling: str) -> None:
    answer = see(spelling, "x, d").only(lambda seen: (is_inverse_root(seen), seen.scalar("it")))
    assert answer[0], str(answer[1])


STATEMENTS = {
    "a name": "s = d ** -0.5",
    "an alias of the function": "root = math.sqrt\ns = 1 / root(d)",
    "imported inside": "from math import sqrt as root\ns = 1 / root(d)",
    "unpacked": "a, (s, b) = 1, (d ** -0.5, 2)",
    "starred": "a, *s = 1, d ** -0.5\ns = s[0]",
    "augmented": "s = 1.0\ns /= math.sqrt(d)",
    "augmented power": "s = d\ns **= -0.5",
    "in place": "s = torch.tensor(d)\ns.rsqrt_()",
    "a nested function": "def inner():\n    return d ** -0.5\ns = inner()",
    "a nested function with a default": "def inner(n=d):\n    return n ** -0.5\ns = inner()",
    "a lambda": "scale = lambda n, e=-0.5: n ** e\ns = scale(d)",
    "keywords": "def inner(*, n, e):\n    return n ** e\ns = inner(e=-0.5, n=d)",
    "spread": "def inner(n, e):\n    return n ** e\ns = inner(*(d, -0.5))",
    "a spread dict": "def inner(n, e):\n    return n ** e\nk = dict(e=-0.5)\ns = inner(d, **k)",
    "a comprehension": "s, t = [n ** -0.5 for n in (d, 2)]",
    "map": "s, t = map(lambda n: n ** -0.5, (d, 2))",
    "a chain": "a = s = b = d ** -0.5",
    "annotated": "s: float = d ** -0.5",
    "in two steps": "a = math.sqrt(d)\ns = 1 / a",
    "after an assert": "assert d > 0, d\ns = d ** -0.5",
    "in a with block": "with torch.no_grad():\n    s = d ** -0.5",
    "both arms alike": "if x:\n    s = d ** -0.5\nelse:\n    s = 1 / math.sqrt(d)",
    "try": "try:\n    s = d ** -0.5\nexcept ValueError:\n    raise",
}


@pytest.mark.parametrize("statements", STATEMENTS.values(), ids=list(STATEMENTS))
def test_through_statements(statements: str) -> None:
    assert all(read(body([statements, "see(it=s)"], "x, d")).on_paths(is_inverse_root))


CLASSES = {
    "the constructor": "def __init__(self, d):\n    self.scale = d ** -0.5",
    "the constructor, in steps": "def __init__(self, d):\n    self.d = d\n    self.scale = 1 / math.sqrt(self.d)",
    "the constructor, augmented": "def __init__(self, d):\n    self.scale = 1\n    self.scale *= d ** -0.5",
    "a method that the constructor calls": (
        "def __init__(self, d):\n    self.set(d)\ndef set(self, n):\n    self.scale = n ** -0.5"
    ),
    "a property": "def __init__(self, d):\n    self.d = d\n@property\ndef scale(self):\n    return self.d ** -0.5",
    "a cached property": (
        "def __init__(self, d):\n    self.d = d\n"
        "@functools.cached_property\ndef scale(self):\n    return self.d ** -0.5"
    ),
    "a buffer": "def __init__(self, d):\n    self.register_buffer('scale', torch.tensor(d ** -0.5), persistent=False)",
    "a static method": (
        "def __init__(self, d):\n    self.scale = self.of(d)\n@staticmethod\ndef of(n):\n    return n ** -0.5"
    ),
    "a class method": (
        "def __init__(self, d):\n    self.scale = self.of(d)\n@classmethod\ndef of(cls, n):\n    return n ** -0.5"
    ),
    "a class attribute as exponent": "exponent = -0.5\ndef __init__(self, d):\n    self.scale = d ** self.exponent",
    "a holder": "def __init__(self, d):\n    self.holder = Holder(d)\n    self.scale = self.holder.scale",
    "an annotation": "scale: float\ndef __init__(self, d):\n    self.scale: float = d ** -0.5",
}
HOLDER = "class Holder:\n    def __init__(self, d):\n        self.scale = d ** -0.5\n"


@pytest.mark.parametrize("members", CLASSES.values(), ids=list(CLASSES))
@pytest.mark.parametrize("inherited", [False, True], ids=["own", "inherited"])
def test_through_classes(members: str, inherited: bool) -> None:
    forward = "    def forward(self, x):\n        see(it=self.scale)\n"
    base = f"class Base(nn.Module):\n{indent(members, '    ')}\n"
    own = "class Own(Base):\n    def __init__(self, d):\n        super().__init__(d)\n" if inherited else ""
    assert read(HOLDER + base + own + forward).only(is_inverse_root)


CONSTANTS = {
    "module constants": "D = 64\nSCALE = D ** -0.5\ndef f():\n    see(it=SCALE)",
    "a helper with a default": "def of(n=64):\n    return n ** -0.5\ndef f():\n    see(it=of())",
    "a class attribute": "class A:\n    scale = 64 ** -0.5\n    def forward(self):\n        see(it=self.scale)",
    "a class attribute by the class": "class A:\n    scale = 0.125\ndef f():\n    see(it=A.scale)",
    "an inherited class attribute": (
        "class A:\n    scale = 0.125\nclass B(A):\n    def forward(self):\n        see(it=self.scale)"
    ),
    "imported names": "from math import sqrt as root\ndef f():\n    see(it=1 / root(64))",
    "floor division": "DIM = 512\nHEADS = 8\ndef f():\n    see(it=(DIM // HEADS) ** -0.5)",
    "a constructor's constant": (
        "class A:\n    def __init__(self):\n        self.d = 64\n    def forward(self):\n        see(it=self.d ** -0.5)"
    ),
    "a constructor called with a constant": (
        "class A:\n    def __init__(self, d):\n        self.s = d ** -0.5\n"
        "class B:\n    def __init__(self):\n        self.a = A(64)\n    def forward(self):\n        see(it=self.a.s)"
    ),
    "the module's own statements": "d = 64\nsee(it=1 / math.sqrt(d))",
}


@pytest.mark.parametrize("text", CONSTANTS.values(), ids=list(CONSTANTS))
def test_constants(text: str) -> None:
    known = read(text).only(lambda seen: seen.scalar("it"))
    assert known is not None
    assert known.equals(Monomial.number(0.125))


DEFAULTS = [
    "qk_scale or d ** -0.5",
    "qk_scale if qk_scale else d ** -0.5",
    "d ** -0.5 if qk_scale is None else qk_scale",
    "qk_scale if qk_scale is not None else 1 / math.sqrt(d)",
    "d ** -0.5 if not qk_scale else qk_scale",
    "default(qk_scale, d ** -0.5)",
    "qk_scale if exists(qk_scale) else d ** -0.5",
]
HELPERS = """\
def exists(x):
    return x is not None
def default(x, d):
    return x if exists(x) else d
"""


@pytest.mark.parametrize("expression", DEFAULTS)
@pytest.mark.parametrize("place", ["function", "constructor"])
def test_a_default_is_a_value_on_each_path(expression: str, place: str) -> None:
    if place == "function":
        text = body(f"see(it={expression})", "d, qk_scale=None")
    else:
        text = (
            f"class A(nn.Module):\n    def __init__(self, d, qk_scale=None):\n        self.scale = {expression}\n"
            "    def forward(self, x):\n        see(it=self.scale)\n"
        )
    assert sorted(read(HELPERS + text).on_paths(lambda seen: str(seen.scalar("it")))) == ["d^(-1/2)", "qk_scale"]


UNKNOWN = {
    "a loop": body(["s = 1.0\nfor _ in range(n):\n    s = s * d\nsee(it=s)"], "d, n"),
    "a while loop": body(["s = 1.0\nwhile s < n:\n    s /= d\nsee(it=s)"], "d, n"),
    "not arithmetic": body("see(it=max(d, 1.0))", "d"),
    "a remainder": body("see(it=d % 2)", "d"),
    "a random number": body("see(it=torch.rand(()))", ""),
    "an unknown function": body("see(it=helper(d))", "d"),
    "a truth": body("see(it=d == 2)", "d"),
    "infinity": body("see(it=float('inf'))", ""),
    "division by zero": body("see(it=1 / 0)", ""),
    "a root of a negative number": body("see(it=(-2) ** 0.5)", ""),
    "an overflow": body("see(it=1e300 ** 5)", ""),
    "a product that overflows": body("see(it=1e300 * 1e300)", ""),
    "a symbolic exponent": body("see(it=2 ** d)", "d"),
    "a vector": body("see(it=torch.tensor([1.0, 2.0]))", ""),
    "a module constant assigned twice": "S = 1\nS = 2\ndef f():\n    see(it=S)",
    "a module constant assigned in a loop": "S = 1\nfor _ in range(3):\n    S += 1\ndef f():\n    see(it=S)",
    "a global that a function sets": "S = 1\ndef g():\n    global S\n    S = 2\ndef f():\n    see(it=S)",
    "a name that an inner function sets": body("s = 1\ndef g():\n    nonlocal s\n    s = helper()\ng()\nsee(it=s)"),
    "a learned parameter": """
        class A(nn.Module):
            def __init__(self, d):
                self.scale = nn.Parameter(torch.tensor(d ** -0.5))
            def forward(self):
                see(it=self.scale)
        """,
}


@pytest.mark.parametrize("text", UNKNOWN.values(), ids=list(UNKNOWN))
def test_what_is_not_known_is_not_stated(text: str) -> None:
    known = [m for m in read(text).on_paths(lambda seen: seen.scalar("it")) if m is not None]
    assert not [m for m in known if m.is_number or all(s.text == "d" for s in m.symbols)], known


def test_an_attribute_that_another_method_assigns_may_be_anything() -> None:
    text = """
        class A:
            def __init__(self, d):
                self.scale = d ** -0.5
            def rescale(self, s):
                self.scale = s
            def forward(self):
                see(it=self.scale)
        """
    assert None in read(text).on_paths(lambda seen: seen.scalar("it"))


@pytest.mark.parametrize("exponent", [0.01, 0.015, -0.1234])
def test_an_exponent_is_kept_as_written(exponent: float) -> None:
    known = see(f"d ** {exponent}", "d").only(lambda seen: seen.scalar("it"))
    if known is not None:
        assert evaluated(known, lambda symbol: 1e6) == pytest.approx(1e6**exponent, rel=1e-3)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("d ** -0.5", "d^(-1/2)"),
        ("2 * d / e", "2·d/e"),
        ("d * e", "d·e"),
        ("0.125 * 1", "0.125"),
        ("d / d", "1"),
        ("x.shape[-1] ** -0.5", "x.shape[-1]^(-1/2)"),
    ],
)
def test_how_a_message_writes_it(expression: str, text: str) -> None:
    assert see(expression, "x, d, e").only(lambda seen: str(seen.scalar("it"))) == text


# --- laws --------------------------------------------------------------------------------------------------------

SYMBOLS = {label: Symbol(label, Parameter(label)) for label in "abc"}
NUMBERS = {"a": 4.0, "b": 0.37, "c": 9.5}
EXPONENTS = st.fractions(min_value=-3, max_value=3, max_denominator=6)
MONOMIALS = st.builds(
    Monomial,
    st.floats(min_value=1e-3, max_value=1e3),
    st.dictionaries(st.sampled_from(list(SYMBOLS.values())), EXPONENTS.filter(bool), max_size=3).map(
        lambda powers: frozenset(powers.items())
    ),
)


def value_of(monomial: Monomial) -> float:
    value = evaluated(monomial, lambda symbol: NUMBERS[symbol.identity])
    assert value is not None
    return value


@given(MONOMIALS, MONOMIALS, MONOMIALS)
def test_products_form_a_group(x: Monomial, y: Monomial, z: Monomial) -> None:
    one = Monomial.number(1)
    assert (x * y).equals(y * x)
    assert ((x * y) * z).equals(x * (y * z))
    assert (x * one).equals(x)
    inverse = one / x
    assert inverse is not None
    assert (x * inverse).is_one
    quotient = x / y
    assert quotient is not None
    assert (quotient * y).equals(x)
    assert value_of(x * y) == pytest.approx(value_of(x) * value_of(y), rel=1e-6)


@given(MONOMIALS, MONOMIALS, EXPONENTS, EXPONENTS)
def test_powers_obey_their_laws(x: Monomial, y: Monomial, one: Fraction, other: Fraction) -> None:
    def power(base: Monomial | None, exponent: Fraction) -> Monomial:
        raised = None if base is None else base.to(exponent)
        assert raised is not None
        return raised

    assert (power(x, one) * power(x, other)).equals(power(x, one + other))
    assert power(power(x, one), other).equals(power(x, one * other))
    assert power(x * y, one).equals(power(x, one) * power(y, one))
    assert power(x, Fraction(0)).is_one
    assert value_of(power(x, one)) == pytest.approx(value_of(x) ** float(one), rel=1e-6)


@given(MONOMIALS)
def test_equality_knows_a_difference(x: Monomial) -> None:
    assert x.equals(x)
    assert not x.equals(x * Monomial.number(1.01))
    assert not x.equals(x * Monomial.of(SYMBOLS["a"]))
    assert not x.equals(x * Monomial.number(-1))


LEAVES = st.sampled_from(["a", "b", "c", "1", "2", "3", "0.5", "4.0", "1.0", "0", "10"])
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/*/"), inner).map("({0[0]} {0[1]} {0[2]})".format),
        st.tuples(inner, st.sampled_from(["2", "-1", "0.5", "-0.5", "0", "3", "-0.25", "1.5", "(1 / 3)"])).map(
            "({0[0]} ** {0[1]})".format
        ),
        st.tuples(
            st.sampled_from(["-{}", "+{}", "math.sqrt({})", "abs({})", "float({})", "(1 / np.sqrt({}))", "math.exp({})",
                             "pow({}, 2)", "torch.tensor({})", "({} % 2)", "max({}, 1)"]),
            inner,
        ).map(lambda pair: pair[0].format(pair[1])),
    ),
    max_leaves=9,
)  # fmt: skip


def truth(expression: str) -> float | None:
    """What Python makes of an expression; None where that is no finite real number."""
    namespace = {**NUMBERS, "math": math, "np": math, "torch": Torch}
    try:
        value = eval(expression, namespace)
    except (ArithmeticError, ValueError):
        return None
    except TypeError:  # the square root of a complex number
        return None
    return value if isinstance(value, (int, float)) and math.isfinite(value) else None


class Torch:
    """As much of torch as the expressions use."""

    tensor = float


def source_of(symbol: Symbol) -> str:
    origin = symbol.value.origin
    assert origin is not None
    return origin.slice.code(origin.node)


@given(EXPRESSIONS)
@example("(1 / 3) ** 0.5")
@example("((a - a) * b)")
@example("(0 * a + b)")
@example("((0 * a) ** -1)")
def test_what_is_stated_is_what_python_computes(expression: str) -> None:
    expected = truth(expression)
    assume(expected is not None and abs(expected) < 1e30)
    snippet = see(f"({expression})", "a, b, c")
    known = snippet.only(lambda seen: seen.scalar("it"))
    if known is None:
        return
    parts = {symbol: truth(source_of(symbol)) for symbol in known.symbols}
    assume(all(part is not None and part > 0 for part in parts.values()))  # symbols stand for sizes
    assert evaluated(known, parts.__getitem__) == pytest.approx(expected, rel=1e-6, abs=1e-12)


PRODUCTS = st.recursive(
    st.sampled_from(["a", "b", "c", "2", "0.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["*", "/"]), inner).map(" ".join),
        st.tuples(inner, st.sampled_from(["2", "-0.5", "(1 / 3)", "-1", "1.5"])).map("({0[0]}) ** {0[1]}".format),
        st.tuples(st.sampled_from(["math.sqrt", "1 / np.sqrt", "torch.tensor", "float"]), inner).map(
            "{0[0]}({0[1]})".format
        ),
    ),
    max_leaves=9,
)


@given(PRODUCTS)
def test_products_powers_and_roots_of_symbols_are_always_known(expression: str) -> None:
    assert see(expression, "a, b, c").only(lambda seen: seen.scalar("it")) is not None
