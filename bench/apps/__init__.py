"""The product's app for measurements: with named threads, and optionally constant networks."""
