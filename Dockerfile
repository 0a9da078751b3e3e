# Two images: `worker`, which docker builds unless told otherwise, and `finetune`, which trains.
FROM python:3.11-slim AS finetune-packages

WORKDIR /opt/egolog
COPY requirements/worker.txt requirements/
RUN python -m venv /opt/venv && \
    /opt/venv/bin/pip install --no-cache-dir --require-hashes -r requirements/worker.txt
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY operators operators
COPY models models
COPY infra infra
COPY streams streams
RUN /opt/venv/bin/pip install --no-cache-dir --no-deps .

# What trains is nine tenths of all packages: torch and what it brings.
FROM finetune-packages AS worker-packages

RUN /opt/venv/bin/pip list --format=freeze | cut -d= -f1 \
    | grep -E '^(torch|torchaudio|triton|nvidia-.*|cuda-.*)$' \
    | xargs /opt/venv/bin/pip uninstall --yes

FROM python:3.11-slim AS runtime

# State is a cache of what Kafka and Redis hold: a volume only keeps it from the image. But for the
# fine-tuned weights and what they are made from, whose volumes begin with these folders' owner.
RUN useradd --system --create-home egolog && install -d -o egolog \
    /var/lib/egolog /var/lib/egolog/revisions /var/lib/egolog/finetune
USER egolog
WORKDIR /var/lib/egolog
# Workers in different containers do not see each other's cores, and would all take the same one.
ENV EGOLOG_CPU_AFFINITY=off
ENV EGOLOG_RUN_DIR=/var/lib/egolog PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1

FROM runtime AS finetune

COPY --from=finetune-packages /opt/venv /opt/venv
CMD ["faust", "-A", "streams.app", "finetune"]

FROM runtime AS worker

COPY --from=worker-packages /opt/venv /opt/venv
EXPOSE 6066
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD \
    ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:6066/api/health')"]
CMD ["faust", "-A", "streams.app", "worker"]
