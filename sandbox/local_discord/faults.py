"""Injected faults: the next matching requests are answered with an error, late, or not at all."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


def _always(_asked: "Asked") -> bool:
    return True


@dataclass
class Fault:
    """`path`: a regular expression for the path after /api/v10. Status 0 cuts the connection."""

    path: str
    status: int
    method: str = ""
    times: int = 1
    body: Any = field(default_factory=dict)  # as JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0  # seconds before the answer
    held: asyncio.Event | None = None  # the answer waits until it is set
    after: bool = False  # the request is carried out first; only the answer is lost
    when: Callable[["Asked"], bool] = _always  # a condition on the request's body and files

    @property
    def late(self) -> bool:
        """True if the answer is the normal one, only delayed."""
        return self.after and self.status == 200 and not self.body


class Asked(Protocol):
    @property
    def body(self) -> Any: ...
    @property
    def uploads(self) -> Mapping[str, Any]: ...


class Faults:
    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def order(self, fault: Fault) -> None:
        self._ordered.append(fault)

    def fail(self, path: str, status: int, code: int = 0, **more: Any) -> None:
        self.order(Fault(path, status, body={"message": f"{status}", "code": code}, **more))

    def rate_limit(self, path: str, retry_after: float, *, everywhere: bool = False, times: int = 1) -> None:
        """With a `Via` header: without it discord.py assumes that Cloudflare sent the 429."""
        headers = {"Via": "1.1 google", "Retry-After": str(retry_after)}
        headers |= {"X-RateLimit-Global": "true"} if everywhere else {"X-RateLimit-Scope": "user"}
        body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": everywhere, "code": 0}
        self.order(Fault(path, 429, times=times, body=body, headers=headers))

    def take(self, method: str, path: str, asked: Asked) -> Fault | None:
        for fault in self._ordered:
            matches = fault.method in ("", method) and re.search(fault.path, path) and fault.when(asked)
            if fault.times and matches:
                fault.times -= 1
                return fault
        return None

    def clear(self) -> None:
        self._ordered.clear()
