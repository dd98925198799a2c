#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the rock from a copy of the tree into build/rock/tree, with lua-cjson from the system and no
# network used, and runs the installed command from another folder. Prints TAP.

set -u
cd "$(dirname "$0")/.." || exit 2
rm -rf build/rock
mkdir -p build/rock/source
tar cf - --exclude='*.so' Makefile LICENSE bin csrc lua rockspec tools | tar xf - -C build/rock/source
rock=$(pwd)/build/rock
failed=0

check() { # what, command…
  what=$1
  shift
  if "$@" >"$rock/log" 2>&1; then
    echo "ok - $what"
  else
    echo "not ok - $what"
    sed 's/^/#   /' "$rock/log"
    failed=1
  fi
}

install() (
  cd "$rock/source" &&
    LUAROCKS_CONFIG=rockspec/debian.lua MAKEFLAGS=-j2 \
      luarocks --lua-version=5.4 --tree "$rock/tree" make rockspec/sio-lua-scm-1.rockspec
)

# From another folder, where only the rock's own wrapper says where its modules are.
unset LUA_PATH LUA_CPATH
says_version() { (cd / && "$rock/tree/bin/sio-lua" --version) | grep '^sio-lua [0-9]'; }

serves() { # starts an app with two workers, stops it by SIGINT
  printf 'local app = require("sio").server({})\napp:listen(3000)\n' >"$rock/app.lua"
  (cd / && exec "$rock/tree/bin/sio-lua" "$rock/app.lua" --port 0 --workers 2) >"$rock/output" 2>&1 &
  pid=$!
  for _ in $(seq 100); do
    grep -E '^sio-lua .*http://localhost:[0-9]+ +2 workers' "$rock/output" && break
    sleep 0.1
  done
  kill -INT $pid || { cat "$rock/output"; return 1; }
  wait $pid
}

check "luarocks make installs the rock without a network" install
check "the installed command says its version" says_version
check "the installed command serves an app" serves
check "the browser client is installed with it" \
  test -s build/rock/tree/share/lua/5.4/sio/client/socket.io.min.js
echo "1..4"
exit $failed
