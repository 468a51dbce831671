"""Faults that real gateways showed, with their original texts."""

import json

from sandbox.local_gateway.server import Fault

_OVERLOADED = {"error": {"message": "system cpu overloaded", "type": "new_api_error", "code": "system_cpu_overloaded"}}


def busy(times: int = 1_000_000) -> Fault:
    """Common on small hosts: it lasts seconds, and there is no Retry-After."""
    return Fault(503, json.dumps(_OVERLOADED).encode(), times=times)


def busy_within(code: int, message: str = "Your call frequency is too high. Please try again later.") -> Fault:
    """HTTP status 200 with a code of 429 or 430 in the body."""
    return Fault(200, json.dumps({"code": code, "msg": message, "data": None}).encode())


def refuses(status: int, message: str) -> Fault:
    """A refused key: its models, its list of addresses, a ban, or a spent quota."""
    said = {"error": {"message": f"{message} (request id: 20261126201533)", "type": "new_api_error"}}
    return Fault(status, json.dumps(said).encode(), path="^/suno")
