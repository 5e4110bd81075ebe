"""Every fixture's bug is measured, its mend holds, and a proof that proves nothing fails."""

from __future__ import annotations

import inspect
import math
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attnlint.diagnostics import Tier
from attnlint.invariants import causal, equals_reference, exact_attention, runs
from attnlint.mended import run_mended
from attnlint.proof import (
    ROUNDING,
    UNAVAILABLE,
    Proof,
    ProofResult,
    Record,
    RecordResult,
    Verdict,
    load_proofs,
    normal,
    run,
)
from attnlint.rule import UnknownCode, discover

PROOFS = load_proofs()
DTYPES = (torch.float32, torch.float16, torch.bfloat16)
CODES = {code for code in discover() if not code.startswith("ATN0")}
FOLDER = Path(inspect.getfile(PROOFS[0].buggy)).parent
FIXTURES = sorted(path for path in FOLDER.glob("*.py") if path.stem != "__init__")


def name(value: object) -> str | None:
    if isinstance(value, (Proof, Record)):
        return f"{value.code}: {value.title}"
    return str(value).removeprefix("torch.") if isinstance(value, torch.dtype) else None


def holds(proof: Proof | Record, device: str, dtype: torch.dtype) -> None:
    result = run(proof, device, dtype)
    if result.verdict is Verdict.SKIPPED:
        pytest.skip(result.reason)
    only_recorded = isinstance(proof, Record) and not proof.must_differ
    allowed = {Verdict.HOLDS, Verdict.RECORDED} if only_recorded else {Verdict.HOLDS}
    assert result.verdict in allowed, result.reason


@pytest.mark.parametrize("dtype", DTYPES, ids=name)
@pytest.mark.parametrize("proof", PROOFS, ids=name)
def test_it_holds(proof: Proof | Record, dtype: torch.dtype) -> None:
    holds(proof, "cpu", dtype)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("dtype", DTYPES, ids=name)
@pytest.mark.parametrize("proof", PROOFS, ids=name)
def test_it_holds_on_cuda(proof: Proof | Record, dtype: torch.dtype) -> None:
    holds(proof, "cuda", dtype)


@pytest.mark.parametrize("proof", PROOFS, ids=name)
def test_it_fails_with_buggy_and_fixed_swapped(proof: Proof | Record) -> None:
    if isinstance(proof, Record) and not proof.must_differ:
        pytest.skip("claims no difference here")
    assert run(replace(proof, buggy=proof.fixed, fixed=proof.buggy)).verdict is Verdict.FAILS


@pytest.mark.parametrize("proof", PROOFS, ids=name)
def test_it_fails_without_a_bug(proof: Proof | Record) -> None:
    if isinstance(proof, Record) and not proof.must_differ:
        pytest.skip("claims no difference here")
    assert run(replace(proof, buggy=proof.fixed)).verdict is Verdict.FAILS


@pytest.mark.parametrize("proof", PROOFS, ids=name)
def test_it_fails_without_a_mend(proof: Proof | Record) -> None:
    if isinstance(proof, Record) and not proof.must_differ:
        pytest.skip("claims no difference here")
    assert run(replace(proof, fixed=proof.buggy)).verdict is Verdict.FAILS


@pytest.mark.parametrize("proof", [proof for proof in PROOFS if isinstance(proof, Proof)], ids=name)
def test_its_margin_and_tolerance_are_far_apart(proof: Proof) -> None:
    result = run(proof)
    assert isinstance(result, ProofResult)
    assert result.buggy.value > 1.2 * proof.margin
    assert result.fixed.value <= result.tolerance / 2
    if proof.margin:
        assert all(proof.margin > 2 * proof.tolerance.of(dtype) for dtype in DTYPES)


def test_every_rule_is_proven_in_several_spellings() -> None:
    spellings = defaultdict(set)
    for proof in PROOFS:
        spellings[proof.code].add(proof.buggy)
    assert set(spellings) == CODES
    assert all(len(buggy) >= 3 for buggy in spellings.values())


# Fixtures are marked where the linter must report, and every marked spelling is executed


def marks(text: str) -> list[str]:
    return re.findall(r"  # expect: (\S+)$", text, re.MULTILINE)


@pytest.mark.parametrize("proof", PROOFS, ids=name)
def test_the_buggy_code_is_marked_and_the_fixed_not(proof: Proof | Record) -> None:
    assert set(marks(inspect.getsource(proof.buggy))) == {proof.code}
    assert marks(inspect.getsource(proof.fixed)) == []


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_every_mark_of_a_fixture_is_proven(path: Path) -> None:
    code = marks(path.read_text("utf-8"))[0]
    executed = {proof.buggy for proof in load_proofs([code])}
    marked = [mark for buggy in executed for mark in marks(inspect.getsource(buggy))]
    assert marks(path.read_text("utf-8")) == [code] * len(marked)
    assert {inspect.getsourcefile(buggy) for buggy in executed} == {str(path)}


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_a_fixture_names_its_rule(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith(f'"""{marks(text)[0]} {path.stem.replace("_", "-")}: ')


# Which proofs


def test_proofs_are_chosen_by_prefix() -> None:
    assert {proof.code for proof in load_proofs(["ATN10"])} == {code for code in CODES if code.startswith("ATN10")}
    assert {proof.code for proof in load_proofs(["atn201", "ATN4"])} == {"ATN201"} | {
        code for code in CODES if code.startswith("ATN4")
    }
    assert [proof.code for proof in PROOFS] == sorted(proof.code for proof in PROOFS)


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(UnknownCode, match="ATN999"):
        load_proofs(["ATN101", "ATN999"])


# What a proof does with fixtures that misbehave


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(query, key, value)


def attend_causally(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(query, key, value, is_causal=True)


def raising(text: str) -> Any:
    def refuse(*inputs: Tensor) -> Tensor:
        raise RuntimeError(text)

    return refuse


PROOF = Proof(
    code="ATN000",
    title="no causality",
    buggy=attend,
    fixed=attend_causally,
    inputs=normal(*3 * [(2, 4, 8, 16)]),
    invariant=causal((0, 1, 2)),
    margin=0.1,
)


def test_the_example_holds() -> None:
    result = run(PROOF)
    assert (result.verdict, result.reason) == (Verdict.HOLDS, "")


def test_a_bug_below_the_margin_fails() -> None:
    result = run(replace(PROOF, margin=1e3))
    assert result.verdict is Verdict.FAILS
    assert "does not break the invariant" in result.reason


def test_a_mend_that_raises_fails() -> None:
    result = run(replace(PROOF, fixed=raising("out of heads")))
    assert (result.verdict, result.reason) == (Verdict.FAILS, "the fixed one raises RuntimeError: out of heads")


def test_a_bug_that_raises_proves_nothing_unless_that_is_the_bug() -> None:
    proof = replace(PROOF, buggy=raising("out of heads"))
    assert run(proof).reason == "the buggy one raises something else: RuntimeError: out of heads"
    assert run(replace(proof, raises="out of memory")).verdict is Verdict.FAILS
    assert run(replace(proof, raises="of heads")).verdict is Verdict.HOLDS


@pytest.mark.parametrize("side", ["buggy", "fixed"])
def test_a_missing_kernel_is_a_skip_and_is_shown(side: str) -> None:
    lacking = raising("\"softmax_kernel\" not implemented for 'Half'")
    proof = replace(PROOF, buggy=lacking) if side == "buggy" else replace(PROOF, fixed=lacking)
    result = run(proof, dtype=torch.float16)
    assert result.verdict is Verdict.SKIPPED
    assert result.reason.startswith(f"not supported here: the {side} one raises RuntimeError: ")


def test_inputs_that_cannot_be_drawn_fail() -> None:
    result = run(replace(PROOF, inputs=raising("no inputs")))
    assert (result.verdict, result.reason) == (Verdict.FAILS, "the fixed one raises RuntimeError: no inputs")


def test_a_mend_that_is_not_finite_fails() -> None:
    result = run(replace(PROOF, fixed=lambda *heads: attend(*heads) * math.nan))
    assert result.verdict is Verdict.FAILS


def test_a_dtype_without_a_tolerance_is_refused() -> None:
    with pytest.raises(ValueError, match="float64"):
        run(PROOF, dtype=torch.float64)


class Noisy(nn.Module):
    """Draws random weights when it is built and random numbers when it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(16))

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return attend(query, key, value) * self.weight * torch.rand(()).to(value)


def test_the_random_state_is_kept_and_the_result_repeats() -> None:
    proof = replace(PROOF, buggy=Noisy, invariant=equals_reference(exact_attention), fixed=attend)
    torch.manual_seed(123)
    expected = torch.rand(3)
    torch.manual_seed(123)
    first = run(proof)
    assert torch.equal(torch.rand(3), expected)
    assert first == run(proof)


# What a record does


def attend_masked(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    mask = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool, device=query.device).tril()
    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)


def attend_doubly(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    mask = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool, device=query.device).tril()
    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=True)


RECORD = Record(
    code="ATN000",
    title="a mask and is_causal",
    buggy=attend_doubly,
    fixed=attend_masked,
    inputs=normal(*3 * [(2, 4, 8, 16)]),
)


def outcomes(result: object) -> dict[str, tuple[str, str]]:
    assert isinstance(result, RecordResult)
    return {outcome.backend: (outcome.buggy, outcome.fixed) for outcome in result.outcomes}


def test_a_record_lists_what_each_backend_does() -> None:
    result = run(RECORD)
    assert result.verdict is Verdict.HOLDS
    told = outcomes(result)
    assert list(told) == ["default", "MATH", "FLASH_ATTENTION", "EFFICIENT_ATTENTION", "CUDNN_ATTENTION"]
    assert told["default"] == ("as documented", "as documented")
    assert told["MATH"][0].startswith("raises RuntimeError: _scaled_dot_product_attention: Explicit attn_mask")
    assert told["EFFICIENT_ATTENTION"] == told["CUDNN_ATTENTION"] == (UNAVAILABLE, UNAVAILABLE)


def test_a_record_without_a_difference_fails_unless_it_claims_none() -> None:
    record = replace(RECORD, buggy=attend_causally)
    assert run(record).reason == "the buggy one is the same on every backend: as documented"
    recorded = run(replace(record, must_differ=False))
    assert (recorded.verdict, recorded.reason) == (Verdict.RECORDED, "no backend here minds")


def test_a_record_whose_mend_means_something_else_fails() -> None:
    result = run(replace(RECORD, fixed=attend))
    assert result.verdict is Verdict.FAILS
    assert "from the buggy one read as 'as documented'" in result.reason


def test_a_record_whose_mend_raises_fails() -> None:
    result = run(replace(RECORD, fixed=raising("out of heads")))
    assert result.reason == "the fixed one is not as read: raises RuntimeError: out of heads"


def test_a_record_whose_bug_never_reaches_sdpa_fails() -> None:
    result = run(replace(RECORD, buggy=raising("out of heads")))
    assert result.reason == "the buggy call cannot be read as 'as documented': RuntimeError: out of heads"


def test_a_result_that_no_reading_gives_is_told_with_its_distance() -> None:
    def half(query: Tensor, key: Tensor, value: Tensor, *rest: Any, **named: Any) -> Tensor:
        return exact_attention(query, key, value, *rest, **named) / 2

    result = run(replace(RECORD, readings={"halved": half}))
    assert result.verdict is Verdict.FAILS
    assert re.match(r"the fixed one is not as read: another result, \d\.\d+ from 'halved'", result.reason)


def test_a_record_is_skipped_where_a_kernel_is_missing() -> None:
    result = run(replace(RECORD, fixed=raising("\"bmm\" not implemented for 'BFloat16'")), dtype=torch.bfloat16)
    assert result.verdict is Verdict.SKIPPED


def test_normal_inputs_have_their_shapes_and_variance() -> None:
    generator = torch.Generator().manual_seed(0)
    first, second = normal((400, 500), (3, 2), variance=3)(torch.device("cpu"), torch.float32, generator)
    assert (first.shape, second.shape) == ((400, 500), (3, 2))
    assert first.var().item() == pytest.approx(3, rel=0.02)
    assert runs()(lambda x: x, first).value == 0
    assert ROUNDING.of(torch.float32) < ROUNDING.of(torch.float16) < ROUNDING.of(torch.bfloat16)


# The third way: what fixes make of the buggy code


@pytest.mark.parametrize("proof", PROOFS, ids=name)
def test_what_fixes_make_of_the_bug_holds_and_is_the_fixed_one(proof: Proof | Record) -> None:
    mended = run_mended(proof)
    if mended is None:
        assert Tier.MANUAL in discover()[proof.code].tiers
    else:
        assert mended.verdict in (Verdict.HOLDS, Verdict.RECORDED), mended.reason


def test_every_rule_with_a_tier_mends_a_fixture() -> None:
    mended = {proof.code for proof in PROOFS if run_mended(proof) is not None}
    assert mended == {code for code in CODES if discover()[code].tiers - {Tier.MANUAL}}
