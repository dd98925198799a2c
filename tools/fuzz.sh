#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs fuzz targets one after another: tools/fuzz.sh SECONDS NAME…. Starts from spec/fuzz/corpus/NAME;
# what is found on the way is kept in build/fuzz/corpus/NAME, a crasher in build/fuzz/NAME-crash-….

seconds=$1
shift
export UBSAN_OPTIONS=print_stacktrace=1
for name in "$@"; do
  found=build/fuzz/corpus/$name seeds=spec/fuzz/corpus/$name
  mkdir -p "$found"
  [ -d "$seeds" ] || seeds=
  echo "== $name, $seconds s"
  # shellcheck disable=SC2086  # no seeds, no argument
  build/fuzz/"$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="build/fuzz/$name-" "$found" $seeds || exit 1
done
