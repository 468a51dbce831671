"""The background loop that asks gateways for what is watched."""
