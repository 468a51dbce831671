"""The worker that polls gateways for watched tasks."""
