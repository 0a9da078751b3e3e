"""Deprecated: `python -m infra.kafka` has moved; this file is removed with the next release."""

import sys

if __name__ == "__main__":
    print("infra.kafka moved: run python -m infra.local.kafka", file=sys.stderr)
    raise SystemExit(2)
