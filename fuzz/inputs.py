"""What the fuzzers feed to attnlint: real files with mistakes put into them, and modules that a grammar made up.

All is drawn from one source of chance, so that a seed and a number name an input for good.
"""

from __future__ import annotations

import ast
import io
import keyword
import random
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
SEEDS = (
    *(CHECKOUT / name for name in ("fixtures", "tests/right_code", "tests/metamorphic")),
    CHECKOUT / "README.md",
    CHECKOUT / "CONTRIBUTING.md",
)
"""Where the seeds lie: code that is full of attention, right and wrong, and prose that holds some."""
_KINDS = (".py", ".pyi", ".md", ".rst", ".ipynb")
_LONGEST = 200_000
"""Bytes of a seed at most: what is found in a long file is found in a short one, many times as often."""
_POOL = 4_000
"""Expressions and statements that are put into other files."""

WORDS = (
    *("(", ")", "[", "]", "{", "}", ":", ",", ".", "*", "**", "@", "=", ":=", "==", "-", "->", "~", "\\", ";"),
    *('"', "'", '"""', 'f"{', "\n", "\r", "\r\n", "\t", "    ", "\f", "\0", "\ufeff", "é", "😀", "\u2028", "\x1b[31m"),
    *("yield ", "await ", "lambda: ", "not ", "if ", " else ", " for x in x", "async ", "match ", "case ", "del "),
    *("0", "-1", "1e999", "10**30", "9" * 5000, "0x" + "f" * 300, "1j", "...", "None", "True", "float('-inf')"),
    *("self", "x", "F.softmax(x, -1)", "torch.softmax(q @ k.mT, dim=-1) @ v", ".transpose(-2, -1)", ".view(1, -1)"),
    *("F.scaled_dot_product_attention(q, k, v)", ".masked_fill(m, 0)", "torch.tril(", 'torch.einsum("ij,jk", a, b)'),
    *("# noqa: ATN101", "# attnlint: ignore", "# attnlint: ignore[ATN101, ATN9]", "# attnlint: ignore-file"),
    *("# Copied from a.b.C with X->Y", "import torch.nn.functional as F", "@register", "class A(nn.Module): ..."),
)
"""What is put in anywhere: pieces of syntax, characters that end lines or hide, and what attnlint has an eye on."""

NAMES = ("torch", "nn", "F", "self", "q", "k", "v", "x", "mask", "scores", "softmax", "view", "matmul", "transpose")
"""What the names of made-up modules are turned into, so that there is something to be analysed in them."""
PLANT = "\ndef attend(q, k, v, mask=None):\n    return torch.softmax(q @ k.mT, -1).masked_fill(mask, 0) @ v\n"


@dataclass(frozen=True)
class Input:
    """One file to lint."""

    path: str
    data: bytes


@dataclass(frozen=True)
class Place:
    """Where an expression that is read, or a statement, stands in a file: bytes, and the column it begins at."""

    start: int
    end: int
    column: int
    is_statement: bool


@dataclass(frozen=True)
class Piece:
    """The text of a place."""

    text: bytes
    column: int

    def at(self, place: Place) -> bytes:
        """The text for another place: statements are indented as that one is, expressions stand in brackets."""
        if place.is_statement:
            first, *others = self.text.splitlines(keepends=True)
            margin = b" " * place.column
            return b"".join((first, *(margin + line[min(self.column, _margin(line)) :] for line in others)))
        return b"(%b)" % self.text if b"\n" in self.text else self.text


def _margin(line: bytes) -> int:
    return len(line) - len(line.lstrip(b" "))


@dataclass(frozen=True)
class Seeds:
    """Real files, and pieces of them."""

    files: Sequence[Input]
    _known: dict[bytes, list[Place]] = field(default_factory=dict, repr=False)

    @classmethod
    def below(cls, places: Iterable[Path]) -> Seeds:
        """The files in folders, and those that are named, in an order that is always the same."""
        found = [path for place in places for path in ([place] if place.is_file() else sorted(place.rglob("*")))]
        paths = [path for path in found if path.suffix in _KINDS and path.is_file() and path.stat().st_size < _LONGEST]
        return cls([Input(f"seed{path.suffix}", path.read_bytes()) for path in paths])

    @cached_property
    def python(self) -> Sequence[Input]:
        """The seeds that are modules."""
        return [each for each in self.files if each.path.endswith(".py") and self.places(each)]

    @cached_property
    def pieces(self) -> dict[bool, Sequence[Piece]]:
        """Pieces of seeds: under True the statements, under False the expressions."""
        dice = random.Random(0)
        chosen = dice.sample(self.python, min(len(self.python), 200))
        found: dict[bool, dict[Piece, None]] = {True: {}, False: {}}
        for each in chosen:
            for place in self.places(each):
                found[place.is_statement][Piece(each.data[place.start : place.end], place.column)] = None
        return {kind: dice.sample(list(pieces), min(len(pieces), _POOL)) for kind, pieces in found.items()}

    def places(self, seed: Input) -> list[Place]:
        """Where the expressions and statements of a seed stand; nowhere if it is no Python in UTF-8."""
        if seed.data not in self._known:
            self._known[seed.data] = list(_places(seed.data))
        return self._known[seed.data]


def _places(data: bytes) -> Iterator[Place]:
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    starts = [0, *(match.end() for match in re.finditer(rb"\r\n|\r|\n", data))]
    for node in ast.walk(tree):
        is_read = isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        if is_read or isinstance(node, ast.stmt):
            assert isinstance(node, (ast.expr, ast.stmt))
            start = starts[node.lineno - 1] + node.col_offset
            end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
            yield Place(start, end, node.col_offset, isinstance(node, ast.stmt))


Maker = Callable[[random.Random, Seeds], Iterator[Input]]


# -- bytes

_ASCII = bytes(range(32, 127))


def bytes_mutated(dice: random.Random, seeds: Seeds) -> Iterator[Input]:
    """A seed with bytes changed, lost, doubled or put in."""
    seed = dice.choice(seeds.files)
    data = bytearray(seed.data)
    for _ in range(dice.choice((1, 1, 2, 4, 8))):
        start = dice.randint(0, len(data))
        end = min(len(data), start + dice.choice((1, 1, 2, 8, 64, 512)))
        match dice.randrange(6):
            case 0:
                data[start:end] = (
                    dice.randbytes(end - start) if dice.random() < 0.2 else bytes(dice.choices(_ASCII, k=end - start))
                )
            case 1:
                del data[start:end]
            case 2:
                data[start:start] = data[start:end] * dice.choice((1, 2, 30))
            case 3:
                data[start:start] = dice.choice(WORDS).encode()
            case 4:
                data[start:end] = dice.choice(seeds.files).data[start:end]
            case _:
                data = data[: max(1, start)]
    yield Input(seed.path, bytes(data))


# -- tokens


def tokens_mutated(dice: random.Random, seeds: Seeds) -> Iterator[Input]:
    """A seed with tokens lost, doubled, swapped, put in or nested."""
    seed = dice.choice(seeds.python)
    pieces = tokens(seed.data.decode("utf-8", "replace"))
    for _ in range(dice.randint(1, 4)):
        at, other = dice.randrange(len(pieces)), dice.randrange(len(pieces))
        match dice.randrange(12):
            case 0:
                del pieces[at]
            case 1:
                pieces.insert(at, pieces[other])
            case 2:
                pieces[at], pieces[other] = pieces[other], pieces[at]
            case 3:
                pieces.insert(at, dice.choice(WORDS))
            case 4:
                pieces[at:at] = pieces[at : at + dice.randint(1, 40)]
            case 5:
                opening, closing = dice.choice(_NESTING)
                times = dice.choice((1, 5, 50, 190, 1_500))
                pieces[at] = f"{opening * times}{pieces[at]}{closing * times}"
            case _:
                same = [piece for piece in pieces if _sort(piece) == _sort(pieces[at])]
                pieces[at] = dice.choice(same)
        pieces = pieces or [""]
    yield Input(seed.path, "".join(pieces).encode("utf-8", "replace"))


_NESTING = (("(", ")"), ("[", "]"), ("-", ""), ("f(", ")"), ("{0: ", "}"), ("not ", ""), ("lambda: ", ""))


def _sort(token: str) -> int:
    """What can stand where a token stands: names, numbers, strings, operators, blanks, words of the language."""
    if token.isidentifier():
        return keyword.iskeyword(token)
    return next((sort for sort, marks in enumerate(_SORTS, 2) if token[:1] in marks), 9)


_SORTS = ("0123456789", "\"'", "+-*/@%", "([{", ")]}", "<>=!", " \t\r\n#")


def tokens(text: str) -> list[str]:
    """The text in pieces: joined again they are the text."""
    lines = io.StringIO(text, newline="").readlines()
    begins = [0]
    for line in lines:
        begins.append(begins[-1] + len(line))
    cuts = {0, len(text)}
    try:
        for token in tokenize.generate_tokens(iter([*lines, ""]).__next__):
            for row, column in (token.start, token.end):
                cuts.add(min(len(text), begins[min(row, len(begins)) - 1] + column))
    except (tokenize.TokenError, SyntaxError, StopIteration):
        pass
    places = sorted(cuts)
    return [text[one:two] for one, two in pairwise(places)] or [""]


# -- expressions and statements


def pieces_swapped(dice: random.Random, seeds: Seeds) -> Iterator[Input]:
    """A seed with expressions and statements of others in the place of its own: mostly valid, and hardly any sense."""
    seed = dice.choice(seeds.python)
    data = seed.data
    places = seeds.places(seed)
    last = len(data)
    for place in sorted(dice.sample(places, min(len(places), dice.choice((1, 2, 4, 16)))), key=_end, reverse=True):
        if place.end <= last:
            data = data[: place.start] + dice.choice(seeds.pieces[place.is_statement]).at(place) + data[place.end :]
            last = place.start
    yield Input(seed.path, data)


def _end(place: Place) -> int:
    return place.end


# -- made up


def made_up(dice: random.Random, seeds: Seeds) -> Iterator[Input]:
    """Modules that hypothesmith derives from Python's grammar, as they are, and with attention in them."""
    import hypothesmith
    from hypothesis import HealthCheck, Phase, given, seed, settings

    found: list[str] = []

    @seed(dice.getrandbits(64))
    @settings(
        max_examples=5,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(hypothesmith.from_grammar() if dice.random() < 0.5 else hypothesmith.from_node())
    def collect(text: str) -> None:
        found.append(text)

    collect()
    for text in found:
        yield Input("made.py", text.encode("utf-8", "replace"))
        yield Input("made.py", (_renamed(text, dice) + PLANT).encode("utf-8", "replace"))


def _renamed(text: str, dice: random.Random) -> str:
    """A module in which names are those of attention code."""
    names: dict[str, str] = {}
    return "".join(
        names.setdefault(piece, dice.choice(NAMES)) if piece.isidentifier() and not keyword.iskeyword(piece) else piece
        for piece in tokens(text)
    )


MAKERS: dict[str, Maker] = {
    "bytes": bytes_mutated,
    "tokens": tokens_mutated,
    "pieces": pieces_swapped,
    "made up": made_up,
}


def inputs(kind: str, seed: object, number: int, seeds: Seeds) -> Iterator[Input]:
    """The inputs of one kind and number."""
    return MAKERS[kind](random.Random(f"{seed} {kind} {number}"), seeds)
