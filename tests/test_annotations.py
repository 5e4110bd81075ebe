"""Annotations that state shapes: what jaxtyping says of a parameter counts as if the code had unpacked it."""

from __future__ import annotations

import pytest

from attnlint import lint_source

SOURCE = """
import torch
from torch import Tensor
from jaxtyping import Float


class Scores(torch.nn.Module):
    def forward(self, query: Float[Tensor, "AXES"], key: Float[Tensor, "AXES"]):
        return query @ key.T
"""


@pytest.mark.parametrize(
    ("axes", "codes"),
    [
        ("batch heads tokens head_dim", ["ATN107"]),
        ("batch tokens 64", ["ATN107"]),
        ("tokens head_dim", []),
        ("... tokens head_dim", []),
        ("*batch tokens head_dim", []),
    ],
)
def test_a_stated_rank_is_known(axes: str, codes: list[str]) -> None:
    assert [found.code for found in lint_source(SOURCE.replace("AXES", axes))] == codes
