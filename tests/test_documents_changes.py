"""Comments that ``--add-ignore`` writes in notebooks and prose, and the imports that fixes add there."""

from __future__ import annotations

import pytest
from test_documents import BUGGY, MARKDOWN, RST, everything
from test_imports import COPIES
from test_notebooks import cell, notebook, written

from attnlint import lint_source
from attnlint.diagnostics import Edit, Tier
from attnlint.documents.pieces import Rows
from attnlint.fixes import Fixed, fix_source, ignore_source
from attnlint.rule import discover, select

RULES = select(discover())
SHARED = select(discover(), ["ATN507"])


def ignored(data: str | bytes, path: str, reason: str = "") -> Fixed:
    return ignore_source(data.encode() if isinstance(data, str) else data, path, rules=RULES, reason=reason)


def silenced(text: str, reason: str = "") -> str:
    """The text with the comments that its two findings get."""
    for begin, code in (("scores = q @", "ATN101"), ("scores.masked_fill", "ATN204")):
        (line,) = (line for line in text.splitlines() if begin in line)
        text = text.replace(line, f"{line}  # attnlint: ignore[{code}]{reason}")
    return text


class TestIgnore:
    @pytest.mark.parametrize(("path", "text"), [("a.md", MARKDOWN), ("a.rst", RST), ("a.py", BUGGY)])
    @pytest.mark.parametrize("reason", ["", "as trained"])
    def test_prose_gets_comments_and_no_other_change(self, path: str, text: str, reason: str) -> None:
        result = ignored(text, path, reason)
        assert result.data.decode() == silenced(text, reason and f" -- {reason}")
        assert [found.code for found in result.made] == ["ATN101", "ATN204"]
        assert (result.left, result.refused, lint_source(result.data, path, RULES)) == ([], [], [])

    @pytest.mark.parametrize("as_list", [True, False])
    def test_so_do_cells(self, as_list: bool) -> None:
        def made(code: str) -> bytes:
            cells = (cell("import torch"), cell(["%matplotlib inline\n", "!ls"]))
            return written(notebook(*cells, cell(code.splitlines(keepends=True) if as_list else code)), ascii=True)

        result = ignored(made(BUGGY.rstrip("\n")), "a.ipynb")
        assert result.data == made(silenced(BUGGY.rstrip("\n")))
        assert [(found.cell, found.code) for found in result.made] == [(3, "ATN101"), (3, "ATN204")]

    def test_equal_places_in_two_cells_are_two(self) -> None:
        data = written(notebook(cell(BUGGY), cell(BUGGY)))
        result = ignored(data, "a.ipynb")
        assert [(found.cell, found.code) for found in result.made] == [
            (1, "ATN101"), (1, "ATN204"), (2, "ATN101"), (2, "ATN204"),
        ]  # fmt: skip
        assert result.data == written(notebook(cell(silenced(BUGGY)), cell(silenced(BUGGY))))

    def test_a_session_keeps_its_prompts(self) -> None:
        lines = BUGGY.splitlines()
        typed = [">>> " + lines[0], *((">>> " if line.startswith("def") else "... ") + line for line in lines[3:])]
        text = "```pycon\n" + "\n".join(typed) + "\n```\n"
        result = ignored(text, "a.md")
        assert len(result.made) == 2
        assert result.data.decode() == silenced(text)

    def test_where_no_comment_can_stand_it_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def placed(self: Rows, edit: Edit) -> Edit | str:
            return "the line is no plain Python" if "ATN101" in edit.replacement else usual(self, edit)

        usual = Rows.placed
        monkeypatch.setattr(Rows, "placed", placed)
        result = ignored(MARKDOWN, "a.md")
        assert [(one.diagnostic.code, one.reason) for one in result.refused] == [
            ("ATN101", "the line is no plain Python")
        ]
        assert [found.code for found in result.made] == ["ATN204"]
        assert [found.code for found in result.left] == ["ATN101"]

    def test_a_reason_has_to_fit_into_the_encoding(self) -> None:
        data = f"Old: caf\xe9\n\n```python\n{BUGGY}```\n".encode("latin-1")
        result = ignored(data, "a.md", "gepr\xfcft")
        assert result.data.count("gepr\xfcft".encode("latin-1")) == 2

    def test_a_comment_about_the_file_is_never_extended(self) -> None:
        head = "# attnlint: ignore-file[ATN101]\n"
        result = ignored(head + BUGGY, "a.py")
        assert result.data.decode().startswith(head)
        assert [found.code for found in result.made] == ["ATN204"]
        assert "float('-inf'))  # attnlint: ignore[ATN204]\n" in result.data.decode()


def with_copies(data: str | bytes, path: str) -> Fixed:
    return fix_source(data.encode() if isinstance(data, str) else data, path, SHARED, everything)


MENDED = COPIES.replace("[layer] * depth", "[copy.deepcopy(layer) for _ in range(depth)]")
IMPORTS = "import torch\nfrom torch import nn"


class TestImports:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ([IMPORTS, COPIES], [f"import copy\n\n{IMPORTS}", MENDED]),
            (["x = 1", COPIES], ["x = 1", f"import copy\n\n{MENDED}"]),
            (["x = 1", IMPORTS, COPIES], ["x = 1", f"import copy\n\n{IMPORTS}", MENDED]),
            ([f"def f(): pass\n{IMPORTS}", COPIES], [f"def f(): pass\n{IMPORTS}", f"import copy\n\n{MENDED}"]),
            (["import abc", COPIES, IMPORTS], ["import abc\nimport copy", MENDED, IMPORTS]),
            ([COPIES, "import abc"], [f"import copy\n\n{MENDED}", "import abc"]),
            ([f"%matplotlib inline\n{COPIES}"], [f"import copy\n\n%matplotlib inline\n{MENDED}"]),
            ([f"%%time\n{COPIES}"], [f"%%time\nimport copy\n\n{MENDED}"]),
        ],
    )
    def test_it_goes_to_a_cell_that_runs_before(self, before: list[str], after: list[str]) -> None:
        result = with_copies(written(notebook(*map(cell, before))), "a.ipynb")
        assert result.data == written(notebook(*map(cell, after)))

    @pytest.mark.parametrize("prefix", ["", "> ", "  "])
    def test_it_stays_in_a_block_with_its_prefix(self, prefix: str) -> None:
        def page(first: str, second: str) -> str:
            text = f"```py\n{first}\n```\n\nWords.\n\n```py\n{second}```\n"
            return "".join((prefix if line.strip() else prefix.rstrip()) + line for line in text.splitlines(True))

        for before, after in (
            ("import abc", "import abc\nimport copy"),
            ("import torch", "import copy\n\nimport torch"),
            ("from __future__ import annotations", "from __future__ import annotations\n\nimport copy"),
        ):
            assert with_copies(page(before, COPIES), "a.md").data.decode() == page(after, MENDED)
        assert with_copies(page("x = 1", COPIES), "a.md").data.decode() == page("x = 1", f"import copy\n\n{MENDED}")

    def test_in_a_session_it_is_left_to_people(self) -> None:
        lines = COPIES.rstrip("\n").splitlines()
        text = "```pycon\n>>> import torch\n>>> " + "\n... ".join(lines) + "\n```\n"
        (found,) = lint_source(text, "a.md", SHARED)
        assert found.fix is not None
        assert (found.fix.tier, found.fix.edits) == (Tier.MANUAL, ())
        assert found.fix.title.endswith("(by hand: each new line needs its prompt)")
