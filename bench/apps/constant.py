"""The product with networks that return constants, which leaves only the stream's cost."""

from bench.apps.constant_networks import make_constant

make_constant()

from bench.apps.product import app  # noqa: E402 - networks are replaced first

__all__ = ["app"]
