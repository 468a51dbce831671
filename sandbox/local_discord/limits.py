"""Validates messages, modals and commands as Discord does, with its paths and codes."""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from sandbox.local_discord.errors import ApiError, invalid_form

Object = dict[str, Any]
Faults = dict[str, list[tuple[str, str]]]

COMPONENTS_V2 = 1 << 15
MAX_REQUEST = 25 * 1024 * 1024
ROW, BUTTON, TEXT_DISPLAY, CONTAINER = 1, 2, 10, 17
_SELECTS = {3, 5, 6, 7, 8}
_EMBED_TEXTS = {"title": 256, "description": 4096}
LOCALES = frozenset(
    re.findall(
        r"\S+",
        "id da de en-GB en-US es-ES es-419 fr hr it lt hu nl no pl pt-BR ro fi sv-SE vi tr cs el bg ru uk hi th zh-CN"
        " ja zh-TW ko",
    )
)


class _Check:
    """Collects errors by their path in the body."""

    def __init__(self) -> None:
        self.faults: Faults = {}

    def fail(self, path: str, code: str, message: str) -> None:
        self.faults.setdefault(path, []).append((code, message))

    def length(self, path: str, text: Any, most: int, least: int = 0) -> None:
        if not isinstance(text, str):
            self.fail(path, "STRING_TYPE_CONVERT", "Could not interpret as string.")
        elif len(text) > most:
            self.fail(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
        elif len(text) < least:
            self.fail(path, "BASE_TYPE_REQUIRED", "This field is required")

    def count(self, path: str, items: Sequence[Any], most: int) -> None:
        if len(items) > most:
            self.fail(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")

    def raise_faults(self) -> None:
        if self.faults:
            raise invalid_form(self.faults)


def check_files(sizes: Sequence[int], limit: int, request: int = MAX_REQUEST) -> None:
    """`limit`: bytes of each file; `request`: of all together."""
    if sum(sizes) > request or any(size > limit for size in sizes):
        raise ApiError(413, 40005, "Request entity too large")


def check_message(message: Object, *, flags: int, attachments: int) -> None:
    """`message`: as it would be after the request; `flags`: its flags."""
    check = _Check()
    content: str = message.get("content") or ""
    embeds: list[Object] = message.get("embeds") or []
    components: list[Object] = message.get("components") or []
    check.length("content", content, 2000)
    check.count("attachments", range(attachments), 10)
    _check_embeds(check, embeds)
    if flags & COMPONENTS_V2:
        if content or embeds:
            check.fail("content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "Not with components V2.")
        _check_v2(check, components)
    else:
        _check_rows(check, components)
    check.raise_faults()
    if not (content or embeds or components or attachments):
        raise ApiError(400, 50006, "Cannot send an empty message")


def _check_embeds(check: _Check, embeds: Sequence[Object]) -> None:
    check.count("embeds", embeds, 10)
    total = 0
    for index, embed in enumerate(embeds):
        path = f"embeds.{index}"
        for name, most in _EMBED_TEXTS.items():
            check.length(f"{path}.{name}", embed.get(name) or "", most)
        check.length(f"{path}.footer.text", (embed.get("footer") or {}).get("text", ""), 2048)
        check.length(f"{path}.author.name", (embed.get("author") or {}).get("name", ""), 256)
        check.count(f"{path}.fields", embed.get("fields") or [], 25)
        for number, field in enumerate(embed.get("fields") or []):
            check.length(f"{path}.fields.{number}.name", field.get("name"), 256, 1)
            check.length(f"{path}.fields.{number}.value", field.get("value"), 1024, 1)
        for name in ("image", "thumbnail"):
            url = (embed.get(name) or {}).get("url")
            if url and not re.match(r"(https?|attachment)://", url):
                check.fail(f"{path}.{name}.url", "URL_TYPE_INVALID_SCHEME", "Scheme must be http, https or attachment.")
            elif url:
                _check_host(check, f"{path}.{name}.url", url)
        total += sum(map(len, embed_texts(embed)))
    if total > 6000:
        check.fail("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")


def embed_texts(embed: Object) -> Iterator[str]:
    yield from (embed.get("title") or "", embed.get("description") or "")
    yield from ((embed.get("footer") or {}).get("text", ""), (embed.get("author") or {}).get("name", ""))
    for field in embed.get("fields") or []:
        yield from (field.get("name") or "", field.get("value") or "")


def _check_rows(check: _Check, rows: Sequence[Object]) -> None:
    check.count("components", rows, 5)
    for index, row in enumerate(rows):
        if row.get("type") != ROW:
            check.fail(f"components.{index}", "UNION_TYPE_CHOICES", "Value of field 'type' must be one of (1,).")
    _check_leaves(check, rows)


def _check_v2(check: _Check, components: Sequence[Object]) -> None:
    everything = list(walk(components, "components"))
    if len(everything) > 40:
        check.fail("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 40 in length.")
    texts = [each.get("content") or "" for _, each in everything if each.get("type") == TEXT_DISPLAY]
    if sum(map(len, texts)) > 4000:
        check.fail("components", "COMPONENT_MAX_TOTAL_TEXT_DISPLAY_LENGTH", "Texts exceed 4000 characters")
    if not all(texts):
        check.fail("components", "BASE_TYPE_REQUIRED", "This field is required")
    _check_leaves(check, components)


def walk(components: Sequence[Object], path: str) -> Iterator[tuple[str, Object]]:
    """All components, including nested ones, with their paths."""
    for index, component in enumerate(components):
        here = f"{path}.{index}"
        yield here, component
        yield from walk(component.get("components") or [], f"{here}.components")
        for name in ("accessory", "component"):
            if component.get(name):
                yield from walk([component[name]], f"{here}.{name}")


def _check_leaves(check: _Check, components: Sequence[Object]) -> None:
    seen: set[str] = set()
    for path, each in walk(components, "components"):
        if each.get("type") == ROW:
            kinds = [child.get("type") for child in each.get("components") or []]
            if not 1 <= len(kinds) <= 5 or (len(kinds) > 1 and _SELECTS & set(kinds)):
                check.fail(f"{path}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The row has no room for that.")
        if "custom_id" in each:
            check.length(f"{path}.custom_id", each["custom_id"], 100, 1)
            if each["custom_id"] in seen:
                check.fail(
                    f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
                )
            seen.add(each["custom_id"])
        if each.get("type") == BUTTON:
            _check_button(check, path, each)
        if each.get("type") in _SELECTS:
            check.count(f"{path}.options", each.get("options") or [], 25)


def _check_button(check: _Check, path: str, button: Object) -> None:
    check.length(f"{path}.label", button.get("label") or "", 80)
    if not button.get("label") and not button.get("emoji"):
        check.fail(path, "BUTTON_COMPONENT_INVALID_LABEL", "A button needs a label or an emoji")
    is_link = button.get("style") == 5
    if is_link:
        check.length(f"{path}.url", button.get("url"), 512, 1)
        if not re.match(r"(https?|discord)://", button.get("url") or ""):
            check.fail(f"{path}.url", "URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('http', 'https', 'discord').")
        else:
            _check_host(check, f"{path}.url", button["url"])
    elif not button.get("custom_id"):
        check.fail(f"{path}.custom_id", "BASE_TYPE_REQUIRED", "This field is required")


def _check_host(check: _Check, path: str, url: str) -> None:
    """Discord refuses hosts without a dot."""
    host = urlsplit(url).hostname or ""
    if url.startswith("http") and "." not in host and ":" not in host:
        check.fail(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")


def check_modal(modal: Object) -> None:
    check = _Check()
    check.length("title", modal.get("title"), 45, 1)
    check.length("custom_id", modal.get("custom_id"), 100, 1)
    components = modal.get("components") or []
    if not 1 <= len(components) <= 5:
        check.fail("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    for path, each in walk(components, "components"):
        if each.get("type") in (4, 18):
            check.length(f"{path}.label", each.get("label") or "", 45)
        check.length(f"{path}.description", each.get("description") or "", 100)
    check.raise_faults()


def check_choices(choices: Sequence[Object]) -> None:
    check = _Check()
    check.count("data.choices", choices, 25)
    for index, choice in enumerate(choices):
        check.length(f"data.choices.{index}.name", choice.get("name"), 100, 1)
        if isinstance(choice.get("value"), str):
            check.length(f"data.choices.{index}.value", choice["value"], 100, 1)
    check.raise_faults()


def check_commands(commands: Sequence[Object]) -> None:
    check = _Check()
    check.count("", commands, 110)
    for index, command in enumerate(commands):
        _check_command(check, str(index), command, menu=command.get("type", 1) != 1)
    check.raise_faults()


def _check_command(check: _Check, path: str, command: Object, *, menu: bool) -> None:
    name = command.get("name", "")
    check.length(f"{path}.name", name, 32, 1)
    if not menu and (not re.fullmatch(r"[-_'\w]+", name) or name != name.lower()):
        check.fail(f"{path}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if not menu:
        check.length(f"{path}.description", command.get("description"), 100, 1)
    for field, most in (("name_localizations", 100 if menu else 32), ("description_localizations", 100)):
        for locale, text in (command.get(field) or {}).items():
            check.length(f"{path}.{field}.{locale}", text, most, 1)
            if locale not in LOCALES:
                check.fail(f"{path}.{field}", "MODEL_TYPE_CONVERT", f"Unknown locale {locale}")
    check.count(f"{path}.choices", command.get("choices") or [], 25)
    options = command.get("options") or []
    check.count(f"{path}.options", options, 25)
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        check.fail(
            f"{path}.options", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "Required options must come first"
        )
    for index, option in enumerate(options):
        _check_command(check, f"{path}.options.{index}", option, menu=False)
