#!/bin/sh
# SPDX-License-Identifier: MIT
# Puts the browser client into lua/sio/client/: the bundles of npm's socket.io-client, of one version
# and one hash, and a file `version`. Nothing is done when that version is there already. The folder
# is not committed; `make run`, `make test` and `make dist` call this, `luarocks make` never does.

set -eu
cd "$(dirname "$0")/.."
version=4.8.4
sha512=$(cut -d' ' -f1 tools/client.sha512)
into=lua/sio/client
work=build/client
tarball=$work/socket.io-client-$version.tgz

[ "$(cat $into/version 2>/dev/null)" = $version ] && exit 0
command -v npm >/dev/null || { echo "client.sh: npm is missing (tools/deps.sh run)" >&2; exit 1; }

sum() { if command -v sha512sum >/dev/null; then sha512sum "$1"; else shasum -a 512 "$1"; fi | cut -d' ' -f1; }

mkdir -p $work $into
[ -f "$tarball" ] && [ "$(sum "$tarball")" = "$sha512" ] ||
  npm pack --loglevel=error --pack-destination $work socket.io-client@$version >/dev/null
got=$(sum "$tarball")
if [ "$got" != "$sha512" ]; then
  rm -f "$tarball"
  echo "client.sh: socket.io-client@$version has an unexpected SHA-512: $got" >&2
  exit 1
fi
tar xzf "$tarball" -C $work
for f in socket.io.js socket.io.min.js socket.io.esm.min.js socket.io.msgpack.min.js; do
  cp $work/package/dist/$f $into/$f
done
cp $work/package/LICENSE $into/LICENSE
echo $version >$into/version # last: a run that was cut short starts again
echo "browser client: socket.io-client $version"
