"""The imports that fixes add: where, under what name, and when none can be added."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlint.diagnostics import Edit
from attnlint.fixes import fix_source
from attnlint.fixes.edits import edited
from attnlint.rule import discover, select
from attnlint.syntax.imports import insertion, is_free
from attnlint.syntax.outline import outline
from attnlint.syntax.text import SourceText

COPIES = """\
class Decoder(nn.Module):
    def __init__(self, dim, depth):
        super().__init__()
        layer = nn.TransformerEncoderLayer(dim, 4, batch_first=True)
        self.layers = nn.ModuleList([layer] * depth)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
"""


def with_import(text: str, statement: str = "import copy") -> str | None:
    source = SourceText.from_bytes("a.py", text.encode())
    found = insertion(outline(source), statement)
    return edited(source, [Edit(*found)]).decode() if found is not None else None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import torch\nx = 1\n", "import copy\n\nimport torch\nx = 1\n"),
        ("import math\nimport torch\n", "import copy\nimport math\nimport torch\n"),
        ("import abc\nimport math\n\nimport torch\n", "import abc\nimport copy\nimport math\n\nimport torch\n"),
        ("from abc import ABC\n\nimport torch\n", "import copy\nfrom abc import ABC\n\nimport torch\n"),
        ("import abc\nfrom abc import ABC\n", "import abc\nimport copy\nfrom abc import ABC\n"),
        (
            "from __future__ import annotations\nimport torch\n",
            "from __future__ import annotations\n\nimport copy\nimport torch\n",
        ),
        ('"""What it is."""\n\nx = 1\n', '"""What it is."""\n\nimport copy\n\nx = 1\n'),
        ("#!/usr/bin/env python\nx = 1\n", "#!/usr/bin/env python\nimport copy\n\nx = 1\n"),
        ("import abc; x = 1\nimport torch\n", "import abc; x = 1\nimport copy\nimport torch\n"),
        ("if x:\n    import abc\n", "import copy\n\nif x:\n    import abc\n"),
        ("def f():\n    pass\nimport abc\n", "import copy\n\ndef f():\n    pass\nimport abc\n"),
        ("@a\n@b\ndef f():\n    pass\n", "import copy\n\n@a\n@b\ndef f():\n    pass\n"),
        ("from . import a\n", "import copy\n\nfrom . import a\n"),
        ("import abc; x = '''\n'''\n", None),
    ],
)
def test_an_import_goes_to_its_group(before: str, after: str | None) -> None:
    assert with_import(before) == after


def test_packages_come_between_the_standard_library_and_the_own() -> None:
    assert (
        with_import("import numpy\nfrom . import a\n", "import torch")
        == "import numpy\nimport torch\nfrom . import a\n"
    )
    assert (
        with_import("import abc\nfrom . import a\n", "import torch") == "import abc\n\nimport torch\nfrom . import a\n"
    )


@given(
    st.lists(
        st.sampled_from(
            [
                '"""Text."""',
                "import abc",
                "import torch",
                "from . import own",
                "from os import path",
                "x = 1",
                "import zlib; y = 2",
                "if True:\n    import json",
                "# words",
                "",
                "@property\ndef f(): pass",
                "z = '''\n'''",
            ]
        ),
        max_size=8,
    ),
    st.sampled_from(["import copy", "import torch.nn.functional as F", "from torch import nn"]),
)
def test_the_module_stays_what_it_was_but_for_the_import(parts: list[str], statement: str) -> None:
    before = "".join(f"{part}\n" for part in parts)
    after = with_import(before, statement)
    if after is None:
        return
    had, has = (list(map(ast.dump, ast.parse(text).body)) for text in (before, after))
    new = ast.dump(ast.parse(statement).body[0])
    assert has.count(new) == had.count(new) + 1
    has.remove(new)
    assert sorted(has) == sorted(had)
    assert ast.get_docstring(ast.parse(after)) == ast.get_docstring(ast.parse(before))


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("x.copy()\n", True),
        ("f(copy=1)\n", True),
        ("'copy'  # copy\n", True),
        ("copy = 1\n", False),
        ("def f(copy): pass\n", False),
        ("from numpy import copy\n", False),
        ("import copy.deep\n", False),
        ("def copy(): pass\n", False),
        ("def f():\n    global copy\n", False),
    ],
)
def test_a_name_is_free_if_nothing_reads_or_binds_it(text: str, free: bool) -> None:
    assert is_free(outline(SourceText.from_bytes("a.py", text.encode())), "copy") is free


def mended(head: str) -> str:
    return fix_source(
        (head + COPIES).encode(), "a.py", select(discover(), ["ATN507"]), lambda found: True
    ).data.decode()


def test_a_fix_brings_its_import() -> None:
    copied = COPIES.replace("[layer] * depth", "[copy.deepcopy(layer) for _ in range(depth)]")
    assert mended("from torch import nn\n\n\n") == "import copy\n\nfrom torch import nn\n\n\n" + copied


def test_an_import_under_another_name_is_used() -> None:
    copied = COPIES.replace("[layer] * depth", "[clone(layer) for _ in range(depth)]")
    head = "from copy import deepcopy as clone\nfrom torch import nn\n\n\n"
    assert mended(head) == head + copied


def test_no_fix_where_the_name_means_something_else() -> None:
    head = "from torch import nn\n\ncopy = print\n\n"
    assert mended(head) == head + COPIES
