"""``attnlint prove``: run the buggy and the fixed code of every rule, and compare."""

from __future__ import annotations

import json
import math
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from attnlint.codes import BrokenRules
from attnlint.failures import told
from attnlint.rule import UnknownCode, discover

if TYPE_CHECKING:
    import torch

    from attnlint.invariants import Measurement
    from attnlint.mended import MendResult
    from attnlint.proof import Proof, ProofResult, Record, RecordResult, Result, Verdict

HEADER = ("rule", "proof", "invariant (unit)", "buggy", "fixed", "mended", "margin", "verdict")
BY_HAND = "by hand"
"""The cell of a proof for whose buggy code no edit can be derived."""
INSTALL = "prove runs PyTorch code, and torch is not installed: pip install 'attnlint[torch]'"


@click.command()
@click.argument("codes", nargs=-1, metavar="[CODE]...")
@click.option(
    "--device",
    type=click.Choice(["cpu", "cuda", "auto"]),
    default="auto",
    show_default=True,
    help="Where to run; auto is CUDA if there is a GPU.",
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float16", "bfloat16"]),
    default="float32",
    show_default=True,
    help="The dtype of inputs and weights.",
)
@click.option(
    "--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)
def prove(codes: Sequence[str], device: str, dtype: str, output_format: str) -> int:
    """Run every rule's buggy and fixed code and measure what the bug does.

    With CODEs or their prefixes (ATN101, ATN2), the proofs of those rules alone. The buggy code must break its
    invariant by more than the margin and the fixed code must hold it; "mended" is what the rule's fixes make of the
    buggy code, which must hold it too and give the fixed code's output. Where torch's attention backends disagree, what
    each does is listed. "recorded" claims nothing about the buggy code here, it only lists. "skipped" proves nothing:
    this device cannot do the dtype.

    Exit status: 0 every proof holds, 1 one fails or is skipped, 2 nothing could be run.
    """
    _require_torch()
    import torch

    place = _device(device)
    results = [row for one in _load(codes) for row in _run(one, place, getattr(torch, dtype))]
    if not results:
        raise _Refused("no proof could be run")
    ground = _ground(place, dtype)
    if output_format == "json":
        click.echo(json.dumps({**ground, "proofs": [_as_json(one) for one in results]}, indent=2))
    else:
        click.echo("\n".join(_text(ground, results)))
    return int(any(_unproven(one) for one in results))


@dataclass(frozen=True)
class _Row:
    """A proof's result, and what became of the code that its rule's fixes make; None where they make none."""

    result: Result
    mended: MendResult | None

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Both, as far as there are two."""
        return (self.result.verdict, *((self.mended.verdict,) if self.mended is not None else ()))


def _run(one: Proof | Record, place: torch.device, dtype: torch.dtype) -> Iterator[_Row]:
    """The row of a proof; none, and a warning, for one that is not made as proofs are."""
    from attnlint.mended import run_mended
    from attnlint.proof import Verdict, run

    try:
        result = run(one, place, dtype)
        is_shown = result.verdict in (Verdict.HOLDS, Verdict.RECORDED)
        yield _Row(result, run_mended(one, place, dtype) if is_shown else None)
    except Exception as error:
        package = discover()[one.code].__module__.partition(".")[0]
        warnings.warn(told(f"the proof {one.title!r} of {one.code}", error, package), BrokenRules, stacklevel=2)


class _Refused(click.ClickException):
    exit_code = 2


def _require_torch() -> None:
    try:
        import torch  # noqa: F401
    except ImportError as error:
        if error.name == "torch":
            raise _Refused(INSTALL) from None
        raise _Refused(f"torch cannot be imported: {error}") from error


def _device(name: str) -> torch.device:
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise _Refused("--device cuda: torch sees no CUDA device here")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def _load(codes: Sequence[str]) -> tuple[Proof | Record, ...]:
    from attnlint.proof import load_proofs

    try:
        return load_proofs(codes)
    except UnknownCode as error:
        raise _Refused(f"no proof has the code {error}; 'attnlint prove' runs them all") from None


def _ground(place: torch.device, dtype: str) -> dict[str, str]:
    """What the results stand on: the torch version, the device and the dtype."""
    import torch

    gpu = f" ({torch.cuda.get_device_name(place)})" if place.type == "cuda" else ""
    return {"torch": torch.__version__, "device": f"{place.type}{gpu}", "dtype": dtype}


def _unproven(row: _Row) -> bool:
    """Whether a result leaves something to be shown: it fails or was skipped."""
    from attnlint.proof import Verdict

    return any(verdict in (Verdict.FAILS, Verdict.SKIPPED) for verdict in row.verdicts)


# Text


def _text(ground: dict[str, str], results: Sequence[_Row]) -> Iterator[str]:
    rows = [_row(one) for one in results]
    widths = [max(map(len, column)) for column in zip(HEADER, *rows, strict=True)]
    yield _aligned(HEADER, widths)
    for row, one in zip(rows, results, strict=True):
        yield _aligned(row, widths)
        yield from (f"    {note}" for note in _notes(one))
    yield ""
    yield _summary(ground, results)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(row: _Row) -> tuple[str, ...]:
    from attnlint.proof import ProofResult

    result, verdict = row.result, _worst(row.verdicts).value
    if isinstance(result, ProofResult):
        proof = result.proof
        invariant = f"{proof.invariant.name} ({proof.invariant.unit})"
        figures = (_figure(result.buggy), _figure(result.fixed), _mended(row), f"> {proof.margin:g}")
        return (proof.code, proof.title, invariant, *figures, verdict)
    record = result.record
    agreements = (_agreement(one.buggy for one in result.outcomes), _agreement(one.fixed for one in result.outcomes))
    return (record.code, record.title, "same on every backend", *agreements, _mended(row), "", verdict)


def _worst(verdicts: Sequence[Verdict]) -> Verdict:
    from attnlint.proof import Verdict

    order = (Verdict.FAILS, Verdict.SKIPPED, Verdict.RECORDED, Verdict.HOLDS)
    return min(verdicts, key=order.index)


def _mended(row: _Row) -> str:
    from attnlint.proof import ProofResult, Verdict

    mended = row.mended
    if mended is None:
        return BY_HAND if row.result.verdict in (Verdict.HOLDS, Verdict.RECORDED) else ""
    if isinstance(mended.result, ProofResult):
        return _figure(mended.result.fixed)
    return _agreement(one.fixed for one in mended.result.outcomes)


def _figure(measured: Measurement) -> str:
    if measured.error:
        return "raises"
    return f"{measured.value:.3g}" if math.isfinite(measured.value) else "not finite"


def _agreement(outcomes: Iterable[str]) -> str:
    from attnlint.proof import RAISES, UNAVAILABLE

    told = {"raises" if outcome.startswith(RAISES) else outcome for outcome in outcomes} - {UNAVAILABLE}
    if len(told) > 1:
        return "differs"
    return "raises" if "raises" in told else "agrees"


def _notes(row: _Row) -> Iterator[str]:
    from attnlint.proof import ProofResult

    result = row.result
    if isinstance(result, ProofResult):
        if result.buggy.error:
            yield f"buggy raises {result.buggy.error}"
    else:
        yield from _outcomes(result)
    if result.reason:
        yield f"{result.verdict.value}: {result.reason}"
    if row.mended is not None and row.mended.reason and row.mended.reason != result.reason:
        yield f"mended: {row.mended.verdict.value}: {row.mended.reason}"


def _outcomes(result: RecordResult) -> Iterator[str]:
    """A line for each thing that happens, after the backends on which it does."""
    backends: dict[tuple[str, str], list[str]] = {}
    for one in result.outcomes:
        backends.setdefault((one.buggy, one.fixed), []).append(one.backend)
    for (buggy, fixed), names in backends.items():
        yield f"{', '.join(names)}: {buggy if buggy == fixed else f'buggy {buggy}; fixed {fixed}'}"


_PLURALS = {"holds": "hold", "fails": "fail"}


def _summary(ground: dict[str, str], results: Sequence[_Row]) -> str:
    counts = Counter(_worst(one.verdicts).value for one in results)
    told = (f"{count} {_PLURALS.get(verdict, verdict) if count != 1 else verdict}" for verdict, count in counts.items())
    noun = "proof" if len(results) == 1 else "proofs"
    mended = sum(one.mended is not None for one in results)
    stood_on = f"torch {ground['torch']}, {ground['device']}, {ground['dtype']}"
    return f"{len(results)} {noun}: {', '.join(told)}; {mended} mended by fixes. {stood_on}"


# JSON


def _as_json(row: _Row) -> dict[str, Any]:
    from attnlint.proof import ProofResult

    result = row.result
    detail = _proof_json(result) if isinstance(result, ProofResult) else _record_json(result)
    told = {"verdict": result.verdict.value, "reason": result.reason or None}
    return {**detail, **told, "mended": _mended_json(row.mended) if row.mended is not None else None}


def _mended_json(mended: MendResult) -> dict[str, Any]:
    distance = mended.distance if mended.distance is not None and math.isfinite(mended.distance) else None
    return {"distance": distance, "verdict": mended.verdict.value, "reason": mended.reason or None}


def _proof_json(result: ProofResult) -> dict[str, Any]:
    proof = result.proof
    return {
        "code": proof.code,
        "title": proof.title,
        "invariant": proof.invariant.name,
        "unit": proof.invariant.unit,
        "buggy": _measurement_json(result.buggy),
        "fixed": _measurement_json(result.fixed),
        "margin": proof.margin,
        "tolerance": result.tolerance,
    }


def _measurement_json(measured: Measurement) -> dict[str, Any]:
    """JSON has no infinity: a value that is not finite is null."""
    return {"value": measured.value if math.isfinite(measured.value) else None, "error": measured.error}


def _record_json(result: RecordResult) -> dict[str, Any]:
    return {
        "code": result.record.code,
        "title": result.record.title,
        "outcomes": [{"backend": one.backend, "buggy": one.buggy, "fixed": one.fixed} for one in result.outcomes],
    }
