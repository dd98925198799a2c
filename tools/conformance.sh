#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs copies of the official protocol suites that lie outside the tree against our servers:
# tools/conformance.sh DIR, with DIR/eio-v4 and DIR/sio-v5 (docs/engine.io-protocol/v4-test-suite and
# docs/socket.io-protocol/v5-test-suite of Socket.IO's repository), and DIR/eio-v3 (v3-test-suite) if
# it is there. DIR itself is not changed.

set -eu
suites=${1:?usage: make conformance SUITES=dir (with eio-v4 and sio-v5 in it)}
failed=0

run() { # suite, app
  [ -f "$suites/$1/test-suite.js" ] || { echo "conformance: $suites/$1 has no test-suite.js" >&2; return 1; }
  work=build/conformance/$1
  rm -rf "$work"
  mkdir -p "$work"
  cp "$suites/$1"/*.js* "$work/"
  (cd "$work" && npm ci --no-audit --no-fund --loglevel=error >/dev/null)
  PING_TIMEOUT=0.2 CONNECT_TIMEOUT=1 bin/sio-lua "$2" --port 0 --workers 1 --log-format text >"$work/server.log" 2>&1 &
  pid=$!
  url=
  for _ in $(seq 100); do
    url=$(sed -n 's/^sio-lua [^ ]* *\(http[^ ]*\) .*/\1/p' "$work/server.log")
    [ -z "$url" ] || break
    kill -0 $pid 2>/dev/null || break
    sleep 0.1
  done
  status=1
  if [ -n "$url" ]; then
    sed -i.orig "s#http://localhost:3000#$url#" "$work/test-suite.js"
    status=0
    (cd "$work" && npx --no-install mocha --exit test-suite.js) || status=1
  else
    echo "conformance: $2 did not start:" >&2
    cat "$work/server.log" >&2
  fi
  kill -INT $pid 2>/dev/null || true
  wait $pid || { echo "conformance: the server ended with status $?" >&2; status=1; }
  return $status
}

if [ -d "$suites/eio-v3" ]; then
  run eio-v3 spec/support/apps/eio3_echo.lua || failed=1
fi
run eio-v4 spec/support/apps/eio_echo.lua || failed=1
run sio-v5 spec/support/apps/sio_suite.lua || failed=1
exit $failed
