"""The languages: one TOML file each. Missing keys fall back to English."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from discord import Locale, app_commands

_FOLDER = Path(__file__).parent
_FALLBACK = "en"
_READ_LENGTH = 500  # characters that are read to detect the language of a text


class Language:
    """Call it with a key and the values for its braces; a plural is chosen by the value named `n`."""

    def __init__(self, tag: str, file: Mapping[str, Any], fallback: "Language | None") -> None:
        self.tag = tag
        self.name: str = file["name"]
        self.locales: tuple[str, ...] = tuple(file["locales"])
        self.texts = dict(_flatten(file))
        self._fallback = fallback

    def __call__(self, key: str, /, **values: object) -> str:
        text = self.texts.get(key)
        if text is None and self._fallback:
            return self._fallback(key, **values)
        if isinstance(text, dict):
            text = text["one"] if values["n"] == 1 and "one" in text else text["other"]
        return str(text).format_map(values)


def _flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str | dict[str, str]]]:
    for key, value in table.items():
        if isinstance(value, dict) and "other" not in value:
            yield from _flatten(value, f"{prefix}{key}.")
        elif isinstance(value, str | dict):
            yield f"{prefix}{key}", value


@cache
def languages() -> dict[str, Language]:
    """Every language by its tag, English first."""
    english = _load(_FALLBACK, None)
    others = sorted(path.stem for path in _FOLDER.glob("*.toml") if path.stem != _FALLBACK)
    return {_FALLBACK: english} | {tag: _load(tag, english) for tag in others}


def _load(tag: str, fallback: Language | None) -> Language:
    return Language(tag, tomllib.loads((_FOLDER / f"{tag}.toml").read_text(encoding="utf-8")), fallback)


@cache
def language_for(locale: str) -> Language:
    """The language of a reader with this locale, English if we do not have it.

    An unknown region falls back to another region of the same language: zh-SG to zh-CN.
    """
    primary = locale.partition("-")[0]
    for language in languages().values():
        if locale in language.locales:
            return language
    for language in languages().values():
        if primary in {each.partition("-")[0] for each in language.locales}:
            return language
    return languages()[_FALLBACK]


def written_in(text: str) -> str:
    """The locale of a text, by its characters: simplified ones are in GB 2312, traditional ones in Big5."""
    chinese = "".join(character for character in text[:_READ_LENGTH] if "\u4e00" <= character <= "\u9fff")
    if not chinese:
        return "en-US"
    only_traditional = sum(_is_in(each, "big5") and not _is_in(each, "gb2312") for each in chinese)
    only_simplified = sum(_is_in(each, "gb2312") and not _is_in(each, "big5") for each in chinese)
    return "zh-TW" if only_traditional > only_simplified else "zh-CN"


def _is_in(character: str, encoding: str) -> bool:
    return bool(character.encode(encoding, "ignore"))


def localised(key: str) -> app_commands.locale_str:
    """The text of a command's declaration, for `Translator` to translate when commands are synced."""
    return app_commands.locale_str(languages()[_FALLBACK](key), key=key)


class Translator(app_commands.Translator):
    async def translate(
        self, string: app_commands.locale_str, locale: Locale, _context: app_commands.TranslationContextTypes
    ) -> str | None:
        key = string.extras.get("key")
        language = next((each for each in languages().values() if locale.value in each.locales), None)
        return language(key) if key and language else None
