"""The Grafana dashboards with their provisioning, and Prometheus' rules."""
