PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: help bench results lanhar-results demo demo-check test test-kernels lint lock test-accuracy test-soak mutation kafka kafka-stop kafka-status packages compose compose-down

# What `make test` runs: the others are long, or measure, and have a command of their own.
SUITE := -m "not accuracy and not soak and not load"
# The fine-tuner trains at the lowest priority: beside tests of a higher one it would get no core.
QUIETLY := nice -n 19

help:  ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# One stamp for the environment: made again when what it is made of changes.
.venv/.installed: pyproject.toml requirements/dev.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# No index and no folder of wheels is named: a lock holds for whoever installs it.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml

demo: .venv/.installed  ## simulate a day, run the whole pipeline, leave the page open
	@exec $(BIN)/python -m streams.demo

demo-check: .venv/.installed  ## the demo without a person: exit 0 only if the log is complete
	@exec $(BIN)/python -m streams.demo --check

test: .venv/.installed packages lint  ## everything the tests need, then all of them
	$(QUIETLY) $(BIN)/python -m pytest -n 2 --dist loadscope $(SUITE) --cov --cov-report=
	@$(BIN)/coverage report --format=total | sed 's/^/coverage: /; s/$$/ % of the lines/'

test-kernels: .venv/.installed  ## the same under each kind of kernel that numpy and torch choose by the processor
	$(QUIETLY) $(BIN)/python -m tests.kernels -n 2 --dist loadscope $(SUITE) $(TESTS)

test-accuracy: .venv/.installed  ## the long measurements of the networks
	$(BIN)/python -m pytest -m accuracy

mutation: .venv/mutation/.installed  ## how many small changes of the operators the tests notice
	.venv/mutation/bin/python -m tests.mutation $(MUTATION)

# An environment of its own on top of the first: mutmut wants another click than Faust does.
.venv/mutation/.installed: .venv/.installed
	$(PYTHON) -m venv .venv/mutation
	sed -nE 's/^([a-z0-9-]+==[^ ]+).*/\1/p' requirements/dev.txt | grep -v '^click==' \
		> .venv/mutation/constraints.txt
	.venv/mutation/bin/pip install --quiet --disable-pip-version-check \
		-c .venv/mutation/constraints.txt mutmut==3.8.1
	$(BIN)/python -c 'import site; print(site.getsitepackages()[0])' \
		> "$$(.venv/mutation/bin/python -c 'import site; print(site.getsitepackages()[0])')/egolog.pth"
	@touch $@

test-soak: .venv/.installed packages  ## the long runs of the pipeline
	$(BIN)/python -m pytest -m soak

results: .venv/.installed  ## measure the networks on what they have never seen: docs/RESULTS.md
	$(BIN)/python -m models.research.evaluation --results docs/RESULTS.md

lanhar-results: .venv/.installed  ## LanHAR between data sets, hours, kept in .run/lanhar: docs/LANHAR.md
	$(BIN)/python -m models.research.lanhar.evaluation.results --ablate --out docs/LANHAR.md

bench: .venv/.installed  ## how many wearers one worker keeps up with
	$(BIN)/python -m bench.pipeline

lint: .venv/.installed  ## ruff, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock: .venv/.installed  ## pin what pyproject.toml asks for, with hashes; UPGRADE=1 takes the newest
	$(LOCK) --extra dev $(if $(UPGRADE),--upgrade) -o requirements/dev.txt
	$(LOCK) --extra simulation -c requirements/dev.txt -o requirements/worker.txt

packages: .venv/.installed  ## system packages that the tests drive, installed where that is allowed
	$(BIN)/python -m infra.system_packages

kafka: .venv/.installed  ## start Apache Kafka on loopback (Java and Maven, no Docker)
	$(BIN)/python -m infra.local.kafka start

kafka-stop: .venv/.installed  ## stop it; its data stays in .run/kafka
	$(BIN)/python -m infra.local.kafka stop

kafka-status: .venv/.installed  ## say whether it runs
	$(BIN)/python -m infra.local.kafka status

compose:  ## start Kafka, Redis, Prometheus, Grafana and the worker in Docker
	docker compose up --build --detach

compose-down:  ## stop them; their data stays
	docker compose down
