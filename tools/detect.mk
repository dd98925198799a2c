# SPDX-License-Identifier: MIT
# What the machine has, as make variables: LUA_CFLAGS, INCS, LIBS, LLHTTP_HOW, LLHTTP_SRC, LLHTTP_INC.
# Included by the Makefile before its own flags; LuaRocks' *_INCDIR and *_LIBDIR come first. llhttp is
# looked for as LLHTTP_SRC (C sources), pkg-config, LLHTTP_DIR (a prefix), a library the linker finds,
# and the sources that Debian's node-llhttp installs; compiled sources outlive the library's sonames,
# which change with every minor release.

OS := $(shell uname -s)
JOBS := $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell getconf _NPROCESSORS_ONLN))
pc = $(shell $(PKG_CONFIG) $(1) 2>/dev/null)
has_header = $(shell printf '\#include <$(1)>\n' | $(CC) $(INCS) -E -x c - >/dev/null 2>&1 && echo yes)
dirs = $(addprefix $(1),$(filter-out /usr/include /usr/lib,$(2)))

LUA_PC := $(firstword $(foreach p,lua5.4 lua-5.4 lua54 lua,$(if $(call pc,--exists '$p >= 5.4' && echo y),$p)))
LUA_CFLAGS := $(if $(LUA_INCDIR),-isystem $(LUA_INCDIR),$(if $(LUA_PC),$(call pc,--cflags $(LUA_PC))))
INCS := $(call dirs,-isystem ,$(LIBUV_INCDIR) $(WSLAY_INCDIR) $(ZLIB_INCDIR) $(OPENSSL_INCDIR)) \
	$(call pc,--cflags libuv zlib openssl)
LIBS := $(call dirs,-L,$(LIBUV_LIBDIR) $(WSLAY_LIBDIR) $(ZLIB_LIBDIR) $(OPENSSL_LIBDIR)) \
	$(or $(call pc,--libs libuv),-luv) -lwslay -lz -lssl -lcrypto -lpthread

# br of http_compression; what is missing is not compressed so.
ifneq ($(call pc,--exists libbrotlienc && echo y),)
  BROTLI := $(call pc,--modversion libbrotlienc)
  INCS += -DSIO_BROTLI $(call pc,--cflags libbrotlienc)
  LIBS += $(call pc,--libs libbrotlienc)
endif

LLHTTP_PROBE = '\#include <llhttp.h>\nint main(void){llhttp_t p;llhttp_settings_t s;llhttp_init(&p,HTTP_BOTH,&s);return 0;}'
ifneq ($(LLHTTP_SRC),)
  LLHTTP_HOW := sources in $(LLHTTP_SRC)
else ifneq ($(call pc,--exists libllhttp && echo y),)
  LLHTTP_HOW := pkg-config libllhttp $(call pc,--modversion libllhttp)
  INCS += $(call pc,--cflags libllhttp)
  LIBS += $(call pc,--libs libllhttp)
else ifneq ($(LLHTTP_DIR),)
  LLHTTP_HOW := library in $(LLHTTP_DIR)
  INCS += -isystem $(LLHTTP_DIR)/include
  LIBS += -L$(LLHTTP_DIR)/lib -lllhttp
else ifneq ($(shell printf $(LLHTTP_PROBE) | $(CC) -x c - -o /dev/null -lllhttp 2>/dev/null && echo y),)
  LLHTTP_HOW := library of the system
  LIBS += -lllhttp
else ifneq ($(wildcard /usr/share/llhttp/llhttp.c),)
  LLHTTP_SRC := /usr/share/llhttp
  LLHTTP_HOW := sources in /usr/share/llhttp
endif
ifneq ($(LLHTTP_SRC),)
  LLHTTP_INC := $(dir $(firstword $(wildcard $(LLHTTP_SRC)/llhttp.h $(LLHTTP_SRC)/include/llhttp.h \
	/usr/share/include/llhttp/llhttp.h)))
  INCS += -isystem $(LLHTTP_INC)
endif
