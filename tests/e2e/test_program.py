"""The program as a process: `python -m bot run`, its exit codes, its end."""

import asyncio
import os
import signal
import sqlite3
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest
from discord.gateway import DiscordWebSocket

from bot.app import serve
from bot.config import load_settings
from bot.shutdown import insist
from sandbox.local_discord.faults import Fault as DiscordFault
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault
from tests.bot_process import Command, Start, ended
from tests.conftest import KEY, ROOT, TOKEN, Env


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_answers_and_ends_cleanly(env: Env, start: Start, number: signal.Signals) -> None:
    env.gateway.add(FakeTask("task_abcd", states=((0, "queued"),)))
    process = await start()
    await env.discord.hub.until(lambda: env.discord.hub.online, 20)
    answer = await env.status("task_abcd")
    assert "Queued" in answer["embeds"][0]["description"]
    process.send_signal(number)
    code, errors = await ended(process)
    assert code == 0
    assert "stopped" in errors
    assert "Traceback" not in errors


async def test_stopped_in_mid_upload_it_ends_in_seconds_and_loses_nothing(env: Env, start: Start) -> None:
    song = Song("aaaaaaaa-1111-4222-8333-444444444444", "Harbour Lights", duration=3.0)
    env.gateway.add(FakeTask("task_abcd", songs=(song,)))
    env.discord.faults.order(DiscordFault(r"^/channels/\d+/messages$", 500, method="POST", delay=60))
    process = await start()
    await env.discord.hub.until(lambda: env.discord.hub.online, 20)
    await env.watch("task_abcd")
    await env.discord.hub.until(lambda: any(each.path.endswith("/messages") for each in env.discord.requests))
    before = time.monotonic()
    process.terminate()
    code, errors = await ended(process)
    assert "Traceback" not in errors
    assert code == 0
    assert time.monotonic() - before < 10, "nobody waits for the upload's own minute"
    env.discord.faults.clear()  # it is still there if the upload had only just begun
    await start()
    (post,) = await env.posts()
    assert len(post["attachments"]) == 1


HANGS = """
import os, runpy, sys, time
from sandbox.local_discord.redirect import redirected

os.posix_fallocate = lambda *_arguments: time.sleep(60)
base = sys.argv.pop(1)
with redirected(base):
    runpy.run_module("bot", run_name="__main__", alter_sys=True)
"""


async def test_one_signal_ends_it_though_a_thread_hangs(env: Env, tmp_path: Path) -> None:
    """As on a disk that does not answer: no thread can be interrupted, and Python waits for each."""
    env.gateway.add(FakeTask("task_abcd", songs=(Song("aaaaaaaa-1111-4222-8333-444444444444", "Far"),)))
    settings = {name.upper(): str(value) for name, value in env.settings.items()}
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | settings
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HANGS, env.discord.url, "run", cwd=tmp_path, env=environment, stdout=PIPE, stderr=PIPE
    )
    await env.discord.hub.until(lambda: env.discord.hub.online, 30)
    await env.watch("task_abcd")
    await env.settle_down(1.0)
    before = time.monotonic()
    process.terminate()
    code, errors = await ended(process)
    assert (code, "Traceback" in errors) == (0, False)
    assert "without waiting any longer" in errors
    assert time.monotonic() - before < 20, "a minute is what it hangs for"


async def test_a_worker_that_swallows_its_cancellation_ends_with_the_program(
    env: Env, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit of the live card that takes the cancellation for an answer that was lost."""
    env.gateway.add(FakeTask("task_abcd", states=((0, "queued"), (30, "running"))))
    editing = asyncio.Event()

    async def edit(*_arguments: object, **_options: object) -> None:
        editing.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError as error:
            raise OSError("the answer was lost") from error

    serving = asyncio.create_task(serve(load_settings(**env.settings), env.clock))
    await env.discord.hub.until(lambda: env.discord.hub.online)
    await env.watch("task_abcd", live=True)
    await env.posts()
    monkeypatch.setattr("discord.PartialMessage.edit", edit)
    await env.clock.advance(60, step=5)
    await editing.wait()
    async with asyncio.timeout(8):
        await insist(serving)
    assert serving.cancelled()


@pytest.mark.usefixtures("_before_the_first_start")
async def test_migrate_brings_the_database_up_to_date_and_stops(command: Command, tmp_path: Path) -> None:
    for _ in range(2):
        code, _, errors = await command("migrate")
        assert code == 0
        assert "the database is up to date" in errors
    with sqlite3.connect(tmp_path / "bot.db") as database:
        assert database.execute("SELECT count(*) FROM watches").fetchone() == (0,)
    database.close()


async def test_a_revision_that_is_none_exits_74(start: Start, command: Command, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "bot.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'x'")
    database.close()
    for code, errors in (await ended(await start("run")), (await command("migrate"))[::2]):
        assert code == 74
        assert "the database has revision 'x', which is none of this program's" in errors
        assert "Traceback" not in errors


async def test_a_settings_file_of_another_encoding_exits_78_in_every_command(command: Command, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("LOG_LEVEL=debug\n".encode("utf-16"))
    for typed in (["run"], ["migrate"], ["invite"], ["backup"], ["doctor"], ["forget-user", "123456789012345678"]):
        code, output, errors = await command(*typed)
        assert code == 78, typed
        assert ".env is saved as UTF-16" in output + errors
        assert "Traceback" not in output + errors


async def test_likely_mistakes_are_reported_at_the_start(env: Env, start: Start) -> None:
    process = await start(SUNO_API_KEY=None)
    await env.discord.hub.until(lambda: env.discord.hub.online, 20)
    process.terminate()
    code, errors = await ended(process)
    assert (code, "SUNO_API_KEY is empty" in errors) == (0, True)
    assert "alembic" not in errors


async def test_faulty_settings_are_named_and_exit_78(start: Start) -> None:
    code, errors = await ended(await start(DISCORD_TOKEN=None, POLL_INTERVAL_SECONDS="often", LOG_LEVEL="loud"))
    assert code == 78
    assert all(name in errors for name in ("DISCORD_TOKEN is missing", "POLL_INTERVAL_SECONDS", "LOG_LEVEL"))
    assert "Traceback" not in errors


async def test_a_refused_token_exits_77(start: Start) -> None:
    code, errors = await ended(await start(DISCORD_TOKEN="a.wrong.token"))
    assert code == 77
    assert "Discord refused the token" in errors
    assert "DISCORD_TOKEN does not look like a bot's token" in errors
    assert "a.wrong.token" not in errors


@pytest.mark.parametrize(
    ("token", "said", "expected"), [(None, "DISCORD_TOKEN is missing", 78), ("a.wrong.token", "refused the token", 77)]
)
async def test_with_stay_it_says_what_is_wrong_once_and_waits_to_be_stopped(
    start: Start, token: str | None, said: str, expected: int
) -> None:
    """In a container, where it would be started again and again."""
    process = await start("run", "--stay", DISCORD_TOKEN=token)
    assert process.stderr is not None
    printed = await asyncio.wait_for(process.stderr.readuntil(b"The bot is not running."), 30)
    assert said in printed.decode()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(process.wait(), 0.3)
    process.terminate()
    code, rest = await ended(process)
    assert (code, rest.count("\n")) == (expected, 1)


async def test_a_token_that_is_refused_by_the_socket_exits_77(env: Env, start: Start) -> None:
    env.discord.sockets._token = "changed meanwhile"
    code, errors = await ended(await start())
    assert (code, "Traceback" in errors) == (77, False)


async def test_a_second_bot_on_the_same_database_exits_74(env: Env, start: Start) -> None:
    async with env.bot():
        code, errors = await ended(await start())
    assert code == 74
    assert "another bot is running" in errors


async def test_an_unreachable_discord_is_asked_until_it_is_there(env: Env, start: Start) -> None:
    env.discord.faults.fail("/users/@me", 503, times=2)
    await start()
    await env.discord.hub.until(lambda: env.discord.hub.online, 30)


async def test_a_login_that_comes_too_often_is_tried_again(env: Env, start: Start) -> None:
    env.discord.faults.fail("/users/@me", 429, times=1)  # by what stands in front of Discord, for who knows how long
    env.discord.faults.rate_limit("/applications/@me", 90)
    await start()
    await env.discord.hub.until(lambda: env.discord.hub.online, 30)
    await env.status("task_abcd")


async def test_commands_that_are_given_too_often_are_left_to_the_next_start(env: Env, start: Start) -> None:
    async with env.bot():
        pass  # they were given once
    env.discord.faults.rate_limit("/commands$", 3_600)
    process = await start()
    await env.discord.hub.until(lambda: env.discord.hub.online, 30)
    await env.status("task_abcd")
    process.terminate()
    code, errors = await ended(process)
    assert (code, "the commands could not be registered at Discord" in errors) == (0, True)


async def test_wrong_arguments_are_explained(start: Start) -> None:
    code, errors = await ended(await start("fly"))
    assert code == 2
    assert "run" in errors


async def test_the_log_holds_neither_key_nor_token(env: Env, start: Start) -> None:
    env.gateway.faults.append(Fault(401, b'{"error":{"message":"bad key %s"}}' % KEY.encode()))
    process = await start(LOG_LEVEL="debug")
    await env.discord.hub.until(lambda: env.discord.hub.online, 20)
    answer = await env.status("task_abcd")
    process.terminate()
    _, errors = await ended(process)
    assert "401" in errors
    for secret in (KEY, TOKEN):
        assert secret not in errors
        assert secret not in str(answer)


async def test_stopped_in_the_moment_of_connecting_it_ends(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Python 3.11 `asyncio.wait_for` forgets a cancellation that comes together with what it waits for."""
    connect = DiscordWebSocket.from_client

    async def connect_and_stop(*arguments: Any, **options: Any) -> DiscordWebSocket:
        socket = await connect(*arguments, **options)
        serving.cancel()
        return socket

    monkeypatch.setattr(DiscordWebSocket, "from_client", connect_and_stop)
    serving = asyncio.create_task(serve(load_settings(**env.settings), env.clock))
    await asyncio.wait({serving}, timeout=10)
    assert serving.cancelled()
