"""Every language says the same things."""

import re
from string import Formatter
from typing import Any

import pytest
from discord import Locale
from discord.app_commands import TranslationContext, TranslationContextLocation, locale_str

from bot.ui.render.locales import Language, Translator, language_for, languages, localised, written_in

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
        ("zh-TW", "zh-TW"),
        ("zh-HK", "zh-TW"),
        ("zh-SG", "zh-CN"),
        ("zh", "zh-CN"),
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
    assert await translate(text, Locale.taiwan_chinese, context) == languages()["zh-TW"]("cmd.status")
    assert await translate(text, unknown, context) is None
    assert await translate(locale_str("a name"), Locale.chinese, context) is None


@pytest.mark.parametrize(("tag", "character_set"), [("zh-CN", "gb2312"), ("zh-TW", "big5")])
def test_chinese_is_written_in_the_characters_of_its_readers(tag: str, character_set: str) -> None:
    """Neither of the two sets has the characters that only the other's readers write."""
    for key, text in languages()[tag].texts.items():
        for form in forms(text):
            chinese = "".join(re.findall("[\u4e00-\u9fff]", form))
            assert chinese.encode(character_set, "ignore").decode(character_set) == chinese, key


def test_taiwan_reads_its_own_words() -> None:
    mainland = re.compile("服務器|消息|鏈接|文件|私信|身份組|子區|粘貼|默認|用戶|信息|導出|音頻|網關|文本|裏")
    for key, text in languages()["zh-TW"].texts.items():
        assert not any(map(mainland.search, forms(text))), key


def test_one_word_for_sending_in_chinese() -> None:
    other = re.compile("发布|发出|发到|發布|發出|發到|傳到")
    for tag in ("zh-CN", "zh-TW"):
        for key, text in languages()[tag].texts.items():
            assert not any(map(other.search, forms(text))), key


@pytest.mark.parametrize("tag", list(languages()))
def test_buttons_are_called_by_their_names(tag: str) -> None:
    """Texts that tell people to press something name what they find there."""
    texts = languages()[tag].texts
    shown = {str(text) for key, text in texts.items() if key.startswith(("btn.", "menu.", "perm."))}
    quoted = r"\*\*([A-Z][^*{}]+)\*\*" if tag == "en" else "[按点點](?:任[务務]下方?的?)?[“「]([^”」]+)[”」]"
    found = [(key, name) for key, text in texts.items() for form in forms(text) for name in re.findall(quoted, form)]
    assert len(found) > 10
    for key, name in found:
        assert name in shown | {"Apps"}, key


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("这些任务好了吗 task_1", "zh-CN"),
        ("這些任務好了嗎 task_1", "zh-TW"),
        ("好 task_1", "zh-CN"),
        ("任務 歌", "zh-TW"),
        ("is task_1 done?", "en-US"),
    ],
)
def test_the_language_of_what_somebody_wrote(text: str, locale: str) -> None:
    assert written_in(text) == locale
