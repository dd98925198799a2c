#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints compile_commands.json: tools/compile_commands.sh 'CC FLAGS' FILE….c

flags=$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g')
shift
sep='['
for f in "$@"; do
  printf '%s\n  {"directory": "%s", "file": "%s", "command": "%s -c %s"}' "$sep" "$PWD" "$f" "$flags" "$f"
  sep=','
done
printf '\n]\n'
