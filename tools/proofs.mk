# SPDX-License-Identifier: MIT
# Proofs that take too long for every change. Part of the Makefile; docs/RESULTS.md has what they found.

.PHONY: asan-clients chaos herd model reload storm test-workers valgrind valgrind-c valgrind-lua

asan-clients: client build/hold_journal spec/node_modules/.package-lock.json ## client tests against servers under ASan and UBSan
	@$(MAKE) --no-print-directory $(JOBS) FLAVOUR=asan build tree
	@tools/suite.sh clients-asan tap tools/asan_clients.sh $(or $(SPECS),$(JS_TESTS))

chaos: build spec/node_modules/.package-lock.json ## SECONDS (150) of faults under load with SEED, or RUNS seeds one by one
	@SECONDS='$(SECONDS)' SEED='$(SEED)' RUNS='$(RUNS)' node spec/chaos/main.mjs

model: ## install spin, check spec/model with it; MODEL=full has the size that takes minutes
	@tools/deps.sh model
	@tools/suite.sh model tap tools/model.sh $(MODEL)

storm: $(B)/spec/c/journal_storm_test ## SECONDS (150) of deaths, stops and laps among those who use the journal
	@tools/suite.sh storm tap env STORM_SECONDS=$$(($(or $(SECONDS),150) / 2)) $<

herd: build client spec/node_modules/.package-lock.json ## 10,000 WebSocket clients connect at once
	@HERD=$(or $(HERD),10000) tools/suite.sh herd tap tools/node_tests.sh spec/client/herd.test.mjs

# What --workers 1 passes passes with eight as well, but for the cases that say why not.
test-workers: build client build/failmalloc.so build/clock_jump.so build/hold_journal spec/node_modules/.package-lock.json ## clients, conformance: 8 workers each
	@SIO_WORKERS_ALL=$(or $(WORKERS),8) tools/suite.sh workers tap tools/node_tests.sh \
		$(or $(SPECS),$(filter spec/client/% spec/conformance/%,$(JS_TESTS)))

reload: ## a rolling reload under 200 clients and 500 broadcasts a second
	@RELOAD=full $(MAKE) --no-print-directory test-clients SPECS=spec/client/reload.test.mjs

valgrind: ## install valgrind, run C tests and specs under it
	@tools/deps.sh valgrind
	@$(MAKE) --no-print-directory $(JOBS) build test-bin
	@$(MAKE) --no-print-directory -k -j1 valgrind-c valgrind-lua

valgrind-c: test-bin
	@tools/suite.sh c-valgrind tap tools/valgrind.sh c $(C_TESTS)

valgrind-lua: build
	@tools/suite.sh lua-valgrind busted tools/valgrind.sh lua $(SPECS)
