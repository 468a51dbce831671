"""Health checks and metrics over HTTP: /healthz, /readyz, /metrics."""
