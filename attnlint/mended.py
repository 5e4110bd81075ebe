"""The third way of a proof: the fixture's text as its rule's fixes leave it, executed.

A fix counts if it changes the buggy callable. What it leaves must hold the invariant like the fixed callable, and give
the same output from the same weights and inputs.
"""

from __future__ import annotations

import ast
import inspect
import sys
import warnings
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType

import torch

from attnlint.fixes import fix_source
from attnlint.invariants import Attention, equals_reference
from attnlint.proof import Proof, Record, Result, Verdict, evaluated, prepare, run, seeded
from attnlint.rule import discover


@dataclass(frozen=True)
class MendResult:
    """What the mended callable does: the proof with it in the place of the fixed one, and its distance from that."""

    result: Result
    distance: float | None
    """Largest difference from the fixed callable's output; None for a `Record`, which compares by itself."""
    verdict: Verdict
    reason: str = ""


def run_mended(
    proof: Proof | Record, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> MendResult | None:
    """Execute what fixes make of the buggy callable; None where no edit can be derived for it.

    Raises OSError where the fixture's text is not at hand.
    """
    attention = _mended(proof)
    if attention is None:
        return None
    result = run(replace(proof, fixed=attention), device, dtype)
    if isinstance(proof, Record) or result.verdict is not Verdict.HOLDS:
        return MendResult(result, None, result.verdict, result.reason)
    distance = _distance(proof, attention, torch.device(device), dtype)
    if distance <= proof.tolerance.of(dtype):
        return MendResult(result, distance, Verdict.HOLDS)
    return MendResult(result, distance, Verdict.FAILS, f"the mended one is {distance:.3g} from the fixed one")


def _distance(proof: Proof, attention: Attention, device: torch.device, dtype: torch.dtype) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with seeded():
            fixed, _ = prepare(proof, proof.fixed, device, dtype)
        with seeded():
            built, inputs = prepare(proof, attention, device, dtype)
            return equals_reference(evaluated(fixed))(evaluated(built), *inputs).value


def _mended(proof: Proof | Record) -> Attention | None:
    path, name = inspect.getsourcefile(proof.buggy), proof.buggy.__name__
    if path is None:
        raise OSError(f"the text of {name} is not at hand")
    before, module, after = _fixed_module(path, proof.code)
    if _texts(before).get(name) == _texts(after).get(name):
        return None
    attention: Attention = getattr(module, name)
    return attention


@cache
def _fixed_module(path: str, code: str) -> tuple[str, ModuleType, str]:
    """A fixture's text, and the module that it is once all fixes of one rule are made, with its text."""
    data = Path(path).read_bytes()
    fixed = fix_source(data, path, [discover()[code]], lambda diagnostic: True).data.decode("utf-8")
    module = ModuleType(f"{__name__}_{Path(path).stem}")
    module.__file__ = path
    sys.modules[module.__name__] = module  # dataclasses look their module up
    exec(compile(fixed, path, "exec"), module.__dict__)
    return data.decode("utf-8"), module, fixed


@cache
def _texts(text: str) -> dict[str, str]:
    """The text of every class and function of a module."""
    return {
        node.name: ast.get_source_segment(text, node) or ""
        for node in ast.parse(text).body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef))
    }
