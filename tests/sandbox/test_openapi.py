"""That what deviates from Discord's description is noticed: every end-to-end test relies on it."""

from typing import Any

import pytest

from sandbox.local_discord.rest import Request
from tests.openapi import description

MESSAGES = "/channels/123456789012345678/messages"


def deviations(method: str, path: str, body: Any, *, status: int = 200, answer: Any = None) -> list[str]:
    request = Request(method, path, {}, body, status=status, answer=answer)
    return list(description().deviations(request))


@pytest.mark.parametrize(
    "body", [{"content": "hello"}, {"content": "x" * 4000}, {"flags": 4, "allowed_mentions": {"users": [123]}}]
)
def test_valid_requests_pass(body: Any) -> None:
    assert deviations("POST", MESSAGES, body, status=204) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"content": "x" * 4001}, "content"),
        ({"embeds": [{"title": "x" * 257}]}, "embeds"),
        ({"embeds": [{}] * 11}, "embeds"),
        ({"message_reference": {}}, "message_reference"),
    ],
)
def test_invalid_requests_are_refused(body: Any, said: str) -> None:
    (found,) = deviations("POST", MESSAGES, body, status=204)
    assert said in found


def test_invalid_answers_are_refused() -> None:
    (found, *_) = deviations("GET", "/users/@me", None, answer={"id": "1"})
    assert "GET /users/@me" in found


def test_unknown_routes_are_refused() -> None:
    assert deviations("GET", "/coffee", None) == ["GET /coffee is not described"]


def test_permissions_of_a_command_may_be_a_number_or_a_text() -> None:
    """Libraries send the number, Discord answers the text."""
    path = "/applications/123456789012345678/commands"
    for permissions in (32, "32", None):
        command = {"name": "admin", "description": "d", "default_member_permissions": permissions}
        assert deviations("PUT", path, [command], status=204) == []
    assert deviations("PUT", path, [{"name": "admin", "default_member_permissions": [32]}], status=204)
