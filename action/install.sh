#!/usr/bin/env bash
# Install attnlint into an environment of its own, which leaves the project's alone.
#
# INPUT_PYTHON   the Python to use; empty for the one that is there
# INPUT_VERSION  a version on PyPI, "latest", or empty for the checkout that this script stands in
#
# Python is isolated (-I): it would import modules from the current folder otherwise, which holds the code to check.
set -euo pipefail

python="${INPUT_PYTHON:-}"
if [[ -z "$python" ]]; then
  python="$(command -v python3 || command -v python)"
fi

case "${INPUT_VERSION:-}" in
  "") what="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)" ;;
  latest) what="attnlint" ;;
  *[!0-9A-Za-z.+!]*)
    echo "::error title=attnlint::the input 'version' is no version"
    exit 2
    ;;
  *) what="attnlint==$INPUT_VERSION" ;;
esac

home="$RUNNER_TEMP/attnlint"
"$python" -I -m venv "$home"
programs="$home/bin"
if [[ -d "$home/Scripts" ]]; then
  programs="$home/Scripts"
fi
"$programs/python" -I -m pip install --quiet --disable-pip-version-check "$what"
echo "ATTNLINT=$programs/attnlint" >>"$GITHUB_ENV"
