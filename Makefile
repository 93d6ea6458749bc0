# A thin front for CMake: what is missing is installed (Debian), then built, then run. `cmake -S . -B build` alone does
# the same without installing anything.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo build test model bench lint format coverage fuzz config-pages sim-night mutants chaos soak evidence clean

JOBS ?= $(shell nproc 2>/dev/null || echo 2)
FUZZ_SECONDS ?= 30
FUZZ ?=
# What is counted; the rest reaches nothing else.
COVERAGE_SUITES := unit engine conformance api config fuzz verify plugins badmodules redis sim sim-seeds process cli
COVERAGE_SEEDS ?= 3000
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
	@echo 'make bench             measure; all tables in twelve minutes'
	@echo '  make bench QUICK=1     small, to see that every bench works: less than a minute'
	@echo '  make bench DOCS=1      also writes the tables of docs/performance.md: on a quiet machine'
	@echo 'make lint              check layers, purity, globals, lengths, headers'
	@echo 'make format            format the C sources (clang-format)'
	@echo 'make coverage          run the tests, and tell what they reach: lines, and branches of the engine; a quarter of an hour'
	@echo 'make fuzz              any bytes as input, 30 s for each target (FUZZ_SECONDS); FUZZ=TARGET: that one alone'
	@echo 'make config-pages      write the schema, the sample and the tables of the documentation anew'
	@echo 'make sim-night         simulate ten million seeds: about an hour on two processors; what fails is kept'
	@echo 'make mutants           plant bugs, and see the simulator find each; writes docs/evidence.md'
	@echo 'make chaos             every fault, on real processes: eight minutes'
	@echo '  make evidence          the same; writes docs/evidence.md'
	@echo 'make soak              all of them at random for an hour, watching that nothing grows; SOAK_SECONDS=60: for a minute'
	@echo 'make clean             remove what was built'
	@echo 'All that build install missing packages (Debian; as root or by sudo).'

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
	@find base backends bench cli config core examples plugins sim tests verify -name '*.[ch]' -exec clang-format -i {} +

coverage:
	@tools/install-packages coverage
	@$(call built,build-coverage,-DCMAKE_C_COMPILER=gcc -DALLOT_TESTS=ON -DALLOT_COVERAGE=ON -DCMAKE_BUILD_TYPE=Debug)
	@find build-coverage -name '*.gcda' -delete
	@ALLOT_SIM_SEEDS=$(COVERAGE_SEEDS) tests/run --build build-coverage $(COVERAGE_SUITES)
	@tests/coverage --build build-coverage

fuzz:
	@tools/install-packages fuzz
	@tools/quietly "Configuring build-fuzz/" \
	    cmake -S . -B build-fuzz $(OPTIONS) -DCMAKE_C_COMPILER=clang -DALLOT_TESTS=ON -DALLOT_FUZZ=ON
	@tools/quietly "Building build-fuzz/" \
	    env -u MAKEFLAGS -u MAKELEVEL cmake --build build-fuzz --parallel $(JOBS) --target fuzz
	@tests/fuzz/run --build build-fuzz --seconds $(FUZZ_SECONDS) $(FUZZ)

config-pages: build
	@cmake --build build --target config-pages >/dev/null

sim-night: build
	@build/sim/allot-sim --seeds 10000000 --failures build/sim/failed-seeds.txt

mutants:
	@tools/install-packages build
	@tools/quietly "Configuring build-mutants/" cmake -S . -B build-mutants $(OPTIONS) -DALLOT_MUTANTS=ON
	@tools/quietly "Building build-mutants/" \
	    env -u MAKEFLAGS -u MAKELEVEL cmake --build build-mutants --parallel $(JOBS) --target allot-sim
	@sim/mutants --build build-mutants

chaos evidence soak:
	@tools/install-packages test
	@$(call built,build,-DALLOT_TESTS=ON)
	@tests/chaos/run --build build $(if $(filter evidence,$@),--evidence) $(if $(filter soak,$@),--soak)

clean:
	@rm -rf build build-san build-tsan build-coverage build-bench build-fuzz build-mutants
