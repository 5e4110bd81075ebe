"""The tests on every Python that is installed, with nothing else of this machine: ``nox``, or ``nox -s tests-3.12``.

torch is not installed: the linter works without it, and what tests run with it is skipped here. `.ci/run` runs that.
"""

import nox

PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ("tests",)


@nox.session(python=PYTHONS, reuse_venv=True)
def tests(session: nox.Session) -> None:
    """Install the package, not the checkout, and run what takes no minute."""
    session.install(".[lint-tests]")
    session.run("pytest", "-m", "not slow", *session.posargs)
