#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs tests under valgrind, which must stay silent: tools/valgrind.sh c BINARY… | lua [SPEC…].
# Errors and definite leaks of every process that is started on the way, workers included, are
# written to build/valgrind; a process that has some is a failed test. What libraries do is in
# valgrind.supp.
#
#   tools/valgrind.sh --server ARGUMENT…    lua5.4 for a server that a spec starts

# Shown as skipped. The first wants a rate of updates, the next two a number of free descriptors to
# the last one, of which valgrind keeps some for itself; the last makes a hundred thousand keys.
left_out='arena_killed_at_any_instant_leaves_the_old_or_the_new
  link_receiver_at_its_limit_of_files listener_waits_while_descriptors_are_short
  tls_a_peer_that_asks_and_does_not_read_is_cut_off'

root=$(cd "$(dirname "$0")/.." && pwd)
lua=${LUA:-lua5.4}
under="valgrind -q --error-exitcode=99 --num-callers=30 --keep-debuginfo=yes
  --suppressions=$root/tools/valgrind.supp"
leaks='--leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite'
kind=${1:?usage: valgrind.sh c BINARY… | lua [SPEC…]}
shift

# Servers share 16 GB of addresses, nearly all untouched; the search for leaks would touch them all.
if [ "$kind" = --server ]; then
  exec $under --trace-children=yes --log-file="$VALGRIND_LOGS/%p" "$lua" "$@"
fi

VALGRIND_LOGS=$root/build/valgrind/$kind
export VALGRIND_LOGS
rm -rf "$VALGRIND_LOGS"
mkdir -p "$VALGRIND_LOGS"
under="$under $leaks --log-file=$VALGRIND_LOGS/%p"

case $kind in
  c) # tr leaks, and is no business of ours
    UNDER="$under --trace-children=yes --trace-children-skip=*/tr" \
      TEST_LEAVE_OUT=$(echo $left_out) tools/tap.sh "$@" ;;
  lua) # by lua5.4 itself: else busted looks for it with a shell
    printf '#!/bin/sh\nexec %s --server "$@"\n' "$root/tools/valgrind.sh" >build/valgrind/lua5.4
    chmod +x build/valgrind/lua5.4
    SIO_LUA=$root/build/valgrind/lua5.4 \
      $under "$lua" "$(command -v busted)" --ignore-lua -o plainTerminal "$@" ;;
  *) echo "valgrind.sh: unknown kind $kind" >&2; exit 2 ;;
esac
status=$?
for log in "$VALGRIND_LOGS"/*; do
  [ -s "$log" ] || continue
  echo "not ok - valgrind found something in process $(basename "$log")"
  sed 's/^/#   /' "$log"
  status=1
done
exit $status
