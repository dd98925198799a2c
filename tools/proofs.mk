# SPDX-License-Identifier: MIT
# Proofs that take too long for every change. Part of the Makefile; docs/RESULTS.md has what they found.

.PHONY: asan-clients chaos model storm valgrind valgrind-c valgrind-lua

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

valgrind: ## install valgrind, run C tests and specs under it
	@tools/deps.sh valgrind
	@$(MAKE) --no-print-directory $(JOBS) build test-bin
	@$(MAKE) --no-print-directory -k -j1 valgrind-c valgrind-lua

valgrind-c: test-bin
	@tools/suite.sh c-valgrind tap tools/valgrind.sh c $(C_TESTS)

valgrind-lua: build
	@tools/suite.sh lua-valgrind busted tools/valgrind.sh lua $(SPECS)
