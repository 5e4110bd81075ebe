"""``attnlint prove``: what it prints and how it exits."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from attnlint import proof
from attnlint.cli.prove import prove
from attnlint.proof import load_proofs


def run(*arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of the command, run inside this process."""
    result = CliRunner().invoke(prove, [*arguments, "--device", "cpu"], standalone_mode=False)
    if isinstance(result.exception, Exception):
        raise result.exception
    return result.return_value or 0, result.stdout, result.stderr


def attnlint(*arguments: str, without_torch: bool = False) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, as on a machine where torch is or is not installed."""
    hide = "sys.modules['torch'] = None; " if without_torch else ""
    program = f"import sys; {hide}from attnlint.cli import main; sys.exit(main())"
    command = [sys.executable, "-I", "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def test_the_table_has_a_row_for_each_proof() -> None:
    status, out, err = run("ATN103", "ATN402")
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert lines[0].split() == ["rule", "proof", "invariant", "(unit)", "buggy", "fixed", "mended", "margin", "verdict"]
    assert [line.split()[0] for line in lines[1:-2]] == ["ATN103"] * 4 + ["ATN402"] * 3
    assert all(line.endswith("  holds") for line in lines[1:-2])
    assert lines[-2:] == ["", f"7 proofs: 7 hold; 6 mended by fixes. torch {torch.__version__}, cpu, float32"]


def test_the_columns_are_aligned() -> None:
    _, out, _ = run("ATN103")
    header, *rows = out.splitlines()[:-2]
    for column in ("proof", "invariant", "buggy", "fixed", "mended", "margin", "verdict"):
        start = header.index(column)
        assert all(row[start - 1] == " " and row[start] != " " for row in rows)


def test_what_raises_is_told() -> None:
    _, out, _ = run("ATN107")
    assert (
        "    buggy raises RuntimeError: t() expects a tensor with <= 2 dimensions, but self is 4D" in out.splitlines()
    )


def test_records_list_the_backends() -> None:
    status, out, _ = run("ATN401")
    assert status == 0
    assert "    default, FLASH_ATTENTION: ANDs both" in out.splitlines()
    assert "    MATH: buggy raises RuntimeError: _scaled_dot_product_attention: Explicit attn_mask" in out
    assert "    EFFICIENT_ATTENTION, CUDNN_ATTENTION: unavailable" in out.splitlines()


def test_what_is_only_recorded_is_told_apart() -> None:
    status, out, _ = run("ATN209")
    assert status == 0
    assert "    recorded: no backend here minds" in out.splitlines()
    assert ": 3 hold, 1 recorded; " in out


def test_json_is_strict_and_complete() -> None:
    status, out, _ = run("ATN107", "ATN401", "--output-format", "json", "--dtype", "bfloat16")
    told: dict[str, Any] = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert status == 0
    assert (told["torch"], told["device"], told["dtype"]) == (torch.__version__, "cpu", "bfloat16")
    measured, recorded = told["proofs"][2], told["proofs"][-1]
    assert measured["buggy"]["value"] is None
    assert measured["buggy"]["error"].startswith("RuntimeError: t() expects")
    assert measured["fixed"] == {"value": 0.0, "error": None}
    assert set(measured) == {
        *("code", "title", "invariant", "unit", "buggy", "fixed", "margin", "tolerance", "verdict", "reason", "mended"),
    }
    assert set(recorded) == {"code", "title", "outcomes", "verdict", "reason", "mended"}
    assert measured["mended"]["verdict"] == "holds"
    assert recorded["mended"] is None
    assert recorded["outcomes"][0] == {"backend": "default", "buggy": "ANDs both", "fixed": "ANDs both"}


def test_a_proof_that_fails_is_explained_and_exits_1(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = [replace(one, buggy=one.fixed) for one in proof.load_proofs(["ATN105"])]
    monkeypatch.setattr(proof, "load_proofs", lambda codes: failing)
    status, out, _ = run()
    assert status == 1
    assert "    fails: the buggy one does not break the invariant: " in out
    assert "3 proofs: 3 fail; 0 mended by fixes. " in out


def test_a_skipped_proof_is_explained_and_exits_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*inputs: object) -> torch.Tensor:
        raise RuntimeError("\"bmm\" not implemented for 'Half'")

    holding, skipped = proof.load_proofs(["ATN105"])[:2]
    monkeypatch.setattr(proof, "load_proofs", lambda codes: [holding, replace(skipped, fixed=lacking)])
    status, out, _ = run("--dtype", "float16")
    assert status == 1
    assert (
        "    skipped: not supported here: the fixed one raises RuntimeError: \"bmm\" not implemented for 'Half'" in out
    )
    assert "2 proofs: 1 holds, 1 skipped; 1 mended by fixes. " in out


def test_all_proofs_hold_from_the_command_line() -> None:
    done = attnlint("prove", "--device", "cpu")
    assert (done.returncode, done.stderr) == (0, "")
    count = len(load_proofs())
    assert done.stdout.splitlines()[-1].startswith(f"{count} proofs: {count - 1} hold, 1 recorded; ")


def test_an_unknown_code_is_one_line() -> None:
    done = attnlint("prove", "ATN999")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: no proof has the code ATN999; 'attnlint prove' runs them all\n"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_cuda_without_a_gpu_is_one_line() -> None:
    done = attnlint("prove", "--device", "cuda")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: --device cuda: torch sees no CUDA device here\n"


@pytest.mark.parametrize("arguments", [(), ("ATN999",), ("--device", "cuda")])
def test_without_torch_one_line_says_how_to_get_it(arguments: tuple[str, ...]) -> None:
    done = attnlint("prove", *arguments, without_torch=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: prove runs PyTorch code, and torch is not installed: pip install 'attnlint[torch]'\n"
    )


def test_help_needs_no_torch() -> None:
    done = attnlint("prove", "--help", without_torch=True)
    assert done.returncode == 0
    assert "--device [cpu|cuda|auto]" in done.stdout


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_all_proofs_hold_on_cuda(dtype: str) -> None:
    done = attnlint("prove", "--device", "cuda", "--dtype", dtype)
    assert done.returncode == 0, done.stdout
