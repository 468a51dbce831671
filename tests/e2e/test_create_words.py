"""Creating songs in Chinese, and from a file of lyrics."""

import re

import pytest

from sandbox.local_discord.messages import Upload
from sandbox.local_gateway.fake_task import FakeTask, Song
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
    assert english(shown) == []


LABELS = {
    "zh-CN": ("再来一首", "续写", "翻唱", "编辑", "微调", "创作", "取消"),
    "zh-TW": ("再來一首", "續寫", "翻唱", "編輯", "微調", "創作", "取消"),
}
SUNG = FakeTask(
    "11111111-2222-4333-8444-777777777777",
    songs=(Song("cccccccc-1111-4222-8333-444444444444", "港口的灯", "民谣", "[主歌]\n栏杆上的盐", 3.0),),
)


def english(shown: list[str]) -> list[str]:
    return [word for text in shown for word in re.findall(r"[A-Za-z]{2,}", text)]


@pytest.mark.parametrize("locale", LABELS)
async def test_from_a_song_to_its_extension_and_cover_no_english_is_left(env: Env, locale: str) -> None:
    user = env.discord.world.add_user("林", locale=locale)
    lin = env.discord.person(user)
    env.discord.world.add_member(env.discord.world.guilds[env.channel["guild_id"]], user)
    role = with_role(env, lin, "歌手")
    again, extend, cover, edit, tune, create, cancel = LABELS[locale]
    env.gateway.add(SUNG)
    async with env.bot(**ON, suno_can="cover"):
        await let_in(env, await turn_on(env), role)
        answer = await env.finished(await lin.slash(env.channel, "suno status", id=SUNG.id))
        assert [each for each in buttons(answer) if each in LABELS[locale]] == [again, extend, cover]
        shown: list[str] = []
        for label in (again, extend, cover):
            made = await env.finished(await lin.press(answer, label))
            shown += [words(made), *buttons(made)]
            opened = await lin.press(made, edit)
            assert opened.modal
            shown += [opened.modal["title"], *(each["label"] for each in opened.modal["components"])]
            opened = await lin.press(made, tune)
            assert opened.modal
            shown += [opened.modal["title"], *(each["label"] for each in opened.modal["components"])]
            if label is cover:  # it has no style yet
                opened = await lin.press(made, edit)
                await env.changed(await fill(lin, opened, field0="爵士"))
                await env.settle_down(0.1)
                await press(env, lin, made, create)
                await env.discord.hub.until(lambda: bool(env.gateway.orders.posts))
            else:
                await press(env, lin, made, cancel)
            shown.append(words(made))
        opened = await lin.slash(env.channel, "suno extend", song=SUNG.id, at="9:99")
        assert opened.modal is None
        shown.append((await env.finished(opened))["content"])
        asked = await lin.slash(env.channel, "suno extend", song=SUNG.id, at="0:02")
        assert asked.modal
        shown += [asked.modal["title"], *(each["label"] for each in asked.modal["components"])]
    assert english(shown) == []
    assert env.gateway.orders.posts[0].body["tags"] == "爵士"


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
