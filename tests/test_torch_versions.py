"""The releases of torch that a specifier allows, and what rules make of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from attnlint import Configuration, lint_source
from attnlint.rule import discover
from attnlint.torch_versions import UNKNOWN, TorchVersions

RELEASES = [f"{major}.{minor}.{micro}" for major in (1, 2) for minor in range(14) for micro in range(3)]


def test_nothing_is_known_of_projects_that_do_not_say() -> None:
    assert not UNKNOWN.may_be_before("99")
    assert not UNKNOWN.are_before("99")
    assert not UNKNOWN.are_from("0")


@pytest.mark.parametrize(
    ("specifier", "may_be_before", "are_before", "are_from"),
    [
        ("2.4", True, False, False),
        ("2.5", False, False, True),
        ("2.5.1+cu124", False, False, True),
        (">=2.1,<2.6", True, False, False),
        ("<2.5", True, True, False),
        ("<=2.5", True, False, False),
        ("<=2.4.1", True, True, False),
        ("==2.4.*", True, True, False),
        ("==2.5.*", False, False, True),
        ("==2.4.1", True, True, False),
        ("~=2.4.0", True, True, False),
        ("~=2.1", True, False, False),
        ("!=2.4.0", True, False, False),
        (">2.5", False, False, True),
    ],
)
def test_questions_about_a_release(specifier: str, may_be_before: bool, are_before: bool, are_from: bool) -> None:
    versions = TorchVersions.parse(specifier)
    assert versions.may_be_before("2.5") is may_be_before
    assert versions.are_before("2.5") is are_before
    assert versions.are_from("2.5") is are_from


CLAUSE = st.builds("{}{}".format, st.sampled_from(["<", "<=", ">=", "==", "~="]), st.sampled_from(RELEASES))


@given(st.lists(CLAUSE, min_size=1, max_size=3).map(",".join), st.sampled_from(RELEASES))
def test_the_answers_agree_with_the_releases_that_are_allowed(specifier: str, release: str) -> None:
    allowed = [one for one in RELEASES if SpecifierSet(specifier).contains(one)]
    try:
        versions = TorchVersions.parse(specifier)
    except ValueError:
        assert allowed == []
        return
    earlier, later = RELEASES[: RELEASES.index(release)], RELEASES[RELEASES.index(release) :]
    if versions.are_from(release):
        assert not set(allowed) & set(earlier)
    if versions.are_before(release):
        assert not set(allowed) & set(later)
    if set(allowed) & set(earlier):
        assert versions.may_be_before(release)


@pytest.mark.parametrize("text", ["banana", "2..1", ">=2.5,<2.4", ">=2.5,<2.5", "~=2", "===what", ">= "])
def test_what_allows_no_release_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"specifier|no release"):
        TorchVersions.parse(text)


HEADER = "import torch\nimport torch.nn.functional as F\n\n\n"
SCALED_TWICE = f"""{HEADER}def attend(q, k, v):
    q = q / q.size(-1) ** 0.5
    return F.scaled_dot_product_attention(q, k, v)
"""
GROUPED = f"""{HEADER}def attend(q, k, v, groups):
    B, H, T, D = q.shape
    return F.scaled_dot_product_attention(
        q, k.view(B, H // groups, T, D).repeat_interleave(groups, dim=1),
        v.view(B, H // groups, T, D).repeat_interleave(groups, dim=1),
    )
"""
KERNEL = f"""{HEADER}def attend(q, k, v):
    with torch.backends.cuda.sdp_kernel(enable_math=False):
        return F.scaled_dot_product_attention(q, k, v)
"""
BY_HAND = f"""{HEADER}def attend(x: torch.Tensor, heads: int):
    B, T, C = x.shape
    q = k = v = x.view(B, T, heads, C // heads).transpose(1, 2)
    return torch.softmax(q @ k.transpose(-2, -1)SCALE, dim=-1) @ v
"""


def found(text: str, code: str, torch: str | None) -> list[tuple[str, bool]]:
    """The messages of one rule, and whether there is a fix."""
    overrides: dict[str, object] = {"select": [code], **({"torch-version": torch} if torch is not None else {})}
    config = Configuration(overrides, isolated=True)
    return [(one.message, one.fix is not None) for one in lint_source(text, config=config)]


@pytest.mark.parametrize("torch", [None, "2.1", ">=2.3,<2.5"])
def test_a_scale_that_torch_has_is_offered(torch: str | None) -> None:
    ((_, is_fixable),) = found(SCALED_TWICE, "ATN104", torch)
    assert is_fixable


def test_a_scale_that_an_older_torch_lacks_is_not_written() -> None:
    ((_, is_fixable),) = found(SCALED_TWICE, "ATN104", ">=2.0")
    assert not is_fixable


@pytest.mark.parametrize(
    ("text", "code", "first", "before"),
    [
        (GROUPED, "ATN905", "2.5", "2.4"),
        (KERNEL, "ATN407", "2.3", "2.2"),
        (BY_HAND.replace("SCALE", " / (C // heads) ** 0.5"), "ATN901", "2.0", "1.13"),
        (BY_HAND.replace("SCALE", " * 0.3"), "ATN901", "2.1", "2.0"),
    ],
)
def test_no_advice_that_needs_a_newer_torch(text: str, code: str, first: str, before: str) -> None:
    ((message, _),) = found(text, code, None)
    assert found(text, code, first) == [(message, True)] == found(text, code, f"=={first}.*")
    assert found(text, code, before) == []
    assert found(text, code, f"<{first}") == []


def test_messages_speak_of_the_releases_that_are_supported() -> None:
    text = f"""{HEADER}def attend(x: torch.Tensor, heads: int):
    B, T, C = x.shape
    q = k = v = x.view(B, T, heads, C // heads).transpose(1, 2)
    mask = torch.tril(torch.ones(T, T, dtype=torch.bool), diagonal=-1)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
"""
    rows = {
        None: "is 0 since torch 2.5 and NaN before",
        "2.5": "is 0; a causal",
        "<2.5": "is NaN; a causal",
        "2.4": "is 0 since torch 2.5 and NaN before",
    }
    for torch, row in rows.items():
        ((message, _),) = found(text, "ATN206", torch)
        assert row in message


def test_messages_about_dtypes_speak_of_them_too() -> None:
    text = f"""{HEADER}def attend(q, k, v, mask):
    q, k, v = q.half(), k.half(), v.half()
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask.float())
"""
    effects = {
        None: "torch ≤ 2.1 raises; 2.13 casts the mask on every call",
        "2.0": "torch ≤ 2.1 raises; 2.13 casts the mask on every call",
        "<2.2": "torch ≤ 2.1 raises",
        "2.2": "torch 2.13 casts the mask on every call",
    }
    for torch, effect in effects.items():
        ((message, _),) = found(text, "ATN209", torch)
        assert message.endswith(f": {effect}")


def test_instances_of_rules_alone_know_of_a_project() -> None:
    Configuration({"torch-version": "2.0"}, isolated=True).checks("a.py")
    assert all(rule.torch == UNKNOWN for rule in discover().values())
