# A thin front for CMake: what is missing is installed (Debian), then built, then run. `cmake -S . -B build` alone does
# the same without installing anything.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo build test model bench lint format coverage config-pages sim-night mutants chaos soak evidence clean

JOBS ?= $(shell nproc 2>/dev/null || echo 2)
SAN ?=
WERROR ?= 0

# SAN picks the sanitizers; each has a build directory of its own.
SANITIZE_1 := address,undefined
SANITIZE_thread := thread
SANITIZE := $(SANITIZE_$(SAN))
TEST_DIR := build$(if $(SAN),$(if $(filter thread,$(SAN)),-tsan,-san))
ifneq ($(SAN),)
  ifeq ($(SANITIZE),)
    $(error SAN=$(SAN): it is either 1 (address and undefined behaviour) or thread)
  endif
endif

OPTIONS := -DALLOT_WERROR=$(if $(filter 1,$(WERROR)),ON,OFF)
# $(call built,DIRECTORY,OPTIONS): configures and builds; shows the compiler's words only when there are any to show.
built = tools/quietly "Configuring $(1)/" cmake -S . -B $(1) $(OPTIONS) $(2) && \
        tools/quietly "Building $(1)/" env -u MAKEFLAGS -u MAKELEVEL cmake --build $(1) --parallel $(JOBS)

help:
	@echo 'make demo              see it work: replicas elect a leader, split ids, survive a crash'
	@echo '  make demo BACKEND=redis  the same on a redis-server of its own'
	@echo 'make test              build and run all tests'
	@echo '  make test SAN=1        the same with the address and undefined-behaviour sanitizers'
	@echo '  make test SAN=thread   the same with the thread sanitizer'
	@echo 'make build             build in build/'
	@echo 'make model             search the model of the protocol further than the tests do: some minutes'
	@echo 'make bench             measure; all tables in less than ten minutes'
	@echo '  make bench QUICK=1     small, to see that every bench works: less than a minute'
	@echo '  make bench DOCS=1      also writes the tables of docs/performance.md: on a quiet machine'
	@echo 'make lint              check layers, purity, globals, lengths, headers'
	@echo 'make format            format the C sources (clang-format)'
	@echo 'make coverage          which lines the tests reach'
	@echo 'make config-pages      write the schema, the sample and the tables of the documentation anew'
	@echo 'make sim-night         simulate until interrupted, or ten million seeds'
	@echo 'make mutants           plant bugs, and see the simulator find each; writes docs/evidence.md'
	@echo 'make chaos             every fault, on real processes: some minutes'
	@echo '  make evidence          the same; writes docs/evidence.md'
	@echo 'make soak              all of them at random for an hour, watching that nothing grows; SOAK_SECONDS=60: for a minute'
	@echo 'make clean             remove what was built'
	@echo 'demo, build, test, model, bench, coverage, mutants, chaos and soak install missing packages (Debian; as root or by sudo).'

demo: build
	@$(if $(filter redis,$(BACKEND)),tools/install-packages demo-redis)
	@build/cli/allot demo $(if $(BACKEND),--backend $(BACKEND))

build:
	@tools/install-packages build
	@$(call built,build,-DALLOT_TESTS=OFF)

test:
	@tools/install-packages test
	@$(call built,$(TEST_DIR),-DALLOT_TESTS=ON $(if $(SAN),-DALLOT_SANITIZE=$(SANITIZE)))
	@tests/run --build $(TEST_DIR)

model:
	@tools/install-packages model
	@tests/model/run --large

bench:
	@tools/install-packages bench
	@$(call built,build-bench,-DALLOT_BENCH=ON)
	@bench/run $(if $(filter 1,$(QUICK)),--quick) $(if $(filter 1,$(DOCS)),--docs) $(BENCH)

lint:
	@tools/install-packages test
	@$(call built,build,-DALLOT_TESTS=ON)
	@tools/lint

format:
	@tools/install-packages format
	@find base backends bench cli config core examples plugins sim tests -name '*.[ch]' -exec clang-format -i {} +

coverage:
	@tools/install-packages coverage
	@$(call built,build-coverage,-DALLOT_TESTS=ON -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=--coverage)
	@tests/run --build build-coverage unit engine conformance api sim process
	@gcovr --root . --exclude tests/ --exclude 'build.*' --sort-uncovered --print-summary build-coverage

config-pages: build
	@cmake --build build --target config-pages >/dev/null

sim-night: build
	@build/sim/allot-sim --seeds 10000000

mutants:
	@tools/install-packages build
	@tools/quietly "Configuring build-mutants/" cmake -S . -B build-mutants $(OPTIONS) -DALLOT_MUTANTS=ON
	@tools/quietly "Building build-mutants/" \
	    env -u MAKEFLAGS -u MAKELEVEL cmake --build build-mutants --parallel $(JOBS) --target allot-sim
	@sim/mutants --build build-mutants

chaos evidence soak:
	@tools/install-packages test
	@$(call built,build,-DALLOT_TESTS=ON)
	@tests/chaos/run --build build $(if $(filter evidence,$@),--evidence) $(if $(filter soak,$@),--soak) $(CHAOS)

clean:
	@rm -rf build build-san build-tsan build-coverage build-bench build-mutants
