"""Fuzzing that is guided by coverage: libFuzzer, by way of atheris, feeds `judging.fault`.

    pip install '.[fuzz]' && python fuzz/guided.py [-max_total_time=600] [CORPUS]

atheris has wheels for Linux and some releases of Python alone, which is why it is an extra of its own. Options are
those of libFuzzer; what it finds of interest is kept in CORPUS, and a crash in a file ``crash-…`` of this folder. The
words of attention code are given to it as a dictionary.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]

with atheris.instrument_imports(include=["attnlint"]):
    from judging import fault

from inputs import PLANT, SEEDS, WORDS, Seeds


def one(data: bytes) -> None:
    """Judge one input; what is raised here ends the run."""
    found = fault("guided.py", data)
    if found is not None:
        raise RuntimeError(found)


def dictionary(folder: Path) -> Path:
    """The words as libFuzzer reads them."""
    path = folder / "words.dict"
    escaped = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in (*WORDS, PLANT))
    path.write_text("".join(f'"{word}"\n' for word in escaped if len(word) < 4 * 60), "ascii")
    return path


def main() -> None:
    """Run libFuzzer over the seeds."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "seeds").mkdir()
        for number, seed in enumerate(Seeds.below(SEEDS).python):
            (folder / "seeds" / str(number)).write_bytes(seed.data)
        corpora = [each for each in sys.argv[1:] if not each.startswith("-")] or [str(folder / "found")]
        Path(corpora[0]).mkdir(parents=True, exist_ok=True)
        options = [each for each in sys.argv[1:] if each.startswith("-")]
        usual = [f"-dict={dictionary(folder)}", "-max_len=20000", "-timeout=60", "-rss_limit_mb=0"]
        atheris.Setup([sys.argv[0], *usual, *options, *corpora, str(folder / "seeds")], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
