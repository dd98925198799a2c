#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs one suite of tests, shows its output as it comes, and counts:
#
#   tools/suite.sh NAME tap|busted COMMAND…    writes build/results/NAME ("passed failed skipped", and
#                                              what passed at a second try: tools/node_tests.sh)
#
# Nothing is hidden: a command that fails without a failed test, and a suite in which no test ran, count
# as one failure. tools/totals.sh adds the files up.

set -u
name=$1 kind=$2
shift 2
results=$(cd "$(dirname "$0")/.." && pwd)/build/results
mkdir -p "$results"
log=$results/$name.log
echo "== $name"

# Number formats must not follow the locale: a locale with a decimal comma, where one can be made.
case $name in c-* | lua-*)
  LOCPATH=$(dirname "$results")/locale
  export LOCPATH
  [ -d "$LOCPATH/de_DE.utf8" ] || { mkdir -p "$LOCPATH" &&
    localedef -i de_DE -f UTF-8 "$LOCPATH/de_DE.utf8"; } || echo "$name: no locale de_DE" ;;
esac

# The tests read lines of text.
SIO_LOG_FORMAT=text
export SIO_LOG_FORMAT

{ "$@" 2>&1; echo $? >"$results/$name.status"; } | tee "$log"
status=$(cat "$results/$name.status")
rm -f "$results/$name.status"

case $kind in
  tap) # skipped tests are neither passed nor failed
    counts=$(awk -f "$(dirname "$0")/tap.awk" "$log") ;;
  busted)
    # "12 successes / 0 failures / 0 errors / 0 pending : 1.5 seconds"
    counts=$(awk '$2 ~ /^success/ && $8 ~ /^error/ { good += $1; bad += $4 + $7; skip += $10 }
      END { print good + 0, bad + 0, skip + 0 }' "$log") ;;
  *) echo "suite.sh: unknown kind $kind" >&2; exit 2 ;;
esac
read -r passed failed skipped again <<end
$counts
end
if [ "$failed" = 0 ] && { [ "$status" != 0 ] || [ "$passed" = 0 ]; }; then
  echo "$name: the command ended with status $status and $passed tests passed"
  failed=1
fi
printf '%s\n' "$passed $failed $skipped${again:+ $again}" >"$results/$name"
printf '%s\n' "== $name: $passed passed, $failed failed, $skipped skipped${again:+, $again}"
[ "$failed" = 0 ]
