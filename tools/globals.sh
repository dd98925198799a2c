#!/bin/sh
# SPDX-License-Identifier: MIT
# State is passed down, never global: fails when an object file of csrc has writable data of its
# own. Only base may have some, of what is the process's and not the loop's (the log, the hash key,
# bytes drawn for ids, the reserve of memory, the limit of an orphan), and the journal its kill point,
# which only tests set. Constant tables of pointers are in .data.rel.ro and allowed. Looks at objects,
# not at sources: statics inside functions count too.

for o in "$@"; do
  case $o in */csrc/base/*) continue ;; esac
  objdump -t "$o" | awk -v object="$o" '
    $NF == "sio_journal_killpoint" { next }
    $0 ~ / O \.(data|bss|tdata|tbss)/ && $0 !~ /\.data\.rel\.ro/ { print object ": " $NF }'
done | {
  bad=0
  while read -r line; do
    echo "writable global: $line" >&2
    bad=1
  done
  exit $bad
}
