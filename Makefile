# SPDX-License-Identifier: Apache-2.0
# Two commands, each sets up all it needs: `make demo` and `make test`. `make clean` takes everything away again.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Open3D's wheel links these; the name after the colon is Debian's package.
LIBRARIES := libusb-1.0.so.0:libusb-1.0-0 libGL.so.1:libgl1 libEGL.so.1:libegl1 libX11.so.6:libx11-6 libidn2.so.0:libidn2-0

# The ROS wheels mark a process tree as set up; another environment's mark must not reach ours.
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE PYTHONHOME PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test check bench docs real faults fuzz soak clean help
.DEFAULT_GOAL := help

help:
	@echo 'make demo    a simulated robot obeys spoken goals through real ROS 2 nodes; leaves out/demo/'
	@echo 'make test    ruff, mypy and every test'
	@echo 'make docs    the documents as a site in out/site; fails on any warning'
	@echo 'make bench   every benchmark against its peers; writes docs/bench.json and the table of the README'
	@echo 'make real    what mm_nav does on recordings of real sensors; writes docs/real.md (MM_NAV_DATA names their folder)'
	@echo 'make faults  every test that shows a fault of the catalogue; writes docs/faults.md'
	@echo 'make fuzz    10,000 messages of each input type, as fields and as bytes on the wire'
	@echo 'make soak    drives through faults for 20 minutes, kills what can die, floods; about 1 h; writes docs/soak.md'
	@echo 'make clean   removes the environment and everything that was built'

demo: $(VENV)/.demo
	$(BIN)/mm_nav demo --say "go to the red cone behind the boxes" --seed 2890 --out out/demo

test: check
	$(BIN)/python -m pytest

bench: $(VENV)/.test
	$(BIN)/mm_nav bench --json docs/bench.json
	$(BIN)/python -m benchmarks.table docs/bench.json README.md docs/benchmarks.md

real: $(VENV)/.test
	$(BIN)/python -m benchmarks.real

faults: $(VENV)/.test
	$(BIN)/python -m benchmarks.faults

fuzz: $(VENV)/.test
	MM_NAV_FUZZ=10000 $(BIN)/python -m pytest -v tests/wire/test_fuzz.py

soak: $(VENV)/.test
	$(BIN)/python -m benchmarks.soak

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build -q

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/mypy

# Debian packages: installed if this user may, else named with what to type.
define install_debian
{ if [ "$$(id -u)" = 0 ]; then sudo=; else sudo='sudo -n'; fi; \
  command -v apt-get >/dev/null && $$sudo true 2>/dev/null && export DEBIAN_FRONTEND=noninteractive && \
  { $$sudo apt-get install -y -qq $$missing || { $$sudo apt-get update -qq && $$sudo apt-get install -y -qq $$missing; }; } || \
  { echo "make: missing system packages; type:  sudo apt-get install $$missing   and run make again" >&2; exit 1; }; }
endef

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo 'make: no $(PYTHON); type:  sudo apt-get install python3 python3-venv' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "make: $$($(PYTHON) --version) is too old, 3.10 or newer is needed; name one:  make PYTHON=python3.12 demo" >&2; exit 1; }
	@missing=; $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || missing="python3-venv"; \
	  [ -z "$$missing" ] || $(install_debian)
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.system: $(VENV)/bin/python
	@missing=$$($< -c "$$FIND_MISSING" $(LIBRARIES)); [ -z "$$missing" ] || $(install_debian)
	@touch $@

define FIND_MISSING
import ctypes, sys
for pair in sys.argv[1:]:
    library, package = pair.split(":")
    try:
        ctypes.CDLL(library)
    except OSError:
        print(package, end=" ")
endef
export FIND_MISSING

$(VENV)/.demo: setup.py constraints.txt | $(VENV)/.system
	$(BIN)/pip install -q -c constraints.txt -e '.[ros,sim,viz,openvino]'
	@touch $@

$(VENV)/.test: setup.py constraints.txt | $(VENV)/.demo
	$(BIN)/pip install -q -c constraints.txt -e '.[ros,sim,viz,openvino,train,dev,docs]'
	@touch $@

$(VENV)/.docs: setup.py constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install -q -c constraints.txt -e '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) out build install log dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find mm_nav tests -name __pycache__ -type d -prune -exec rm -rf {} +
