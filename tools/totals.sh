#!/bin/sh
# SPDX-License-Identifier: MIT
# Adds up what tools/suite.sh has left in build/results: a line for each suite, with what passed at the
# second try only, and last a line "N passed, N failed".
#
#   tools/totals.sh FAILED_STEPS SUITE…
#
# A suite that did not run is one failure, and so are steps that failed when no test did. The status is
# 0 only when nothing failed.

results=$(cd "$(dirname "$0")/.." && pwd)/build/results
steps=$1
shift
passed=0 failed=0
for suite in "$@"; do
  if [ -f "$results/$suite" ]; then
    read -r good bad skipped again <"$results/$suite"
  else
    good=0 bad=1 skipped=0 again=
    echo "$suite did not run"
  fi
  printf '%-12s %5d passed, %d failed, %d skipped%s\n' "$suite" "$good" "$bad" "$skipped" \
    "${again:+, $again}"
  passed=$((passed + good)) failed=$((failed + bad))
done
[ "$failed" != 0 ] || failed=$steps
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$steps" = 0 ]
