#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs C test binaries one after another and prints their TAP. A binary that crashes, hangs for two
# minutes, or prints fewer tests than its plan says is a failed test of its own. UNDER is a command
# that starts them.

out=build/results/tap.out
mkdir -p build/results
failed=0
for t in "$@"; do
  name=$(basename "$t")
  echo "# $name"
  # shellcheck disable=SC2086  # a command and its options
  timeout -k 5 120 ${UNDER:-} "$t" >$out 2>&1
  status=$?
  cat $out
  ran=$(grep -cE '^(not )?ok' $out)
  plan=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' $out)
  if [ "$ran" != "$plan" ]; then
    echo "not ok - $name ran $ran of ${plan:-an unknown number of} tests and ended with status $status"
    failed=1
  elif [ $status != 0 ]; then
    grep -q '^not ok' $out || echo "not ok - $name ended with status $status"
    failed=1
  fi
done
rm -f $out
exit $failed
