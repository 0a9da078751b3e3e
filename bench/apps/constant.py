"""The product with networks that return constants: what remains is the stream."""

from bench.apps.constants import make_constant

make_constant()

from bench.apps.product import app  # noqa: E402 - the networks first

__all__ = ["app"]
