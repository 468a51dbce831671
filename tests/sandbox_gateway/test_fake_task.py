"""Fake tasks: their state depends on the clock alone."""

from typing import Any

import aiohttp
import pytest

from sandbox.local_gateway.demo import demo_tasks
from sandbox.local_gateway.fake_task import FakeTask, Song, State
from sandbox.local_gateway.server import LocalGateway
from tests.sandbox_gateway.conftest import Clock

STORY: tuple[tuple[float, State], ...] = ((0.0, "queued"), (5.0, "running"), (12.0, "streaming"), (30.0, "done"))
SONG = Song("c1000000-0000-4000-8000-000000000001", "Low Tide")


async def fetch(customer: aiohttp.ClientSession, gateway: LocalGateway, task_id: str) -> Any:
    async with customer.get(f"{gateway.url}/suno/fetch/{task_id}") as response:
        return (await response.json())["data"]


@pytest.mark.parametrize(
    ("age", "state"),
    [(0, "queued"), (4.9, "queued"), (5, "running"), (12, "streaming"), (29.9, "streaming"), (30, "done")],
)
def test_a_state_lasts_until_the_next(age: float, state: str) -> None:
    assert FakeTask("t-1", states=STORY).state(age) == state


def test_before_its_start_a_fake_task_has_its_first_state() -> None:
    assert FakeTask("t-1", states=STORY).state(-1) == "queued"


@pytest.mark.parametrize(("age", "percent"), [(0, None), (5, 10), (19, 10), (20, 60)])
def test_a_progress_lasts_until_the_next(age: float, percent: int | None) -> None:
    assert FakeTask("t-1", progress=((5, 10), (20, 60))).percent(age) == percent


async def test_a_song_is_born_streams_and_is_finished(
    gateway: LocalGateway, customer: aiohttp.ClientSession, clock: Clock
) -> None:
    gateway.add(FakeTask("t-1", songs=(SONG,), states=STORY))
    born, seen = clock.now, []
    for age in (0, 6, 13, 31):
        clock.now = born + age
        task = await fetch(customer, gateway, "t-1")
        seen.append((task["status"], task["data"] and task["data"][0]["status"]))
    assert seen == [
        ("SUBMITTED", None),
        ("IN_PROGRESS", "queued"),
        ("IN_PROGRESS", "streaming"),
        ("SUCCESS", "complete"),
    ]
    assert task["finish_time"] == int(born + 30)


async def test_nothing_changes_while_the_clock_stands_still(
    gateway: LocalGateway, customer: aiohttp.ClientSession
) -> None:
    gateway.add(FakeTask("t-1", songs=(SONG,), states=STORY), age=13)
    assert await fetch(customer, gateway, "t-1") == await fetch(customer, gateway, "t-1")


async def test_a_task_can_begin_to_live_when_it_is_first_asked_for(
    gateway: LocalGateway, customer: aiohttp.ClientSession, clock: Clock
) -> None:
    gateway.add(FakeTask("t-1", songs=(SONG,), states=STORY, born_when_asked=True))
    clock.now += 1000
    assert (await fetch(customer, gateway, "t-1"))["submit_time"] == int(clock.now)
    clock.now += 30
    assert (await fetch(customer, gateway, "t-1"))["status"] == "SUCCESS"


async def test_a_forgotten_task_is_unknown(gateway: LocalGateway, customer: aiohttp.ClientSession) -> None:
    gateway.add(FakeTask("t-1", songs=(SONG,)))
    gateway.forget("t-1")
    async with customer.get(f"{gateway.url}/suno/fetch/t-1") as response:
        assert response.status == 400


def test_the_demo_shows_every_dialect_and_state_under_ids_and_clips_of_their_own() -> None:
    tasks = demo_tasks()
    fakes = [task.fake for task in tasks]
    clips = [song.clip_id for fake in fakes for song in fake.songs]
    assert len({fake.id for fake in fakes}) == len(fakes)
    assert len(set(clips)) == len(clips)
    assert {fake.dialect for fake in fakes} == {
        "new-api", "rix", "suno-api", "goamz", "items", "nested", "bare", "code-1",
    }  # fmt: skip
    assert {fake.state(600) for fake in fakes} == {"queued", "running", "streaming", "done", "failed"}
    assert all(task.shows and task.shows_zh for task in tasks)
    assert [fake.id for fake in fakes if fake.born_when_asked]
