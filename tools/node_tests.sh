#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs files of node:test one after another, never side by side (they time heartbeats), and prints one
# TAP line per test case. Node's own TAP nests cases in suites; tools/tap_reporter.mjs flattens it.

root=$(cd "$(dirname "$0")/.." && pwd)
failed=0
for f in "$@"; do
  echo "# $f"
  timeout -k 5 600 node --test --test-reporter="$root/tools/tap_reporter.mjs" "$f"
  status=$?
  [ $status = 0 ] || failed=1
  [ $status != 124 ] && [ $status != 137 ] || echo "not ok - $f did not end within ten minutes"
done
exit $failed
