# Everything starts from `python3` and `make`; the rest is installed into .venv.
PYTHON ?= python3
PY := .venv/bin/python
# Tools that import the settings outside manage.py find the installation's secrets through this.
WITH_SECRETS := $(PY) -m dashtam.installation.local

.DEFAULT_GOAL := help
.PHONY: help demo test e2e corpus files specs check bench hour faults pictures sbom image env format clean deploy-check

help:  ## list the commands
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/.installed: uv.lock pyproject.toml
	@$(PYTHON) -m dashtam.installation.bootstrap --no-dev
	@touch $@

.venv/.installed-dev: uv.lock pyproject.toml
	@$(PYTHON) -m dashtam.installation.bootstrap
	@touch $@ .venv/.installed

demo: .venv/.installed  ## set everything up, connect a demo bank, serve until Ctrl-C (ARGS=--once: do it and exit)
	@exec $(PY) manage.py demo $(ARGS)

test: .venv/.installed-dev  ## the test suite, on real embedded PostgreSQL and Valkey
	$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

e2e: .venv/.installed-dev  ## the browser journeys in headless Chromium
	$(PY) -m pytest tests/e2e -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

CORPUS ?= tests/corpus/cases.yaml

corpus: .venv/.installed-dev  ## cases of who a row is over time, through the real ledger (CORPUS=file.yaml)
	@$(PY) -m tests.corpus $(CORPUS)

SPECS ?= specs

specs: .venv/.installed-dev  ## connectors and simulator against vendors' documents and samples (SPECS=folder)
	@$(PY) -m tests.specs $(SPECS)

FILES ?= tests/files/samples

files: .venv/.installed-dev  ## statement files through the real importer, beside their INDEX.tsv (FILES=folder)
	@$(PY) -m tests.files $(FILES)

check: .venv/.installed-dev  ## format, lint, types, import contracts, migrations, deployment settings
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	$(WITH_SECRETS) .venv/bin/mypy .
	$(WITH_SECRETS) .venv/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	PUBLIC_URL=https://dashtam.example.org $(PY) manage.py check --deploy --fail-level WARNING

bench: .venv/.installed-dev  ## the benchmarks, as ratios side by side
	$(PY) -m tests.benchmarks $(ARGS)

hour: .venv/.installed-dev  ## the busiest hour of installations of all sizes, simulated (docs/scale.md)
	@DJANGO_SETTINGS_MODULE=dashtam.settings $(WITH_SECRETS) $(PY) -m tests.benchmarks.busiest_hour

sbom: .venv/.installed-dev  ## sbom.cdx.json: every part with its version and hashes, as CycloneDX 1.5
	.venv/bin/uv export --frozen --offline --no-dev --preview-features sbom-export --format cyclonedx1.5 > sbom.cdx.json

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
ENGINE ?= docker

image:  ## the container image, dashtam:VERSION (ENGINE=podman or "buildah" too)
	$(ENGINE) build -f docs/deploy/Containerfile --build-arg VERSION=$(VERSION) \
		--build-arg REVISION=$$(git rev-parse --short HEAD 2>/dev/null || echo unknown) -t dashtam:$(VERSION) $(ARGS) .

FOLDER ?= docs/deploy

env:  ## settings and keys of a new installation (URL=https://money.example.org, FOLDER=docs/deploy, ARGS=…)
	@$(PYTHON) -m dashtam.installation.environment_file $(FOLDER) --url "$(URL)" $(ARGS)

deploy-check: .venv/.installed-dev  ## each way to run Dashtam: started, used, backed up, destroyed, restored (ARGS="plain units image")
	$(PY) -m tests.deploy $(ARGS)

faults: .venv/.installed-dev  ## break what Dashtam relies on, and show what that costs (ARGS="postgres valkey": some only)
	$(PY) -m tests.faults $(ARGS)

pictures: .venv/.installed-dev  ## the README's pictures, taken of the demo household in Chromium
	$(PY) -m tests.pictures

format: .venv/.installed-dev  ## put the code into its one shape
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

clean:  ## forget what was installed; data in .dashtam stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
