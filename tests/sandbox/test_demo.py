"""How the demo begins: its port, what it prints, and what it keeps to itself."""

import asyncio
import logging
import re
import socket
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path

import pytest
from discord.gateway import KeepAliveHandler

from bot.__main__ import Exit, main
from sandbox.demo import make_world, quieten, run_demo
from sandbox.guide import guide
from sandbox.local_gateway.demo import demo_tasks, made_again


@pytest.fixture(autouse=True)
def _as_loud_as_before() -> Iterator[None]:
    logger = logging.getLogger("discord.gateway")
    before = logger.level
    yield
    logger.setLevel(before)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_a_port_in_use_is_a_sentence(taken: int) -> None:
    command = [sys.executable, "-m", "bot", "demo", "--no-browser", "--port", str(taken)]
    program = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, cwd=Path(__file__).parents[2])
    output, complained = await asyncio.wait_for(program.communicate(), 30)
    assert program.returncode == Exit.FAILED
    assert output == b""
    sentence = f"Port {taken} is in use. Choose another with --port, or leave --port out to take a free one."
    assert complained.decode().splitlines() == [sentence]


@pytest.mark.parametrize("port", ["0", "65536", "-1", "many", "8700.5"])
def test_a_port_that_cannot_be_is_a_sentence(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", f"--port={port}"])
    assert ended.value.code == 2
    assert f"a port is a number from 1 to 65535, not '{port}'" in capsys.readouterr().err


async def test_the_next_free_port_is_taken_and_the_way_from_elsewhere_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], taken: int
) -> None:
    monkeypatch.setattr("sandbox.demo._PORTS", range(taken, taken + 20))
    monkeypatch.setenv("SSH_CONNECTION", "198.51.100.7 50000 203.0.113.9 22")
    monkeypatch.setenv("USER", "mei")
    running = asyncio.create_task(run_demo(port=None, open_browser=True))
    output = ""
    async with asyncio.timeout(30):
        while "Ctrl-C" not in output:
            await asyncio.sleep(0.02)
            output += capsys.readouterr().out
    running.cancel()
    await asyncio.wait({running})
    assert asyncio.all_tasks() == {asyncio.current_task()}, "the bot ends with the demo"
    port = int(re.findall(r"The demo is at http://127\.0\.0\.1:(\d+)\n", output)[0])
    assert taken < port < taken + 20
    assert f"ssh -L {port}:127.0.0.1:{port} mei@203.0.113.9, then open http://127.0.0.1:{port} there." in output


@pytest.mark.parametrize("quiet", [False, True])
def test_a_slow_machine_is_not_complained_of(caplog: pytest.LogCaptureFixture, *, quiet: bool) -> None:
    """As when the answer to a heartbeat is late; it is logged where nobody silences it."""
    heartbeats = KeepAliveHandler.__new__(KeepAliveHandler)
    heartbeats.behind_msg, heartbeats.shard_id = "Can't keep up, shard ID %s websocket is %.1fs behind.", None
    heartbeats._last_send = time.perf_counter() - 12
    if quiet:
        quieten()
    heartbeats.ack()
    assert ("Can't keep up" in caplog.text) is not quiet


def test_a_task_being_made_is_made_again_under_another_id() -> None:
    task = next(each for each in demo_tasks() if each.fake.born_when_asked and each.fake.songs)
    first, second = made_again(task), made_again(task)
    assert len({task.fake.id, first.fake.id, second.fake.id}) == 3
    assert len(first.fake.id) == len(task.fake.id)
    clips = {song.clip_id for each in (task, first, second) for song in each.fake.songs}
    assert len(clips) == 3 * len(task.fake.songs)


def test_the_guide_begins_with_a_song_and_says_everything_in_both_languages() -> None:
    world, _ = make_world()
    groups = guide(world)["groups"]
    steps = [step for group in groups for step in group["steps"]]
    assert groups[0]["steps"][0]["command"].startswith("/suno status id:")
    assert groups[0]["steps"][1]["command"].startswith("/suno create about:")
    assert [step["command"] for step in groups[0]["steps"][2:]] == [
        task.typed for task in demo_tasks() if task.fake.born_when_asked
    ]
    assert all(each["en"] and each["zh-CN"] for each in [group["title"] for group in groups])
    assert all(step["text"]["en"] and step["text"]["zh-CN"] for step in steps)
    assert {step["person"] for step in steps if step["command"].startswith("/suno-admin")} == {
        next(world.people())["id"]
    }
