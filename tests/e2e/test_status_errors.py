"""/suno status when something is wrong: bad input, hostile texts, failing gateways, Discord and database."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault
from tests.conftest import KEY, Env
from tests.messages import buttons, words
from tests.sample_tasks import DONE, RUNNING


def _drop_recents(file: Path) -> None:
    with sqlite3.connect(file) as database:
        database.execute("DROP TABLE recents")
    database.close()


async def test_a_failing_database_does_not_keep_the_answer_from_anybody(env: Env, tmp_path: Path) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        await asyncio.to_thread(_drop_recents, tmp_path / "bot.db")
        assert len((await env.status(DONE.id))["attachments"]) == 2


HOSTILE = "@everyone <@1> [x](https://evil.example) ||`**\n# big\u202e\u200b\0 🎭"


@pytest.mark.parametrize("text", [HOSTILE, HOSTILE * 60, "长" * 100_000, "\\" * 9_000, "🎭" * 5_000, "\u202e" * 9_000])
async def test_strangers_text_can_do_nothing(env: Env, text: str) -> None:
    song = Song("c1", text, text, text, 3.0)
    env.gateway.add(
        FakeTask("task_hostile", songs=(song,)), FakeTask("task_failed", reason=text, states=((0, "failed"),))
    )
    env.gateway.add(FakeTask("task_word", word=text, title=text, text=text, states=((0, "running"),)))
    async with env.bot():
        done, failed = await env.status("task_hostile"), await env.status("task_failed")
        odd = await env.status("task_word")
        pages = [await env.finished(await env.ada.press(done, "Lyrics"))] if "Lyrics" in buttons(done) else []
    for message in (done, failed, odd, *pages):
        shown = words(message)
        assert "](https://evil" not in shown
        assert "@everyone" not in shown
        assert not {"\u202e", "\0"} & set(shown)
        assert (message["mention_everyone"], message["mentions"], message["mention_roles"]) == (False, [], [])
    assert len(done["attachments"]) == 1


BAD_INPUT: list[tuple[str, str, str]] = [
    ("00000000-0000-4000-8000-000000000000", "a song's (clip) id isn't its task's id", "歌曲（clip）ID 不是任务 ID"),
    ("", "Enter the task id", "请输入"),
    ("  ", "Enter the task id", "请输入"),
    ("x" * 2_000, "too long for a task id (2000 characters)", "2000 个字符"),
    ("../../etc/passwd", "can't be a task id", "不是任务 ID"),
    ("歌曲", "can't be a task id", "不是任务 ID"),
    ("a/b", "can't be a task id", "不是任务 ID"),
    ("task_one1 task_two2", "There are 2 task ids", "2 个任务 ID"),
]


@pytest.mark.parametrize(("typed", "english", "chinese"), BAD_INPUT)
async def test_bad_input_gets_a_clear_sentence(env: Env, typed: str, english: str, chinese: str) -> None:
    async with env.bot():
        assert english in (await env.status(typed))["content"]
        assert chinese in (await env.status(typed, person=env.ben))["content"]


BAD_GATEWAYS: list[tuple[Fault, str, str]] = [
    (Fault(401, b'{"error":{"message":"bad %s"}}' % KEY.encode()), "refused the bot's key", "拒绝了机器人的密钥"),
    (Fault(0), "isn't answering right now", "暂时没有响应"),
    (Fault(200, b"<!doctype html><title>x</title>"), "no Suno gateway at the address", "不是 Suno 网关"),
    (Fault(200), "had an error", "网关出错"),
    (Fault(500, b'{"code":"get_task_failed"}'), "had an error", "网关出错"),
    (Fault(429, headers={"Retry-After": "600"}), "can be asked again <t:", ":R> 可以再次查询"),
    (Fault(503), "is busy right now", "网关正忙"),
]


@pytest.mark.parametrize(("fault", "english", "chinese"), BAD_GATEWAYS)
@pytest.mark.usefixtures("impatient")
async def test_a_bad_gateway_gets_a_clear_sentence(
    env: Env, fault: Fault, english: str, chinese: str, caplog: pytest.LogCaptureFixture
) -> None:
    env.gateway.faults.append(fault)
    async with env.bot():
        answers = [await env.status("task_abcd"), await env.status("task_abcd", person=env.ben)]
    assert english in answers[0]["content"]
    assert chinese in answers[1]["content"]
    assert "your task is not affected" in answers[0]["content"] or "owner has to" in answers[0]["content"]
    assert KEY not in f"{answers}{caplog.text}"


async def test_the_answer_is_acknowledged_before_the_gateway_has_said_anything(env: Env) -> None:
    env.gateway.add(RUNNING)
    env.gateway.faults.append(Fault(200, b"", delay=1.0, times=1))
    async with env.bot():
        asked = await env.ada.slash(env.channel, "suno status", id=RUNNING.id)
        assert asked.thinking
        assert "Generating" in words(await env.finished(asked))


async def test_an_answer_that_discord_refuses_does_not_stop_the_bot(env: Env) -> None:
    env.gateway.add(RUNNING)
    env.discord.faults.fail("@original", 404, 10008, times=2)
    async with env.bot():
        assert (await env.ada.slash(env.channel, "suno status", id=RUNNING.id)).thinking
        await env.discord.hub.until(lambda: sum(each.status == 404 for each in env.discord.requests) == 2)
        assert "Generating" in words(await env.status(RUNNING.id))
