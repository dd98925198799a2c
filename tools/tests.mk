# SPDX-License-Identifier: MIT
# How the tests are linked. Part of the Makefile.

$(C_TESTS): $(B)/%: $(B)/%.o $(SPEC_OBJ) $(LIB)
	@echo "  link $@"
	$(Q)$(CC) $(SAN) $(LDFLAGS) -o $@ $^ $(LIBS)

# Their allocations can be made to fail (spec/c/failing.h).
$(addprefix $(B)/spec/c/,mem_test eio_memory_test): LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

build/fuzz/fuzz_%: build/fuzz/spec/fuzz/fuzz_%.o $(LIB)
	$(CC) $(SAN) -fsanitize=fuzzer -o $@ $^ $(LIBS)

spec/node_modules/.package-lock.json: spec/package-lock.json
	cd spec && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json

build/hold_journal: $(B)/spec/support/hold_journal.o $(LIB)
	@echo "  link $@"
	$(Q)$(CC) $(SAN) $(LDFLAGS) -o $@ $^ $(LIBS)

build/%.so: spec/support/%.c # to be preloaded
	@mkdir -p $(@D) && echo "  link $@"
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARN) $(WERROR) -fPIC -shared -O1 -o $@ $<
