"""Where the program begins, as ``attnlint`` and as ``python -m attnlint``.

Until `main` has made sure of both, nothing is imported that a folder which is linted could hold, and a signal that ends
the program finds nobody to end it quietly: this module imports little.
"""

import os
import sys

import attnlint


def main() -> int:
    """Run the command line and return the exit status."""
    from attnlint import interruptions

    interruptions.listen()
    from attnlint.cli import main as run

    return run()


def _leave_the_current_folder() -> None:
    """Import nothing from the folder in which the program was started. ``python -m`` puts it before everything else,
    and it holds the code that is to be linted: a ``click.py`` there, or metadata that names rules, would be run.

    Where this package was itself imported from there, as in a checkout, that was the wish of whoever started it.
    """
    here = sys.path[0] if sys.path and not getattr(sys.flags, "safe_path", False) else None
    if here not in ("", os.getcwd()):
        return
    ours = os.path.dirname(os.path.dirname(os.path.abspath(attnlint.__file__)))
    if os.path.realpath(here or os.curdir) != os.path.realpath(ours):
        del sys.path[0]


if __name__ == "__main__":
    _leave_the_current_folder()
    sys.exit(main())
