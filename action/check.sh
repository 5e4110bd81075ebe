#!/usr/bin/env bash
# Run attnlint, and say what it found: annotations, a file for code scanning, a summary, outputs.
#
# ATTNLINT           the program
# INPUT_PATHS        files and folders, INPUT_ARGS further options: words, quoted as in a shell, never evaluated
# INPUT_ANNOTATIONS  "true" for annotations
# INPUT_SARIF        "true" for a file for code scanning
#
# Always exits with 0 once attnlint has run, so that what it found can be uploaded first; result.sh fails the job.
set -euo pipefail

# Read the words of a text into the array `words`. Quotes hold words together, and nothing else means anything.
split() {
  words=()
  local separated
  separated="$(mktemp "$RUNNER_TEMP/words.XXXXXX")"
  if ! printf '%s' "$2" | xargs printf '%s\0' >"$separated" 2>/dev/null; then
    echo "::error title=attnlint::a quote in the input '$1' is not closed"
    exit 2
  fi
  local word
  while IFS= read -r -d '' word; do
    if [[ -n "$word" ]]; then
      words+=("$word")
    fi
  done <"$separated"
}

# Lines of standard input as annotations without a place. No line can be taken for a command of the runner's.
annotate() {
  local line
  while IFS= read -r line; do
    line="${line//'%'/%25}"
    echo "::$1 title=attnlint::${line//$'\r'/%0D}"
  done
}

split paths "$INPUT_PATHS"
paths=(${words[@]+"${words[@]}"})
split args "$INPUT_ARGS"
args=(${words[@]+"${words[@]}"})

sarif=""
if [[ "$INPUT_SARIF" == true ]]; then
  sarif="$RUNNER_TEMP/attnlint.sarif"
  rm -f "$sarif"
  args+=(--report "sarif=$sarif")
fi

found="$RUNNER_TEMP/attnlint.txt"
problems="$RUNNER_TEMP/attnlint-problems.txt"
status=0
"$ATTNLINT" check ${args[@]+"${args[@]}"} --output-format github -- ${paths[@]+"${paths[@]}"} \
  >"$found" 2>"$problems" || status=$?
findings="$(grep -c '^::' "$found" || true)"

if [[ "$INPUT_ANNOTATIONS" == true ]]; then
  cat "$found"
fi
severity=warning
if ((status > 1)); then
  severity=error
fi
annotate "$severity" <"$problems"

if [[ -n "$sarif" ]]; then
  if [[ -s "$sarif" ]]; then
    echo "sarif-file=$sarif" >>"$GITHUB_OUTPUT"
  else
    echo "::error title=attnlint::no file for code scanning was made"
    status=2
  fi
fi

{
  echo "findings=$findings"
  echo "exit-status=$status"
} >>"$GITHUB_OUTPUT"

{
  echo "### attnlint"
  echo
  case "$status" in
    0) echo "Nothing found." ;;
    1) echo "Findings: $findings." ;;
    *) echo "Findings: $findings. Something could not be checked; the log says what." ;;
  esac
} >>"$GITHUB_STEP_SUMMARY"
