"""Faults as they were seen at real gateways, in their own words."""

import json

from sandbox.local_gateway.server import Fault

_OVERLOADED = {"error": {"message": "system cpu overloaded", "type": "new_api_error", "code": "system_cpu_overloaded"}}


def busy(times: int = 1_000_000) -> Fault:
    """Common on small hosts: it passes in seconds, and says nothing of when."""
    return Fault(503, json.dumps(_OVERLOADED).encode(), times=times)


def busy_within(code: int, message: str = "Your call frequency is too high. Please try again later.") -> Fault:
    """A status of 200 around a code of 429 or 430."""
    return Fault(200, json.dumps({"code": code, "msg": message, "data": None}).encode())


def refuses(status: int, message: str) -> Fault:
    """Why a key may not: its models, its list of addresses, a ban; or that it is spent."""
    said = {"error": {"message": f"{message} (request id: 20261126201533)", "type": "new_api_error"}}
    return Fault(status, json.dumps(said).encode(), path="^/suno")
