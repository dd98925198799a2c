#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks spec/model/journal.pml with spin: in the sizes that it must hold in, and with the defects
# that it must find. What it prints is TAP.
#
#   tools/model.sh [full]    with full also the size that takes minutes and two gigabytes

set -u
model=$(cd "$(dirname "$0")/.." && pwd)/spec/model/journal.pml
dir=build/model
n=0 failed=0
mkdir -p $dir

say() { # ok or not, what, why
  n=$((n + 1))
  [ "$1" = ok ] || failed=1
  echo "$1 $n - $2"
  echo "# $3"
}

# check NAME holds|fails DEFINES…
check() {
  name=$1 expected=$2
  shift 2
  (
    cd $dir && rm -f pan* ./*.trail && spin "$@" -a "$model" >spin.out &&
      ${CC:-cc} -O2 -w -DSAFETY -DCOLLAPSE -DVECTORSZ=512 -o pan pan.c && ./pan -m200000 -n >pan.out
  )
  errors=$(sed -n 's/.*errors: \([0-9]*\)$/\1/p' $dir/pan.out)
  states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored$/\1/p' $dir/pan.out)
  why=$(sed -n 's/^pan:1: \(.*\) (at depth.*/\1/p' $dir/pan.out)
  # A search that was cut short proves nothing.
  grep -qE 'Search not completed|max search depth too small' $dir/pan.out && [ "$expected" = holds ] &&
    errors=unknown
  case $expected:${errors:-none} in
    holds:0 | fails:[1-9]*) verdict=ok ;;
    *) verdict='not ok' ;;
  esac
  say "$verdict" "$name" "${states:-no} states, ${errors:-no} errors${why:+: $why}"
}

check 'two writers, a reader: whole, in order, and nobody is left behind' holds
check 'the same, with a ring of one record' holds -DSLOTS=1
check 'a writer of two records, two readers' holds -DWRITERS=1 -DRECORDS=2 -DREADERS=2
check 'rolls: who joins while others write' holds -DROLLS
check 'the same, two records, two readers' holds -DROLLS -DWRITERS=1 -DRECORDS=2 -DREADERS=2
check 'control: sleepers looked for before the tail is seen' fails -DNO_FENCE
check 'control: rolls looked at before the tail is seen' fails -DROLLS -DNO_FENCE
check 'control: a reader that does not look at the tail again' fails -DROLLS -DNO_RECHECK
check 'control: a reader that joins without reading first' fails -DROLLS -DNO_CATCH_UP
check 'control: a supervisor that does not ring after a death' fails -DNO_RING
check 'control: data written before the horizon' fails -DNO_HORIZON -DSLOTS=1
[ "${1:-}" != full ] || check 'two writers of two records, a reader' holds -DRECORDS=2
echo "1..$n"
exit $failed
