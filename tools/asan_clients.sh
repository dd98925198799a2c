#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs files of node:test against servers under ASan and UBSan (build/asan/tree): tools/asan_clients.sh
# FILE…. A report of any process, also of a worker that was replaced before anybody noticed, is a failed
# test.

# Allocations that are made to fail, and a clock that jumps, come from libraries that would have to stand
# before the sanitizer's; spec/c has the former under ASan.
left_out='spec/client/memory.test.mjs spec/client/clock.test.mjs'

reports=$(pwd)/build/asan/reports
rm -rf "$reports"
mkdir -p "$reports"
SIO_ROOT=build/asan/tree
SIO_PRELOAD=$("${CC:-cc}" -print-file-name=libasan.so)
ASAN_OPTIONS=detect_leaks=0:log_path=$reports/asan
UBSAN_OPTIONS=print_stacktrace=1:log_path=$reports/ubsan
export SIO_ROOT SIO_PRELOAD ASAN_OPTIONS UBSAN_OPTIONS

failed=0
for file in "$@"; do
  case " $left_out " in
    *" $file "*) echo "ok - $file # SKIP left out of this run" ;;
    *) tools/node_tests.sh "$file" || failed=1 ;;
  esac
  for report in "$reports"/*; do
    [ -s "$report" ] || continue
    echo "not ok - $file: no report of a sanitizer"
    sed 's/^/#   /' "$report"
    rm "$report"
    failed=1
  done
done
exit $failed
