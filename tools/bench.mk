# SPDX-License-Identifier: MIT
# The bench, its load generator and its floor servers. Part of the Makefile. The last two share no
# code with what they measure.

bench_objects = $(patsubst bench/%.c,build/bench/obj/%.o,$(wildcard bench/$(1)/*.c))
BENCH_LIBS = $(call pc,--libs zlib openssl)
BENCH_BIN := $(if $(filter Linux,$(OS)),build/bench/load build/bench/floor)# they stand on epoll

.PHONY: bench bench-quick bench-bin lint-bench
bench: build bench-bin ## measure against peers and floors, 14 minutes; bench/README.md
	@bench/run.sh

bench-quick: build bench-bin ## the same in two minutes: fewer works, Node's socket.io, the floors
	@QUICK=1 bench/run.sh

bench-bin: $(BENCH_BIN) ## only its load generator and floor servers

build/bench/load: $(call bench_objects,load)
build/bench/floor: $(call bench_objects,floor)
$(BENCH_BIN):
	@echo "  link $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(BENCH_LIBS)

build/bench/obj/%.o: bench/%.c | build/needs
	@mkdir -p $(@D) && echo "  cc $<"
	$(Q)$(CC) -std=c11 $(WARN) $(WERROR) -D_GNU_SOURCE -O2 -g -MMD -MP -c -o $@ $<

lint-bench: $(BENCH_BIN) # no test runs these: they compile, and the scripts have no wrong syntax
	@for f in $(wildcard bench/*.mjs bench/*/*.mjs); do node --check $$f || exit 1; done

-include $(wildcard build/bench/obj/*/*.d)
