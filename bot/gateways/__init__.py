"""Requests to gateways and their media hosts, and their answers."""
