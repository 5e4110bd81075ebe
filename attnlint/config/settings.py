"""The settings: one field each, from which the parser, its messages, the command line, the JSON schema and the
documentation are made. To add a setting, add a field.
"""

from __future__ import annotations

from dataclasses import dataclass

from attnlint.config.kinds import (
    CodeList,
    CodesByGlob,
    FilePath,
    Flag,
    GlobList,
    Ignored,
    OneOf,
    OwnVersion,
    Seconds,
    TorchRange,
)
from attnlint.config.option import Option, option, options_of
from attnlint.output import formats
from attnlint.sources.discovery import EXCLUDED_FOLDERS, INCLUDED
from attnlint.sources.scope import Glob
from attnlint.torch_versions import UNKNOWN, TorchVersions

Codes = tuple[str, ...]
Globs = tuple[Glob, ...]

_RULES, _FILES, _FIXES, _RUN = "Rules", "Files", "Fixes", "The run"


@dataclass(frozen=True)
class Settings:
    """What holds for one file. Plain data: it can be compared, hashed and sent to another process."""

    select: Codes | None = option(
        _RULES,
        CodeList(),
        None,
        "The rules that are reported, in place of those that are on by default. Codes (`ATN101`), beginnings of codes "
        "(`ATN1`) and names (`missing-scale`) are understood. Of `select` and `ignore`, what names more of a code "
        "counts: with `ATN2` selected and `ATN204` ignored, all of ATN2xx but ATN204 is reported. A nearer `select` "
        "begins anew: nothing that other places select or ignore counts any more.",
        example=["ATN1", "ATN2", "prefer-sdpa"],
        replaces=("extend-select", "ignore"),
    )
    extend_select: Codes = option(
        _RULES,
        CodeList(),
        (),
        "Rules that are reported besides. They are added to those that are selected or on by default.",
        example=["ATN901", "ATN905"],
        adds=True,
        opposes=("ignore",),
    )
    ignore: Codes = option(
        _RULES,
        CodeList(may_be_removed=True),
        (),
        "Rules that are not reported. What several places ignore adds up.",
        example=["ATN301"],
        adds=True,
        opposes=("select", "extend-select"),
    )
    per_file_ignores: Ignored = option(
        _RULES,
        CodesByGlob(),
        (),
        "Rules that are not reported in some files. Patterns are as in .gitignore files, relative to the configuration "
        "file; with `!` before it, a pattern means all files that it does not match. What several patterns and several "
        "places say adds up. On the command line: `--per-file-ignores PATTERN:CODE`.",
        example={"tests/": ["ATN402"], "!src/model/": ["ATN9"]},
        adds=True,
    )
    preview: bool = option(
        _RULES,
        Flag(),
        False,
        "Report rules that are new and may still change. Without it they are not reported, selected or not.",
        example=True,
    )
    torch_version: TorchVersions = option(
        _RULES,
        TorchRange(),
        UNKNOWN,
        "The releases of torch that the code is to run on. A version specifier, or the oldest release that is "
        'supported: `"2.4"` is short for `">=2.4"`. Advice that needs a newer release is not given: no `enable_gqa` '
        "before 2.5, no `scale=` before 2.1; and messages speak of these releases alone. Without it, rules speak of "
        "all releases since 2.0.",
        example=">=2.1",
    )
    exclude: Globs = option(
        _FILES,
        GlobList(),
        tuple(map(Glob, sorted(EXCLUDED_FOLDERS))),
        "Files and folders that a search passes over. Patterns are as in .gitignore files, relative to the "
        "configuration file. It replaces the usual ones: `extend-exclude` adds to them. What is named on the command "
        "line is checked all the same, unless `force-exclude` is set.",
        example=["build", "third_party/", "*_generated.py"],
    )
    extend_exclude: Globs = option(
        _FILES,
        GlobList(),
        (),
        "Files and folders that a search passes over besides. They are added to `exclude`.",
        example=["third_party/"],
        adds=True,
    )
    include: Globs = option(
        _FILES,
        GlobList(),
        tuple(map(Glob, INCLUDED)),
        "The files that a search takes. Patterns are as in .gitignore files, relative to the configuration file. What "
        "is named on the command line is checked whatever it is called.",
        example=["src/**/*.py"],
    )
    respect_gitignore: bool = option(
        _FILES,
        Flag(),
        True,
        "Pass over what git ignores. `.gitignore` files count from the root of the repository down.",
        example=False,
    )
    force_exclude: bool = option(
        _FILES,
        Flag(),
        False,
        "Pass over excluded files even if they are named. Set it under pre-commit, which names every file that was "
        "changed.",
        example=True,
    )
    unsafe_fixes: bool = option(
        _FIXES,
        Flag(),
        False,
        "With `--fix` or `--diff`, make the unsafe fixes too, which change numbers.",
        example=True,
        of_run=True,
    )
    show_fixes: bool = option(
        _FIXES,
        Flag(),
        False,
        "List the fixes that were made, and those that were not and why.",
        example=True,
        of_run=True,
    )
    fixable: Codes | None = option(
        _FIXES,
        CodeList(),
        None,
        "The rules whose fixes are made. All of them unless this is set; of `fixable` and `unfixable`, what names more "
        "of a code counts.",
        example=["ATN1"],
        replaces=("unfixable",),
    )
    unfixable: Codes = option(
        _FIXES,
        CodeList(may_be_removed=True),
        (),
        "Rules whose fixes are never made. They are reported, and the message still says what to do.",
        example=["ATN204"],
        adds=True,
        opposes=("fixable",),
    )
    extend_safe_fixes: Codes = option(
        _FIXES,
        CodeList(may_be_removed=True),
        (),
        "Rules whose unsafe fixes count as safe. `--fix` makes them.",
        example=["ATN204"],
        adds=True,
        opposes=("extend-unsafe-fixes",),
    )
    extend_unsafe_fixes: Codes = option(
        _FIXES,
        CodeList(may_be_removed=True),
        (),
        "Rules whose safe fixes count as unsafe. `--fix` makes them with `--unsafe-fixes` alone. Of a code that counts "
        "as both, what names more of it decides, and else it is unsafe.",
        example=["ATN402"],
        adds=True,
        opposes=("extend-safe-fixes",),
    )
    output_format: str = option(
        _RUN, OneOf(formats), "full", "How findings are printed.", example="concise", of_run=True
    )
    baseline: str | None = option(
        _RUN,
        FilePath(),
        None,
        "The file of findings that are known and not reported. Relative to the configuration file, in whose folder it "
        "has to lie. `--baseline FILE` on the command line names another one, and `--no-baseline` none.",
        example="attnlint-baseline.json",
        of_run=True,
        has_own_flag=True,
    )
    cache_dir: str | None = option(
        _RUN,
        FilePath(),
        None,
        "The folder that keeps what was found, for the next run. Relative to the configuration file, in whose folder "
        "it has to lie. Without it, `ATTNLINT_CACHE_DIR` names the folder, or else it is where the system keeps what "
        "programs can do without (`~/.cache/attnlint`). `--no-cache` on the command line keeps and reads nothing.",
        example=".attnlint_cache",
        of_run=True,
    )
    time_limit: float = option(
        _RUN,
        Seconds(),
        60,
        "How long one file may take, in seconds. One that takes longer is not analysed: a line on standard error says "
        "so, nothing that was found in it is reported, and the exit status is 2. Real files take a few seconds at "
        "most, so this ends only what would go on for ever. With `--fix` and its like it holds for each look at the "
        "file, and all of them together may take ten times as long. 0 is no limit.",
        example=300,
    )
    required_version: str | None = option(
        _RUN,
        OwnVersion(),
        None,
        "The releases of attnlint that may be used. Any other one is an error.",
        example=">=0.1",
        in_files_alone=True,
    )
    extend: str | None = option(
        _RUN,
        FilePath(may_lead_out=True),
        None,
        "A configuration file that this one builds on. What is set here counts before what is set there; paths and "
        "patterns there are relative to that file.",
        example="../pyproject.toml",
        in_files_alone=True,
    )


OPTIONS: tuple[Option, ...] = options_of(Settings)
"""All settings, in the order in which they are explained."""
BY_KEY = {one.key: one for one in OPTIONS}
COUNTING = tuple(
    one
    for one in OPTIONS
    if one.key == "time-limit" or (one.group in (_RULES, _FIXES) and not one.of_run and one.key != "per-file-ignores")
)
"""Those that decide what is found in a file; what its patterns ignore in it comes on top."""


def hint(key: str) -> str:
    """What was probably meant by a key that is no setting's."""
    from difflib import get_close_matches

    near = get_close_matches(key.lower().replace("_", "-"), BY_KEY, 1)
    return f"did you mean `{near[0]}`?" if near else '"attnlint config" lists them all.'
