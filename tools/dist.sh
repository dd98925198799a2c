#!/bin/sh
# SPDX-License-Identifier: MIT
# build/sio-lua-VERSION.tar.gz: the files of HEAD and the browser client, with fixed names, owners and
# times, so that two runs on one commit give the same bytes.

set -eu
name=sio-lua-$1
rm -rf "build/dist/$name"
mkdir -p "build/dist/$name"
git archive HEAD | tar xf - -C "build/dist/$name"
cp -R lua/sio/client "build/dist/$name/lua/sio/"
tar cf - -C build/dist --sort=name --owner=0 --group=0 --numeric-owner \
  --mtime="@$(git log -1 --format=%ct)" "$name" | gzip -n9 >"build/$name.tar.gz"
echo "build/$name.tar.gz"
