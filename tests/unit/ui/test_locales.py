"""Every language says the same things."""

from string import Formatter
from typing import Any

import pytest
from discord import Locale
from discord.app_commands import TranslationContext, TranslationContextLocation, locale_str

from bot.ui.locales import Language, Translator, language_for, languages, localised

OTHERS = [language for tag, language in languages().items() if tag != "en"]


def forms(text: str | dict[str, str]) -> list[str]:
    return list(text.values()) if isinstance(text, dict) else [text]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", OTHERS, ids=lambda language: language.tag)
def test_a_language_has_the_keys_of_english_and_no_others(language: Language) -> None:
    assert set(language.texts) == set(languages()["en"].texts)


@pytest.mark.parametrize("tag", [language.tag for language in OTHERS])
def test_a_language_fills_in_the_same_values(tag: str) -> None:
    english = languages()["en"].texts
    for key, text in languages()[tag].texts.items():
        wanted = set.union(*map(placeholders, forms(english[key])))
        for form in forms(text):
            assert placeholders(form) <= wanted | {"n"}, key


@pytest.mark.parametrize("tag", list(languages()))
def test_texts_keep_to_discords_limits(tag: str) -> None:
    limits = {"cmd": 100, "opt": 100, "show": 100, "menu": 32, "btn": 80}
    for key, text in languages()[tag].texts.items():
        limit = limits.get(key.partition(".")[0], 2_000)
        assert all(0 < len(form) <= limit for form in forms(text)), key


@pytest.mark.parametrize(
    ("locale", "tag"),
    [
        ("en-US", "en"),
        ("zh-CN", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("zh-HK", "zh-CN"),
        ("xx", "en"),
        ("", "en"),
        ("en", "en"),
    ],
)
def test_readers_get_their_language_or_english(locale: str, tag: str) -> None:
    assert language_for(locale).tag == tag


async def test_declarations_are_translated_only_where_we_have_the_language() -> None:
    context: Any = TranslationContext(TranslationContextLocation.other, None)
    text, translate = localised("cmd.status"), Translator().translate
    unknown = next(locale for locale in Locale if language_for(locale.value).tag == "en" and "en" not in locale.value)
    assert await translate(text, Locale.chinese, context) == languages()["zh-CN"]("cmd.status")
    assert await translate(text, Locale.taiwan_chinese, context) == languages()["zh-CN"]("cmd.status")
    assert await translate(text, unknown, context) is None
    assert await translate(locale_str("a name"), Locale.chinese, context) is None
