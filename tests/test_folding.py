"""Findings in generated and copied code, folded under those of the original; shown and fixed."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from format_support import valid_rdjson, valid_sarif
from test_cli import places, run

from attnlint import folding, lint_paths
from attnlint.diagnostics import Diagnostic
from attnlint.folding import fold
from attnlint.modules import Files, Module, Modules

BERT = """\
import torch
from torch import nn


class BertSelfAttention(nn.Module):
    def forward(self, bert_q, k, v, mask):
        scores = bert_q @ k.transpose(-2, -1) / 8
        scores.masked_fill(mask == 0, float("-inf"))
        return torch.softmax(scores, dim=-1) @ v


def attend(q, k, v):
    scores = q @ k.transpose(-2, -1)
    return torch.softmax(scores, dim=-1) @ v
"""
HEADER = "# This file was automatically generated from src/pkg/bert/modular_bert.py.\n# Do NOT edit it.\n"
FIXED = BERT.replace("    scores.masked", "    scores = scores.masked").replace(
    "(-2, -1)\n", "(-2, -1) / q.size(-1) ** 0.5\n"
)


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(**files: str) -> None:
    for name, text in files.items():
        path = Path(name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def folded(*paths: str) -> list[str]:
    """What is reported, each with the places of its copies."""
    found = fold(lint_paths(paths or ["."]).diagnostics)
    return [
        " ".join([f"{each.path}:{each.span.line}", *(f"{copy.path}:{copy.span.line}" for copy in each.copies)])
        for each in found
    ]


def copied(comment: str, name: str = "NewSelfAttention") -> str:
    """The class of BERT alone, as a copy of another name under a comment."""
    return (
        BERT[: BERT.index("\n\ndef")]
        .replace("class BertSelf", f"# {comment}\nclass BertSelf")
        .replace("BertSelfAttention(", f"{name}(")
    )


class TestGenerated:
    def test_findings_that_repeat_the_original_are_folded(self) -> None:
        put(bert__modular_bert=BERT, bert__modeling_bert=HEADER + BERT)
        assert folded() == [
            "bert/modular_bert.py:8 bert/modeling_bert.py:10",
            "bert/modular_bert.py:13 bert/modeling_bert.py:15",
        ]

    def test_layout_does_not_matter(self) -> None:
        spread = BERT.replace("(mask == 0, ", "(\n            mask == 0,  # padding\n            ")
        put(bert__modular_bert=BERT, bert__modeling_bert=HEADER + spread)
        assert folded("bert")[0] == "bert/modular_bert.py:8 bert/modeling_bert.py:10"

    @pytest.mark.parametrize(
        ("old", "new"), [("mask == 0", "mask == 1"), ("BertSelf", "OtherSelf"), ("forward", "run")]
    )
    def test_what_differs_is_shown(self, old: str, new: str) -> None:
        put(bert__modular_bert=BERT, bert__modeling_bert=HEADER + BERT.replace(old, new))
        assert folded() == [
            "bert/modeling_bert.py:10",
            "bert/modular_bert.py:8",
            "bert/modular_bert.py:13 bert/modeling_bert.py:15",
        ]

    def test_what_the_original_does_not_have_is_shown(self) -> None:
        put(bert__modular_bert=FIXED, bert__modeling_bert=HEADER + BERT)
        assert folded() == ["bert/modeling_bert.py:10", "bert/modeling_bert.py:15"]

    def test_an_original_that_is_not_linted_hides_nothing(self) -> None:
        put(bert__modular_bert=BERT, bert__modeling_bert=HEADER + BERT)
        assert folded("bert/modeling_bert.py") == ["bert/modeling_bert.py:10", "bert/modeling_bert.py:15"]

    def test_a_second_equal_finding_is_no_copy(self) -> None:
        line = '        scores.masked_fill(mask == 0, float("-inf"))\n'
        put(bert__modular_bert=BERT, bert__modeling_bert=HEADER + BERT.replace(line, line * 2))
        assert folded()[:2] == ["bert/modeling_bert.py:11", "bert/modular_bert.py:8 bert/modeling_bert.py:10"]
        put(bert__modular_bert=BERT.replace(line, line * 2))
        assert folded()[:2] == [
            "bert/modular_bert.py:8 bert/modeling_bert.py:10",
            "bert/modular_bert.py:9 bert/modeling_bert.py:11",
        ]

    @pytest.mark.parametrize("where", ["src__pkg__bert__", "pkg__bert__", "installed__bert__", "renamed__"])
    def test_the_original_is_found_by_the_end_of_its_path_or_beside(self, where: str) -> None:
        put(**{f"{where}modular_bert": BERT, f"{where}modeling_bert": HEADER + BERT})
        assert len(folded()) == 2

    def test_a_file_of_the_same_name_elsewhere_is_another(self) -> None:
        put(a__modular_bert=BERT, b__modeling_bert=HEADER + BERT)
        assert len(folded()) == 4

    def test_the_likeliest_of_several_is_the_original(self) -> None:
        put(x__bert__modular_bert=BERT, src__pkg__bert__modular_bert=BERT, out__modeling_bert=HEADER + BERT)
        assert "src/pkg/bert/modular_bert.py:8 out/modeling_bert.py:10" in folded()

    def test_chains_end_at_the_first(self) -> None:
        put(a=BERT, b="# generated from a.py\n" + BERT, c="# generated from b.py\n" + BERT)
        assert folded() == ["a.py:8 b.py:9 c.py:9", "a.py:13 b.py:14 c.py:14"]

    def test_files_that_were_made_from_one_another(self) -> None:
        put(a="# generated from b.py\n" + BERT, b="# generated from a.py\n" + BERT)
        assert folded() == ["b.py:9 a.py:9", "b.py:14 a.py:14"]

    def test_a_file_that_was_made_from_itself(self) -> None:
        put(a="# generated from a.py\n" + BERT)
        assert folded() == ["a.py:9", "a.py:14"]


class TestInherited:
    """The original of a generated file inherits what the generated file spells out."""

    MODULAR = (
        "from ..bert.modeling_bert import BertSelfAttention, attend\n\n\n"
        "class NewSelfAttention(BertSelfAttention):\n    pass\n"
    )
    HEADER = "# This file was automatically generated from src/pkg/new/modular_new.py.\n"

    def test_findings_are_those_of_the_base(self) -> None:
        modeling = self.HEADER + BERT.replace("Bert", "New")
        put(pkg__bert__modeling_bert=BERT, pkg__new__modular_new=self.MODULAR, pkg__new__modeling_new=modeling)
        assert folded() == [
            "pkg/bert/modeling_bert.py:8 pkg/new/modeling_new.py:9",
            "pkg/bert/modeling_bert.py:13 pkg/new/modeling_new.py:14",
        ]

    def test_bases_by_absolute_imports(self) -> None:
        modular = self.MODULAR.replace("from ..bert", "from pkg.bert")
        modeling = self.HEADER + BERT.replace("Bert", "New")
        put(pkg__bert__modeling_bert=BERT, pkg__new__modular_new=modular, pkg__new__modeling_new=modeling)
        assert len(folded()) == 2

    @pytest.mark.parametrize(
        "modular", ["", "def (", "class NewSelfAttention(Base): pass\n", "from ........ import attend\n"]
    )
    def test_what_does_not_say_where_it_comes_from_folds_nothing(self, modular: str) -> None:
        modeling = self.HEADER + BERT.replace("Bert", "New")
        put(pkg__bert__modeling_bert=BERT, pkg__new__modular_new=modular, pkg__new__modeling_new=modeling)
        assert len(folded("pkg/bert", "pkg/new/modeling_new.py")) == 4


class TestCopied:
    """Definitions under a comment that says where they were copied from."""

    @pytest.mark.parametrize(
        "comment",
        [
            "Copied from pkg.bert.modeling_bert.BertSelfAttention",
            "Copied from pkg.bert.modeling_bert.BertSelfAttention with Bert->New",
            "Copied from bert/modeling_bert.py:BertSelfAttention",
        ],
    )
    def test_a_copied_class(self, comment: str) -> None:
        put(pkg__bert__modeling_bert=BERT, pkg__new=copied(comment))
        assert folded()[0] == "pkg/bert/modeling_bert.py:8 pkg/new.py:9"

    @pytest.mark.parametrize(("name", "number"), [("bert_mask", 2), ("new_mask", 2), ("other_mask", 3)])
    def test_names_are_replaced_as_the_comment_has_it(self, name: str, number: int) -> None:
        copy = copied("Copied from pkg.bert.modeling_bert.BertSelfAttention with Bert->New all-casing")
        put(
            pkg__bert__modeling_bert=BERT.replace("mask ==", "bert_mask =="),
            pkg__new=copy.replace("mask ==", f"{name} =="),
        )
        assert len(folded()) == number

    def test_a_copied_method(self) -> None:
        comment = "    # Copied from pkg.bert.modeling_bert.BertSelfAttention.forward\n    def forward"
        put(pkg__bert__modeling_bert=BERT, pkg__new=copied("", "Other").replace("    def forward", comment))
        assert folded()[0] == "pkg/bert/modeling_bert.py:8 pkg/new.py:10"

    def test_a_method_copied_under_another_name(self) -> None:
        comment = (
            "    # Copied from pkg.bert.modeling_bert.BertSelfAttention.forward with forward->_attend\n    def _attend"
        )
        put(pkg__bert__modeling_bert=BERT, pkg__new=copied("", "Other").replace("    def forward", comment))
        assert folded()[0] == "pkg/bert/modeling_bert.py:8 pkg/new.py:10"

    def test_a_package_is_its_init(self) -> None:
        put(pkg__bert__init=BERT, pkg__new=copied("Copied from pkg.bert.BertSelfAttention"))
        Path("pkg/bert/init.py").rename("pkg/bert/__init__.py")
        assert folded()[0] == "pkg/bert/__init__.py:8 pkg/new.py:9"

    def test_a_definition_of_the_same_file(self) -> None:
        put(m=BERT + "\n\n# Copied from attend\ndef attend_again" + BERT[BERT.index("(q, k, v)") :])
        assert folded() == ["m.py:8", "m.py:13 m.py:19"]

    @pytest.mark.parametrize(
        "comment",
        [
            "Copied from pkg.bert.modeling_bert.BertOtherAttention",
            "Copied from other.bert.modeling_bert.BertSelfAttention",
            "Copied from pkg.bert.modeling_albert.BertSelfAttention",
            "Adapted from pkg.bert.modeling_bert.BertSelfAttention",
        ],
    )
    def test_copies_of_something_else_are_shown(self, comment: str) -> None:
        put(pkg__bert__modeling_bert=BERT, pkg__new=copied(comment))
        assert len(folded()) == 3


class TestOutput:
    @pytest.fixture(autouse=True)
    def files(self) -> None:
        put(bert__modular_bert=BERT, bert__modeling_bert=HEADER + BERT)

    def test_full(self) -> None:
        result = run("--select=ATN204", "bert")
        assert result.returncode == 1
        assert "  = copies: also in 1 generated copy: bert/modeling_bert.py:10\n" in result.stdout
        assert result.stdout.splitlines()[-2] == "Found 1 error in 1 file; 2 files checked."

    def test_concise(self) -> None:
        put(bert__modeling_more=HEADER + BERT)
        [line] = run("--select=ATN204", "--output-format=concise", "bert").stdout.splitlines()
        assert line.startswith("bert/modular_bert.py:8:9: ATN204 ")
        assert line.endswith(" (also in 2 generated copies: bert/modeling_bert.py:10, bert/modeling_more.py:10)")

    def test_json(self) -> None:
        first, second = json.loads(run("--output-format=json", "bert").stdout)
        assert first["copies"] == [{"path": "bert/modeling_bert.py", "cell": None, "line": 10, "column": 9}]
        assert second["copies"] == [{"path": "bert/modeling_bert.py", "cell": None, "line": 15, "column": 14}]

    def test_the_formats_of_other_programs(self) -> None:
        def printed(name: str) -> str:
            return run("--select=ATN204", f"--output-format={name}", "bert").stdout

        remark = "(also in 1 generated copy: bert/modeling_bert.py:10)"
        for name in ("grouped", "github", "gitlab", "junit"):
            assert printed(name).count(remark) == 1, name
        (result,) = valid_sarif(printed("sarif"))["runs"][0]["results"]
        places = [place["physicalLocation"] for place in result["relatedLocations"]]
        assert places[-1]["artifactLocation"]["uri"] == "bert/modeling_bert.py"
        assert places[-1]["region"]["startLine"] == 10
        (diagnostic,) = valid_rdjson(printed("rdjson"))["diagnostics"]
        assert diagnostic["related_locations"][-1]["location"]["path"] == "bert/modeling_bert.py"

    def test_no_fold_shows_all(self) -> None:
        result = run("--no-fold", "--select=ATN204", "--output-format=concise", "bert")
        assert places(result.stdout) == ["bert/modeling_bert.py:10:9: ATN204", "bert/modular_bert.py:8:9: ATN204"]
        assert "also in" not in result.stdout

    def test_a_baseline_holds_every_copy(self) -> None:
        assert "holds 4 findings in 2 files" in run("--write-baseline", "bert").stderr
        for path in ("bert", "bert/modeling_bert.py"):
            assert run("--baseline", "attnlint-baseline.json", path).returncode == 0


class TestFixing:
    @pytest.fixture(autouse=True)
    def files(self) -> None:
        put(bert__modular_bert=BERT, bert__modeling_bert=HEADER + BERT)

    def test_the_original_is_fixed_and_the_copy_is_to_be_regenerated(self) -> None:
        result = run("--fix", "--unsafe-fixes", "--output-format=concise", "bert")
        assert Path("bert/modular_bert.py").read_text("utf-8") == FIXED
        assert Path("bert/modeling_bert.py").read_text("utf-8") == HEADER + BERT
        assert result.stderr == (
            "attnlint: bert/modeling_bert.py has copies of what was fixed in bert/modular_bert.py: regenerate it\n"
        )
        assert places(result.stdout) == ["bert/modeling_bert.py:10:9: ATN204", "bert/modeling_bert.py:15:14: ATN101"]
        assert result.returncode == 1

    def test_a_diff_shows_the_original_alone(self) -> None:
        result = run("--diff", "--unsafe-fixes", "bert")
        assert [line for line in result.stdout.splitlines() if line.startswith("+++")] == ["+++ bert/modular_bert.py"]
        assert "has copies of what would be fixed in bert/modular_bert.py" in result.stderr

    def test_a_copy_without_its_original_is_fixed(self) -> None:
        result = run("--fix", "--unsafe-fixes", "bert/modeling_bert.py")
        assert (result.returncode, result.stderr) == (0, "")
        assert Path("bert/modeling_bert.py").read_text("utf-8") == HEADER + FIXED

    def test_what_the_original_does_not_have_is_fixed_in_the_copy(self) -> None:
        more = BERT[BERT.index("\n\ndef attend") :].replace("attend", "more")
        put(bert__modeling_bert=HEADER + BERT + more)
        run("--fix", "--unsafe-fixes", "bert")
        text = Path("bert/modeling_bert.py").read_text("utf-8")
        assert text.startswith(HEADER + BERT)
        assert "q.size(-1) ** 0.5" in text[len(HEADER + BERT) :]

    def test_no_fold_fixes_all(self) -> None:
        result = run("--fix", "--unsafe-fixes", "--no-fold", "bert")
        assert (result.returncode, result.stderr) == (0, "")
        assert Path("bert/modeling_bert.py").read_text("utf-8") == HEADER + FIXED

    def test_without_a_fix_nothing_is_to_be_regenerated(self) -> None:
        assert run("--fix", "bert").stderr == ""


class TestManyOfOneName:
    """Files whose modules have one name, as every model of a library has its ``modeling.py``."""

    @staticmethod
    def sources(of: str, count: int) -> list[str]:
        copy = copied(f"Copied from {of}.BertSelfAttention with Bert->New")
        put(**{f"pkg{n:02}__modeling": copy for n in range(count)})
        put(bert__modeling=BERT)
        return ["bert", *(f"pkg{n:02}" for n in range(count))]

    @pytest.mark.parametrize("of", ["bert.modeling", "modeling"])
    def test_the_originals_are_found_among_them(self, of: str) -> None:
        (first, other) = folded(*self.sources(of, 5))
        assert first == "bert/modeling.py:8 " + " ".join(f"pkg{n:02}/modeling.py:9" for n in range(5))
        assert other == "bert/modeling.py:13"

    def test_the_module_of_a_file_is_told_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = lint_paths(self.sources("bert.modeling", 20)).diagnostics
        asked: list[str] = []

        def counting(path: str) -> str:
            asked.append(path)
            return absolute(path)

        absolute = os.path.abspath
        monkeypatch.setattr(os.path, "abspath", counting)
        assert len(fold(found)) == 2
        assert 0 < len(asked) < 5 * 21

    def test_the_nearest_is_found_without_a_look_at_all(self) -> None:
        asked: list[str] = []

        class Counting(Modules):
            def of(self, path: str) -> Module:
                asked.append(path)
                return super().of(path)

        paths = [f"pkg{n}/part{m}/modeling.py" for n in range(10) for m in range(10)]
        files = Files(Counting())
        for path in paths:
            files.add(path)
        for path in paths:
            near = files.named(("modeling",), path)
            assert next(near) == path
            assert next(near).startswith(path[:5])
        assert len(asked) < 5 * len(paths)

    def test_a_chain_of_copies_leads_to_its_beginning(self) -> None:
        put(pkg00__modeling=BERT)
        for n in range(1, 20):
            origin = f"pkg{n - 1:02}.modeling.BertSelfAttention"
            put(**{f"pkg{n:02}__modeling": copied(f"Copied from {origin}", "BertSelfAttention")})
        assert folded()[0] == "pkg00/modeling.py:8 " + " ".join(f"pkg{n:02}/modeling.py:9" for n in range(1, 20))

    def test_a_chain_of_copies_is_not_walked_again_for_each(self) -> None:
        asked: list[Diagnostic] = []

        class Links(dict[Diagnostic, Diagnostic]):
            def __contains__(self, key: object) -> bool:
                assert isinstance(key, Diagnostic)
                asked.append(key)
                return super().__contains__(key)

        put(a=BERT)
        one = lint_paths(["a.py"]).diagnostics[0]
        chain = [replace(one, path=f"{number}.py") for number in range(50)]
        links = Links(zip(chain[1:], chain, strict=False))
        assert {folding._first(each, links) for each in reversed(chain)} == {chain[0]}
        assert len(asked) < 4 * len(chain)
