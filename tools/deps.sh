#!/bin/sh
# SPDX-License-Identifier: MIT
# Finds out what is missing and installs it through apt, as root or with sudo; elsewhere, and with
# --name, it names the packages and fails. What is there already is left alone: another vendor's
# nodejs conflicts with Debian's npm. Called by the Makefile.
#
#   tools/deps.sh GOAL         install what is missing for that goal: build, run, test, check, valgrind, model
#   tools/deps.sh --name GOAL  only say it (status 1 when something is missing)

set -u
name_only=
[ "${1:-}" = --name ] && name_only=yes && shift
goal=${1:?usage: deps.sh [--name] build|run|test|check|valgrind|model}
CC=${CC:-cc}

cmd() { command -v "$1" >/dev/null 2>&1; }
# shellcheck disable=SC2086  # INCS is a list of flags
header() { cmd "$CC" && printf '#include <%s>\n' "$1" | "$CC" ${INCS:-} -E -x c - >/dev/null 2>&1; }
lua_header() { header lua.h || pkg-config --exists 'lua5.4' || pkg-config --exists 'lua-5.4' ||
  pkg-config --exists 'lua54' || pkg-config --exists 'lua >= 5.4'; } 2>/dev/null
llhttp() { [ -n "${LLHTTP:-}" ] || [ -n "${LLHTTP_SRC:-}" ] || [ -n "${LLHTTP_DIR:-}" ] ||
  [ -e /usr/share/llhttp/llhttp.c ] || header llhttp.h; }
cjson() { for l in lua5.4 lua54 lua-5.4 lua; do "$l" -e 'require "cjson"' && return; done; return 1; } >/dev/null 2>&1
lua54_command() { cmd lua5.4 || cmd lua54 || cmd lua-5.4 || lua -e 'os.exit(_VERSION == "Lua 5.4")'; } 2>/dev/null
server() { cmd "$1" || [ -x "/usr/sbin/$1" ]; } # not in everybody's PATH
apache() { server apache2 || server httpd; }
locales() { ! cmd localedef || [ -e /usr/share/i18n/locales/de_DE ]; } # for a decimal comma
fuzzer() { cmd clang && echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
  clang -x c -fsanitize=fuzzer - -o /dev/null >/dev/null 2>&1; }

# goal, test, and the packages of Debian and Ubuntu, Fedora, Alpine, Arch, Homebrew
needs() {
  cat <<'TABLE'
build cmd_cc              gcc,libc6-dev             gcc                  build-base              gcc                   -
build cmd_pkg-config      pkg-config                pkgconf              pkgconf                 pkgconf               pkgconf
build lua54_command       lua5.4                    lua                  lua5.4                  lua                   lua
build lua_header          liblua5.4-dev             lua-devel            lua5.4-dev              lua                   lua
build header_uv.h         libuv1-dev                libuv-devel          libuv-dev               libuv                 libuv
build llhttp              @llhttp                   llhttp-devel         llhttp-dev              llhttp                llhttp
build header_wslay/wslay.h libwslay-dev              wslay-devel          wslay-dev               wslay                 wslay
build header_zlib.h       zlib1g-dev                zlib-devel           zlib-dev                zlib                  zlib
build header_openssl/ssl.h libssl-dev                openssl-devel        openssl-dev             openssl               openssl
build cjson               lua-cjson                 lua-cjson            lua5.4-cjson            lua-cjson             luarocks:lua-cjson
run   header_sqlite3.h    libsqlite3-dev            sqlite-devel         sqlite-dev              sqlite                sqlite
run   header_brotli/encode.h libbrotli-dev           brotli-devel         brotli-dev              brotli                brotli
run   cmd_node            nodejs                    nodejs               nodejs                  nodejs                node
run   cmd_npm             npm                       nodejs-npm           npm                     npm                   node
test  cmd_openssl         openssl                   openssl              openssl                 openssl               openssl
test  cmd_busted          lua-busted                luarocks:busted      luarocks:busted         luarocks:busted       luarocks:busted
test  locales             locales                   glibc-locale-source  -                       -                     -
test  cmd_luarocks        luarocks                  luarocks             luarocks5.4             luarocks              luarocks
test  server_nginx        nginx                     nginx                nginx                   nginx                 nginx
test  server_haproxy      haproxy                   haproxy              haproxy                 haproxy               haproxy
test  apache              apache2-bin               httpd                apache2,apache2-proxy   apache                httpd
test  cmd_chromium        chromium,fonts-dejavu-core chromium             chromium,font-dejavu    chromium,ttf-dejavu   -
check cmd_luacheck        lua-check                 luarocks:luacheck    luarocks:luacheck       luacheck              luacheck
check cmd_clang-format    clang-format              clang-tools-extra    clang-extra-tools       clang                 clang-format
check fuzzer              clang,libclang-rt-dev     clang,compiler-rt    clang,compiler-rt       clang,compiler-rt     llvm
valgrind cmd_valgrind     valgrind                  valgrind             valgrind                valgrind              -
model cmd_spin            spin,gcc                  -                    -                       -                     spin
TABLE
}

case $goal in
  build) goals=build ;;
  run) goals='build run' ;;
  test) goals='build run test' ;;
  check) goals='build run test check' ;;
  valgrind) goals='build run test valgrind' ;;
  model) goals=model ;;
  *) echo "deps.sh: unknown goal $goal" >&2; exit 2 ;;
esac

# Debian 13 has a library, Debian 12 and Ubuntu 24.04 have only the sources, in node-llhttp.
debian_llhttp() {
  if apt-cache show libllhttp-dev >/dev/null 2>&1; then echo libllhttp-dev; else echo node-llhttp; fi
}

debian='' fedora='' alpine='' arch='' brew='' things=''
while read -r g test d f a r b; do
  case " $goals " in *" $g "*) ;; *) continue ;; esac
  case $test in
    cmd_cc) cmd "$CC" && continue ;;
    cmd_*) cmd "${test#cmd_}" && continue ;;
    server_*) server "${test#server_}" && continue ;;
    header_*) header "${test#header_}" && continue ;;
    *) "$test" && continue ;;
  esac
  things="$things ${test#*_}"
  [ "$b" = - ] && b=
  debian="$debian $d" fedora="$fedora $f" alpine="$alpine $a" arch="$arch $r" brew="$brew $b"
done <<EOT
$(needs)
EOT
[ -n "$things" ] || exit 0

spaced() { echo "$*" | tr ', ' '\n\n' | awk 'NF && !seen[$0]++ { printf "%s%s", sep, $0; sep = " " }'; }

# One system's line: its command, its packages, and what only LuaRocks has there.
line() { # system, command, packages
  packages=$(spaced "$3" | tr ' ' '\n' | grep -v '^luarocks:' | tr '\n' ' ')
  rocks=$(spaced "$3" | tr ' ' '\n' | sed -n 's/^luarocks://p' | tr '\n' ' ')
  said=
  [ -z "$packages" ] || said="$2 ${packages% }"
  [ -z "$rocks" ] || said="$said${said:+; }luarocks --lua-version=5.4 install ${rocks% }"
  printf '  %-16s %s\n' "$1" "$said"
}

name_packages() {
  {
    echo "sio-lua: missing for make $goal:$things"
    line 'Debian, Ubuntu' 'apt install' "$(echo "$debian" | sed 's/@llhttp/node-llhttp/')"
    line Fedora 'dnf install' "$fedora"
    line Alpine 'apk add' "$alpine"
    line Arch 'pacman -S' "$arch"
    line Homebrew 'brew install' "$brew"
    case $debian in *@llhttp*) echo "  (Debian 13 and later: libllhttp-dev for node-llhttp)" ;; esac
  } >&2
  exit 1
}

[ -z "$name_only" ] || name_packages
cmd apt-get || name_packages
if [ "$(id -u)" = 0 ]; then as_root=''; elif cmd sudo; then as_root=sudo; else name_packages; fi

# A proxy is wanted as a command: no service of it may start, now or when the machine does.
policy=/usr/sbin/policy-rc.d held=
hold_services() {
  [ ! -e $policy ] || return 0
  trap release_services EXIT
  trap 'exit 1' INT TERM HUP
  held=yes
  printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
  $as_root chmod 755 $policy
}
release_services() {
  [ -z "$held" ] || $as_root rm -f $policy
  held=
  [ -d /run/systemd/system ] || return 0
  for service in nginx haproxy; do
    case " $things " in *" $service "*) $as_root systemctl disable -q $service ;; esac
  done
}

apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"; }
install_all() {
  # shellcheck disable=SC2046  # a list of packages
  apt install -y --no-install-recommends $(spaced "$debian" | sed "s/@llhttp/$(debian_llhttp)/")
}

echo "sio-lua: installing for make $goal:$things"
apt-cache show lua5.4 >/dev/null 2>&1 || apt update || name_packages
case $things in *nginx* | *haproxy*) hold_services ;; esac
install_all || { apt update && install_all; } || name_packages
