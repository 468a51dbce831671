"""Creating songs in Chinese, and from a file of lyrics."""

import re

import pytest

from sandbox.local_discord.messages import Upload
from tests.conftest import Env
from tests.e2e.test_create import ON, card, fill, let_in, press, turn_on, with_role
from tests.messages import buttons, words

LONG = "[Verse]\n" + "la " * 1_500  # 4,508 characters


async def test_in_chinese_no_english_is_left_from_the_card_to_the_form(env: Env) -> None:
    role = with_role(env, env.ben, "歌手")
    async with env.bot(**ON):
        await let_in(env, await turn_on(env), role)
        begin = await env.finished(await env.ben.slash(env.channel, "suno create"))
        opened = await env.ben.press(begin, "自己写歌词")
        assert opened.modal
        labels = [each["label"] for each in opened.modal["components"]]
        await env.changed(await fill(env.ben, opened, field0="夏日海风", field1="民谣", field2="啦啦"))
        await env.settle_down(0.1)
        tuning = await env.ben.press(begin, "微调")
        assert tuning.modal
        labels += [each["label"] for each in tuning.modal["components"]]
        await env.changed(await fill(env.ben, tuning, field0="金属", field1="60"))
        await env.settle_down(0.1)
        shown = [words(begin), opened.modal["title"], tuning.modal["title"], *labels, *buttons(begin)]
        await press(env, env.ben, begin, "创作")
        await env.discord.hub.until(lambda: bool(env.gateway.orders.posts))
        shown += [words(begin), words(await env.finished(await env.ben.slash(env.channel, "suno orders")))]
        shown.append(words(await env.finished(await env.ben.slash(env.channel, "suno usage"))))
    left = [word for text in shown for word in re.findall(r"[A-Za-z]{2,}", text)]
    assert not left, left


async def test_lyrics_from_a_file_that_no_form_takes_stay_when_the_rest_is_edited(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        shown = await card(env, lyrics_file=Upload("song.txt", LONG.encode(), "text/plain"))
        assert "Lyrics 4,508 / 5,000" in shown["content"]
        opened = await env.ada.press(shown, "Edit")
        assert opened.modal
        assert [each["label"] for each in opened.modal["components"]] == ["Title", "Style", "Voice", "Model"]
        await env.changed(await fill(env.ada, opened, field1="folk"))
        await env.settle_down(0.1)
        await press(env, env.ada, shown, "Create")
        await env.discord.hub.until(lambda: bool(env.gateway.orders.posts))
    assert env.gateway.orders.posts[0].body["prompt"] == LONG


@pytest.mark.parametrize("content", [b"x" * 20_481, "夏日".encode("gb18030")], ids=["too big", "not UTF-8"])
async def test_a_file_that_cannot_be_lyrics_is_told(env: Env, content: bytes) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        told = await card(env, lyrics_file=Upload("song.txt", content, "text/plain"))
    assert "song.txt" in told["content"]
    assert "UTF-8" in told["content"]
    assert env.gateway.orders.posts == []
