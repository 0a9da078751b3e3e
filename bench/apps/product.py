"""The unchanged product: `faust -A bench.apps.product worker`."""

from bench.apps.thread_names import keep_naming_threads
from streams.app import app

__all__ = ["app"]

keep_naming_threads()
