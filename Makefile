# make run : installe, importe le corpus de départ, ouvre la page.   make test : vérifie tout.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
CONSTRAINTS := -c constraints.txt
# The CPU build where one is offered; elsewhere than on Linux the plain build is a CPU one.
# Set TORCH=torch==2.13.0 for a GPU build (several gigabytes).
TORCH ?= torch==2.13.0+cpu

.DEFAULT_GOAL := help
.PHONY: help run test lint types check eval bench clean

help:
	@echo "make run    installer, importer le corpus de départ, ouvrir la page"
	@echo "make test   vérifier le style, les types et les tests"
	@echo "make eval   mesurer la qualité (questions du dossier partagé)"
	@echo "make bench  mesurer vitesse et mémoire"

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Il faut Python 3.11 ou plus récent : make PYTHON=python3.12 run"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installation (quelques minutes la première fois)…"
	@$(PIP) install -q --upgrade pip
	@$(PIP) install -q $(CONSTRAINTS) -e .
	@$(MAKE) --no-print-directory torch
	@touch $@

.PHONY: torch
torch:
	@if [ "$$(uname -s)" != Linux ]; then wanted="torch==2.13.0"; else wanted="$(TORCH)"; fi; \
	if $(PIP) install -q "$$wanted" 2>/dev/null; then \
		$(PIP) install -q $(CONSTRAINTS) -e ".[models]"; \
	else \
		echo "Pas de PyTorch pour processeur ($$wanted) ici : le conseiller marche sans,"; \
		echo "seuls les modèles de vecteurs par nom en ont besoin (voir README)."; \
	fi

$(VENV)/installed-dev: $(VENV)/installed
	@$(PIP) install -q $(CONSTRAINTS) -e ".[dev]"
	@touch $@

run: $(VENV)/installed
	@$(BIN)/advisor import corpus || true
	@$(BIN)/advisor serve

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-dev
	$(BIN)/mypy

check: $(VENV)/installed-dev
	$(BIN)/advisor corpus check corpus

test: lint types check
	$(BIN)/pytest -n logical --dist worksteal

eval: $(VENV)/installed-dev
	$(BIN)/advisor eval answers ../shared/eval/questions.jsonl ../shared/seeds --also corpus --report eval/reports/answers.md
	$(BIN)/advisor eval retrieval ../shared/eval/retrieval/spf_qr ../shared/eval/retrieval/piaf --report eval/reports/retrieval.md
	$(BIN)/advisor eval guidance eval/guidance/build.jsonl eval/guidance/held.jsonl --report eval/reports/guidance.md

bench: $(VENV)/installed-dev
	$(BIN)/python -m eval.speed ../shared/documents --prose ../shared/training/prose_fr.jsonl.xz \
		--questions ../shared/eval/retrieval/spf_qr/queries.jsonl

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build *.egg-info
