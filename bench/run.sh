#!/bin/sh
# SPDX-License-Identifier: MIT
# make bench: raises the descriptor limit, runs bench/main.mjs.
set -eu
cd "$(dirname "$0")"
ulimit -n "$(ulimit -Hn)"
exec node main.mjs
