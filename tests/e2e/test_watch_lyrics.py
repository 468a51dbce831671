"""Lyrics that are watched: on their own, and together with a song."""

import re

from sandbox.local_gateway.fake_task import FakeTask
from tests.conftest import Env
from tests.messages import buttons, words
from tests.sample_tasks import DONE, FAST, SOON, WORDS


async def test_lyrics_that_were_asked_for_go_with_the_song(env: Env) -> None:
    env.gateway.add(SOON, WORDS)
    async with env.bot(**FAST):
        await env.watch(SOON.id, lyrics=WORDS.id)
        await env.finish()
        (post,) = await env.posts()
        pressed = await env.ben.press(post, "歌词" if "歌词" in buttons(post) else "Lyrics")
        shown = await env.finished(pressed)
    assert post["embeds"][-1]["description"] == "[Verse]\nThe words that were asked for"
    assert "The words that were asked for" in words(shown)
    assert any(
        {SOON.id, WORDS.id} <= set(re.findall(r"[0-9a-f-]{36}", request.body.decode()))
        for request in env.gateway.requests
    )


async def test_a_song_does_not_wait_for_ever_for_lyrics(env: Env) -> None:
    env.gateway.add(DONE, FakeTask("task_words", text="too late", states=((0, "running"),)))
    async with env.bot(**FAST):
        await env.watch(DONE.id, lyrics="task_words")
        await env.settle_down()
        assert env.posted() == []
        await env.clock.advance(70, step=10)
        (post,) = await env.posts()
    assert "The lyrics task `task_words` gave no lyrics in time." in post["content"]
    assert post["embeds"][-1]["description"] == "[Verse]\nSalt on the rail"


async def test_a_lyrics_task_is_posted_and_its_whole_text_attached_if_it_is_long(env: Env) -> None:
    long = "\n".join(f"[Verse {number}]\nRow {number} of the orchard" for number in range(300))
    env.gateway.add(WORDS, FakeTask("task_long", text=long, title="Orchard"))
    async with env.bot():
        await env.watch(WORDS.id, "task_long")
        short, lengthy = await env.posts(2)
    assert short["content"].startswith("📝 The lyrics of **Words** are ready\n")
    assert short["attachments"] == []
    assert env.files(lengthy)[0].decode("utf-8-sig").count("Row ") == 300


async def test_lyrics_and_a_card_are_added_to_what_is_watched_already(env: Env) -> None:
    env.gateway.add(SOON, WORDS)
    async with env.bot(**FAST):
        await env.watch(SOON.id)
        again = await env.watch(SOON.id, person=env.ben, lyrics=WORDS.id, live=True)
        await env.finish()
        card, post = await env.posts(2)
    assert "已在关注中" in again["content"]
    assert "shows the progress" in card["content"] or "Here is the result" in card["content"]
    assert post["embeds"][-1]["description"] == WORDS.text
