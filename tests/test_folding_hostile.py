"""What hostile comments cost, and what cannot be read of the files that they name: no finding of anything else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from test_cli import places, run
from test_folding import BERT, FIXED, copied, folded, inside, put

from attnlint import inheritance, lint_paths
from attnlint.folding import fold
from attnlint.modules import Modules
from attnlint.syntax.limits import MAX_SOURCE
from attnlint.syntax.outline import ModuleOutline
from attnlint.syntax.text import SourceError, SourceText

__all__ = ["inside"]


class TestOriginsThatCannotBeRead:
    """Whatever a comment names, what is found in the file with the comment is reported."""

    def test_a_name_that_is_too_long(self) -> None:
        put(a=BERT, new=f"# generated from {'a' * 300}.py\n" + BERT)
        assert len(folded()) == 4
        assert len(places(run("--no-cache", "--output-format=concise", ".").stdout)) == 4

    def test_a_name_that_is_too_long_is_no_reason_to_stop_fixing(self) -> None:
        put(a=BERT, new=f"# generated from {'a' * 300}.py\n" + BERT)
        result = run("--fix", "--unsafe-fixes", ".")
        assert (result.returncode, result.stderr) == (0, "")
        assert Path("new.py").read_text("utf-8").endswith(FIXED)

    def test_a_folder_that_may_not_be_entered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refusing(path: str | os.PathLike[str], **options: bool) -> os.stat_result:
            if "closed" in os.fspath(path):
                raise PermissionError(13, "Permission denied", path)
            return stat(path, **options)

        stat = os.stat
        put(a=BERT, new="# generated from closed/origin.py\n" + BERT)
        found = lint_paths(["."]).diagnostics
        monkeypatch.setattr(os, "stat", refusing)
        assert len(fold(found)) == 4

    @pytest.mark.parametrize("content", [b"\xff", b"# coding: no-such\n", b"def (", b"a\0b", b"x = " + b"(" * 10_000])
    def test_a_file_that_is_no_python(self, content: bytes) -> None:
        put(a=BERT, new="# generated from origin.py\n" + BERT)
        Path("origin.py").write_bytes(content)
        assert len(folded("a.py", "new.py")) == 4

    @pytest.mark.parametrize("error", [SourceError(1, "wrong"), MemoryError(), RecursionError()])
    def test_a_file_that_is_too_much_for_the_parser(self, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
        def failing(source: SourceText) -> ModuleOutline:
            raise error

        put(a=BERT, origin="", new="# generated from origin.py\n" + BERT)
        found = lint_paths(["a.py", "new.py"]).diagnostics
        monkeypatch.setattr(inheritance, "outline", failing)
        assert len(fold(found)) == 4

    @pytest.mark.parametrize("size", [MAX_SOURCE + 1, 4 * MAX_SOURCE])
    def test_a_file_that_is_too_long_to_be_linted_is_not_read(self, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
        put(a=BERT, origin="x = 1\n" + "#" * size, new="# generated from origin.py\n" + BERT)
        found = lint_paths(["a.py", "new.py"]).diagnostics
        asked: list[str] = []
        monkeypatch.setattr(inheritance, "read", asked.append)
        assert (len(fold(found)), asked) == (4, [])

    def test_a_file_that_grows_while_it_is_looked_at(self, monkeypatch: pytest.MonkeyPatch) -> None:
        put(a=BERT, origin="from a import BertSelfAttention, attend", new="# generated from origin.py\n" + BERT)
        found = lint_paths(["a.py", "new.py"]).diagnostics
        assert len(fold(found)) == 2
        grown = Path("origin.py").read_bytes() + b"\n#" + b"#" * MAX_SOURCE
        monkeypatch.setattr(inheritance, "read", lambda path: grown)
        assert len(fold(found)) == 4

    @pytest.mark.parametrize("name", ["..py", "/.py", "../../../../../../../../../../../../..py", "-.py", "\\.py"])
    def test_a_name_of_little_more_than_a_suffix(self, name: str) -> None:
        put(a=BERT, new=f"# generated from {name}\n" + BERT)
        assert len(folded()) == 4
        assert Modules().of("..py")[-1] == "..py"


class TestRenamesThatNobodyWrote:
    """Renames that would take the memory or the time of a run."""

    @staticmethod
    def folded_with(renames: str) -> list[str]:
        text = BERT[: BERT.index("\n\ndef")].replace("scores", "cat")
        copy = text.replace("cat", "dog").replace("class ", f"# Copied from a.BertSelfAttention with {renames}\nclass ")
        put(a=text, b=copy)
        return folded()

    def test_names_that_double(self) -> None:
        assert len(self.folded_with(",".join(["a->aa"] * 45))) == 2

    def test_a_name_that_grows_at_once(self) -> None:
        assert len(self.folded_with(f"a->{'b' * 100_000},b->{'a' * 100_000}")) == 2

    def test_a_name_that_grows_and_shrinks_is_followed(self) -> None:
        assert self.folded_with("cat->mountain_lion,mountain_lion->dog") == ["a.py:8 b.py:9"]

    @pytest.mark.parametrize(("others", "number"), [(40, 1), (60, 2), (30_000, 2)])
    def test_what_is_renamed_after_many_others_is_not_followed(self, others: int, number: int) -> None:
        assert len(self.folded_with("zz->yy," * others + "cat->dog")) == number

    def test_many_renames_are_not_kept(self) -> None:
        self.folded_with("zz->yy," * 100)
        (found,) = lint_paths(["b.py"]).diagnostics
        assert [len(origin.renames) for origin in found.content.origins] == [50]


class TestCommentsThatNobodyWrote:
    """Comments whose length would take the time of a run."""

    @pytest.mark.parametrize("name", ["a/" * 50_000 + "b.py", "a." * 50_000 + "b", "../" * 40_000 + "b.py"])
    @pytest.mark.parametrize("comment", ["generated from", "Copied from"])
    def test_names_of_many_parts(self, name: str, comment: str) -> None:
        put(a=BERT, b=f"# {comment} {name}\n" + copied(f"{comment} {name}"))
        assert len(folded()) == 3

    @pytest.mark.parametrize(
        "comment",
        [
            "generated-from-" * 8_000,
            "generated from" + " " * 100_000 + "!",
            "Copied from" + " " * 100_000 + "!",
            "Copied from a.b with a->b" + " " * 100_000 + "!",
        ],
    )
    def test_comments_with_many_ways_to_read_them(self, comment: str) -> None:
        put(a=BERT, b=f"# {comment}\n" + copied(comment))
        assert len(folded()) == 3

    def test_blanks_do_not_matter(self) -> None:
        put(a=BERT, b=copied("  Copied  from \t a.BertSelfAttention   with  Bert->New ,  x  ->  y"))
        assert len(folded()) == 2
