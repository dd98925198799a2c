#!/bin/sh
# SPDX-License-Identifier: MIT
# make bench: installs the peer, raises the descriptor limit, runs bench/run.mjs on the second core.
set -eu
cd "$(dirname "$0")"
ulimit -n "$(ulimit -Hn)"
npm ci --no-audit --no-fund --loglevel=error
exec taskset -c 1 node run.mjs
