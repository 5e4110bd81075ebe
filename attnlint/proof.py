"""Fixtures, executed: what a bug does to the numbers, and that its mend undoes it.

The fixture of a rule holds its bug as people write it, the right version, and ``PROOFS``. A
`Proof` measures an invariant on both: the buggy callable must break it by more than a margin, the fixed one must hold
it within a tolerance. A `Record` is for calls on which torch's attention backends disagree: it lists what each does.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode

from attnlint.fixture_files import BrokenFixture, fixture_module
from attnlint.invariants import Attention, Invariant, Measurement, describe_error, equals_reference, exact_attention
from attnlint.rule import Rule, UnknownCode, discover


@dataclass(frozen=True)
class Tolerance:
    """What a right callable may measure, for each dtype, in the invariant's unit."""

    float32: float
    float16: float
    bfloat16: float

    def of(self, dtype: torch.dtype) -> float:
        """The tolerance at ``dtype``. Raises ValueError for another than the three."""
        name = str(dtype).removeprefix("torch.")
        if name not in ("float32", "float16", "bfloat16"):
            raise ValueError(f"no tolerance is stated for {name}")
        return float(getattr(self, name))


ROUNDING = Tolerance(float32=1e-4, float16=1e-2, bfloat16=5e-2)
"""For outputs of order 1 that are summed in another order."""
SAMPLING = Tolerance(float32=0.05, float16=0.05, bfloat16=0.05)
"""For statistics of a few thousand random rows."""

InputFactory = Callable[[torch.device, torch.dtype, torch.Generator], tuple[Any, ...]]
"""Draws a call's arguments: numbers from the seeded CPU generator, then moved, so that every device gets the same."""

_WEIGHT_SEED, _INPUT_SEED = 0, 1
"""Two: from one, weights and inputs would be drawn from the same stream and be correlated."""
_UNSUPPORTED = re.compile(r"not implemented for '?(half|bfloat16)|does not support (half|bfloat16)", re.IGNORECASE)
_NO_KERNEL = re.compile(r"No (available kernel|viable backend)")


class Verdict(str, Enum):
    """What became of a proof.

    ``RECORDED`` claims no bug on this machine: it lists what happens, and the fixed call agrees everywhere.
    ``SKIPPED`` proves nothing: this device has no kernel for the dtype.
    """

    HOLDS = "holds"
    RECORDED = "recorded"
    SKIPPED = "skipped"
    FAILS = "fails"


@dataclass(frozen=True)
class Proof:
    """A bug and its mend, told apart by a measured invariant.

    ``buggy`` and ``fixed`` are functions, or classes of modules that build without arguments. ``margin`` (in the
    invariant's unit) is what the buggy one must exceed; ``tolerance`` what the fixed one must not, for each dtype.
    A buggy callable that raises proves something only where ``raises`` (a regular expression) matches the error.
    """

    code: str
    title: str
    buggy: Attention
    fixed: Attention
    inputs: InputFactory
    invariant: Invariant
    margin: float
    tolerance: Tolerance = ROUNDING
    raises: str | None = None


@dataclass(frozen=True)
class ProofResult:
    """The two measurements of a proof; ``reason`` says why it does not hold, or is empty."""

    proof: Proof
    buggy: Measurement
    fixed: Measurement
    tolerance: float
    verdict: Verdict
    reason: str = ""


Reading = Callable[..., Tensor]
"""One way to understand an SDPA call: a function that takes the call's arguments and does it in plain arithmetic."""


@dataclass(frozen=True)
class Record:
    """A call to `F.scaled_dot_product_attention` that backends treat differently, and its mend.

    The result says for each backend which of the ``readings`` its output equals, or how it raises. The proof holds
    if the buggy call comes out in two ways or raises somewhere, and the fixed one comes out as one reading on every
    backend that there is, and equals the buggy call under the first reading, which is what was meant. With
    ``must_differ=False`` the bug is one of other devices or versions: only recorded.
    """

    code: str
    title: str
    buggy: Attention
    fixed: Attention
    inputs: InputFactory
    readings: Mapping[str, Reading] = field(default_factory=lambda: {"as documented": exact_attention})
    tolerance: Tolerance = ROUNDING
    must_differ: bool = True


@dataclass(frozen=True)
class Outcome:
    """What one backend does with the buggy and with the fixed call, in words."""

    backend: str
    buggy: str
    fixed: str


@dataclass(frozen=True)
class RecordResult:
    """The outcomes of a record, the default choice of backend first."""

    record: Record
    outcomes: tuple[Outcome, ...]
    verdict: Verdict
    reason: str = ""


Result = ProofResult | RecordResult


def run(proof: Proof | Record, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> Result:
    """Execute a proof. Weights and inputs are the same on every device; the caller's random state is kept.

    To see whether another mend will do, such as what a fix made of the buggy text, run
    ``dataclasses.replace(proof, fixed=mended)``. Raises ValueError for a dtype that has no tolerance; what the fixture
    raises is in the result.
    """
    place = torch.device(device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if isinstance(proof, Record):
            return _run_record(proof, place, dtype)
        return _run_proof(proof, place, dtype)


def load_proofs(codes: Collection[str] = ()) -> tuple[Proof | Record, ...]:
    """The proofs of all installed rules, by code; with ``codes``, of those whose code starts with one of them.

    Raises `attnlint.rule.UnknownCode` for one that no proof's code starts with. Fixtures that cannot be used are left
    out with a `BrokenRules` warning.
    """
    prefixes = tuple(code.upper() for code in codes)
    wanted = [rule for rule in discover().values() if not prefixes or rule.code.startswith(prefixes)]
    proofs: list[Proof | Record] = []
    broken: list[str] = []
    for rule in wanted:
        try:
            proofs.extend(proofs_of(rule))
        except BrokenFixture as error:
            error.tell()
            broken.append(rule.code)
    for prefix in prefixes:
        if not any(code.startswith(prefix) for code in (*broken, *(proof.code for proof in proofs))):
            raise UnknownCode(prefix)
    return tuple(proofs)


def proofs_of(rule: type[Rule]) -> tuple[Proof | Record, ...]:
    """The ``PROOFS`` in the fixture of a rule; none where it has no fixture.

    Raises `BrokenFixture` where that cannot be imported or proves nothing.
    """
    module = fixture_module(rule)
    if module is None:
        return ()
    listed = getattr(module, "PROOFS", ())
    written = tuple(listed) if isinstance(listed, (list, tuple)) else ()
    proofs = tuple(one for one in written if isinstance(one, (Proof, Record)) and one.code == rule.code)
    if not proofs:
        raise BrokenFixture(rule, f"{module.__name__} has no PROOFS of {rule.code}")
    return proofs


def normal(*shapes: tuple[int, ...], variance: float = 1.0) -> InputFactory:
    """A factory of one normal tensor of each shape.

    Hidden states of variance 3 give a query, key and value of unit variance: the default initialisation of
    `nn.Linear` is uniform in ±1/√in_features, which divides the variance by 3.
    """

    def draw(device: torch.device, dtype: torch.dtype, generator: torch.Generator) -> tuple[Tensor, ...]:
        return tuple((variance**0.5 * torch.randn(shape, generator=generator)).to(device, dtype) for shape in shapes)

    return draw


# Proofs


def _run_proof(proof: Proof, device: torch.device, dtype: torch.dtype) -> ProofResult:
    buggy, fixed = (_measure(proof, attention, device, dtype) for attention in (proof.buggy, proof.fixed))
    tolerance = proof.tolerance.of(dtype)
    verdict, reason = _judge(proof, buggy, fixed, tolerance)
    return ProofResult(proof, buggy, fixed, tolerance, verdict, reason)


def _measure(proof: Proof, attention: Attention, device: torch.device, dtype: torch.dtype) -> Measurement:
    with seeded():
        try:
            built, inputs = prepare(proof, attention, device, dtype)
        except Exception as error:
            return Measurement(math.inf, proof.invariant.unit, describe_error(error))
        return proof.invariant(built, *inputs)


def _judge(proof: Proof, buggy: Measurement, fixed: Measurement, tolerance: float) -> tuple[Verdict, str]:
    for name, measured in (("buggy", buggy), ("fixed", fixed)):
        if measured.error and _UNSUPPORTED.search(measured.error):
            return Verdict.SKIPPED, f"not supported here: the {name} one raises {measured.error}"
    if fixed.error:
        return Verdict.FAILS, f"the fixed one raises {fixed.error}"
    if not fixed.value <= tolerance:
        return Verdict.FAILS, f"the fixed one breaks the invariant: {fixed.value:.3g} > {tolerance:.3g}"
    if buggy.error and not (proof.raises and re.search(proof.raises, buggy.error)):
        return Verdict.FAILS, f"the buggy one raises something else: {buggy.error}"
    if not buggy.value > proof.margin:
        return Verdict.FAILS, f"the buggy one does not break the invariant: {buggy.value:.3g} <= {proof.margin:.3g}"
    return Verdict.HOLDS, ""


# Records

RAISES = "raises "
"""How the outcome of a call that raised begins; the error follows."""
UNAVAILABLE = "unavailable"
"""The outcome on a backend that this device lacks for the buggy and the fixed call alike, or for the fixed one."""


def _run_record(record: Record, device: torch.device, dtype: torch.dtype) -> RecordResult:
    outcomes = tuple(_outcome(record, backend, device, dtype) for backend in _backends())
    verdict, reason = _judge_record(record, outcomes)
    if verdict in (Verdict.HOLDS, Verdict.RECORDED):
        strayed = _stray(record, device, dtype)
        verdict, reason = (Verdict.FAILS, strayed) if strayed else (verdict, reason)
    return RecordResult(record, outcomes, verdict, reason)


def _stray(record: Record, device: torch.device, dtype: torch.dtype) -> str:
    """How the fixed call differs from what was meant by the buggy one, or an empty string."""
    with seeded():
        buggy, _ = prepare(record, record.buggy, device, dtype)
    with seeded():
        fixed, inputs = prepare(record, record.fixed, device, dtype)
        name, meant = next(iter(record.readings.items()))
        measured = equals_reference(_read(buggy, meant))(fixed, *inputs)
    if measured.error:
        return f"the buggy call cannot be read as {name!r}: {measured.error}"
    far = measured.value > record.tolerance.of(dtype)
    return f"the fixed one is {measured.value:.3g} from the buggy one read as {name!r}" if far else ""


def _backends() -> tuple[SDPBackend | None, ...]:
    """None for torch's own choice, then each backend that this torch knows by name."""
    names = ("MATH", "FLASH_ATTENTION", "EFFICIENT_ATTENTION", "CUDNN_ATTENTION")
    return (None, *(getattr(SDPBackend, name) for name in names if hasattr(SDPBackend, name)))


def _outcome(record: Record, backend: SDPBackend | None, device: torch.device, dtype: torch.dtype) -> Outcome:
    buggy, fixed = (_describe(record, call, backend, device, dtype) for call in (record.buggy, record.fixed))
    absent = bool(_NO_KERNEL.search(fixed))
    return Outcome(
        "default" if backend is None else backend.name,
        UNAVAILABLE if absent and _NO_KERNEL.search(buggy) else buggy,
        UNAVAILABLE if absent else fixed,
    )


def _describe(
    record: Record, call: Attention, backend: SDPBackend | None, device: torch.device, dtype: torch.dtype
) -> str:
    """The first reading that the output equals, how far it is from all of them, or the error."""
    with seeded():
        try:
            attention, inputs = prepare(record, call, device, dtype)
        except Exception as error:
            return RAISES + describe_error(error)
        distances = {}
        for name, reading in record.readings.items():
            measured = equals_reference(_read(attention, reading))(_force(attention, backend), *inputs)
            if measured.error:
                return RAISES + measured.error
            if measured.value <= record.tolerance.of(dtype):
                return name
            distances[name] = measured.value
    nearest = min(distances, key=distances.__getitem__)
    return f"another result, {distances[nearest]:.3g} from {nearest!r}"


def _force(attention: Attention, backend: SDPBackend | None) -> Attention:
    """``attention``, in eval mode, with all its SDPA calls on one backend."""

    def forced(*inputs: Any) -> Any:
        with nullcontext() if backend is None else sdpa_kernel(backend):
            return evaluated(attention)(*inputs)

    return forced


def _read(attention: Attention, reading: Reading) -> Attention:
    """``attention``, in eval mode, with ``reading`` in the place of SDPA."""

    def read(*inputs: Any) -> Any:
        with _Substitute(reading):
            return evaluated(attention)(*inputs)

    return read


class _Substitute(TorchFunctionMode):
    """Calls ``reading`` wherever SDPA is called."""

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self.reading = reading

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        called = self.reading if func is F.scaled_dot_product_attention else func
        return called(*args, **(kwargs or {}))


def _judge_record(record: Record, outcomes: tuple[Outcome, ...]) -> tuple[Verdict, str]:
    by_default = outcomes[0].fixed
    if _UNSUPPORTED.search(by_default):
        return Verdict.SKIPPED, f"not supported here: the fixed one {by_default}"
    if by_default not in record.readings:
        return Verdict.FAILS, f"the fixed one is not as read: {by_default}"
    disagreeing = [outcome for outcome in outcomes if outcome.fixed not in (by_default, UNAVAILABLE)]
    if disagreeing:
        return Verdict.FAILS, f"the fixed one differs on {disagreeing[0].backend}: {disagreeing[0].fixed}"
    buggy = {outcome.buggy for outcome in outcomes if outcome.buggy != UNAVAILABLE}
    if len(buggy) > 1 or any(text.startswith(RAISES) for text in buggy):
        return Verdict.HOLDS, ""
    if record.must_differ:
        return Verdict.FAILS, f"the buggy one is the same on every backend: {buggy.pop()}"
    return Verdict.RECORDED, "no backend here minds"


# Both


def prepare(
    proof: Proof | Record, attention: Attention, device: torch.device, dtype: torch.dtype
) -> tuple[Attention, tuple[Any, ...]]:
    """The callable, built and moved if it is a module, and its arguments."""
    built = attention() if isinstance(attention, type) else attention
    if isinstance(built, nn.Module):
        built = built.to(device, dtype)
    return built, proof.inputs(device, dtype, torch.Generator().manual_seed(_INPUT_SEED))


def evaluated(attention: Attention) -> Attention:
    """``attention``, in eval mode if it is a module."""
    return attention.eval() if isinstance(attention, nn.Module) else attention


@contextmanager
def seeded() -> Iterator[None]:
    """The same random numbers every time inside, the caller's own again outside."""
    with torch.random.fork_rng():
        torch.manual_seed(_WEIGHT_SEED)
        yield
