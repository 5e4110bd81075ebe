"""What fixes do to a whole folder of other people's code, on a copy.

    python benchmarks/fix_everything.py FOLDER

All fixes, safe and unsafe, are made in a copy of FOLDER. Then it is checked that each changed file parses, that no
finding of a code is left or new that was not there before, that every fixed finding is gone, that a second run changes
nothing, and that only lines changed which a fix edits. Prints the totals, and each exception; exits 1 if there is one.
"""

from __future__ import annotations

import argparse
import ast
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

from attnlint.diagnostics import Diagnostic
from attnlint.fixes import Fixed, fix_paths, write
from attnlint.rule import discover, select
from attnlint.syntax.text import SourceText


def everything(diagnostic: Diagnostic) -> bool:
    """All tiers."""
    return True


def exceptions(path: str, fixed: Fixed) -> Iterator[str]:
    """What is wrong with the fixes of one file."""
    after = SourceText.from_bytes(path, fixed.data)
    try:
        ast.parse(after.text)
    except (SyntaxError, ValueError) as error:
        yield f"does not parse: {error}"
    before, left = (Counter(d.code for d in found) for found in (fixed.found, fixed.left))
    made = Counter(d.code for d in fixed.made)
    for code in left:
        if left[code] > before[code]:
            yield f"new findings: {left[code] - before[code]} × {code}"
    for code in made:
        if left[code] > before[code] - made[code] and len(fixed.made) <= len(fixed.found):
            yield f"still found: {code}"
    yield from (f"line {number} changed for no fix" for number in strays(path, fixed))


def strays(path: str, fixed: Fixed) -> Iterator[int]:
    """Lines of the source that changed though no fix of the first pass edits them; later passes are not placed."""
    if len(fixed.made) > len(fixed.found):
        return
    edited = {
        line
        for diagnostic in fixed.found
        if diagnostic.fix is not None
        for edit in diagnostic.fix.edits
        for line in range(edit.span.line, edit.span.end_line + 1)
    }
    old, new = (SourceText.from_bytes(path, data).lines for data in (fixed.before, fixed.data))
    for tag, start, end, _, _ in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from (number for number in range(start + 1, max(end, start + 1) + 1) if number not in edited)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    rules = select(discover())
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / folder.name
        shutil.copytree(folder, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        report = fix_paths([copy], rules, everything, write)
        again = fix_paths([copy], rules, everything, write)
        told = [(path, reason) for path, fixed in report.fixed.items() for reason in exceptions(path, fixed)]
        told += [(path, "changed again") for path, fixed in again.fixed.items() if fixed.made]
        made = Counter(d.code for fixed in report.fixed.values() for d in fixed.made)
        refused = [(path, refusal) for path, fixed in report.fixed.items() for refusal in fixed.refused]
        print(f"{report.files} files, {sum(bool(f.made) for f in report.fixed.values())} changed")
        print(f"{sum(made.values())} findings fixed: {', '.join(f'{n} × {code}' for code, n in sorted(made.items()))}")
        print(f"{len(report.diagnostics)} findings left, {len(refused)} fixes refused, {len(report.problems)} problems")
        for path, refusal in refused:
            print(f"refused: {Path(path).relative_to(copy)}: {refusal.diagnostic.code}: {refusal.reason}")
        for path, reason in told:
            print(f"EXCEPTION: {Path(path).relative_to(copy)}: {reason}")
    return int(bool(told))


if __name__ == "__main__":
    sys.exit(main())
