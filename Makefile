PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3.14 || command -v python3)
BIN := .venv/bin

.PHONY: audit coverage docs help newest bench results lanhar-results demo demo-check simulate-faults faults fuzz fuzz-http soak test suite test-kernels test-pipeline lint lock test-accuracy test-training test-soak mutation style types kafka kafka-stop kafka-status packages compose compose-down

# What `make test` runs: the others are long, or measure, and have a command of their own.
SUITE := -m "not accuracy and not training and not pipeline and not soak and not load"
# Whole modules in the order of tests/conftest.py, which puts the longest first. On two cores the third
# worker is a spare one: it has what the other two leave while they wait for services.
TOGETHER := -n 3 --dist loadscope --no-loadscope-reorder
# What failed at first and passed then is listed, with how it failed.
RERUNS := -rfER --rerun-show-tracebacks
# The fine-tuner trains at the lowest priority: beside tests of a higher one it would get no core.
QUIETLY := nice -n 19
FAULTS ?= --quick
BENCH ?= --quick --json .run/bench.json --page .run/PERFORMANCE.md
# As many processes as cores: threads of their own libraries would only wait for one another.
suite coverage test-kernels test-training: export OMP_NUM_THREADS ?= 1

# Images of Python like to set this; each of some hundred processes would compile torch anew.
unexport PYTHONDONTWRITEBYTECODE

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# uv installs in a third of pip's time. It knows the settings of pip that are handed to it; where
# others are needed, pip follows.
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
UV_SETTINGS := $(if $(PIP_FIND_LINKS),UV_FIND_LINKS="$(PIP_FIND_LINKS)") \
	$(if $(PIP_INDEX_URL),UV_DEFAULT_INDEX="$(PIP_INDEX_URL)")

# pip would say so after a gigabyte.
ALLOWED := import platform, sys; (3, 11) <= sys.version_info < (3, 15) or sys.exit( \
	"error: $(PYTHON) is Python " + platform.python_version() + "; expected 3.11 to 3.14, as in make PYTHON=python3.13")

# One stamp for the environment: made again when what it is made of changes.
.venv/.installed: pyproject.toml requirements/dev.txt
	@$(PYTHON) -c '$(ALLOWED)'
	$(PYTHON) -m venv .venv
	awk '/^uv==/ {of_uv = 1} of_uv {print} of_uv && !/\\$$/ {exit}' requirements/dev.txt > .venv/uv.txt
	$(PIP) --require-hashes -r .venv/uv.txt
	$(UV_SETTINGS) $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes \
		-r requirements/dev.txt || $(PIP) --require-hashes -r requirements/dev.txt
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# What `pip install` brings, which follows no lock.
newest:  ## make .venv of the newest versions that are allowed, instead of the locked: `make newest test`
	@$(PYTHON) -c '$(ALLOWED)'
	$(PYTHON) -m venv .venv
	$(PIP) uv
	$(UV_SETTINGS) $(BIN)/uv pip install --quiet --python $(BIN)/python --upgrade -e '.[dev]'
	@touch .venv/.installed

# No index and no folder of wheels is named: a lock holds for whoever installs it.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml

demo: .venv/.installed  ## run the whole pipeline on a simulated day and keep the page open
	@exec $(BIN)/python -m streams.demo

demo-check: .venv/.installed  ## run the demo non-interactively; exit 0 only if the log is complete
	@exec $(BIN)/python -m streams.demo --check

# Types are checked beside the tests: these wait for services, and leave some of a core free.
test: .venv/.installed packages style  ## lint, and run the tests
	@$(MAKE) --no-print-directory --jobs=2 types suite

suite:
	$(QUIETLY) $(BIN)/python -m pytest $(TOGETHER) $(RERUNS) $(SUITE)

coverage: .venv/.installed packages  ## run the tests and count the lines of the stream that they reach
	$(QUIETLY) $(BIN)/python -m slipcover --json --out .coverage.json -m pytest $(TOGETHER) $(RERUNS) $(SUITE)
	@$(BIN)/python -c 'import json; print("coverage:", json.load(open(".coverage.json"))["summary"]["percent_covered_display"], "% of the lines of the stream")'

test-kernels: .venv/.installed  ## run the tests under each CPU kernel that numpy and torch may choose
	$(QUIETLY) $(BIN)/python -m tests.kernels $(TOGETHER) $(RERUNS) $(SUITE) $(TESTS)

test-accuracy: .venv/.installed  ## run the accuracy tests of the networks (long)
	$(BIN)/python -m pytest -m accuracy

test-training: .venv/.installed  ## run the tests that train small networks
	$(QUIETLY) $(BIN)/python -m pytest $(TOGETHER) -m training

test-pipeline: .venv/.installed packages  ## run all tests of the whole pipeline, on our own broker and store too (long)
	$(QUIETLY) $(BIN)/python -m pytest $(RERUNS) -m "(pipeline or services) and not soak and not load"

mutation: .venv/mutation/.installed  ## run the mutation tests of the operators, or of --target streams/engine
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

simulate-faults: .venv/.installed  ## let seeds of crashes, rebalances and silence change nothing; SEEDS=10000 FIRST=0
	$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),10000) --first $(or $(FIRST),0)

faults: .venv/.installed packages  ## break a stream on Apache Kafka and Redis, four minutes; FAULTS= breaks it in every way
	$(BIN)/python -m bench.faults $(FAULTS)

fuzz: .venv/.installed  ## read a million mutated messages and files; CASES=1000000 SEED=0
	$(BIN)/python -m tests.fuzz --cases $(or $(CASES),1000000) --seed $(or $(SEED),0)

fuzz-http: .venv/.installed  ## ask the HTTP interface for all that its description allows and forbids
	$(BIN)/python -m pytest -m pipeline tests/streams/web/test_contract.py

audit: .venv/.installed  ## ask PyPI's database for known vulnerabilities of what is locked
	$(BIN)/uv tool run --quiet pip-audit==2.10.1 --strict --require-hashes --disable-pip -r requirements/dev.txt -r requirements/worker.txt

soak: .venv/.installed packages  ## let a worker run for two hours and look for leaks; MINUTES=120
	$(BIN)/python -m bench.soak --minutes $(or $(MINUTES),120)

test-soak: .venv/.installed packages  ## run the soak tests of the pipeline (long)
	$(BIN)/python -m pytest -m soak

results: .venv/.installed  ## evaluate the networks on unseen data and write docs/RESULTS.md
	$(BIN)/python -m models.research.evaluation --results docs/RESULTS.md

lanhar-results: .venv/.installed  ## evaluate LanHAR across data sets and write docs/LANHAR.md (hours; resumes from .run/lanhar)
	$(BIN)/python -m models.research.lanhar.evaluation.results --ablate --out docs/LANHAR.md

bench: .venv/.installed  ## measure what a wearer costs, ten minutes; BENCH= measures all of it
	$(BIN)/python -m bench $(BENCH)

lint: style types  ## check style, formatting and types

style: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.installed
	$(BIN)/mypy

docs: .venv/.installed  ## write the documentation as a site to .run/site, its reference from the code
	$(BIN)/python -m tests.docs.reference
	NO_MKDOCS_2_WARNING=1 PYTHONPATH=. $(BIN)/python -m mkdocs build --quiet

lock: .venv/.installed  ## lock the dependencies with hashes; UPGRADE=1 upgrades them
	$(LOCK) --extra dev $(if $(UPGRADE),--upgrade) -o requirements/dev.txt
	$(LOCK) --extra simulation -c requirements/dev.txt -o requirements/worker.txt

packages: .venv/.installed  ## install the system packages that the tests need, where permitted
	$(BIN)/python -m infra.system_packages

kafka: .venv/.installed  ## start Apache Kafka on loopback (Java and Maven, no Docker)
	$(BIN)/python -m infra.local.kafka start

kafka-stop: .venv/.installed  ## stop Apache Kafka and keep its data in .run/kafka
	$(BIN)/python -m infra.local.kafka stop

kafka-status: .venv/.installed  ## show whether Apache Kafka is running
	$(BIN)/python -m infra.local.kafka status

compose: .run/compose/web-token  ## start Kafka, Redis, Prometheus, Grafana and the worker in Docker
	docker compose up --build --detach
	@echo "the page: http://127.0.0.1:6066/ (its token is in .run/compose/web-token)"

# Nobody else may look into the folder; in a container the file is another user's.
.run/compose/web-token:
	@mkdir -p -m 700 $(@D)
	@$(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(32))' > $@

compose-down:  ## stop the Docker services and keep their data
	docker compose down
