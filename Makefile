PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: help kafka kafka-stop kafka-status packages compose compose-down

help:  ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# One stamp for the environment: made again when what it is made of changes.
.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

packages: .venv/.installed  ## system packages that the tests drive, installed where that is allowed
	$(BIN)/python -m infra.system_packages

kafka: .venv/.installed  ## start Apache Kafka on loopback (Java and Maven, no Docker)
	$(BIN)/python -m infra.kafka start

kafka-stop: .venv/.installed  ## stop it; its data stays in .run/kafka
	$(BIN)/python -m infra.kafka stop

kafka-status: .venv/.installed  ## say whether it runs
	$(BIN)/python -m infra.kafka status

compose:  ## start Kafka, Redis, Prometheus, Grafana and the worker in Docker
	docker compose up --build --detach

compose-down:  ## stop them; their data stays
	docker compose down
