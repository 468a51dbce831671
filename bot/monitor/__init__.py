"""How the bot fares, for the machines of those who operate it: /healthz, /readyz, /metrics."""
