#!/usr/bin/env bash
# Fail the job where attnlint found something, or could not check something.
#
# EXIT_STATUS       that of attnlint; empty if it was never run
# INPUT_FAIL_ON_FINDINGS  "true" if findings are to fail the job
set -euo pipefail

case "${EXIT_STATUS:-2}" in
  0) exit 0 ;;
  1) [[ "$INPUT_FAIL_ON_FINDINGS" != true ]] ;;
  *) exit 2 ;;
esac
