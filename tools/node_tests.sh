#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs files of node:test one after another, never side by side (they time heartbeats), and prints one
# TAP line per test case. Node's own TAP nests cases in suites; tools/tap_reporter.mjs flattens it.
#
# With SECOND_TRY=N in the environment, files that have failed are run once more behind all others,
# when there are N at most. What a file prints behind "# again: FILE" counts instead of what it printed
# before, and tools/suite.sh names it. .ci/run asks for that; docs/decisions/0040 says why.

root=$(cd "$(dirname "$0")/.." && pwd)

run() { # FILE
  timeout -k 5 600 node --test --test-reporter="$root/tools/tap_reporter.mjs" "$1"
  status=$?
  [ $status != 124 ] && [ $status != 137 ] || echo "not ok - $1 did not end within ten minutes"
  return $status
}

failed=
for f in "$@"; do
  echo "# $f"
  run "$f" || failed="$failed $f"
done

# shellcheck disable=SC2086  # names of files
set -- $failed
[ $# -le "${SECOND_TRY:-0}" ] || exit 1
failed=0
for f in "$@"; do
  echo "# again: $f"
  if run "$f"; then echo "# passed at the second try: $f"; else failed=1; fi
done
exit $failed
