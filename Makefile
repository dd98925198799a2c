# SPDX-License-Identifier: MIT
# The one build of sio-lua: `make help` lists the targets. Sources are found by wildcard, so a new
# file in a layer needs no line here. The core (every layer below bind) is also an archive without
# Lua, for the C tests and the fuzzers. Each flavour (release, asan, fuzz) has its own folder in build/.
# LuaRocks calls this file with its own variables (rockspec/).

VERSION = 0.1.0
PREFIX ?= /usr/local
INST_LIBDIR ?= $(PREFIX)/lib/lua/5.4
INST_LUADIR ?= $(PREFIX)/share/lua/5.4
INST_BINDIR ?= $(PREFIX)/bin
INST_MANDIR ?= $(if $(filter file,$(origin INST_BINDIR)),$(PREFIX)/share/man/man1)# not in a rock
CLANG ?= clang
PKG_CONFIG ?= pkg-config
LUA ?= lua5.4
FUZZ_TIME ?= 30
FLAVOUR ?= release
CFLAGS ?= $(if $(filter release,$(FLAVOUR)),-O2 -g,-O1 -g -fno-omit-frame-pointer)

include tools/detect.mk

# ---- flags, sources, objects ---------------------------------------------------------------------
ifeq ($(FLAVOUR),fuzz)
  CC := $(CLANG)
endif
WARN = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
SAN_asan = -fsanitize=address,undefined -fno-sanitize-recover=undefined
SAN_fuzz = $(SAN_asan) -fsanitize=fuzzer-no-link
SAN = $(SAN_$(FLAVOUR))
OURS = -std=c11 $(WARN) $(WERROR) -fPIC -fvisibility=hidden -D_GNU_SOURCE -Icsrc $(INCS) $(SAN)
LIBFLAG ?= $(if $(filter Darwin,$(OS)),-bundle -undefined dynamic_lookup,-shared)
NOW = $(if $(filter Darwin,$(OS)),,-Wl,-z,now -Wl,--as-needed)# Lua 5.1 would load it without complaint

B := build/$(FLAVOUR)
ROOT := $(if $(filter release,$(FLAVOUR)),.,$(B)/tree)
LLHTTP_OBJ := $(if $(LLHTTP_SRC),$(addprefix $(B)/llhttp/,api.o http.o llhttp.o))
OUR_OBJ := $(patsubst %.c,$(B)/%.o,$(filter-out csrc/drivers/%,$(wildcard csrc/*/*.c)))
LIB_OBJ := $(filter-out $(B)/csrc/bind/%,$(OUR_OBJ)) $(LLHTTP_OBJ)
SQLITE_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard csrc/drivers/sqlite*.c))
HAVE_SQLITE := $(call has_header,sqlite3.h)
MODULES := $(addprefix $(ROOT)/lua/sio/,core.so $(if $(and $(HAVE_SQLITE),$(SQLITE_OBJ)),driver/sqlite.so))
LIB := $(B)/libsio.a
Q := $(if $(V),,@)# V=1 shows the commands
SPEC_OBJ := $(patsubst %.c,$(B)/%.o,$(filter-out %_test.c,$(wildcard spec/c/*.c)))
C_TESTS := $(patsubst %.c,$(B)/%,$(wildcard spec/c/*_test.c))
JS_TESTS := $(wildcard spec/client/*.test.mjs spec/conformance/*.test.mjs spec/hostile/*.test.mjs spec/browser/*.test.mjs \
	spec/chaos/*.test.mjs)
FUZZERS := $(patsubst spec/fuzz/%.c,$(B)/%,$(wildcard spec/fuzz/fuzz_*.c))
ALL_C = $(wildcard csrc/*/*.[ch] spec/c/*.[ch] spec/fuzz/*.[ch] spec/support/*.c bench/*/*.[ch])

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: help info build run client test test-bin test-c test-lua test-clients test-rock check asan \
	fuzz fuzz-run fmt lint lint-arrows lint-numbers lint-options lint-lua lint-format globals \
	install dist conformance compile_commands.json clean tree

help: ## this list
	@sed -n 's/^\([a-z_.-]*\):.*## /\1\t/p' Makefile tools/proofs.mk tools/bench.mk | expand -t 24

info: ## what was found on this machine
	@echo "compiler   $(CC) $(shell $(CC) -dumpversion 2>/dev/null || echo missing)"
	@echo "Lua        $(or $(LUA_INCDIR),$(if $(LUA_PC),$(LUA_PC) $(call pc,--modversion $(LUA_PC)),missing))"
	@echo "libuv      $(or $(call pc,--modversion libuv),$(call has_header,uv.h),missing)"
	@echo "llhttp     $(or $(LLHTTP_HOW),missing)"
	@echo "wslay      $(or $(call has_header,wslay/wslay.h),missing)"
	@echo "zlib       $(or $(call pc,--modversion zlib),$(call has_header,zlib.h),missing)"
	@echo "OpenSSL    $(or $(call pc,--modversion openssl),$(call has_header,openssl/evp.h),missing)"
	@echo "lua-cjson  $(or $(shell $(LUA) -e 'print(require("cjson")._VERSION)' 2>/dev/null),missing)"
	@echo "sqlite3    $(if $(HAVE_SQLITE),$(or $(call pc,--modversion sqlite3),yes),missing (no sio.sqlite))"
	@echo "brotli     $(or $(BROTLI),missing (no br in http_compression))"
	@echo "client     $(or $(shell cat lua/sio/client/version 2>/dev/null),missing (make client))"

build: build/needs $(MODULES) ## the modules in lua/sio (the default)

run: ## install what is missing, build, start examples/chat on all cores
	@tools/deps.sh run
	@$(MAKE) --no-print-directory $(JOBS) client build
	bin/sio-lua examples/chat/app.lua --workers auto

test: ## install what the tests need, run all of them
	@tools/deps.sh test
	@$(MAKE) --no-print-directory $(JOBS) client build test-bin WERROR=-Werror
	@$(MAKE) --no-print-directory -k -j1 test-c test-lua test-clients test-rock WERROR=-Werror

test-bin: build/needs $(C_TESTS)

test-c: test-bin ## C tests only
	@tools/suite.sh c-$(FLAVOUR) tap tools/tap.sh $(C_TESTS)

test-lua: build tree ## Lua specs only, or SPECS=file
	@cd $(ROOT) && $(SAN_ENV) $(CURDIR)/tools/suite.sh lua-$(FLAVOUR) busted busted -o plainTerminal $(SPECS)

test-clients: build client bench-bin build/failmalloc.so build/clock_jump.so build/hold_journal spec/node_modules/.package-lock.json ## official clients, conformance, browser
	@tools/suite.sh clients tap tools/node_tests.sh $(or $(SPECS),$(JS_TESTS))

test-rock: client ## the LuaRocks package
	@tools/suite.sh rock tap spec/rock.sh

check: ## before a commit: lint, all under sanitizers, a short fuzz
	@tools/deps.sh check
	@$(MAKE) --no-print-directory lint WERROR=-Werror
	@$(MAKE) --no-print-directory asan WERROR=-Werror
	@$(MAKE) --no-print-directory fuzz FUZZ_TIME=5 WERROR=-Werror

asan: ## C tests and specs under ASan and UBSan
	@$(MAKE) --no-print-directory $(JOBS) FLAVOUR=asan build test-bin
	@$(MAKE) --no-print-directory -k -j1 FLAVOUR=asan test-c test-lua

fuzz: ## FUZZ_TIME seconds of every fuzz target, or of FUZZ=fuzz_name
	@$(MAKE) --no-print-directory $(JOBS) FLAVOUR=fuzz fuzz-run

fuzz-run: $(FUZZERS)
	tools/fuzz.sh $(FUZZ_TIME) $(or $(FUZZ),$(notdir $(FUZZERS)))

fmt: ## format the C files
	clang-format -i $(ALL_C)

lint: globals lint-arrows lint-numbers lint-options lint-lua lint-format lint-bench ## layers, numbers, options, formats

lint-arrows:
	@$(LUA) tools/layers.lua $(ALL_C)

lint-numbers:
	@$(LUA) tools/numbers.lua

lint-options:
	@$(LUA) tools/options.lua
	@$(LUA) tools/api.lua
	@$(LUA) tools/titles.lua
	@$(LUA) tools/metrics.lua

lint-lua:
	@luacheck -q lua spec examples bench tools rockspec .luacheckrc .busted bin/sio-lua

lint-format:
	@clang-format --dry-run -Werror $(ALL_C)

globals: $(OUR_OBJ)
	@tools/globals.sh $^

install: build ## into PREFIX, or LuaRocks' INST_LIBDIR, INST_LUADIR, INST_BINDIR
	mkdir -p $(addprefix '$(DESTDIR)',$(INST_LIBDIR) $(INST_LUADIR) $(INST_BINDIR) $(INST_MANDIR))
	cd lua && find sio -name '*.so' | tar cf - -T - | tar xof - -C '$(DESTDIR)$(INST_LIBDIR)'
	cd lua && find sio -type f ! -name '*.so' | tar cf - -T - | tar xof - -C '$(DESTDIR)$(INST_LUADIR)'
	cp bin/sio-lua '$(DESTDIR)$(INST_BINDIR)/sio-lua' && chmod 755 '$(DESTDIR)$(INST_BINDIR)/sio-lua'
	$(if $(INST_MANDIR),$(LUA) tools/man.lua >'$(DESTDIR)$(INST_MANDIR)/sio-lua.1')

client: ## the browser client, from npm by version and hash
	@tools/client.sh

dist: client ## build/sio-lua-VERSION.tar.gz of HEAD, with the browser client in it
	tools/dist.sh $(VERSION)

conformance: build ## the official protocol suites: SUITES=dir with eio-v4 and sio-v5 in it
	tools/conformance.sh '$(SUITES)'

compile_commands.json: ## for clangd
	@tools/compile_commands.sh '$(CC) $(OURS) $(LUA_CFLAGS) $(CFLAGS)' $(filter %.c,$(ALL_C)) >$@

clean: ## remove all that was built
	rm -rf build lua/sio/*.so lua/sio/driver/*.so compile_commands.json

# ---- rules ---------------------------------------------------------------------------------------
SAN_ENV = $(if $(filter asan,$(FLAVOUR)),LD_PRELOAD=$(shell $(CC) -print-file-name=libasan.so) \
	ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1)

build/needs: tools/deps.sh # a missing library is named with its package, not by a compiler's error
	@CC='$(CC)' INCS='$(INCS) $(LUA_CFLAGS)' LLHTTP='$(LLHTTP_HOW)' tools/deps.sh --name build
	@mkdir -p build && touch $@

tree: # a flavour's own checkout: links to all but its modules
	@$(if $(filter .,$(ROOT)),:,tools/tree.sh $(ROOT))

$(ROOT)/lua/sio/core.so: $(OUR_OBJ) $(LLHTTP_OBJ)
	@mkdir -p $(@D) && echo "  link $@"
	$(Q)$(CC) $(LIBFLAG) $(SAN) $(NOW) $(LDFLAGS) -o $@ $^ $(LIBS)

$(ROOT)/lua/sio/driver/sqlite.so: $(SQLITE_OBJ)
	@mkdir -p $(@D) && echo "  link $@"
	$(Q)$(CC) $(LIBFLAG) $(SAN) $(NOW) $(LDFLAGS) -o $@ $^ -lsqlite3

$(LIB): $(LIB_OBJ)
	@rm -f $@ && $(AR) rcs $@ $^

$(B)/%.o: %.c | build/needs
	@mkdir -p $(@D) && echo "  cc $<"
	$(Q)$(CC) $(OURS) $(if $(filter csrc/bind/% csrc/drivers/%,$<),$(LUA_CFLAGS)) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/llhttp/%.o: $(LLHTTP_SRC)/%.c
	@mkdir -p $(@D) && echo "  cc $<"
	$(Q)$(CC) -std=gnu11 -w -fPIC -fvisibility=hidden -DLLHTTP_STRICT_MODE=1 -I$(LLHTTP_INC) $(SAN) $(CFLAGS) -c -o $@ $<

include tools/tests.mk tools/proofs.mk tools/bench.mk

-include $(shell find $(B) -name '*.d' 2>/dev/null)
