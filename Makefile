# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   make demo    two hosts, a cluster, a power cut, a report           (build/demo/report.html)
#   make test    everything that is checked before a change lands
#
# Both install what the machine lacks: Debian packages, and a virtual environment in build/venv.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := build/venv
PYTHON := $(VENV)/bin/python
GATES := build/gates-venv
COLLECTION := build/collections/ansible_collections/failover/cluster
CODE := bench lab molecule plugins roles tests
LABS := demo test takeover $(addprefix exclusion-,test data disk lease) \
	$(addprefix audit-,test shared many lease changes)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/build/collections
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHONDONTWRITEBYTECODE := 1
SEEDS ?= 2000
DRAW ?= 0
AGAINST ?= HEAD
INPUTS ?= 20000
MINUTES ?= 60
SUITES ?= bookworm trixie
SCENARIOS ?= default preflight roles pacemaker drbd

.PHONY: help setup docs lint gates molecule unit fuzz simulate pacemaker mutants mutation lockstep lab-test test demo bench show clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: build/packages.done $(VENV)/done $(COLLECTION) ## install what this machine lacks

build/packages.done: lab/host-packages.txt
	@mkdir -p build
	lab/install-host-packages
	@touch $@

$(VENV)/done: requirements-dev.txt build/packages.done
	/usr/bin/env python3 -m venv --clear $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(GATES)/done: requirements-gates.txt build/packages.done
	/usr/bin/env python3 -m venv --clear $(GATES)
	$(GATES)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-gates.txt
	@touch $@

$(COLLECTION):
	@mkdir -p $(@D)
	ln -sfn $(CURDIR) $@

docs: setup ## write the pages of docs/ and the argument specs that are made from the code
	$(PYTHON) -m tests.generated_docs

lint: setup ## ruff, mypy, yamllint, ansible-lint
	ruff check $(CODE)
	ruff format --check $(CODE)
	mypy bench lab plugins/plugin_utils plugins/module_utils tests
	cd roles/engine_agent/files && mypy --config-file ../../../pyproject.toml -p failoverd
	cd roles/page/files && mypy --config-file ../../../pyproject.toml -p failover_page
	yamllint --strict .
	ansible-lint --offline

gates: lint $(GATES)/done ## every gate of the Ansible world, as in CONTRIBUTING.md
	$(GATES)/bin/python -m tests.gates

molecule: setup $(GATES)/done ## all scenarios (SCENARIOS="default preflight roles pacemaker drbd" SUITES="bookworm trixie")
	lab/containers/scenarios "$(SUITES)" "$(SCENARIOS)"

unit: setup ## unit tests and the simulated world (SEEDS=2000)
	SEEDS=$(SEEDS) pytest -q tests/unit tests/simulation

fuzz: setup ## spoilt input to all that reads from outside (INPUTS=20000 TARGET=journal): build/fuzz.json
	PYTHONPATH=roles/engine_agent/files:. $(PYTHON) -m tests.fuzz --inputs $(INPUTS) $(if $(TARGET),--target $(TARGET)) $(if $(SEED),--seed $(SEED))

simulate: setup ## the simulated world alone, with as many SEEDS as wanted: build/simulation.json
	$(PYTHON) -m tests.simulation --seeds $(SEEDS)

pacemaker: setup ## a real cluster of Corosync and Pacemaker in three containers
	$(PYTHON) -m pytest -v tests/pacemaker

mutants: setup ## deliberate bugs in the core, each to be caught by the simulator: build/mutants.json
	$(PYTHON) -m tests.simulation.mutants

mutation: setup ## bugs that a program puts into the core (DRAW=200), and what catches them: build/mutation.json
	$(PYTHON) -m tests.mutation --draw $(DRAW)

lockstep: setup ## the core of another revision beside this one, step by step (AGAINST=HEAD SEEDS=2000)
	$(PYTHON) -m tests.lockstep --against $(AGAINST) --seeds $(SEEDS)

lab-test: setup ## real kernels: build, switch over, cut power, cut links (ONLY=f14 REUSE=1)
	REUSE=$(REUSE) pytest -v tests/kernels $(if $(ONLY),-k $(ONLY))

# The slow gate (three versions of ansible-core), ansible-test units (the same tests once more), the other
# suite and the scenario on real kernels are left to gates and molecule.
test: setup $(GATES)/done ## everything that is checked before a change lands (PARTS="lab units")
	SEEDS=$(SEEDS) $(PYTHON) -m tests.legs $(PARTS)

demo: setup ## two hosts, a cluster, a power cut, a report
	PYTHONPATH=roles/engine_agent/files:roles/page/files:build/collections:. $(PYTHON) -m lab.demo

bench: setup ## who is without service for how long (SYSTEMS="failoverd pacemaker floor" CASES=power_off RUNS=5): bench/results.json
	SYSTEMS="$(SYSTEMS)" CASES="$(CASES)" RUNS=$(RUNS) $(PYTHON) -m bench

show: setup ## long proofs by name: make show WHAT=trixie (WHAT=soak MINUTES=60)
	PYTHONPATH=roles/engine_agent/files:roles/page/files:build/collections:. SOAK_MINUTES=$(MINUTES) $(PYTHON) -m tests.proofs "$(WHAT)"

clean: ## remove what was built here; labs that run are ended first
	-[ ! -x $(PYTHON) ] || for name in $(LABS); do $(PYTHON) -m lab --name $$name down --purge; done
	rm -rf build
