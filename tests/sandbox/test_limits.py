"""What the local Discord refuses, as Discord does: a bot that passes here has kept to the limits."""

from typing import Any

import pytest

from sandbox.local_discord.errors import ApiError
from sandbox.local_discord.limits import (
    COMPONENTS_V2,
    check_choices,
    check_commands,
    check_files,
    check_message,
    check_modal,
)

MIB = 1024 * 1024


def button(**fields: Any) -> dict[str, Any]:
    return {"type": 2, "style": 2, "label": "x", "custom_id": "x"} | fields


def row(*components: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(components)}


def embed(**fields: Any) -> dict[str, Any]:
    return {"embeds": [{"description": "x"} | fields]}


LINK: dict[str, Any] = {"type": 2, "style": 5, "label": "x"}
FIELD = {"name": "n", "value": "v"}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"content": "x" * 2001}, "content"),
    (embed(title="x" * 257), "embeds.0.title"),
    (embed(description="x" * 4097), "embeds.0.description"),
    (embed(footer={"text": "x" * 2049}), "embeds.0.footer.text"),
    (embed(fields=[FIELD] * 26), "embeds.0.fields"),
    (embed(fields=[FIELD | {"name": ""}]), "embeds.0.fields.0.name"),
    (embed(fields=[FIELD | {"value": "x" * 1025}]), "embeds.0.fields.0.value"),
    (embed(thumbnail={"url": "ftp://x"}), "embeds.0.thumbnail.url"),
    ({"embeds": [{"description": "x" * 4000}] * 2}, "embeds"),
    ({"embeds": [{"description": "x"}] * 11}, "embeds"),
    ({"components": [row(button())] * 6}, "components"),
    ({"components": [button()]}, "components.0"),
    ({"components": [row(*(button(custom_id=str(n)) for n in range(6)))]}, "components.0.components"),
    ({"components": [row(button(), button())]}, "components.0.components.1.custom_id"),
    ({"components": [row(button(custom_id="x" * 101))]}, "components.0.components.0.custom_id"),
    ({"components": [row(button(label="x" * 81))]}, "components.0.components.0.label"),
    ({"components": [row(button(label=""))]}, "components.0.components.0"),
    ({"components": [row(LINK | {"url": "javascript:x"})]}, "components.0.components.0.url"),
    ({"components": [row(LINK | {"url": "https://x/" + "y" * 512})]}, "components.0.components.0.url"),
    ({"components": [row({"type": 3, "custom_id": "s"}, button())]}, "components.0.components"),
    ({"components": [row({"type": 3, "custom_id": "s", "options": [{}] * 26})]}, "components.0.components.0.options"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "path"), REFUSED)
def test_a_message_beyond_a_limit_is_refused_where_it_is(message: dict[str, Any], path: str) -> None:
    with pytest.raises(ApiError) as refusal:
        check_message(message, flags=0, attachments=0)
    assert (refusal.value.status, refusal.value.body["code"]) == (400, 50035)
    node = refusal.value.body["errors"]
    for part in path.split("."):
        node = node[part]
    assert node["_errors"]


@pytest.mark.parametrize(
    "message",
    [
        {"content": "x", "components": []},
        {"embeds": [{"description": "x"}]},
        {"components": [{"type": 10, "content": "x" * 2001}, {"type": 10, "content": "x" * 2000}]},
        {"components": [{"type": 10, "content": "x"}] * 41},
        {"components": [{"type": 17, "components": [row(button(custom_id=str(n))) for n in range(20)]}]},
        {"components": [{"type": 10, "content": ""}]},
    ],
)
def test_a_v2_message_has_limits_of_its_own(message: dict[str, Any]) -> None:
    with pytest.raises(ApiError):
        check_message(message, flags=COMPONENTS_V2, attachments=0)


def test_values_just_within_the_limits_pass() -> None:
    embeds = [{"title": "x" * 256, "description": "x" * 4096, "fields": [FIELD | {"value": "x" * 1024}]}]
    check_message({"content": "x" * 2000, "embeds": embeds}, flags=0, attachments=10)
    check_message({"components": [{"type": 10, "content": "x" * 4000}]}, flags=COMPONENTS_V2, attachments=0)


def test_an_empty_message_is_refused() -> None:
    with pytest.raises(ApiError, match="empty"):
        check_message({"content": ""}, flags=0, attachments=0)


@pytest.mark.parametrize("sizes", [[20 * MIB + 1], [13 * MIB, 13 * MIB]])
def test_files_that_are_too_large(sizes: list[int]) -> None:
    with pytest.raises(ApiError) as refusal:
        check_files(sizes, 20 * MIB)
    assert (refusal.value.status, refusal.value.body["code"]) == (413, 40005)
    check_files([20 * MIB, 5 * MIB], 20 * MIB)


COMMAND = {"name": "suno", "description": "x"}


@pytest.mark.parametrize(
    "command",
    [
        COMMAND | {"name": "Suno"},
        COMMAND | {"name": "two words"},
        COMMAND | {"description": ""},
        COMMAND | {"description": "x" * 101},
        COMMAND | {"description_localizations": {"zh-HK": "x"}},
        COMMAND | {"description_localizations": {"zh-CN": "长" * 101}},
        COMMAND | {"options": [COMMAND | {"type": 3}, COMMAND | {"name": "id", "type": 3, "required": True}]},
        COMMAND | {"options": [COMMAND | {"type": 3, "choices": [{}] * 26}]},
        COMMAND | {"options": [COMMAND | {"type": 3}] * 26},
    ],
)
def test_a_command_that_discord_would_not_take(command: dict[str, Any]) -> None:
    with pytest.raises(ApiError):
        check_commands([command])


def test_choices_and_modals() -> None:
    text_input = {"type": 1, "components": [{"type": 4, "custom_id": "t", "label": "x"}]}
    modal: dict[str, Any] = {"title": "x", "custom_id": "m", "components": [text_input]}
    check_modal(modal)
    check_choices([{"name": "x", "value": "y"}] * 25)
    for broken in (modal | {"title": "x" * 46}, modal | {"components": []}, modal | {"components": [text_input] * 6}):
        with pytest.raises(ApiError):
            check_modal(broken)
    for choices in (
        [{"name": "x", "value": "y"}] * 26,
        [{"name": "x" * 101, "value": "y"}],
        [{"name": "x", "value": "y" * 101}],
    ):
        with pytest.raises(ApiError):
            check_choices(choices)
