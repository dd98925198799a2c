#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the checkout of a flavour, e.g. build/asan/tree: links to spec/, docs/, examples/ …, copies
# of lua/ and bin/ without the release modules, so that relative paths in specs lead to that flavour's
# code.

set -eu
root=$1
here=$(pwd)
mkdir -p "$root/lua" "$root/bin"
for f in spec docs bench examples rockspec tools .busted README.md Makefile; do ln -sfn "$here/$f" "$root/$f"; done
cp bin/sio-lua "$root/bin/sio-lua"
(cd lua && find . -type f ! -name '*.so' | tar cf - -T -) | tar xf - -C "$root/lua"
