"""`make reference`: writes docs/configuration.md from the settings."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.config import Settings
from bot.setting_faults import values_in_words

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"
_HEAD = """\
# Settings

`make reference` writes this page from `bot/config.py`; change the descriptions there.

Each setting is an environment variable, or a line of a file `.env` in the folder in which the bot is started; the
environment wins. Any of them may name a file instead, the way container secrets arrive:
`DISCORD_TOKEN_FILE=/run/secrets/discord_token`. An empty value counts as unset. `.env` must be saved as UTF-8.

All faulty settings are reported together before the bot starts, which then exits with code 78; this includes misspelt
names in `.env`. Probable mistakes, such as an empty key, or a misspelt name in the environment, are warnings in the log
and in `python -m bot doctor`, which also tries the settings out.

| Setting | Default | Values | |
|---|---|---|---|
"""


def configuration() -> str:
    return _HEAD + "".join(f"| {' | '.join(row)} |\n" for row in _rows(Settings.model_json_schema()))


def defaults() -> dict[str, str]:
    """Defaults as one types them, by name; settings without a default are left out."""
    properties = Settings.model_json_schema()["properties"]
    return {name.upper(): text for name, about in properties.items() if (text := _default(about))}


def _rows(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for name, about in schema["properties"].items():
        if "additionalProperties" in about:
            yield from _nested(name, about, schema["$defs"])
            continue
        default = "(needed)" if name in schema["required"] else f"`{typed}`" if (typed := _default(about)) else "none"
        yield (f"`{name.upper()}`", default, values_in_words(about, "`"), _one_line(about["description"]))


def _nested(name: str, about: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """One row for each field of a nested setting."""
    inner = definitions[about["additionalProperties"]["$ref"].rpartition("/")[2]]
    for field, described in inner["properties"].items():
        full_name = f"{name}__<name>__{field}".upper()
        yield (f"`{full_name}`", "none", values_in_words(described, "`"), _one_line(described["description"]))


def _default(about: Mapping[str, Any]) -> str:
    value = about.get("default")
    return f"{value:g}" if isinstance(value, int | float) else value or ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    PAGE.write_text(configuration(), encoding="utf-8")
